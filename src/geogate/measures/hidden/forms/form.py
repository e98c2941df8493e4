"""What a form is: a way to write positions in text, told by a pattern and read by a decoder."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import cos, floor, isfinite, log10, nan, radians
from typing import TYPE_CHECKING, Any, Final, Protocol

import re2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from geogate.measures.hidden import Strength

START: Final = b"\x1e"
"""Stands before each text; no text has it."""

END: Final = b"\x1f"
"""Stands after each text; no text has it."""

METRES: Final = 111_320.0
"""Metres of a degree along a meridian, nearly."""

LONGEST: Final = 1 << 20
"""Bytes of one writing that a decoder is given."""

POSITIONS: Final = 1 << 17
"""Positions that are read from one writing, and writings that are read from one text; more is too much to judge."""

UNKNOWN: Final = ((nan, nan),)
"""The position of something that is one and cannot be read here."""

_MEMORY: Final = 256 << 20
_AROUND: Final = 8


class Match(Protocol):
    """A match of ``re2``: groups are bytes."""

    def group(self, number: int = 0, /) -> bytes | None:
        """Return what a group matched."""
        ...

    def start(self, number: int = 0, /) -> int:
        """Return where the match begins."""
        ...

    def end(self, number: int = 0, /) -> int:
        """Return where the match ends."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a writing says: positions in degrees, the cell that it can tell apart, and how sure it is.

    ``swapped``: it does not say which axis comes first, and the other order is read as a form of its own. ``end`` is
    where the writing ends, if not where the pattern does.

    Units: ``lonlat`` in degrees, ``cell_m`` in metres.
    """

    lonlat: Sequence[tuple[float, float]]
    cell_m: float
    strength: Strength
    swapped: bool = False
    end: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A way to write positions.

    ``telling`` is a pattern without groups that matches within every text between ``START`` and ``END`` that has such a
    writing; few others should. It is empty where the telling of another form does for it.
    ``pattern`` finds the writings in texts between ``START`` and ``END``; ``read`` gets all texts and a match in them.
    ``rises``: it becomes likely where nearly all values of a column are such writings and nothing else. ``rejected`` is
    how many matches of the pattern in one text may turn out to be none: to read them costs time. ``half``: it is one
    axis by itself, and none where another form reads the same number as a part of a whole position.
    """

    name: str
    telling: str
    pattern: str
    read: Callable[[bytes, Match], Reading | None]
    rises: bool = False
    rejected: int = 20_000
    half: bool = False


@lru_cache(maxsize=256)
def compiled(pattern: str) -> Any:
    """Compile a pattern for bytes, in linear time."""
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    return re2.compile(pattern.encode(), options)


def on_earth(lon: float, lat: float) -> bool:
    """Say whether a longitude and a latitude are ones."""
    return isfinite(lon) and isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90  # noqa: PLR2004


def places(number: bytes) -> int:
    """Count the decimals of a number as it is written."""
    return len(number.replace(b",", b".").partition(b".")[2])


def number(text: bytes) -> float:
    """Read a number that is written with a point or a comma."""
    return float(text.replace(b",", b".").replace(b" ", b""))


def cell_of_places(count: int) -> float:
    """Return the size of the cell that decimals of a degree tell apart.

    Units: metres.
    """
    return METRES * 10.0 ** -min(count, 15)


def snapped(lon: float, lat: float, cell_m: float) -> tuple[float, float]:
    """Move a position to the coarsest decimal lattice whose step is at most a cell.

    What a code of a cell means has no more digits than that. Steps are 1, 2 or 5 times a power of ten.

    Units: degrees, metres.
    """
    step_deg = cell_m / METRES
    power = floor(log10(step_deg))
    factor = max(factor for factor in (1, 2, 5) if factor * 10.0**power <= step_deg * (1 + 1e-9) or factor == 1)
    return _on(lon, factor, power, 180.0), _on(lat, factor, power, 90.0)


def _on(ordinate: float, factor: int, power: int, bound: float) -> float:
    whole = round(ordinate / (factor * 10.0**power)) * factor
    found = float(f"{whole}e{power}")
    return max(-bound, min(bound, found))


def metres_of(lon_deg: float, lat_deg: float, lat: float) -> tuple[float, float]:
    """Return the width and the height of a cell in metres."""
    return lon_deg * METRES * cos(radians(min(abs(lat), 89.9))), lat_deg * METRES


def alone(data: bytes, match: Match) -> bool:
    """Say whether a match is all that its text has, but for blanks and brackets."""
    start, end = match.start(), match.end()
    before = data[max(start - _AROUND, 0) : start].rpartition(START)
    after = data[end : end + _AROUND].partition(END)
    return bool(before[1] and after[1]) and not (before[2] + after[0]).strip(b" ()[]{}<>\"'\t")
