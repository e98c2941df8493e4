"""Which zones positions hit, through the grid: nearly all positions end at the first two lookups.

The tables may come from a damaged file: every number from them is checked before it is used as an index. A damaged table
can make answers wrong, never a read elsewhere; whoever asks must learn from the checksum before believing an answer.
"""

from __future__ import annotations

import numpy as np

from geogate.kernels.grid_build import BLOCK, SUBCELLS
from geogate.kernels.grid_build_sort import WORDS
from geogate.kernels.grid_probe_ahead import soon
from geogate.kernels.jit import count_ones, kernel
from geogate.kernels.near import BEYOND2, place, within_reach
from geogate.kernels.stripes import ASK, IN, OUT, place_in_stripe, stripe_of

NO_ROOM, OFF_MAP, DAMAGED = -1, -2, -3
"""What ``hits`` returns instead of a number of pairs."""

_ROWS = 2048
"""Positions of a round: all that it needs stays in the processor's second cache."""

_PAIRS = 512
"""Pairs that are decided together: what is fetched for them stays in the cache until it is read."""

_LINES = 6
"""Cache lines that the corners of a chunk fill."""

_OPEN = 3
_BEFORE_END = 1.0 - 1e-10
_ONE = np.uint64(1)
_ZONE = np.uint64(0xFFFFFFFF)
_LIST = np.uint64(32)
_ROWS_A_BAND = BLOCK * SUBCELLS


@kernel
def _touched(x, y, first, count, grid, cells, found):
    """Note the positions in cells that zones have, without branches; return how many, and whether any is off the map."""
    bands, band_scale, band_first, _ = grid
    top, bits = cells[0], cells[1]
    at, word_of, cell_of, sub_of = found
    rows = _ROWS_A_BAND * bands
    up, blocks, number, off = rows / 180.0, np.uint32(len(bits) // WORDS), 0, 0
    north, east = 180.0 * _BEFORE_END, 360.0 * _BEFORE_END
    for k in range(first, first + count):
        lon, lat = x[k], y[k]
        on_map = (lon >= -180.0) & (lon <= 180.0) & (lat >= -90.0) & (lat <= 90.0)
        off += not on_map
        lon, lat = (lon + 180.0 if on_map else 0.0), (lat + 90.0 if on_map else 0.0)
        row = np.uint32(np.int32(min(lat, north) * up))
        band = row >> np.uint32(8)
        column = np.uint32(np.int32(min(lon, east) * band_scale[band]))
        block = top[np.uint32(band_first[band]) + (column >> np.uint32(8))]
        name = block >> _U1
        name = name if name < blocks else np.uint32(0)
        word = name * np.uint32(WORDS) + ((row >> _U6) & _U3) * np.uint32(4) + ((column >> _U6) & _U3)
        cell = ((row >> _U3) & _U7) * np.uint32(8) + ((column >> _U3) & _U7)
        at[number], word_of[number] = k, (word << _U1) | (block & _U1)
        cell_of[number], sub_of[number] = cell, (row & _U7) * np.uint32(8) + (column & _U7)
        number += np.int64((bits[word] >> np.uint64(cell)) & _ONE) | np.int64(block & _U1)
    return number, off


_U1, _U3, _U6, _U7 = np.uint32(1), np.uint32(3), np.uint32(6), np.uint32(7)


@kernel
def _look_up(number, cells, found, ranges):
    """Find the entries of each position's cell: first and last. Return whether the tables are sound."""
    _, bits, base, cell_start, entry = cells[:5]
    _, word_of, cell_of, _ = found
    first_of, last_of = ranges
    sound = True
    for j in range(number):
        word, cell = word_of[j] >> _U1, np.uint64(cell_of[j])
        mask = bits[word]
        there = np.int64((mask >> cell) & _ONE)
        name = np.int64(base[word]) + np.int64(count_ones(mask & ((_ONE << cell) - _ONE)))
        known = name + there < len(cell_start)
        name = name if known else 0
        first, last = np.int64(cell_start[name]), np.int64(cell_start[name + there])
        sound &= known & (first <= last) & (3 * last <= len(entry))
        first_of[j], last_of[j] = first, last
        soon(entry, 3 * first)
    return sound


@kernel
def _wholes(number, cells):
    """Find the zones that cover a block: first and last, (1, 0) where the tables are damaged."""
    whole_start, whole_zone = cells[5], cells[6]
    if number + 1 >= len(whole_start):
        return 1, 0
    first, last = np.int64(whole_start[number]), np.int64(whole_start[number + 1])
    if first > last or last > len(whole_zone):
        return 1, 0
    return first, last


@kernel
def _candidates(number, cells, head, found, ranges, out, pairs):
    """Write the pairs that the masks decide, and those that they leave open, ordered by position and zone."""
    at, word_of, _, sub_of = found
    entry, whole_zone = cells[4], cells[6]
    row, zone, state = out
    for j in range(number):
        sub, first, last = np.uint64(sub_of[j]), ranges[0][j], ranges[1][j]
        whole, end = 0, 0
        if word_of[j] & _U1:
            whole, end = _wholes(np.int64(word_of[j] >> _U1) // WORDS, cells)
            if whole > end:
                return DAMAGED
        if pairs + (last - first) + (end - whole) > len(row):
            return NO_ROOM
        for k in range(first, last):
            tail = entry[3 * k + 2]
            name = np.int64(tail & _ZONE)
            if name >= len(head):
                return DAMAGED
            while whole < end and whole_zone[whole] < name:
                row[pairs], zone[pairs], state[pairs] = at[j], whole_zone[whole], IN
                pairs, whole = pairs + 1, whole + 1
            inside, border = (entry[3 * k] >> sub) & _ONE, (entry[3 * k + 1] >> sub) & _ONE
            row[pairs], zone[pairs] = at[j], np.int64(tail)
            state[pairs] = ASK if inside & border else IN if inside else _OPEN
            pairs += np.int64(inside | border)
            soon(head, 4 * name)
        while whole < end:
            row[pairs], zone[pairs], state[pairs] = at[j], whole_zone[whole], IN
            pairs, whole = pairs + 1, whole + 1
    return pairs


@kernel
def _fetch_stripes(y, first, last, stripes, out, stripe_at):
    """Find the stripes of the open pairs, and fetch what will be read of them."""
    xy, head, start, edge = stripes
    row, zone, state = out
    for k in range(first, last):
        if state[k] == _OPEN:
            stripe = stripe_of(y[row[k]], np.int64(np.uint64(zone[k]) & _ZONE), head, start)
            stripe_at[k - first] = stripe
            soon(start, stripe)
    for k in range(first, last):
        if state[k] == _OPEN and stripe_at[k - first] >= 0:
            soon(edge, start[stripe_at[k - first]])
    for k in range(first, last):
        if state[k] == _OPEN and stripe_at[k - first] >= 0:
            low, high = start[stripe_at[k - first]], start[stripe_at[k - first] + 1]
            if low >= 0 and low < high and high <= len(edge):
                soon(xy, 2 * np.int64(edge[low]))
                soon(xy, 2 * np.int64(edge[(low + high) >> 1]))
                soon(xy, 2 * np.int64(edge[high - 1]))


@kernel
def _fetch_chunks(first, last, balls, out):
    """Fetch what will be read of the chunks of the open pairs."""
    corner, chunk_start, ball, _, near_list = balls
    _, zone, state = out
    for k in range(first, last):
        if state[k] == _OPEN:
            soon(near_list, np.int64(np.uint64(zone[k]) >> _LIST))
    for k in range(first, last):
        at = np.int64(np.uint64(zone[k]) >> _LIST) + 1
        if state[k] == _OPEN and at < len(near_list):
            soon(ball, 4 * np.int64(near_list[at]))
            soon(chunk_start, near_list[at])
    for k in range(first, last):
        at = np.int64(np.uint64(zone[k]) >> _LIST) + 1
        if state[k] == _OPEN and at < len(near_list):
            chunk = np.int64(near_list[at])
            if chunk >= 0 and chunk < len(chunk_start):
                for line in range(_LINES):
                    soon(corner, 3 * chunk_start[chunk] + 8 * line)


@kernel
def _decide(x, y, first, last, kept, near, stripes, balls, out, stripe_at):
    """Decide the open pairs where they can be, and move those that hit or ask to ``kept``; its end, and how many ask."""
    up, row_near = near
    xy, _, start, edge = stripes
    reach = balls[3]
    row, zone, state = out
    asks, at_row = 0, -1
    at = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for k in range(first, last):
        which, tail, answer = row[k], np.uint64(zone[k]), state[k]
        name = np.int64(tail & _ZONE)
        if answer == _OPEN:
            lon, lat = x[which], y[which]
            answer = OUT
            if reach[name, BEYOND2] > 0.0:
                if at_row != which:
                    at, at_row = place(lon, lat), which
                answer = within_reach(at, name, np.int64(tail >> _LIST), balls)
            if answer == OUT:
                near_lon = row_near[np.int64(min(lat + 90.0, 180.0 * _BEFORE_END) * up)]
                answer = place_in_stripe(lon, lat, near_lon, stripe_at[k - first], xy, start, edge)
        row[kept], zone[kept], state[kept] = which, name, answer
        kept += answer != OUT
        asks += answer == ASK
    return kept, asks


@kernel
def hits(x, y, grid, cells, stripes, balls, out):
    """Find the zones that positions hit: pairs of position and zone in ``out``, sorted, each with IN or ASK.

    Returns the number of pairs and how many of them ask; or a code where there is no room for the pairs, a position is
    not on the map, or the tables are damaged: then nothing in ``out`` means anything.
    """
    found = (
        np.empty(_ROWS + 1, np.int64),
        np.empty(_ROWS + 1, np.uint32),
        np.empty(_ROWS + 1, np.uint8),
        np.empty(_ROWS + 1, np.uint8),
    )
    ranges = (np.empty(_ROWS, np.int64), np.empty(_ROWS, np.int64))
    stripe_at = np.empty(_PAIRS, np.int64)
    near = (BLOCK * grid[0] / 180.0, grid[3])
    pairs, asks = 0, 0
    for first in range(0, len(x), _ROWS):
        number, off = _touched(x, y, first, min(_ROWS, len(x) - first), grid, cells, found)
        if off:
            return OFF_MAP, 0
        if number == 0:
            continue
        if not _look_up(number, cells, found, ranges):
            return DAMAGED, 0
        end = _candidates(number, cells, stripes[1], found, ranges, out, pairs)
        if end < 0:
            return end, 0
        for run in range(pairs, end, _PAIRS):
            last = min(run + _PAIRS, end)
            _fetch_stripes(y, run, last, stripes, out, stripe_at)
            if len(balls[4]):
                _fetch_chunks(run, last, balls, out)
            pairs, more = _decide(x, y, run, last, pairs, near, stripes, balls, out, stripe_at)
            asks += more
    return pairs, asks


@kernel
def count_hits(owner, zone, per_zone):
    """Add pairs sorted by owner to the counts of each zone; return the number of different owners."""
    owners, before = 0, -1
    for k in range(len(owner)):
        owners += owner[k] != before
        before = owner[k]
        per_zone[zone[k]] += 1
    return owners
