"""From the geometry that a file gives to the one that a zone has: valid, on the map, cut at the antimeridian.

What is not wholly clear is an error: a zone is never repaired into something that protects less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from geogate.model.errors import PolicyError
from geogate.zones.unwrap import (
    UnreadableRingError,
    into_the_map,
    jumps,
    line_readings,
    on_the_map,
    ring_readings,
    why_invalid,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

_FARTHEST_LON, _FARTHEST_LAT = 360.0, 90.0
_SAME_AREA = 1e-9
_TWO_WAYS = (
    "an edge spans half of the globe's longitudes or more, and can be read in two ways round the globe: "
    "add vertices to it, or where the zone crosses the antimeridian, cut it there into two parts"
)
_MULTI_PART: dict[str, Callable[..., BaseGeometry]] = {
    "Point": shapely.MultiPoint,
    "LineString": shapely.MultiLineString,
    "Polygon": shapely.MultiPolygon,
    "": shapely.GeometryCollection,
}


class ZoneGeometryError(PolicyError):
    """A zone's geometry cannot be used; the message names the zone and holds no coordinate."""

    def __init__(self, zone: str, reason: str) -> None:
        super().__init__(
            f"zone {zone}: {reason}",
            hint="correct the zone in its source; geogate does not repair zones, because a repair may protect less",
        )
        self.zone = zone
        self.reason = reason


def normalise(geometry: BaseGeometry | None, *, zone: str, short_edges: bool = False) -> BaseGeometry:
    """Give the geometry that the zone has on the map: valid, two-dimensional, within [-180, 180] and [-90, 90].

    Vertices are longitude and latitude on WGS 84, edges are straight in degrees. Rings may cross the antimeridian with
    longitudes beyond 180, and may enclose a pole. ``short_edges`` says that edges go the short way round the globe by
    the definition of the format; then a jump of longitudes crosses the antimeridian too. Without it, an edge of half a
    turn or more is an error where both ways round make a zone: nobody can say which of them the source means.

    Raises: ZoneGeometryError.
    """
    parts = _parts(geometry, zone)
    done = [_part(part, zone, literal=not short_edges) for part in parts]
    flat: list[BaseGeometry] = [piece for part in done for piece in shapely.get_parts(part)]
    if len(flat) == 1:
        return flat[0]
    whole = _gather(flat)
    return whole if whole.is_valid else shapely.union_all(flat)


def _gather(flat: list[BaseGeometry]) -> BaseGeometry:
    kinds = {piece.geom_type for piece in flat}
    return _MULTI_PART[kinds.pop() if len(kinds) == 1 else ""](flat)


def _parts(geometry: BaseGeometry | None, zone: str) -> list[BaseGeometry]:
    if geometry is None or geometry.is_empty:
        raise ZoneGeometryError(zone, "it has no geometry, or an empty one")
    lonlat = shapely.get_coordinates(geometry)
    if not np.isfinite(lonlat).all():
        raise ZoneGeometryError(zone, "it has a coordinate that is not a finite number")
    if np.abs(lonlat[:, 0]).max() > _FARTHEST_LON or np.abs(lonlat[:, 1]).max() > _FARTHEST_LAT:
        raise ZoneGeometryError(zone, "it has a coordinate that is no longitude or no latitude in degrees")
    parts = [shapely.force_2d(geometry)]
    while any(hasattr(part, "geoms") for part in parts):
        parts = [piece for part in parts for piece in shapely.get_parts(part)]
    if any(part.is_empty for part in parts):
        raise ZoneGeometryError(zone, "it has an empty part")
    return parts


def _part(part: BaseGeometry, zone: str, *, literal: bool) -> BaseGeometry:
    if isinstance(part, shapely.Polygon):
        return _polygon(part, zone, literal=literal)
    lonlat = shapely.get_coordinates(part)
    if isinstance(part, shapely.Point):
        return shapely.Point(on_the_map(lonlat)[0])
    if not isinstance(part, shapely.LineString):
        raise ZoneGeometryError(zone, f"{part.geom_type} is no geometry of a zone")
    if not part.is_valid:
        raise ZoneGeometryError(zone, why_invalid(part))
    if not jumps(lonlat):
        return shapely.LineString(lonlat)
    readings = line_readings(lonlat, literal=literal)
    if len(readings) > 1:
        raise ZoneGeometryError(zone, _TWO_WAYS)
    return into_the_map(shapely.LineString(readings[0]))


def _polygon(polygon: shapely.Polygon, zone: str, *, literal: bool) -> BaseGeometry:
    rings = [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
    if not any(jumps(ring) for ring in rings):
        if not polygon.is_valid or polygon.area == 0:
            raise ZoneGeometryError(zone, why_invalid(polygon))
        return polygon
    area = into_the_map(_only(rings[0], zone, literal=literal))
    for ring in rings[1:]:
        hole = into_the_map(_only(ring, zone, literal=literal))
        if not _holds(area, hole):
            raise ZoneGeometryError(zone, "a hole lies outside its shell or over another hole")
        area = shapely.difference(area, hole)
    if area.is_empty or not area.is_valid:
        raise ZoneGeometryError(zone, why_invalid(area))
    return area


def _only(ring: NDArray[np.float64], zone: str, *, literal: bool) -> shapely.Polygon:
    try:
        areas = ring_readings(ring, literal=literal)
    except UnreadableRingError as error:
        raise ZoneGeometryError(zone, str(error)) from None
    if len(areas) > 1:
        raise ZoneGeometryError(zone, _TWO_WAYS)
    return areas[0]


def _holds(area: BaseGeometry, hole: BaseGeometry) -> bool:
    outside = shapely.difference(hole, area).area
    return bool(outside <= _SAME_AREA * hole.area)
