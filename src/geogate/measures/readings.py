"""Readings: what else the numbers of a layer could mean than what the layer says; which zones they hit is not known."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.reading_systems import DEGREES, Box, area_of_code, epsg
from geogate.measures.reference import on_earth, positions, to_own_lonlat

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyproj
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Booleans = NDArray[np.bool_]


class Family(StrEnum):
    """The kinds of readings that a policy can ask for."""

    SWAPPED = "swapped-axes"
    DEGREES = "degrees"
    SCALED = "scaled-degrees"
    RADIANS = "radians"
    MERCATOR = "web-mercator"
    UTM = "utm"
    ANY_UTM = "any-utm"
    GRIDS = "national-grids"
    DATUM = "datum"
    SIGNS = "lost-signs"
    HALF_TURN = "half-turn"
    GCJ02 = "gcj02"
    BD09 = "bd09"


FAMILIES: Final[dict[Family, str]] = {
    Family.SWAPPED: "x and y swapped",
    Family.DEGREES: "numbers of a projected layer, or of one in another unit or from another prime meridian, that are"
    " plain degrees, in either order",
    Family.SCALED: "degrees as whole numbers or in smaller units, in either order",
    Family.RADIANS: "radians that are called degrees",
    Family.MERCATOR: "Web Mercator under another name",
    Family.UTM: "UTM under another name; of a UTM layer, the zones beside it and the other hemisphere",
    Family.ANY_UTM: "a UTM layer in any other zone",
    Family.GRIDS: "the grid of a country under another name",
    Family.DATUM: "the same numbers on WGS 84 with no shift of datum",
    Family.SIGNS: "a hemisphere that is the other one, because signs were lost or added",
    Family.HALF_TURN: "longitudes that are half a turn off",
    Family.GCJ02: "the offset of GCJ-02, there or taken away without being there",
    Family.BD09: "the offset of BD-09, against WGS 84 and against GCJ-02, both ways",
}
"""What each family stands for, in words."""

SWAPPED_DEGREES: Final[Box] = (-90.0, -180.0, 90.0, 180.0)
ALMOST_DEGREES: Final[Box] = (-540.0, -90.0, 540.0, 90.0)
"""What the declared reading takes for degrees: longitudes up to a turn and a half."""

WGS84: Final = 4326


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Which numbers a reading is possible for.

    ``box`` holds them; ``beyond_degrees`` leaves out those that are degrees as they stand, ``whole`` all that are no
    whole numbers.
    """

    box: Box
    beyond_degrees: bool = False
    whole: bool = False

    def of(self, xy: Floats) -> Booleans:
        """Tell which positions fit.

        Shape: ``(n, 2)`` to ``(n,)``; NaN fits nothing.
        """
        x, y = xy[:, 0], xy[:, 1]
        fits = within(x, y, self.box)
        if self.beyond_degrees:
            fits &= ~within(x, y, ALMOST_DEGREES)
        if self.whole:
            fits &= (np.floor(x) == x) & (np.floor(y) == y)
        return fits

    def count(self, xy: Floats, bounds: Box) -> int:
        """Count the positions that fit, of which some bounds are known.

        Shape: ``(n, 2)``, all x before all y.
        """
        if apart(bounds, self.box) or (self.beyond_degrees and holds(ALMOST_DEGREES, bounds)):
            return 0
        looked_at = self.whole or (self.beyond_degrees and not apart(bounds, ALMOST_DEGREES))
        if looked_at:
            return int(np.count_nonzero(self.of(xy)))
        sides = [xy[:, axis] >= self.box[axis] for axis in (0, 1) if bounds[axis] < self.box[axis]]
        sides += [xy[:, axis] <= self.box[2 + axis] for axis in (0, 1) if bounds[2 + axis] > self.box[2 + axis]]
        return int(np.count_nonzero(reduce(and_, sides))) if sides else len(xy)


def within(x: Floats, y: Floats, box: Box) -> Booleans:
    """Tell which positions a box holds, its edges included."""
    return (x >= box[0]) & (y >= box[1]) & (x <= box[2]) & (y <= box[3])


def holds(box: Box, inner: Box) -> bool:
    """Say whether a box holds another."""
    return box[0] <= inner[0] and box[1] <= inner[1] and box[2] >= inner[2] and box[3] >= inner[3]


def apart(one: Box, other: Box) -> bool:
    """Say whether two boxes have nothing in common."""
    return one[0] > other[2] or one[2] < other[0] or one[1] > other[3] or one[3] < other[1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reading:
    """One way to read numbers: in which order, scaled how, in which system, turned by how much, with which offset.

    ``declared`` says that it begins with the positions of the declared reading, on WGS 84, instead of the file's
    numbers. ``strange`` says that the numbers it fits are hardly what the layer says they are; a reading that is not
    strange fits much honest data, and counts only where it fits a layer's positions as a whole. ``area`` holds what it
    can give, before the turn; ``None`` stands for where the system, then an EPSG code, is used. ``own_datum`` leaves
    the shift from the system's datum to WGS 84 out. ``only_in`` says where there is an offset.

    Units: ``turn`` and ``area`` degrees.
    """

    id: str
    fit: Fit
    system: pyproj.CRS | int = WGS84
    swap: bool = False
    scale: tuple[float, float] = (1.0, 1.0)
    turn: float = 0.0
    offset: Callable[[Floats], Floats] | None = None
    only_in: Callable[[Floats], Booleans] | None = None
    own_datum: bool = False
    declared: bool = False
    strange: bool = False
    area: Box | None = ALMOST_DEGREES

    @property
    def crs(self) -> pyproj.CRS:
        """The reference system in which the numbers are read."""
        return epsg(self.system) if isinstance(self.system, int) else self.system

    @property
    def extent(self) -> Box:
        """What holds all that the reading can give, before the turn: ``area``, or where the system is used.

        Units: degrees.
        """
        if self.area is not None:
            return self.area
        return area_of_code(self.system) if isinstance(self.system, int) else DEGREES

    def lonlat(self, xy: Floats) -> Floats:
        """Read positions; NaN where the reading has no place on the Earth for them or does not fit them.

        Shape: ``(n, 2)`` in and out.
        Units: degrees on WGS 84 out.
        Raises: UnmeasurableError when the reference system has no way to WGS 84.
        """
        read = np.asfortranarray(xy[:, ::-1] if self.swap else xy) * np.array(self.scale)
        lonlat = np.array(to_own_lonlat(read, self.crs) if self.own_datum else positions(read, self.crs))
        lost = ~(self.fit.of(xy) & on_earth(lonlat) & within(lonlat[:, 0], lonlat[:, 1], self.extent))
        lonlat[:, 0] += self.turn
        if self.only_in is not None:
            lost |= ~self.only_in(lonlat)
        lonlat[lost] = np.nan
        return lonlat if self.offset is None else self._without_offset(lonlat, ~lost)

    def _without_offset(self, lonlat: Floats, there: Booleans) -> Floats:
        if self.offset is not None and there.any():
            lonlat[there] = self.offset(lonlat[there])
        return lonlat
