"""Lines and polygons that are hard to judge: near edges, along them, invalid, round a zone, across the whole map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyproj
import shapely
from property.zone_reference import GEOD

from geogate.measures.batch import LayerBatch
from geogate.zones.compiled_shapes import Features, features_within, near_rows, vertices_within
from geogate.zones.normalise import ZoneGeometryError, normalise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geogate.zones.boundary import Hits
    from geogate.zones.compiled import CompiledIndex


LONLAT = pyproj.CRS.from_epsg(4326)
BESIDE_M = (0.0, 0.005, 0.02, 0.055, 0.065, 0.1, 5.0)


def batch(shapes: Sequence[BaseGeometry | None], *, crs: pyproj.CRS = LONLAT) -> LayerBatch:
    return LayerBatch(
        wkb=pa.array(shapely.to_wkb(np.array(shapes, dtype=object)), pa.binary()),
        attributes=pa.record_batch({"n": pa.array(range(len(shapes)), pa.int64())}),
        crs=crs,
    )


def features(shapes: Sequence[BaseGeometry | None]) -> Features:
    made = batch(shapes)
    parts = made.geometries.parts
    assert parts is not None
    return Features(
        lonlat=made.lonlat,
        offsets=parts.offsets,
        kinds=parts.kinds,
        first=parts.first,
        shapes=made.geometries.shapes,
    )


def hits_of(index: CompiledIndex, shapes: Sequence[BaseGeometry | None]) -> Hits:
    """What features hit through a compiled index."""
    taken = features(shapes)
    rows = near_rows(index, taken)
    vertices = vertices_within(index, taken, rows=rows)
    return features_within(index, taken, rows=rows, bent=rows.row[:0], vertices=vertices)


def star(
    random: np.random.Generator, centre: Sequence[float] | NDArray[np.float64], radius: float, corners: int
) -> NDArray[np.float64]:
    """Corners round a centre: in order most times, else a ring that crosses itself."""
    turn = random.uniform(0, 2 * np.pi, corners)
    if random.uniform() < 0.7:
        turn.sort()
    reach = radius * random.uniform(0.3, 1, corners)
    lon = centre[0] + reach * np.cos(turn) / max(np.cos(np.radians(centre[1])), 0.01)
    lat = np.clip(centre[1] + reach * np.sin(turn), -90, 90)
    return np.column_stack([np.clip(lon, -180, 180), lat])


def zones_round(
    random: np.random.Generator, centre: Sequence[float], *, size: float, loose: bool
) -> list[BaseGeometry]:
    """Polygons, some with holes or several parts, and with ``loose`` points and lines as well."""
    found: list[BaseGeometry] = []
    while len(found) < 12:
        at = np.array(centre) + random.uniform(-size, size, 2)
        at[1] = np.clip(at[1], -89, 89)
        at[0] = np.clip(at[0], -179.9, 179.9)
        zone: BaseGeometry = shapely.Polygon(star(random, at, size * 10 ** random.uniform(-1.5, 0), 9))
        kind = random.integers(0, 8)
        if kind == 0:
            zone = shapely.difference(zone.buffer(0), shapely.affinity.scale(zone, 0.4, 0.4).buffer(0))
        elif kind == 1:
            zone = shapely.union(zone.buffer(0), shapely.affinity.translate(zone, size, 0).buffer(0))
        elif loose and kind == 2:
            zone = shapely.Point(at)
        elif loose and kind == 3:
            zone = shapely.LineString(star(random, at, size, 5))
        if not zone.is_empty and _is_readable(zone):
            found.append(zone)
    return found


def _is_readable(zone: BaseGeometry) -> bool:
    try:
        normalise(zone, zone="z", short_edges=True)
    except ZoneGeometryError:
        return False
    return True


def some_features(
    random: np.random.Generator, centre: Sequence[float], *, size: float, count: int
) -> list[BaseGeometry]:
    """Everything that a layer may have, valid and not, small and large."""
    return [_feature(random, centre, size) for _ in range(count)]


def _feature(random: np.random.Generator, centre: Sequence[float], size: float) -> BaseGeometry:
    at = np.clip(np.array(centre) + random.uniform(-size, size, 2), (-180, -89.9), (180, 89.9))
    radius = size * 10 ** random.uniform(-2.5, 0.5)
    path = star(random, at, radius, int(random.integers(3, 12)))
    beside = np.column_stack([np.clip(path[:, 0] + radius * random.uniform(0, 4), -180, 180), path[:, 1]])
    polygon = shapely.Polygon(path)
    several: list[BaseGeometry] = [
        shapely.Polygon(path, [at + (path - at) * 0.5]),
        shapely.MultiPolygon([polygon, shapely.Polygon(beside)]),
        shapely.GeometryCollection([shapely.Point(at), shapely.LineString(path), polygon]),
        shapely.LineString(np.repeat(path, 2, axis=0)),
        # There and back again: a spike.
        shapely.Polygon([*path, path[-2]]),
        shapely.segmentize(polygon, max(radius / 200, 1e-6)),
        shapely.LineString(path),
        polygon,
        polygon,
    ]
    return several[random.integers(0, len(several))]


def beside(random: np.random.Generator, zone: BaseGeometry, limit_m: float) -> list[BaseGeometry]:
    """Lines that pass a corner of a zone at little more or less than a distance, and lines along its edges."""
    lonlat = shapely.get_coordinates(zone)
    found: list[BaseGeometry] = []
    for away_m in BESIDE_M:
        lon, lat = lonlat[random.integers(0, len(lonlat))]
        azimuth = random.uniform(0, 360)
        at = GEOD.fwd(lon, lat, azimuth, limit_m + away_m)[:2]
        ends = [GEOD.fwd(*at, azimuth + side, random.uniform(5, 3_000))[:2] for side in (90, -90)]
        found.append(shapely.LineString(ends))
        first = int(random.integers(0, len(lonlat) - 1)) if len(lonlat) > 1 else 0
        start, end = lonlat[first], lonlat[(first + 1) % len(lonlat)]
        aside = np.array([away_m, -away_m]) / 111_000
        found.append(shapely.LineString([start + (end - start) * 0.2 + aside, start + (end - start) * 0.7 + aside]))
    on_map = [shapely.transform(line, lambda xy: np.clip(xy, (-180, -90), (180, 90))) for line in found]
    return [line for line in on_map if line.length < 90]
