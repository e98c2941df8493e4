"""Which zones positions hit, through the grid: nearly all positions end at the first two lookups.

The tables may come from a damaged file: every number from them is checked before it is used as an index. A damaged
table can make answers wrong, never a read elsewhere; whoever asks must learn from the checksum before believing one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geogate.kernels.grid_build import BLOCK, SUBCELLS
from geogate.kernels.grid_build_sort import WORDS, small_cells
from geogate.kernels.grid_probe_ahead import LIST, ZONE, Pairs, fetch_chunks, fetch_stripes, soon
from geogate.kernels.inputs import read_only
from geogate.kernels.jit import count_ones, kernel
from geogate.kernels.near import BEYOND2, place, small_line, within_reach
from geogate.kernels.stripes import ASK, IN, OUT, place_in_stripe, small_zone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.kernels.grid_build_sort import Cells
    from geogate.kernels.near import Balls
    from geogate.kernels.stripes import Stripes

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bytes = NDArray[np.uint8]

NO_ROOM, OFF_MAP, DAMAGED = -1, -2, -3
"""What ``hits`` returns instead of a number of pairs."""

_ROWS = 2048
"""Positions of a round: all that it needs stays in the processor's second cache."""

_PAIRS = 256
"""Pairs that are decided together: what is fetched for them stays in the cache until it is read."""

_BEFORE_END = 1.0 - 1e-10
"""Moves the north pole and longitude 180 into the last sub-cells: by 4 mm, less than these are unsure about."""

_ROWS_A_BAND = BLOCK * SUBCELLS
_ONE = np.uint64(1)
_U1, _U3, _U6, _U7, _U8 = np.uint32(1), np.uint32(3), np.uint32(6), np.uint32(7), np.uint32(8)


class Scale(NamedTuple):
    """The globe as positions look it up: ``lon`` are the sub-cells in a degree of longitude in each band.

    ``first`` is the number of each band's first block; ``near_lon`` as in ``grid_build.Globe``.
    """

    bands: int
    lon: Floats
    first: Ints
    near_lon: Floats


class _Touched(NamedTuple):
    """Positions in cells that zones have: word and whether the block is covered by zones, cell of it, sub-cell.

    ``sub_row``, ``sub_column``, ``all_words`` and ``all_cells`` are those of all positions of a round.
    """

    sub_row: NDArray[np.int32]
    sub_column: NDArray[np.int32]
    all_words: NDArray[np.uint32]
    all_cells: Bytes
    row: Ints
    word: NDArray[np.uint32]
    cell: Bytes
    sub: Bytes
    first: Ints
    last: Ints


@kernel
def _sub_cells(x: Floats, y: Floats, begin: int, count: int, scale: Scale, found: _Touched) -> bool:
    """Find the row and the column of each position's sub-cell. Return whether all are on the map.

    One loop for rows, which becomes vector instructions, and one for columns, whose width the row decides.
    """
    lon_scale, row_of, column_of = scale.lon, found.sub_row, found.sub_column
    up, north, east = _ROWS_A_BAND * scale.bands / 180.0, 180.0 * _BEFORE_END, 360.0 * _BEFORE_END
    off = 0
    for k in range(count):
        lon, lat = x[begin + k], y[begin + k]
        on_map = (lon >= -180.0) & (lon <= 180.0) & (lat >= -90.0) & (lat <= 90.0)
        off += not on_map
        row_of[k] = np.int32(min(lat + 90.0 if on_map else 0.0, north) * up)
    for k in range(count):
        lon = x[begin + k] + 180.0
        lon = lon if (lon >= 0.0) & (lon <= 360.0) else 0.0
        column_of[k] = np.int32(min(lon, east) * lon_scale[row_of[k] >> 8])
    return off == 0


@kernel
def _touch(begin: int, count: int, scale: Scale, cells: Cells, found: _Touched) -> int:
    """Note the positions in cells that zones have, without branches; return how many."""
    top, bits, band_first = cells.top, cells.bits, scale.first
    blocks = np.uint32(len(bits) // WORDS)
    sub_row, sub_column, all_words, all_cells = found.sub_row, found.sub_column, found.all_words, found.all_cells
    row_of, word_of, cell_of, sub_of = found.row, found.word, found.cell, found.sub
    number = np.int64(0)
    for k in range(count):
        row, column = np.uint32(sub_row[k]), np.uint32(sub_column[k])
        block = top[np.uint32(band_first[row >> _U8]) + (column >> _U8)]
        name = block >> _U1
        name = name if name < blocks else np.uint32(0)
        word = name * np.uint32(WORDS) + ((row >> _U6) & _U3) * np.uint32(4) + ((column >> _U6) & _U3)
        cell = ((row >> _U3) & _U7) * _U8 + ((column >> _U3) & _U7)
        all_words[k], all_cells[k] = (word << _U1) | (block & _U1), cell
        row_of[number] = k
        number += np.int64((bits[word] >> np.uint64(cell)) & _ONE) | np.int64(block & _U1)
    for j in range(number):
        k = row_of[j]
        row_of[j], word_of[j], cell_of[j] = begin + k, all_words[k], all_cells[k]
        sub_of[j] = (np.uint32(sub_row[k]) & _U7) * _U8 + (np.uint32(sub_column[k]) & _U7)
    return int(number)


@kernel
def _look_up(number: int, cells: Cells, zones: int, found: _Touched) -> bool:
    """Find the entries of each position's cell. Return whether the tables are sound."""
    _, bits, base, cell_start, entry, _, _ = cells
    word_of, cell_of, first_of, last_of = found.word, found.cell, found.first, found.last
    for j in range(number):
        word, cell = word_of[j] >> _U1, np.uint64(cell_of[j])
        mask = bits[word]
        name = np.int64(base[word]) + np.int64(count_ones(mask & ((_ONE << cell) - _ONE)))
        first_of[j], last_of[j] = name, np.int64((mask >> cell) & _ONE)
        soon(cell_start, name)
    faults = 0
    for j in range(number):
        name, there = first_of[j], last_of[j]
        known = name + there < len(cell_start)
        name = name if known else np.int64(0)
        last = np.int64(cell_start[name + there if known else 0])
        first = np.int64(cell_start[name]) if there else last
        faults += not (known & (first <= last) & (last - first <= zones) & (3 * last <= len(entry)))
        first_of[j], last_of[j] = first, last
        soon(entry, 3 * first)
        soon(entry, 3 * last - 1)
    return faults == 0


@kernel
def _wholes(
    word: np.uint32, whole_start: NDArray[np.uint32], whole_zone: NDArray[np.int32], zones: int
) -> tuple[int, int]:
    """Find the zones that cover a word's block: first and last, (1, 0) where the tables are damaged."""
    number = np.int64(word >> _U1) // WORDS
    if number + 1 >= len(whole_start):
        return 1, 0
    first, last = np.int64(whole_start[number]), np.int64(whole_start[number + 1])
    if first > last or last - first > zones or last > len(whole_zone):
        return 1, 0
    for k in range(first, last):
        if not 0 <= whole_zone[k] < zones:
            return 1, 0
    return int(first), int(last)


@kernel
def _candidates(
    number: int, cells: Cells, head: Floats, found: _Touched, pairs: Pairs, at: int, opens: Ints
) -> tuple[int, int]:
    """Write the pairs that masks decide or leave open, ordered by position and zone; the open ones keep their lists.

    Returns their end, and how many are open: ``opens`` has their places.
    """
    entry, whole_start, whole_zone, zones = cells.entry, cells.whole_start, cells.whole_zone, len(head)
    row_of, word_of, sub_of, first_of, last_of = found.row, found.word, found.sub, found.first, found.last
    pair_row, pair_zone, answer = pairs
    opened = np.int64(0)
    for j in range(number):
        row, sub, first, last = row_of[j], np.uint64(sub_of[j]), first_of[j], last_of[j]
        whole, end = 0, 0
        if word_of[j] & _U1:
            whole, end = _wholes(word_of[j], whole_start, whole_zone, zones)
            if whole > end:
                return DAMAGED, 0
        if at + (last - first) + (end - whole) >= len(pair_row):
            return NO_ROOM, 0
        for k in range(first, last):
            tail = entry[3 * k + 2]
            name = np.int64(tail & ZONE)
            if name >= zones:
                return DAMAGED, 0
            while whole < end and whole_zone[whole] < name:
                pair_row[at], pair_zone[at], answer[at] = row, whole_zone[whole], IN
                at, whole = at + 1, whole + 1
            inside, border = (entry[3 * k] >> sub) & _ONE, (entry[3 * k + 1] >> sub) & _ONE
            is_open = border & (inside ^ _ONE)
            pair_row[at], pair_zone[at] = row, np.int64(tail) if is_open else name
            answer[at] = IN + np.int64(border) * (ASK - IN)
            opens[opened] = at
            opened += np.int64(is_open)
            at += int(inside | border)
            soon(head, 4 * name)
        while whole < end:
            pair_row[at], pair_zone[at], answer[at] = row, whole_zone[whole], IN
            at, whole = at + 1, whole + 1
    return at, int(opened)


@kernel
def _decide(
    x: Floats,
    y: Floats,
    opens: Ints,
    first: int,
    last: int,
    scale: Scale,
    stripes: Stripes,
    balls: Balls,
    pairs: Pairs,
    stripe: Ints,
) -> int:
    """Decide open pairs: IN, OUT, or ASK where they cannot be; return how many are OUT."""
    xy, _, start, edge = stripes
    corner, chunk_start, ball, reach, near_list = balls
    pair_row, pair_zone, answers = pairs
    near_lon, up = scale.near_lon, BLOCK * scale.bands / 180.0
    at_row, out = -1, 0
    at = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for j in range(first, last):
        k = opens[j]
        row, tail = pair_row[k], np.uint64(pair_zone[k])
        zone, lon, lat = np.int64(tail & ZONE), x[row], y[row]
        answer = OUT
        if reach[zone, BEYOND2] > 0.0:
            if at_row != row:
                at, at_row = place(lon, lat), row
            answer = within_reach(at, zone, np.int64(tail >> LIST), corner, chunk_start, ball, reach, near_list)
        if answer == OUT:
            near = near_lon[np.int64(min(lat + 90.0, 180.0 * _BEFORE_END) * up)]
            answer = place_in_stripe(lon, lat, near, stripe[j - first], xy, start, edge)
        pair_zone[k], answers[k] = zone, answer
        out += answer == OUT
    return out


@kernel
def drop(pairs: Pairs, first: int, last: int) -> int:
    """Close up the pairs from ``first`` to ``last`` that hit or ask; return their end."""
    row, zone, answer = pairs
    kept = np.int64(first)
    for k in range(first, last):
        row[kept], zone[kept], answer[kept] = row[k], zone[k], answer[k]
        kept += np.int64(answer[kept] != OUT)
    return int(kept)


@kernel
def hits(x: Floats, y: Floats, scale: Scale, cells: Cells, stripes: Stripes, balls: Balls, pairs: Pairs) -> int:
    """Find the zones that positions hit: pairs of position and zone, sorted, each with IN or ASK.

    Returns the number of pairs; or a code where there is no room for them and one more, a position is not on the map,
    or the tables are damaged: then nothing in ``pairs`` means anything.
    """
    found = _Touched(
        np.empty(_ROWS, np.int32),
        np.empty(_ROWS, np.int32),
        np.empty(_ROWS, np.uint32),
        np.empty(_ROWS, np.uint8),
        np.empty(_ROWS, np.int64),
        np.empty(_ROWS, np.uint32),
        np.empty(_ROWS, np.uint8),
        np.empty(_ROWS, np.uint8),
        np.empty(_ROWS, np.int64),
        np.empty(_ROWS, np.int64),
    )
    stripe, opens = np.empty(_PAIRS, np.int64), np.empty(len(pairs.row), np.int64)
    kept = 0
    for first in range(0, len(x), _ROWS):
        count = min(_ROWS, len(x) - first)
        if not _sub_cells(x, y, first, count, scale, found):
            return OFF_MAP
        number = _touch(first, count, scale, cells, found)
        if not _look_up(number, cells, len(stripes.head), found):
            return DAMAGED
        end, opened = _candidates(number, cells, stripes.head, found, pairs, kept, opens)
        if end < 0:
            return end  # type: ignore[no-any-return]
        out = 0
        for run in range(0, opened, _PAIRS):
            last = min(run + _PAIRS, opened)
            fetch_stripes(y, opens, run, last, stripes, balls.reach, pairs, stripe)
            if len(balls.near_list):
                fetch_chunks(opens, run, last, balls, pairs)
            out += _decide(x, y, opens, run, last, scale, stripes, balls, pairs, stripe)
        kept = drop(pairs, kept, end) if out else end
    return kept


@kernel
def count_hits(owner: Ints, zone: Ints, per_zone: Ints) -> int:
    """Add pairs sorted by owner to the counts of each zone; return the number of different owners."""
    owners, before = 0, -1
    for k in range(len(owner)):
        owners += owner[k] != before
        before = owner[k]
        per_zone[zone[k]] += 1
    return owners


def new_pairs(count: int) -> Pairs:
    """Make room for so many pairs."""
    return Pairs(np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count, np.uint8))


def warm_up() -> None:
    """Compile the kernels of this module for the types that they are used with."""
    _, stripes = small_zone()
    scale = Scale(
        1, read_only(np.full(1, BLOCK * SUBCELLS / 360.0)), read_only(np.arange(2)), read_only(np.ones(BLOCK))
    )
    position = read_only(np.zeros(1))
    pairs = new_pairs(4)
    drop(pairs, 0, hits(position, position, scale, small_cells(), stripes, small_line(), pairs))
    nothing = read_only(np.zeros(0, np.int64))
    count_hits(nothing, nothing, np.zeros(1, np.int64))
