"""The boxes of features, and which of them have cells that zones have: nearly all features end here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geogate.kernels.jit import inner, kernel
from geogate.kernels.shapes_cells import DAMAGED, FEW_CELLS, cells_in, surely_far, zones_in
from geogate.kernels.shapes_tables import Near

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.kernels.shapes_tables import Box, Features, Floats, Grid, Ints

_ROWS_AT_ONCE = 256
"""So many boxes stay in the processor's cache."""

_MOST_LISTED = 32
"""Zones of a row that are listed at most, so that memory does not grow with rows times zones."""


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
def near_rows(features: Features, zones: int, grid: Grid) -> Near:
    """List the rows with vertices whose box has zones in its cells, and those whose box is too large or too odd to say.

    No other row comes near to a zone. Where tables cannot be read all rows are near.
    """
    seen, zone, rows = np.full(zones, -1, np.int64), np.empty(zones, np.int64), len(features.first) - 1
    near, first, boxes = np.empty(rows, np.int64), np.zeros(rows + 1, np.int64), np.empty((_ROWS_AT_ONCE, 4))
    number = listed = 0
    for begin in range(0, rows, _ROWS_AT_ONCE):
        # What a glance does not decide goes through a loop of its own: the processor guesses the way of each better.
        left = number
        for row in range(begin, min(begin + _ROWS_AT_ONCE, rows)):
            box = box_of(features, row)
            boxes[row - begin, 0], boxes[row - begin, 1], boxes[row - begin, 2], boxes[row - begin, 3] = box
            far = is_plain(box) and surely_far(grid, box)
            near[left] = row
            left += (features.first[row] < features.first[row + 1]) & (not far)
        for k in range(number, left):
            row, box = near[k], _box(boxes, near[k] - begin)
            if len(zone) < listed + zones:
                zone = _longer(zone, listed + zones)
            small = is_plain(box) and cells_in(grid, box) <= FEW_CELLS
            found = zones_in(grid, box, seen, row, zone, listed) if small else DAMAGED
            near[number] = row
            number += found != listed
            # A row with many zones, or with tables that cannot be read, is looked at again when it is judged.
            listed = found if listed <= found <= listed + _MOST_LISTED else listed
            first[number] = listed
    return Near(near[:number], first[: number + 1], zone[:listed])


@kernel
def _longer(zone: Ints, least: int) -> Ints:
    longer = np.empty(max(2 * len(zone), least), np.int64)
    longer[: len(zone)] = zone
    return longer


@inner
def _box(boxes: Floats, row: int) -> Box:
    return boxes[row, 0], boxes[row, 1], boxes[row, 2], boxes[row, 3]


@kernel
def near_boxes(boxes: Floats, zones: int, grid: Grid, near: NDArray[np.bool_]) -> None:
    """Tell the same for boxes, west, south, east, north; ``near`` is written."""
    seen, found = np.full(zones, -1, np.int64), np.empty(zones, np.int64)
    for row in range(len(boxes)):
        near[row] = _is_near(_box(boxes, row), grid, seen, row, found)
