"""Counts and bounds of positions and kinds of geometry as compiled loops.

``geogate.measures.inventory`` is the reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import int64

from geogate.kernels.inputs import read_only
from geogate.kernels.jit import kernel
from geogate.kernels.lattice_marks import INFINITE, bounds_of, number_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bytes = NDArray[np.uint8]

BLOCK = 2048
KINDS = 8
"""The kinds of geometry, that of a row without one included."""

FINITE, ON_EARTH = 0, 1
MIN_X, MIN_Y, MAX_X, MAX_Y = 0, 1, 2, 3


@kernel
def _widen(bounds: Floats, min_x: float, min_y: float, max_x: float, max_y: float) -> None:
    bounds[MIN_X] = min(bounds[MIN_X], min_x)
    bounds[MIN_Y] = min(bounds[MIN_Y], min_y)
    bounds[MAX_X] = max(bounds[MAX_X], max_x)
    bounds[MAX_Y] = max(bounds[MAX_Y], max_y)


@kernel
def _one_by_one(x: Floats, y: Floats, counts: Ints, bounds: Floats) -> None:
    for i in range(len(x)):
        if abs(x[i]) < np.inf and abs(y[i]) < np.inf:
            counts[FINITE] += 1
            counts[ON_EARTH] += int64((abs(x[i]) <= 180.0) & (abs(y[i]) <= 90.0))
            _widen(bounds, x[i] + 0.0, y[i] + 0.0, x[i] + 0.0, y[i] + 0.0)


@kernel
def survey(x: Floats, y: Floats, counts: Ints, bounds: Floats) -> None:
    """Count positions that are finite, and those that are a longitude from -180 to 180 and a latitude; find the bounds.

    What is found is added to what was found before. ``x`` and ``y`` are read-only.

    Shape: ``x`` and ``y`` ``(n,)``; ``counts`` ``(2,)``; ``bounds`` ``(4,)``, least and largest, infinite without any.
    """
    for first in range(0, len(x), BLOCK):
        xs, ys = x[first : first + BLOCK], y[first : first + BLOCK]
        low_x, high_x = bounds_of(xs.view(np.int64))
        low_y, high_y = bounds_of(ys.view(np.int64))
        if not (high_x < INFINITE and high_y < INFINITE and low_x > ~INFINITE and low_y > ~INFINITE):
            _one_by_one(xs, ys, counts, bounds)
            continue
        west, south, east, north = number_of(low_x), number_of(low_y), number_of(high_x), number_of(high_y)
        if west >= -180.0 and east <= 180.0 and south >= -90.0 and north <= 90.0:
            counts[FINITE] += len(xs)
            counts[ON_EARTH] += len(xs)
            _widen(bounds, west, south, east, north)
        else:
            _one_by_one(xs, ys, counts, bounds)


@kernel
def count_kinds(kinds: Bytes, counts: Ints) -> int:
    """Count rows by kind; return how many have a kind that there is not, and do not count these.

    ``kinds`` is read-only.

    Shape: ``kinds`` ``(n,)``, ``counts`` ``(KINDS,)``.
    """
    unknown = 0
    last = int64(0)
    run = 0
    for i in range(len(kinds)):
        kind = int64(kinds[i])
        if kind == last:
            run += 1
        elif kind >= KINDS:
            unknown += 1
        else:
            counts[last] += run
            last = kind
            run = 1
    counts[last] += run
    return unknown


def new_survey() -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return ``counts`` and ``bounds`` before the first position."""
    return np.zeros(2, np.int64), np.array([np.inf, np.inf, -np.inf, -np.inf])


def warm_up() -> None:
    """Compile the kernels of this module."""
    survey(read_only(np.zeros(1)), read_only(np.zeros(1)), *new_survey())
    count_kinds(read_only(np.zeros(1, np.uint8)), np.zeros(KINDS, np.int64))
