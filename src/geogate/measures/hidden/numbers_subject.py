"""The columns of numbers of one layer that may hold positions, each in short."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geogate.measures.hidden.numbers_forms import digit_steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from geogate.measures.hidden.columns_facts import ColumnFacts
    from geogate.measures.hidden.numbers_rows import Rows

    Floats = NDArray[np.float64]

FILLS: Final = (0, -1, -99, -999, -9999, -99999, -999999, 99, 999, 9999, 99999, 999999, -32768, 32767)
"""Numbers that programs write where there is none."""

EXACT: Final = 2**53

MANY: Final = 8
"""Rows from which the sizes of numbers say something about what they are."""

MANY_RATES: Final = 200
"""Rows from which numbers that differ fourfold are a quantity rather than places, which lie in one region."""

_EPOCHS: Final = ((6e8, 2.2e9), (6e11, 2.2e12), (6e14, 2.2e15), (6e17, 2.2e18))
"""Seconds, milliseconds, microseconds and nanoseconds from 1970 to moments from 1989 to 2039."""

_DATES: Final = ((19_000_101, 21_001_231), (190_001, 210_012))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column in short: its finite numbers among the rows, and what they look like.

    ``rich`` is the share that has digits enough to tell a place in half of a position; ``counter`` says that it counts
    rows, ``moment`` that it tells a time, ``heavy`` that its numbers are of very different sizes, as areas are, and
    ``rate`` that they are positive numbers of different sizes with three decimals at most.
    """

    facts: ColumnFacts
    known: Floats
    rich: float
    distinct: int
    counter: bool
    moment: bool
    heavy: bool
    rate: bool

    @property
    def whole(self) -> bool:
        """Whether all numbers are integers."""
        return bool((self.known == np.trunc(self.known)).all())

    @property
    def fine(self) -> bool:
        """Whether most numbers have five decimals or more."""
        return bool(np.median(digit_steps(self.known)) <= 1e-5)  # noqa: PLR2004 digits

    @property
    def largest(self) -> float:
        """The size of the largest number."""
        return float(np.abs(self.known).max())


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Rows of a layer, and its columns of numbers; ``whole`` says that these are all rows."""

    rows: Rows
    raw: Mapping[str, NDArray[Any]]
    columns: Mapping[str, Column]
    whole: bool

    @classmethod
    def of(cls, rows: Rows, facts: Mapping[str, ColumnFacts], *, whole: bool) -> Subject:
        """Look at the columns that have a number."""
        raw = {name: _without_fill(as_written(rows.numbers[name], each.arrow)) for name, each in facts.items()}
        columns = {name: _column(each, raw[name], rows.number) for name, each in facts.items() if _any(raw[name])}
        return cls(rows=rows, raw={name: raw[name] for name in columns}, columns=columns, whole=whole)

    def without(self, names: Iterable[str]) -> Subject:
        """Leave columns out."""
        left = {name: column for name, column in self.columns.items() if name not in set(names)}
        return replace(self, raw={name: self.raw[name] for name in left}, columns=left)


def _any(numbers: NDArray[Any]) -> bool:
    return bool(numbers.dtype == np.int64 or np.isfinite(numbers).any())


def _without_fill(numbers: NDArray[Any]) -> NDArray[Any]:
    """Take a number that stands for none, as 0 or -9999 does in most rows, for what it is."""
    if len(numbers) < 2 or (numbers.dtype == np.int64 and np.abs(numbers).max() > EXACT):  # noqa: PLR2004 rows
        return numbers
    fill = np.zeros(len(numbers), np.bool_)
    for each in FILLS:
        fill |= numbers == each
    others = numbers[~fill & np.isfinite(numbers)].astype(np.float64)
    # Zeros among small integers are numbers: whole degrees, minutes.
    if not fill.any() or not len(others) or fill.mean() < 0.5 or _rich(others).mean() < 0.5:  # noqa: PLR2004 most
        return numbers
    return np.where(fill, np.nan, numbers)


def as_written(numbers: NDArray[Any], arrow: str) -> NDArray[Any]:
    """Give numbers of 32 and 16 bits the digits that they were written with."""
    if arrow not in {"float", "halffloat"}:
        return numbers
    narrow = np.float32 if arrow == "float" else np.float16
    return np.array([float(str(number)) for number in numbers.astype(narrow)], np.float64)


def _column(facts: ColumnFacts, numbers: NDArray[Any], row: Floats) -> Column:
    finite = np.isfinite(numbers)
    known = numbers[finite].astype(np.float64)
    size = np.abs(known[known != 0])
    low, middle, high = np.quantile(size, (0.05, 0.5, 0.95)) if len(size) else (0.0, 0.0, 0.0)
    return Column(
        facts=facts,
        known=known,
        rich=float(_rich(known).mean()),
        distinct=len(np.unique(known)),
        counter=_counts(known, row[finite]),
        moment=facts.kind == "time" or is_moment(known),
        heavy=len(size) >= MANY and bool(low < 0.02 * high) and bool(middle < 0.25 * high),
        rate=len(size) >= MANY_RATES and bool((known >= 0).all() and low < 0.25 * high) and _at_most_three(known),
    )


def _at_most_three(numbers: Floats) -> bool:
    """Tell whether nearly no number has more than three decimals."""
    return bool((digit_steps(numbers) >= 0.9e-3).mean() >= 0.95)  # noqa: PLR2004 digits, most


def _rich(numbers: Floats) -> NDArray[np.bool_]:
    """Mark numbers with three decimals or more, and those of five digits and more that are not all zeros."""
    steps = digit_steps(numbers)
    with np.errstate(invalid="ignore"):
        long = (np.abs(numbers) >= 1e4 * steps) & (np.mod(numbers, 1000) != 0)
    return np.asarray((steps <= 1e-3) | long)  # noqa: PLR2004 digits


def _counts(numbers: Floats, row: Floats) -> bool:
    """Tell whether numbers are integers that go up or down with the rows, with few gaps."""
    if len(numbers) < 3 or not (numbers == np.trunc(numbers)).all():  # noqa: PLR2004 rows
        return False
    steps = np.diff(numbers) / np.maximum(np.diff(row), 1)
    same_way = (steps >= 0).all() or (steps <= 0).all()
    return bool(same_way and np.abs(numbers[-1] - numbers[0]) <= 20 * (row[-1] - row[0] + 1))


def is_moment(numbers: Floats) -> bool:
    """Tell whether all numbers are moments from 1970 on in some unit, or dates that are written as integers."""
    if not len(numbers):
        return False
    low, high = float(numbers.min()), float(numbers.max())
    if any(start <= low and high <= end for start, end in _EPOCHS):
        return True
    if not (numbers == np.trunc(numbers)).all():
        return False
    month = numbers % 100 if high < 1e6 else numbers // 100 % 100  # noqa: PLR2004 YYYYMM or YYYYMMDD
    dated = any(start <= low and high <= end for start, end in _DATES)
    return bool(dated and ((month >= 1) & (month <= 12)).all())  # noqa: PLR2004 months
