"""Whether an edge of a feature touches a zone's edges or comes within its distance.

What is read from the stripes is checked before it is used as an index.
"""

from __future__ import annotations

import numpy as np

from geogate.kernels.edges import NO, UNSURE, YES, apart2, cross, metres_a_degree
from geogate.kernels.jit import inner
from geogate.kernels.shapes_tables import (
    EAST,
    IN2,
    LEAST_X,
    LEAST_Y,
    MOST_X,
    MOST_Y,
    NORTH,
    OUT2,
    REACH_X,
    REACH_Y,
    SOUTH,
    WEST,
    Floats,
    Zones,
)


@inner
def beside(fence: Floats, ax: float, ay: float, bx: float, by: float) -> bool:
    """Tell whether an edge, or the box of its ends, is surely out of a zone's reach."""
    if max(ax, bx) < fence[WEST] or min(ax, bx) > fence[EAST]:
        return True
    apart: bool = max(ay, by) < fence[SOUTH] or min(ay, by) > fence[NORTH]
    return apart


@inner
def edge_near(zones: Zones, zone: int, ax: float, ay: float, bx: float, by: float) -> int:
    """Tell whether an edge that is not beside a zone touches the zone's edges or comes within its distance of them."""
    fence = zones.fences[zone]
    if not max(abs(ax), abs(bx)) + fence[REACH_X] < 180.0:
        return UNSURE
    found: int = _near_polygons(zones, zone, ax, ay, bx, by)
    for k in range(zones.loose.first[zone], zones.loose.first[zone + 1]):
        if found == YES:
            return YES
        px, py, qx, qy = zones.loose.ends[k]
        near = _pair(fence, ax, ay, bx, by, px, py, qx, qy)
        found = YES if near == YES else max(found, near)
    return found


@inner
def _near_polygons(zones: Zones, zone: int, ax: float, ay: float, bx: float, by: float) -> int:
    fence, polygons = zones.fences[zone], zones.polygons
    south, scale, count, first = polygons.head[zone]
    if count == 0.0:
        return NO
    low = (min(ay, by) - fence[REACH_Y] - south) * scale
    high = (max(ay, by) + fence[REACH_Y] - south) * scale
    # What is not a number takes in all stripes.
    low = first + (min(np.floor(low), count - 1.0) if low > 0.0 else 0.0)
    high = first + (max(np.floor(high), 0.0) if high < count else count - 1.0)
    if not (0.0 <= low <= high < len(polygons.start) - 1):
        return UNSURE
    begin, end = polygons.start[np.int64(low)], polygons.start[np.int64(high) + 1]
    # In this order: the length of a range with a far end is no number.
    if not 0 <= begin <= end <= len(polygons.edge):
        return UNSURE
    found = NO
    for k in range(begin, end):
        v = 2 * np.int64(polygons.edge[k])
        if v < 0 or v + 3 >= len(polygons.xy):
            return UNSURE
        px, py, qx, qy = polygons.xy[v], polygons.xy[v + 1], polygons.xy[v + 2], polygons.xy[v + 3]
        near = _pair(fence, ax, ay, bx, by, px, py, qx, qy)
        if near == YES:
            return YES
        found = max(found, near)
    return found


@inner
def _pair(fence: Floats, ax: float, ay: float, bx: float, by: float, px: float, py: float, qx: float, qy: float) -> int:
    """Tell whether an edge ab of a feature comes within the distance of an edge pq of a zone."""
    if max(px, qx) + fence[REACH_X] < min(ax, bx) or min(px, qx) - fence[REACH_X] > max(ax, bx):
        return NO
    if max(py, qy) + fence[REACH_Y] < min(ay, by) or min(py, qy) - fence[REACH_Y] > max(ay, by):
        return NO
    if cross(ax, ay, bx, by, px, py, qx, qy):
        return YES
    if apart2(ax, ay, bx, by, px, py, qx, qy, fence[LEAST_X], fence[LEAST_Y]) > fence[OUT2]:
        return NO
    if not fence[IN2] > 0.0:
        return UNSURE
    if apart2(ax, ay, bx, by, px, py, qx, qy, fence[MOST_X], fence[MOST_Y]) <= fence[IN2]:
        return YES
    near: int = _pair_in_its_band(fence, ax, ay, bx, by, px, py, qx, qy)
    return near


@inner
def _pair_in_its_band(
    fence: Floats, ax: float, ay: float, bx: float, by: float, px: float, py: float, qx: float, qy: float
) -> int:
    """Ask once more with the metres in a degree where the two edges can be near to each other.

    The places that are in reach of each other lie in the latitudes that both edges have, or that are in reach of
    them, and the shortest way between them is nowhere farther than the reach from its ends.
    """
    reach = fence[REACH_Y]
    south = max(min(ay, by), min(py, qy)) - 2.0 * reach
    north = min(max(ay, by), max(py, qy)) + 2.0 * reach
    least_x, least_y, most_x, most_y = metres_a_degree(south, north)
    if apart2(ax, ay, bx, by, px, py, qx, qy, least_x, least_y) > fence[OUT2]:
        return NO
    if apart2(ax, ay, bx, by, px, py, qx, qy, most_x, most_y) <= fence[IN2]:
        return YES
    return UNSURE
