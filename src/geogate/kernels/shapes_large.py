"""Features that are large, have many vertices or many zones near them: each edge against the zones in its cells."""

from __future__ import annotations

import numpy as np

from geogate.kernels.jit import inner, kernel
from geogate.kernels.shapes_cells import DAMAGED, zones_in, zones_of_edge
from geogate.kernels.shapes_inside import both, holds_many
from geogate.kernels.shapes_near import beside, edge_near
from geogate.kernels.shapes_tables import (
    EAST,
    HIT,
    IF_INVALID,
    NO,
    NORTH,
    REACH_X,
    REACH_Y,
    RING,
    SOUTH,
    WEST,
    Box,
    Features,
    Floats,
    Grid,
    Marks,
    Zones,
)

_MANY_CELLS = 65_536
"""With more cells than these in its box, a polygon is compared with all zones there are."""


@inner
def judge_edges(features: Features, row: int, zones: Zones, grid: Grid, marks: Marks, near: int) -> int:
    """Judge all edges of a feature, and note the answers for ``near_row``; return the new number of zones, or DAMAGED.

    ``near`` zones are in ``near_row`` already.
    """
    xs, ys = features.xs, features.ys
    for part in range(features.first[row], features.first[row + 1]):
        for v in range(features.offsets[part], features.offsets[part + 1] - 1):
            ax, ay, bx, by = xs[v], ys[v], xs[v + 1], ys[v + 1]
            number = zones_of_edge(grid, ax, ay, bx, by, marks.edge, v, marks.near_edge)
            if number < 0:
                return DAMAGED
            for k in range(number):
                zone = marks.near_edge[k]
                if marks.row[zone] != row:
                    marks.row[zone], marks.answer[zone], marks.near_row[near] = row, NO, zone
                    near += 1
                if marks.answer[zone] != HIT and not beside(zones.fences[zone], ax, ay, bx, by):
                    marks.answer[zone] = both(marks.answer[zone], edge_near(zones, zone, ax, ay, bx, by))
    return near


@kernel
def judge_insides(
    features: Features, row: int, box: Box, cells: int, zones: Zones, grid: Grid, marks: Marks, near: int
) -> int:
    """Judge which zones the polygons of a feature hold, after its edges; return the new number of zones, or DAMAGED."""
    met = near
    if cells <= _MANY_CELLS:
        near = zones_in(grid, box, marks.row, row, marks.near_row, near)
        if near < 0:
            return DAMAGED
    else:
        for zone in range(len(zones.fences)):
            if marks.row[zone] != row and not beside(zones.fences[zone], box[0], box[1], box[2], box[3]):
                marks.row[zone], marks.near_row[near] = row, zone
                near += 1
    for k in range(met, near):
        marks.answer[marks.near_row[k]] = NO
    held = np.empty(near, np.uint8)
    holds_many(features, row, zones.anchors, marks.near_row[:near], held)
    for k in range(near):
        zone = marks.near_row[k]
        found = both(marks.answer[zone], held[k])
        if found == NO and not out_of_hull(zones.fences[zone], box):
            found = IF_INVALID
        marks.answer[zone] = found
    return near


@inner
def out_of_hull(fence: Floats, box: Box) -> bool:
    """Tell whether a zone, without its distance, is surely beside a feature's box, and so beside its convex hull."""
    if not fence[REACH_X] < 180.0:
        return False
    x, y = fence[REACH_X] * (1.0 - 1e-9), fence[REACH_Y] * (1.0 - 1e-9)
    if fence[WEST] + x > box[2] or fence[EAST] - x < box[0]:
        return True
    apart: bool = fence[SOUTH] + y > box[3] or fence[NORTH] - y < box[1]
    return apart


@inner
def has_rings(features: Features, row: int) -> bool:
    """Tell whether a feature has a polygon."""
    found = False
    for part in range(features.first[row], features.first[row + 1]):
        found |= features.kinds[part] == RING
    return found
