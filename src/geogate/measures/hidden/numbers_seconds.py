"""Fractions of seconds that are fractions of degrees: those of clocks fill the second, those of places do not."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden.numbers_forms import ticks_a_second
from geogate.measures.hidden.numbers_rows import ROLLS
from geogate.measures.hidden.numbers_subject import MANY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.measures.hidden.numbers_subject import Column, Subject

    Floats = NDArray[np.float64]

NARROW: Final = 0.12
"""Fractions of seconds of a region fill at most this share of the second."""

LEAST: Final = 5e-4
"""Fractions that differ less are of one clock."""

FOLLOWING: Final = 0.9
CHANCE: Final = 0.6

_THOUSAND: Final = 1_000
_SECONDS: Final = 6e8
_FEWEST: Final = 4
_SHARE: Final = 10


def seconds_with_positions(subject: Subject) -> tuple[str, ...]:
    """Name the columns of moments whose fractions of seconds could be those of degrees."""
    fractions = [(name, each) for name in subject.columns for each in _fractions(subject, name)]
    found: set[str] = set()
    for (one, mine), (other, its) in combinations(fractions, 2):
        told = (_narrow(mine) and _narrow(its)) or any(_follow(subject, (mine, its), axes) for axes in ((0, 1), (1, 0)))
        if told:
            found |= {one, other}
    return tuple(name for name in subject.columns if name in found)


def _fractions(subject: Subject, name: str) -> Iterator[Floats]:
    """Give the fractions of the seconds of a column, or the two halves of their digits."""
    column = subject.columns[name]
    second = _ticks(column)
    if second < _THOUSAND:
        return
    numbers = subject.raw[name]
    known = np.isfinite(numbers) if numbers.dtype != np.int64 else np.ones(len(numbers), np.bool_)
    rest = np.where(known, numbers, 0).astype(np.int64) % second
    if not rest[known].any():
        return
    while second > _THOUSAND and not (rest[known] % 10).any():
        rest, second = rest // 10, second // 10
    yield np.where(known, rest / second, np.nan)
    half = 10 ** (len(str(second - 1)) // 2)
    if half >= _THOUSAND:
        yield np.where(known, rest // half / (second / half), np.nan)
        yield np.where(known, rest % half / half, np.nan)


def _ticks(column: Column) -> int:
    if column.facts.kind == "time":
        return ticks_a_second(column.facts.arrow)
    if not (column.epoch and column.whole) or column.largest < _SECONDS * _THOUSAND:
        return 1
    return int(10 ** (3 * ((np.log10(column.largest) - np.log10(_SECONDS)) // 3)))


def _narrow(fractions: Floats) -> bool:
    """Tell whether fractions of seconds are near each other and differ."""
    known = fractions[np.isfinite(fractions)]
    if len(known) < MANY or len(np.unique(known)) < max(_FEWEST, len(known) // _SHARE):
        return False
    low, high = np.quantile(known, (0.05, 0.95))
    return bool(LEAST <= high - low <= NARROW and low > 0)


def _follow(subject: Subject, pair: tuple[Floats, Floats], axes: tuple[int, int]) -> bool:
    """Tell whether fractions of seconds are those of the degrees of the rows' own places."""
    rows = subject.rows
    known = rows.placed & np.isfinite(pair[0]) & np.isfinite(pair[1])
    if np.count_nonzero(known) < MANY:
        return False
    own = np.mod(rows.own[known][:, axes], 1.0)
    numbers, reach = np.stack(pair, axis=1)[known], rows.tolerance[known][:, axes]
    near = _share_near(numbers, own, reach)
    chance = np.mean([_share_near(numbers, np.roll(own, roll, axis=0), reach) for roll in ROLLS])
    return bool(near >= FOLLOWING and chance <= CHANCE * near)


def _share_near(numbers: Floats, own: Floats, reach: Floats) -> float:
    away = np.abs(numbers - own)
    return float((np.minimum(away, 1 - away) <= reach).all(axis=1).mean())
