"""Zones of all kinds and positions that are hard to judge in them, from a seed."""

from __future__ import annotations

from datetime import date
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
import shapely
from property.zone_reference import GEOD

from geogate.model.names import Sha256, ZoneListName
from geogate.zones.normalise import ZoneGeometryError, normalise
from geogate.zones.zone import Zone, ZoneList

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

RADII_M = (5.0, 30.0, 2_000.0, 60_000.0, 1_000_000.0, 4_000_000.0)
BESIDE_M = (0.005, 0.0099, 0.0101, 0.015, 0.019, 0.021, 0.05, 0.07, 1.0, 30.0, 2_000.0)
FROM_LIMIT_M = (-100.0, -0.02, -0.009, 0.009, 0.011, 0.03, 0.07, 100.0)


def star(random: np.random.Generator, lon: float, lat: float, *, radius_m: float) -> NDArray[np.float64]:
    """A ring round a place, some of its corners farther in."""
    count = int(random.integers(3, 12))
    bearing, arms = np.linspace(0, 360, count, endpoint=False), random.uniform(0.4, 1, count) * radius_m
    at_lon, at_lat, _ = GEOD.fwd(np.full(count, lon), np.full(count, lat), bearing, arms)
    return np.column_stack([at_lon, at_lat])


def any_zone(random: np.random.Generator) -> BaseGeometry:
    """A star, with a hole or in two parts, a line, a point, or a box as large as the globe or as thin as a hair."""
    lon = random.choice([random.uniform(-180, 180), random.uniform(-180, 180), 180.0, -180.0, 179.999])
    lat = random.choice([random.uniform(-80, 80), random.uniform(-80, 80), 89.9, 89.99999, -89.5, 0.0])
    radius_m = random.choice(RADII_M)
    radius_m = min(radius_m, 60_000.0) if abs(lat) > 80 else radius_m
    ring = star(random, lon, lat, radius_m=radius_m)
    kind = random.choice(["star", "star", "star", "hole", "line", "point", "two", "box"])
    if kind == "hole":
        return shapely.Polygon(ring, [star(random, lon, lat, radius_m=radius_m / 20)])
    if kind == "line":
        return shapely.LineString(ring)
    if kind == "point":
        return shapely.Point(lon, lat)
    if kind == "two":
        beside = (float(np.clip(lon + 1, -179, 179)), float(np.clip(lat - 2, -89, 89)))
        return shapely.MultiPolygon([shapely.Polygon(ring), shapely.Polygon(star(random, *beside, radius_m=2_000.0))])
    zone: BaseGeometry = _box(random) if kind == "box" else shapely.Polygon(ring)
    return zone


def _box(random: np.random.Generator) -> BaseGeometry:
    west, east = np.sort(random.uniform(-180, 180, 2))
    south, north = np.sort(random.uniform(-90, 90, 2))
    boxes = [
        (west, south, east, north),
        (-180, south, 180, 90),
        (-180, -90, 180, 90),
        (west, -90, east, north),
        (west, south, east, min(south + 1e-7, 90)),
        (-180, south, 180, north),
    ]
    box: BaseGeometry = shapely.box(*boxes[int(random.integers(0, len(boxes)))])
    return box


def usable_zones(random: np.random.Generator, *, most: int) -> list[BaseGeometry]:
    """Up to ``most`` zones that a list accepts, sometimes the same one twice."""
    zones: list[BaseGeometry] = []
    wanted = random.integers(1, most + 1)
    while len(zones) < wanted:
        try:
            zones.append(normalise(any_zone(random), zone="z", short_edges=True))
        except ZoneGeometryError:
            continue
    return [*zones, zones[0]] if random.uniform() < 0.2 else zones


def listed(zones: Iterable[BaseGeometry], own_m: Iterable[float] = repeat(0.0), *, digest: str = "0" * 64) -> ZoneList:
    """A list of zones that are as ``normalise`` gives them, each with a distance of its own."""
    return ZoneList(
        name=ZoneListName("list"),
        title="",
        source="",
        licence="",
        as_of=date(2026, 1, 1),
        valid_until=date(2027, 1, 1),
        digest=Sha256(digest),
        zones=tuple(
            Zone(id=f"z{number}", category="any", buffer_m=float(own), geometry=zone)
            for number, (zone, own) in enumerate(zip(zones, own_m, strict=False))
        ),
    )


def hard_positions(random: np.random.Generator, zone: BaseGeometry, limit_m: float) -> NDArray[np.float64]:
    """Positions on the vertices and edges of a zone, beside them, and about as far away as its distance."""
    places = _on_edges(random, zone)
    found = [shapely.get_coordinates(zone)[:40], places]
    far_m = [*BESIDE_M, limit_m * 0.5, *(limit_m + more for more in FROM_LIMIT_M)]
    found.extend(_away(random, places, away_m) for away_m in far_m if away_m > 0)
    west, south, east, north = zone.bounds
    found.append(np.column_stack([random.uniform(west - 1, east + 1, 20), random.uniform(south - 1, north + 1, 20)]))
    return _on_globe(np.concatenate(found))


def odd_positions(random: np.random.Generator, *, bands: int) -> NDArray[np.float64]:
    """Positions anywhere, on borders of cells, on the antimeridian and at the poles."""
    rows = random.integers(0, bands * 256 + 1, 30) * (180 / (bands * 256)) - 90
    found = [
        np.column_stack([random.uniform(-180, 180, 30), random.uniform(-90, 90, 30)]),
        np.column_stack([random.uniform(-180, 180, 30), rows]),
        np.column_stack([np.repeat([180.0, -180.0], 10), random.uniform(-90, 90, 20)]),
        np.column_stack([random.uniform(-180, 180, 20), np.repeat([90.0, -90.0], 10)]),
        np.column_stack([random.uniform(-540, 540, 10), random.uniform(-90, 90, 10)]),
    ]
    return _on_globe(np.concatenate(found))


def _on_edges(random: np.random.Generator, zone: BaseGeometry) -> NDArray[np.float64]:
    lines = zone.boundary if zone.geom_type in {"Polygon", "MultiPolygon"} else zone
    if lines.length == 0:
        return shapely.get_coordinates(zone)
    parts = shapely.get_parts([lines])
    return np.concatenate(
        [shapely.get_coordinates(shapely.line_interpolate_point(p, random.uniform(0, p.length, 6))) for p in parts]
    )


def _away(random: np.random.Generator, places: NDArray[np.float64], away_m: float) -> NDArray[np.float64]:
    bearing = random.uniform(0, 360, len(places))
    lon, lat, _ = GEOD.fwd(places[:, 0], places[:, 1], bearing, np.full(len(places), away_m))
    return np.column_stack([lon, lat])


def _on_globe(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([np.clip(lonlat[:, 0], -540, 540), np.clip(lonlat[:, 1], -90, 90)])
