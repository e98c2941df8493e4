"""A feed of a test's gate: its file in the protected place, and a folder of batches as a producer writes them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from geogate.gate.feed_follow import Until, run
from geogate.gate.feed_run import Runner
from geogate.gate.feeds import resume
from geogate.model.feed import Choice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gating.gate import Gate

    from geogate.gate.feed_follow import Ran
    from geogate.gate.feed_ledger import Standing

NAME = "fleet"
OWNER = "olga"
STEWARD = "stella"
"""Neither the owner of the feed nor who requests its batches."""


@dataclass(slots=True)
class Feeding:
    """The feed ``fleet`` of a gate, from ``source`` to the partner's outbox."""

    gate: Gate
    source: str = ""
    name: str = NAME
    finished: str = "checksum"
    runner: Runner | None = field(default=None)

    @property
    def folder(self) -> Path:
        return self.gate.root / f"{self.name}-finished"

    def declare(self, **changes: Any) -> Feeding:
        """Write the file of the feed."""
        self.folder.mkdir(exist_ok=True)
        written: dict[str, Any] = {
            "title": "Positions of a fleet",
            "owner": OWNER,
            "source": self.source or f"file:{self.folder.name}/",
            "batches": f"{self.name}-{{number}}.csv",
            "finished": self.finished,
            "policy": "test",
            "recipient": "partner",
            "destination": "file:outbox/",
            "batch": {"rows": 1000, "megabytes": 10},
        }
        path = self.gate.policies.root / "feeds" / f"{self.name}.yaml"
        path.parent.mkdir(exist_ok=True)
        with path.open("w") as file:
            YAML(typ="safe", pure=True).dump({**written, **changes}, file)
        return self

    def put(self, number: int, rows: Sequence[dict[str, Any]] | str, *, mark: bool = True) -> Path:
        """Write a batch, and its checksum after it."""
        path = self.folder / f"{self.name}-{number}.csv"
        path.write_text(rows if isinstance(rows, str) else csv(rows))
        if mark:
            self.mark(path)
        return path

    def mark(self, path: Path) -> None:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        path.with_name(f"{path.name}.sha256").write_text(f"{digest}  {path.name}\n")

    def run(self, actor: str = "rita", **until: Any) -> Ran:
        """Take what waits, as a process that lives on does."""
        if self.runner is None or self.runner.house.actor != actor:
            self.runner = Runner(name=self.name, house=self.gate.house(actor))
        return run(self.runner, Until(**until))

    def anew(self, actor: str = "rita", **until: Any) -> Ran:
        """Take what waits, as a process that has just begun."""
        self.runner = None
        return self.run(actor, **until)

    def resume(self, number: int, choice: Choice = Choice.DROP, actor: str = STEWARD) -> Standing:
        return resume(self.name, choice, number=number, reason="looked at it", house=self.gate.house(actor))

    def sent(self) -> list[str]:
        return sorted(self.gate.delivered())


def csv(rows: Sequence[dict[str, Any]]) -> str:
    """Write rows as text; all have the same columns."""
    names = list(rows[0])
    return "\n".join([",".join(names), *(",".join(str(row[name]) for name in names) for row in rows), ""])


def points(count: int, *, start: int = 0, lon: float = 8.0, **columns: Any) -> list[dict[str, Any]]:
    """Give coarse positions that are nowhere near the zone, none of them twice in a test's feed."""
    return [
        {"lon": lon + (start + each) % 50 / 10, "lat": 47.0 + (start + each) // 50 % 300 / 10, **columns}
        for each in range(count)
    ]


def vehicles(ids: Sequence[int], **columns: Any) -> list[dict[str, Any]]:
    """Give one position of each vehicle."""
    rows = points(len(ids), **columns)
    return [{**row, "device": f"d-{each}"} for row, each in zip(rows, ids, strict=True)]
