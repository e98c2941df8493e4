"""The grid over the globe, and how a zone is laid into it: by splitting what its edges come near to.

The globe has bands of 32 rows of cells; a band has blocks of 32 x 32 cells, fewer the nearer it is to a pole; a cell
has 8 x 8 sub-cells. A block's number is ``Globe.first[band]`` plus its column. Within a block a cell has the number
``64 * word + bit``, where a word is 8 x 8 cells. A zone's entry for a cell has two masks with one bit a sub-cell:
inside, and border, where the position decides; where both are set the exact reference has to decide.

Functions that are called for each node or position take plain arrays: to take an array out of a tuple costs two locked
instructions, more than what they do with it.

A node is a box of sub-cells. Whoever splits has a list of all that comes near to the node, kept one after the other in
``pool``: each node's list is a part of its parent's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geogate.kernels.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Words = NDArray[np.uint64]
    Node = tuple[int, int, int, int, int, int]
    Used = tuple[int, int, int]

BLOCK = 32
"""Cells of a block in either axis."""

SUBCELLS = 8
SIDE = BLOCK * SUBCELLS
CELLS = BLOCK * BLOCK
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
NONE = np.uint64(0)
_ONE = np.uint64(1)

DEEP, NODE = 64, 6
"""More nodes than this never wait: three at each of 9 splits in a block, one at each of 21 above. A node is 6 numbers:
two bands, or the block's first row and column; two columns, or the size and nothing; the ends of its list.
"""

POOL = 36
"""Lists that a pool has room for, more than there are splits on the way to a sub-cell."""

STRIP = -1
"""Stands for the columns of a node that goes round the globe."""

FULL = (-1, -1, -1)
"""What laying a zone returns when there is not enough room."""


class Globe(NamedTuple):
    """The bands of the globe: how many cells go round in each, and the number of its first block.

    ``near_lon`` is what counts as near to an edge, in degrees of longitude, for each row of cells.

    Shape: ``columns`` ``(bands,)``, ``first`` ``(bands + 1,)``, ``near_lon`` ``(32 * bands,)``.
    """

    bands: int
    columns: Ints
    first: Ints
    near_lon: Floats


class Masks(NamedTuple):
    """The masks of one zone for the cells of one block, and where each cell's list of chunks begins."""

    inside: Words
    border: Words
    tail: Ints


class Room(NamedTuple):
    """Where the cells of zones are written: their keys, 1024 times the block plus the cell; masks; zone and list.

    After them the blocks that zones cover whole, and the lists of chunks.
    """

    key: Ints
    inside: Words
    border: Words
    tail: Words
    whole_block: Ints
    whole_zone: Ints
    near_list: NDArray[np.int32]


@kernel
def cell_number(row: int, column: int) -> int:
    """Give the number of a cell within its block."""
    return (((row >> 3) << 2) + (column >> 3)) * 64 + ((row & 7) << 3) + (column & 7)


@kernel
def push(stack: Ints, waiting: int, node: Node) -> int:
    """Let a node wait; return how many wait then."""
    for k in range(NODE):
        stack[waiting, k] = node[k]
    return waiting + 1


@kernel
def node_at(stack: Ints, at: int) -> Node:
    """Read a node."""
    return stack[at, 0], stack[at, 1], stack[at, 2], stack[at, 3], stack[at, 4], stack[at, 5]


@kernel
def fill(mask: Words, row: int, column: int, size: int) -> None:
    """Set the bits of all sub-cells of a node of a block in the masks of its cells."""
    if size >= SUBCELLS:
        for r in range(row >> 3, (row + size) >> 3):
            for c in range(column >> 3, (column + size) >> 3):
                mask[cell_number(r, c)] = ALL
        return
    node = NONE
    for r in range(row & 7, (row & 7) + size):
        for c in range(column & 7, (column & 7) + size):
            node |= _ONE << np.uint64((r << 3) + c)
    mask[cell_number(row >> 3, column >> 3)] |= node


@kernel
def cover(blocks: int, count: int, zone: int, room: Room, used: Used) -> Used:
    """Write that a zone covers consecutive blocks; return how much is used then, or ``FULL``."""
    cells, wholes, listed = used
    whole_block, whole_zone = room.whole_block, room.whole_zone
    if wholes + count > len(whole_block):
        return FULL
    for block in range(blocks, blocks + count):
        whole_block[wholes], whole_zone[wholes] = block, zone
        wholes += 1
    return cells, wholes, listed


@kernel
def emit(block: int, zone: int, masks: Masks, room: Room, used: Used) -> Used:
    """Write a block's cells that a zone covers or touches, and clear the masks; the caller saw to the room."""
    inside, border, tail = masks
    key, room_inside, room_border, room_tail = room.key, room.inside, room.border, room.tail
    cells, wholes, listed = used
    for cell in range(CELLS):
        if (inside[cell] | border[cell]) != NONE:
            key[cells] = block * CELLS + cell
            room_inside[cells], room_border[cells] = inside[cell], border[cell]
            room_tail[cells] = np.uint64(zone) | (np.uint64(tail[cell]) << np.uint64(32))
            cells += 1
        inside[cell], border[cell], tail[cell] = NONE, NONE, 0
    return cells, wholes, listed
