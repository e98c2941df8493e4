"""What lines and polygons of a batch hit: their edges and insides, through a compiled index or the exact one."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import numpy as np
import shapely

from geogate.measures.reference import positions, to_lonlat
from geogate.zones.boundary import Hits
from geogate.zones.compiled_shapes import Features, features_within, near_boxes, near_rows, rows_hit, vertices_within
from geogate.zones.straighten import is_straight, straighten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from geogate.kernels.shapes_tables import Near
    from geogate.measures.batch import LayerBatch
    from geogate.zones.compiled import CompiledIndex
    from geogate.zones.index import ZoneIndex

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_POINT_KINDS: Final = (0, 1, 4)
"""No geometry, Point, MultiPoint: all that they have is in their vertices."""

_ROWS_AT_ONCE: Final = 8_192
_BULGE_DEG: Final = 1e-3
"""How far an edge of a tenth of a degree that is straight in a projection may leave the box of its ends, generously."""

_SMALL_DEG: Final = 0.09

_WITHIN: Final = 0.37
"""Where an edge is looked at to find out that it goes round the Earth and ends where it began."""

_WHOLE_EARTH: Final = (-180.0, -90.0, 180.0, 90.0)

_kept: WeakKeyDictionary[LayerBatch, dict[CompiledIndex, Near]] = WeakKeyDictionary()
_lock = Lock()


def exact_hits(batch: LayerBatch, index: ZoneIndex) -> Iterator[Hits]:
    """Take the lines and polygons that zones come near to, and judge their edges and insides exactly.

    Raises: OffGlobeError, TooCurvedError, ShapelyError.
    """
    rows = _near_rows(batch, index.near_boxes)
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[first : first + _ROWS_AT_ONCE]
        found = index.shapes_within(_lonlat_shapes(batch, some))
        yield Hits(owner=some[found.owner], zone=found.zone)


def compiled_vertices(batch: LayerBatch, index: CompiledIndex) -> Hits:
    """Find the zones that each vertex hits, looking only at those of rows that zones may come near to.

    Raises: OffGlobeError.
    """
    features = _features(batch)
    if features is None:
        return index.points_within(batch.lonlat)
    return vertices_within(index, features, rows=_near(batch, index, features))


def compiled_hits(batch: LayerBatch, index: CompiledIndex, vertices: Hits) -> Hits:
    """Find the zones that each row hits, as ``exact_hits`` and the hits of its vertices together do.

    Raises: OffGlobeError, TooCurvedError, ShapelyError.
    """
    features = _features(batch)
    if features is None:
        return rows_hit(vertices, batch.geometries.feature_offsets, zones=len(index.zone_list.zones))
    rows, bent = _near(batch, index, features), _bent_rows(batch, index)
    return features_within(index, features, rows=rows, bent=bent, vertices=vertices)


def _features(batch: LayerBatch) -> Features | None:
    parts = batch.geometries.parts
    if parts is None:
        return None
    return Features(
        lonlat=batch.lonlat,
        offsets=parts.offsets,
        kinds=parts.kinds,
        first=parts.first,
        shapes=lambda rows: _lonlat_shapes(batch, rows),
    )


def _near(batch: LayerBatch, index: CompiledIndex, features: Features) -> Near:
    with _lock:
        kept = _kept.setdefault(batch, {})
    if index not in kept:
        kept[index] = near_rows(index, features)
    return kept[index]


def _bent_rows(batch: LayerBatch, index: CompiledIndex) -> Ints:
    """Find the rows near to zones that have an edge which is straight in the projection and not in degrees."""
    if not batch.crs.is_projected:
        return np.empty(0, np.int64)
    rows = _near_rows(batch, lambda boxes: _near_or_large(index, boxes))
    blocks = (rows[first : first + _ROWS_AT_ONCE] for first in range(0, len(rows), _ROWS_AT_ONCE))
    straight = [is_straight(batch.geometries.shapes(some), lambda xy: to_lonlat(xy, batch.crs)) for some in blocks]
    bent: NDArray[np.bool_] = ~np.concatenate([np.empty(0, np.bool_), *straight])
    return np.asarray(rows[bent])


def _near_or_large(index: CompiledIndex, boxes: Floats) -> NDArray[np.bool_]:
    """Boxes that are not small may have long edges, which bulge more than the boxes were grown."""
    wide, high = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    return ~((wide <= _SMALL_DEG) & (high <= _SMALL_DEG)) | near_boxes(index, boxes)


def _near_rows(batch: LayerBatch, near_boxes: Callable[[Floats], NDArray[np.bool_]]) -> Ints:
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
    near: Ints = rows[near_boxes(grown)]
    return near


def _within_edges(batch: LayerBatch) -> Floats:
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


def _lonlat_shapes(batch: LayerBatch, rows: Ints) -> NDArray[np.object_]:
    def transform(xy: Floats) -> Floats:
        return to_lonlat(xy, batch.crs)

    shapes = batch.geometries.shapes(rows)
    if batch.crs.is_projected:
        return straighten(shapes, transform)
    return np.asarray(shapely.transform(shapes, transform))
