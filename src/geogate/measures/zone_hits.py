"""How many features and vertices hit the zones of a list; which zones are allowed to be hit is for the rules to say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from shapely.errors import ShapelyError

from geogate.measures.measure import MeasureId, Summed, UnmeasurableError
from geogate.measures.reference import positions, to_lonlat
from geogate.zones.boundary import Hits
from geogate.zones.index import OffGlobeError, ZoneIndex
from geogate.zones.straighten import TooCurvedError, straighten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools
    from geogate.zones.zone import ZoneList

_POINT_KINDS: Final = (0, 1, 4)
"""No geometry, Point, MultiPoint: all that they have is in their vertices."""

_ROWS_AT_ONCE: Final = 8_192
_INDEXES: Final = 8
_BULGE_DEG: Final = 1e-3
"""How far an edge of a tenth of a degree that is straight in a projection may leave the box of its ends, generously."""

_WITHIN: Final = 0.37
"""Where an edge is looked at to find out that it goes round the Earth and ends where it began."""

_WHOLE_EARTH: Final = (-180.0, -90.0, 180.0, 90.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneCount:
    """How many features and how many of their vertices hit one zone.

    A feature can hit a zone with none of its vertices: an edge crosses the zone, or a polygon holds it.
    """

    zone: str
    features: int
    vertices: int


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
            before = counts.get(count.zone, ZoneCount(zone=count.zone, features=0, vertices=0))
            counts[count.zone] = ZoneCount(
                zone=count.zone,
                features=before.features + count.features,
                vertices=before.vertices + count.vertices,
            )
        return ZoneHitCounts(
            features=self.features + other.features,
            features_hit=self.features_hit + other.features_hit,
            vertices_hit=self.vertices_hit + other.vertices_hit,
            zones=tuple(counts[zone] for zone in sorted(counts)),
        )


@lru_cache(maxsize=_INDEXES)
def _index(zone_list: ZoneList, buffer_m: float) -> ZoneIndex:
    return ZoneIndex.build(zone_list, buffer_m=buffer_m)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneHits:
    """Counts features and vertices that are in a zone of a list or within its distance; see ``ZoneIndex``."""

    id: MeasureId
    zone_ids: tuple[str, ...]
    index: ZoneIndex

    @classmethod
    def against(cls, zone_list: ZoneList, *, buffer_m: float) -> ZoneHits:
        """Measure against a list; the distance of each zone is the larger of its own and ``buffer_m``.

        Units: metres.
        Raises: PolicyError when the list cannot protect with this distance.
        """
        return cls(
            id=MeasureId(f"zone-hits:{zone_list.digest[:16]}:{float(buffer_m)!r}"),
            zone_ids=tuple(zone.id for zone in zone_list.zones),
            index=_index(zone_list, buffer_m),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ZoneHits) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def empty(self) -> ZoneHitCounts:
        """Return the counts of no rows."""
        return ZoneHitCounts()

    def tally(self, tools: Tools) -> Tally[ZoneHitCounts]:
        """Begin to measure many batches."""
        del tools
        return Summed(self)

    def of(self, batch: LayerBatch) -> ZoneHitCounts:
        """Count the hits of one batch.

        Raises: UnmeasurableError when a vertex is not finite or not on the globe, or an edge cannot be followed.
        """
        try:
            vertices = self.index.points_within(batch.lonlat)
            rows = np.searchsorted(batch.geometries.feature_offsets, vertices.owner, side="right") - 1
            features = Hits.union([Hits.of(rows, vertices.zone), *self._by_shape(batch)])
        except (OffGlobeError, TooCurvedError) as error:
            raise UnmeasurableError(f"in rows from {batch.first_row}: {error}") from None
        except ShapelyError:
            # What GEOS says can hold coordinates.
            raise UnmeasurableError(f"in rows from {batch.first_row}: GEOS refuses to judge a geometry") from None
        return self._counted(batch.rows, features, vertices)

    def _by_shape(self, batch: LayerBatch) -> Iterator[Hits]:
        """Take the lines and polygons that zones come near to, and judge their edges and insides."""
        rows = self._candidates(batch)
        for first in range(0, len(rows), _ROWS_AT_ONCE):
            some = rows[first : first + _ROWS_AT_ONCE]
            found = self.index.shapes_within(_lonlat_shapes(batch, some))
            yield Hits(owner=some[found.owner], zone=found.zone)

    def _candidates(self, batch: LayerBatch) -> NDArray[np.int64]:
        offsets = batch.geometries.feature_offsets
        rows = np.flatnonzero(~np.isin(batch.geometries.kinds, _POINT_KINDS) & (np.diff(offsets) > 0))
        if len(rows) == 0:
            return rows
        # Every second of the runs lies between two rows, and is dropped.
        bounds = np.stack([offsets[rows], offsets[rows + 1]], axis=1).reshape(-1)
        bounds = bounds[:-1] if bounds[-1] == len(batch.lonlat) else bounds
        seen = [batch.lonlat, _within_edges(batch)] if batch.crs.is_projected else [batch.lonlat]
        low = np.minimum.reduce([np.minimum.reduceat(each, bounds, axis=0)[::2] for each in seen])
        high = np.maximum.reduce([np.maximum.reduceat(each, bounds, axis=0)[::2] for each in seen])
        lost = ~(np.isfinite(low) & np.isfinite(high)).all(axis=1)
        grown = np.column_stack([low - _BULGE_DEG, high + _BULGE_DEG])
        grown[lost] = _WHOLE_EARTH
        near: NDArray[np.int64] = rows[self.index.near_boxes(grown)]
        return near

    def _counted(self, rows: int, features: Hits, vertices: Hits) -> ZoneHitCounts:
        zones, by_zone = np.unique(features.zone, return_counts=True)
        of_vertices = np.bincount(vertices.zone, minlength=len(self.zone_ids))
        counts = [
            ZoneCount(zone=self.zone_ids[zone], features=int(count), vertices=int(of_vertices[zone]))
            for zone, count in zip(zones, by_zone, strict=True)
        ]
        return ZoneHitCounts(
            features=rows,
            features_hit=len(np.unique(features.owner)),
            vertices_hit=len(np.unique(vertices.owner)),
            zones=tuple(sorted(counts, key=lambda count: count.zone)),
        )


def _within_edges(batch: LayerBatch) -> NDArray[np.float64]:
    """Give a position within each edge, not finite where that has no place on the Earth.

    From the last vertex of a part to the first of the next one is no edge; its position makes a box larger only.

    Shape: that of ``batch.lonlat``.
    Units: degrees.
    """
    xy, offsets = batch.geometries.xy, batch.geometries.feature_offsets
    following = np.concatenate([xy[1:], xy[-1:]])
    last = offsets[1:][np.diff(offsets) > 0] - 1
    following[last] = xy[last]
    return positions(xy + _WITHIN * (following - xy), batch.crs)


def _lonlat_shapes(batch: LayerBatch, rows: NDArray[np.int64]) -> NDArray[np.object_]:
    def transform(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return to_lonlat(xy, batch.crs)

    shapes = batch.geometries.shapes(rows)
    if batch.crs.is_projected:
        return straighten(shapes, transform)
    return np.asarray(shapely.transform(shapes, transform))
