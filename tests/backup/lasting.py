"""A gate that is backed up, destroyed and restored."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.gate.anchors import anchor
from geogate.gate.backup import back_up
from geogate.gate.home import initialise
from geogate.gate.reopen import reopen
from geogate.gate.restore import restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from gating.gate import Gate

    from geogate.gate.backup import Made
    from geogate.gate.reopen import Reopened
    from geogate.gate.restore import Restored

HELD = "geogate: the ledger was restored from a backup, and what was sent since then may be missing in it"


@dataclass(slots=True)
class Lasting:
    """A gate; with ``new_database`` its ledger is in PostgreSQL."""

    gate: Gate
    new_database: Callable[[str], str] | None = None

    @property
    def place(self) -> str:
        return str(self.gate.root / "backups")

    def begin(self) -> None:
        """Begin with a ledger in PostgreSQL."""
        assert self.new_database is not None
        self.gate.settings["GEOGATE_LEDGER"] = self.new_database("template_ledger")
        self.gate.ledger_file.unlink()
        assert list(initialise(self.gate.house().settings))

    def back_up(self) -> Made:
        return back_up(self.place, house=self.gate.house("adam"))

    def anchor(self) -> None:
        anchor(house=self.gate.house())

    def destroy(self) -> None:
        """Lose the ledger and all sealed bytes; the keys come back from where they are kept."""
        shutil.rmtree(self.gate.home / "staging")
        for path in self.gate.home.glob("ledger.db*"):
            path.unlink()
        if self.new_database is not None:
            self.gate.settings["GEOGATE_LEDGER"] = self.new_database("template0")

    def restore(self, named: str = "") -> Restored:
        return restore(self.place, named=named, house=self.gate.house("adam"))

    def reopen(self, comment: str = "") -> Reopened:
        return reopen(comment=comment, house=self.gate.house("adam"))
