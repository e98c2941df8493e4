"""The compiled zone lists of this process, and what a batch hits in them, found once for all measures that ask."""

from __future__ import annotations

from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import numpy as np
import shapely
from shapely.errors import ShapelyError

from geogate.measures.measure import UnmeasurableError
from geogate.measures.reference import positions, to_lonlat
from geogate.zones.boundary import Hits
from geogate.zones.compiled import CompiledIndex
from geogate.zones.index import OffGlobeError, ZoneIndex
from geogate.zones.straighten import TooCurvedError, straighten

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
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

_kept: WeakKeyDictionary[LayerBatch, dict[tuple[str, ZoneIndex | CompiledIndex], Hits]] = WeakKeyDictionary()
_lock = Lock()


@lru_cache(maxsize=_INDEXES)
def _reference(zone_list: ZoneList, buffer_m: float) -> ZoneIndex:
    return ZoneIndex.build(zone_list, buffer_m=buffer_m)


@lru_cache(maxsize=_INDEXES)
def _compiled(zone_list: ZoneList, buffer_m: float) -> CompiledIndex:
    return CompiledIndex.build(zone_list, buffer_m=buffer_m)


def zone_index(zone_list: ZoneList, buffer_m: float, tools: Tools) -> ZoneIndex | CompiledIndex:
    """Get the index of a list, made once in this process; the tables of the compiled one stay in ``tools.indexes``.

    Units: metres.
    Raises: PolicyError when the list cannot protect with this distance; ServiceError when its file cannot be trusted.
    """
    return _compiled(zone_list, buffer_m) if tools.kernels else _reference(zone_list, buffer_m)


def vertex_hits(batch: LayerBatch, index: ZoneIndex | CompiledIndex) -> Hits:
    """Find the zones that each vertex of a batch hits; the owners are the numbers of the vertices.

    Raises: UnmeasurableError when a vertex is not finite or not on the globe.
    """
    return _once(batch, ("vertices", index), lambda: _judged(batch, lambda: index.points_within(batch.lonlat)))


def feature_hits(batch: LayerBatch, index: ZoneIndex | CompiledIndex) -> Hits:
    """Find the zones that each row of a batch hits with a vertex, an edge or an inside; the owners are the rows.

    Raises: UnmeasurableError when a vertex is not finite or not on the globe, or an edge cannot be followed.
    """
    return _once(batch, ("features", index), lambda: _judged(batch, lambda: _feature_hits(batch, index)))


def _once(batch: LayerBatch, key: tuple[str, ZoneIndex | CompiledIndex], find: Callable[[], Hits]) -> Hits:
    with _lock:
        kept = _kept.setdefault(batch, {})
    if key not in kept:
        kept[key] = find()
    return kept[key]


def _judged(batch: LayerBatch, find: Callable[[], Hits]) -> Hits:
    try:
        return find()
    except (OffGlobeError, TooCurvedError) as error:
        raise UnmeasurableError(f"in rows from {batch.first_row}: {error}") from None
    except ShapelyError:
        # What GEOS says can hold coordinates.
        raise UnmeasurableError(f"in rows from {batch.first_row}: GEOS refuses to judge a geometry") from None


def _feature_hits(batch: LayerBatch, index: ZoneIndex | CompiledIndex) -> Hits:
    vertices = vertex_hits(batch, index)
    rows = np.searchsorted(batch.geometries.feature_offsets, vertices.owner, side="right") - 1
    exact = index.reference if isinstance(index, CompiledIndex) else index
    return Hits.union([Hits.of(rows, vertices.zone), *_by_shape(batch, exact)])


def _by_shape(batch: LayerBatch, index: ZoneIndex) -> Iterator[Hits]:
    """Take the lines and polygons that zones come near to, and judge their edges and insides."""
    rows = _candidates(batch, index)
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[first : first + _ROWS_AT_ONCE]
        found = index.shapes_within(_lonlat_shapes(batch, some))
        yield Hits(owner=some[found.owner], zone=found.zone)


def _candidates(batch: LayerBatch, index: ZoneIndex) -> NDArray[np.int64]:
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
    near: NDArray[np.int64] = rows[index.near_boxes(grown)]
    return near


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
