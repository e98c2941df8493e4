"""Which cells of the grid a zone without a distance covers, touches or leaves alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
    cover,
    emit,
    fill,
    node_at,
    push,
)
from geogate.kernels.jit import kernel
from geogate.kernels.stripes import ASK, IN, NEAR_DEG, OUT, place_in_zone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.kernels.grid_build import Globe, Masks, Room, Used
    from geogate.kernels.stripes import Rings, Stripes

    Floats = NDArray[np.float64]
    Pool = NDArray[np.int32]
    Bounds = tuple[float, float, float, float]

IMAGES = 3
"""An edge and the same a turn aside in both directions; a code in a pool is four times the vertex, plus the image."""

MOST_VERTICES = 2**29
"""More have no codes of 31 bits."""

_TURN = (0.0, 360.0, -360.0)
_SEAM_DEG = 179.999
_POLAR_DEG = 89.9
"""Zones beyond these come near to themselves round the globe; nearer to the equator ``NEAR_M`` is less than 0.001."""

_ROUND = (-2000.0, 2000.0)
"""More than all longitudes, images and margins included."""


@kernel
def _near_edges(
    x: tuple[float, float], y: tuple[float, float], pool: Pool, first: int, last: int, xy: Floats
) -> tuple[int, bool]:
    """Put the edges of ``pool[first:last]`` that meet a box behind them; return the new end, and if one is an image."""
    end, image = last, False
    west, east = x
    south, north = y
    cx, cy, hx, hy = 0.5 * (west + east), 0.5 * (south + north), 0.5 * (east - west), 0.5 * (north - south)
    for k in range(first, last):
        code = np.int64(pool[k])
        turn, v = code & 3, (code >> 2) << 1
        x0, x1 = xy[v], xy[v + 2]
        if turn:
            x0, x1 = x0 + _TURN[turn], x1 + _TURN[turn]
        y0, y1 = xy[v + 1], xy[v + 3]
        if min(x0, x1) > east or max(x0, x1) < west or min(y0, y1) > north or max(y0, y1) < south:
            continue
        dx, dy = x1 - x0, y1 - y0
        if abs(dx * (cy - y0) - (cx - x0) * dy) > (abs(dx) * hy + abs(dy) * hx) * (1.0 + 1e-9):
            continue
        pool[end] = code
        end += 1
        image |= turn != 0
    return end, image


@kernel
def _bounds(zone: int, rings: Rings) -> Bounds:
    xy, ring_start, zone_ring = rings
    west, south, east, north = 1e300, 1e300, -1e300, -1e300
    for v in range(ring_start[zone_ring[zone]], ring_start[zone_ring[zone + 1]]):
        west, east = min(west, xy[2 * v]), max(east, xy[2 * v])
        south, north = min(south, xy[2 * v + 1]), max(north, xy[2 * v + 1])
    return west, south, east, north


@kernel
def _list_edges(zone: int, rings: Rings, images: int, pool: Pool) -> int:
    """List all edges of a zone, those of one that comes near to itself round the globe also a turn aside."""
    _, ring_start, zone_ring = rings
    end = 0
    for ring in range(zone_ring[zone], zone_ring[zone + 1]):
        for v in range(ring_start[ring], ring_start[ring + 1] - 1):
            for turn in range(images):
                pool[end] = 4 * v + turn
                end += 1
    return end


@kernel
def zone_by_edges(
    zone: int, rings: Rings, stripes: Stripes, globe: Globe, pool: Pool, masks: Masks, room: Room, used: Used
) -> Used:
    """Lay a zone into the grid; ``pool`` has room for ``POOL * IMAGES`` times its edges.

    Returns how much of ``room`` is used then, ``FULL`` where it is not enough.
    """
    bounds = _bounds(zone, rings)
    round_globe = bounds[0] < -_SEAM_DEG or bounds[2] > _SEAM_DEG or max(-bounds[1], bounds[3]) > _POLAR_DEG
    count = _list_edges(zone, rings, IMAGES if round_globe else 1, pool)
    if count == 0:
        return used
    xy, head, start, edge = stripes
    bands, band_columns, band_first, near_lon = globe
    height = 180.0 / bands
    stack = np.empty((DEEP, NODE), np.int64)
    low = min(max(int(np.floor((bounds[1] - NEAR_DEG + 90.0) / height)), 0), bands - 1)
    high = min(max(int(np.floor((bounds[3] + NEAR_DEG + 90.0) / height)), 0), bands - 1)
    waiting = push(stack, 0, (low, high + 1, STRIP, STRIP, 0, count))
    while waiting:
        waiting -= 1
        b0, b1, c0, c1, first, last = node_at(stack, waiting)
        near = max(near_lon[b0 * BLOCK], near_lon[b1 * BLOCK - 1])
        y = (b0 * height - 90.0 - NEAR_DEG, b1 * height - 90.0 + NEAR_DEG)
        if c0 == STRIP:
            # Without an edge in a strip round the globe no zone is there, because a zone has an end to the east.
            end, _ = _near_edges(_ROUND, y, pool, first, last, xy)
            middle = (b0 + b1) >> 1
            if end > last and b1 - b0 > 1:
                waiting = push(stack, waiting, (b0, middle, STRIP, STRIP, last, end))
                waiting = push(stack, waiting, (middle, b1, STRIP, STRIP, last, end))
            elif end > last:
                columns = band_columns[b0] // BLOCK
                c0, c1 = 0, columns
                if not round_globe:
                    c0 = min(max(int(np.floor((bounds[0] - near + 180.0) * columns / 360.0)), 0), columns - 1)
                    c1 = min(max(int(np.floor((bounds[2] + near + 180.0) * columns / 360.0)), 0), columns - 1) + 1
                waiting = push(stack, waiting, (b0, b1, c0, c1, last, end))
            continue
        wide = 360.0 * BLOCK / band_columns[b0]
        x = (c0 * wide - 180.0 - near, c1 * wide - 180.0 + near)
        end, _ = _near_edges(x, y, pool, first, last, xy)
        middle = (c0 + c1) >> 1
        if end == last:
            lon, lat = 0.5 * (c0 + c1) * wide - 180.0, (b0 + 0.5) * height - 90.0
            if place_in_zone(lon, lat, 0.0, zone, xy, head, start, edge) == IN:
                used = cover(band_first[b0] + c0, c1 - c0, zone, room, used)
                if used[0] < 0:
                    return used
        elif c1 - c0 > 1:
            waiting = push(stack, waiting, (b0, b1, c0, middle, last, end))
            waiting = push(stack, waiting, (b0, b1, middle, c1, last, end))
        elif used[0] + CELLS > len(room.key):
            return FULL
        else:
            _split_block(zone, b0, c0, stripes, globe, pool, last, end, masks)
            used = emit(band_first[b0] + c0, zone, masks, room, used)
    return used


@kernel
def _split_block(
    zone: int,
    band: int,
    block: int,
    stripes: Stripes,
    globe: Globe,
    pool: Pool,
    first: int,
    last: int,
    masks: Masks,
) -> None:
    """Split a block down to its sub-cells; the edges near to it are ``pool[first:last]``."""
    xy, head, start, edge = stripes
    inside, border, _ = masks
    near_lon = globe.near_lon
    high, wide = 180.0 / globe.bands / SIDE, 360.0 / globe.columns[band] / SUBCELLS
    south, west = band * SIDE * high - 90.0, block * SIDE * wide - 180.0
    stack = np.empty((DEEP, NODE), np.int64)
    waiting = push(stack, 0, (0, 0, SIDE, 0, first, last))
    while waiting:
        waiting -= 1
        row, column, size, _, first, last = node_at(stack, waiting)
        cell_row = band * BLOCK + (row >> 3)
        near = max(near_lon[cell_row], near_lon[cell_row + max(size >> 3, 1) - 1])
        x = (west + column * wide - near, west + (column + size) * wide + near)
        y = (south + row * high - NEAR_DEG, south + (row + size) * high + NEAR_DEG)
        end, image = _near_edges(x, y, pool, first, last, xy)
        half = size >> 1
        if end == last:
            lon, lat = west + (column + 0.5 * size) * wide, south + (row + 0.5 * size) * high
            found = place_in_zone(lon, lat, 0.0, zone, xy, head, start, edge)
            if found != OUT:
                fill(inside, row, column, size)
            if found == ASK:
                fill(border, row, column, size)
        elif size == 1:
            fill(border, row, column, size)
            if image:
                fill(inside, row, column, size)
        else:
            for quarter in range(4):
                node = (row + half * (quarter >> 1), column + half * (quarter & 1), half, 0, last, end)
                waiting = push(stack, waiting, node)
