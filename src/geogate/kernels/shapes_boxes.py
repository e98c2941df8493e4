"""The boxes of features, and which of them have cells that zones have: nearly all features end here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geogate.kernels.jit import inner, kernel
from geogate.kernels.shapes_cells import FEW_CELLS, cells_in, zones_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.kernels.shapes_tables import Box, Features, Floats, Grid, Ints


@inner
def box_of(features: Features, row: int) -> Box:
    """Return the box of a feature's vertices; its west is not a number where one of them is not finite."""
    xs, ys, finite = features.xs, features.ys, True
    west, south, east, north = np.inf, np.inf, -np.inf, -np.inf
    for v in range(features.offsets[features.first[row]], features.offsets[features.first[row + 1]]):
        x, y = xs[v], ys[v]
        west, east = min(west, x), max(east, x)
        south, north = min(south, y), max(north, y)
        finite &= x - y == x - y
    if not finite:
        west = np.nan
    return west, south, east, north


@inner
def is_plain(box: Box) -> bool:
    """Tell whether a feature is on the map and jumps nowhere; not so where the box has what is not a number."""
    west, south, east, north = box
    on_map = west >= -180.0 and east <= 180.0 and south >= -90.0 and north <= 90.0
    return on_map and east - west <= 180.0


@inner
def _is_near(box: Box, grid: Grid, seen: Ints, stamp: int, found: Ints) -> bool:
    """Tell whether a box has zones in its cells, or is too large or too odd to say."""
    if not is_plain(box) or cells_in(grid, box) > FEW_CELLS:
        return True
    near: bool = zones_in(grid, box, seen, stamp, found, 0) != 0
    return near


@kernel
def near_rows(features: Features, zones: int, grid: Grid) -> Ints:
    """List the rows with vertices whose box has zones in its cells, and those whose box is too large or too odd to say.

    No other row comes near to a zone. Where tables cannot be read all rows are near.
    """
    seen, found, rows = np.full(zones, -1, np.int64), np.empty(zones, np.int64), len(features.first) - 1
    near, number = np.empty(rows, np.int64), 0
    for row in range(rows):
        if features.first[row] < features.first[row + 1]:
            near[number] = row
            number += _is_near(box_of(features, row), grid, seen, row, found)
    return near[:number]


@kernel
def near_boxes(boxes: Floats, zones: int, grid: Grid, near: NDArray[np.bool_]) -> None:
    """Tell the same for boxes, west, south, east, north; ``near`` is written."""
    seen, found = np.full(zones, -1, np.int64), np.empty(zones, np.int64)
    for row in range(len(boxes)):
        box = (boxes[row, 0], boxes[row, 1], boxes[row, 2], boxes[row, 3])
        near[row] = _is_near(box, grid, seen, row, found)
