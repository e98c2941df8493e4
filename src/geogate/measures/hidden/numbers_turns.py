"""Whether one column has the numbers of two kinds, as if longitudes and latitudes took turns in it."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden.numbers_rows import correlation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PERIODS: Final = (2, 3, 4, 6)
"""After so many rows the kinds begin again."""

FEWEST: Final = 4
"""Two positions have so many numbers."""

FEWEST_OF_THREE: Final = 3
"""Three heaps of fewer numbers are chance."""

FEWEST_IN_TURN: Final = 6
"""Numbers of each kind from which it is no chance that all of one are smaller than all of the other."""

FEWEST_BEYOND: Final = 8
"""Numbers beyond 90 from which it is no chance that all of them are in the same turn."""

HEAPS: Final = 2.0
"""So many times as wide as two regions is what lies between their longitudes and their latitudes."""

_HIGHEST: Final = 90.0
_TURN: Final = 360.0
_MANY: Final = 50
_UNEVEN: Final = 0.06
_NO_TREND: Final = 0.3
_UNSURE: Final = 0.01
"""Where a half ends is known to this share of the rows."""


def in_turn(numbers: Floats, rows: Floats, *, whole: bool) -> bool:
    """Tell whether numbers are of two kinds; ``whole`` says that these are all rows of the layer.

    In any order they are two heaps of the same size far from each other. In turn, by the number of the row or by their
    own, the numbers of one kind are smaller than those of the other, or they alone are latitudes.
    """
    some = np.flatnonzero(np.isfinite(numbers) & (numbers != 0))
    if len(some) < FEWEST:
        return False
    known = numbers[some]
    if len(np.unique(known)) < max(FEWEST, len(known) // 10):
        return False
    ordered = np.sort(known)
    if _two_heaps(ordered, whole=whole) or (whole and _two_heaps_of_three(ordered)):
        return True
    if _halves_differ(known, np.arange(len(some), dtype=np.float64) if whole else rows[some]):
        return True
    orders = [rows[some].astype(np.int64)] + ([np.arange(len(some))] if whole else [])
    return any(_differ(known, order % period) for order in orders for period in PERIODS)


def _two_heaps(numbers: Floats, *, whole: bool) -> bool:
    """Look for two heaps of sorted numbers with a wide gap between, of the same size as far as can be told."""
    gaps = np.diff(numbers)
    last = int(np.argmax(gaps))
    one, other = numbers[: last + 1], numbers[last + 1 :]
    uneven = abs(len(one) - len(other))
    if uneven > (1 if whole else max(1, _UNEVEN * len(numbers))):
        return False
    widest = max(_width(one), _width(other))
    return bool(gaps[last] > HEAPS * widest) and min(len(np.unique(one)), len(np.unique(other))) > 1


def _halves_differ(numbers: Floats, rows: Floats) -> bool:
    """Tell whether the numbers of the first half of the rows are of another kind than those of the second half.

    Numbers that rise or fall all the way are of one kind.
    """
    middle, span = (rows[0] + rows[-1]) / 2, rows[-1] - rows[0]
    halves = numbers[rows < middle - _UNSURE * span], numbers[rows > middle + _UNSURE * span]
    if min(map(len, halves)) < FEWEST_IN_TURN:
        return False
    gap = max(halves[1].min() - halves[0].max(), halves[0].min() - halves[1].max())
    if gap > max(_width(half) for half in halves):
        return True
    trends = [abs(correlation(half, np.arange(len(half), dtype=np.float64))) for half in halves]
    return min(map(len, halves)) >= _MANY and max(trends) < _NO_TREND and _only_one_beyond(*halves)


def _two_heaps_of_three(numbers: Floats) -> bool:
    """Look for three heaps of the same size, two of them far from each other, as if heights stood beside positions."""
    third = len(numbers) // 3
    if third < FEWEST_OF_THREE or len(numbers) % 3:
        return False
    heaps = numbers[:third], numbers[third : 2 * third], numbers[2 * third :]
    gaps = [float(high.min() - low.max()) for low, high in pairwise(heaps)]
    widths = [max(_width(low), _width(high)) for low, high in pairwise(heaps)]
    apart = [gap > HEAPS * width for gap, width in zip(gaps, widths, strict=True)]
    return min(gaps) > 0 and any(apart) and all(len(np.unique(heap)) > 1 for heap in heaps)


def _width(numbers: Floats) -> float:
    if len(numbers) < _MANY:
        return float(np.ptp(numbers))
    low, high = np.quantile(numbers, (0.01, 0.99))
    return float(high - low)


def _differ(numbers: Floats, turn: NDArray[np.int64]) -> bool:
    """Tell whether two turns have nothing in common, or one has only latitudes and another many numbers beyond them."""
    kinds = [numbers[turn == each] for each in np.unique(turn)]
    for one, other in combinations([kind for kind in kinds if len(kind) >= FEWEST_IN_TURN], 2):
        if one.max() < other.min() or other.max() < one.min():
            return True
        if _only_one_beyond(one, other):
            return True
    return False


def _only_one_beyond(one: Floats, other: Floats) -> bool:
    """Tell whether one has only latitudes, and the other one many numbers beyond them and all of them longitudes."""
    sizes = [np.abs(each) for each in (one, other)]
    beyond = [int(np.count_nonzero(each > _HIGHEST)) for each in sizes]
    return max(each.max() for each in sizes) <= _TURN and min(beyond) == 0 and max(beyond) >= FEWEST_BEYOND
