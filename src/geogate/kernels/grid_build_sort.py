"""The cells of all zones in the order in which positions look them up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geogate.kernels.grid_build import CELLS
from geogate.kernels.inputs import read_only
from geogate.kernels.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Words = NDArray[np.uint64]
    Numbers = NDArray[np.uint32]

WORDS = 16
"""Words of 64 cells that a block has."""

_CELL_BITS = 10

_ONE = np.uint64(1)


class Cells(NamedTuple):
    """What the cells of the globe say of the zones.

    ``top`` has for each block of the globe twice its number here, plus one where ``whole_zone`` has zones that cover
    it; 0 where there is no zone. Block 0 is empty; blocks that are only covered, one after the other and by the same
    zones, share a number. ``bits`` has one bit a cell, in words of 8 x 8 cells: some zone has an entry for it; ``base``
    has the number of the word's first such cell, whose entries are ``cell_start[c]:cell_start[c + 1]``. An entry is
    three words: mask inside, mask border, and the zone with the place of its list of chunks in the upper half. Zones
    are in ascending order wherever there are several.

    Shape: ``bits`` and ``base`` ``(16 * blocks,)``, ``entry`` ``(3 * entries,)``, ``whole_start`` ``(blocks + 1,)``.
    """

    top: Numbers
    bits: Words
    base: Numbers
    cell_start: Numbers
    entry: Words
    whole_start: Numbers
    whole_zone: NDArray[np.int32]


class Sorted(NamedTuple):
    """Where each block's cells and wholes begin, in the order of ``order`` and of ``whole_zone``."""

    block_first: Ints
    whole_first: Ints
    order: Ints
    whole_zone: Ints


class Found(NamedTuple):
    """The cells of all zones as ``Room`` has them: keys and masks."""

    key: Ints
    inside: Words
    border: Words
    tail: Words


@kernel
def group(blocks: Ints, first: Ints, order: Ints) -> None:
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
def sort_cells(key: Ints, order: Ints, block_first: Ints) -> int:
    """Sort ``order`` within each block by the cell, zones of a cell keep their order; return the number of cells."""
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
def number_blocks(sorted_: Sorted, top: Numbers) -> int:
    """Give numbers to the blocks that have anything; return the number of the last."""
    block_first, whole_first, _, whole_zone = sorted_
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
def _same(first: Ints, zone: Ints, block: int, other: int) -> bool:
    count = first[block + 1] - first[block]
    same = count == first[other + 1] - first[other]
    for k in range(count):
        same = same and zone[first[block] + k] == zone[first[other] + k]
    return same  # type: ignore[no-any-return]


@kernel
def fill_blocks(found: Found, sorted_: Sorted, cells: Cells) -> int:
    """Fill in the tables, all but ``top``; return how many entries ``whole_zone`` has."""
    top, bits, base, cell_start, entry, whole_start, whole_zone = cells
    block_first, whole_first, order, zones = sorted_
    key, inside, border, tail = found
    cell, whole, done = 0, 0, np.int64(0)
    for block in range(len(top)):
        number = np.int64(top[block]) >> 1
        if number <= done:
            continue
        done = number
        whole_start[number] = whole
        for k in range(whole_first[block], whole_first[block + 1]):
            whole_zone[whole] = zones[k]
            whole += 1
        at = -1
        for k in range(block_first[block], block_first[block + 1]):
            which = order[k]
            entry[3 * k], entry[3 * k + 1], entry[3 * k + 2] = inside[which], border[which], tail[which]
            if key[which] != at:
                at = key[which]
                word = number * WORDS + ((at - block * CELLS) >> 6)
                if bits[word] == 0:
                    base[word] = cell
                bits[word] |= _ONE << np.uint64(at & 63)
                cell_start[cell] = k
                cell += 1
    cell_start[cell] = len(order)
    whole_start[done + 1] = whole
    return whole


def sort_into_cells(found: Found, whole_block: Ints, whole_zone: Ints, *, blocks: int) -> Cells:
    """Lay cells and covered blocks of a globe of so many blocks into tables."""
    block_first, order = np.zeros(blocks + 1, np.int64), np.empty(len(found.key), np.int64)
    group(found.key >> _CELL_BITS, block_first, order)
    cells = sort_cells(found.key, order, block_first)
    whole_first, whole_order = np.zeros(blocks + 1, np.int64), np.empty(len(whole_block), np.int64)
    group(whole_block, whole_first, whole_order)
    sorted_ = Sorted(block_first, whole_first, order, whole_zone[whole_order])
    top = np.zeros(blocks, np.uint32)
    numbers = 1 + number_blocks(sorted_, top)
    made = Cells(
        top=top,
        bits=np.zeros(numbers * WORDS, np.uint64),
        base=np.zeros(numbers * WORDS, np.uint32),
        cell_start=np.zeros(cells + 1, np.uint32),
        entry=np.empty(3 * len(order), np.uint64),
        whole_start=np.zeros(numbers + 1, np.uint32),
        whole_zone=np.empty(len(whole_zone), np.int32),
    )
    used = fill_blocks(found, sorted_, made)
    arrays: tuple[NDArray[Any], ...] = made._replace(whole_zone=made.whole_zone[:used])
    return Cells._make(read_only(array) for array in arrays)


def small_cells() -> Cells:
    """Make the tables of a globe of one block with one cell to compile kernels with."""
    masks = (np.ones(1, np.uint64), np.ones(1, np.uint64), np.zeros(1, np.uint64))
    nothing = np.zeros(0, np.int64)
    return sort_into_cells(Found(np.zeros(1, np.int64), *masks), nothing, nothing, blocks=1)


def warm_up() -> None:
    """Compile the kernels of this module for the types that they are used with."""
    small_cells()
