"""How many features and vertices hit the zones of a list; which zones are allowed to be hit is for the rules to say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Self

import numpy as np

from geogate.measures.measure import MeasureId
from geogate.measures.tools import PLAIN
from geogate.measures.zone_indexes import feature_hits, vertex_hits, zone_index
from geogate.zones.compiled import CompiledIndex
from geogate.zones.compiled_tables import read_only
from geogate.zones.exact import limits_m

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools
    from geogate.zones.boundary import Hits
    from geogate.zones.zone import ZoneList


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneCount:
    """How many features and how many of their vertices hit one zone.

    A feature can hit a zone with none of its vertices: an edge crosses the zone, or a polygon holds it.
    """

    zone: str
    features: int
    vertices: int

    def __add__(self, other: ZoneCount) -> ZoneCount:
        """Add the counts of other rows in the same zone."""
        features, vertices = self.features + other.features, self.vertices + other.vertices
        return ZoneCount(zone=self.zone, features=features, vertices=vertices)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneHitCounts:
    """What hits the zones of a list; ``zones`` has those that are hit, sorted by id.

    ``features`` are all rows that were measured, those without a geometry included, which hit nothing. A feature that
    hits several zones counts once in ``features_hit``, and so does a vertex in ``vertices_hit``.
    """

    features: int = 0
    features_hit: int = 0
    vertices_hit: int = 0
    zones: tuple[ZoneCount, ...] = ()

    def __add__(self, other: ZoneHitCounts) -> ZoneHitCounts:
        """Add the counts of other rows."""
        counts: dict[str, ZoneCount] = {}
        for count in (*self.zones, *other.zones):
            before = counts.get(count.zone)
            counts[count.zone] = count if before is None else before + count
        return ZoneHitCounts(
            features=self.features + other.features,
            features_hit=self.features_hit + other.features_hit,
            vertices_hit=self.vertices_hit + other.vertices_hit,
            zones=tuple(counts[zone] for zone in sorted(counts)),
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneHits:
    """Counts features and vertices that are in a zone of a list or within its distance; see ``ZoneIndex``.

    It is light: the index is made when a tally begins, once for a process.
    """

    id: MeasureId
    zone_list: ZoneList
    buffer_m: float

    @classmethod
    def against(cls, zone_list: ZoneList, *, buffer_m: float) -> ZoneHits:
        """Measure against a list; the distance of each zone is the larger of its own and ``buffer_m``.

        Units: metres.
        Raises: PolicyError when the list cannot protect with this distance.
        """
        limits_m(zone_list, buffer_m)
        return cls(
            id=MeasureId(f"zone-hits:{zone_list.digest[:16]}:{float(buffer_m)!r}"),
            zone_list=zone_list,
            buffer_m=buffer_m,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ZoneHits) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def empty(self) -> ZoneHitCounts:
        """Return the counts of no rows."""
        return ZoneHitCounts()

    def tally(self, tools: Tools) -> Tally[ZoneHitCounts]:
        """Begin to measure many batches.

        Raises: PolicyError, ServiceError as ``zone_index`` does.
        """
        return ZoneTally(self, tools)

    def of(self, batch: LayerBatch) -> ZoneHitCounts:
        """Count the hits of one batch.

        Raises: UnmeasurableError when a vertex is not finite or not on the globe, or an edge cannot be followed.
        """
        tally = ZoneTally(self, PLAIN)
        tally.add(batch)
        return tally.measurement()


@dataclass(slots=True, kw_only=True, eq=False)
class _Counted:
    """What was counted so far, by the numbers of the zones; ``points`` are features and vertices at once.

    Shape: ``features``, ``vertices`` and ``points`` ``(zones,)``.
    """

    features: NDArray[np.int64]
    vertices: NDArray[np.int64]
    points: NDArray[np.int64]
    rows: int = 0
    features_hit: int = 0
    vertices_hit: int = 0
    points_hit: int = 0

    def __add__(self, other: _Counted) -> _Counted:
        return _Counted(
            features=self.features + other.features,
            vertices=self.vertices + other.vertices,
            points=self.points + other.points,
            rows=self.rows + other.rows,
            features_hit=self.features_hit + other.features_hit,
            vertices_hit=self.vertices_hit + other.vertices_hit,
            points_hit=self.points_hit + other.points_hit,
        )


class ZoneTally:
    """Counts by zone; what was counted is told only after the tables of the index were found to be sound."""

    def __init__(self, measure: ZoneHits, tools: Tools) -> None:
        """Begin with an index of the measure's list."""
        self._zones = measure.zone_list.zones
        self._index = zone_index(measure.zone_list, measure.buffer_m, tools)
        features, vertices, points = np.zeros((3, len(self._zones)), np.int64)
        self._counted = _Counted(features=features, vertices=vertices, points=points)
        self._kernels = tools.kernels

    def add(self, batch: LayerBatch, /) -> None:
        """Count the hits of one more batch.

        Raises: UnmeasurableError when a vertex is not finite or not on the globe, or an edge cannot be followed.
        """
        vertices, features = vertex_hits(batch, self._index), feature_hits(batch, self._index)
        counted = self._counted
        counted.rows += batch.rows
        if features is vertices:
            counted.points_hit += self._count(features, counted.points)
            return
        counted.vertices_hit += self._count(vertices, counted.vertices)
        counted.features_hit += self._count(features, counted.features)

    def measurement(self) -> ZoneHitCounts:
        """Return the counts.

        Raises: ServiceError when the index turns out to be damaged.
        """
        return self.together(())

    def together(self, others: Sequence[Self], /) -> ZoneHitCounts:
        """Return the counts of this tally and of others.

        Raises: ServiceError when an index turns out to be damaged.
        """
        counted = reduce(add, (tally.sound_counts() for tally in (self, *others)))
        return ZoneHitCounts(
            features=counted.rows,
            features_hit=counted.features_hit + counted.points_hit,
            vertices_hit=counted.vertices_hit + counted.points_hit,
            zones=self._by_id(counted.features + counted.points, counted.vertices + counted.points),
        )

    def sound_counts(self) -> _Counted:
        """Return what was counted, once the tables of the index are known to be sound.

        Raises: ServiceError when the index turns out to be damaged.
        """
        if isinstance(self._index, CompiledIndex):
            self._index.verified()
        return self._counted

    def _by_id(self, features: NDArray[np.int64], vertices: NDArray[np.int64]) -> tuple[ZoneCount, ...]:
        """Name the zones that are hit, in the order of their ids; several with one id count together."""
        hit = np.flatnonzero(features)
        ids = [self._zones[zone].id for zone in hit.tolist()]
        counts = sorted(zip(ids, features[hit].tolist(), vertices[hit].tolist(), strict=True))
        found = tuple([ZoneCount(zone=zone, features=some, vertices=more) for zone, some, more in counts])
        if len(set(ids)) == len(ids):
            return found
        return (ZoneHitCounts() + ZoneHitCounts(zones=found)).zones

    def _count(self, hits: Hits, per_zone: NDArray[np.int64]) -> int:
        """Add hits to the counts of each zone; return how many owners they have."""
        if self._kernels:
            from geogate.kernels.grid_probe import count_hits

            return int(count_hits(read_only(hits.owner), read_only(hits.zone), per_zone))
        np.add.at(per_zone, hits.zone, 1)
        return int(np.count_nonzero(np.diff(hits.owner, prepend=-1)))
