"""How far apart consecutive vertices of lines and rings are; which distance is too short is for the rules to say.

A line that follows something closely tells more than its ordinates' precision: a vertex each second is a track.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.chords import chords_m
from geogate.measures.measure import MeasureId, Summed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.geometries import Parts
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

LIMITS_M: Final = tuple(float(f"{first}e{power}") for power in range(-3, 6) for first in (1, 2, 5))
"""Between these distances edges are counted: 1, 2 and 5 times powers of ten from a millimetre to 500 km.

Units: metres.
"""

CLASSES: Final = len(LIMITS_M) + 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Spacing:
    """The edges between consecutive vertices, counted by their length, with no height.

    ``counts[0]`` are those of no length, where a vertex is repeated; ``counts[1]`` those below ``LIMITS_M[0]``;
    ``counts[k + 1]`` those from ``LIMITS_M[k - 1]`` to below ``LIMITS_M[k]``. ``shortest_m`` is ``None`` without any.
    ``unmeasured`` counts edges with an end that is not finite or has a longitude beyond a turn and a half: a rule must
    not let them pass. Points have no edges.

    Shape: ``counts`` has ``CLASSES`` entries.
    Units: metres, as ``geogate.measures.chords`` measures them.
    """

    counts: tuple[int, ...]
    shortest_m: float | None
    unmeasured: int

    def __add__(self, other: Spacing) -> Spacing:
        shortest = [each for each in (self.shortest_m, other.shortest_m) if each is not None]
        return Spacing(
            counts=tuple(one + more for one, more in zip(self.counts, other.counts, strict=True)),
            shortest_m=min(shortest, default=None),
            unmeasured=self.unmeasured + other.unmeasured,
        )

    @property
    def edges(self) -> int:
        """All edges that were measured."""
        return sum(self.counts)

    def closer_than(self, limit_m: float) -> int:
        """Count the edges that are shorter than one of ``LIMITS_M``.

        Raises: ValueError for any other distance.
        """
        return sum(self.counts[: LIMITS_M.index(limit_m) + 2])


@dataclass(frozen=True, slots=True)
class VertexSpacing:
    """Measure the distances between consecutive vertices of all lines and rings."""

    @property
    def id(self) -> MeasureId:
        """The measure has no parameters."""
        return MeasureId("vertex-spacing")

    def empty(self) -> Spacing:
        """Return the measurement of no rows."""
        return Spacing(counts=(0,) * CLASSES, shortest_m=None, unmeasured=0)

    def tally(self, tools: Tools) -> Tally[Spacing]:
        """Begin to measure many batches."""
        if not tools.kernels:
            return Summed(self)
        from geogate.measures.vertex_spacing_tally import SpacingTally

        return SpacingTally()

    def of(self, batch: LayerBatch) -> Spacing:
        """Measure the edges of one batch.

        Raises: UnmeasurableError when a finite vertex has no place on the Earth.
        """
        parts = batch.geometries.parts
        if parts is None:
            return self.empty()
        lengths = chords_m(batch.lonlat)[_edges(parts)]
        known = lengths[np.isfinite(lengths)]
        classes = np.searchsorted(LIMITS_M, known, side="right") + (known > 0)
        counts = np.bincount(classes, minlength=CLASSES)
        return Spacing(
            counts=tuple(int(count) for count in counts),
            shortest_m=float(known.min()) if len(known) else None,
            unmeasured=len(lengths) - len(known),
        )


def _edges(parts: Parts) -> NDArray[np.bool_]:
    """Mark the vertices from which an edge leads to the next; none leads from one part to another.

    Shape: one for each vertex but the last.
    """
    vertices = int(parts.offsets[-1])
    edges = np.ones(max(vertices, 1), np.bool_)
    edges[parts.offsets[1:] - 1] = False
    return edges[:-1] if vertices else edges[:0]
