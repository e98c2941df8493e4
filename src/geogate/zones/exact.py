"""What is close to call: GEOS says what lies in a zone, geodesics by PROJ how far away it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from geogate.model.errors import PolicyError
from geogate.zones.boundary import TOLERANCE_M, Chords, ends_within
from geogate.zones.chunks import Chunks
from geogate.zones.ellipsoid import ecef
from geogate.zones.segments import segments_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from geogate.zones.zone import Zone, ZoneList

FARTHEST_BUFFER_M = 500_000.0
"""Up to this distance the tangent plane is good enough to say which pairs PROJ has to decide."""

FARTHEST_LON, FARTHEST_LAT = 540.0, 90.0

_AREA = 2
_ALL_AREA = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
_TABLE = 4_000_000
_LARGE = 1_000


class OffGlobeError(ValueError):
    """Positions are not finite or not on the globe; the message has counts and no coordinate."""


class ZoneJudge:
    """One zone, which tells of each position whether it hits, exactly as ``ZoneIndex`` does; shared by threads."""

    def __init__(self, zone: Zone, limit_m: float) -> None:
        """Prepare a zone with its distance, tolerance not yet added."""
        parts = zone_parts(zone)
        self._areas = parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON]
        large = self._areas[shapely.get_num_coordinates(self._areas) > _LARGE]
        shapely.prepare(large)
        # GEOS builds its index at the first question; after that, threads only read it.
        shapely.intersects_xy(large, 0.0, 0.0)
        self._limit_m = limit_m + TOLERANCE_M
        self._chunks = Chunks.of(segments_of(parts, np.zeros(len(parts), np.int64)))

    def hit(self, lonlat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell which positions hit the zone.

        Shape: ``(n, 2)`` to ``(n,)``.
        Units: degrees; longitudes within [-180, 180].
        """
        hit = np.zeros(len(lonlat), dtype=np.bool_)
        for area in self._areas:
            hit |= shapely.intersects_xy(area, *lonlat.T)
        # As many at once as leave the table of positions and chunks small.
        several = max(_TABLE // len(self._chunks.zone), 1)
        rest = np.flatnonzero(~hit)
        for first in range(0, len(rest), several):
            some = rest[first : first + several]
            hit[some] = self._near(lonlat[some])
        return hit

    def _near(self, lonlat: NDArray[np.float64]) -> NDArray[np.bool_]:
        chunks = self._chunks
        apart = np.linalg.norm(ecef(lonlat)[:, None, :] - chunks.centre[None, :, :], axis=2)
        position, chunk = np.nonzero(~(apart - chunks.radius > self._limit_m))
        count = np.diff(chunks.first)[chunk]
        pair = np.repeat(np.arange(len(chunk)), count)
        piece = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count) + chunks.first[chunk][pair]
        chords = Chords(pieces=chunks.pieces, start=chunks.start, end=chunks.end)
        limit_m = np.full(len(piece), self._limit_m)
        near = np.zeros(len(lonlat), dtype=np.bool_)
        near[position[pair[ends_within(lonlat[position[pair]], chords, piece, limit_m)]]] = True
        return near


def limits_m(zone_list: ZoneList, buffer_m: float) -> NDArray[np.float64]:
    """Give the distance of each zone: the larger of its own and ``buffer_m``.

    Units: metres.
    Raises: PolicyError when there is no zone, a distance is impossible, or a point or line has no distance.
    """
    if not zone_list.zones:
        raise PolicyError(f"zone list {zone_list.name} has no zones", hint="an empty list protects nothing")
    own_m = np.fromiter((zone.buffer_m for zone in zone_list.zones), np.float64, len(zone_list.zones))
    limit_m = np.maximum(own_m, buffer_m)
    possible = (own_m >= 0) & (buffer_m >= 0) & (limit_m <= FARTHEST_BUFFER_M)
    if not possible.all():
        raise PolicyError(
            f"zone {_first(zone_list, ~possible)} of list {zone_list.name}:"
            f" a buffer is not between 0 and {FARTHEST_BUFFER_M:g} metres",
            hint="a larger distance belongs into the zone's geometry",
        )
    bare = np.flatnonzero(limit_m == 0)
    # numpy would ask each geometry whether it is a sequence.
    geometries = np.fromiter((zone_list.zones[number].geometry for number in bare.tolist()), object, len(bare))
    odd = np.flatnonzero(~np.isin(shapely.get_type_id(geometries), _ALL_AREA))
    parts, zone = shapely.get_parts(geometries[odd], return_index=True)
    flat = np.zeros(len(limit_m), dtype=np.bool_)
    flat[bare[odd[zone[shapely.get_dimensions(parts) < _AREA]]]] = True
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
    """Give the number of its zone to each part of several zones."""
    return np.repeat(np.arange(len(parts)), [len(several) for several in parts]).astype(np.int64)


def groups(numbers: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """Yield each number once, with the places where it stands."""
    order = np.argsort(numbers, kind="stable")
    present, first = np.unique(numbers[order], return_index=True)
    for number, group in zip(present, np.split(order, first[1:]), strict=False):
        yield int(number), group


def _first(zone_list: ZoneList, bad: NDArray[np.bool_]) -> str:
    return zone_list.zones[int(np.argmax(bad))].id


def prepare(parts: NDArray[np.object_]) -> None:
    """Prepare geometries for many questions, and ask each kind once: GEOS builds its indexes at the first of them.

    A prepared geometry that is complete is only read, and so several threads can share it.
    """
    shapely.prepare(parts)
    bounds = shapely.bounds(parts)
    for part, (west, south, east, north) in zip(parts, bounds, strict=True):
        shapely.intersects_xy(part, west, south)
        shapely.intersects(part, shapely.LineString([(west - 1, south - 1), (east + 1, north + 1)]))
        shapely.intersects(part, shapely.box(west - 1, south - 1, east + 1, north + 1))
