"""What a function in a child is given: its folder, its output, something to keep, and a way to say how far it is."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from geogate.sandbox.frames import PROGRESS, Letter, frame, write_all

if TYPE_CHECKING:
    from pathlib import Path

_BETWEEN_S: Final = 0.05


@dataclass(slots=True, kw_only=True)
class Inside:
    """The first argument of every call in a child; the same object in all calls of one session.

    ``folder`` holds the declared files and nothing else, and cannot be written to. ``output`` is for files that
    leave, if any may; ``scratch`` is where Python's ``tempfile`` works, and is removed with the child.
    ``kept`` is for what one call leaves to the next, such as opened sources.
    """

    folder: Path
    output: Path | None
    scratch: Path | None
    channel: int
    kept: dict[str, Any] = field(default_factory=dict)
    _said_at: float = 0.0
    _unsaid: int = 0

    def progress(self, rows: int) -> None:
        """Say that so many more rows are done, which is passed on a few times a second; one thread at a time."""
        self._unsaid += rows
        now = time.monotonic()
        if now - self._said_at >= _BETWEEN_S:
            self._said_at = now
            self.flush()

    def flush(self) -> None:
        """Pass on what was not passed on yet."""
        if self._unsaid:
            write_all(self.channel, frame(Letter.PROGRESS, PROGRESS.pack(self._unsaid)))
            self._unsaid = 0
