"""Where the pixels of an image lie: by an affine transform, by control points, or by a sensor model.

The latter two are ways to guess: each way that recipients are known to use is asked, and all answers count.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol

import numpy as np
import pyproj

from geogate.libraries.rasters import strict_raster
from geogate.measures.published import published
from geogate.measures.raster import Georeferencing
from geogate.measures.reference import to_lonlat
from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geogate.libraries.rasters import Pixels

    Floats = NDArray[np.float64]

_LEAST_POINTS: Final = 3
_MOST_POINTS: Final = 5_000
_POLE: Final = 90.0
_SLACK: Final = 1.1
"""The fit's residual is taken this many times, because between the control points it may err more."""

_IDENTITY: Final = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

GEOD: Final = pyproj.Geod(ellps="WGS84")


class Place(Protocol):
    """Where the pixels of an image lie."""

    @property
    def kind(self) -> Georeferencing:
        """What says it."""
        ...

    def lonlat(self, pixels: Floats) -> tuple[Floats, ...]:
        """Give the longitudes and latitudes of positions in the image, once for each way to find them.

        Shape: ``(n, 2)``, column and row from the upper left corner of the first pixel, and several times ``(n, 2)``.
        Units: pixels, degrees.
        Raises: UnmeasurableError, UnreadableError when there is none.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AffinePlace:
    """An affine transform into a reference system; ``numbers`` are a to f as rasterio names them."""

    numbers: tuple[float, float, float, float, float, float]
    crs: pyproj.CRS

    @property
    def kind(self) -> Georeferencing:
        """An affine transform."""
        return Georeferencing.AFFINE

    def xy(self, pixels: Floats) -> Floats:
        """Transform positions in the image into the reference system."""
        a, b, c, d, e, f = self.numbers
        column, row = pixels[:, 0], pixels[:, 1]
        return np.column_stack([a * column + b * row + c, d * column + e * row + f])

    def lonlat(self, pixels: Floats) -> tuple[Floats, ...]:
        """Give the positions; those of a pixel that reaches over a pole are on it.

        Raises: UnmeasurableError.
        """
        xy = self.xy(pixels)
        if is_degrees(self.crs):
            xy[:, 1] = np.clip(xy[:, 1], -_POLE, _POLE)
        return (to_lonlat(xy, self.crs),)


@dataclass(frozen=True, kw_only=True)
class ControlPointPlace:
    """Ground control points, fitted by a polynomial and by a thin plate spline."""

    points: tuple[tuple[float, float, float, float], ...]
    crs: pyproj.CRS

    @property
    def kind(self) -> Georeferencing:
        """Control points."""
        return Georeferencing.CONTROL_POINTS

    @cached_property
    def _ways(self) -> tuple[Any, ...]:
        from rasterio.control import GroundControlPoint
        from rasterio.transform import GCPTransformer

        points = [GroundControlPoint(row=row, col=column, x=x, y=y) for column, row, x, y in self.points]
        return (GCPTransformer(points), GCPTransformer(points, tps=True))

    def lonlat(self, pixels: Floats) -> tuple[Floats, ...]:
        """Give the positions by both ways.

        Raises: UnreadableError, UnmeasurableError.
        """
        found = []
        with strict_raster("placed by its control points"):
            for way in self._ways:
                xs, ys = way.xy(pixels[:, 1].tolist(), pixels[:, 0].tolist(), offset="ul")
                found.append(np.column_stack([xs, ys]).astype(np.float64))
        return tuple(to_lonlat(xy, self.crs) for xy in found)

    @cached_property
    def residual_m(self) -> float:
        """How far the ways are from the control points at most.

        Units: metres.
        Raises: UnreadableError, UnmeasurableError.
        """
        points = np.array(self.points)
        own = to_lonlat(points[:, 2:], self.crs)
        return max(float(np.max(GEOD.inv(*own.T, *found.T)[2])) for found in self.lonlat(points[:, :2])) * _SLACK


@dataclass(frozen=True, kw_only=True)
class SensorPlace:
    """Rational polynomial coefficients, at the least, the middle and the greatest height that they are made for."""

    coefficients: Any

    @property
    def kind(self) -> Georeferencing:
        """A sensor model."""
        return Georeferencing.SENSOR_MODEL

    @cached_property
    def _way(self) -> Any:
        from rasterio.transform import RPCTransformer

        return RPCTransformer(self.coefficients)

    @property
    def heights_m(self) -> tuple[float, ...]:
        """The heights at which positions are asked for."""
        middle, spread = float(self.coefficients.height_off), float(self.coefficients.height_scale)
        return (middle - spread, middle, middle + spread)

    @property
    def residual_m(self) -> float:
        """How far the coefficients err by their own account.

        Units: metres.
        """
        bias, noise = self.coefficients.err_bias, self.coefficients.err_rand
        return float(abs(bias or 0.0) + abs(noise or 0.0)) * _SLACK

    def lonlat(self, pixels: Floats) -> tuple[Floats, ...]:
        """Give the positions at each height.

        Raises: UnreadableError.
        """
        found = []
        columns, rows = pixels[:, 0].tolist(), pixels[:, 1].tolist()
        with strict_raster("placed by its sensor model"):
            for height in self.heights_m:
                xs, ys = self._way.xy(rows, columns, zs=[height] * len(rows), offset="ul")
                found.append(np.column_stack([xs, ys]).astype(np.float64))
        return tuple(to_lonlat(lonlat, pyproj.CRS.from_epsg(4326)) for lonlat in found)


def is_degrees(crs: pyproj.CRS) -> bool:
    """Say whether the axes are a longitude and a latitude in degrees."""
    return bool(crs.is_geographic and all(axis.unit_name.startswith("degree") for axis in crs.axis_info[:2]))


def place_of(dataset: Pixels, *, crs: pyproj.CRS | None) -> Place:
    """Find what says where an image lies; a transform counts before control points, and these before a model.

    ``crs`` is the layer's, which counts for a transform; ``crs_of`` makes sure that there is one of the three.

    Raises: UnreadableError when it cannot be so.
    """
    numbers = tuple(dataset.transform)[:6]
    points, points_crs = dataset.gcps
    if numbers != _IDENTITY:
        return AffinePlace(numbers=_sound(numbers), crs=_known(crs))
    if points:
        return _by_points(points, points_crs)
    return SensorPlace(coefficients=dataset.rpcs)


def crs_of(dataset: Pixels) -> pyproj.CRS | None:
    """Return the reference system of the layer: that of the transform, or WGS 84 where the image was fitted.

    Raises: UnreadableError when nothing says where the image lies.
    """
    if tuple(dataset.transform)[:6] == _IDENTITY:
        if dataset.gcps[0] or dataset.rpcs is not None:
            return pyproj.CRS.from_epsg(4326)
        raise UnreadableError(
            "the image does not say where it lies", remedy="georeference it, within the file and not beside it"
        )
    if dataset.crs is None:
        return None
    return pyproj.CRS.from_wkt(dataset.crs.to_wkt())


def _sound(numbers: tuple[float, ...]) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = numbers
    extent = abs(a * e - b * d)
    if not np.isfinite(numbers).all() or not np.isfinite(extent) or extent == 0:
        raise UnreadableError(
            "the transform of the image is not finite, or its pixels have no size", remedy="georeference it again"
        )
    return a, b, c, d, e, f


def _known(crs: pyproj.CRS | None) -> pyproj.CRS:
    if crs is None:
        raise UnreadableError("the image has no reference system", remedy="declare it in the file")
    return crs


def _by_points(points: Sequence[Any], crs: Any) -> Place:
    known = published(pyproj.CRS.from_wkt(crs.to_wkt())) if crs is not None else None
    if known is None:
        raise UnreadableError(
            "the control points of the image have no reference system that an authority publishes",
            remedy="warp the image to a published one: `gdalwarp -t_srs EPSG:4326`",
        )
    numbers = tuple((float(point.col), float(point.row), float(point.x), float(point.y)) for point in points)
    if not _LEAST_POINTS <= len(numbers) <= _MOST_POINTS or not np.isfinite(np.array(numbers)).all():
        raise UnreadableError(
            "the image has too few or too many control points, or some that are not finite",
            remedy="warp the image: `gdalwarp -t_srs EPSG:4326`",
        )
    return ControlPointPlace(points=numbers, crs=known)
