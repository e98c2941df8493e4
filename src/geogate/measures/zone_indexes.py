"""The compiled zone lists of this process, and what a batch hits in them, found once for all measures that ask."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import numpy as np
from shapely.errors import ShapelyError

from geogate.measures.measure import UnmeasurableError
from geogate.measures.zone_features import compiled_hits, compiled_vertices, exact_hits
from geogate.zones.boundary import Hits
from geogate.zones.compiled import CompiledIndex
from geogate.zones.index import OffGlobeError, ZoneIndex
from geogate.zones.straighten import TooCurvedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from geogate.measures.batch import LayerBatch
    from geogate.measures.tools import Tools
    from geogate.zones.zone import ZoneList

_INDEXES: Final = 8

_kept: WeakKeyDictionary[LayerBatch, dict[tuple[str, ZoneIndex | CompiledIndex], Hits]] = WeakKeyDictionary()
_lock = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """An index with what it was asked for; it keeps the list alive, so that its identity stays its own."""

    zone_list: ZoneList
    buffer_m: float
    tools: Tools
    index: ZoneIndex | CompiledIndex

    def serves(self, zone_list: ZoneList, buffer_m: float, tools: Tools) -> bool:
        """Say whether this is the index that is asked for; the same list may be there twice, read by another task."""
        if (self.buffer_m, self.tools, self.zone_list.digest) != (buffer_m, tools, zone_list.digest):
            return False
        return self.zone_list is zone_list or self.zone_list.zones == zone_list.zones


_made: deque[_Made] = deque(maxlen=_INDEXES)
_making = Lock()


def zone_index(zone_list: ZoneList, buffer_m: float, tools: Tools) -> ZoneIndex | CompiledIndex:
    """Get the index of a list, made once in this process; the tables of the compiled one stay in ``tools.indexes``.

    Units: metres.
    Raises: PolicyError when the list cannot protect with this distance; ServiceError when its file cannot be trusted.
    """
    with _making:
        for place, made in enumerate(_made):
            if made.serves(zone_list, buffer_m, tools):
                # The next who asks with this list does not have to compare it again.
                _made[place] = replace(made, zone_list=zone_list)
                return made.index
        index = _make(zone_list, buffer_m, tools)
        _made.append(_Made(zone_list=zone_list, buffer_m=buffer_m, tools=tools, index=index))
        return index


def _make(zone_list: ZoneList, buffer_m: float, tools: Tools) -> ZoneIndex | CompiledIndex:
    if not tools.kernels:
        return ZoneIndex.build(zone_list, buffer_m=buffer_m)
    if tools.indexes is None:
        return CompiledIndex.build(zone_list, buffer_m=buffer_m)
    return CompiledIndex.open(zone_list, buffer_m=buffer_m, folder=tools.indexes)


def vertex_hits(batch: LayerBatch, index: ZoneIndex | CompiledIndex) -> Hits:
    """Find the zones that each vertex of a batch hits; the owners are the numbers of the vertices.

    Raises: UnmeasurableError when a vertex is not finite or not on the globe.
    """
    return _once(batch, ("vertices", index), lambda: _judged(batch, lambda: _vertex_hits(batch, index)))


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


def _vertex_hits(batch: LayerBatch, index: ZoneIndex | CompiledIndex) -> Hits:
    if isinstance(index, CompiledIndex):
        return compiled_vertices(batch, index)
    return index.points_within(batch.lonlat)


def _feature_hits(batch: LayerBatch, index: ZoneIndex | CompiledIndex) -> Hits:
    vertices = vertex_hits(batch, index)
    if batch.geometries.parts is None and len(batch.geometries.xy) == batch.rows:
        # Each row is a point, and has the number of its vertex.
        return vertices
    if isinstance(index, CompiledIndex):
        return compiled_hits(batch, index, vertices)
    rows = np.searchsorted(batch.geometries.feature_offsets, vertices.owner, side="right") - 1
    return Hits.union([Hits.of(rows, vertices.zone), *exact_hits(batch, index)])
