"""Which lines and polygons hit which zones by their edges and insides; what is not sure is left to the exact reference.

The zones that a feature's vertices hit are known before. Of the other zones near it, one is hit when an edge touches it
or comes within its distance, or when a polygon holds it (see ``geogate.kernels.shapes_near`` and ``shapes_inside``); a
polygon or line that a zone holds has vertices in it. Edges are straight in degrees. An invalid polygon counts with its
convex hull: a zone within a feature's box, though out of its reach, may be hit if a polygon is not surely valid.
"""

from __future__ import annotations

import numpy as np

from geogate.kernels.edges import surely_simple
from geogate.kernels.grid_build import BLOCK
from geogate.kernels.grid_build_sort import small_cells
from geogate.kernels.grid_probe import Scale
from geogate.kernels.inputs import read_only
from geogate.kernels.jit import inner, kernel
from geogate.kernels.shapes_boxes import box_of, is_plain, near_boxes, near_rows
from geogate.kernels.shapes_cells import DAMAGED, FEW_CELLS, cells_in, zones_in
from geogate.kernels.shapes_inside import both, holds
from geogate.kernels.shapes_large import has_rings, judge_edges, judge_insides, out_of_hull
from geogate.kernels.shapes_near import beside, edge_near
from geogate.kernels.shapes_tables import (
    ASK,
    COLUMNS,
    HIT,
    IF_INVALID,
    NO,
    POINT,
    RING,
    Anchors,
    Answers,
    Box,
    Features,
    Grid,
    Ints,
    Known,
    Loose,
    Marks,
    Near,
    Zones,
)
from geogate.kernels.stripes import small_zone

NOWHERE = -1
"""The zone of an answer that is not about one."""

_FEW_PAIRS = 65_536
"""Features with more pairs of a vertex and a zone near them, or with too large a box, are judged edge by edge."""

_SHORT_RING = 256
"""Rings with more vertices are not found to be simple here."""


@kernel
def judge(features: Features, rows: Near, known: Known, zones: Zones, grid: Grid) -> tuple[Answers, int]:
    """Judge some rows: return rows, zones and answers, and how many of them count.

    Rows and zones that are known are not repeated. A row that is to be asked about may have other answers as well.
    """
    count = len(zones.fences)
    marks = Marks(
        np.full(count, -1, np.int64),
        np.full(count, -1, np.int64),
        np.zeros(count, np.uint8),
        np.empty(count, np.int64),
        np.empty(count, np.int64),
    )
    answers = Answers(np.empty(1024, np.int64), np.empty(1024, np.int64), np.empty(1024, np.uint8))
    used = 0
    for k in range(len(rows.row)):
        row = rows.row[k]
        box, cells, near = _around(features, row, rows.zone[rows.first[k] : rows.first[k + 1]], known, grid, marks)
        if near == 0 and cells <= FEW_CELLS:
            continue
        if used + count >= len(answers.row):
            answers = _more_room(answers, used + count + 1)
        vertices = features.offsets[features.first[row + 1]] - features.offsets[features.first[row]]
        if cells > FEW_CELLS or near * vertices > _FEW_PAIRS:
            near = judge_edges(features, row, zones, grid, marks, near)
            if near >= 0 and has_rings(features, row):
                near = judge_insides(features, row, box, cells, zones, grid, marks, near)
        else:
            _judge_zones(features, row, box, near, zones, marks)
        used = _write(answers, used, row, near, marks)
    return answers, used


@inner
def _around(features: Features, row: int, listed: Ints, known: Known, grid: Grid, marks: Marks) -> tuple[Box, int, int]:
    """Return a feature's box, about how many cells it has, and how many zones have cells in it if these are few.

    The zones are noted in ``marks``, those that are known to be hit excepted; they are ``listed`` or, where none is,
    are looked for. There are DAMAGED zones where the feature has no box on the map, or the tables cannot be read.
    """
    box = (0.0, 0.0, 0.0, 0.0)
    for k in range(known.first[row], known.first[row + 1]):
        marks.row[known.zone[k]], marks.answer[known.zone[k]] = row, HIT
    near = _not_known(listed, row, marks)
    if (len(listed) > 0 and near == 0) or not _has_edges(features, row):
        return box, 0, 0
    box = box_of(features, row)
    if len(listed) > 0:
        return box, 0, near
    if not is_plain(box):
        return box, 0, DAMAGED
    cells = cells_in(grid, box)
    near = zones_in(grid, box, marks.row, row, marks.near_row, 0) if cells <= FEW_CELLS else 0
    for k in range(near):
        marks.answer[marks.near_row[k]] = NO
    return box, cells, near


@inner
def _not_known(listed: Ints, row: int, marks: Marks) -> int:
    """Note those of some zones that are not known to be hit; return their number."""
    near = 0
    for zone in listed:
        if marks.row[zone] != row:
            marks.row[zone], marks.answer[zone], marks.near_row[near] = row, NO, zone
            near += 1
    return near


@inner
def _write(answers: Answers, used: int, row: int, near: int, marks: Marks) -> int:
    """Write the answers for the zones of ``marks``, or that all has to be asked; return how many answers there are."""
    if near < 0:
        answers.row[used], answers.zone[used], answers.answer[used] = row, NOWHERE, ASK
        return used + 1
    for k in range(near):
        zone = marks.near_row[k]
        if marks.answer[zone] != NO:
            answers.row[used], answers.zone[used], answers.answer[used] = row, zone, marks.answer[zone]
            used += 1
    return used


@inner
def _has_edges(features: Features, row: int) -> bool:
    found = False
    for part in range(features.first[row], features.first[row + 1]):
        found |= features.kinds[part] != POINT
    return found


@kernel
def _more_room(answers: Answers, least: int) -> Answers:
    size, used = max(2 * len(answers.row), least), len(answers.row)
    more = Answers(np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.uint8))
    for k in range(used):
        more.row[k], more.zone[k], more.answer[k] = answers.row[k], answers.zone[k], answers.answer[k]
    return more


@inner
def _judge_zones(features: Features, row: int, box: Box, near: int, zones: Zones, marks: Marks) -> None:
    """Judge a feature with few vertices or few zones near it: each zone against all edges."""
    looked = valid = False
    for k in range(near):
        zone = marks.near_row[k]
        if beside(zones.fences[zone], box[0], box[1], box[2], box[3]):
            continue
        found = _edges_near(features, row, zones, zone)
        if found != HIT:
            found = both(found, holds(features, row, zones.anchors, zone))
        if found == NO and not out_of_hull(zones.fences[zone], box):
            if not looked:
                looked, valid = True, _surely_valid(features, row)
            found = NO if valid else IF_INVALID
        marks.answer[zone] = found


@inner
def _edges_near(features: Features, row: int, zones: Zones, zone: int) -> int:
    found, fence, xs, ys = NO, zones.fences[zone], features.xs, features.ys
    for part in range(features.first[row], features.first[row + 1]):
        for v in range(features.offsets[part], features.offsets[part + 1] - 1):
            if not beside(fence, xs[v], ys[v], xs[v + 1], ys[v + 1]):
                near = edge_near(zones, zone, xs[v], ys[v], xs[v + 1], ys[v + 1])
                if near == HIT:
                    return HIT
                found = max(found, near)
    return found


@inner
def _surely_valid(features: Features, row: int) -> bool:
    """Tell whether a feature surely has no invalid polygon: lines, and at most one short simple ring."""
    rings, simple = 0, True
    for part in range(features.first[row], features.first[row + 1]):
        if features.kinds[part] == RING and simple:
            first, last = features.offsets[part], features.offsets[part + 1]
            rings += 1
            simple = rings == 1 and last - first <= _SHORT_RING
            simple = simple and surely_simple(features.xs, features.ys, first, last)
    return simple


def warm_up() -> None:
    """Compile the kernels of this module for the types that they are used with."""
    _, stripes = small_zone()
    first = read_only(np.zeros(2, np.int64))
    wide = read_only(np.zeros((0, 4)))
    anchors = Anchors(read_only(np.zeros((0, 2))), first)
    zones = Zones(read_only(np.zeros((1, COLUMNS))), stripes, Loose(wide, first), anchors)
    number = read_only(np.ones(BLOCK))
    grid = Grid(Scale(1, number, first, number), small_cells())
    features = Features(number, number, first, read_only(np.zeros(0, np.uint8)), first)
    near = near_rows(features, 1, grid)
    rows = Near(read_only(near.row), read_only(near.first), read_only(near.zone))
    judge(features, rows, Known(first, first), zones, grid)
    near_boxes(wide, 1, grid, np.zeros(0, np.bool_))
