"""Builds the tables of a compiled zone index from a zone list; the kernels do the work, on two threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from geogate.model.errors import PolicyError
from geogate.zones.boundary import TOLERANCE_M
from geogate.zones.chunks import Chunks, reach_boxes
from geogate.zones.compiled_tables import BANDS, BLOCK, Balls, Cells, Grid, Stripes, Tables, read_only
from geogate.zones.segments import Segments, segments_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geogate.kernels import near
    from geogate.kernels import stripes as kernel
    from geogate.kernels.grid_build import Globe, Room
    from geogate.kernels.grid_build_near import Extents
    from geogate.kernels.stripes import Rings

THREADS: Final = 2
_RUNS: Final = 16
_PIECES: Final = 4
_MOST: Final = 2**32 - 1
_ROOM: Final = 100_000
_DEGREE_M: Final = 111_320.0
_HALF_ROUND_M: Final = 20_004_000.0
_SLACK_M: Final = 1.0
_ENTRIES: Final = 4_000_000
_ENTRIES_A_ZONE: Final = 100
"""Cells are coarser where there would be more entries than these."""


def build_tables(parts: NDArray[np.object_], part_zone: NDArray[np.int64], limit_m: NDArray[np.float64]) -> Tables:
    """Compile the simple parts of zones, each with its zone's number, and each zone's distance.

    Shape: ``(parts,)`` twice and ``(zones,)``.
    Units: metres, tolerance not yet added.
    """
    stripes = _stripes(parts, part_zone, zones=len(limit_m))
    edges = segments_of(parts, part_zone)
    balls, reach_lat = _balls(edges, limit_m)
    grid = Grid(_bands(stripes, limit_m, _edge_length_m(edges, len(limit_m))))
    found = _found(grid, stripes, balls, reach_lat)
    return Tables(
        bands=grid.bands,
        stripes=stripes,
        balls=replace(balls, near_list=read_only(found.near_list)),
        cells=_cells(grid, found),
    )


def _stripes(parts: NDArray[np.object_], part_zone: NDArray[np.int64], *, zones: int) -> Stripes:
    from geogate.kernels import stripes as kernels
    from geogate.kernels.grid_build_edges import MOST_VERTICES

    area = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings, part = shapely.get_rings(parts[area], return_index=True)
    lonlat, ring = shapely.get_coordinates(rings, return_index=True)
    if len(lonlat) > MOST_VERTICES:
        raise PolicyError("a zone list has too many vertices", hint="divide it into several lists")
    xy = read_only(lonlat.reshape(-1))
    ring_start = read_only(np.searchsorted(ring, np.arange(len(rings) + 1)).astype(np.int64))
    zone_ring = read_only(np.searchsorted(part_zone[area][part], np.arange(zones + 1)).astype(np.int64))
    laid = kernels.Rings(xy, ring_start, zone_ring)
    head = np.zeros((zones, 4))
    start = np.zeros(kernels.stripe_heads(laid, head) + 1, np.int64)
    edge = np.zeros(kernels.stripe_counts(laid, head, start), np.int32)
    kernels.stripe_edges(laid, head, start, edge)
    return Stripes(
        xy=xy,
        ring_start=ring_start,
        zone_ring=zone_ring,
        zone_bounds=read_only(_bounds(parts, part_zone)),
        stripe_head=read_only(head),
        stripe_start=read_only(start),
        stripe_edge=read_only(edge),
    )


def _bounds(parts: NDArray[np.object_], part_zone: NDArray[np.int64]) -> NDArray[np.float64]:
    bounds = shapely.bounds(parts)
    first = np.flatnonzero(np.diff(part_zone, prepend=-1))
    low, high = np.minimum.reduceat(bounds[:, :2], first), np.maximum.reduceat(bounds[:, 2:], first)
    return np.concatenate([low, high], axis=1)


def _balls(edges: Segments, limit_m: NDArray[np.float64]) -> tuple[Balls, NDArray[np.float64]]:
    """Cut the edges of the zones with a distance into chunks; the latitudes that each reaches come second."""
    from geogate.kernels.near import reach_of

    reach = np.zeros((len(limit_m), 4))
    for zone in np.flatnonzero(limit_m > 0):
        reach_of(limit_m[zone] + TOLERANCE_M, reach[zone])
    some = edges[limit_m[edges.owner] > 0]
    chunks = Chunks.of(some[np.argsort(some.owner, kind="stable")], most=_PIECES)
    corner, chunk_start = chunks.corners
    balls = Balls(
        corner=read_only(corner.reshape(-1)),
        chunk_start=read_only(chunk_start),
        zone_chunk=read_only(np.searchsorted(chunks.zone, np.arange(len(limit_m) + 1)).astype(np.int64)),
        ball=read_only(np.column_stack([chunks.centre, chunks.radius])),
        reach=read_only(reach),
        near_list=read_only(np.empty(0, np.int32)),
    )
    return balls, read_only(reach_boxes(chunks.boxes, limit_m[chunks.zone] + _SLACK_M)[:, [1, 3]])


def _bands(stripes: Stripes, limit_m: NDArray[np.float64], length_m: NDArray[np.float64]) -> int:
    """Choose cells so small that there are not too many of them; the length is that of each zone's edges."""
    west, south, east, north = stripes.zone_bounds.T
    most = max(_ENTRIES, _ENTRIES_A_ZONE * len(limit_m))
    cos = np.cos(np.radians(np.where(south * north < 0, 0.0, np.minimum(np.abs(south), np.abs(north)))))
    wide = np.minimum((east - west) * cos * _DEGREE_M + 2 * limit_m, 2 * _HALF_ROUND_M)
    high = np.minimum((north - south) * _DEGREE_M + 2 * limit_m, _HALF_ROUND_M)
    # No more than the cells of its box; and those of the blocks along its edge, and the blocks within.
    edge = np.minimum(2 * length_m, 8 * (wide + high)) + 7 * limit_m
    for bands in BANDS:
        cell = _HALF_ROUND_M / bands / BLOCK
        block = cell * BLOCK
        boxes = (wide / cell + 1) * (high / cell + 1)
        along = 17 * edge / cell + (wide / block + 1) * (high / block + 1)
        if np.minimum(boxes, along).sum() <= most:
            return bands
    return BANDS[-1]


def _edge_length_m(edges: Segments, zones: int) -> NDArray[np.float64]:
    step = np.abs(edges.end - edges.start)
    step[:, 0] *= np.cos(np.radians(np.minimum(np.abs(edges.start[:, 1]), np.abs(edges.end[:, 1]))))
    length_m = np.hypot(step[:, 0], step[:, 1]) * _DEGREE_M
    return np.bincount(edges.owner, weights=length_m, minlength=zones).astype(np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """All that the laying of zones into the grid needs, as the kernels take it."""

    rings: Rings
    stripes: kernel.Stripes
    balls: near.Balls
    extents: Extents
    globe: Globe
    weight: NDArray[np.int64]

    def lay(self, zones: tuple[int, int]) -> list[Room]:
        """Lay a run of zones into the grid; several rooms hold what they have there."""
        from geogate.kernels.grid_build import POOL
        from geogate.kernels.grid_build_zones import lay_zones, new_room

        pool = np.empty(POOL * int(self.weight[slice(*zones)].max()), np.int32)
        tables = (self.rings, self.stripes, self.balls, self.extents, self.globe, pool)
        found: list[Room] = []
        (zone, end), cells = zones, _ROOM
        while zone < end:
            room = new_room(cells)
            done, *used = lay_zones(zone, end, *tables, room)
            # A single zone that needs more room than there is gets more.
            cells *= 4 if done == zone else 1
            if done > zone:
                found.append(_used(room, *used))
            zone = done
        return found


def _used(room: Room, cells: int, wholes: int, listed: int) -> Room:
    """Copy what is used of a room."""
    ends = (cells, cells, cells, cells, wholes, wholes, listed)
    arrays: tuple[NDArray[Any], ...] = room
    return type(room)._make(array[:end].copy() for array, end in zip(arrays, ends, strict=True))


def _joined(several: Sequence[Room]) -> Room:
    """Put what runs of zones have one after the other; the places of their lists move.

    Raises: PolicyError when there is too much for 32 bits.
    """
    begin = np.cumsum([0, *(len(room.near_list) for room in several)])
    if max(begin[-1], sum(len(room.key) for room in several)) > _MOST:
        raise PolicyError("a zone list has too many edges and cells", hint="divide it into several lists")
    moved = [
        room._replace(tail=room.tail + (np.uint64(first) << np.uint64(32)))
        for room, first in zip(several, begin, strict=False)
    ]
    return type(several[0])._make(np.concatenate(arrays) for arrays in zip(*moved, strict=True))


def _found(grid: Grid, stripes: Stripes, balls: Balls, reach_lat: NDArray[np.float64]) -> Room:
    """Lay all zones into the grid, runs of them on several threads."""
    from geogate.kernels.grid_build_edges import IMAGES
    from geogate.kernels.grid_build_near import Extents
    from geogate.kernels.stripes import Rings

    task = _Task(
        rings=Rings(stripes.xy, stripes.ring_start, stripes.zone_ring),
        stripes=stripes.for_kernels,
        balls=balls.for_kernels,
        extents=Extents(balls.zone_chunk, reach_lat),
        globe=grid.for_kernels,
        weight=np.diff(stripes.ring_start[stripes.zone_ring]) * IMAGES + np.diff(balls.zone_chunk),
    )
    with ThreadPoolExecutor(THREADS) as pool:
        return _joined([room for several in pool.map(task.lay, _runs(task.weight)) for room in several])


def _runs(weight: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Cut the zones into runs of about the same work."""
    total = np.cumsum(weight + 16)
    ends = np.searchsorted(total, total[-1] * np.arange(1, _RUNS) / _RUNS)
    cuts = np.unique([0, *ends, len(weight)])
    return [(int(first), int(last)) for first, last in pairwise(cuts)]


def _cells(grid: Grid, found: Room) -> Cells:
    from geogate.kernels.grid_build_sort import Found, sort_into_cells

    masks = Found(found.key, found.inside, found.border, found.tail)
    return Cells(**sort_into_cells(masks, found.whole_block, found.whole_zone, blocks=grid.blocks)._asdict())
