"""Halves of positions that stand apart: in several columns, rows, names, layers or files of one dataset.

One axis with its hemisphere or its name is a half by itself. A fine number among words, or digits behind a letter, is
one where there is another one.
"""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden.forms.halves import EAST_DIGITS, LONE, LONE_FRACTION, NORTH_DIGITS
from geogate.measures.hidden.forms.sexagesimal import EAST_IN_WORDS, HALF, NORTH_IN_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from geogate.measures.hidden import Found
    from geogate.measures.hidden.text import ColumnTexts, FormTexts, TextPositions

TWO: Final = 1.5
"""About two: so many different texts are more than one."""

MOST_HALVES: Final = 64
"""Halves of one row that are put together with each other; more are too much to judge."""


def together(texts: Iterable[TextPositions]) -> frozenset[str]:
    """Name the forms that are halves of positions because of what else stands in the texts and names of a dataset."""
    columns = [column for each in texts for column in each.columns]
    found: set[str] = set()
    lone, fraction = _summed(columns, LONE), _summed(columns, LONE_FRACTION)
    if lone is not None:
        both = lone.distinct + (fraction.distinct if fraction is not None else 0.0)
        found |= {LONE, LONE_FRACTION} if both >= TWO or _summed(columns, HALF) is not None else set()
    words = {name for name in (NORTH_IN_WORDS, EAST_IN_WORDS) if _summed(columns, name) is not None}
    if len(words) > 1 or (words and _summed(columns, HALF) is not None):
        found |= words
    if _digits_apart(columns):
        found |= {NORTH_DIGITS, EAST_DIGITS}
    return frozenset(found)


def _summed(columns: Sequence[ColumnTexts], name: str) -> FormTexts | None:
    some = [form for column in columns for form in column.forms if form.form == name]
    return reduce(add, some) if some else None


def _digits_apart(columns: Sequence[ColumnTexts]) -> bool:
    """Tell whether digits of both axes stand in different columns, or as often in one; codes of regions do not."""
    counts = [(_texts(column, NORTH_DIGITS), _texts(column, EAST_DIGITS)) for column in columns]
    apart = any(north and not east for north, east in counts) and any(east and not north for north, east in counts)
    return apart or any(north == east > 0 for north, east in counts)


def _texts(column: ColumnTexts, name: str) -> int:
    return sum(form.texts for form in column.forms if form.form == name)


def only_angles(column: ColumnTexts) -> bool:
    """Tell whether all texts of a column are nothing but one axis, so that they can be read as numbers."""
    return any(form.form == HALF and form.whole == form.texts == column.texts for form in column.forms)


def joined(parts: Sequence[Found]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Put the halves of each row together; one without another stays a position that is not a number."""
    rows = np.concatenate([part.rows for part in parts])
    lonlat = np.concatenate([part.lonlat for part in parts])
    found_rows, found = [], []
    for row in np.unique(rows).tolist():
        halves = lonlat[rows == row]
        lons, lats = (np.unique(halves[np.isfinite(halves[:, axis]), axis]) for axis in range(2))
        pairs = _pairs(lons, lats)
        found_rows += [row] * len(pairs)
        found.append(pairs)
    return np.array(found_rows, np.int64), np.concatenate(found) if found else np.empty((0, 2))


def _pairs(lons: NDArray[np.float64], lats: NDArray[np.float64]) -> NDArray[np.float64]:
    # A number that does not say its axis stands on both of them.
    if not 0 < len(lons) * len(lats) <= MOST_HALVES or np.isin(lons, lats).any():
        return np.full((1, 2), np.nan)
    return np.stack([np.repeat(lons, len(lats)), np.tile(lats, len(lons))], axis=1)
