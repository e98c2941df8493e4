"""The edges of all zones, compiled for the question which positions and edges come within each zone's distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geogate.zones.chunks import BALL_SLACK_M, Chunks, reach_boxes
from geogate.zones.ellipsoid import ecef, geodesic_m, longest_geodesic_m, nearest_on_chord

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from geogate.zones.segments import Segments

TOLERANCE_M = 0.01
"""What is nearer to the limit than this counts as within it."""

PROBE_DEG = 0.2
"""Probes must not be longer than this in either axis."""

_UNSURE_M = 0.05
_UNSURE_SHARE = 1e-6
"""Distances as near to the limit as this are measured by PROJ; the tangent plane errs by less."""

_PROBES_AT_ONCE = 16_384
_PAIRS_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """Which probes' owners a zone reaches, as pairs without repetition, sorted by owner and zone.

    Shape: two times ``(n,)``.
    """

    owner: NDArray[np.int64]
    zone: NDArray[np.int64]

    @classmethod
    def none(cls) -> Hits:
        """Return no hits."""
        return cls(owner=np.empty(0, dtype=np.int64), zone=np.empty(0, dtype=np.int64))

    @classmethod
    def of(cls, owner: NDArray[np.int64], zone: NDArray[np.int64]) -> Hits:
        """Sort pairs and drop their repetitions."""
        pairs = np.unique(np.column_stack([owner, zone]).astype(np.int64), axis=0)
        return cls(owner=pairs[:, 0], zone=pairs[:, 1])

    @classmethod
    def union(cls, several: Iterable[Hits]) -> Hits:
        """Put hits together."""
        hits = [cls.none(), *several]
        return cls.of(np.concatenate([h.owner for h in hits]), np.concatenate([h.zone for h in hits]))


class Boundary:
    """All edges of all zones in short pieces, in chunks that have a box for finding and a ball for deciding."""

    def __init__(self, edges: Segments, *, limit_m: NDArray[np.float64]) -> None:
        """Compile edges whose owners are zones; ``limit_m`` is each zone's distance, tolerance not yet added."""
        self._limit_m = limit_m + TOLERANCE_M
        chunks = Chunks.of(edges)
        self._pieces, self._start, self._end = chunks.pieces, chunks.start, chunks.end
        self._first, self._zone = chunks.first, chunks.zone
        self._centre, self._radius = chunks.centre, chunks.radius
        self.boxes = reach_boxes(chunks.boxes, self._limit_m[self._zone])
        self._tree, self._box_chunk = _tree_round_the_globe(self.boxes)

    def within(self, probes: Segments) -> Hits:
        """Find the zones whose boundary comes within their distance of each probe; points are probes of no length.

        Raises: ValueError when a probe is longer than ``PROBE_DEG`` or than a piece may be.
        """
        if len(probes) and np.abs(probes.end - probes.start).max() > PROBE_DEG:
            raise ValueError("a probe is too long")
        blocks = (probes[first : first + _PROBES_AT_ONCE] for first in range(0, len(probes), _PROBES_AT_ONCE))
        return Hits.union([self._within(block) for block in blocks])

    def _within(self, probes: Segments) -> Hits:
        probe, box = self._tree.query(_outlines(probes))
        chunk = self._box_chunk[box]
        sure, unsure = self._by_balls(probes, probe, chunk)
        hits = Hits.of(probes.owner[probe[sure]], self._zone[chunk[sure]])
        probe, chunk = probe[unsure], chunk[unsure]
        key = hits.owner * len(self._limit_m) + hits.zone
        undecided = ~np.isin(probes.owner[probe] * len(self._limit_m) + self._zone[chunk], key)
        probe, chunk = probe[undecided], chunk[undecided]
        blocks = (slice(first, first + _PAIRS_AT_ONCE) for first in range(0, len(probe), _PAIRS_AT_ONCE))
        return Hits.union([hits, *(self._by_pieces(probes, probe[block], chunk[block]) for block in blocks)])

    def _by_balls(
        self, probes: Segments, probe: NDArray[np.int64], chunk: NDArray[np.int64]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Decide pairs from the distance of the middles: surely within, and neither surely within nor surely out."""
        start, end = ecef(probes.start), ecef(probes.end)
        middle, half = (start + end) / 2, np.linalg.norm(end - start, axis=1) / 2
        half = np.where(half > 0, half + BALL_SLACK_M, 0.0)
        apart = np.linalg.norm(middle[probe] - self._centre[chunk], axis=1)
        spread = self._radius[chunk] + half[probe]
        limit = self._limit_m[self._zone[chunk]]
        sure = longest_geodesic_m(apart + spread) <= limit
        return sure, ~sure & ~(apart - spread > limit)

    def _by_pieces(self, probes: Segments, probe: NDArray[np.int64], chunk: NDArray[np.int64]) -> Hits:
        """Decide pairs exactly: two pieces that do not cross are nearest at an end of one of them."""
        count = np.diff(self._first)[chunk]
        pair = np.repeat(np.arange(len(chunk)), count)
        piece = np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count) + self._first[chunk][pair]
        probe = probe[pair]
        limit = self._limit_m[self._zone[chunk]][pair]
        is_line = np.any(probes.start[probe] != probes.end[probe], axis=1)
        other = Chords(pieces=self._pieces, start=self._start, end=self._end)
        hit = ends_within(probes.start[probe], other, piece, limit)
        line = np.flatnonzero(is_line & ~hit)
        if len(line):
            own = Chords(pieces=probes, start=ecef(probes.start), end=ecef(probes.end))
            piece_, probe_, limit_ = piece[line], probe[line], limit[line]
            found = ends_within(probes.end[probe_], other, piece_, limit_)
            found |= ends_within(self._pieces.start[piece_], own, probe_, limit_)
            found |= ends_within(self._pieces.end[piece_], own, probe_, limit_)
            hit[line] = found
        return Hits.of(probes.owner[probe[hit]], self._pieces.owner[piece[hit]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Chords:
    """Pieces with their ends in Earth-centred coordinates."""

    pieces: Segments
    start: NDArray[np.float64]
    end: NDArray[np.float64]


def ends_within(
    lonlat: NDArray[np.float64], chords: Chords, which: NDArray[np.int64], limit_m: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell for pairs of a position and a piece whether they are within the limit; PROJ decides what is close to it."""
    distance, share = nearest_on_chord(lonlat, chords.start[which], chords.end[which])
    within: NDArray[np.bool_] = ~(distance > limit_m)
    unsure = np.flatnonzero(~(np.abs(distance - limit_m) > _UNSURE_M + _UNSURE_SHARE * limit_m))
    if len(unsure):
        start, end = chords.pieces.start[which[unsure]], chords.pieces.end[which[unsure]]
        foot = start + (end - start) * share[unsure][:, None]
        within[unsure] = ~(geodesic_m(lonlat[unsure], foot) > limit_m[unsure])
    return within


def _outlines(probes: Segments) -> NDArray[np.object_]:
    if np.array_equal(probes.start, probes.end):
        return np.asarray(shapely.points(probes.start))
    west, south = np.minimum(probes.start, probes.end).T
    east, north = np.maximum(probes.start, probes.end).T
    boxes: NDArray[np.object_] = shapely.box(west, south, east, north)
    return boxes


def _tree_round_the_globe(boxes: NDArray[np.float64]) -> tuple[shapely.STRtree, NDArray[np.int64]]:
    """Build a tree in which boxes near the antimeridian stand on both sides of it."""
    chunk = np.arange(len(boxes))
    turned, turned_chunk = [boxes], [chunk]
    for turn, near in ((360.0, boxes[:, 0] < -180.0 + 2 * PROBE_DEG), (-360.0, boxes[:, 2] > 180.0 - 2 * PROBE_DEG)):
        turned.append(boxes[near] + np.array([turn, 0.0, turn, 0.0]))
        turned_chunk.append(chunk[near])
    west, south, east, north = np.concatenate(turned).T
    return shapely.STRtree(shapely.box(west, south, east, north)), np.concatenate(turned_chunk)
