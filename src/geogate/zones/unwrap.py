"""Rings and lines that jump across the antimeridian, read as curves that do not jump; nothing is repaired here.

A jump of more than 180 degrees of longitude between two vertices is not an edge across the whole map but a
crossing of the antimeridian, when what remains of it after whole turns is an edge of at most 90 degrees. Where that
is not so, or where the jump is exactly one turn (a whole parallel, or two names of the same meridian), both readings
are given, and the caller decides what it makes of that. An edge along a pole is as long as it says.

That is how data is read. ``literal`` is for whoever takes nobody's habit for granted: every edge of half a turn or more
is then also read as it is written, or where it is exactly half a turn long, the other way round.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

TURN, HALF_TURN = 360.0, 180.0
_POLE = 90.0
_CLEAR_DEG = 90.0
_NO_DEG = 1e-9


class UnreadableRingError(ValueError):
    """A ring that is not a simple closed curve on the globe; the message holds no coordinate."""


def jumps(lonlat: NDArray[np.float64]) -> bool:
    """Tell whether a run of vertices leaves [-180, 180] or has an edge of 180 or more degrees of longitude."""
    lon = lonlat[:, 0]
    return bool(np.abs(lon).max() > HALF_TURN or np.abs(np.diff(lon)).max(initial=0.0) >= HALF_TURN)


def line_readings(lonlat: NDArray[np.float64], *, literal: bool = False) -> list[NDArray[np.float64]]:
    """Give the curves that a line may mean, one or two, without jumps; longitudes may leave [-180, 180].

    Shape: each ``(n, 2)``.
    """
    return [_walk(lonlat, steps) for steps in (_literal_steps if literal else _steps)(lonlat)]


def ring_readings(lonlat: NDArray[np.float64], *, literal: bool = False) -> list[shapely.Polygon]:
    """Give the areas that a closed ring may enclose, valid ones only; a ring round a pole holds that pole.

    Raises: UnreadableRingError when there is none.
    """
    found, reason = [], "it does not close on the globe"
    for path in line_readings(lonlat, literal=literal):
        for ring in _closed(path):
            polygon = shapely.Polygon(ring)
            if polygon.is_valid and polygon.area > 0:
                found.append(polygon)
            else:
                reason = why_invalid(polygon)
    if not found:
        raise UnreadableRingError(reason)
    return found


def why_invalid(geometry: BaseGeometry) -> str:
    """Say why a geometry is invalid, in words only: the place that the library adds is left out."""
    if geometry.is_valid:
        return "it encloses no area"
    return str(shapely.is_valid_reason(geometry)).split("[", 1)[0].strip().lower()


def into_the_map(area: BaseGeometry) -> BaseGeometry:
    """Cut an area or a line at the antimeridian and turn its pieces into [-180, 180]."""
    pieces: list[BaseGeometry] = []
    west, _, east, _ = area.bounds
    for turn in range(int(np.floor((west + 180) / TURN)), int(np.floor((east + 180) / TURN)) + 1):
        window = shapely.box(turn * TURN - 180, -90, turn * TURN + 180, 90)
        cut = shapely.get_parts(shapely.intersection(area, window))
        cut = cut[shapely.get_dimensions(cut) == shapely.get_dimensions(area)]
        pieces.extend(turned(piece, -turn) for piece in cut)
    return shapely.union_all(pieces) if len(pieces) != 1 else pieces[0]


def on_the_map(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn the longitudes of positions that are beyond 180 degrees into [-180, 180]; others keep all their digits."""
    lon = lonlat[:, 0]
    beyond = np.abs(lon) > HALF_TURN
    if not beyond.any():
        return lonlat
    return np.column_stack([np.where(beyond, lon - TURN * np.round(lon / TURN), lon), lonlat[:, 1]])


def turned(geometry: BaseGeometry, turns: int) -> BaseGeometry:
    """Move a geometry by whole turns of longitude."""
    if turns == 0:
        return geometry
    offset = np.array([turns * TURN, 0.0])
    return shapely.transform(geometry, lambda lonlat: lonlat + offset)


def _along_pole(lonlat: NDArray[np.float64]) -> NDArray[np.bool_]:
    lat = lonlat[:, 1]
    along: NDArray[np.bool_] = (np.abs(lat[1:]) == _POLE) & (lat[1:] == lat[:-1])
    return along


def _literal_steps(lonlat: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    raw = np.diff(lonlat[:, 0])
    yield raw
    far = (np.abs(raw) >= HALF_TURN) & ~_along_pole(lonlat)
    if far.any():
        yield np.where(far, raw - TURN * np.sign(raw) * np.maximum(np.round(np.abs(raw) / TURN), 1), raw)


def _steps(lonlat: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    raw = np.diff(lonlat[:, 0])
    plain = (np.abs(raw) <= HALF_TURN) | _along_pole(lonlat)
    wrapped = raw - TURN * np.round(raw / TURN)
    yield np.where(plain, raw, wrapped)
    if np.any(~plain & ((np.abs(wrapped) > _CLEAR_DEG) | (wrapped == 0.0))):
        unclear = (np.abs(wrapped) > _CLEAR_DEG) | (wrapped == 0.0)
        yield np.where(plain | unclear, raw, wrapped)


def _walk(lonlat: NDArray[np.float64], steps: NDArray[np.float64]) -> NDArray[np.float64]:
    if np.array_equal(steps, np.diff(lonlat[:, 0])):
        return lonlat
    # Each longitude keeps its own digits: only whole turns are added.
    lon = lonlat[:, 0]
    turns = np.round((np.concatenate([[lon[0]], lon[0] + np.cumsum(steps)]) - lon) / TURN)
    return np.column_stack([lon + turns * TURN, lonlat[:, 1]])


def _closed(path: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    gap = path[-1, 0] - path[0, 0]
    if abs(gap) <= _NO_DEG and path[-1, 1] == path[0, 1]:
        yield np.concatenate([path[:-1], path[:1]])
        return
    if abs(abs(gap) - TURN) > _NO_DEG or path[-1, 1] != path[0, 1]:
        return
    north, south = bool(np.all(path[:, 1] > 0)), bool(np.all(path[:, 1] < 0))
    for pole, clear_of_it in ((_POLE, south), (-_POLE, north)):
        if not clear_of_it:
            yield np.concatenate([path, [[path[-1, 0], pole], [path[0, 0], pole]], path[:1]])
