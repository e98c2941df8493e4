"""Runs of zones laid into the grid, each in the way that it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geogate.kernels.grid_build import BLOCK, CELLS, POOL, Globe, Masks, Room
from geogate.kernels.grid_build_edges import zone_by_edges
from geogate.kernels.grid_build_near import Extents, zone_by_balls
from geogate.kernels.inputs import read_only
from geogate.kernels.jit import kernel
from geogate.kernels.near import LIMIT, small_line
from geogate.kernels.stripes import small_zone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.kernels.near import Balls
    from geogate.kernels.stripes import Rings, Stripes

    Pool = NDArray[np.int32]


@kernel
def lay_zones(
    begin: int,
    end: int,
    rings: Rings,
    stripes: Stripes,
    balls: Balls,
    extents: Extents,
    globe: Globe,
    pool: Pool,
    room: Room,
) -> tuple[int, int, int, int]:
    """Lay the zones from ``begin`` to ``end`` into the grid.

    ``pool`` has room for the largest of them. Returns the first zone that was not done because ``room`` is full, and
    how many cells, whole blocks and list entries the others have.
    """
    masks = Masks(np.zeros(CELLS, np.uint64), np.zeros(CELLS, np.uint64), np.zeros(CELLS, np.int64))
    done = (0, 0, 0)
    for zone in range(begin, end):
        if balls.reach[zone, LIMIT] > 0.0:
            used = zone_by_balls(zone, stripes, balls, extents, globe, pool, masks, room, done)
        else:
            used = zone_by_edges(zone, rings, stripes, globe, pool, masks, room, done)
        if used[0] < 0:
            return zone, done[0], done[1], done[2]
        done = used
    return end, done[0], done[1], done[2]


def new_room(cells: int) -> Room:
    """Make room for so many cells, and as much of all else as they usually need."""
    return Room(
        key=np.empty(cells, np.int64),
        inside=np.empty(cells, np.uint64),
        border=np.empty(cells, np.uint64),
        tail=np.empty(cells, np.uint64),
        whole_block=np.empty(cells, np.int64),
        whole_zone=np.empty(cells, np.int64),
        near_list=np.empty(4 * cells, np.int32),
    )


def warm_up() -> None:
    """Compile the kernels of this module for the types that they are used with."""
    rings, stripes = small_zone()
    extents = Extents(read_only(np.array([0, 1], np.int64)), read_only(np.array([[-0.001, 0.001]])))
    bands = 5
    columns = read_only(np.full(bands, BLOCK, np.int64))
    globe = Globe(bands, columns, read_only(np.arange(bands + 1)), read_only(np.ones(bands * BLOCK)))
    pool = np.empty(POOL * len(rings.xy), np.int32)
    lay_zones(0, 1, rings, stripes, small_line(), extents, globe, pool, new_room(2 * CELLS))
