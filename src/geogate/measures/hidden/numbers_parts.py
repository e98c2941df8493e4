"""Numbers whose parts stand in columns of their own: digit by digit, or as whole degrees, minutes and seconds."""

from __future__ import annotations

from itertools import combinations, groupby, islice
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden.numbers_in_texts import told_by
from geogate.measures.hidden.numbers_spelled import Spelled
from geogate.measures.hidden.numbers_subject import MANY, is_moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from geogate.measures.hidden.numbers_subject import Column, Subject

    Floats = NDArray[np.float64]

BASES: Final = ((10, 5), (100, 3), (1_000, 2), (10_000, 2))
"""How many digits a column may have, and the fewest columns that are an axis then."""

MOST_COLUMNS: Final = 32

LONG: Final = (1e5, 1e10)
"""Between these lie degrees times a power of ten, and metres."""

SIXTY: Final = 60
LATEST_HOUR: Final = 24
"""Beyond this degrees are no hours."""

MOST_SUMS: Final = 28
"""Pairs of columns that are compared."""

_ROUND: Final = 1_000
_MOST: Final = 0.5
_FINE: Final = 1.01e-4
_SIGNIFICANT: Final = 15
_WHOLE_TURN: Final = 180
_FEW_DEGREES: Final = 4
_FEWEST_SECONDS: Final = 6
_VARIED: Final = 10.0


def parts_of_numbers(subject: Subject) -> tuple[str, ...]:
    """Name the columns that are parts of numbers which could be positions."""
    return (
        *told_by(subject, [*_by_digits(subject), *_by_differences(subject)]),
        *_always_the_same(subject),
    )


def _is_part(column: Column) -> bool:
    counts = column.counter and column.distinct > 1
    explained = column.facts.kind != "number" or counts or column.moment
    return not explained and column.whole and float(column.known.min()) >= 0


def _by_digits(subject: Subject) -> Iterator[Spelled]:
    """Join columns of one or two digits that stand beside each other, and cut the whole in the middle."""
    for base, fewest in BASES:
        runs = groupby(subject.columns.items(), key=lambda item: _is_part(item[1]) and item[1].largest < base)
        for digits, run in runs:
            names = [name for name, _ in run]
            if not digits or not 2 * fewest <= len(names) <= MOST_COLUMNS:
                continue
            half = len(names) // 2
            pairs = [
                (_joined(subject, names[:middle], base), _joined(subject, names[middle:], base))
                for middle in range(max(half - 1, fewest), min(half + 2, len(names) - fewest + 1))
            ]
            yield Spelled(columns=tuple(names), alone=(), pairs=tuple(pairs))


def _joined(subject: Subject, names: Sequence[str], base: int) -> Floats:
    """Read digits as one number, the first ones where there are more than a number can have."""
    found = np.zeros(len(subject.rows))
    for name in names[: int(_SIGNIFICANT / np.log10(base))]:
        found = found * base + subject.raw[name].astype(np.float64)
    return found


def _by_differences(subject: Subject) -> Iterator[Spelled]:
    """Take sums that run on from row to row apart, where rows follow each other."""
    after = np.diff(subject.rows.number) == 1
    if np.count_nonzero(after) < MANY:
        return
    sums = [name for name, column in subject.columns.items() if column.facts.kind == "number" and column.rich > _MOST]
    steps: dict[str, Floats] = {}
    for name in sums:
        step = np.diff(subject.raw[name].astype(np.float64))[after]
        digit = min(subject.columns[name].step, 1.0)
        if digit <= _FINE and (np.all(step > 0) or np.all(step < 0)):
            steps[name] = np.rint(np.abs(step) / digit)
    for one, other in islice(combinations(steps, 2), MOST_SUMS):
        pair = (_as_rows(steps[one], subject), _as_rows(steps[other], subject))
        yield Spelled(columns=(one, other), alone=(), pairs=(pair,))


def _as_rows(numbers: Floats, subject: Subject) -> Floats:
    found = np.full(len(subject.rows), np.nan)
    found[: len(numbers)] = numbers
    return found


def by_sixtieths(subject: Subject) -> Iterator[tuple[str, ...]]:
    """Find whole degrees, minutes and seconds of both axes in six columns beside each other, whichever comes first.

    Hours, minutes and seconds look alike, but for degrees beyond 24.
    """
    if len(subject.rows) < MANY:
        return
    names = list(subject.columns)
    for first in range(len(names) - 5):
        six = names[first : first + 6]
        columns = [subject.columns[name] for name in six]
        if not all(_is_part(column) and column.largest <= _WHOLE_TURN for column in columns):
            continue
        large = [column for column in columns if column.distinct <= max(_FEW_DEGREES, len(column.known) // SIXTY)]
        seconds = [column for column in columns if _are_seconds(column)]
        minutes = [column for column in columns if column.largest < SIXTY]
        beyond = any(column.largest > LATEST_HOUR and column in large for column in columns)
        if len(large) >= 2 and len(seconds) >= 2 and len(minutes) >= 4 and beyond:  # noqa: PLR2004 of both axes
            yield tuple(six)


def _always_the_same(subject: Subject) -> tuple[str, ...]:
    """Name the long integers that are one and the same in all rows: two of them are one position."""
    found = [
        name
        for name, column in subject.columns.items()
        if column.distinct == 1 and column.whole and LONG[0] <= column.largest <= LONG[1]
        if not is_moment(column.known) and column.known[0] % _ROUND != 0 and column.facts.kind == "number"
    ]
    return tuple(found) if len(found) > 1 else ()


def _are_seconds(column: Column) -> bool:
    """Tell whether numbers below sixty vary as those of places in one town do, or more."""
    return column.largest < SIXTY and column.distinct >= _FEWEST_SECONDS and float(np.ptp(column.known)) >= _VARIED
