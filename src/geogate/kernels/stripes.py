"""Polygon rings in horizontal stripes: whether a position lies in a zone, decided where that is beyond doubt.

``Rings`` and ``Stripes`` may come from a damaged file: whatever is read from them is checked before it is used as an
index, and what cannot be is answered with ``ASK``. Whoever asks must learn from the file's checksum before believing
an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geogate.kernels.inputs import read_only
from geogate.kernels.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

OUT, IN, ASK = 0, 1, 2

NEAR_M = 0.02
"""What comes as near to an edge as this is not decided here: twice the tolerance of a centimetre."""

SMALLEST_RADIUS_M = 6_335_439.0
"""The smallest radius of curvature of the ellipsoid, rounded down."""

NEAR_DEG = float(np.degrees(NEAR_M / SMALLEST_RADIUS_M)) * 1.01
"""``NEAR_M`` in degrees of latitude, generously."""

MARGIN_DEG = 2 * NEAR_DEG
"""Edges enter all stripes to which they come as near as this."""

EVERYWHERE_DEG = 1_000.0
"""Stands for all longitudes, where a pole is near."""

_ROUNDING = (3.0 + 16.0 * 1.1102230246251565e-16) * 1.1102230246251565e-16
"""Source: Shewchuk (1997), the error bound A of the orientation of three positions."""

_ENTRIES_AN_EDGE = 4.0
_NO_STRIPE, _DAMAGED = -1, -2


class Rings(NamedTuple):
    """The vertices of all polygon rings, each closed: longitude and latitude in turns.

    Ring ``r`` has the vertices ``ring_start[r]:ring_start[r + 1]``, zone ``z`` the rings
    ``zone_ring[z]:zone_ring[z + 1]``.

    Shape: ``xy`` ``(2 * vertices,)``, ``ring_start`` ``(rings + 1,)``, ``zone_ring`` ``(zones + 1,)``.
    """

    xy: Floats
    ring_start: Ints
    zone_ring: Ints


class Stripes(NamedTuple):
    """The edges of each zone by stripes of latitude.

    ``head`` has for each zone the south end of its stripes, the stripes in a degree, their number, and the number of
    the first. Stripe ``s`` has the edges ``edge[start[s]:start[s + 1]]``: the first vertex of each edge that comes
    within ``MARGIN_DEG`` of the stripe. ``xy`` is that of the rings.

    Shape: ``head`` ``(zones, 4)``, ``start`` ``(stripes + 1,)``.
    """

    xy: Floats
    head: Floats
    start: Ints
    edge: NDArray[np.int32]


@kernel
def near_lon_deg(lat: float) -> float:
    """Return how many degrees of longitude ``NEAR_M`` is at most at a latitude; more than a turn beside a pole."""
    reach = np.sin(np.radians(NEAR_DEG))
    cos = np.cos(np.radians(min(abs(lat) + NEAR_DEG, 90.0)))
    if cos <= 2.0 * reach:
        return EVERYWHERE_DEG
    return np.degrees(np.arcsin(reach / cos)) * 1.01  # type: ignore[no-any-return]


@kernel
def near_lon_table(rows: int) -> Floats:
    """Return the same for as many rows of latitude round the globe, each for all that lies in it."""
    table = np.empty(rows)
    for row in range(rows):
        south, north = row * 180.0 / rows - 90.0, (row + 1) * 180.0 / rows - 90.0
        table[row] = near_lon_deg(max(abs(south), abs(north)))
    return table


@kernel
def stripe_heads(rings: Rings, head: Floats) -> int:
    """Choose the stripes of each zone, so many that few edges share one and few enter many; return their number."""
    xy, ring_start, zone_ring = rings
    total = 0
    for zone in range(len(zone_ring) - 1):
        south, north, climb, edges = 1e300, -1e300, 0.0, 0
        for ring in range(zone_ring[zone], zone_ring[zone + 1]):
            for vertex in range(ring_start[ring], ring_start[ring + 1] - 1):
                low, high = xy[2 * vertex + 1], xy[2 * vertex + 3]
                south, north = min(south, low, high), max(north, low, high)
                climb += abs(high - low)
                edges += 1
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
def stripe_counts(rings: Rings, head: Floats, start: Ints) -> int:
    """Turn ``start``, zeros, into the first entry of each stripe; return the number of entries."""
    xy, ring_start, zone_ring = rings
    for zone in range(len(zone_ring) - 1):
        for ring in range(zone_ring[zone], zone_ring[zone + 1]):
            for vertex in range(ring_start[ring], ring_start[ring + 1] - 1):
                low, high = _stripes_of(xy, vertex, zone, head)
                for stripe in range(low, high + 1):
                    start[stripe + 1] += 1
    for stripe in range(len(start) - 1):
        start[stripe + 1] += start[stripe]
    return start[len(start) - 1]  # type: ignore[no-any-return]


@kernel
def stripe_edges(rings: Rings, head: Floats, start: Ints, edge: NDArray[np.int32]) -> None:
    """Fill in the edges of each stripe, in their order."""
    xy, ring_start, zone_ring = rings
    free = start.copy()
    for zone in range(len(zone_ring) - 1):
        for ring in range(zone_ring[zone], zone_ring[zone + 1]):
            for vertex in range(ring_start[ring], ring_start[ring + 1] - 1):
                low, high = _stripes_of(xy, vertex, zone, head)
                for stripe in range(low, high + 1):
                    edge[free[stripe]] = vertex
                    free[stripe] += 1


@kernel
def _stripes_of(xy: Floats, vertex: int, zone: int, head: Floats) -> tuple[int, int]:
    south = min(xy[2 * vertex + 1], xy[2 * vertex + 3]) - MARGIN_DEG
    north = max(xy[2 * vertex + 1], xy[2 * vertex + 3]) + MARGIN_DEG
    count, first = int(head[zone, 2]), int(head[zone, 3])
    low = min(max(int((south - head[zone, 0]) * head[zone, 1]), 0), count - 1)
    high = min(max(int((north - head[zone, 0]) * head[zone, 1]), 0), count - 1)
    return first + low, first + high


@kernel
def stripe_of(y: float, zone: int, head: Floats, start: Ints) -> int:
    """Find the stripe of a zone for a latitude; negative where there is none."""
    at, count = (y - head[zone, 0]) * head[zone, 1], head[zone, 2]
    if not count >= 1.0:
        return _NO_STRIPE if count == 0.0 else _DAMAGED
    if not 0.0 <= at < count:
        return _NO_STRIPE if at < 0.0 or at >= count else _DAMAGED
    stripe = head[zone, 3] + np.floor(at)
    return int(stripe) if 0.0 <= stripe < len(start) - 1 else _DAMAGED


@kernel
def place_in_stripe(
    x: float, y: float, near_lon: float, stripe: int, xy: Floats, start: Ints, edge: NDArray[np.int32]
) -> int:
    """Tell whether a position lies in the zone of a stripe; see ``place_in_zone``."""
    if stripe < 0:
        return OUT if stripe == _NO_STRIPE else ASK
    first, last = start[stripe], start[stripe + 1]
    # In this order: how far it is between two numbers that are far apart is no number.
    if not 0 <= first <= last <= len(edge) or len(xy) < 4:
        return ASK
    inside, near, doubt, most = False, False, False, len(xy) - 4
    for k in range(first, last):
        # No branches: which way they go cannot be foretold.
        v = 2 * np.int64(edge[k])
        sound = (v >= 0) & (v <= most)
        v = v if sound else np.int64(0)
        x0, y0, x1, y1 = xy[v], xy[v + 1], xy[v + 2], xy[v + 3]
        dx, dy = x1 - x0, y1 - y0
        left, right = dx * (y - y0), (x - x0) * dy
        cross, crosses = left - right, (y0 > y) != (y1 > y)
        beside = (y <= max(y0, y1) + NEAR_DEG) & (y >= min(y0, y1) - NEAR_DEG)
        beside &= (x <= max(x0, x1) + near_lon) & (x >= min(x0, x1) - near_lon)
        near |= beside & (abs(cross) <= abs(dx) * NEAR_DEG + abs(dy) * near_lon)
        doubt |= (crosses & (abs(cross) <= _ROUNDING * (abs(left) + abs(right)))) | (not sound)
        inside ^= crosses & ((cross > 0.0) == (dy > 0.0))
    if doubt:
        return ASK
    return IN if inside else ASK if near else OUT


@kernel
def place_in_zone(
    x: float, y: float, near_lon: float, zone: int, xy: Floats, head: Floats, start: Ints, edge: NDArray[np.int32]
) -> int:
    """Tell whether a position lies in a zone: ``IN``, ``OUT``, or ``ASK`` where it is outside and an edge is near.

    Inside is what has an odd number of edges to the east. Where rounding leaves any doubt about the side of an edge the
    answer is ``ASK`` too. An edge is near when it meets the box of ``near_lon`` and ``NEAR_DEG`` round the position;
    ``near_lon`` is what ``near_lon_deg`` gives for the latitude, or more. Across the antimeridian nothing is near:
    where that matters the caller asks.
    """
    stripe = stripe_of(y, zone, head, start)
    return place_in_stripe(x, y, near_lon, stripe, xy, start, edge)  # type: ignore[no-any-return]


def small_zone() -> tuple[Rings, Stripes]:
    """Make the tables of a triangle to compile kernels with."""
    xy = read_only(np.array([0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0]))
    rings = Rings(xy, read_only(np.array([0, 4], np.int64)), read_only(np.array([0, 1], np.int64)))
    head = np.zeros((1, 4))
    start = np.zeros(stripe_heads(rings, head) + 1, np.int64)
    edge = np.zeros(stripe_counts(rings, head, start), np.int32)
    stripe_edges(rings, head, start, edge)
    return rings, Stripes(xy, read_only(head), read_only(start), read_only(edge))


def warm_up() -> None:
    """Compile the kernels of this module for the types that they are used with."""
    _, stripes = small_zone()
    near_lon_table(2)
    place_in_zone(0.5, 0.2, near_lon_deg(0.2), 0, *stripes)
