"""Whether two series of integers lie as the axes of places of one region do: far from zero, near each other.

Ids are counted or drawn: they follow the rows without gaps, or fill all their digits. Places of a region share their
first digits on both axes, and vary on both alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden.numbers_rows import correlation
from geogate.measures.hidden.numbers_subject import MANY, counts_rows, is_moment

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST: Final = 3
"""Rows with fewer have no region."""

NARROW: Final = 0.1
"""Numbers of a region differ by at most this share of their size."""

WIDE: Final = 0.7
"""The other axis may differ by so much, as longitudes of one country do."""

NARROW_IN_FEW: Final = 0.02
"""In a few rows both differ less: by chance numbers are near each other."""

LEAST: Final = 10_000.0
"""Numbers of fewer than five digits say nothing finer than a hundred metres."""

LEAST_IN_FEW: Final = 100_000.0

ALIKE: Final = 8.0
"""So much more one axis may vary than the other."""

ALIKE_IN_FEW: Final = 64.0

_DENSE: Final = 20.0
_SAME: Final = 1 - 1e-6
_ROUND: Final = 1_000.0
_HALF: Final = 0.5


def tell_a_region(one: Floats, other: Floats, rows: Floats) -> bool:
    """Tell whether two series lie as places of one region do, in the rows that have both."""
    known = np.isfinite(one) & np.isfinite(other)
    if np.count_nonzero(known) < FEWEST:
        return False
    one, other, rows = one[known], other[known], rows[known]
    widths = [_share(each) for each in (one, other)]
    few = len(one) < MANY
    narrow, wide = (NARROW_IN_FEW, NARROW_IN_FEW) if few else (NARROW, WIDE)
    if not (0 < min(widths) <= narrow and max(widths) <= wide):
        return False
    least = LEAST_IN_FEW if few else LEAST
    if min(float(np.median(np.abs(each))) for each in (one, other)) < least:
        return False
    spreads = [_spread(each) for each in (one, other)]
    if max(spreads) > (ALIKE_IN_FEW if few else ALIKE) * min(spreads) or abs(correlation(one, other)) > _SAME:
        return False
    return not any(_explained(each, rows) for each in (one, other))


def _spread(numbers: Floats) -> float:
    if len(numbers) < MANY:
        return float(np.ptp(numbers))
    low, high = np.quantile(numbers, (0.05, 0.95))
    return float(high - low)


def _share(numbers: Floats) -> float:
    """Return how much numbers differ beside their size."""
    return _spread(numbers) / max(float(np.median(np.abs(numbers))), 1.0)


def _explained(numbers: Floats, rows: Floats) -> bool:
    """Tell whether numbers are counted, are round, or are moments."""
    if counts_rows(numbers, rows) or is_moment(numbers) or (np.mod(numbers, _ROUND) == 0).mean() > _HALF:
        return True
    distinct = len(np.unique(numbers))
    if distinct < FEWEST:
        return True
    return distinct == len(numbers) >= MANY and float(np.ptp(numbers)) < _DENSE * len(numbers)
