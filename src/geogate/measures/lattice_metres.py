"""What the steps of a lattice are on the ground, from the kept measurement alone; it knows no limit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import pyproj

from geogate.measures.decimals import FINEST
from geogate.measures.lattice import Extent
from geogate.measures.measure import UnmeasurableError
from geogate.measures.reference import axis_unit, horizontal, to_own_lonlat

if TYPE_CHECKING:
    from geogate.measures.lattice import Decimals, Lattice

_X: Final = 0
_AXES: Final = ("x", "y")

_NODES: Final = 17
"""Nodes along each side of the grid on which the scale of a projection is looked up, the corners among them."""

_BASE_M: Final = 100.0
"""Long enough that the rounding of an inverse projection does not count, short enough that its bending does not.

Units: metres.
"""


_EQUATOR: Final = Extent(min_x=0.0, min_y=0.0, max_x=0.0, max_y=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The step of one class of one axis, where it is shortest on the ground.

    ``step`` and ``metres`` are 0 for the class of the numbers that lie on no lattice; ``step`` is in the unit of the
    axis.
    """

    axis: str
    places: int
    count: int
    step: float
    metres: float

    @property
    def label(self) -> str:
        """The class in words, for example ``7 decimals``, ``multiples of 100`` or ``more than 15 decimals``."""
        if self.places > FINEST:
            return f"more than {FINEST} decimals"
        if self.places <= 0:
            return f"multiples of {10**-self.places:,}"
        return f"{self.places} decimal{'s' if self.places > 1 else ''}"


def steps(lattice: Lattice) -> tuple[Step, ...]:
    """List the classes of both axes with their steps in metres.

    Raises: UnmeasurableError when the reference system does not say how long a step is.
    """
    return tuple(
        Step(
            axis=_AXES[axis],
            places=decimals.places,
            count=decimals.count,
            step=decimals.step,
            metres=_metres(decimals, lattice.crs, axis),
        )
        for axis, histogram in enumerate((lattice.x, lattice.y))
        for decimals in histogram
    )


def finest_step(lattice: Lattice) -> Step | None:
    """Find the step that is shortest on the ground, over all classes and both axes; ``None`` without any vertex.

    Raises: UnmeasurableError when the reference system does not say how long a step is.
    """
    return min(steps(lattice), key=lambda step: (step.metres, step.axis, step.places), default=None)


def layer_step(lattice: Lattice, axis: str) -> float | None:
    """Return the step of the coarsest lattice that holds all ordinates of an axis; ``None`` without any.

    Units: those of the axis.
    """
    histogram = lattice.x if axis == _AXES[_X] else lattice.y
    # Each step of a coarser class is a multiple of each step of a finer one.
    return histogram[-1].step if histogram else None


def _metres(decimals: Decimals, wkt: str, axis: int) -> float:
    if decimals.step == 0:
        return 0.0
    if decimals.extent is None:
        # All these longitudes are at a pole, where they move nothing; but they leave, and so count as at the equator.
        return _degrees_as_metres(decimals.step * _unit(wkt), _EQUATOR, wkt, axis)
    if _is_geographic(wkt):
        return _degrees_as_metres(decimals.step * _unit(wkt), decimals.extent, wkt, axis)
    return decimals.step * _metres_per_unit(decimals.extent, wkt, axis)


@lru_cache(maxsize=16)
def _crs(wkt: str) -> pyproj.CRS:
    return pyproj.CRS.from_wkt(wkt)


@lru_cache(maxsize=16)
def _is_geographic(wkt: str) -> bool:
    return bool(_crs(wkt).is_geographic)


@lru_cache(maxsize=16)
def _unit(wkt: str) -> float:
    return axis_unit(_crs(wkt))


@lru_cache(maxsize=16)
def _semi_axes(wkt: str) -> tuple[float, float]:
    ellipsoid = horizontal(_crs(wkt)).ellipsoid
    if ellipsoid is None:
        raise UnmeasurableError("the reference system has no ellipsoid")
    return ellipsoid.semi_major_metre, ellipsoid.semi_minor_metre


@lru_cache(maxsize=4096)  # remedies are found by looking at the same classes again and again
def _degrees_as_metres(angle: float, extent: Extent, wkt: str, axis: int) -> float:
    """Return the length of an angle along the parallel that is nearest to a pole, or the meridian farthest from it.

    Units: ``angle`` in radians.
    Source: radii of curvature, Snyder (1987), Map Projections: A Working Manual, equations 4-18 and 4-20.
    """
    a, b = _semi_axes(wkt)
    e2 = 1 - (b / a) ** 2
    unit = _unit(wkt)
    south, north = (latitude * unit for latitude in (extent.min_y, extent.max_y))
    angle = min(angle, np.pi / 2)
    if axis == _X:
        latitude = max(abs(south), abs(north))
        return float(angle * a * np.cos(latitude) / np.sqrt(1 - e2 * np.sin(latitude) ** 2))
    nearest = 0.0 if south <= 0 <= north else min(abs(south), abs(north))
    # A meridian bends most at the equator; the step may lead towards it.
    latitude = max(nearest - angle, 0.0)
    return float(angle * a * (1 - e2) / (1 - e2 * np.sin(latitude) ** 2) ** 1.5)


@lru_cache(maxsize=1024)
def _metres_per_unit(extent: Extent, wkt: str, axis: int) -> float:
    """Return how far one unit of an axis leads on the ground where it leads least, on a grid over the extent."""
    crs = _crs(wkt)
    base = _BASE_M / axis_unit(crs)
    x, y = np.meshgrid(np.linspace(extent.min_x, extent.max_x, _NODES), np.linspace(extent.min_y, extent.max_y, _NODES))
    nodes = np.stack([x.ravel(), y.ravel()], axis=1)
    half = np.where(np.arange(2) == axis, base / 2, 0.0)
    one, other = to_own_lonlat(nodes - half, crs), to_own_lonlat(nodes + half, crs)
    # At the rim of a projection steps shrink without limit: what is outside may not be left out.
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise UnmeasurableError(
            "the extent of the vertices lies outside the projection of their reference system, at least in part"
        )
    a, b = _semi_axes(wkt)
    geod = pyproj.Geod(a=a, b=b)
    _, _, metres = geod.inv(*one.T, *other.T)
    return float(np.min(metres) / base)
