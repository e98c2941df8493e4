"""How far two geometries are apart on the ellipsoid, for few pairs and with PROJ: the judge of differing answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyproj
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Shapes = NDArray[np.object_]

GEOD: Final = pyproj.Geod(ellps="WGS84")


def gap_m(one: Shapes, other: Shapes) -> Floats:
    """Measure the geodesics between pairs of geometries whose edges are straight in degrees; 0 where they touch.

    Both are stretched so that a degree is as long in both directions as it is on the ellipsoid there: straight edges
    stay straight, and the nearest positions are the nearest ones but for errors of second order. What is returned is
    the geodesic between them, so that it is never too short.

    Shape: ``(n,)`` each.
    Units: degrees; metres.
    """
    east, north = _metres_per_degree(shapely.get_coordinates(shapely.centroid(one))[:, 1])
    nearest = shapely.shortest_line(_stretched(one, east, north), _stretched(other, east, north))
    ends = shapely.get_coordinates(nearest).reshape(-1, 2, 2)
    ends = ends / np.column_stack([east, north])[:, None, :]
    gap = np.asarray(GEOD.inv(ends[:, 0, 0], ends[:, 0, 1], ends[:, 1, 0], ends[:, 1, 1])[2])
    gap[shapely.intersects(one, other)] = 0.0
    return gap


def _metres_per_degree(latitude: Floats) -> tuple[Floats, Floats]:
    sine = np.sin(np.radians(latitude))
    across = GEOD.a / np.sqrt(1 - GEOD.es * sine**2)
    along = across * (1 - GEOD.es) / (1 - GEOD.es * sine**2)
    return np.radians(across) * np.cos(np.radians(latitude)), np.radians(along)


def _stretched(shapes: Shapes, east: Floats, north: Floats) -> Shapes:
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    return np.asarray(shapely.set_coordinates(shapes.copy(), xy * np.column_stack([east, north])[owner]))
