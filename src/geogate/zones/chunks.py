"""Edges in short pieces, and the pieces in chunks that have a box for finding and a ball for deciding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from geogate.zones.ellipsoid import SMALLEST_RADIUS_M, ecef
from geogate.zones.segments import PIECE_M, SAGITTA_M, Segments, pieces_needed, split
from geogate.zones.unwrap import HALF_TURN, TURN

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK = 16
"""Consecutive pieces that share a box and a ball."""

BALL_SLACK_M = PIECE_M * PIECE_M / 4.0e7 + SAGITTA_M
"""How far the surface may lie outside the chord of a piece: its dip, its sagitta, and a little."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chunks:
    """Pieces of edges; those of chunk ``c`` are ``first[c]:first[c + 1]``, one path of one zone.

    ``start`` and ``end`` are the ends of the pieces, ``centre`` and ``radius`` the chunks' balls, Earth-centred.

    Shape: ``start`` and ``end`` ``(pieces, 3)``, ``first`` ``(chunks + 1,)``, ``zone`` and ``radius`` ``(chunks,)``,
        ``centre`` ``(chunks, 3)``.
    Units: metres.
    """

    pieces: Segments
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    first: NDArray[np.int64]
    zone: NDArray[np.int64]
    centre: NDArray[np.float64]
    radius: NDArray[np.float64]

    @classmethod
    def of(cls, edges: Segments, *, most: int = CHUNK) -> Self:
        """Cut edges, whose owners are zones, and put at most so many consecutive pieces together."""
        pieces = split(edges, pieces_needed(edges))
        start, end = ecef(pieces.start), ecef(pieces.end)
        first = _chunk_starts(pieces, most)
        last = np.append(first, len(pieces))[1:] - 1
        centre = (start[first] + end[last]) / 2
        chunk = np.repeat(np.arange(len(first)), last + 1 - first)
        far = np.maximum(np.linalg.norm(start - centre[chunk], axis=1), np.linalg.norm(end - centre[chunk], axis=1))
        radius = np.maximum.reduceat(far, first) + BALL_SLACK_M if len(first) else np.empty(0)
        return cls(
            pieces=pieces,
            start=start,
            end=end,
            first=np.append(first, len(pieces)),
            zone=pieces.owner[first],
            centre=centre,
            radius=radius,
        )

    @property
    def boxes(self) -> NDArray[np.float64]:
        """The boxes of the chunks: west, south, east, north.

        Shape: ``(chunks, 4)``.
        Units: degrees.
        """
        first = self.first[:-1]
        if len(first) == 0:
            return np.empty((0, 4))
        low = np.minimum.reduceat(np.minimum(self.pieces.start, self.pieces.end), first)
        high = np.maximum.reduceat(np.maximum(self.pieces.start, self.pieces.end), first)
        return np.column_stack([low, high])

    @property
    def corners(self) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The path of each chunk: its corners one after the other, and where each chunk's begin.

        Shape: ``(pieces + chunks, 3)`` and ``(chunks + 1,)``.
        """
        begin = self.first + np.arange(len(self.first))
        corners = np.empty((int(begin[-1]), 3))
        chunk = np.repeat(np.arange(len(self.zone)), np.diff(self.first))
        corners[np.arange(len(self.pieces)) + chunk] = self.start
        corners[begin[1:] - 1] = self.end[self.first[1:] - 1]
        return corners, begin


def reach_boxes(boxes: NDArray[np.float64], distance_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Grow boxes by a distance on the ellipsoid, generously; where a pole is in reach, to all longitudes.

    Shape: ``(n, 4)`` and ``(n,)`` to ``(n, 4)``; longitudes may leave [-180, 180].
    """
    angle = np.degrees(distance_m / SMALLEST_RADIUS_M) * 1.01 + 1e-9
    south, north = boxes[:, 1] - angle, boxes[:, 3] + angle
    lat = np.radians(np.abs(boxes[:, [1, 3]]).max(axis=1))
    reach = np.sin(np.radians(angle)) / np.maximum(np.cos(lat), 1e-12)
    wide = np.degrees(np.arcsin(np.minimum(reach, 1.0))) + 1e-9
    at_pole = np.maximum(north, -south) >= HALF_TURN / 2
    whole = at_pole | (boxes[:, 2] - boxes[:, 0] + 2 * wide >= TURN)
    west = np.where(whole, -HALF_TURN, boxes[:, 0] - wide)
    east = np.where(whole, HALF_TURN, boxes[:, 2] + wide)
    return np.column_stack([west, np.maximum(south, -90.0), east, np.minimum(north, 90.0)])


def _chunk_starts(pieces: Segments, most: int) -> NDArray[np.int64]:
    """Start a chunk where the zone changes, where pieces do not join, and after ``most`` pieces."""
    new = np.ones(len(pieces), dtype=np.bool_)
    new[1:] = (pieces.owner[1:] != pieces.owner[:-1]) | np.any(pieces.start[1:] != pieces.end[:-1], axis=1)
    run = np.flatnonzero(new)
    length = np.diff(np.append(run, len(pieces)))
    within_run = np.arange(len(pieces)) - np.repeat(run, length)
    starts: NDArray[np.int64] = np.flatnonzero(within_run % most == 0)
    return starts
