"""Distances on the WGS 84 ellipsoid for many pairs at once; knows nothing of zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from pyproj import Geod

if TYPE_CHECKING:
    from numpy.typing import NDArray

SEMI_MAJOR_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
ECCENTRICITY_2 = FLATTENING * (2 - FLATTENING)
SMALLEST_RADIUS_M = SEMI_MAJOR_M * (1 - ECCENTRICITY_2)
"""The smallest radius of curvature anywhere: of the meridian, at the equator."""

_GEOD = Geod(a=SEMI_MAJOR_M, f=FLATTENING)


def ecef(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn positions on the ellipsoid into Earth-centred Cartesian coordinates.

    Shape: ``(n, 2)`` to ``(n, 3)``.
    Units: degrees to metres.
    """
    lon, lat = np.radians(lonlat[:, 0]), np.radians(lonlat[:, 1])
    sin, cos = np.sin(lat), np.cos(lat)
    normal = SEMI_MAJOR_M / np.sqrt(1 - ECCENTRICITY_2 * sin * sin)
    x, y = normal * cos * np.cos(lon), normal * cos * np.sin(lon)
    return np.column_stack([x, y, normal * (1 - ECCENTRICITY_2) * sin])


def longest_geodesic_m(chord_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bound the geodesic distance of two positions from above by their straight distance through the Earth.

    Units: metres; the bound holds for chords below 1,000 km.
    """
    ratio = chord_m / SMALLEST_RADIUS_M
    bound: NDArray[np.float64] = chord_m * (1 + ratio * ratio / 20) + 1e-6
    return bound


def geodesic_m(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Measure the geodesic distance between pairs of positions.

    Shape: two times ``(n, 2)`` to ``(n,)``.
    Units: degrees to metres.
    Source: Karney (2013), as in PROJ.
    """
    _, _, distance = _GEOD.inv(start[:, 0], start[:, 1], end[:, 0], end[:, 1])
    return np.asarray(distance, dtype=np.float64)


def nearest_on_chord(
    lonlat: NDArray[np.float64], first: NDArray[np.float64], second: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the nearest place of short chords to positions, in the tangent plane of each position.

    ``first`` and ``second`` are the chords' ends as ``ecef`` gives them. Returns the geodesic distance and the share of
    the chord, from 0 to 1, at which it is reached. The plane shows lengths seen along the normal section, which
    ``asin`` turns back into lengths on the ellipsoid: within 1 mm up to 100 km, and 40 cm up to 500 km.

    Shape: ``(n, 2)`` and two times ``(n, 3)`` to two times ``(n,)``.
    Units: degrees and metres to metres.
    """
    east0, north0, east1, north1 = _plane(lonlat, first, second)
    east, north = east1 - east0, north1 - north0
    length2 = east * east + north * north
    along = -(east0 * east + north0 * north)
    share = np.clip(np.divide(along, length2, out=np.zeros_like(along), where=length2 > 0), 0.0, 1.0)
    east, north = east0 + share * east, north0 + share * north
    return _from_plane(lonlat[:, 1], east, north), share


def _plane(
    lonlat: NDArray[np.float64], first: NDArray[np.float64], second: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    lon, lat = np.radians(lonlat[:, 0]), np.radians(lonlat[:, 1])
    sin_lon, cos_lon, sin_lat, cos_lat = np.sin(lon), np.cos(lon), np.sin(lat), np.cos(lat)
    centre = ecef(lonlat)
    ordinates = []
    for end in (first, second):
        x, y, z = (end - centre).T
        ordinates += [cos_lon * y - sin_lon * x, cos_lat * z - sin_lat * (cos_lon * x + sin_lon * y)]
    east0, north0, east1, north1 = ordinates
    return east0, north0, east1, north1


def _from_plane(lat: NDArray[np.float64], east: NDArray[np.float64], north: NDArray[np.float64]) -> NDArray[np.float64]:
    """Source: Euler's theorem for the curvature of the normal section towards ``(east, north)``."""
    apparent = np.hypot(east, north)
    sin = np.sin(np.radians(lat))
    w2 = 1 - ECCENTRICITY_2 * sin * sin
    normal = SEMI_MAJOR_M / np.sqrt(w2)
    meridian = normal * (1 - ECCENTRICITY_2) / w2
    cos2 = np.divide(north, apparent, out=np.zeros_like(north), where=apparent > 0) ** 2
    radius = meridian * normal / (normal * cos2 + meridian * (1 - cos2))
    distance: NDArray[np.float64] = radius * np.arcsin(np.minimum(apparent / radius, 1.0))
    return distance
