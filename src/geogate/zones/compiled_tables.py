"""The tables of a compiled zone index, as plain arrays; ``geogate.kernels`` says how they are read."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from geogate.kernels import grid_build, grid_build_sort, grid_probe, near, stripes

BANDS: Final = (640, 320, 160, 80, 40, 20, 10, 5)
"""How many bands of 32 rows of cells the globe may have: cells of 0.98 km and coarser."""

BLOCK: Final = 32
"""Cells of a block in either axis, as in ``geogate.kernels.grid_build``."""

SUBCELLS: Final = 8
WORDS: Final = 16
"""Words of 64 cells that a block has, as in ``geogate.kernels.grid_build_sort``."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stripes:
    """The polygon rings of all zones, and the edges by stripes of latitude; see ``geogate.kernels.stripes``.

    ``zone_bounds`` are those of the whole zone, its lines and points included. All arrays are read-only.
    """

    xy: NDArray[np.float64]
    ring_start: NDArray[np.int64]
    zone_ring: NDArray[np.int64]
    zone_bounds: NDArray[np.float64]
    stripe_head: NDArray[np.float64]
    stripe_start: NDArray[np.int64]
    stripe_edge: NDArray[np.int32]

    @property
    def for_kernels(self) -> stripes.Stripes:
        """The tables as kernels take them."""
        from geogate.kernels import stripes

        return stripes.Stripes(self.xy, self.stripe_head, self.stripe_start, self.stripe_edge)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Balls:
    """The edges of the zones that have a distance, in pieces and chunks; see ``geogate.kernels.near``.

    ``reach`` has a row for each zone, of zeros where it has no distance. All arrays are read-only.
    """

    corner: NDArray[np.float64]
    chunk_start: NDArray[np.int64]
    zone_chunk: NDArray[np.int64]
    ball: NDArray[np.float64]
    reach: NDArray[np.float64]
    near_list: NDArray[np.int32]

    @property
    def for_kernels(self) -> near.Balls:
        """The tables as kernels take them."""
        from geogate.kernels import near

        return near.Balls(self.corner, self.chunk_start, self.ball, self.reach, self.near_list)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """What the cells of the grid say of the zones; see ``geogate.kernels.grid_build_sort``. All are read-only."""

    top: NDArray[np.uint32]
    bits: NDArray[np.uint64]
    base: NDArray[np.uint32]
    cell_start: NDArray[np.uint32]
    entry: NDArray[np.uint64]
    whole_start: NDArray[np.uint32]
    whole_zone: NDArray[np.int32]

    @property
    def for_kernels(self) -> grid_build_sort.Cells:
        """The tables as kernels take them."""
        from geogate.kernels import grid_build_sort

        return grid_build_sort.Cells(*(getattr(self, field.name) for field in fields(self)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tables:
    """All tables of an index; ``bands`` says into how many bands the globe is cut."""

    bands: int
    stripes: Stripes
    balls: Balls
    cells: Cells

    @classmethod
    def of(cls, bands: int, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Gather the arrays of all tables by their names."""
        named = [{field.name: arrays[field.name] for field in fields(kind)} for kind in (Stripes, Balls, Cells)]
        return cls(bands=bands, stripes=Stripes(**named[0]), balls=Balls(**named[1]), cells=Cells(**named[2]))

    @property
    def arrays(self) -> dict[str, NDArray[Any]]:
        """All arrays by their names, in the order of ``LAYOUT``."""
        groups = (self.stripes, self.balls, self.cells)
        return {field.name: getattr(group, field.name) for group in groups for field in fields(group)}

    def fit(self, zones: int) -> bool:
        """Say whether the arrays have the lengths that belong together; what is in them is not looked at."""
        stripes, balls, cells = self.stripes, self.balls, self.cells
        words = len(cells.bits)
        pairs = (
            (len(stripes.zone_ring), zones + 1),
            (len(stripes.zone_bounds), zones),
            (len(stripes.stripe_head), zones),
            (len(stripes.xy) % 2, 0),
            (len(balls.zone_chunk), zones + 1),
            (len(balls.reach), zones),
            (len(balls.chunk_start), len(balls.ball) + 1),
            (len(balls.corner) % 3, 0),
            (len(cells.top), Grid(self.bands).blocks),
            (len(cells.base), words),
            (words, (len(cells.whole_start) - 1) * WORDS),
            (len(cells.entry) % 3, 0),
        )
        enough = min(len(cells.whole_start), len(cells.cell_start) + 1, len(stripes.stripe_start) + 1) > 1
        return enough and all(length == expected for length, expected in pairs)


LAYOUT: Final[dict[str, tuple[type[np.generic], int]]] = {
    "xy": (np.float64, 1),
    "ring_start": (np.int64, 1),
    "zone_ring": (np.int64, 1),
    "zone_bounds": (np.float64, 4),
    "stripe_head": (np.float64, 4),
    "stripe_start": (np.int64, 1),
    "stripe_edge": (np.int32, 1),
    "corner": (np.float64, 1),
    "chunk_start": (np.int64, 1),
    "zone_chunk": (np.int64, 1),
    "ball": (np.float64, 4),
    "reach": (np.float64, 4),
    "near_list": (np.int32, 1),
    "top": (np.uint32, 1),
    "bits": (np.uint64, 1),
    "base": (np.uint32, 1),
    "cell_start": (np.uint32, 1),
    "entry": (np.uint64, 1),
    "whole_start": (np.uint32, 1),
    "whole_zone": (np.int32, 1),
}
"""The type and the columns of each array."""


class Grid:
    """The cells of the globe: bands of latitude, each cut into blocks of about the same length.

    ``columns`` are the cells round the globe in each band, ``first`` is the number of its first block, ``scale`` is how
    many sub-cells it has in a degree of longitude.

    Shape: ``columns`` and ``scale`` ``(bands,)``, ``first`` ``(bands + 1,)``.
    """

    def __init__(self, bands: int) -> None:
        """Cut the globe into that many bands."""
        self.bands = bands
        middle = np.radians((np.arange(bands) + 0.5) * (180.0 / bands) - 90.0)
        blocks = np.maximum(np.ceil(2 * bands * np.cos(middle)), 1).astype(np.int64)
        self.columns: NDArray[np.int64] = read_only(blocks * BLOCK)
        self.first: NDArray[np.int64] = read_only(np.concatenate([[0], np.cumsum(blocks)]).astype(np.int64))
        self.scale: NDArray[np.float64] = read_only(self.columns * (SUBCELLS / 360.0))

    @property
    def blocks(self) -> int:
        """The number of blocks of the globe."""
        return int(self.first[-1])

    @property
    def for_kernels(self) -> grid_build.Globe:
        """The grid as the kernels that lay zones into it take it."""
        from geogate.kernels import grid_build

        return grid_build.Globe(self.bands, self.columns, self.first, self.near_lon_deg)

    @property
    def scale_for_kernels(self) -> grid_probe.Scale:
        """The grid as the kernels that look positions up take it."""
        from geogate.kernels import grid_probe

        return grid_probe.Scale(self.bands, self.scale, self.first, self.near_lon_deg)

    @cached_property
    def near_lon_deg(self) -> NDArray[np.float64]:
        """What counts as near to an edge, in degrees of longitude, for each row of cells; see ``stripes.NEAR_M``."""
        from geogate.kernels.stripes import near_lon_table

        rows = self.bands * BLOCK
        return read_only(near_lon_table(rows))


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view that cannot be written to: kernels are compiled for such arrays only."""
    view = np.ascontiguousarray(array).view()
    view.flags.writeable = False
    return view
