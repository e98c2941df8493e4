"""Arcs and circles of OpenAir as runs of vertices on the ellipsoid; a circle is never drawn smaller than it is."""

from __future__ import annotations

import math

import numpy as np
from pyproj import Geod

from geogate.readers.zone_files.raw import UnreadableZonesError

NAUTICAL_MILE_M = 1852.0

_GEOD = Geod(ellps="WGS84")
_SAGITTA_M = 0.05
_LEAST_STEPS = 16
_RADIUS_SHARE, _RADIUS_SLACK_M = 0.05, 250.0
"""How much the two radii of one arc may differ: positions are often rounded to minutes."""

Position = tuple[float, float]


def circle(centre: Position, radius_m: float) -> list[Position]:
    """Draw a circle as a closed ring that holds it, its edges outside by at most 5 cm."""
    steps = 4 * _steps(radius_m, 90.0)
    bearings = np.linspace(0.0, 360.0, steps + 1)
    outer = radius_m / math.cos(math.pi / steps)
    ring = _ray_ends(centre, bearings, np.full(steps + 1, outer))
    return [*ring[:-1], ring[0]]


def arc_between_bearings(
    centre: Position, *, radius_m: float, bearings: tuple[float, float], clockwise: bool
) -> list[Position]:
    """Draw an arc from one bearing to another; bearings that differ by 360 make a full turn."""
    return _arc(centre, radii_m=(radius_m, radius_m), bearings=bearings, clockwise=clockwise)


def arc_between_positions(centre: Position, *, start: Position, end: Position, clockwise: bool) -> list[Position]:
    """Draw an arc from one position to another, which both stay as they are written.

    Raises: UnreadableZonesError when they are not about equally far from the centre, or the same.
    """
    bearings, _, radii = _GEOD.inv([centre[0]] * 2, [centre[1]] * 2, [start[0], end[0]], [start[1], end[1]])
    if start == end:
        raise UnreadableZonesError("an arc ends where it starts")
    if abs(radii[0] - radii[1]) > _RADIUS_SLACK_M + _RADIUS_SHARE * max(radii) or min(radii) == 0:
        raise UnreadableZonesError("the ends of an arc are not equally far from its centre")
    along = _arc(centre, radii_m=(radii[0], radii[1]), bearings=(bearings[0], bearings[1]), clockwise=clockwise)
    return [start, *along[1:-1], end]


def _arc(
    centre: Position, *, radii_m: tuple[float, float], bearings: tuple[float, float], clockwise: bool
) -> list[Position]:
    turn = bearings[1] - bearings[0] if clockwise else bearings[0] - bearings[1]
    sweep = 360.0 if abs(turn) == 360.0 else turn % 360.0  # noqa: PLR2004 - a full turn
    if sweep == 0:
        raise UnreadableZonesError("an arc ends where it starts")
    share = np.linspace(0.0, 1.0, _steps(max(radii_m), sweep) + 1)
    signed = sweep if clockwise else -sweep
    return _ray_ends(centre, bearings[0] + signed * share, radii_m[0] + (radii_m[1] - radii_m[0]) * share)


def _steps(radius_m: float, sweep: float) -> int:
    step = 2 * math.degrees(math.sqrt(2 * _SAGITTA_M / max(radius_m, 1.0)))
    return max(_LEAST_STEPS, math.ceil(sweep / step))


def _ray_ends(centre: Position, bearings: np.ndarray, distances_m: np.ndarray) -> list[Position]:
    lon, lat, _ = _GEOD.fwd(np.full(len(bearings), centre[0]), np.full(len(bearings), centre[1]), bearings, distances_m)
    return [(float(x), float(y)) for x, y in zip(lon, lat, strict=True)]
