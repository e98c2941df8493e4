"""Builds the tables of a compiled zone index from a zone list; the kernels do the work, on two threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np
import shapely

from geogate.zones.boundary import TOLERANCE_M
from geogate.zones.chunks import Chunks, reach_boxes
from geogate.zones.compiled_tables import BANDS, BLOCK, Balls, Cells, Grid, Stripes, Tables, read_only
from geogate.zones.segments import Segments, segments_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

THREADS: Final = 2
_RUNS: Final = 16
_CELL_BITS: Final = 10
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
        bands=grid.bands, stripes=stripes, balls=replace(balls, near_list=found.near_list), cells=_cells(grid, found)
    )


def _stripes(parts: NDArray[np.object_], part_zone: NDArray[np.int64], *, zones: int) -> Stripes:
    from geogate.kernels import stripes as kernels

    area = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    rings, part = shapely.get_rings(parts[area], return_index=True)
    lonlat, ring = shapely.get_coordinates(rings, return_index=True)
    xy = read_only(lonlat.reshape(-1))
    ring_start = read_only(np.searchsorted(ring, np.arange(len(rings) + 1)).astype(np.int64))
    zone_ring = read_only(np.searchsorted(part_zone[area][part], np.arange(zones + 1)).astype(np.int64))
    head = np.zeros((zones, 4))
    start = np.zeros(kernels.stripe_heads(xy, ring_start, zone_ring, head) + 1, np.int64)
    edge = np.zeros(kernels.stripe_counts(xy, ring_start, zone_ring, head, start), np.int32)
    kernels.stripe_edges(xy, ring_start, zone_ring, head, start, edge)
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
    chunks = Chunks.of(some[np.argsort(some.owner, kind="stable")])
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
    return np.bincount(edges.owner, weights=np.hypot(*step.T) * _DEGREE_M, minlength=zones)


class _Found(NamedTuple):
    """What some zones have in the grid, in the order of ``kernels.grid_build``."""

    key: NDArray[np.int64]
    inside: NDArray[np.uint64]
    border: NDArray[np.uint64]
    tail: NDArray[np.uint64]
    whole_block: NDArray[np.int64]
    whole_zone: NDArray[np.int64]
    near_list: NDArray[np.int32]

    @classmethod
    def room(cls, cells: int) -> Self:
        """Make room for so many cells."""
        return cls(
            *(np.empty(cells, dtype) for dtype in (np.int64, np.uint64, np.uint64, np.uint64)),
            *(np.empty(cells, np.int64) for _ in range(2)),
            np.empty(4 * cells, np.int32),
        )

    @classmethod
    def joined(cls, several: Sequence[Self]) -> Self:
        """Put what runs of zones have one after the other; the places of their lists move."""
        begin = np.cumsum([0, *(len(found.near_list) for found in several)])
        moved = [
            found._replace(tail=found.tail + (np.uint64(first) << np.uint64(32)))
            for found, first in zip(several, begin, strict=False)
        ]
        return cls(*(np.concatenate(arrays) for arrays in zip(*moved, strict=True)))

    def used(self, cells: int, wholes: int, listed: int) -> Self:
        """Keep what is used, copied where much is not."""
        ends = (cells, cells, cells, cells, wholes, wholes, listed)
        return type(self)(*(array[:end].copy() for array, end in zip(self, ends, strict=True)))


def _found(grid: Grid, stripes: Stripes, balls: Balls, reach_lat: NDArray[np.float64]) -> _Found:
    """Lay all zones into the grid, runs of them on several threads."""
    from geogate.kernels.grid_build import POOL
    from geogate.kernels.grid_build_edges import IMAGES
    from geogate.kernels.grid_build_near import lay_zones

    rings = (stripes.xy, stripes.ring_start, stripes.zone_ring)
    table = (stripes.stripe_head, stripes.stripe_start, stripes.stripe_edge)
    lines = (balls.corner, balls.chunk_start, balls.ball, balls.reach, balls.near_list)
    numbers = (grid.bands, grid.columns, grid.first, grid.near_lon_deg)
    weight = np.diff(stripes.ring_start[stripes.zone_ring]) * IMAGES + np.diff(balls.zone_chunk)

    def lay(zones: tuple[int, int]) -> list[_Found]:
        pool = np.empty(POOL * int(weight[slice(*zones)].max()), np.int32)
        zone, end, cells, found = *zones, _ROOM, []
        while zone < end:
            room = _Found.room(cells)
            done, *used = lay_zones(
                (zone, end), rings, table, lines, (balls.zone_chunk, reach_lat), numbers, pool, tuple(room)
            )
            # A single zone that needs more room than there is gets more.
            cells *= 4 if done == zone else 1
            if done > zone:
                found.append(room.used(*used))
            zone = done
        return found

    with ThreadPoolExecutor(THREADS) as pool:
        return _Found.joined([found for several in pool.map(lay, _runs(weight)) for found in several])


def _runs(weight: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Cut the zones into runs of about the same work."""
    total = np.cumsum(weight + 16)
    ends = np.searchsorted(total, total[-1] * np.arange(1, _RUNS) / _RUNS)
    cuts = np.unique([0, *ends, len(weight)])
    return [(int(first), int(last)) for first, last in pairwise(cuts)]


def _cells(grid: Grid, found: _Found) -> Cells:
    from geogate.kernels import grid_build_sort as kernels

    block_first, order = np.zeros(grid.blocks + 1, np.int64), np.empty(len(found.key), np.int64)
    kernels.group(found.key >> _CELL_BITS, block_first, order)
    cells = kernels.sort_cells(found.key, order, block_first)
    whole_first, whole_order = np.zeros(grid.blocks + 1, np.int64), np.empty(len(found.whole_block), np.int64)
    kernels.group(found.whole_block, whole_first, whole_order)
    wholes = found.whole_zone[whole_order]
    top = np.zeros(grid.blocks, np.uint32)
    blocks = 1 + kernels.number_blocks(block_first, whole_first, wholes, top)
    tables = (
        np.zeros(blocks * kernels.WORDS, np.uint64),
        np.zeros(blocks * kernels.WORDS, np.uint32),
        np.zeros(cells + 1, np.uint32),
        np.empty(3 * len(order), np.uint64),
        np.zeros(blocks + 1, np.uint32),
        np.empty(len(wholes), np.int32),
    )
    masks = (found.inside, found.border, found.tail)
    used = kernels.fill_blocks(top, (block_first, whole_first), found.key, order, masks, wholes, tables)
    names = ("bits", "base", "cell_start", "entry", "whole_start")
    return Cells(
        top=read_only(top),
        whole_zone=read_only(tables[-1][:used]),
        **{name: read_only(table) for name, table in zip(names, tables, strict=False)},
    )
