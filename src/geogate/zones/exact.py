"""The judge of pairs that are close to call: GEOS for what lies in a zone, geodesics by PROJ for how far away it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import shapely

from geogate.model.errors import PolicyError
from geogate.zones.boundary import Boundary, Hits
from geogate.zones.segments import Segments, segments_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from geogate.zones.zone import Zone, ZoneList

FARTHEST_BUFFER_M = 500_000.0
"""Up to this distance the tangent plane is good enough to say which pairs PROJ has to decide."""

FARTHEST_LON, FARTHEST_LAT = 540.0, 90.0

_AREA = 2


class OffGlobeError(ValueError):
    """Positions are not finite or not on the globe; the message has counts and no coordinate."""


class ExactZones:
    """Zones in parts, each with its zone's number, and the distance of each zone; immutable, shared by threads.

    ``parts`` are points, lines and polygons.
    """

    def __init__(
        self, *, parts: NDArray[np.object_], part_zone: NDArray[np.int64], limit_m: NDArray[np.float64]
    ) -> None:
        """Prepare the parts for many questions; the tolerance is not in ``limit_m``."""
        self.parts, self.part_zone, self.limit_m = parts, part_zone, limit_m
        self._area = np.flatnonzero(shapely.get_type_id(parts) == shapely.GeometryType.POLYGON)
        _prepare(parts)
        self._area_tree = shapely.STRtree(parts[self._area])
        self.boundary = Boundary(segments_of(parts, part_zone), limit_m=limit_m)

    @classmethod
    def of(cls, zones: Sequence[Zone], limit_m: NDArray[np.float64]) -> Self:
        """Take zones with their distances; their numbers are their places."""
        parts = [zone_parts(zone) for zone in zones]
        return cls(parts=np.concatenate(parts), part_zone=part_zones(parts), limit_m=limit_m)

    @property
    def areas(self) -> NDArray[np.object_]:
        """The parts that are polygons."""
        return self.parts[self._area]

    def points_within(self, lonlat: NDArray[np.float64], owner: NDArray[np.int64]) -> Hits:
        """Find the zones that each position hits.

        Shape: ``(n, 2)``, ``(n,)``.
        Units: degrees; longitudes within [-180, 180].
        """
        point, area = self._area_tree.query(shapely.points(lonlat))
        part = self._area[area]
        inside = np.zeros(len(point), dtype=np.bool_)
        for number, pairs in groups(part):
            inside[pairs] = shapely.intersects_xy(self.parts[number], *lonlat[point[pairs]].T)
        hits = Hits.of(owner[point[inside]], self.part_zone[part[inside]])
        return Hits.union([hits, self.boundary.within(Segments(start=lonlat, end=lonlat, owner=owner))])


def limits_m(zone_list: ZoneList, buffer_m: float) -> NDArray[np.float64]:
    """Give the distance of each zone: the larger of its own and ``buffer_m``.

    Units: metres.
    Raises: PolicyError when there is no zone, a distance is impossible, or a point or line has no distance.
    """
    if not zone_list.zones:
        raise PolicyError(f"zone list {zone_list.name} has no zones", hint="an empty list protects nothing")
    own_m = np.array([zone.buffer_m for zone in zone_list.zones], dtype=np.float64)
    limit_m = np.maximum(own_m, buffer_m)
    possible = (own_m >= 0) & (buffer_m >= 0) & (limit_m <= FARTHEST_BUFFER_M)
    if not possible.all():
        raise PolicyError(
            f"zone {_first(zone_list, ~possible)} of list {zone_list.name}:"
            f" a buffer is not between 0 and {FARTHEST_BUFFER_M:g} metres",
            hint="a larger distance belongs into the zone's geometry",
        )
    bare = np.flatnonzero(limit_m == 0)
    parts, zone = shapely.get_parts([zone_list.zones[number].geometry for number in bare], return_index=True)
    flat = np.zeros(len(limit_m), dtype=np.bool_)
    flat[bare[zone[shapely.get_dimensions(parts) < _AREA]]] = True
    if flat.any():
        raise PolicyError(
            f"zone {_first(zone_list, flat)} of list {zone_list.name} has a point or a line and no distance,"
            " and so protects nothing",
            hint="give it a buffer in metres",
        )
    return limit_m


def check_positions(lonlat: NDArray[np.float64]) -> None:
    """Refuse positions that are not on the globe.

    Raises: OffGlobeError.
    """
    on_globe = (np.abs(lonlat[:, 0]) <= FARTHEST_LON) & (np.abs(lonlat[:, 1]) <= FARTHEST_LAT)
    if not on_globe.all():
        raise OffGlobeError(
            f"{np.count_nonzero(~on_globe)} of {len(lonlat)} positions are not finite or not on the globe"
        )


def zone_parts(zone: Zone) -> NDArray[np.object_]:
    """Take a zone apart into points, lines and polygons."""
    parts: NDArray[np.object_] = shapely.get_parts(zone.geometry)
    return parts


def part_zones(parts: Sequence[NDArray[np.object_]]) -> NDArray[np.int64]:
    """Number the parts of several zones by their zones."""
    return np.repeat(np.arange(len(parts)), [len(several) for several in parts]).astype(np.int64)


def groups(numbers: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield each number once, with the places where it stands."""
    order = np.argsort(numbers, kind="stable")
    present, first = np.unique(numbers[order], return_index=True)
    for number, group in zip(present, np.split(order, first[1:]), strict=False):
        yield int(number), group


def _first(zone_list: ZoneList, bad: NDArray[np.bool_]) -> str:
    return zone_list.zones[int(np.argmax(bad))].id


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
