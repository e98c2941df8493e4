"""Distances and bearings that lead to places: from the rows' own coarse geometries, or from one place for all."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden.columns_pool import MARK
from geogate.measures.hidden.numbers_forms import METRES
from geogate.measures.hidden.numbers_functions import follow_the_place, resolves
from geogate.measures.hidden.numbers_subject import MANY
from geogate.measures.hidden.numbers_within import COARSE, within_cells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.measures.hidden.numbers_subject import Column, Subject

    Floats = NDArray[np.float64]

MOST_PAIRS: Final = 16
"""Distances with a bearing each that are tried."""

TURNS: Final = ((360.0, 1.0), (2 * float(np.pi), float(180 / np.pi)), (400.0, 0.9), (6400.0, 0.05625))
"""How large bearings are at most in degrees, radians, gradians and mils, and how many degrees one is."""

ALL_ROUND: Final = 0.3
"""Bearings from one's own cell go all round: so much of a turn they fill at least."""

LENGTHS: Final = (METRES, METRES / 1_000, METRES / 0.3048, METRES / 1_609.344)
"""How many metres, kilometres, feet and miles a degree of latitude is."""

_FILLED: Final = (0.7, 1.1)
_PARTS: Final = 10.0


def distances_and_bearings(subject: Subject) -> tuple[str, ...]:
    """Name the columns of which one is a distance and the other one a bearing, and both together tell places."""
    rows = subject.rows
    if rows.step < COARSE or np.count_nonzero(rows.placed) < MANY:
        return ()
    found: set[str] = set()
    for distance, bearing, degree in islice(_pairs(subject), MOST_PAIRS):
        if {distance, bearing} <= found:
            continue
        length = subject.raw[distance].astype(np.float64)
        angle = np.radians(subject.raw[bearing].astype(np.float64) * degree)
        x, y = f"{MARK}x", f"{MARK}y"
        both = subject.beside({x: length * np.sin(angle), y: length * np.cos(angle)})
        own_cell = _reaches_corners(subject, length) and {x, y} <= within_cells(both)
        if own_cell or (resolves(subject, subject.columns[distance]) and follow_the_place(both, x, y)):
            found |= {distance, bearing}
    return tuple(name for name in subject.columns if name in found)


def _reaches_corners(subject: Subject, length: Floats) -> bool:
    """Tell whether the longest distance is about that from the middle of a cell to its corners."""
    rows = subject.rows
    narrow = float(np.cos(np.radians(np.median(rows.own[rows.placed, 1]))))
    corner = rows.step * float(np.hypot(1.0, narrow)) / 2
    return any(_FILLED[0] * corner * unit <= np.nanmax(length) <= _FILLED[1] * corner * unit for unit in LENGTHS)


def _pairs(subject: Subject) -> Iterator[tuple[str, str, float]]:
    for bearing, column in subject.columns.items():
        degree = _degree(column)
        for distance, other in subject.columns.items() if degree else ():
            if distance != bearing and _is_distance(other):
                yield distance, bearing, degree


def _degree(column: Column) -> float:
    """Say how many degrees one unit of a bearing is; 0 for what is none."""
    if _explained(column) or float(column.known.min()) < -column.largest:
        return 0.0
    low, high = float(column.known.min()), float(column.known.max())
    for turn, degree in TURNS:
        round_ones = -turn / 2 <= low and high <= turn and high - low >= ALL_ROUND * turn
        if round_ones and column.step <= turn / 360:
            return degree
    return 0.0


def _is_distance(column: Column) -> bool:
    low, high = float(column.known.min()), float(column.known.max())
    return not _explained(column) and low >= 0 and high - low >= _PARTS * column.step and column.distinct >= MANY


def _explained(column: Column) -> bool:
    return column.facts.kind == "time" or column.moment or column.counter or len(column.known) < MANY
