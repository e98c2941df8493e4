"""The grid over the globe, and how a zone is laid into it: by splitting what its edges come near to.

The grid has bands of 32 rows of cells; a band has blocks of 32 x 32 cells, fewer the nearer it is to a pole; a cell has
8 x 8 sub-cells. A block has one number: ``band_first[band]`` and its column. Within a block a cell has the number
``64 * word + bit``, where a word is 8 x 8 cells. A zone's entry for a cell has two masks with one bit a sub-cell:
inside, and border, where the position decides; where both are set the exact reference has to decide.

A ``node`` is a box of ``size`` sub-cells in both axes. Whoever splits has a list of all edges that come near to the node,
kept one after the other in ``pool``: each node's list is a part of its parent's.
"""

from __future__ import annotations

import numpy as np

from geogate.kernels.jit import kernel

BLOCK = 32
"""Cells of a block in either axis."""

SUBCELLS = 8
SIDE = BLOCK * SUBCELLS
CELLS = BLOCK * BLOCK
ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
NONE = np.uint64(0)
_ONE = np.uint64(1)

DEEP, NODE = 64, 6
"""More nodes than this never wait: three at each of 9 splits in a block, one at each of 21 above. A node is 6 numbers."""

POOL = 36
"""Lists that a pool has room for, more than there are splits on the way to a sub-cell."""

STRIP = -1
"""Stands for the columns of a node that goes round the globe."""


@kernel
def cell_number(row, column):
    """Number a cell of a block."""
    return (((row >> 3) << 2) + (column >> 3)) * 64 + ((row & 7) << 3) + (column & 7)


@kernel
def push(stack, waiting, node):
    """Let a node wait; return how many wait then."""
    for k in range(NODE):
        stack[waiting, k] = node[k]
    return waiting + 1


@kernel
def node_at(stack, at):
    """Read a node."""
    return stack[at, 0], stack[at, 1], stack[at, 2], stack[at, 3], stack[at, 4], stack[at, 5]


@kernel
def fill(inside, border, node, mask_inside, mask_border):
    """Set the masks of all sub-cells of a node of a block; ``node`` is its first sub-cell's row and column, and its size."""
    row, column, size = node
    if size >= SUBCELLS:
        for r in range(row >> 3, (row + size) >> 3):
            for c in range(column >> 3, (column + size) >> 3):
                cell = cell_number(r, c)
                inside[cell] |= mask_inside
                border[cell] |= mask_border
        return
    mask = NONE
    for r in range(row & 7, (row & 7) + size):
        for c in range(column & 7, (column & 7) + size):
            mask |= _ONE << np.uint64((r << 3) + c)
    cell = cell_number(row >> 3, column >> 3)
    inside[cell] |= mask & mask_inside
    border[cell] |= mask & mask_border


@kernel
def emit(number, zone, masks, out, used):
    """Write a block's cells that a zone covers or touches, and clear the masks; the caller saw to the room.

    A block that is covered whole is written as one entry of ``whole`` instead. Returns how much is used then.
    """
    inside, border, tail = masks
    key, out_inside, out_border, out_tail, whole_block, whole_zone, _ = out
    cells, wholes, listed = used
    covered = True
    for cell in range(CELLS):
        covered &= (inside[cell] == ALL) & (border[cell] == NONE)
    if covered:
        whole_block[wholes], whole_zone[wholes] = number, zone
        wholes += 1
    for cell in range(CELLS):
        if not covered and (inside[cell] | border[cell]) != NONE:
            key[cells] = number * CELLS + cell
            out_inside[cells], out_border[cells] = inside[cell], border[cell]
            out_tail[cells] = np.uint64(zone) | (np.uint64(tail[cell]) << np.uint64(32))
            cells += 1
        inside[cell], border[cell], tail[cell] = NONE, NONE, 0
    return cells, wholes, listed
