"""Shapes of a projected layer in degrees, with so many vertices more that their edges stay where they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from geogate.zones.ellipsoid import ecef
from geogate.zones.segments import segments_of
from geogate.zones.unwrap import TURN

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

ASIDE_M = 0.002
"""How far an edge that is straight in degrees may lie beside the one that is straight in the projection."""

_SHARES = (0.13, 0.37, 0.5, 0.79)
"""Where edges are compared: not at places that an edge symmetric about its middle crosses all alike."""

_ROUNDS = 6
_MOST_VERTICES = 5_000_000


class TooCurvedError(ValueError):
    """An edge cannot be followed with a reasonable number of vertices, because it passes through a pole."""


def straighten(
    shapes: NDArray[np.object_], to_lonlat: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.object_]:
    """Add vertices to shapes until their edges are as good as straight in degrees, and transform them.

    Shape: ``(n,)``.
    Units: those of the layer's reference system to degrees.
    Raises: TooCurvedError.
    """
    for _ in range(_ROUNDS):
        longest = _longest_edges(shapes, to_lonlat)
        if np.isinf(longest).all():
            return np.asarray(shapely.transform(shapes, to_lonlat))
        _check_size(shapes, longest)
        shapes = np.asarray(shapely.segmentize(shapes, longest))
    raise TooCurvedError("an edge cannot be followed on the ellipsoid, because it passes through a pole")


def is_straight(
    shapes: NDArray[np.object_], to_lonlat: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.bool_]:
    """Tell which shapes ``straighten`` leaves as they are: their edges are as good as straight in degrees.

    Shape: ``(n,)`` in and out.
    Units: those of the layer's reference system.
    """
    return np.isinf(_longest_edges(shapes, to_lonlat))


def _longest_edges(
    shapes: NDArray[np.object_], to_lonlat: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Find for each shape how long its edges may be; infinite where they are straight enough as they are."""
    parts, owner = shapes, np.arange(len(shapes))
    while np.any(shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT):
        parts, part_of = shapely.get_parts(parts, return_index=True)
        owner = owner[part_of]
    edges = segments_of(parts[~shapely.is_missing(parts)], owner[~shapely.is_missing(parts)].astype(np.int64))
    start, end = to_lonlat(edges.start), to_lonlat(edges.end)
    between = [(share, to_lonlat(edges.start + share * (edges.end - edges.start))) for share in _SHARES]
    aside = np.max([_aside_m(start, end, share=share, place=place) for share, place in between], axis=0)
    length = np.hypot(*(edges.end - edges.start).T)
    # Half of what is allowed, because an edge may lie farther aside between the places that were compared.
    pieces = np.ceil(np.sqrt(2 * np.maximum(aside, ASIDE_M) / ASIDE_M))
    allowed = np.where(aside > ASIDE_M, length / pieces, np.inf)
    longest = np.full(len(shapes), np.inf)
    np.minimum.at(longest, edges.owner, allowed)
    return longest


def _aside_m(
    start: NDArray[np.float64], end: NDArray[np.float64], *, share: float, place: NDArray[np.float64]
) -> NDArray[np.float64]:
    step = end - start
    step[:, 0] -= TURN * np.round(step[:, 0] / TURN)
    apart: NDArray[np.float64] = np.linalg.norm(ecef(start + share * step) - ecef(place), axis=1)
    return apart


def _check_size(shapes: NDArray[np.object_], longest: NDArray[np.float64]) -> None:
    vertices = shapely.get_num_coordinates(shapes) + shapely.length(shapes) / longest
    if not vertices.sum() <= _MOST_VERTICES:
        raise TooCurvedError("the edges of a few rows would need millions of vertices on the ellipsoid")
