"""Whether a polygon of the data holds a zone, or a part of one, whose edges it does not come near to.

Then each ring, line and point of the zone is wholly inside the polygon or wholly outside, and one vertex of it tells
which: its anchor. An anchor inside exactly one ring of a feature is inside a polygon, or inside the convex hull with
which an invalid one counts. One inside no ring is in no valid polygon. One inside several may be in a hole, and
nothing is said of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geogate.kernels.edges import UNSURE, in_ring, passes_east
from geogate.kernels.jit import inner, kernel
from geogate.kernels.shapes_tables import ASK, HIT, NO, RING, Anchors, Features, Floats, Ints

if TYPE_CHECKING:
    from numpy.typing import NDArray


@inner
def both(one: int, other: int) -> int:
    """Join two answers that are each a reason to be hit: the more telling one counts."""
    hit = one == HIT
    hit |= other == HIT
    return HIT if hit else max(one, other)


@inner
def holds(features: Features, row: int, anchors: Anchors, zone: int) -> int:
    """Tell whether the rings of a feature hold an anchor of a zone; NO is right for valid polygons only."""
    found = NO
    for k in range(anchors.first[zone], anchors.first[zone + 1]):
        x, y = anchors.xy[k]
        rings = 0
        for part in range(features.first[row], features.first[row + 1]):
            if features.kinds[part] == RING and rings < 2:
                first, last = features.offsets[part], features.offsets[part + 1]
                inside = in_ring(features.xs, features.ys, first, last, x, y)
                rings += 2 if inside == UNSURE else inside
        found = both(found, _by_rings(rings))
        if found == HIT:
            return HIT
    return found


@inner
def _by_rings(rings: int) -> int:
    return rings if rings < 2 else ASK


@kernel
def holds_many(features: Features, row: int, anchors: Anchors, zones: Ints, answers: NDArray[np.uint8]) -> None:
    """Answer ``holds`` for many zones, with each edge looked at once; ``answers`` are written."""
    count = 0
    for zone in zones:
        count += anchors.first[zone + 1] - anchors.first[zone]
    number, of, lat = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(count)
    count = 0
    for i in range(len(zones)):
        answers[i] = NO
        for k in range(anchors.first[zones[i]], anchors.first[zones[i] + 1]):
            number[count], of[count], lat[count] = k, i, anchors.xy[k, 1]
            count += 1
    order = np.argsort(lat)
    places, rings = anchors.xy[number[order]], np.zeros(count, np.int64)
    for part in range(features.first[row], features.first[row + 1]):
        if features.kinds[part] == RING:
            _add_ring(features, part, places, rings)
    for j in range(count):
        i = of[order[j]]
        answers[i] = both(answers[i], _by_rings(rings[j]))


@kernel
def _add_ring(features: Features, part: int, places: Floats, rings: Ints) -> None:
    """Add one to ``rings`` of each place inside a ring, two where unsure; places are ordered by their latitudes."""
    xs, ys, lat = features.xs, features.ys, places[:, 1]
    inside = np.zeros(len(lat), np.uint8)
    low, high = len(lat), 0
    for v in range(features.offsets[part], features.offsets[part + 1] - 1):
        north = max(ys[v], ys[v + 1])
        j = _first_from(lat, min(ys[v], ys[v + 1]))
        low = min(low, j)
        while j < len(lat) and lat[j] <= north:
            passes = passes_east(xs[v], ys[v], xs[v + 1], ys[v + 1], places[j, 0], places[j, 1])
            inside[j] = inside[j] | UNSURE if passes == UNSURE else inside[j] ^ passes
            j += 1
        high = max(high, j)
    for j in range(low, high):
        rings[j] += 2 if inside[j] >= UNSURE else inside[j]


@inner
def _first_from(sorted_: Floats, least: float) -> int:
    """Find the first of sorted numbers that is at least ``least``."""
    low, high = 0, len(sorted_)
    while low < high:
        middle = (low + high) >> 1
        if sorted_[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low
