"""The cells of all zones in the order in which positions look them up.

``top``          uint32 ``(blocks of the globe,)``  twice a block's number, plus one where ``whole_zone`` has it; 0 for no zone
``bits``         uint64 ``(16 * blocks,)``          one bit a cell, in words of 8 x 8 cells: some zone has an entry for it
``base``         uint32 ``(16 * blocks,)``          the number of the word's first cell with an entry
``cell_start``   uint32 ``(cells + 1,)``            a cell's entries are ``cell_start[c]:cell_start[c + 1]``
``entry``        uint64 ``(3 * entries,)``          mask inside, mask border, zone and in the upper half its list of chunks
``whole_start``  uint32 ``(blocks + 1,)``           a block's zones that cover it are ``whole_zone[whole_start[b]:...]``
``whole_zone``   int32 ``(wholes,)``

Block 0 is empty. Blocks that are covered only, one after the other and by the same zones, share a number. Zones are in
ascending order wherever there are several.
"""

from __future__ import annotations

import numpy as np

from geogate.kernels.grid_build import CELLS
from geogate.kernels.jit import kernel

WORDS = 16
"""Words of 64 cells that a block has."""

_ONE = np.uint64(1)
_ZONE = np.uint64(0xFFFFFFFF)


@kernel
def group(blocks, first, order):
    """Put things in the order of their blocks, stably; ``first``, zeros, becomes where each block begins."""
    for block in blocks:
        first[block + 1] += 1
    for block in range(len(first) - 1):
        first[block + 1] += first[block]
    free = first[:-1].copy()
    for k in range(len(blocks)):
        order[free[blocks[k]]] = k
        free[blocks[k]] += 1


@kernel
def sort_cells(key, order, block_first):
    """Sort ``order`` within each block by the cell; zones of a cell keep their order."""
    most = 0
    for block in range(len(block_first) - 1):
        most = max(most, block_first[block + 1] - block_first[block])
    count, kept, cells = np.zeros(CELLS + 1, np.int64), np.empty(most, np.int64), 0
    for block in range(len(block_first) - 1):
        first, last = block_first[block], block_first[block + 1]
        if first == last:
            continue
        count[:] = 0
        for k in range(first, last):
            kept[k - first] = order[k]
            count[key[order[k]] - block * CELLS + 1] += 1
        for cell in range(CELLS):
            cells += count[cell + 1] > 0
            count[cell + 1] += count[cell]
        for k in range(last - first):
            cell = key[kept[k]] - block * CELLS
            order[first + count[cell]] = kept[k]
            count[cell] += 1
    return cells


@kernel
def number_blocks(block_first, whole_first, whole_zone, top):
    """Give numbers to the blocks that have anything; return the number of the last."""
    number, before, before_number = 0, -1, 0
    for block in range(len(top)):
        cells = block_first[block + 1] > block_first[block]
        wholes = whole_first[block + 1] - whole_first[block]
        if wholes and not cells:
            if before < 0 or not _same(whole_first, whole_zone, before, block):
                number += 1
                before_number = number
            before = block
            top[block] = 2 * before_number + 1
        elif cells:
            number += 1
            top[block] = 2 * number + (wholes > 0)
    return number


@kernel
def _same(first, zone, block, other):
    count = first[block + 1] - first[block]
    same = count == first[other + 1] - first[other]
    for k in range(count):
        same = same and zone[first[block] + k] == zone[first[other] + k]
    return same


@kernel
def fill_blocks(top, firsts, key, order, masks, whole_zone, out):
    """Fill in the tables; ``masks`` are inside, border and tail of the cells, in their first order.

    Returns how many entries ``whole_zone`` has.
    """
    block_first, whole_first = firsts
    bits, base, cell_start, entry, whole_start, wholes = out
    cell, whole, last = 0, 0, np.uint32(0)
    for block in range(len(top)):
        number = np.int64(top[block] >> np.uint32(1))
        if number <= last:
            continue
        last = number
        whole_start[number] = whole
        for k in range(whole_first[block], whole_first[block + 1]):
            wholes[whole] = whole_zone[k]
            whole += 1
        at = -1
        for word in range(WORDS):
            base[number * WORDS + word] = cell
        for k in range(block_first[block], block_first[block + 1]):
            which = order[k]
            entry[3 * k], entry[3 * k + 1], entry[3 * k + 2] = masks[0][which], masks[1][which], masks[2][which]
            if key[which] != at:
                at = key[which]
                word = number * WORDS + ((at - block * CELLS) >> 6)
                if bits[word] == 0:
                    base[word] = cell
                bits[word] |= _ONE << np.uint64(at & 63)
                cell_start[cell] = k
                cell += 1
    cell_start[cell] = len(order)
    whole_start[last + 1] = whole
    return whole
