"""Where everything of a run lies, below one folder that each run makes anew."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[2]
MARK: Final = "made-by-the-demo"


class DemoError(RuntimeError):
    """The demonstration did not go as it must; the message says what differs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """The folder of a run."""

    root: Path

    @property
    def outgoing(self) -> Path:
        """The staged exports."""
        return self.root / "outgoing"

    @property
    def policies(self) -> Path:
        """The protected place: policies, recipients and zone lists."""
        return self.root / "expectations"

    @property
    def home(self) -> Path:
        """The gate's home: staging, keys and ledger."""
        return self.root / "geogate"

    @property
    def airflow(self) -> Path:
        """Airflow's home."""
        return self.root / "airflow"

    @property
    def server(self) -> Path:
        """The data and the log of the S3 server."""
        return self.root / "s3"

    @property
    def received(self) -> Path:
        """What the recipients find in the bucket, with the clearances."""
        return self.root / "received"

    @property
    def docs(self) -> Path:
        """The Data Docs."""
        return self.root / "docs"

    @property
    def outbox(self) -> Path:
        """The directories of recipients, for what is tried after the run."""
        return self.root / "outbox"

    @property
    def airflow_log(self) -> Path:
        """What Airflow said."""
        return self.root / "airflow.log"

    def shown(self, path: Path) -> str:
        """Name a path as somebody would type it who stands where the run was started."""
        here = Path.cwd()
        return str(path.relative_to(here)) if self.root.is_relative_to(here) else str(path)

    def renew(self) -> None:
        """Remove what the last run left, and make the folder.

        Raises: DemoError when the folder holds something that no run has made.
        """
        if self.root.is_symlink() or (self.root.exists() and any(self.root.iterdir()) and not self._mark.exists()):
            raise DemoError(f"{self.root.name} is not a folder of the demonstration: move it away")
        if self.root.exists():
            shutil.rmtree(self.root)
        self.root.mkdir(parents=True)
        self._mark.touch()
        for each in (self.outgoing, self.server, self.received, self.docs):
            each.mkdir()

    @property
    def _mark(self) -> Path:
        return self.root / MARK
