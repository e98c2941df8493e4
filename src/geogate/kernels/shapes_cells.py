"""The zones in the cells of the grid that a box or an edge passes; ``geogate.kernels.grid_build_sort`` lays the cells.

Whatever is read from the tables is checked before it is used as an index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geogate.kernels.grid_build import ALL, BLOCK, SUBCELLS
from geogate.kernels.grid_build_sort import WORDS
from geogate.kernels.jit import count_ones, inner

if TYPE_CHECKING:
    from geogate.kernels.shapes_tables import Box, Grid, Ints

DAMAGED = -1
"""Instead of a number of zones: the tables cannot be read."""

FEW_CELLS = 4_096
"""Of boxes with more cells not all are looked at."""

_PAD_DEG = 1e-9
"""More than rounding moves a place of an edge."""

_BEFORE_END = 1.0 - 1e-10
_BYTE = np.uint64(0xFF)
_COLUMN = np.uint64(0x0101010101010101)
_ZONE = np.uint64(0xFFFFFFFF)
_ONE = np.uint64(1)


@inner
def _row_of(grid: Grid, lat: float) -> np.int64:
    """Give the number of the row of sub-cells that ``grid_probe`` gives, for a latitude that may leave the globe."""
    up = BLOCK * SUBCELLS * grid.scale.bands / 180.0
    return np.int64(min(max(lat + 90.0, 0.0), 180.0 * _BEFORE_END) * up)


@inner
def _column_of(grid: Grid, band: int, lon: float) -> np.int64:
    return np.int64(min(max(lon + 180.0, 0.0), 360.0 * _BEFORE_END) * grid.scale.lon[band])


@inner
def cells_in(grid: Grid, box: Box) -> int:
    """Return about how many cells a box has, west, south, east, north; at least one."""
    low, high = _row_of(grid, box[1]), _row_of(grid, box[3])
    scale = max(grid.scale.lon[low >> 8], grid.scale.lon[high >> 8]) / SUBCELLS
    cells: int = ((high >> 3) - (low >> 3) + 1) * (np.int64((box[2] - box[0]) * scale) + 1)
    return cells


@inner
def surely_far(grid: Grid, box: Box) -> bool:
    """Tell whether a small box is on the map and no zone has any of its cells; ``False`` says nothing.

    Small is what lies within one word of the grid's bits.
    """
    low, high = _row_of(grid, box[1]), _row_of(grid, box[3])
    band = low >> 8
    west, east = _column_of(grid, band, box[0]), _column_of(grid, band, box[2])
    at = grid.scale.first[band] + (west >> 8)
    if ((low ^ high) | (west ^ east)) >> 6 != 0 or at < 0 or at >= len(grid.cells.top):
        return False
    block = np.int64(grid.cells.top[at])
    if block == 0:
        return True
    word = (block >> 1) * WORDS + (((low >> 6) & 3) << 2) + ((west >> 6) & 3)
    if block & 1 or word >= len(grid.cells.bits):
        return False
    tall = (ALL << np.uint64(low & 56)) & (ALL >> np.uint64(56 - (high & 56)))
    wide = (_BYTE << np.uint64((west >> 3) & 7)) & (_BYTE >> np.uint64(7 - ((east >> 3) & 7)))
    far: bool = grid.cells.bits[word] & tall & (wide * _COLUMN) == 0
    return far


@inner
def zones_in(grid: Grid, box: Box, seen: Ints, stamp: int, found: Ints, number: int) -> int:
    """Add the zones of a box's cells to ``found``, after the first ``number``, and return the new number or DAMAGED.

    Zones for which ``seen`` has the stamp are left out; it is set for those that are added.
    """
    low, high = _row_of(grid, box[1]), _row_of(grid, box[3])
    for tile in range(low >> 6, (high >> 6) + 1):
        first, last = max(low, tile << 6), min(high, (tile << 6) + 63)
        number = _zones_in_rows(grid, first, last, box[0], box[2], seen, stamp, found, number)
        if number < 0:
            return DAMAGED
    return number


@inner
def zones_of_edge(grid: Grid, ax: float, ay: float, bx: float, by: float, seen: Ints, stamp: int, found: Ints) -> int:
    """Write the zones of the cells that an edge passes to ``found``, as ``zones_in`` does."""
    low, high = _row_of(grid, min(ay, by)), _row_of(grid, max(ay, by))
    west, east = min(ax, bx), max(ax, bx)
    if low >> 3 == high >> 3:
        alone: int = _zones_in_rows(grid, low, high, west, east, seen, stamp, found, 0)
        return alone
    number, down = 0, 180.0 / (BLOCK * SUBCELLS * grid.scale.bands)
    for row in range(low >> 3, (high >> 3) + 1):
        first, last = max(low, row << 3), min(high, (row << 3) + 7)
        south = min(max((row << 3) * down - 90.0 - _PAD_DEG, min(ay, by)), max(ay, by))
        north = min(max(((row << 3) + 8) * down - 90.0 + _PAD_DEG, min(ay, by)), max(ay, by))
        x0 = ax + (bx - ax) * ((south - ay) / (by - ay))
        x1 = ax + (bx - ax) * ((north - ay) / (by - ay))
        x0, x1 = max(min(x0, x1) - _PAD_DEG, west), min(max(x0, x1) + _PAD_DEG, east)
        number = _zones_in_rows(grid, first, last, x0, x1, seen, stamp, found, number)
        if number < 0:
            return DAMAGED
    return number


@inner
def _zones_in_rows(
    grid: Grid, first: int, last: int, west: float, east: float, seen: Ints, stamp: int, found: Ints, number: int
) -> int:
    """Add the zones between two rows of sub-cells in one row of words, and two longitudes, to ``found``.

    A word of the grid's bits has 8 by 8 cells, a row of them in each byte, as a cell has 8 by 8 sub-cells.
    """
    band = first >> 8
    low, high = _column_of(grid, band, west), _column_of(grid, band, east)
    tall = (ALL << np.uint64(first & 56)) & (ALL >> np.uint64(56 - (last & 56)))
    column, end = low >> 3, high >> 3
    while column <= end:
        at = grid.scale.first[band] + (column >> 5)
        if at < 0 or at >= len(grid.cells.top):
            return DAMAGED
        block = np.int64(grid.cells.top[at])
        if block == 0:
            column = (column | 31) + 1
            continue
        if block & 1:
            number = _add_wholes(grid, block >> 1, seen, stamp, found, number)
        word = (block >> 1) * WORDS + (((first >> 6) & 3) << 2) + ((column >> 3) & 3)
        if number < 0 or word >= len(grid.cells.bits):
            return DAMAGED
        until = min(end, column | 7)
        wide = (_BYTE << np.uint64(column & 7)) & (_BYTE >> np.uint64(7 - (until & 7)))
        cells = grid.cells.bits[word] & tall & (wide * _COLUMN)
        while cells:
            bit = np.int64(count_ones((cells & (~cells + _ONE)) - _ONE))
            cells &= cells - _ONE
            row, cell = ((first >> 6) << 3) + (bit >> 3), (column & ~7) + (bit & 7)
            mask = _sub_cells(row, first, last) & (_sub_cells_of_column(cell, low, high) * _COLUMN)
            number = _add(grid, word, np.uint64(bit), mask, seen, stamp, found, number)
            if number < 0:
                return DAMAGED
        column = until + 1
    return number


@inner
def _sub_cells(row: int, first: int, last: int) -> np.uint64:
    """Mask the sub-cells of a row of cells between two rows of sub-cells, of which it has one at least."""
    low, high = max(first, row << 3), min(last, (row << 3) + 7)
    mask: np.uint64 = (ALL << np.uint64((low & 7) << 3)) & (ALL >> np.uint64(56 - ((high & 7) << 3)))
    return mask


@inner
def _sub_cells_of_column(cell: int, first: int, last: int) -> np.uint64:
    """Mask the columns of a cell between two columns of sub-cells, of which it has one at least, in the lowest byte."""
    low, high = max(first, cell << 3), min(last, (cell << 3) + 7)
    mask: np.uint64 = (_BYTE << np.uint64(low & 7)) & (_BYTE >> np.uint64(7 - (high & 7)))
    return mask


@inner
def _add(grid: Grid, word: int, bit: int, mask: int, seen: Ints, stamp: int, found: Ints, number: int) -> int:
    """Add the zones that have any of the sub-cells of ``mask`` in a cell."""
    before = grid.cells.bits[word] & ((_ONE << bit) - _ONE)
    cell = np.int64(grid.cells.base[word]) + np.int64(count_ones(before))
    if cell + 1 >= len(grid.cells.cell_start):
        return DAMAGED
    first, last = np.int64(grid.cells.cell_start[cell]), np.int64(grid.cells.cell_start[cell + 1])
    if first > last or 3 * last > len(grid.cells.entry):
        return DAMAGED
    for k in range(3 * first, 3 * last, 3):
        if (grid.cells.entry[k] | grid.cells.entry[k + 1]) & mask:
            zone = np.int64(grid.cells.entry[k + 2] & _ZONE)
            if zone >= len(seen):
                return DAMAGED
            if seen[zone] != stamp:
                seen[zone], found[number] = stamp, zone
                number += 1
    return number


@inner
def _add_wholes(grid: Grid, block: int, seen: Ints, stamp: int, found: Ints, number: int) -> int:
    """Add the zones that cover a whole block."""
    if block + 1 >= len(grid.cells.whole_start):
        return DAMAGED
    first, last = np.int64(grid.cells.whole_start[block]), np.int64(grid.cells.whole_start[block + 1])
    if first > last or last > len(grid.cells.whole_zone):
        return DAMAGED
    for k in range(first, last):
        zone = np.int64(grid.cells.whole_zone[k])
        if zone < 0 or zone >= len(seen):
            return DAMAGED
        if seen[zone] != stamp:
            seen[zone], found[number] = stamp, zone
            number += 1
    return number
