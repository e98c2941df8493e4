"""Polygon rings in horizontal stripes: whether a position lies in a zone, decided where no edge is near.

The tables (``Stripes`` in ``geogate.zones.compiled_tables`` holds them; every array is C-contiguous):

``xy``            float64 ``(2 * vertices,)``  longitude and latitude in turns, of all rings, each closed
``ring_start``    int64 ``(rings + 1,)``       ring ``r`` has the vertices ``ring_start[r]:ring_start[r + 1]``
``zone_ring``     int64 ``(zones + 1,)``       zone ``z`` has the rings ``zone_ring[z]:zone_ring[z + 1]``
``zone_bounds``   float64 ``(zones, 4)``       west, south, east, north of all that the zone has, lines and points too
``stripe_head``   float64 ``(zones, 4)``       south end, stripes per degree, number of stripes, number of the first one
``stripe_start``  int64 ``(stripes + 1,)``     stripe ``s`` has the edges ``stripe_edge[stripe_start[s]:...[s + 1]]``
``stripe_edge``   int32 ``(entries,)``         the first vertex of each edge within ``MARGIN_DEG`` of the stripe

The tables may come from a damaged file: whatever is read from them is checked before it is used as an index, and what
cannot be is answered with ``ASK``. Whoever asks must learn from the file's checksum before believing an answer.
"""

from __future__ import annotations

import numpy as np

from geogate.kernels.jit import kernel

OUT, IN, ASK = 0, 1, 2

NEAR_M = 0.02
"""What comes as near to an edge as this is not decided here; far more than the tolerance of a centimetre."""

SMALLEST_RADIUS_M = 6_335_439.0
"""The smallest radius of curvature of the ellipsoid, rounded down."""

NEAR_DEG = float(np.degrees(NEAR_M / SMALLEST_RADIUS_M)) * 1.01
"""``NEAR_M`` in degrees of latitude, generously."""

MARGIN_DEG = 2 * NEAR_DEG
"""Edges enter all stripes to which they come as near as this."""

EVERYWHERE_DEG = 1_000.0

_ENTRIES_AN_EDGE = 4.0


def near_lon_deg(lat: float) -> float:
    """Return how many degrees of longitude ``NEAR_M`` is at most at a latitude; more than a turn beside a pole."""
    return float(_near_lon(lat))


@kernel
def near_lon_table(rows):
    """Return the same for as many rows of latitude, each for all that lies in it."""
    table = np.empty(rows)
    for row in range(rows):
        south, north = row * 180.0 / rows - 90.0, (row + 1) * 180.0 / rows - 90.0
        table[row] = _near_lon(max(abs(south), abs(north)))
    return table


@kernel
def _near_lon(lat):
    reach = np.sin(np.radians(NEAR_DEG))
    cos = np.cos(np.radians(min(abs(lat) + NEAR_DEG, 90.0)))
    if cos <= 2.0 * reach:
        return EVERYWHERE_DEG
    return np.degrees(np.arcsin(reach / cos)) * 1.01


@kernel
def stripe_heads(xy, ring_start, zone_ring, head):
    """Choose the stripes of each zone, so many that few edges share one and few enter many; return their number."""
    total = 0
    for zone in range(len(zone_ring) - 1):
        first, last = ring_start[zone_ring[zone]], ring_start[zone_ring[zone + 1]]
        south, north, climb, edges = 1e300, -1e300, 0.0, 0
        for ring in range(zone_ring[zone], zone_ring[zone + 1]):
            for vertex in range(ring_start[ring], ring_start[ring + 1] - 1):
                climb += abs(xy[2 * vertex + 3] - xy[2 * vertex + 1])
                edges += 1
        for vertex in range(first, last):
            south, north = min(south, xy[2 * vertex + 1]), max(north, xy[2 * vertex + 1])
        head[zone, 0], head[zone, 1], head[zone, 2], head[zone, 3] = 0.0, 0.0, 0.0, total
        if edges == 0:
            continue
        south, north = south - MARGIN_DEG, north + MARGIN_DEG
        height = north - south
        most = _ENTRIES_AN_EDGE * edges * height / (climb + 2 * MARGIN_DEG * edges)
        count = max(int(min(0.5 * edges, most)), 1)
        head[zone, 0], head[zone, 1], head[zone, 2] = south, count / height, count
        total += count
    return total


@kernel
def stripe_counts(xy, ring_start, zone_ring, head, start):
    """Turn ``start``, zeros, into the first entry of each stripe; return the number of entries."""
    for zone in range(len(zone_ring) - 1):
        for ring in range(zone_ring[zone], zone_ring[zone + 1]):
            for vertex in range(ring_start[ring], ring_start[ring + 1] - 1):
                low, high = _stripes_of(xy, vertex, zone, head)
                for stripe in range(low, high + 1):
                    start[stripe + 1] += 1
    for stripe in range(len(start) - 1):
        start[stripe + 1] += start[stripe]
    return start[len(start) - 1]


@kernel
def stripe_edges(xy, ring_start, zone_ring, head, start, edge):
    """Fill in the edges of each stripe, in their order."""
    free = start.copy()
    for zone in range(len(zone_ring) - 1):
        for ring in range(zone_ring[zone], zone_ring[zone + 1]):
            for vertex in range(ring_start[ring], ring_start[ring + 1] - 1):
                low, high = _stripes_of(xy, vertex, zone, head)
                for stripe in range(low, high + 1):
                    edge[free[stripe]] = vertex
                    free[stripe] += 1


@kernel
def _stripes_of(xy, vertex, zone, head):
    south = min(xy[2 * vertex + 1], xy[2 * vertex + 3]) - MARGIN_DEG
    north = max(xy[2 * vertex + 1], xy[2 * vertex + 3]) + MARGIN_DEG
    count, first = int(head[zone, 2]), int(head[zone, 3])
    low = min(max(int((south - head[zone, 0]) * head[zone, 1]), 0), count - 1)
    high = min(max(int((north - head[zone, 0]) * head[zone, 1]), 0), count - 1)
    return first + low, first + high


@kernel
def stripe_of(y, zone, head, start):
    """Find the stripe of a latitude; -1 where the zone has none, -2 where the tables are damaged."""
    at, count = (y - head[zone, 0]) * head[zone, 1], head[zone, 2]
    if not (at >= 0.0 and at < count + 1.0):
        return -1 if at < 0.0 or at >= count else -2
    stripe = head[zone, 3] + np.floor(min(at, count - 1.0))
    if not (stripe >= 0.0 and stripe < len(start) - 1):
        return -1 if count == 0.0 else -2
    return np.int64(stripe)


@kernel
def place_in_stripe(x, y, near_lon, stripe, xy, start, edge):
    """Tell whether a position lies in the zone of a stripe; see ``place_in_zone``."""
    if stripe < 0:
        return OUT if stripe == -1 else ASK
    first, last = start[stripe], start[stripe + 1]
    if first < 0 or last > len(edge) or len(xy) < 4:
        return ASK
    inside, near, most = False, False, len(xy) - 4
    for k in range(first, last):
        # No branches: which way they go cannot be foretold.
        v = 2 * np.int64(edge[k])
        sound = (v >= 0) & (v <= most)
        v = v if sound else 0
        x0, y0, x1, y1 = xy[v], xy[v + 1], xy[v + 2], xy[v + 3]
        dx, dy = x1 - x0, y1 - y0
        cross = dx * (y - y0) - (x - x0) * dy
        beside = (y <= max(y0, y1) + NEAR_DEG) & (y >= min(y0, y1) - NEAR_DEG)
        beside &= (x <= max(x0, x1) + near_lon) & (x >= min(x0, x1) - near_lon)
        near |= (beside & (abs(cross) <= abs(dx) * NEAR_DEG + abs(dy) * near_lon)) | (not sound)
        inside ^= ((y0 > y) != (y1 > y)) & ((cross > 0.0) == (dy > 0.0))
    return ASK if near else IN if inside else OUT


@kernel
def place_in_zone(x, y, near_lon, zone, xy, head, start, edge):
    """Tell whether a position lies in a zone: ``IN``, ``OUT``, or ``ASK`` where an edge is near.

    ``near_lon`` is what ``near_lon_deg`` gives for the latitude, or more. Across the antimeridian nothing is near:
    where that matters the caller asks. An edge is near when it meets the box of ``near_lon`` and ``NEAR_DEG`` round
    the position; that leaves the sign of the cross product beyond all doubt wherever it is used, because it is then
    larger than 5e-7 degrees times the edge's length, and its rounding error is below 1e-13 times that.
    """
    return place_in_stripe(x, y, near_lon, stripe_of(y, zone, head, start), xy, start, edge)


def warm_up() -> None:
    """Compile the kernels of this module for the types that they are used with."""
    xy = np.array([0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    ring_start, zone_ring = np.array([0, 4], np.int64), np.array([0, 1], np.int64)
    head = np.zeros((1, 4))
    start = np.zeros(stripe_heads(xy, ring_start, zone_ring, head) + 1, np.int64)
    edge = np.zeros(stripe_counts(xy, ring_start, zone_ring, head, start), np.int32)
    stripe_edges(xy, ring_start, zone_ring, head, start, edge)
    near_lon_table(2)
    near_lon_deg(0.0)
    place_in_zone(0.5, 0.2, near_lon_deg(0.2), 0, xy, head, start, edge)
