"""Shapes of a projected layer in degrees, with so many vertices more that their edges stay where they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely

from geogate.zones.ellipsoid import ecef
from geogate.zones.segments import segments_of
from geogate.zones.unwrap import TURN

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

ASIDE_M = 0.002
"""How far an edge that is straight in degrees may lie beside the one that is straight in the projection."""

_SHARES = (0.13, 0.37, 0.5, 0.79)
"""Where edges are compared: not at places that an edge symmetric about its middle crosses all alike."""

_ROUNDS = 6
_MOST_VERTICES = 5_000_000


_TOGETHER: Final[Mapping[Any, Callable[..., Any]]] = {
    shapely.GeometryType.MULTILINESTRING: shapely.multilinestrings,
    shapely.GeometryType.MULTIPOLYGON: shapely.multipolygons,
    shapely.GeometryType.GEOMETRYCOLLECTION: shapely.geometrycollections,
}


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
        bent = np.flatnonzero(np.isfinite(longest))
        shapes = shapes.copy()
        shapes[bent] = [_densified(shapes[row], longest[row]) for row in bent.tolist()]
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


def _densified(shape: BaseGeometry, longest: float) -> BaseGeometry:
    """Add vertices to a shape until no edge is longer, and change nothing else.

    GEOS's own way to do it drops what it takes for needless: the smaller lobes of a polygon that crosses itself, and
    vertices that are repeated.
    """
    if shape.is_empty:
        return shape
    match shapely.get_type_id(shape):
        case shapely.GeometryType.LINESTRING:
            return shapely.LineString(_path(shape, longest))
        case shapely.GeometryType.POLYGON:
            shell, *holes = (_path(ring, longest) for ring in shapely.get_rings(shape))
            return shapely.Polygon(shell, holes)
        case (
            shapely.GeometryType.MULTILINESTRING
            | shapely.GeometryType.MULTIPOLYGON
            | shapely.GeometryType.GEOMETRYCOLLECTION as kind
        ):
            parts = [_densified(part, longest) for part in shapely.get_parts(shape)]
            together: BaseGeometry = _TOGETHER[kind](parts)
            return together
        case _:
            return shape


def _path(line: BaseGeometry, longest: float) -> NDArray[np.float64]:
    """Give the vertices of a line or a ring, and those between them.

    Shape: ``(n, 2)``.
    """
    xy = shapely.get_coordinates(line)
    step = np.diff(xy, axis=0)
    pieces = np.fmax(np.ceil(np.hypot(*step.T) / longest), 1).astype(np.int64)
    edge = np.repeat(np.arange(len(step)), pieces)
    share = (np.arange(len(edge)) - (np.cumsum(pieces) - pieces)[edge]) / pieces[edge]
    return np.concatenate([xy[edge] + share[:, None] * step[edge], xy[-1:]])


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
