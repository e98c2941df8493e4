"""Columns of texts whose digits could be positions: near the rows' own places, where the layer is, or in one region."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden.columns_pool import MARK
from geogate.measures.hidden.numbers_functions import functions_of_the_place
from geogate.measures.hidden.numbers_regional import tell_a_region
from geogate.measures.hidden.numbers_rows import FEW
from geogate.measures.hidden.numbers_spelled import spelled
from geogate.measures.hidden.numbers_subject import MANY

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from geogate.measures.hidden.numbers_rows import Along
    from geogate.measures.hidden.numbers_spelled import Spelled
    from geogate.measures.hidden.numbers_subject import Subject

    Floats = NDArray[np.float64]

MOST_TEXTS: Final = 24
"""Columns whose numbers are compared with those of each other column, the first ones."""

MOST_NUMBERS: Final = 6
"""Numbers of one column that are compared with the places of the rows."""

POWERS: Final = (3, 4, 5, 6, 7, 8, 9)
"""Decimals of degrees that digits without a point may have."""

_TURN: Final = 360.0
_HALF: Final = 0.5
_MOST: Final = 0.95
_SPREADS: Final = (30, 4)
_NARROWEST: Final = 0.05


def texts_with_positions(subject: Subject) -> tuple[str, ...]:
    """Name the columns of texts whose digits could be positions, and the columns with their other axis."""
    found = [each for name, heads in subject.rows.heads.items() if (each := spelled(name, heads)) is not None]
    return tuple(dict.fromkeys((*_in_two_texts(subject, found), *told_by(subject, found))))


def told_by(subject: Subject, found: Sequence[Spelled]) -> tuple[str, ...]:
    """Name the columns of numbers that were put together or taken apart, where they could be positions."""
    return tuple(dict.fromkeys((*_in_one_text(subject, found), *_at_places(subject, found))))


def _in_one_text(subject: Subject, found: Sequence[Spelled]) -> Iterator[str]:
    for each in found:
        if any(tell_a_region(one, other, subject.rows.number) for one, other in each.pairs):
            yield from each.columns


def _in_two_texts(subject: Subject, found: Sequence[Spelled]) -> Iterator[str]:
    for one, other in combinations(found[:MOST_TEXTS], 2):
        if any(tell_a_region(mine, its, subject.rows.number) for mine in one.alone for its in other.alone):
            yield from (*one.columns, *other.columns)


def _at_places(subject: Subject, found: Sequence[Spelled]) -> Iterator[str]:
    """Find numbers in texts that say their rows' own places, or lie where the layer lies."""
    made: dict[str, Floats] = {}
    for index, each in enumerate(found[:MOST_TEXTS]):
        numbers = [*each.alone, *(number for pair in each.pairs for number in pair)]
        made |= {f"{index}{MARK}{place}": number for place, number in enumerate(numbers[:MOST_NUMBERS])}
    if not made or not subject.rows.placed.any():
        return
    both = subject.beside(made)
    names = [name for one, other in _decimal(both) for name in (one, other)]
    names += [name for carrier in functions_of_the_place(both) for name in _of_texts(carrier.columns)]
    for name in names:
        number, made_up, _ = name.partition(MARK)
        yield from found[int(number)].columns if made_up else (name,)


def _of_texts(names: tuple[str, ...]) -> tuple[str, ...]:
    return names if any(MARK in name for name in names) else ()


def _decimal(subject: Subject) -> Iterator[tuple[str, str]]:
    """Find pairs of numbers that are degrees, times a power of ten, where the rows are, or where the layer is."""
    several = list(_degrees(subject))
    near = [[(name, along) for name, each in several if (along := _near(subject, each, axis))] for axis in range(2)]
    for lon, one in near[0]:
        for lat, other in near[1]:
            closeness = one.with_other(other)
            if lon != lat and _of_texts((lon, lat)) and (closeness.follows or closeness.some_follow):
                yield lon, lat
    inside = [{name for name, each in several if _inside(subject, each, axis)} for axis in range(2)]
    yield from ((lon, lat) for lon in inside[0] for lat in inside[1] if lon != lat and _of_texts((lon, lat)))


def _degrees(subject: Subject) -> Iterator[tuple[str, Floats]]:
    for name, column in subject.columns.items():
        if column.rich > _HALF and not column.moment and not column.counter:
            for power in POWERS if MARK in name else (0,):
                if column.largest / 10.0**power <= _TURN:
                    yield name, subject.raw[name].astype(np.float64) / 10.0**power


def _near(subject: Subject, degrees: Floats, axis: int) -> Along | None:
    rows = subject.rows
    return rows.along(degrees, axis) if rows.near_axis(degrees, axis) >= FEW else None


def _inside(subject: Subject, degrees: Floats, axis: int) -> bool:
    """Tell whether nearly all numbers lie where the layer is, spread as it is."""
    region = subject.rows.region()
    known = degrees[np.isfinite(degrees)]
    if region is None or len(known) < MANY:
        return False
    if ((known >= region[0][axis]) & (known <= region[1][axis])).mean() < _MOST:
        return False
    spread = subject.rows.spread[axis]
    low, high = np.quantile(known, (0.02, 0.98))
    return bool(spread / _SPREADS[0] <= high - low <= _SPREADS[1] * max(spread, _NARROWEST))
