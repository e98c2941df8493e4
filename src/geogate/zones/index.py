"""The compiled form of a zone list: which positions and shapes are in a zone or within its distance; reads no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import shapely

from geogate.zones.boundary import Boundary, Hits
from geogate.zones.exact import (
    FARTHEST_BUFFER_M,
    OffGlobeError,
    check_positions,
    groups,
    limits_m,
    part_zones,
    prepare,
    zone_parts,
)
from geogate.zones.raster import Raster
from geogate.zones.segments import Segments, segments_of
from geogate.zones.shapes import Shapes
from geogate.zones.unwrap import on_the_map

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.zones.zone import ZoneList

__all__ = ["FARTHEST_BUFFER_M", "OffGlobeError", "ZoneIndex", "check_positions"]

_POINTS_AT_ONCE = 65_536


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
        prepare(parts)
        self._part_tree, self._area_tree = shapely.STRtree(parts), shapely.STRtree(parts[is_area])
        self._boundary = Boundary(segments_of(parts, part_zone), limit_m=limit_m)
        self._raster = Raster(boxes=self._boundary.boxes, polygons=list(parts[is_area]))

    @classmethod
    def build(cls, zone_list: ZoneList, *, buffer_m: float) -> Self:
        """Compile a list; the distance of each zone is the larger of its own and ``buffer_m``.

        Units: metres.
        Raises: PolicyError when there is no zone, a distance is impossible, or a point or line has no distance.
        """
        limit_m = limits_m(zone_list, buffer_m)
        parts = [zone_parts(zone) for zone in zone_list.zones]
        return cls(parts=np.concatenate(parts), part_zone=part_zones(parts), limit_m=limit_m)

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
        for number, pairs in groups(part):
            inside[pairs] = shapely.intersects_xy(self._parts[number], *near[point[pairs]].T)
        hits = Hits.of(which[point[inside]], self._part_zone[part[inside]])
        return Hits.union([hits, self._boundary.within(Segments(start=near, end=near, owner=which))])

    def _touching(self, shapes: NDArray[np.object_], owner: NDArray[np.int64]) -> Hits:
        shape, part = self._part_tree.query(shapes)
        touches = np.zeros(len(shape), dtype=np.bool_)
        for number, pairs in groups(part):
            touches[pairs] = shapely.intersects(self._parts[number], shapes[shape[pairs]])
        return Hits.of(owner[shape[touches]], self._part_zone[part[touches]])
