"""Columns that could be positions although nothing shows that they are: digits enough, and nothing to explain them.

Two columns of one family could be both axes. One column could be both where its numbers are of two kinds, in turn or in
any order. A column that is alone in its layer is remembered, because the other axis may be in another layer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden.columns_ordinates import is_ordinate
from geogate.measures.hidden.numbers_forms import CLOCK, DAYS, Value, digit_steps, ticks_a_second
from geogate.measures.hidden.numbers_names import axis_of, names_a_time
from geogate.measures.hidden.numbers_readings import candidates, values_of
from geogate.measures.hidden.numbers_sizes import (
    TURN,
    are_half_axes,
    in_degrees,
    in_kilometres,
    in_metres,
    in_one_number,
    in_radians,
    in_tens_of_metres,
    packed,
    scaled,
)
from geogate.measures.hidden.numbers_turns import in_turn
from geogate.measures.hidden.numbers_within import within_cells

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from geogate.measures.hidden.numbers_subject import Column, Subject

    Floats = NDArray[np.float64]

SHORT_S: Final = 541.0
"""Times that are all within a turn and a half of seconds could be angles."""

ALIKE: Final = 0.8
"""Columns of different layers that have numbers in so nearly as many rows could be the axes of the same positions."""

SOME: Final = 2
"""Rows with many digits in a column with few that say something beside a column which has many everywhere."""

REGION: Final = 3.0
REGION_SPREADS: Final = 8.0
"""In a region numbers are so many times as far from zero as they vary, and both axes vary alike within this factor."""

FINE_STEP: Final = 1.01e-3
SMALL_STEP: Final = 1.01e-4
_KILOMETRES_STEP: Final = 1.01e-2

_HALF: Final = 0.5
_HIGHEST: Final = 90.0
_KNOWN: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Lone:
    """A column that could be one axis, in a layer that has no other for it.

    ``low`` and ``high`` hold nearly all of its numbers; ``said`` is the axis that its name or the geometries say.
    """

    name: str
    family: str
    values: int
    low: float
    high: float
    said: str = ""

    def goes_with(self, other: Lone) -> bool:
        """Tell whether both could be the axes of the same positions."""
        same = self.family == other.family
        if same and self.family == "degrees" and min(map(_largest, (self, other))) > _HIGHEST:
            return False
        if self.said and other.said:
            return self.said != other.said
        alike = min(self.values, other.values) >= (ALIKE if same else 1.0) * max(self.values, other.values)
        return alike and (self.name != other.name or self.low > other.high or other.low > self.high)


def possible(subject: Subject) -> tuple[str, ...]:
    """Name the columns any two of which have digits enough to tell a place, and that nothing explains.

    So are columns that alone have numbers of two kinds.
    """
    families = _families(subject)
    # The axes may be in different units; but where all numbers are looked at there are shares, and in few rows slips.
    mixed = [] if subject.cut else _several_units(families)
    found = {
        name
        for names in (*families.values(), mixed)
        for name in names
        if any(other != name and _together(subject, name, other) for other in names)
    }
    found |= {name for name, column in subject.columns.items() if _open(column) and packed(column)}
    found |= _of_one_region(subject) | _in_tens(subject)
    latitudes = [name for name in found if name not in families["degrees"] or _could_be_latitude(subject, name)]
    alone = {name for name, column in subject.columns.items() if _could_take_turns(subject, name, column)}
    alone |= within_cells(subject)
    return tuple(name for name in subject.columns if name in alone or (latitudes and name in found))


def lone(subject: Subject, carried: Iterable[str]) -> tuple[Lone, ...]:
    """Describe the columns that could be one axis; ``carried`` are those that are dealt with otherwise."""
    families = _families(subject)
    if not subject.cut and len(_several_units(families)) > 1:
        return ()
    return tuple(
        _lone(subject, family, names[0])
        for family, names in families.items()
        if len(names) == 1 and names[0] not in set(carried)
    )


def _several_units(families: dict[str, list[str]]) -> list[str]:
    """Join the families but that of radians, which shares belong to."""
    return list(dict.fromkeys(name for family, names in families.items() if family != "radians" for name in names))


def over_layers(mine: Sequence[Lone], others: Iterable[Lone]) -> tuple[str, ...]:
    """Name the columns of one layer that could be one axis while a column of another layer could be the other one."""
    elsewhere = tuple(others)
    return tuple(dict.fromkeys(each.name for each in mine if any(each.goes_with(other) for other in elsewhere)))


def _lone(subject: Subject, family: str, name: str) -> Lone:
    numbers = _numbers(subject, name)
    known = numbers[np.isfinite(numbers)]
    low, high = np.quantile(known, (0.05, 0.95))
    said = _follows(subject, name)
    axis = axis_of(name)
    if not said and axis is not None and axis[2]:
        said = axis[0]
    return Lone(name=name, family=family, values=len(known), low=float(low), high=float(high), said=said)


def _follows(subject: Subject, name: str) -> str:
    """Say of which axis of the rows' own geometries a column is a finer copy."""
    for value in values_of(name, subject.raw[name], subject.columns[name].facts.arrow):
        for each in candidates(value, subject.raw, related=False):
            for axis, said in enumerate(("lon", "lat")):
                closeness = subject.rows.along(each.degrees, axis).alone
                if closeness.share >= _KNOWN and closeness.follows and closeness.together > _KNOWN:
                    return said
    return ""


def _largest(each: Lone) -> float:
    return max(abs(each.low), abs(each.high))


def _together(subject: Subject, one: str, other: str) -> bool:
    """Tell whether two columns have numbers in the same rows, where one of them has some only; else in as many."""
    cut = {one, other} & subject.cut
    if not cut:
        return True
    mine, others = (np.isfinite(_numbers(subject, name)) for name in (one, other))
    both = int(np.count_nonzero(mine & others))
    counts = np.count_nonzero(mine), np.count_nonzero(others)
    if len(cut) == 1:
        return both >= SOME
    return both > 0 or bool(counts[0] == counts[1] > SOME)


def _families(subject: Subject) -> dict[str, list[str]]:
    """List by family the columns that are open."""
    several: tuple[tuple[str, Callable[[Column], bool]], ...] = (
        ("degrees", in_degrees),
        ("radians", in_radians),
        ("degrees and minutes", in_one_number),
        ("metres", in_metres),
        ("scaled", scaled),
    )
    open_ones = {name: each for name, each in subject.columns.items() if _open(each) and not _is_slope(subject, name)}
    if any(_is_called_a_time_but_is_none(each) for each in open_ones.values()):
        open_ones |= {name: each for name, each in subject.columns.items() if each.epoch and each.facts.kind != "time"}
    found = {family: [name for name, each in open_ones.items() if fits(each)] for family, fits in several}
    found["degrees"] += [name for name, each in subject.columns.items() if _times(subject, name, each) is not None]
    return found


def _of_one_region(subject: Subject) -> set[str]:
    """Find small numbers or rates beside numbers that vary as much and are far from zero: a longitude near Greenwich.

    By themselves such numbers are explained, and in one region the other axis is not.
    """
    spreads = {name: _spread(column) for name, column in subject.columns.items() if _has_decimals(column)}
    found: set[str] = set()
    for one, spread in spreads.items():
        column = subject.columns[one]
        small, long = column.largest <= 1.0, in_kilometres(column)
        if not (small or long or column.rate or column.heavy):
            continue
        for other, others in spreads.items():
            beside = subject.columns[other]
            far = float(np.median(np.abs(beside.known))) > REGION * others
            alike = spread / REGION_SPREADS <= others <= spread * REGION_SPREADS
            both_long = in_kilometres(beside)
            if long and not both_long:
                continue
            step = SMALL_STEP if small else _KILOMETRES_STEP if both_long else FINE_STEP
            finest = max(column.step, beside.step) <= step
            if one != other and far and alike and finest and others > 0:
                found |= {one, other}
    return found


def _in_tens(subject: Subject) -> set[str]:
    """Find integers of five digits beside others that are not the same: projected coordinates in tens of metres."""
    numbers = {
        name: subject.raw[name] for name, each in subject.columns.items() if _open(each) and in_tens_of_metres(each)
    }
    return {
        name
        for name, mine in numbers.items()
        if any(other != name and not np.array_equal(mine, others) for other, others in numbers.items())
    }


def _has_decimals(column: Column) -> bool:
    explained = column.facts.kind == "time" or column.moment or column.counter
    size = column.largest <= TURN / 2 or in_kilometres(column)
    return not explained and column.rich > _HALF and not column.whole and size


def _spread(column: Column) -> float:
    low, high = np.quantile(column.known, (0.05, 0.95))
    return float(high - low)


def _is_slope(subject: Subject, name: str) -> bool:
    """Tell whether heights of the first two vertices of lines are near each other, as both axes are not.

    Near is: less apart than the heights of all lines are.
    """
    first, second = (subject.raw.get(f"{name[:-3]}[{place}]") for place in range(2))
    if not is_ordinate(name) or not name.endswith("]") or first is None or second is None:
        return False
    known = np.isfinite(first) & np.isfinite(second)
    if not known.any():
        return False
    low, high = np.quantile(first[known], (0.02, 0.98))
    return bool(np.median(np.abs(second[known] - first[known])) <= high - low)


def _open(column: Column) -> bool:
    """Tell whether nothing explains the numbers of a column, which have digits enough."""
    if is_ordinate(column.facts.name) and not column.fine:
        # Heights have few digits.
        return False
    explained = column.facts.kind == "time" or column.moment or column.counter or column.heavy or column.rate
    return not explained and column.rich > _HALF and not are_half_axes(column)


def _is_called_a_time_but_is_none(column: Column) -> bool:
    return names_a_time(column.facts.name) and not column.moment and column.whole and column.largest >= 1e8  # noqa: PLR2004


def _numbers(subject: Subject, name: str) -> Floats:
    times = _times(subject, name, subject.columns[name])
    return subject.raw[name].astype(np.float64) if times is None else times


def _could_be_latitude(subject: Subject, name: str) -> bool:
    size = float(np.nanmax(np.abs(_numbers(subject, name))))
    return size <= _HIGHEST or size > TURN


def _times(subject: Subject, name: str, column: Column) -> Floats | None:
    """Read times as angles where they hardly are times: with milliseconds, within minutes of midnight or of each other.

    So are all that lie in one year from 1970 and are not whole days.
    """
    second = ticks_a_second(column.facts.arrow) if column.facts.kind == "time" else 0
    if not second or column.distinct < 2:  # noqa: PLR2004 one moment
        return None
    clock, days = (Value(name, part, second).read(subject.raw) for part in (CLOCK, DAYS))
    known = clock[np.isfinite(clock)]
    fine = (digit_steps(known) <= 1.01e-3).mean() > _HALF  # noqa: PLR2004 milliseconds
    if fine and np.abs(known).max() <= TURN:
        return clock
    if fine and np.ptp(known) <= SHORT_S and np.nanmax(days) - np.nanmin(days) < 1:
        return np.asarray(clock - known.min())
    within = days[np.isfinite(days)]
    if np.abs(within).max() <= TURN and (within != np.rint(within)).mean() > _HALF:
        return days
    return None


def _could_take_turns(subject: Subject, name: str, column: Column) -> bool:
    if column.facts.kind == "time" or column.moment or column.counter or column.rich <= _HALF:
        return False
    if not (in_degrees(column) or in_one_number(column) or in_metres(column) or scaled(column)):
        return False
    return in_turn(subject.raw[name].astype(np.float64), subject.rows.number, whole=subject.whole)
