"""Which angles the numbers of a layer could be: every reading that the ranges of the columns allow."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geogate.measures.hidden.numbers_forms import CLOCK, DAYS, Angle, Value, ticks_a_second

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SIXTY: Final = 60.0
HALF_WORD: Final = 65_536.0

MIN_DEGREES: Final = 1e-4
MOST_DEGREES: Final = 541.0
"""Between these lies the size of most angles, a turn and a half being the most."""

MOST_FRONT: Final = 180.0
MOST: Final = 0.98

FEWEST_PARTS: Final = 100.0
"""The fraction of an angle as an integer is at least this in some row."""

MOST_SPLITS: Final = 300
"""Angles over several columns that are tried."""

USUAL: Final = (
    (1.0, "degrees"),
    (1e-7, "degrees times 10,000,000"),
    (1e-6, "degrees times 1,000,000"),
    (1e-5, "degrees times 100,000"),
    (1e-3, "degrees times 1,000"),
    (1e-4, "degrees times 10,000"),
    (1e-8, "degrees times 100,000,000"),
    (1e-9, "degrees times 1,000,000,000"),
    (float(180 / np.pi), "radians"),
    (1 / 3600, "seconds of arc"),
    (1 / 3_600_000, "milliseconds of arc"),
    (1 / 60, "minutes of arc"),
    (1 / 600_000, "ten-thousandths of minutes of arc"),
    (180 / 2**31, "semicircles"),
    (1 / 360_000, "hundredths of seconds of arc"),
    (0.9, "gradians"),
)
"""Units in which angles are written, and how many degrees one of them is."""

UNUSUAL: Final = (
    (1e-1, "degrees times 10"),
    (1e-2, "degrees times 100"),
    (10.0, "degrees divided by 10"),
    (100.0, "degrees divided by 100"),
    (360 / 2**32, "parts of a turn"),
    (360 / 2**24, "parts of a turn"),
    (180 / 2**23, "parts of a half turn"),
    (360.0, "turns"),
    (180.0, "half turns"),
    (90.0, "right angles"),
    (1e-10, "degrees times 10,000,000,000"),
    (1e-12, "degrees times 1,000,000,000,000"),
)
"""Units that are believed only where the layer's own geometries show them."""

SHIFTS: Final = (
    (360 / 2**32, -180.0),
    (180 / 2**32, -90.0),
    (360 / 2**31, -180.0),
    (180 / 2**31, -90.0),
    (360 / 2**30, -180.0),
    (180 / 2**30, -90.0),
    (360 / 2**26, -180.0),
    (180 / 2**26, -90.0),
    (1.0, -180.0),
    (1.0, -90.0),
    (360.0, -180.0),
    (180.0, -90.0),
    (-1.0, 90.0),
    (-1.0, 0.0),
)
"""Factors and shifts of cells that divide the globe, of angles from the other pole, and of those without a sign."""

PACKED: Final = (1.0, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 100.0)

PACKINGS: Final = (("packed minutes", 100.0, 18_000.0), ("packed seconds", 10_000.0, 1_800_000.0))
"""Degrees and minutes in one number, and degrees, minutes and seconds, with the least and the most of them."""

_DIGITS: Final = 19
"""Of the largest integers that are taken apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An angle that numbers could be, the degrees that they are then, and whether such units are usual."""

    angle: Angle
    degrees: Floats
    usual: bool


def values_of(name: str, numbers: NDArray[Any], arrow: str = "") -> list[Value]:
    """List the numbers in one column: itself, and the parts of integers that are long enough to be two.

    Times, which ``arrow`` names, are seconds of a day and days.
    """
    if second := ticks_a_second(arrow):
        return [Value(name, CLOCK, second), Value(name, DAYS, second)]
    found = [Value(name)]
    known = numbers[np.isfinite(numbers)] if numbers.dtype != np.int64 else numbers
    if not len(known):
        return found
    largest = np.abs(known.astype(np.float64)).max()
    if largest >= 1e9 and (known == np.trunc(known)).all():  # noqa: PLR2004 two numbers of five digits
        if largest >= 2.0**32:
            found += [Value(name, "high word"), Value(name, "low word")]
        if largest >= 2.0**36:
            found += [Value(name, "even bits"), Value(name, "odd bits")]
        digits = int(np.log10(largest)) + 1
        for base in range(max(digits // 2 - 1, 4), min(digits // 2 + 3, digits, _DIGITS)):
            found += [Value(name, "front digits", 10**base), Value(name, "back digits", 10**base)]
    return found


def candidates(value: Value, raw: Mapping[str, NDArray[Any]], *, related: bool) -> Iterator[Candidate]:
    """List the angles that a number could be; ``related`` asks for units too that only relations make believable."""
    numbers = value.read(raw)
    known = numbers[np.isfinite(numbers)]
    largest = float(np.quantile(np.abs(known), 0.9)) if len(known) else 0.0
    if largest == 0:
        return
    if value.part in {CLOCK, DAYS}:
        angle = Angle((value,), name=value.part)
        if MIN_DEGREES <= largest <= MOST_DEGREES:
            yield Candidate(angle=angle, degrees=angle.degrees(raw), usual=True)
        return
    for factor, shift, name, usual in _units(value, related=related):
        if abs(largest * factor + shift) >= MIN_DEGREES and largest * abs(factor) <= MOST_DEGREES:
            angle = Angle((value,), factor=factor, shift=shift, name=name)
            yield Candidate(angle=angle, degrees=angle.degrees(raw), usual=usual)
    for unit, least, most in PACKINGS:
        for factor in PACKED:
            if least <= largest * factor <= most:
                angle = Angle((value,), unit=unit, factor=factor, name="degrees with minutes in one number")
                degrees = angle.degrees(raw)
                if np.isfinite(degrees[np.isfinite(numbers)]).mean() > MOST:
                    yield Candidate(angle=angle, degrees=degrees, usual=factor == 1.0)


def _units(value: Value, *, related: bool) -> Iterator[tuple[float, float, str, bool]]:
    for factor, name in USUAL:
        yield factor, 0.0, name, True
    if not related:
        return
    for factor, name in UNUSUAL:
        yield factor, 0.0, name, False
    for factor, shift in SHIFTS:
        yield factor, shift, "parts of the globe", False
    if value.part in {"even bits", "odd bits"}:
        for bits in range(20, 33):
            for turn in (360.0, 180.0):
                yield turn / 2**bits, -turn / 2, "interleaved bits", False


def split_angles(raw: Mapping[str, NDArray[Any]], names: Sequence[str]) -> Iterator[Candidate]:
    """List the angles that are split over columns: whole degrees, and minutes and seconds or a fraction after them."""
    columns = [column for name in names if (column := _Column.of(name, raw[name])) is not None]
    yield from islice(_splits(raw, columns), MOST_SPLITS)


def _splits(raw: Mapping[str, NDArray[Any]], columns: Sequence[_Column]) -> Iterator[Candidate]:
    # The nearest columns first: those far apart come last, and are left out where there are too many.
    for distance in (1, 2, 3, -1, 4, 5, -2, -3):
        for place, first in enumerate(columns):
            at = place + distance
            if not 0 <= at < len(columns) or not first.whole or first.largest > MOST_FRONT or columns[at].least < 0:
                continue
            second = columns[at]
            for factor in second.dividers():
                values = (Value(first.name), Value(second.name))
                yield _split(values, factor, raw, usual=factor in {1.0, SIXTY})
                if factor == SIXTY and second.whole:
                    for third in columns[at + 1 : at + 4 : distance if distance > 0 else 1]:
                        if third is not first and third.least >= 0 and third.largest <= SIXTY:
                            yield _split((*values, Value(third.name)), factor, raw, usual=True)


def _split(values: tuple[Value, ...], factor: float, raw: Mapping[str, NDArray[Any]], *, usual: bool) -> Candidate:
    angle = Angle(values, unit="split", factor=factor, name="degrees in several columns")
    return Candidate(angle=angle, degrees=angle.degrees(raw), usual=usual)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """The numbers of a column in short."""

    name: str
    least: float
    largest: float
    whole: bool

    @classmethod
    def of(cls, name: str, numbers: NDArray[Any]) -> _Column | None:
        known = numbers[np.isfinite(numbers)]
        if not len(known):
            return None
        return cls(
            name=name,
            least=float(known.min()),
            largest=float(np.abs(known).max()),
            whole=bool((known == np.trunc(known)).all()),
        )

    def dividers(self) -> Iterator[float]:
        """List what the second number of an angle may be divided by."""
        if self.largest < 1 and not self.whole:
            yield 1.0
        elif self.largest <= SIXTY:
            yield SIXTY
        if self.largest >= FEWEST_PARTS and self.whole:
            power = 10.0 ** np.ceil(np.log10(self.largest + 1))
            yield from (float(power), float(power * 10))
            if self.largest < HALF_WORD:
                yield HALF_WORD
