"""Which cells of the grid a zone with a distance reaches: as ``grid_build`` splits, but by balls on the ellipsoid.

Balls and positions are Earth-centred, so that nothing is cut at the antimeridian or at a pole; only the inside of a
polygon is looked up in degrees, and only where no edge is near.
"""

from __future__ import annotations

import numpy as np

from geogate.kernels.grid_build import (
    ALL,
    BLOCK,
    CELLS,
    DEEP,
    NODE,
    NONE,
    SIDE,
    STRIP,
    SUBCELLS,
    cell_number,
    emit,
    fill,
    node_at,
    push,
)
from geogate.kernels.grid_build_edges import zone_by_edges
from geogate.kernels.jit import kernel
from geogate.kernels.near import (
    FAR,
    GREATEST_RADIUS_M,
    LIMIT,
    SMALLEST_RADIUS_M,
    UNSURE_M,
    UNSURE_SHARE,
    place,
    seen2,
)
from geogate.kernels.stripes import ASK, IN, OUT, place_in_zone

_RADIAN = np.pi / 180.0
_PLANE_M = 900_000.0
"""Farther than this the tangent plane is not asked."""

_MANY = 48
"""Nodes larger than a cell that are near to more chunks are split before distances are measured."""


@kernel
def radius_of(lat, half_lat, half_lon):
    """Bound the distance on the ellipsoid from the middle of a box to any place in it; sizes in degrees.

    The ellipsoid is a sphere of latitudes and longitudes that is stretched by at most its greatest radius of curvature.
    """
    least = 0.0 if abs(lat) <= half_lat else abs(lat) - half_lat
    cos2 = np.cos(lat * _RADIAN) * np.cos(least * _RADIAN)
    up, aside = np.sin(0.5 * half_lat * _RADIAN), np.sin(0.5 * min(half_lon, 180.0) * _RADIAN)
    return 2.0 * GREATEST_RADIUS_M * np.arcsin(min(np.sqrt(up * up + cos2 * aside * aside), 1.0)) * (1.0 + 1e-9)


@kernel
def longest(chord_m):
    """Bound the distance on the ellipsoid by that through the Earth; for less than 1,000 km."""
    ratio = chord_m / SMALLEST_RADIUS_M
    return chord_m * (1.0 + 0.05 * ratio * ratio) + 1e-6


@kernel
def _look(zone, box, stripes, balls, pool, first, last, thorough):
    """Judge all positions of a box: surely within the zone's distance or in it, surely not, or not decided (ASK).

    The chunks of ``pool[first:last]`` that are near to it are put behind them; the new end comes first.
    """
    lon, lat, half_lon, half_lat = box
    corner, chunk_start, ball, reach, _ = balls
    at = place(lon, lat)
    radius = radius_of(lat, half_lat, half_lon)
    limit, far = reach[zone, LIMIT], reach[zone, FAR] + radius
    end = last
    for k in range(first, last):
        chunk = pool[k]
        dx, dy, dz = ball[chunk, 0] - at[0], ball[chunk, 1] - at[1], ball[chunk, 2] - at[2]
        apart, spread = np.sqrt(dx * dx + dy * dy + dz * dz), ball[chunk, 3]
        if apart - spread > far:
            continue
        if apart + spread < _PLANE_M and longest(apart + spread) + radius <= limit:
            return last, IN
        pool[end] = chunk
        end += 1
    if end == last:
        return end, place_in_zone(lon, lat, 0.0, zone, stripes[0], *stripes[1])
    if (end - last > _MANY and not thorough) or far > _PLANE_M:
        return end, ASK
    least = _least_seen(at, balls, pool, last, end)
    unsure = UNSURE_M + UNSURE_SHARE * limit
    ratio = least / SMALLEST_RADIUS_M
    if least * (1.0 + 0.2 * ratio * ratio) + radius <= limit - unsure:
        return end, IN
    if least - unsure > radius:
        found = place_in_zone(lon, lat, 0.0, zone, stripes[0], *stripes[1])
        if found != OUT or least - unsure > far:
            return end, found
    return end, ASK


@kernel
def _least_seen(at, balls, pool, first, last):
    """Return the least distance to some chunks that is seen in the tangent plane, less than a thousand kilometres away."""
    corner, chunk_start, ball, _, _ = balls
    least2, bound = np.inf, np.inf
    for k in range(first, last):
        chunk = pool[k]
        dx, dy, dz = ball[chunk, 0] - at[0], ball[chunk, 1] - at[1], ball[chunk, 2] - at[2]
        # The plane shows distances by less than half a percent too short.
        if (np.sqrt(dx * dx + dy * dy + dz * dz) - ball[chunk, 3]) * 0.99 > bound:
            continue
        seen = seen2(at, chunk, corner, chunk_start, -1.0)
        if seen < least2:
            least2, bound = seen, np.sqrt(seen)
    return bound


@kernel
def zone_by_balls(zone, stripes, balls, extents, grid, pool, masks, out, used):
    """Lay a zone into the grid; ``pool`` has room for ``POOL`` times its chunks.

    ``extents`` are the chunks of each zone and the latitudes that each chunk and its distance reach. ``used`` has how
    many cells, whole blocks and list entries ``out`` holds; returns the same, the first negative where it is full.
    """
    bands, band_columns, band_first, _ = grid
    zone_chunk, chunk_lat = extents
    count = zone_chunk[zone + 1] - zone_chunk[zone]
    height = 180.0 / bands
    stack = np.empty((DEEP, NODE), np.int64)
    south, north = 1e300, -1e300
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
            end = _in_strip(b0 * height - 90.0, b1 * height - 90.0, chunk_lat, pool, first, last)
            middle = (b0 + b1) >> 1
            if end > last and b1 - b0 > 1:
                waiting = push(stack, waiting, (b0, middle, STRIP, STRIP, last, end))
                waiting = push(stack, waiting, (middle, b1, STRIP, STRIP, last, end))
            elif end > last:
                waiting = push(stack, waiting, (b0, b1, 0, band_columns[b0] // BLOCK, last, end))
            continue
        wide = 360.0 * BLOCK / band_columns[b0]
        box = (0.5 * (c0 + c1) * wide - 180.0, (b0 + 0.5) * height - 90.0, 0.5 * (c1 - c0) * wide, 0.5 * height)
        end, found = _look(zone, box, stripes, balls, pool, first, last, thorough=False)
        if found == IN:
            if used[1] + c1 - c0 > len(out[4]):
                return -1, 0, 0
            for column in range(c0, c1):
                out[4][used[1]], out[5][used[1]] = band_first[b0] + column, zone
                used = (used[0], used[1] + 1, used[2])
        elif found == ASK and c1 - c0 > 1:
            middle = (c0 + c1) >> 1
            waiting = push(stack, waiting, (b0, b1, c0, middle, last, end))
            waiting = push(stack, waiting, (b0, b1, middle, c1, last, end))
        elif found == ASK:
            if used[0] + CELLS > len(out[0]) or used[1] >= len(out[4]):
                return -1, 0, 0
            before, listed = _block_by_balls(
                zone, (b0, c0), stripes, balls, grid, pool, last, end, masks, out[6], before, used[2]
            )
            if listed < 0:
                return -1, 0, 0
            used = emit(band_first[b0] + c0, zone, masks, out, (used[0], used[1], listed))
    return used


@kernel
def _in_strip(south, north, chunk_lat, pool, first, last):
    end = last
    for k in range(first, last):
        if chunk_lat[pool[k], 0] <= north and chunk_lat[pool[k], 1] >= south:
            pool[end] = pool[k]
            end += 1
    return end


@kernel
def _block_by_balls(zone, block, stripes, balls, grid, pool, first, last, masks, near_list, before, listed):
    """Split a block down to its sub-cells; ``before`` is where the list of the cell before it begins and ends."""
    bands, band_columns, _, _ = grid
    south, west = block[0] * 180.0 / bands - 90.0, block[1] * 360.0 * BLOCK / band_columns[block[0]] - 180.0
    high, wide = 180.0 / bands / SIDE, 360.0 / band_columns[block[0]] / SUBCELLS
    stack = np.empty((DEEP, NODE), np.int64)
    waiting = push(stack, 0, (0, 0, SIDE, 0, first, last))
    while waiting:
        waiting -= 1
        row, column, size, _, first, last = node_at(stack, waiting)
        half = 0.5 * size
        box = (west + (column + half) * wide, south + (row + half) * high, half * wide, half * high)
        end, found = _look(zone, box, stripes, balls, pool, first, last, thorough=size <= SUBCELLS)
        if found == IN:
            fill(masks[0], masks[1], (row, column, size), ALL, NONE)
            continue
        if found == OUT:
            continue
        if size == SUBCELLS:
            if listed + end - last + 1 > len(near_list):
                return before, -1
            before, listed = _keep(pool, last, end, near_list, before, listed)
            masks[2][cell_number(row >> 3, column >> 3)] = before[0]
        if size == 1:
            fill(masks[0], masks[1], (row, column, size), NONE, ALL)
            continue
        for quarter in range(4):
            corner = (row + (size >> 1) * (quarter >> 1), column + (size >> 1) * (quarter & 1))
            waiting = push(stack, waiting, (corner[0], corner[1], size >> 1, 0, last, end))
    return before, listed


@kernel
def _keep(pool, first, last, near_list, before, listed):
    """Keep a cell's list of chunks, or use that of the cell before it where it is the same; where it begins and ends."""
    count = last - first
    same = before[1] - before[0] == count + 1
    for k in range(count):
        same = same and near_list[before[0] + 1 + k] == pool[first + k]
    if same:
        return before, listed
    near_list[listed] = count
    for k in range(count):
        near_list[listed + 1 + k] = pool[first + k]
    return (listed, listed + count + 1), listed + count + 1


@kernel
def lay_zones(zones, rings, stripes, balls, extents, grid, pool, out):
    """Lay the zones from ``zones[0]`` to ``zones[1]`` into the grid.

    ``pool`` has room for the largest of them. Returns the first zone that was not done because ``out`` is full, and how
    many cells, whole blocks and list entries the others have.
    """
    masks = (np.zeros(CELLS, np.uint64), np.zeros(CELLS, np.uint64), np.zeros(CELLS, np.int64))
    done = (0, 0, 0)
    for zone in range(zones[0], zones[1]):
        if balls[3][zone, LIMIT] > 0.0:
            used = zone_by_balls(zone, (rings[0], stripes), balls, extents, grid, pool, masks, out, done)
        else:
            used = zone_by_edges(zone, rings, stripes, grid, pool, masks, out, done)
        if used[0] < 0:
            return zone, done[0], done[1], done[2]
        done = used
    return zones[1], done[0], done[1], done[2]
