"""Two columns that fill the cells of the rows' own coarse geometries, in whatever unit: the rest that rounding took.

Where geometries were rounded, what rounding took away lies evenly on both sides of zero, or from zero on, as wide along
one axis as along the other; in units of length the narrower the farther from the equator.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden.numbers_forms import METRES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.hidden.numbers_subject import Column, Subject

    Floats = NDArray[np.float64]

COARSE: Final = 0.9e-3
"""A lattice from here on says less than what fills its cells.

Units: degrees.
"""

ENOUGH: Final = 16
"""Rows from which it shows that numbers are spread evenly."""

PARTS: Final = 40.0
"""So many steps of the numbers a cell is wide, at least."""

ALIKE: Final = 0.12
"""So far the widths of both axes may be apart, as shares."""

_EXACT: Final = 0.03

_UNEVEN: Final = 1.36
_SLACK: Final = 0.05
_OFF_MIDDLE: Final = 0.1
_FROM_ZERO: Final = 0.1
_SHARES: Final = 0.9

UNITS: Final = (
    *(10.0**power for power in range(8)),
    *(60.0 * 10.0**power for power in range(5)),
    *(3600.0 * 10.0**power for power in range(5)),
)
"""How many of a unit are a degree: parts of degrees, of minutes and of seconds of arc."""

LENGTHS: Final = (METRES, METRES / 10, METRES / 100, METRES / 1_000, METRES * 10, METRES * 100, METRES / 0.3048)
"""How many of a unit of length are a degree of latitude: metres, times and divided by powers of ten, and feet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filling:
    """How numbers fill a cell: how wide it is, from its middle or its corner, and how sure the width is."""

    width: float
    middle: bool
    alike: float


def within_cells(subject: Subject) -> frozenset[str]:
    """Name the columns two of which together fill the cells on whose lattice the rows' own geometries lie."""
    rows = subject.rows
    if rows.step < COARSE or np.count_nonzero(rows.placed) < ENOUGH:
        return frozenset()
    narrow = np.cos(np.radians(np.where(rows.placed, rows.own[:, 1], np.nan)))
    open_ones = [name for name, column in subject.columns.items() if name not in subject.cut and _may_fill(column)]
    numbers = {name: subject.raw[name].astype(np.float64) for name in open_ones}
    plain = {name: filled for name, each in numbers.items() if (filled := _filling(each)) is not None}
    lengths = {name: filled for name, each in numbers.items() if (filled := _filling(each / narrow)) is not None}
    found: set[str] = set()
    for y, one in plain.items():
        for others, units in ((plain, UNITS), (lengths, LENGTHS)):
            for x, other in others.items():
                if x != y and _same_cell(other, one, rows.step, units):
                    found.update((x, y))
    return frozenset(found)


def _may_fill(column: Column) -> bool:
    explained = column.facts.kind == "time" or column.moment or column.counter
    low, high = float(column.known.min()), float(column.known.max())
    return not explained and len(column.known) >= ENOUGH and high - low >= PARTS * column.step


def _filling(numbers: Floats) -> _Filling | None:
    """Tell how numbers fill a cell, ``None`` where they are not spread evenly from zero or around it."""
    known = np.sort(numbers[np.isfinite(numbers)])
    if len(known) < ENOUGH:
        return None
    low, high = float(known[0]), float(known[-1])
    reach = (high - low) * (len(known) + 1) / max(len(known) - 1, 1)
    if low >= 0:
        width, start, middle = high * (len(known) + 1) / len(known), 0.0, False
        # Numbers from 0 to 1 are shares, in any layer.
        good = low <= _FROM_ZERO * high and not _SHARES <= high <= 1.0
    else:
        width, start, middle = reach, -reach / 2, True
        good = abs(low + high) <= 2 * _OFF_MIDDLE * reach
    if not good or width <= 0:
        return None
    even = (np.arange(len(known)) + 0.5) / len(known)
    away = float(np.abs((known - start) / width - even).max())
    alike = ALIKE if middle else min(ALIKE, _EXACT + 2 / len(known))
    return _Filling(width=width, middle=middle, alike=alike) if away <= _UNEVEN / len(known) ** 0.5 + _SLACK else None


def _same_cell(x: _Filling, y: _Filling, step: float, units: tuple[float, ...]) -> bool:
    """Tell whether two columns are as wide as each other; from zero on they are, in some unit, as wide as the lattice.

    Around zero any unit will do, so that a lattice of quarters, or one's own measure, is no way out.
    """
    alike = max(x.alike, y.alike)
    if x.middle != y.middle or not _near(x.width, y.width, alike):
        return False
    return x.middle or any(all(_near(each.width, step * unit, alike) for each in (x, y)) for unit in units)


def _near(one: float, other: float, alike: float) -> bool:
    return abs(one - other) <= alike * max(one, other)
