"""How numbers say positions: what turns the numbers of some columns into longitude and latitude; frozen, plain data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

import numpy as np

from geogate.measures.decimals import FINEST, classify

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

METRES: Final = 111_320.0
"""Metres of a degree along a meridian, nearly."""

PARTS: Final = ("high word", "low word", "even bits", "odd bits", "front digits", "back digits")
"""Numbers that may be packed into one."""

CLOCK: Final = "seconds from midnight"
DAYS: Final = "days from 1970"
"""What times say as numbers."""

_DAY_S: Final = 86_400
_WORD: Final = 32
_SIXTY: Final = 60.0
_KEPT_DECIMALS: Final = 9


class Position(Protocol):
    """A way to read positions."""

    @property
    def leaves(self) -> tuple[str, ...]:
        """The columns that are read."""
        ...

    @property
    def form(self) -> str:
        """The way in a few words."""
        ...

    def lonlat(self, numbers: Mapping[str, NDArray[Any]], own: Floats) -> Floats:
        """Read the positions of some rows, NaN where there is none; ``own`` are those of the rows' geometries.

        Shape: ``(n, 2)``.
        Units: degrees on WGS 84.
        """
        ...

    def settled(self, numbers: Mapping[str, NDArray[Any]]) -> Self:
        """Return the same way with the last digit that the numbers of some rows have."""
        ...


@dataclass(frozen=True, slots=True)
class Value:
    """One number of a row: a column, or a part of the integers in one.

    ``base`` is what the digits were split by; of times it is how many of the integers are a second.
    """

    leaf: str
    part: str = ""
    base: int = 0

    def read(self, numbers: Mapping[str, NDArray[Any]]) -> Floats:
        """Give the numbers, NaN where there is none."""
        values = numbers[self.leaf]
        if not self.part:
            return np.asarray(values, np.float64)
        words = _whole(values)
        known = np.isfinite(values) if values.dtype != np.int64 else np.ones(len(values), np.bool_)
        read = _time(words, self.part, self.base) if self.part in {CLOCK, DAYS} else _part(words, self.part, self.base)
        return np.where(known, read, np.nan)


def _whole(values: NDArray[Any]) -> NDArray[np.int64]:
    if values.dtype == np.int64:
        return values
    with np.errstate(invalid="ignore"):
        return np.where(np.abs(values) < 2.0**63, np.nan_to_num(values), 0).astype(np.int64)


def _part(words: NDArray[np.int64], part: str, base: int) -> Floats:
    match part:
        case "high word":
            return (words >> _WORD).astype(np.float64)
        case "low word":
            return words.astype(np.int32).astype(np.float64)
        case "front digits":
            return np.trunc(words / base) if base < 0 else (np.abs(words) // base * np.sign(words)).astype(np.float64)
        case "back digits":
            return (np.abs(words) % base).astype(np.float64)
        case "even bits":
            return _squeezed(words.view(np.uint64))
        case _:
            return _squeezed(words.view(np.uint64) >> np.uint64(1))


def _time(ticks: NDArray[np.int64], part: str, second: int) -> Floats:
    """Read times as the seconds from the nearest midnight, or as the days from the beginning of 1970."""
    day = _DAY_S * second
    if part == DAYS:
        return np.round(ticks / day, _KEPT_DECIMALS + 3)
    return np.round(((ticks + day // 2) % day - day // 2) / second, _KEPT_DECIMALS)


def ticks_a_second(arrow: str) -> int:
    """Say how many units of a type of times are a second; 0 for dates and for what is no time."""
    for unit, ticks in (("[s", 1), ("[ms", 1_000), ("[us", 1_000_000), ("[ns", 1_000_000_000)):
        if arrow.partition("[")[1] and arrow[arrow.index("[") :].startswith((f"{unit}]", f"{unit},")):
            return ticks
    return 0


_MASKS: Final = (
    (1, 0x3333333333333333),
    (2, 0x0F0F0F0F0F0F0F0F),
    (4, 0x00FF00FF00FF00FF),
    (8, 0x0000FFFF0000FFFF),
    (16, 0x00000000FFFFFFFF),
)


def _squeezed(words: NDArray[np.uint64]) -> Floats:
    """Take every second bit; see Morton (1966)."""
    found = words & np.uint64(0x5555555555555555)
    for shift, mask in _MASKS:
        found = (found | (found >> np.uint64(shift))) & np.uint64(mask)
    return found.astype(np.float64)


@dataclass(frozen=True)
class Angle:
    """An angle in degrees: one number in some unit, or degrees, minutes and seconds in several.

    ``unit`` is ``scale`` (a number times ``factor`` plus ``shift``), ``packed minutes`` (DDMM.mm), ``packed seconds``
    (DDMMSS.ss) after multiplying by ``factor``, or ``split``: the first number, and of each further one a part; the
    second is divided by ``factor``. ``digit`` is the last digit that some number has: no number is taken to be coarser.
    """

    values: tuple[Value, ...]
    unit: str = "scale"
    factor: float = 1.0
    shift: float = 0.0
    name: str = "degrees"
    digit: float = 1.0

    @cached_property
    def leaves(self) -> tuple[str, ...]:
        """The columns that are read."""
        return tuple(dict.fromkeys(value.leaf for value in self.values))

    def degrees(self, numbers: Mapping[str, NDArray[Any]]) -> Floats:
        """Read the angles, NaN where there is none."""
        first, *others = (value.read(numbers) for value in self.values)
        with np.errstate(over="ignore", invalid="ignore"):
            if self.unit == "scale":
                return np.asarray(np.round(first * self.factor + self.shift, _KEPT_DECIMALS + 3))
            if self.unit == "split":
                return _split(first, others, self.factor)
            return _packed(first * self.factor, seconds=self.unit == "packed seconds")

    def steps(self, numbers: Mapping[str, NDArray[Any]]) -> Floats:
        """Give how far apart the neighbours of each angle are that the digits can say.

        Units: degrees.
        """
        value, factor = self.values[-1], abs(self.factor)
        if self.unit == "split":
            factor = 1 / self.factor / (_SIXTY if len(self.values) > 2 else 1.0)  # noqa: PLR2004 with seconds
        elif self.unit == "packed minutes":
            factor /= _SIXTY
        elif self.unit == "packed seconds":
            factor /= _SIXTY * _SIXTY
        return np.minimum(digit_steps(value.read(numbers)), self.digit) * factor

    def settled(self, numbers: Mapping[str, NDArray[Any]]) -> Angle:
        """Return the same angle with the last digit that the numbers of some rows have."""
        return replace(self, digit=last_digit(self.values[-1:], numbers))


def last_digit(values: Sequence[Value], numbers: Mapping[str, NDArray[Any]]) -> float:
    """Give the power of ten of the last digit that any of some numbers has, one at most."""
    known = [each[np.isfinite(each)] for value in values if len(each := value.read(numbers))]
    return min((float(digit_steps(each).min()) for each in known if len(each)), default=1.0)


def digit_steps(numbers: Floats) -> Floats:
    """Give the power of ten of the last digit of each number; as fine as can be told where there is no last one."""
    steps = np.full(len(numbers), 10.0**-FINEST)
    known = np.isfinite(numbers)
    classes, _ = classify(np.ascontiguousarray(numbers[known]))
    # A zero at the end of an integer is a digit like others: only decimals are counted.
    steps[known] = 10.0 ** -np.clip(classes.astype(np.float64), 0, FINEST)
    return steps


def _split(first: Floats, others: list[Floats], factor: float) -> Floats:
    rest = np.abs(others[0]) / factor
    if len(others) > 1:
        rest = rest + np.abs(others[1]) / (factor * _SIXTY)
    return np.asarray(first + np.where(np.signbit(first) & (first != 0), -rest, rest))


def _packed(numbers: Floats, *, seconds: bool) -> Floats:
    whole = np.abs(numbers)
    degrees = np.floor(whole / (10_000 if seconds else 100))
    rest = whole - degrees * (10_000 if seconds else 100)
    minutes = np.floor(rest / 100) if seconds else rest
    second = rest - minutes * 100 if seconds else 0.0
    good = (minutes < _SIXTY) & (second < _SIXTY)
    return np.where(good, np.sign(numbers) * (degrees + minutes / _SIXTY + second / 3600), np.nan)


def snapped(degrees: Floats, steps: Floats) -> Floats:
    """Round angles to a lattice of 1, 2 or 5 times a power of ten that is no coarser than what their digits say."""
    with np.errstate(divide="ignore", invalid="ignore"):
        power = 10.0 ** np.floor(np.log10(np.clip(steps, 1e-9, 10.0)) + 1e-9)
        lead = np.clip(steps, 1e-9, 10.0) / power * (1 + 1e-9)
        lattice = power * np.where(lead >= 5, 5, np.where(lead >= 2, 2, 1))  # noqa: PLR2004 leading digits
        return np.asarray(np.round(np.rint(degrees / lattice) * lattice, _KEPT_DECIMALS))


@dataclass(frozen=True)
class Axes:
    """A longitude and a latitude, each an angle."""

    lon: Angle
    lat: Angle

    @property
    def leaves(self) -> tuple[str, ...]:
        """The columns that are read."""
        return tuple(dict.fromkeys((*self.lon.leaves, *self.lat.leaves)))

    @property
    def form(self) -> str:
        """The units."""
        return " and ".join(dict.fromkeys((self.lon.name, self.lat.name)))

    def lonlat(self, numbers: Mapping[str, NDArray[Any]], own: Floats) -> Floats:
        """Read the positions of some rows."""
        del own
        axes = [snapped(angle.degrees(numbers), angle.steps(numbers)) for angle in (self.lon, self.lat)]
        return on_earth_only(np.stack(axes, axis=1))

    def settled(self, numbers: Mapping[str, NDArray[Any]]) -> Axes:
        """Return the same way with the last digits that the numbers of some rows have."""
        return Axes(self.lon.settled(numbers), self.lat.settled(numbers))


@dataclass(frozen=True)
class Projected:
    """An easting and a northing in a published reference system."""

    x: Value
    y: Value
    epsg: int
    digit: float = 1.0

    @property
    def leaves(self) -> tuple[str, ...]:
        """The columns that are read."""
        return tuple(dict.fromkeys((self.x.leaf, self.y.leaf)))

    @property
    def form(self) -> str:
        """The reference system."""
        return f"coordinates in EPSG:{self.epsg}"

    def raw(self, numbers: Mapping[str, NDArray[Any]]) -> Floats:
        """Read the positions as they come."""
        xy = np.stack([self.x.read(numbers), self.y.read(numbers)], axis=1)
        return unprojected(xy, self.epsg)

    def lonlat(self, numbers: Mapping[str, NDArray[Any]], own: Floats) -> Floats:
        """Read the positions of some rows."""
        del own
        lonlat = on_earth_only(self.raw(numbers))
        steps = _steps((self.x, self.y), numbers, self.digit) / METRES
        return np.stack([snapped(lonlat[:, axis], steps) for axis in range(2)], axis=1)

    def settled(self, numbers: Mapping[str, NDArray[Any]]) -> Projected:
        """Return the same way with the last digit that the numbers of some rows have."""
        return replace(self, digit=last_digit((self.x, self.y), numbers))


@dataclass(frozen=True)
class Geocentric:
    """Three coordinates from the middle of the Earth, in metres times ``factor``."""

    axes: tuple[Value, Value, Value]
    factor: float = 1.0
    digit: float = 1.0

    @property
    def leaves(self) -> tuple[str, ...]:
        """The columns that are read."""
        return tuple(value.leaf for value in self.axes)

    @property
    def form(self) -> str:
        """Words."""
        return "geocentric coordinates"

    def lonlat(self, numbers: Mapping[str, NDArray[Any]], own: Floats) -> Floats:
        """Read the positions of some rows; Bowring's formula without iteration is good to millimetres on the ground."""
        del own
        values = [value.read(numbers) for value in self.axes]
        x, y, z = (value * self.factor for value in values)
        a, b = 6_378_137.0, 6_356_752.314245
        p = np.hypot(x, y)
        theta = np.arctan2(z * a, p * b)
        e2, f2 = 1 - (b / a) ** 2, (a / b) ** 2 - 1
        lat = np.arctan2(z + f2 * b * np.sin(theta) ** 3, p - e2 * a * np.cos(theta) ** 3)
        steps = _steps(self.axes, numbers, self.digit) * self.factor / METRES
        degrees = (np.degrees(np.arctan2(y, x)), np.degrees(lat))
        return on_earth_only(np.stack([snapped(each, steps) for each in degrees], axis=1))

    def settled(self, numbers: Mapping[str, NDArray[Any]]) -> Geocentric:
        """Return the same way with the last digit that the numbers of some rows have."""
        return replace(self, digit=last_digit(self.axes, numbers))


@dataclass(frozen=True)
class Offsets:
    """How far a position lies from the row's own geometry, in degrees or in metres."""

    x: Value
    y: Value
    metres: bool
    digit: float = 1.0

    @property
    def leaves(self) -> tuple[str, ...]:
        """The columns that are read."""
        return self.x.leaf, self.y.leaf

    @property
    def form(self) -> str:
        """Words."""
        return "offsets from the geometry in " + ("metres" if self.metres else "degrees")

    def lonlat(self, numbers: Mapping[str, NDArray[Any]], own: Floats) -> Floats:
        """Read the positions of some rows."""
        x, y = self.x.read(numbers), self.y.read(numbers)
        steps = _steps((self.x, self.y), numbers, self.digit)
        if self.metres:
            x, y = x / (METRES * np.cos(np.radians(own[:, 1]))), y / METRES
            steps = steps / METRES
        moved = np.stack([own[:, 0] + x, own[:, 1] + y], axis=1)
        return on_earth_only(np.stack([snapped(moved[:, axis], steps) for axis in range(2)], axis=1))

    def settled(self, numbers: Mapping[str, NDArray[Any]]) -> Offsets:
        """Return the same way with the last digit that the numbers of some rows have."""
        return replace(self, digit=last_digit((self.x, self.y), numbers))


@dataclass(frozen=True)
class Fitted:
    """Two numbers of which the place is a smooth function, as the layer's own geometries show.

    ``middle`` and ``spread`` bring the numbers near to one; ``lon`` and ``lat`` have a factor for each of ``powers``.
    """

    x: Value
    y: Value
    middle: tuple[float, float]
    spread: tuple[float, float]
    lon: tuple[float, ...]
    lat: tuple[float, ...]
    digit: float = 1.0

    @property
    def leaves(self) -> tuple[str, ...]:
        """The columns that are read."""
        return self.x.leaf, self.y.leaf

    @property
    def form(self) -> str:
        """Words."""
        return "numbers that follow the place"

    def lonlat(self, numbers: Mapping[str, NDArray[Any]], own: Floats) -> Floats:
        """Read the positions of some rows."""
        del own
        x, y = (value.read(numbers) for value in (self.x, self.y))
        terms = powers((x - self.middle[0]) / self.spread[0], (y - self.middle[1]) / self.spread[1], len(self.lon))
        reach = np.abs(np.array(self.lon[1:3])) @ np.array([1 / self.spread[0], 1 / self.spread[1]])
        steps = _steps((self.x, self.y), numbers, self.digit) * reach
        found = [snapped(terms @ np.array(factors), steps) for factors in (self.lon, self.lat)]
        return on_earth_only(np.stack(found, axis=1))

    def settled(self, numbers: Mapping[str, NDArray[Any]]) -> Fitted:
        """Return the same way with the last digit that the numbers of some rows have."""
        return replace(self, digit=last_digit((self.x, self.y), numbers))


def _steps(values: Sequence[Value], numbers: Mapping[str, NDArray[Any]], digit: float) -> Floats:
    """Give the last digit of some numbers of each row, the finest of them."""
    steps = np.minimum.reduce([digit_steps(value.read(numbers)) for value in values])
    return np.asarray(np.minimum(steps, digit))


def powers(x: Floats, y: Floats, terms: int) -> Floats:
    """Give the products of powers of two numbers, the low powers first: 3 terms, 6 or 10."""
    ones = np.ones_like(x)
    every = (ones, x, y, x * x, x * y, y * y, x**3, x * x * y, x * y * y, y**3)
    return np.stack(every[:terms], axis=1)


def on_earth_only(lonlat: Floats) -> Floats:
    """Turn longitudes from 180 to 360 to the west, and drop what is no position.

    A longitude and a latitude that are both zero are how many programs write that there is no position.
    """
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    with np.errstate(invalid="ignore"):
        lon = np.where((lon > 180) & (lon <= 360), np.round(lon - 360, 12), lon)  # noqa: PLR2004 degrees
        good = (np.abs(lon) <= 180) & (np.abs(lat) <= 90) & ~((lon == 0) & (lat == 0))  # noqa: PLR2004 degrees
    return np.stack([np.where(good, lon, np.nan), np.where(good, lat, np.nan)], axis=1)


def unprojected(xy: Floats, epsg: int) -> Floats:
    """Turn projected coordinates into longitude and latitude, NaN where they have no place."""
    if epsg == 3857:  # noqa: PLR2004 the web's Mercator projection, which needs no library
        lon = np.degrees(xy[:, 0] / 6_378_137.0)
        with np.errstate(over="ignore"):
            lat = np.degrees(2 * np.arctan(np.exp(xy[:, 1] / 6_378_137.0)) - np.pi / 2)
        return np.stack([lon, lat], axis=1)
    import pyproj

    from geogate.measures.reference import positions

    lonlat = positions(np.asfortranarray(xy), _crs(epsg, pyproj))
    return np.where(np.isfinite(lonlat), lonlat, np.nan)


_KNOWN: dict[int, Any] = {}


def _crs(epsg: int, pyproj: Any) -> Any:
    if epsg not in _KNOWN:
        _KNOWN[epsg] = pyproj.CRS.from_epsg(epsg)
    return _KNOWN[epsg]
