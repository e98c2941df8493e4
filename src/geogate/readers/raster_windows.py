"""The windows of an image: how it is cut, the outline of each window, and how finely it samples the ground."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from shapely import affinity

from geogate.measures.measure import UnmeasurableError
from geogate.measures.raster import WINDOW
from geogate.measures.source import UnreadableError
from geogate.readers.raster_place import GEOD, AffinePlace, ControlPointPlace, SensorPlace, is_degrees

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geogate.readers.raster_place import Place

    Floats = NDArray[np.float64]

_EAST: Final = 180.0
_POLE: Final = 90.0
_TURN: Final = 360.0
_EXACT_DEG: Final = 1e-7
"""An image that reaches this little beyond the edge of the map ends at it: a centimetre."""

_BASELINE_M: Final = 100.0
"""Distances are measured over so many pixels, because positions have errors of their own."""

_CONVERGING: Final = 85.0
"""Nearer to a pole than this, columns of a grid in degrees are closer than its image is fine.

Units: degrees.
"""

_SHARES: Final = np.array([(x, y) for x in (0.0, 0.5, 1.0) for y in (0.0, 0.5, 1.0)])
_AROUND: Final = np.arange(0.0, 360.0, 45.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image of a file: the base or an overview, with its size and how large its pixels are in those of the base."""

    name: str
    level: int
    width: int
    height: int
    scale_x: float
    scale_y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A window of an image.

    Units: pixels of the image.
    """

    column: int
    row: int
    columns: int
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """The outline of a window; ``gridded`` as in ``geogate.measures.raster.COLUMNS``."""

    geometry: BaseGeometry
    gridded: bool


def windows(image: Image, place: Place) -> Iterator[Window]:
    """Cut an image into windows, in rows of them; at the antimeridian there is a cut too."""
    starts = {*range(0, image.width, WINDOW), *_at_the_antimeridian(image, place)}
    columns = [*sorted(starts), image.width]
    for row in range(0, image.height, WINDOW):
        rows = min(WINDOW, image.height - row)
        for start, end in pairwise(columns):
            yield Window(column=start, row=row, columns=end - start, rows=rows)


def _at_the_antimeridian(image: Image, place: Place) -> Iterator[int]:
    """Yield the columns before and after the antimeridian, where the image is upright in degrees."""
    if not isinstance(place, AffinePlace) or not is_degrees(place.crs):
        return
    a, b, c, d, _, _ = place.numbers
    if b or d:
        return
    for meridian in (-3 * _EAST, -_EAST, _EAST, 3 * _EAST):
        column = (meridian - c) / (a * image.scale_x)
        exact = abs(column - round(column)) * abs(a) <= _EXACT_DEG
        for each in (round(column),) if exact else (int(np.floor(column)), int(np.floor(column)) + 1):
            if 0 < each < image.width:
                yield each


def outline(window: Window, image: Image, place: Place) -> Outline:
    """Draw the outline of a window in the layer's reference system.

    Raises: UnreadableError, UnmeasurableError when it cannot be told.
    """
    if not isinstance(place, AffinePlace):
        return Outline(geometry=_hull(window, image, place), gridded=False)
    corners = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)])
    ring = place.xy(_pixels(window, image, corners))
    if not np.isfinite(ring).all():
        raise UnreadableError("the transform of the image leads out of all numbers", remedy="georeference it again")
    if not is_degrees(place.crs):
        return Outline(geometry=shapely.Polygon(ring), gridded=True)
    return _on_the_map(ring, height=abs(place.numbers[4] * image.scale_y) + abs(place.numbers[3] * image.scale_x))


def _on_the_map(ring: Floats, *, height: float) -> Outline:
    """Bring a ring in degrees between -180 and 180 and onto the poles; ``height`` is how much a pixel may overlap."""
    ring, gridded = ring.copy(), True
    ring[:, 0] -= _TURN * np.floor((ring[:, 0].min() + _EAST + _EXACT_DEG) / _TURN)
    near = np.abs(ring) <= np.array([_EAST, _POLE]) + _EXACT_DEG
    ring = np.where(near, np.clip(ring, [-_EAST, -_POLE], [_EAST, _POLE]), ring)
    over = np.abs(ring[:, 1]).max() - _POLE
    if 0 < over <= height:
        ring[:, 1], gridded = np.clip(ring[:, 1], -_POLE, _POLE), False
    if ring[:, 0].max() > _EAST:
        return Outline(geometry=_split(shapely.Polygon(ring)), gridded=False)
    return Outline(geometry=shapely.Polygon(ring), gridded=gridded)


def _split(polygon: BaseGeometry) -> BaseGeometry:
    """Cut a polygon at the antimeridian and bring the eastern piece to the west."""
    west, south, east, north = polygon.bounds
    if east - west > _TURN + _EXACT_DEG:
        raise UnreadableError("a window of the image goes round the Earth more than once", remedy="crop the image")
    here = polygon.intersection(shapely.box(-_EAST, south - 1, _EAST, north + 1))
    there = polygon.intersection(shapely.box(_EAST, south - 1, east + 1, north + 1))
    parts = [part for piece in (here, affinity.translate(there, -_TURN)) for part in shapely.get_parts(piece)]
    return shapely.MultiPolygon([part for part in parts if isinstance(part, shapely.Polygon) and part.area])


def _hull(window: Window, image: Image, place: Place) -> BaseGeometry:
    """Draw round all places where the window may lie, with what the fit errs."""
    if not isinstance(place, ControlPointPlace | SensorPlace):
        raise TypeError("a place that is neither affine nor fitted")
    steps = np.linspace(0.0, 1.0, 5)
    shares = np.array([(x, y) for x in steps for y in steps])
    lonlat = np.concatenate(place.lonlat(_pixels(window, image, shares)))
    if np.abs(lonlat[:, 1]).max() > _POLE - 1:
        raise UnreadableError("an image that was fitted lies at a pole", remedy="warp the image: `gdalwarp`")
    far_m = np.full(len(lonlat), max(place.residual_m, 0.001))
    around = [
        np.column_stack(GEOD.fwd(lonlat[:, 0], lonlat[:, 1], np.full(len(lonlat), at), far_m)[:2]) for at in _AROUND
    ]
    points = np.concatenate([lonlat, *around])
    first = points[0, 0]
    points[:, 0] = first + (points[:, 0] - first + _EAST) % _TURN - _EAST
    hull = shapely.convex_hull(shapely.MultiPoint(points))
    turned = affinity.translate(hull, -_TURN * np.floor((hull.bounds[0] + _EAST) / _TURN))
    return _split(turned) if turned.bounds[2] > _EAST else turned


def distances_m(window: Window, image: Image, place: Place) -> tuple[float, float]:
    """Measure the finest ground sample distances in a window: from column to column, and from row to row.

    A grid of places is looked at. Between rows of skewed pixels the distance is the one across them. NaN where there is
    no place.

    Units: metres.
    Raises: UnreadableError.
    """
    try:
        first = _distances_m(window, image, place, np.ones(2))
        with np.errstate(divide="ignore", invalid="ignore"):
            wanted = np.ceil(_BASELINE_M / np.array(first))
        size = np.array([window.columns, window.rows], np.float64)
        return _distances_m(window, image, place, np.clip(np.where(np.isfinite(wanted), wanted, size), 1.0, size))
    except UnmeasurableError:
        return (float("nan"), float("nan"))


def _distances_m(window: Window, image: Image, place: Place, steps: Floats) -> tuple[float, float]:
    size = np.array([window.columns, window.rows], np.float64)
    from_ = _SHARES * (size - steps)
    found = [
        place.lonlat(_pixels(window, image, (from_ + np.array(step) * steps) / size))
        for step in ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))
    ]
    x, y = np.inf, np.inf
    for start, across, along in zip(*found, strict=True):
        azimuth_x, _, far_x = GEOD.inv(*start.T, *across.T)
        azimuth_y, _, far_y = GEOD.inv(*start.T, *along.T)
        skew = np.abs(np.sin(np.radians(azimuth_x - azimuth_y)))
        own_x, own_y = far_x / steps[0] * skew, far_y / steps[1] * skew
        if isinstance(place, AffinePlace) and is_degrees(place.crs):
            far = np.abs(start[:, 1]) > _CONVERGING
            # Towards a pole the azimuths turn within a pixel: rows and columns are still at right angles.
            own_x, own_y = np.where(far, far_y / steps[1], own_x), np.where(far, far_y / steps[1], own_y)
        x, y = min(x, float(np.min(own_x))), min(y, float(np.min(own_y)))
    return (x, y)


def _pixels(window: Window, image: Image, shares: Floats) -> Floats:
    """Turn shares of a window into positions in the base image."""
    size = np.array([window.columns, window.rows], np.float64)
    found: Floats = (np.array([window.column, window.row]) + shares * size) * [image.scale_x, image.scale_y]
    return found
