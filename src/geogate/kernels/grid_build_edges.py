"""Which cells of the grid a zone without a distance covers, touches or leaves alone."""

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
    emit,
    fill,
    node_at,
    push,
)
from geogate.kernels.jit import kernel
from geogate.kernels.stripes import ASK, IN, NEAR_DEG, place_in_zone

IMAGES = 3
"""An edge and the same a turn aside in both directions; the first numbers in a pool's codes."""

_TURN = (0.0, 360.0, -360.0)
_SEAM_DEG = 179.999
_POLAR_DEG = 89.9
"""Zones beyond these come near to themselves round the globe; nearer to the equator ``NEAR_M`` is less than 0.001."""


@kernel
def _near_edges(x, y, pool, first, last, xy):
    """Put the edges of ``pool[first:last]`` that meet a box behind them; return the new end, and whether one is an image."""
    end, image = last, False
    west, east = x
    south, north = y
    cx, cy, hx, hy = 0.5 * (west + east), 0.5 * (south + north), 0.5 * (east - west), 0.5 * (north - south)
    for k in range(first, last):
        code = pool[k]
        turn = code % IMAGES
        v = 2 * (code // IMAGES)
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
def _first_edges(zone, rings, pool):
    """List all edges of a zone, and those of a zone that comes near to itself round the globe a turn aside as well."""
    xy, ring_start, zone_ring = rings
    first, last = ring_start[zone_ring[zone]], ring_start[zone_ring[zone + 1]]
    west, south, east, north = 1e300, 1e300, -1e300, -1e300
    for v in range(first, last):
        west, east = min(west, xy[2 * v]), max(east, xy[2 * v])
        south, north = min(south, xy[2 * v + 1]), max(north, xy[2 * v + 1])
    round_globe = west < -_SEAM_DEG or east > _SEAM_DEG or max(-south, north) > _POLAR_DEG
    end = 0
    for ring in range(zone_ring[zone], zone_ring[zone + 1]):
        for v in range(ring_start[ring], ring_start[ring + 1] - 1):
            for turn in range(IMAGES if round_globe else 1):
                pool[end] = IMAGES * v + turn
                end += 1
    return end, round_globe, (west, south, east, north)


@kernel
def zone_by_edges(zone, rings, stripes, grid, pool, masks, out, used):
    """Lay a zone into the grid; ``pool`` has room for ``POOL * IMAGES`` times its edges.

    Returns how much of ``out`` is used then; a negative number where it is full.
    """
    bands, band_columns, band_first, row_near = grid
    xy = rings[0]
    count, round_globe, bounds = _first_edges(zone, rings, pool)
    if count == 0:
        return used
    height = 180.0 / bands
    stack = np.empty((DEEP, NODE), np.int64)
    low = min(max(int(np.floor((bounds[1] - NEAR_DEG + 90.0) / height)), 0), bands - 1)
    high = min(max(int(np.floor((bounds[3] + NEAR_DEG + 90.0) / height)), 0), bands - 1)
    waiting = push(stack, 0, (low, high + 1, STRIP, STRIP, 0, count))
    while waiting:
        waiting -= 1
        b0, b1, c0, c1, first, last = node_at(stack, waiting)
        near = max(row_near[b0 * BLOCK], row_near[b1 * BLOCK - 1])
        y = (b0 * height - 90.0 - NEAR_DEG, b1 * height - 90.0 + NEAR_DEG)
        if c0 == STRIP:
            # A strip round the globe: without an edge in it no zone is there, because a zone has an end to the east.
            end, image = _near_edges((-2000.0, 2000.0), y, pool, first, last, xy)
            if end == last:
                continue
            if b1 - b0 > 1:
                middle = (b0 + b1) >> 1
                waiting = push(stack, waiting, (b0, middle, STRIP, STRIP, last, end))
                waiting = push(stack, waiting, (middle, b1, STRIP, STRIP, last, end))
                continue
            columns = band_columns[b0] // BLOCK
            c0, c1 = 0, columns
            if not round_globe:
                c0 = min(max(int(np.floor((bounds[0] - near + 180.0) * columns / 360.0)), 0), columns - 1)
                c1 = min(max(int(np.floor((bounds[2] + near + 180.0) * columns / 360.0)), 0), columns - 1) + 1
            waiting = push(stack, waiting, (b0, b1, c0, c1, last, end))
            continue
        wide = 360.0 * BLOCK / band_columns[b0]
        x = (c0 * wide - 180.0 - near, c1 * wide - 180.0 + near)
        end, image = _near_edges(x, y, pool, first, last, xy)
        if end == last:
            lon, lat = 0.5 * (c0 + c1) * wide - 180.0, (b0 + 0.5) * height - 90.0
            if place_in_zone(lon, lat, 0.0, zone, xy, *stripes) == IN:
                if used[1] + c1 - c0 > len(out[4]):
                    return -1, 0, 0
                for column in range(c0, c1):
                    out[4][used[1]], out[5][used[1]] = band_first[b0] + column, zone
                    used = (used[0], used[1] + 1, used[2])
            continue
        if c1 - c0 > 1:
            middle = (c0 + c1) >> 1
            waiting = push(stack, waiting, (b0, b1, c0, middle, last, end))
            waiting = push(stack, waiting, (b0, b1, middle, c1, last, end))
            continue
        if used[0] + CELLS > len(out[0]) or used[1] >= len(out[4]):
            return -1, 0, 0
        _block_by_edges(zone, (b0, c0), xy, stripes, grid, pool, last, end, masks)
        used = emit(band_first[b0] + c0, zone, masks, out, used)
    return used


@kernel
def _block_by_edges(zone, block, xy, stripes, grid, pool, first, last, masks):
    """Split a block down to its sub-cells; the edges near to it are ``pool[first:last]``."""
    bands, band_columns, _, row_near = grid
    south, west = block[0] * 180.0 / bands - 90.0, block[1] * 360.0 * BLOCK / band_columns[block[0]] - 180.0
    high, wide = 180.0 / bands / SIDE, 360.0 / band_columns[block[0]] / SUBCELLS
    stack = np.empty((DEEP, NODE), np.int64)
    waiting = push(stack, 0, (0, 0, SIDE, 0, first, last))
    while waiting:
        waiting -= 1
        row, column, size, _, first, last = node_at(stack, waiting)
        cell_row = block[0] * BLOCK + (row >> 3)
        near = max(row_near[cell_row], row_near[cell_row + max(size >> 3, 1) - 1])
        x = (west + column * wide - near, west + (column + size) * wide + near)
        y = (south + row * high - NEAR_DEG, south + (row + size) * high + NEAR_DEG)
        end, image = _near_edges(x, y, pool, first, last, xy)
        if end == last:
            lon, lat = west + (column + 0.5 * size) * wide, south + (row + 0.5 * size) * high
            found = place_in_zone(lon, lat, 0.0, zone, xy, *stripes)
            if found == IN:
                fill(masks[0], masks[1], (row, column, size), ALL, NONE)
            elif found == ASK:
                fill(masks[0], masks[1], (row, column, size), ALL, ALL)
        elif size == 1:
            fill(masks[0], masks[1], (row, column, size), ALL if image else NONE, ALL)
        else:
            half = size >> 1
            for quarter in range(4):
                south_west = (row + half * (quarter >> 1), column + half * (quarter & 1))
                waiting = push(stack, waiting, (south_west[0], south_west[1], half, 0, last, end))
