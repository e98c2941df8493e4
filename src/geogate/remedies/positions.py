"""Positions on a coarser lattice: every ordinate that leaves lies on it to the bit, and geometries stay valid.

The lattice is the same for every release of the same limit: it has its origin at zero and does not follow the data.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geogate.measures.cells import labels_of
from geogate.measures.decimals import COARSEST, FINEST
from geogate.measures.reference import axis_unit
from geogate.remedies.changes import Snap

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

    from geogate.remedies.changes import SnapByCategory, SnapByLatitude
    from geogate.remedies.rows import Rows

    Floats = NDArray[np.float64]
    Shapes = NDArray[Any]

MARGIN: Final = 1.01
"""A step is longer than asked for by this, for what ellipsoids differ in and for where a position moves to."""

RADIUS_M: Final = 6_335_000.0
"""The least radius of curvature of the Earth's ellipsoid, that of the meridian at the equator, rounded down."""

_POINTS: Final = (0, 4)
_EAST_DEG, _NORTH_DEG = 180.0, 90.0


def snapped(rows: Rows, change: Snap) -> Rows:
    """Move positions onto one lattice; geometries of which nothing is left become missing."""
    limits = _limits(rows.crs)
    return rows.with_shapes(_on_lattice(rows.shapes, change.x_step, change.y_step, limits))


def snapped_by_latitude(rows: Rows, change: SnapByLatitude) -> Rows:
    """Move longitudes and latitudes onto powers of ten, each feature by the latitude that is nearest to a pole."""
    unit = axis_unit(rows.crs)
    limits = _limits(rows.crs)
    y_places = min(places_for(change.step_m, unit), change.places)
    y_step = float(10.0**-y_places)
    x_places = np.minimum(_x_places(rows.shapes, change.step_m, unit, y_step), change.places)
    shapes = np.array(rows.shapes, object)
    for places in np.unique(x_places):
        some = x_places == places
        shapes[some] = _on_lattice(shapes[some], float(10.0 ** -int(places)), y_step, limits)
    return rows.with_shapes(shapes)


def snapped_by_category(rows: Rows, change: SnapByCategory) -> Rows:
    """Move positions as the category of each row asks for; those that are to be withheld become missing."""
    place = rows.attributes.schema.get_field_index(change.column)
    labels = labels_of(rows.attributes.column(place)) if place >= 0 else pa.nulls(len(rows), pa.large_string())
    folded = pc.utf8_lower(pc.utf8_trim_whitespace(labels))
    shapes = np.array(rows.shapes, object)
    for category in change.categories:
        own = [label.strip().lower() for label in category.labels]
        some = pc.is_in(folded, value_set=pa.array(own, folded.type)).to_numpy(zero_copy_only=False)
        if category.withhold:
            shapes[some] = None
        elif category.snap is not None and some.any():
            work: Any = snapped if isinstance(category.snap, Snap) else snapped_by_latitude
            shapes[some] = work(rows.only(some), category.snap).shapes
    return rows.with_shapes(shapes)


def places_for(step_m: float, unit: float) -> int:
    """Give the most decimals of an axis whose step is so long along a meridian.

    Units: ``unit`` in radians.
    """
    if not step_m:
        return FINEST
    least = step_m * MARGIN / RADIUS_M / unit
    return int(np.clip(math.floor(-math.log10(least) + 1e-9), COARSEST, FINEST))


def _x_places(shapes: Shapes, step_m: float, unit: float, y_step: float) -> NDArray[np.int64]:
    """Give each feature the decimals of its longitudes, once its latitudes are where they will be.

    Shape: ``(rows,)``.
    """
    if not step_m:
        return np.full(len(shapes), FINEST)
    bounds = shapely.bounds(shapes)
    south, north = (on_lattice(bounds[:, side], y_step, _NORTH_DEG * math.pi / 180 / unit) for side in (1, 3))
    latitude = np.fmax(np.abs(south), np.abs(north)) * unit
    narrowing = np.cos(np.where(np.isfinite(latitude), latitude, 0.0))
    # At a pole itself a longitude moves nothing; it counts as at the equator.
    narrowing = np.where(np.abs(latitude) >= math.pi / 2 - 1e-12, 1.0, narrowing)
    least = step_m * MARGIN / (RADIUS_M * np.maximum(narrowing, 1e-9)) / unit
    places = np.floor(-np.log10(least) + 1e-9)
    return np.clip(places, COARSEST, FINEST).astype(np.int64)


def on_lattice(ordinates: Floats, step: float, limit: float) -> Floats:
    """Move ordinates to the nearest multiples of a step, of those whose absolute is at most the limit.

    A step is 1, 2 or 5 times a power of ten; the result is the double that is nearest to the decimal number.
    """
    inverse = round(1 / step) if step < 1 else 0
    wide = np.rint(ordinates * inverse) if inverse else np.rint(ordinates / step)
    if math.isfinite(limit):
        most = math.floor(limit / step * (1 + 1e-12))
        wide = np.clip(wide, -most, most)
    found: Floats = wide / inverse if inverse else wide * step
    return found + 0.0


def _limits(crs: pyproj.CRS) -> tuple[float, float]:
    """Give how far ordinates go: degrees end at the antimeridian and at the poles."""
    if not crs.is_geographic:
        return math.inf, math.inf
    unit = axis_unit(crs)
    return _EAST_DEG * math.pi / 180 / unit, _NORTH_DEG * math.pi / 180 / unit


def _on_lattice(shapes: Shapes, x_step: float, y_step: float, limits: tuple[float, float]) -> Shapes:
    """Move geometries; lines and polygons are rounded so that they stay valid, and may end as nothing."""

    def moved(xy: Floats) -> Floats:
        together = np.array(xy)
        together[:, 0] = on_lattice(xy[:, 0], x_step, limits[0])
        together[:, 1] = on_lattice(xy[:, 1], y_step, limits[1])
        return together

    shapes = flat(shapes)
    kinds = shapely.get_type_id(shapes)
    broad = (kinds >= 0) & ~np.isin(kinds, _POINTS)
    shapes[broad] = _whole(shapes[broad], x_step, y_step)
    shapes = np.asarray(_transformed(shapes, moved), object)
    shapes[shapely.is_empty(shapes)] = None
    return shapes


def _whole(shapes: Shapes, x_step: float, y_step: float) -> Shapes:
    """Round lines and polygons topologically, in a plane where a step of each axis is one."""

    def scaled(xy: Floats, by: tuple[float, float]) -> Floats:
        wide = np.array(xy)
        wide[:, 0] *= by[0]
        wide[:, 1] *= by[1]
        return wide

    wide = _transformed(shapes, lambda xy: scaled(xy, (1 / x_step, 1 / y_step)))
    wide = shapely.set_precision(shapely.make_valid(wide), 1.0)
    wide = np.asarray(shapely.remove_repeated_points(wide), object)
    kinds = shapely.get_type_id(shapes)
    wide = np.array([_of_kind(each, kind) for each, kind in zip(wide, kinds, strict=True)], object)
    return np.asarray(_transformed(wide, lambda xy: scaled(xy, (x_step, y_step))), object)


_DIMENSION: Final = {1: 1, 2: 1, 3: 2, 5: 1, 6: 2}


def _of_kind(shape: Any, kind: int) -> Any:
    """Keep the parts that have the dimension that the geometry had; rounding can leave lines of polygons."""
    wanted = _DIMENSION.get(int(kind))
    if wanted is None or shape is None or shape.geom_type != "GeometryCollection":
        return shape
    parts = [part for part in shapely.get_parts(shape) if shapely.get_dimensions(part) == wanted]
    return shapely.union_all(parts) if parts else None


def _transformed(shapes: Shapes, move: Any) -> Shapes:
    """Change x and y, and leave heights as they are; ``flat`` has taken measures off before."""
    transform: Any = shapely.transform  # include_z=None, each geometry as it is, is missing from its types

    def both(ordinates: Floats) -> Floats:
        return np.column_stack([move(ordinates[:, :2]), ordinates[:, 2:]])

    return np.asarray(transform(shapes, both, include_z=None), object)


def flat(shapes: Shapes) -> Shapes:
    """Take measures off, and heights with them: a measure is of the vertex where it was taken, which moves."""
    found = np.array(shapes, object)
    measured = shapely.has_m(found)
    found[measured] = shapely.force_2d(found[measured])
    return found
