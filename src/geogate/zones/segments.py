"""Edges that are straight in degrees, cut into pieces so short that their chords lie within 2 mm of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geogate.zones.ellipsoid import SEMI_MAJOR_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAGITTA_M = 0.002
"""How far an edge that is straight in degrees may lie beside the chord of its piece."""

PIECE_M = 2000.0
"""The greatest length of a piece: its chord dips 8 cm below the ellipsoid, which 100 km away looks like 1 mm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segments:
    """Edges that are straight in degrees; one of no length is a position.

    ``owner`` is the number of what the edge belongs to. Longitudes may leave [-180, 180]; an edge does not jump.

    Shape: ``start`` and ``end`` are ``(n, 2)``, ``owner`` is ``(n,)``.
    Units: degrees.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    owner: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.owner)

    def __getitem__(self, which: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Segments:
        return Segments(start=self.start[which], end=self.end[which], owner=self.owner[which])


def segments_of(parts: NDArray[np.object_], owner: NDArray[np.int64]) -> Segments:
    """Take the edges of points, lines and polygons, in their order; a point gives one edge of no length."""
    kinds = shapely.get_type_id(parts)
    is_point = kinds == shapely.GeometryType.POINT
    is_polygon = kinds == shapely.GeometryType.POLYGON
    rings, ring_part = shapely.get_rings(parts[is_polygon], return_index=True)
    lines = parts[~is_point & ~is_polygon]
    runs = np.concatenate([rings, lines])
    run_owner = np.concatenate([owner[is_polygon][ring_part], owner[~is_point & ~is_polygon]])
    xy, run = shapely.get_coordinates(runs, return_index=True)
    joined = np.flatnonzero(run[1:] == run[:-1])
    single = shapely.get_coordinates(parts[is_point])
    return Segments(
        start=np.concatenate([xy[joined], single]),
        end=np.concatenate([xy[joined + 1], single]),
        owner=np.concatenate([run_owner[run[joined]], owner[is_point]]).astype(np.int64),
    )


def split(edges: Segments, pieces: NDArray[np.int64]) -> Segments:
    """Cut each edge into that many pieces of equal length in degrees, in their order."""
    if len(pieces) == 0 or pieces.max() == 1:
        return edges
    edge = np.repeat(np.arange(len(edges)), pieces)
    first = np.cumsum(pieces) - pieces
    number = np.arange(len(edge)) - first[edge]
    step = edges.end[edge] - edges.start[edge]
    share0, share1 = number / pieces[edge], (number + 1) / pieces[edge]
    end = edges.start[edge] + step * share1[:, None]
    last = share1 == 1.0
    end[last] = edges.end[edge[last]]
    return Segments(start=edges.start[edge] + step * share0[:, None], end=end, owner=edges.owner[edge])


def pieces_needed(edges: Segments) -> NDArray[np.int64]:
    """Count the pieces after which each edge is straight enough and short enough.

    Source: an eighth of the second derivative of the edge on the surface, seen in the tangent plane.
    """
    step = np.abs(np.radians(edges.end - edges.start))
    lat = np.radians(np.stack([edges.start[:, 1], edges.end[:, 1]]))
    cos = np.where(lat[0] * lat[1] < 0, 1.0, np.cos(lat).max(axis=0))
    sin = np.abs(np.sin(lat)).max(axis=0)
    north = step[:, 0] ** 2 * cos * sin
    east = 2 * step[:, 0] * step[:, 1] * sin
    sagitta = SEMI_MAJOR_M / 8 * np.hypot(north, east)
    length = SEMI_MAJOR_M * np.hypot(step[:, 0] * cos, step[:, 1])
    needed = np.maximum(np.sqrt(sagitta / SAGITTA_M), length / PIECE_M)
    pieces: NDArray[np.int64] = np.maximum(np.ceil(needed), 1).astype(np.int64)
    return pieces
