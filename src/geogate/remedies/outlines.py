"""Lines and outlines with vertices farther apart: vertices are left out and none is made, so that a lattice stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from geogate.measures.chords import chords_m
from geogate.measures.reference import to_lonlat

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

    from geogate.remedies.changes import SpreadVertices
    from geogate.remedies.rows import Rows

    Floats = NDArray[np.float64]

_LINES: Final = frozenset({"LineString", "MultiLineString"})
_LEAST_OF_LINE: Final = 2
_LEAST_OF_RING: Final = 3


def spread(rows: Rows, change: SpreadVertices) -> Rows:
    """Leave out vertices that are too close; rows of which nothing is left go too."""
    shapes = np.array(rows.shapes, object)
    before = ~shapely.is_missing(shapes)
    broad = np.flatnonzero(shapely.get_dimensions(shapes) > 0)
    for place in broad.tolist():
        shapes[place] = _spread(shapes[place], change.distance_m, rows.crs)
    return rows.with_shapes(shapes).only(~(before & shapely.is_missing(shapes)))


def _spread(shape: Any, distance_m: float, crs: pyproj.CRS) -> Any:
    if shape.geom_type == "Polygon":
        return _polygon(shape, distance_m, crs)
    if shape.geom_type == "LineString":
        return _line(shape, distance_m, crs)
    if shape.geom_type == "Point":
        return shape
    parts = [_spread(part, distance_m, crs) for part in shapely.get_parts(shape)]
    left = [part for part in parts if part is not None]
    if not left:
        return None
    if shape.geom_type == "MultiPolygon":
        together = shapely.multipolygons(left)
        # Outlines with fewer corners can overlap: then the largest part stands for all.
        return together if together.is_valid else max(left, key=shapely.area)
    return shapely.multilinestrings(left) if shape.geom_type in _LINES else shapely.geometrycollections(left)


def _line(line: Any, distance_m: float, crs: pyproj.CRS) -> Any:
    ordinates = _ordinates(line)
    kept = _apart(ordinates, distance_m, crs, closed=False)
    return shapely.linestrings(ordinates[kept]) if len(kept) >= _LEAST_OF_LINE else None


def _polygon(polygon: Any, distance_m: float, crs: pyproj.CRS) -> Any:
    shell = _ring(polygon.exterior, distance_m, crs)
    if shell is None:
        return None
    holes = [ring for ring in (_ring(hole, distance_m, crs) for hole in polygon.interiors) if ring is not None]
    found = shapely.Polygon(shell, holes)
    if found.is_valid:
        return found
    found = shapely.polygons(shell)
    if found.is_valid:
        return found
    # Corners of a hull in their order make no outline that crosses itself, whichever of them are left out.
    hull = found.convex_hull
    again = _ring(hull.exterior, distance_m, crs) if hull.geom_type == "Polygon" else None
    return None if again is None else shapely.polygons(again)


def _ring(ring: Any, distance_m: float, crs: pyproj.CRS) -> Any:
    ordinates = _ordinates(ring)[:-1]
    kept = _apart(ordinates, distance_m, crs, closed=True)
    if len(kept) < _LEAST_OF_RING:
        return None
    return shapely.linearrings(ordinates[[*kept, kept[0]]])


def _ordinates(shape: Any) -> Floats:
    found: Floats = shapely.get_coordinates(shape, include_z=bool(shapely.has_z(shape)))
    return found


def _apart(ordinates: Floats, distance_m: float, crs: pyproj.CRS, *, closed: bool) -> list[int]:
    """List the vertices that stay: the first, and each that is far enough from the last one that stays.

    The end of a line takes the place of vertices that are too close to it; the last of a ring is far from its first.
    """
    lonlat = np.asarray(to_lonlat(ordinates[:, :2], crs))
    kept = [0]
    for place in range(1, len(lonlat)):
        if _far(lonlat, kept[-1], place, distance_m):
            kept.append(place)
    last = 0 if closed else len(lonlat) - 1
    if not closed and kept[-1] == last:
        return kept
    while len(kept) > 1 and not _far(lonlat, kept[-1], last, distance_m):
        kept.pop()
    if closed:
        return kept
    return [*kept, last] if _far(lonlat, kept[-1], last, distance_m) else kept


def _far(lonlat: Floats, one: int, other: int, distance_m: float) -> bool:
    return bool(chords_m(lonlat[[one, other]])[0] >= distance_m)
