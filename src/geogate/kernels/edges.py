"""Edges that are straight in degrees: do two of them cross, how far are they apart; what is not sure is said so.

Sides are decided by a floating-point filter that is never wrong, distances by bounds that hold on the ellipsoid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from geogate.kernels.jit import inner

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

NO, YES, UNSURE = 0, 1, 2
"""What a question about geometry is answered with."""

_ROUNDING = (3.0 + 16.0 * 1.1102230246251565e-16) * 1.1102230246251565e-16
"""Source: Shewchuk (1997), the error bound A of the orientation of three positions."""

_UNDERFLOW = 1e-290
"""Products as small as this may have lost their digits."""

_SEMI_MAJOR_M = 6_378_137.0
_ECCENTRICITY_2 = 0.0066943799901413165
_RADIAN = np.pi / 180.0


@inner
def side(ax: float, ay: float, bx: float, by: float, px: float, py: float) -> int:
    """Tell on which side of the line from a to b a position is: 1 left, -1 right, 0 where that is not sure."""
    left = (bx - ax) * (py - ay)
    right = (by - ay) * (px - ax)
    turn = left - right
    if not abs(turn) > _ROUNDING * (abs(left) + abs(right)) + _UNDERFLOW:
        return 0
    return 1 if turn > 0.0 else -1


@inner
def cross(ax: float, ay: float, bx: float, by: float, px: float, py: float, qx: float, qy: float) -> bool:
    """Tell whether the edges ab and pq surely cross, each inside the other; ``False`` says nothing."""
    if side(ax, ay, bx, by, px, py) * side(ax, ay, bx, by, qx, qy) >= 0:
        return False
    crosses: bool = side(px, py, qx, qy, ax, ay) * side(px, py, qx, qy, bx, by) < 0
    return crosses


@inner
def metres_a_degree(south: float, north: float) -> tuple[float, float, float, float]:
    """Bound the metres in a degree of longitude and of latitude between two latitudes: two least, then two greatest."""
    far = min(max(abs(south), abs(north)), 90.0) * _RADIAN
    near = 0.0 if south < 0.0 < north else min(abs(south), abs(north)) * _RADIAN
    sin_far, sin_near = np.sin(far), np.sin(near)
    w_far = 1.0 - _ECCENTRICITY_2 * sin_far * sin_far
    w_near = 1.0 - _ECCENTRICITY_2 * sin_near * sin_near
    degree = _SEMI_MAJOR_M * _RADIAN
    least_x = degree * np.cos(far) / np.sqrt(w_far)
    most_x = degree * np.cos(near) / np.sqrt(w_near)
    least_y = degree * (1.0 - _ECCENTRICITY_2) / (w_near * np.sqrt(w_near))
    most_y = degree * (1.0 - _ECCENTRICITY_2) / (w_far * np.sqrt(w_far))
    return least_x, least_y, most_x, most_y


@inner
def _to_edge2(
    px: float, py: float, ax: float, ay: float, bx: float, by: float, metres_x: float, metres_y: float
) -> float:
    """Square the distance of a position to an edge."""
    dx, dy = (bx - ax) * metres_x, (by - ay) * metres_y
    ex, ey = (px - ax) * metres_x, (py - ay) * metres_y
    length2 = dx * dx + dy * dy
    if length2 > 0.0:
        share = min(max((ex * dx + ey * dy) / length2, 0.0), 1.0)
        ex -= share * dx
        ey -= share * dy
    return ex * ex + ey * ey


@inner
def apart2(
    ax: float,
    ay: float,
    bx: float,
    by: float,
    px: float,
    py: float,
    qx: float,
    qy: float,
    metres_x: float,
    metres_y: float,
) -> float:
    """Square the distance of two edges that do not surely cross: they are nearest at an end of one of them.

    Of edges that do cross, but so flatly that this is not sure, an end is as near to the other as rounding goes.
    """
    least: float = min(
        _to_edge2(px, py, ax, ay, bx, by, metres_x, metres_y),
        _to_edge2(qx, qy, ax, ay, bx, by, metres_x, metres_y),
        _to_edge2(ax, ay, px, py, qx, qy, metres_x, metres_y),
        _to_edge2(bx, by, px, py, qx, qy, metres_x, metres_y),
    )
    return least


@inner
def passes_east(x0: float, y0: float, x1: float, y1: float, px: float, py: float) -> int:
    """Tell whether an edge passes a position's latitude to the east of it; UNSURE on and very near the edge.

    An edge has its lower end and has not its upper one, so that a ring passes as often as it should at its vertices.
    """
    if (y0 > py) == (y1 > py):
        on_start = y0 == py and x0 == px
        along = y0 == py and y1 == py and min(x0, x1) <= px <= max(x0, x1)
        return UNSURE if on_start or along else NO
    if x0 < px and x1 < px:
        return NO
    if x0 > px and x1 > px:
        return YES
    turn = side(x0, y0, x1, y1, px, py)
    if turn == 0:
        return UNSURE
    return YES if (turn > 0) == (y1 > y0) else NO


@inner
def in_ring(xs: Floats, ys: Floats, first: int, last: int, px: float, py: float) -> int:
    """Tell whether a position is inside a closed ring, by the number of its edges to the east of the position.

    The ring's vertices are ``first`` to ``last - 1``, the last one equal to the first. UNSURE on and very near an edge.
    """
    inside = NO
    for v in range(first, last - 1):
        passes = passes_east(xs[v], ys[v], xs[v + 1], ys[v + 1], px, py)
        if passes == UNSURE:
            return UNSURE
        inside ^= passes
    return inside


@inner
def _surely_apart(ax: float, ay: float, bx: float, by: float, px: float, py: float, qx: float, qy: float) -> bool:
    """Tell whether two edges surely have no place in common."""
    if max(ax, bx) < min(px, qx) or max(px, qx) < min(ax, bx):
        return True
    if max(ay, by) < min(py, qy) or max(py, qy) < min(ay, by):
        return True
    if side(ax, ay, bx, by, px, py) * side(ax, ay, bx, by, qx, qy) > 0:
        return True
    apart: bool = side(px, py, qx, qy, ax, ay) * side(px, py, qx, qy, bx, by) > 0
    return apart


@inner
def surely_simple(xs: Floats, ys: Floats, first: int, last: int) -> bool:
    """Tell whether a closed ring is surely a simple curve that encloses an area; ``False`` says nothing.

    Compares all pairs of edges, and so is for short rings.
    """
    edges = last - first - 1
    if edges < 3:
        return False
    for v in range(first, last - 1):
        after = v + 1 if v < last - 2 else first
        ax, ay, bx, by = xs[v], ys[v], xs[v + 1], ys[v + 1]
        cx, cy = xs[after + 1], ys[after + 1]
        # What turns surely, if only a little, does not run back on itself.
        if side(ax, ay, bx, by, cx, cy) == 0 and not _runs_on(ax, ay, bx, by, cx, cy):
            return False
        for w in range(v + 2, last - 1):
            if v == first and w == last - 2:
                continue
            if not _surely_apart(ax, ay, bx, by, xs[w], ys[w], xs[w + 1], ys[w + 1]):
                return False
    return True


@inner
def _runs_on(ax: float, ay: float, bx: float, by: float, cx: float, cy: float) -> bool:
    """Tell whether a path from a over b to c surely goes on in about its direction."""
    return (bx - ax) * (cx - bx) + (by - ay) * (cy - by) > _UNDERFLOW
