"""Which cells of the grid a zone with a distance reaches: split like the others, but by balls on the ellipsoid.

Balls and positions are Earth-centred, so that nothing is cut at the antimeridian or at a pole; only the inside of a
polygon is looked up in degrees, and only where no edge is near.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geogate.kernels.grid_build import (
    BLOCK,
    CELLS,
    DEEP,
    FULL,
    NODE,
    SIDE,
    STRIP,
    SUBCELLS,
    cell_number,
    cover,
    emit,
    fill,
    node_at,
    push,
)
from geogate.kernels.jit import kernel
from geogate.kernels.near import (
    FAR,
    GREATEST_RADIUS_M,
    LIMIT,
    UNSURE_M,
    UNSURE_SHARE,
    place,
    seen2,
)
from geogate.kernels.stripes import ASK, IN, OUT, SMALLEST_RADIUS_M, place_in_zone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.kernels.grid_build import Globe, Masks, Room, Used
    from geogate.kernels.near import Balls, Place
    from geogate.kernels.stripes import Stripes

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Pool = NDArray[np.int32]

_RADIAN = np.pi / 180.0
_PLANE_M = 900_000.0
"""Farther than this the tangent plane is not asked."""

_MANY = 48
"""Nodes larger than a cell that are near to more chunks are split before distances are measured."""

_CURVED = 1.02
"""How much farther than ``size`` times a sub-cell's half diagonal a node of a block may reach, generously."""


class Extents(NamedTuple):
    """The chunks of each zone, ``zone_chunk[z]:zone_chunk[z + 1]``, and the latitudes that each can reach.

    Shape: ``zone_chunk`` ``(zones + 1,)``, ``lat`` ``(chunks, 2)``.
    """

    zone_chunk: Ints
    lat: Floats


@kernel
def radius_of(lat: float, half_lat: float, half_lon: float) -> float:
    """Bound the distance on the ellipsoid from the middle of a box to any place in it; sizes in degrees.

    The ellipsoid is a sphere of latitudes and longitudes that is stretched by at most its greatest radius of curvature.
    """
    least = 0.0 if abs(lat) <= half_lat else abs(lat) - half_lat
    cos2 = np.cos(lat * _RADIAN) * np.cos(least * _RADIAN)
    up, aside = np.sin(0.5 * half_lat * _RADIAN), np.sin(0.5 * min(half_lon, 180.0) * _RADIAN)
    angle = 2.0 * np.arcsin(min(np.sqrt(up * up + cos2 * aside * aside), 1.0))
    return GREATEST_RADIUS_M * angle * (1.0 + 1e-9)  # type: ignore[no-any-return]


@kernel
def longest(chord_m: float) -> float:
    """Bound the distance on the ellipsoid by that through the Earth; for less than 1,000 km."""
    ratio = chord_m / SMALLEST_RADIUS_M
    return chord_m * (1.0 + 0.05 * ratio * ratio) + 1e-6


@kernel
def _look(
    zone: int,
    middle: tuple[float, float],
    radius: float,
    xy: Floats,
    head: Floats,
    start: Ints,
    edge: Pool,
    corner: Floats,
    chunk_start: Ints,
    ball: Floats,
    reach: Floats,
    pool: Pool,
    first: int,
    last: int,
    thorough: int,
) -> tuple[int, int]:
    """Judge all positions of a box: surely within the zone's distance or in it, surely not, or not decided (ASK).

    The box lies within a distance of its middle. The chunks of ``pool[first:last]`` that are near to it are put behind
    them; the new end comes first.
    """
    lon, lat = middle
    at = place(lon, lat)
    limit, far = reach[zone, LIMIT], reach[zone, FAR] + radius
    end = last
    for k in range(first, last):
        chunk = np.int64(pool[k])
        dx, dy, dz = ball[chunk, 0] - at[0], ball[chunk, 1] - at[1], ball[chunk, 2] - at[2]
        apart, spread = np.sqrt(dx * dx + dy * dy + dz * dz), ball[chunk, 3]
        if apart - spread > far:
            continue
        if apart + spread < _PLANE_M and longest(apart + spread) + radius <= limit:
            return last, IN
        pool[end] = chunk
        end += 1
    if end == last:
        return end, place_in_zone(lon, lat, 0.0, zone, xy, head, start, edge)
    if (end - last > _MANY and not thorough) or far > _PLANE_M:
        return end, ASK
    least = _least_seen(at, corner, chunk_start, ball, pool, last, end)
    unsure = UNSURE_M + UNSURE_SHARE * limit
    ratio = least / SMALLEST_RADIUS_M
    if least * (1.0 + 0.2 * ratio * ratio) + radius <= limit - unsure:
        return end, IN
    if least - unsure > radius:
        # The box does not meet the zone's edges: all of it is in the zone, or nothing.
        found = place_in_zone(lon, lat, 0.0, zone, xy, head, start, edge)
        if found != OUT or least - unsure > far:
            return end, found
    return end, ASK


@kernel
def _least_seen(at: Place, corner: Floats, chunk_start: Ints, ball: Floats, pool: Pool, first: int, last: int) -> float:
    """Return the least distance to some chunks that the tangent plane shows, within a thousand kilometres."""
    least2, bound = np.inf, np.inf
    for k in range(first, last):
        chunk = np.int64(pool[k])
        dx, dy, dz = ball[chunk, 0] - at[0], ball[chunk, 1] - at[1], ball[chunk, 2] - at[2]
        # The plane shows distances by less than one percent too short.
        if (np.sqrt(dx * dx + dy * dy + dz * dz) - ball[chunk, 3]) * 0.99 > bound:
            continue
        seen = seen2(at, chunk, corner, chunk_start, -1.0)
        if seen < least2:
            least2, bound = seen, np.sqrt(seen)
    return bound


@kernel
def zone_by_balls(
    zone: int,
    stripes: Stripes,
    balls: Balls,
    extents: Extents,
    globe: Globe,
    pool: Pool,
    masks: Masks,
    room: Room,
    used: Used,
) -> Used:
    """Lay a zone into the grid; ``pool`` has room for ``POOL`` times its chunks.

    Returns how much of ``room`` is used then, ``FULL`` where it is not enough.
    """
    xy, head, start, edge = stripes
    corner, chunk_start, ball, reach, _ = balls
    zone_chunk, chunk_lat = extents
    bands, band_columns, band_first, _ = globe
    count = zone_chunk[zone + 1] - zone_chunk[zone]
    height = 180.0 / bands
    stack = np.empty((DEEP, NODE), np.int64)
    south, north = 90.0, -90.0
    for k in range(count):
        chunk = zone_chunk[zone] + k
        pool[k] = chunk
        south, north = min(south, chunk_lat[chunk, 0]), max(north, chunk_lat[chunk, 1])
    low = min(max(int(np.floor((south + 90.0) / height)), 0), bands - 1)
    high = min(max(int(np.floor((north + 90.0) / height)), 0), bands - 1)
    waiting = push(stack, 0, (low, high + 1, STRIP, STRIP, 0, count))
    before = (0, 0)
    while waiting:
        waiting -= 1
        b0, b1, c0, c1, first, last = node_at(stack, waiting)
        if c0 == STRIP:
            # Without a chunk in reach of a strip round the globe no zone is there.
            end = _in_strip(b0 * height - 90.0, b1 * height - 90.0, chunk_lat, pool, first, last)
            middle = (b0 + b1) >> 1
            if end > last and b1 - b0 > 1:
                waiting = push(stack, waiting, (b0, middle, STRIP, STRIP, last, end))
                waiting = push(stack, waiting, (middle, b1, STRIP, STRIP, last, end))
            elif end > last:
                waiting = push(stack, waiting, (b0, b1, 0, band_columns[b0] // BLOCK, last, end))
            continue
        wide = 360.0 * BLOCK / band_columns[b0]
        at = (0.5 * (c0 + c1) * wide - 180.0, (b0 + 0.5) * height - 90.0)
        radius = radius_of(at[1], 0.5 * height, 0.5 * (c1 - c0) * wide)
        end, found = _look(
            zone, at, radius, xy, head, start, edge, corner, chunk_start, ball, reach, pool, first, last, 0
        )
        middle = (c0 + c1) >> 1
        if found == IN:
            used = cover(band_first[b0] + c0, c1 - c0, zone, room, used)
            if used[0] < 0:
                return used
        elif found == ASK and c1 - c0 > 1:
            waiting = push(stack, waiting, (b0, b1, c0, middle, last, end))
            waiting = push(stack, waiting, (b0, b1, middle, c1, last, end))
        elif found == ASK:
            cells, wholes, listed = used
            if cells + CELLS > len(room.key):
                return FULL
            before, listed = _split_block(
                zone, b0, c0, stripes, balls, globe, pool, last, end, masks, room.near_list, before, listed
            )
            if listed < 0:
                return FULL
            used = emit(band_first[b0] + c0, zone, masks, room, (cells, wholes, listed))
    return used


@kernel
def _in_strip(south: float, north: float, chunk_lat: Floats, pool: Pool, first: int, last: int) -> int:
    end = last
    for k in range(first, last):
        if chunk_lat[pool[k], 0] <= north and chunk_lat[pool[k], 1] >= south:
            pool[end] = pool[k]
            end += 1
    return end


@kernel
def _split_block(
    zone: int,
    band: int,
    block: int,
    stripes: Stripes,
    balls: Balls,
    globe: Globe,
    pool: Pool,
    first: int,
    last: int,
    masks: Masks,
    near_list: Pool,
    before: tuple[int, int],
    listed: int,
) -> tuple[tuple[int, int], int]:
    """Split a block down to its sub-cells; ``before`` is where the list of the cell before it begins and ends.

    Returns the same for the last cell, and how many list entries are used then, -1 where there is no room.
    """
    xy, head, start, edge = stripes
    corner, chunk_start, ball, reach, _ = balls
    inside, border, tail = masks
    high, wide = 180.0 / globe.bands / SIDE, 360.0 / globe.columns[band] / SUBCELLS
    south, west = band * SIDE * high - 90.0, block * SIDE * wide - 180.0
    widest = 0.0 if south < 0.0 < south + SIDE * high else min(abs(south), abs(south + SIDE * high))
    largest = _CURVED * radius_of(widest, 0.5 * high, 0.5 * wide)
    stack = np.empty((DEEP, NODE), np.int64)
    waiting = push(stack, 0, (0, 0, SIDE, 0, first, last))
    while waiting:
        waiting -= 1
        row, column, size, _, first, last = node_at(stack, waiting)
        at = (west + (column + 0.5 * size) * wide, south + (row + 0.5 * size) * high)
        radius, thorough = size * largest, int(size <= SUBCELLS)
        end, found = _look(
            zone, at, radius, xy, head, start, edge, corner, chunk_start, ball, reach, pool, first, last, thorough
        )
        half = size >> 1
        if found == IN:
            fill(inside, row, column, size)
        elif found == ASK and size == 1:
            fill(border, row, column, size)
        elif found == ASK:
            if size == SUBCELLS:
                if listed + end - last + 1 > len(near_list):
                    return before, -1
                before, listed = _keep(pool, last, end, near_list, before, listed)
                tail[cell_number(row >> 3, column >> 3)] = before[0]
            for quarter in range(4):
                node = (row + half * (quarter >> 1), column + half * (quarter & 1), half, 0, last, end)
                waiting = push(stack, waiting, node)
    return before, listed


@kernel
def _keep(
    pool: Pool, first: int, last: int, near_list: Pool, before: tuple[int, int], listed: int
) -> tuple[tuple[int, int], int]:
    """Keep a cell's list of chunks, or take that of the cell before it if it is the same; where it begins and ends."""
    count = last - first
    same = before[1] - before[0] == count + 1
    for k in range(count if same else 0):
        same = same and near_list[before[0] + 1 + k] == pool[first + k]
    if same:
        return before, listed
    near_list[listed] = count
    for k in range(count):
        near_list[listed + 1 + k] = pool[first + k]
    return (listed, listed + count + 1), listed + count + 1
