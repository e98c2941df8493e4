"""The columns of numbers of one layer that may hold positions, each in short."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geogate.measures.hidden.columns_facts import ColumnFacts
from geogate.measures.hidden.numbers_forms import digit_steps
from geogate.measures.hidden.numbers_names import names_a_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from geogate.measures.hidden.numbers_rows import Rows

    Floats = NDArray[np.float64]

FILLS: Final = (0, -1, -99, -999, -9999, -99999, -999999, 99, 999, 9999, 99999, 999999, -32768, 32767)
"""Numbers that programs write where there is none."""

EXACT: Final = 2**53

MANY: Final = 8
"""Rows from which the sizes of numbers say something about what they are."""

MANY_SIZES: Final = 12
"""Rows from which numbers of very different sizes are a quantity."""

MANY_RATES: Final = 200
"""Rows from which numbers that differ fourfold are a quantity rather than places, which lie in one region."""

_MANY_FILLS: Final = 5
_MANY_DECIMALS: Final = 3
_PARTS: Final = (60.0, 64.0)
_KEPT: Final = 6
_FAR_LARGER: Final = 30.0
"""Integers of a column are apart from the others where they are so many times as large."""

_EPOCHS: Final = ((6e8, 2.2e9), (6e11, 2.2e12), (6e14, 2.2e15), (6e17, 2.2e18))
"""Seconds, milliseconds, microseconds and nanoseconds from 1970 to moments from 1989 to 2039."""

_YEARS: Final = (1_500.0, 2_200.0)
"""Between these lie the years of ordinary data, also as numbers with decimals."""

_DATES: Final = ((19_000_101, 21_001_231), (190_001, 210_012))


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column in short: its finite numbers among the rows, and what they look like.

    ``rich`` is the share that has digits enough to tell a place in half of a position; ``counter`` says that it counts
    rows, ``epoch`` that all its numbers could be times, ``moment`` that its name or its type says so too, ``heavy``
    that its numbers are none negative and of very different sizes, as areas are, and ``rate`` that they are positive
    numbers of different sizes with three decimals at most.
    """

    facts: ColumnFacts
    known: Floats
    rich: float
    distinct: int
    counter: bool
    epoch: bool
    moment: bool
    heavy: bool
    rate: bool

    @property
    def whole(self) -> bool:
        """Whether all numbers are integers."""
        return bool((self.known == np.trunc(self.known)).all())

    @property
    def step(self) -> float:
        """The last digit that half of the numbers have."""
        return float(np.median(digit_steps(self.known)))

    @property
    def fine(self) -> bool:
        """Whether most numbers have five decimals or more."""
        return self.step <= 1.01e-5  # noqa: PLR2004 digits

    @property
    def largest(self) -> float:
        """The size of the largest number."""
        return float(np.abs(self.known).max())


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Rows of a layer, and its columns of numbers; ``whole`` says that these are all rows.

    Of the columns in ``cut`` there are only the rows that have far more digits than the others.
    """

    rows: Rows
    raw: Mapping[str, NDArray[Any]]
    columns: Mapping[str, Column]
    whole: bool
    cut: frozenset[str] = frozenset()

    @classmethod
    def of(cls, rows: Rows, facts: Mapping[str, ColumnFacts], *, whole: bool) -> Subject:
        """Look at the columns that have a number."""
        raw = {name: _without_fill(as_written(rows.numbers[name], each.arrow)) for name, each in facts.items()}
        columns = {name: _column(each, raw[name], rows.number) for name, each in facts.items() if _any(raw[name])}
        return cls(rows=rows, raw={name: raw[name] for name in columns}, columns=columns, whole=whole)

    def fine_rows(self) -> Subject | None:
        """Look again, in each column only at the rows with far more digits than the others; ``None`` without any."""
        raw = dict(self.raw)
        for name, column in self.columns.items():
            if column.facts.kind != "time" and (marks := _finer(raw[name])) is not None:
                raw[name] = np.where(marks, raw[name], np.nan)
        changed = {name for name in raw if raw[name] is not self.raw[name]}
        if not changed:
            return None
        columns = {
            name: _column(column.facts, raw[name], self.rows.number) if name in changed else column
            for name, column in self.columns.items()
        }
        return replace(self, raw=raw, columns=columns, cut=frozenset(changed))

    def beside(self, numbers: Mapping[str, Floats]) -> Subject:
        """Look at some more numbers, which are in no column by themselves, before those of the columns."""
        raw = {name: each for name, each in numbers.items() if np.isfinite(each).any()}
        columns = {name: _column(_made(name, each), each, self.rows.number) for name, each in raw.items()}
        return replace(self, raw={**raw, **self.raw}, columns={**columns, **self.columns})

    def without(self, names: Iterable[str]) -> Subject:
        """Leave columns out."""
        left = {name: column for name, column in self.columns.items() if name not in set(names)}
        return replace(self, raw={name: self.raw[name] for name in left}, columns=left)


def _made(name: str, numbers: Floats) -> ColumnFacts:
    values = int(np.count_nonzero(np.isfinite(numbers)))
    return ColumnFacts(name=name, arrow="double", kind="number", by_row=True, values=values)


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
    positive = bool((known >= 0).all())
    return Column(
        facts=facts,
        known=known,
        rich=float(_rich(known).mean()),
        distinct=len(np.unique(known)),
        counter=counts_rows(known, row[finite]),
        epoch=is_moment(known),
        moment=facts.kind == "time" or is_date(known) or (names_a_time(facts.name) and _is_when(known)),
        heavy=len(size) >= MANY_SIZES and positive and bool(low < 0.02 * high) and bool(middle < 0.25 * high),
        rate=len(size) >= MANY_RATES and positive and bool(low < 0.25 * high) and _at_most_three(known),
    )


def _at_most_three(numbers: Floats) -> bool:
    """Tell whether nearly no number has more than three decimals."""
    return bool((digit_steps(numbers) >= 0.9e-3).mean() >= 0.95)  # noqa: PLR2004 digits, most


def _finer(numbers: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Mark the numbers with far more digits than the others, where these are less than half; ``None`` without any."""
    floats = numbers.astype(np.float64)
    known = np.flatnonzero(np.isfinite(floats))
    if len(known) < 2:  # noqa: PLR2004 one is like itself
        return None
    values = floats[known]
    marks = _more_decimals(values)
    if not marks.any():
        marks = _larger(values)
    if not 0 < np.count_nonzero(marks) <= len(known) // 2 or _is_one_fill(values[marks]):
        return None
    found = np.zeros(len(numbers), np.bool_)
    found[known[marks]] = True
    return found


def _is_one_fill(numbers: Floats) -> bool:
    """Tell whether numbers are one and the same in many rows, as a mean is that stands for what is missing."""
    return len(numbers) >= _MANY_FILLS and len(np.unique(numbers)) == 1


def _more_decimals(numbers: Floats) -> NDArray[np.bool_]:
    """Mark the numbers that have three decimals or more, with a gap to the decimals of the others.

    Whole minutes, halves, quarters and so on are not many digits.
    """
    decimals = np.rint(-np.log10(digit_steps(numbers))).astype(np.int64)
    for parts in _PARTS:
        decimals[np.rint(numbers * parts) == np.round(numbers * parts, _KEPT)] = 0
    there = np.unique(decimals)
    for lower, upper in pairwise(there.tolist()):
        marks = decimals >= upper
        if upper - lower > 1 and upper >= _MANY_DECIMALS and np.count_nonzero(marks) <= len(numbers) // 2:
            return np.asarray(marks)
    return np.zeros(len(numbers), np.bool_)


def _larger(numbers: Floats) -> NDArray[np.bool_]:
    """Mark integers with many digits that are far larger than all others."""
    sizes = np.abs(numbers)
    marks = _rich(numbers) & (sizes > _FAR_LARGER * max(float(np.median(sizes)), 1.0))
    near = marks.any() and sizes[~marks].max(initial=0.0) * _FAR_LARGER > sizes[marks].min()
    return np.zeros(len(numbers), np.bool_) if near else marks


def _rich(numbers: Floats) -> NDArray[np.bool_]:
    """Mark numbers with three decimals or more, and those of five digits and more that are not all zeros."""
    steps = digit_steps(numbers)
    with np.errstate(invalid="ignore"):
        long = (np.abs(numbers) >= 1e4 * steps) & (np.mod(numbers, 1000) != 0)
    return np.asarray((steps <= 1e-3) | long)  # noqa: PLR2004 digits


def counts_rows(numbers: Floats, row: Floats) -> bool:
    """Tell whether numbers are integers that go up or down with the rows, with few gaps."""
    if len(numbers) < 3 or not (numbers == np.trunc(numbers)).all():  # noqa: PLR2004 rows
        return False
    steps = np.diff(numbers) / np.maximum(np.diff(row), 1)
    same_way = (steps >= 0).all() or (steps <= 0).all()
    gaps = 2 if len(numbers) < MANY else 20
    return bool(same_way and np.abs(numbers[-1] - numbers[0]) <= gaps * (row[-1] - row[0] + 1))


def is_moment(numbers: Floats) -> bool:
    """Tell whether all numbers are moments from 1970 on in some unit, or dates that are written as integers."""
    if not len(numbers):
        return False
    low, high = float(numbers.min()), float(numbers.max())
    return any(start <= low and high <= end for start, end in _EPOCHS) or is_date(numbers)


def _is_when(numbers: Floats) -> bool:
    return is_moment(numbers) or bool(len(numbers) and _YEARS[0] <= numbers.min() and numbers.max() <= _YEARS[1])


def is_date(numbers: Floats) -> bool:
    """Tell whether all numbers are years, months and perhaps days that are written as one integer."""
    if not len(numbers) or not (numbers == np.trunc(numbers)).all():
        return False
    low, high = float(numbers.min()), float(numbers.max())
    if not any(start <= low and high <= end for start, end in _DATES):
        return False
    with_day = high >= 1e6  # noqa: PLR2004 YYYYMM or YYYYMMDD
    month = numbers // 100 % 100 if with_day else numbers % 100
    day = numbers % 100 if with_day else np.ones(len(numbers))
    return bool(((month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)).all())  # noqa: PLR2004 months, days
