"""The slow and plain truth about zones: PROJ's geodesics to many places of each edge, and shapely on the plane."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import Geod

from geogate.model.names import Sha256, ZoneListName
from geogate.zones.normalise import normalise
from geogate.zones.zone import Zone, ZoneList

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

GEOD = Geod(ellps="WGS84")
_SAMPLES = 101


def zone_list(geometries: Iterable[BaseGeometry], *, buffer_m: float = 0.0, name: str = "list") -> ZoneList:
    zones = tuple(
        Zone(
            id=f"z{n}", category="any", buffer_m=buffer_m, geometry=normalise(geometry, zone=f"z{n}", short_edges=True)
        )
        for n, geometry in enumerate(geometries)
    )
    return ZoneList(
        name=ZoneListName(name),
        title="",
        source="",
        licence="",
        as_of=date(2026, 1, 1),
        valid_until=date(2027, 1, 1),
        digest=Sha256("0" * 64),
        zones=zones,
    )


def edges_of(geometry: BaseGeometry) -> NDArray[np.float64]:
    """All edges as rows of lon, lat, lon, lat; a point is an edge to itself."""
    found = []
    for part in shapely.get_parts([geometry]):
        rings = shapely.get_rings([part]) if part.geom_type == "Polygon" else [part]
        for ring in rings:
            lonlat = shapely.get_coordinates(ring)
            lonlat = np.concatenate([lonlat, lonlat]) if len(lonlat) == 1 else lonlat
            found.append(np.column_stack([lonlat[:-1], lonlat[1:]]))
    return np.concatenate(found)


def distance_m(lon: float, lat: float, edges: NDArray[np.float64]) -> float:
    """The geodesic distance to the nearest place of all edges, found by sampling finer and finer."""
    low, high = np.zeros(len(edges)), np.ones(len(edges))
    nearest = np.inf
    for _ in range(6):
        share = low[:, None] + (high - low)[:, None] * np.linspace(0, 1, _SAMPLES)[None, :]
        at_lon = edges[:, [0]] + (edges[:, [2]] - edges[:, [0]]) * share
        at_lat = edges[:, [1]] + (edges[:, [3]] - edges[:, [1]]) * share
        _, _, far = GEOD.inv(np.full(share.shape, lon), np.full(share.shape, lat), at_lon, at_lat)
        best = far.argmin(axis=1)
        nearest = min(nearest, float(far.min()))
        step = (high - low) / (_SAMPLES - 1)
        middle = share[np.arange(len(edges)), best]
        low, high = np.maximum(middle - step, 0), np.minimum(middle + step, 1)
        keep = far.min(axis=1) <= nearest + 1.0 + 200_000 * step
        edges, low, high = edges[keep], low[keep], high[keep]
    return nearest


def zone_distance_m(lon: float, lat: float, geometry: BaseGeometry) -> float:
    """Zero inside, else the distance to the boundary."""
    if geometry.intersects(shapely.Point(lon, lat)):
        return 0.0
    return distance_m(lon, lat, edges_of(geometry))


def at_distance(geometry: BaseGeometry, wanted_m: float, *, share: float, azimuth: float) -> tuple[float, float] | None:
    """Find a position outside whose distance to the geometry is as wanted, on a ray from a place of its boundary."""
    edges = edges_of(geometry)
    lon0, lat0, lon1, lat1 = edges[int(share * len(edges)) % len(edges)]
    within = share * len(edges) % 1
    start_lon, start_lat = lon0 + (lon1 - lon0) * within, lat0 + (lat1 - lat0) * within
    behind, behind_m, ahead = 0.0, 0.0, wanted_m
    for _ in range(14):
        lon, lat, _ = GEOD.fwd(start_lon, start_lat, azimuth, ahead)
        ahead_m = zone_distance_m(lon, lat, geometry)
        if abs(ahead_m - wanted_m) < 1e-3:
            return lon, lat
        slope = (ahead_m - behind_m) / (ahead - behind) if ahead != behind else 0.0
        if slope <= 0:
            return None
        behind, behind_m, ahead = ahead, ahead_m, ahead + (wanted_m - ahead_m) / slope
    return None


def gap_m(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """The geodesic distance between two sets of edges that do not cross, found by sampling finer and finer."""
    pairs = [(a, b, 0.0, 1.0, 0.0, 1.0) for a in range(len(first)) for b in range(len(second))]
    nearest = np.inf
    for _ in range(10):
        found = []
        for a, b, low_a, high_a, low_b, high_b in pairs:
            shares_a, shares_b = np.linspace(low_a, high_a, 21), np.linspace(low_b, high_b, 21)
            far = _all_pairs(_along(first[a], shares_a), _along(second[b], shares_b))
            at_a, at_b = np.unravel_index(far.argmin(), far.shape)
            step_a, step_b = (high_a - low_a) / 20, (high_b - low_b) / 20
            window_a = (max(shares_a[at_a] - 2 * step_a, 0.0), min(shares_a[at_a] + 2 * step_a, 1.0))
            window_b = (max(shares_b[at_b] - 2 * step_b, 0.0), min(shares_b[at_b] + 2 * step_b, 1.0))
            found.append((float(far.min()), (a, b, *window_a, *window_b)))
        found.sort(key=lambda pair: pair[0])
        nearest = min(nearest, found[0][0])
        pairs = [pair for _, pair in found[:6]]
    return nearest


def _along(edge: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return edge[:2] + (edge[2:] - edge[:2]) * shares[:, None]


def _all_pairs(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    a, b = np.repeat(first, len(second), axis=0), np.tile(second, (len(first), 1))
    _, _, far = GEOD.inv(a[:, 0], a[:, 1], b[:, 0], b[:, 1])
    return np.asarray(far).reshape(len(first), len(second))
