"""The compiled form of a zone list: which positions and shapes are in a zone or within its distance; reads no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import shapely

from geogate.model.errors import PolicyError
from geogate.zones.boundary import Boundary, Hits
from geogate.zones.raster import Raster
from geogate.zones.segments import Segments, segments_of
from geogate.zones.shapes import Shapes
from geogate.zones.unwrap import on_the_map

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.zones.zone import Zone, ZoneList

FARTHEST_BUFFER_M = 500_000.0
"""Up to this distance the tangent plane is good enough to say which pairs PROJ has to decide."""

FARTHEST_LON, FARTHEST_LAT = 540.0, 90.0

_AREA = 2
_POINTS_AT_ONCE = 65_536


class OffGlobeError(ValueError):
    """Positions are not finite or not on the globe; the message has counts and no coordinate."""


class ZoneIndex:
    """All zones of a list with their distances, compiled once; immutable and safe to use from several threads.

    A position or shape is hit by a zone when it touches the zone's geometry, edges straight in degrees, or when its
    geodesic distance on the WGS 84 ellipsoid to it is at most the zone's distance; what is within a centimetre of the
    limit is hit.
    """

    def __init__(
        self, *, parts: NDArray[np.object_], part_zone: NDArray[np.int64], limit_m: NDArray[np.float64]
    ) -> None:
        """Compile points, lines and polygons, each with the number of its zone, and the distance of each zone."""
        is_area = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
        self._parts, self._part_zone = parts, part_zone
        self._area = np.flatnonzero(is_area)
        _prepare(parts)
        self._part_tree, self._area_tree = shapely.STRtree(parts), shapely.STRtree(parts[is_area])
        self._boundary = Boundary(segments_of(parts, part_zone), limit_m=limit_m)
        self._raster = Raster(boxes=self._boundary.boxes, polygons=list(parts[is_area]))

    @classmethod
    def build(cls, zone_list: ZoneList, *, buffer_m: float) -> Self:
        """Compile a list; the distance of each zone is the larger of its own and ``buffer_m``.

        Units: metres.
        Raises: PolicyError when there is no zone, a distance is impossible, or a point or line has no distance.
        """
        if not zone_list.zones:
            raise PolicyError(f"zone list {zone_list.name} has no zones", hint="an empty list protects nothing")
        limit_m = np.array([_limit_m(zone, zone_list.name, buffer_m) for zone in zone_list.zones])
        parts = [_simple_parts(zone) for zone in zone_list.zones]
        part_zone = np.repeat(np.arange(len(parts)), [len(several) for several in parts]).astype(np.int64)
        return cls(parts=np.concatenate(parts), part_zone=part_zone, limit_m=limit_m)

    def points_within(self, lonlat: NDArray[np.float64]) -> Hits:
        """Find the zones that each position hits; the owners of the hits are the numbers of the positions.

        Shape: ``(n, 2)``.
        Units: degrees; longitudes up to a turn and a half.
        Raises: OffGlobeError when a position is not finite or not on the globe.
        """
        check_positions(lonlat)
        lonlat = on_the_map(lonlat)
        candidates = np.flatnonzero(self._raster.near(lonlat))
        blocks = range(0, len(candidates), _POINTS_AT_ONCE)
        return Hits.union(self._exactly(lonlat, candidates[first : first + _POINTS_AT_ONCE]) for first in blocks)

    def near_boxes(self, boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell for each box, west, south, east, north, whether a shape within it may hit a zone.

        Shape: ``(n, 4)`` to ``(n,)``.
        """
        return self._raster.near_boxes(boxes)

    def shapes_within(self, shapes: NDArray[np.object_]) -> Hits:
        """Find the zones that each shape hits, by its vertices, edges and inside; owners are the shapes' numbers.

        An edge of more than 180 degrees of longitude is read as one that crosses the antimeridian, and in both ways
        where that is not clear. An invalid polygon counts with all that its convex hull holds.

        Units: degrees; longitudes up to a turn and a half.
        Raises: OffGlobeError when a vertex is not finite or not on the globe.
        """
        check_positions(shapely.get_coordinates(shapes))
        read = Shapes.read(shapes)
        near_edges = (self._boundary.within(probes) for probes in read.probes(self._raster))
        return Hits.union([self._touching(read.areas, read.area_owner), *near_edges])

    def _exactly(self, lonlat: NDArray[np.float64], which: NDArray[np.int64]) -> Hits:
        near = lonlat[which]
        point, area = self._area_tree.query(shapely.points(near))
        part = self._area[area]
        inside = np.zeros(len(point), dtype=np.bool_)
        for number, pairs in _groups(part):
            inside[pairs] = shapely.intersects_xy(self._parts[number], *near[point[pairs]].T)
        hits = Hits.of(which[point[inside]], self._part_zone[part[inside]])
        return Hits.union([hits, self._boundary.within(Segments(start=near, end=near, owner=which))])

    def _touching(self, shapes: NDArray[np.object_], owner: NDArray[np.int64]) -> Hits:
        shape, part = self._part_tree.query(shapes)
        touches = np.zeros(len(shape), dtype=np.bool_)
        for number, pairs in _groups(part):
            touches[pairs] = shapely.intersects(self._parts[number], shapes[shape[pairs]])
        return Hits.of(owner[shape[touches]], self._part_zone[part[touches]])


def check_positions(lonlat: NDArray[np.float64]) -> None:
    """Refuse positions that are not on the globe.

    Raises: OffGlobeError.
    """
    on_globe = (np.abs(lonlat[:, 0]) <= FARTHEST_LON) & (np.abs(lonlat[:, 1]) <= FARTHEST_LAT)
    if not on_globe.all():
        raise OffGlobeError(
            f"{np.count_nonzero(~on_globe)} of {len(lonlat)} positions are not finite or not on the globe"
        )


def _limit_m(zone: Zone, list_name: str, buffer_m: float) -> float:
    limit = max(zone.buffer_m, buffer_m)
    if not (zone.buffer_m >= 0 and buffer_m >= 0 and limit <= FARTHEST_BUFFER_M):
        raise PolicyError(
            f"zone {zone.id} of list {list_name}: a buffer is not between 0 and {FARTHEST_BUFFER_M:g} metres",
            hint="a larger distance belongs into the zone's geometry",
        )
    if limit == 0 and shapely.get_dimensions(shapely.get_parts(zone.geometry)).min() < _AREA:
        raise PolicyError(
            f"zone {zone.id} of list {list_name} has a point or a line and no distance, and so protects nothing",
            hint="give it a buffer in metres",
        )
    return limit


def _simple_parts(zone: Zone) -> NDArray[np.object_]:
    parts: NDArray[np.object_] = shapely.get_parts(zone.geometry)
    return parts


def _prepare(parts: NDArray[np.object_]) -> None:
    """Prepare geometries for many questions, and ask each kind once: GEOS builds its indexes at the first of them.

    A prepared geometry that is complete is only read, and so several threads can share it.
    """
    shapely.prepare(parts)
    bounds = shapely.bounds(parts)
    for part, (west, south, east, north) in zip(parts, bounds, strict=True):
        shapely.intersects_xy(part, west, south)
        shapely.intersects(part, shapely.LineString([(west - 1, south - 1), (east + 1, north + 1)]))
        shapely.intersects(part, shapely.box(west - 1, south - 1, east + 1, north + 1))


def _groups(numbers: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    order = np.argsort(numbers, kind="stable")
    present, first = np.unique(numbers[order], return_index=True)
    for number, group in zip(present, np.split(order, first[1:]), strict=False):
        yield int(number), group
