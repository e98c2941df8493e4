"""Who hears how far a pass has come: a terminal, a log, or nobody; it changes nothing."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_S = 30.0
"""Between two lines in a log.

Units: seconds.
"""

log = logging.getLogger(__name__)


def _ignore(_rows: int | None) -> None:
    """Take no notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """``on_total`` hears before the first pass how many rows the files claim, ``None`` where one makes no claim.

    ``on_rows`` hears how many rows were read just now; it may be called from several threads, one at a time.
    """

    on_total: Callable[[int | None], None] = _ignore
    on_rows: Callable[[int], None] = _ignore


SILENT = Progress()


def logged(what: str, *, clock: Callable[[], float] = time.monotonic) -> Progress:
    """Write a line to the log, at the level of information, every half minute of a pass."""
    lines = _Lines(what, clock)
    return Progress(on_total=lines.begin, on_rows=lines.add)


class _Lines:
    """Counts rows, and says from time to time how many and how fast."""

    def __init__(self, what: str, clock: Callable[[], float]) -> None:
        self._what = what
        self._clock = clock
        self.begin(None)

    def begin(self, total: int | None) -> None:
        """Count from zero."""
        self._total, self._rows = total, 0
        self._began = self._told = self._clock()

    def add(self, rows: int) -> None:
        """Count rows that were read."""
        self._rows += rows
        now = self._clock()
        if now - self._told >= EVERY_S:
            self._told = now
            log.info("%s: %s", self._what, self._words(now - self._began))

    def _words(self, seconds: float) -> str:
        rate = self._rows / seconds
        if not self._total or not self._rows:
            return f"{self._rows:,} rows, {rate:,.0f} rows/s"
        left = max(self._total - self._rows, 0) / rate
        return f"{self._rows:,} of {self._total:,} rows, {rate:,.0f} rows/s, {left:,.0f} s left"
