"""Judges pairs of a feature and a zone that kernels cannot decide, as ``ZoneIndex.shapes_within`` does."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import numpy as np
import shapely

from geogate.zones.boundary import Boundary
from geogate.zones.exact import check_positions, groups, prepare, zone_parts
from geogate.zones.segments import pieces_needed, segments_of, split
from geogate.zones.shapes import Shapes
from geogate.zones.unwrap import HALF_TURN

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geogate.zones.compiled import CompiledIndex
    from geogate.zones.segments import Segments
    from geogate.zones.zone import Zone

    Ints = NDArray[np.int64]

_JUDGES: Final = 1_024
"""Zones of an index that are kept ready."""

_STEP_DEG: Final = 0.1
_PIECES_AT_ONCE: Final = 250_000

_kept: WeakKeyDictionary[CompiledIndex, Callable[[int], _Judge]] = WeakKeyDictionary()
_lock = Lock()


def pairs_within(index: CompiledIndex, shapes: NDArray[np.object_], *, owner: Ints, zone: Ints) -> NDArray[np.bool_]:
    """Tell which pairs of a shape, by its number, and a zone hit.

    Shape: ``(n,)``, and twice ``(pairs,)`` to ``(pairs,)``.
    Raises: OffGlobeError when a vertex is not finite or not on the globe.
    """
    check_positions(shapely.get_coordinates(shapes))
    read, judge_of = Shapes.read(shapes), _judges(index)
    hit = np.zeros(len(owner), np.bool_)
    for number, pairs in groups(zone):
        hit[pairs] = np.isin(owner[pairs], judge_of(number).owners(read, np.unique(owner[pairs])))
    return hit


def _judges(index: CompiledIndex) -> Callable[[int], _Judge]:
    with _lock:
        if index not in _kept:
            zones, limit_m = index.zone_list.zones, index.limit_m
            _kept[index] = lru_cache(maxsize=_JUDGES)(lambda number: _Judge(zones[number], float(limit_m[number])))
        return _kept[index]


class _Judge:
    """One zone, ready for exact questions."""

    def __init__(self, zone: Zone, limit_m: float) -> None:
        self._parts = zone_parts(zone)
        prepare(self._parts)
        edges = segments_of(self._parts, np.zeros(len(self._parts), np.int64))
        self._boundary = Boundary(edges, limit_m=np.array([limit_m]))
        low, high = self._boundary.boxes[:, :2].min(axis=0), self._boundary.boxes[:, 2:].max(axis=0)
        # What reaches over the antimeridian may be near on either side.
        over = low[0] <= -HALF_TURN or high[0] >= HALF_TURN
        self._low = np.array([-np.inf, low[1]]) if over else low
        self._high = np.array([np.inf, high[1]]) if over else high

    def owners(self, read: Shapes, some: Ints) -> Ints:
        """Return those of some owners of shapes that hit."""
        areas = np.isin(read.area_owner, some)
        touches = np.zeros(np.count_nonzero(areas), np.bool_)
        for part in self._parts:
            touches |= shapely.intersects(part, read.areas[areas])
        edges = read.edges[np.isin(read.edges.owner, some)]
        return np.concatenate([read.area_owner[areas][touches], self._by_edges(edges)])

    def _by_edges(self, edges: Segments) -> Ints:
        edges = self._near(edges)
        steps = np.maximum(np.ceil(np.abs(edges.end - edges.start).max(axis=1, initial=0.0) / _STEP_DEG), 1)
        found = [np.empty(0, np.int64)]
        for first in range(0, len(edges), _PIECES_AT_ONCE):
            some = slice(first, first + _PIECES_AT_ONCE)
            short = self._near(split(edges[some], steps[some].astype(np.int64)))
            found.append(self._boundary.within(split(short, pieces_needed(short))).owner)
        return np.concatenate(found)

    def _near(self, edges: Segments) -> Segments:
        low, high = np.minimum(edges.start, edges.end), np.maximum(edges.start, edges.end)
        near: NDArray[np.bool_] = np.all((low <= self._high) & (high >= self._low), axis=1)
        return edges[near]
