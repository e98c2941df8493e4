"""Which lines and polygons hit which zones of a compiled index; what kernels cannot decide, the reference does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from geogate.zones.boundary import Hits
from geogate.zones.compiled_shapes_tables import grid_tables, zone_tables
from geogate.zones.compiled_tables import read_only

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from geogate.kernels import shapes_tables as kernel
    from geogate.zones.compiled import CompiledIndex

_ROWS_AT_ONCE: Final = 8_192


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Lines and polygons in degrees, taken apart; ``shapes`` makes shapely geometries of some rows, for the reference.

    Part ``p`` has the vertices ``offsets[p]`` to ``offsets[p + 1]`` and is of the kind ``kinds[p]``: 1 a point, 2 a
    line, 3 a ring; row ``i`` has the parts ``first[i]`` to ``first[i + 1]``, in the order of their vertices.

    Shape: ``lonlat`` ``(vertices, 2)``, all longitudes before all latitudes (Fortran's order).
    Units: degrees.
    """

    lonlat: NDArray[np.float64]
    offsets: NDArray[np.int64]
    kinds: NDArray[np.uint8]
    first: NDArray[np.int64]
    shapes: Callable[[NDArray[np.int64]], NDArray[np.object_]]


def features_within(index: CompiledIndex, features: Features, *, vertices: Hits) -> Hits:
    """Find the zones that each feature hits, by its vertices, edges and inside, as ``ZoneIndex.shapes_within`` does.

    ``vertices`` are the hits of all vertices, as ``CompiledIndex.points_within`` finds them. The owners of the hits are
    the numbers of the rows.

    Raises: OffGlobeError when a vertex is not finite or not on the globe.
    """
    by_vertex = Hits.of(_rows_of(vertices.owner, features), vertices.zone)
    by_edge, asked = _judged(index, features, by_vertex)
    return Hits.union([by_vertex, by_edge, *_by_reference(index, features, asked)])


def _rows_of(vertex: NDArray[np.int64], features: Features) -> NDArray[np.int64]:
    rows: NDArray[np.int64] = np.searchsorted(features.offsets[features.first], vertex, side="right") - 1
    return rows


def _judged(index: CompiledIndex, features: Features, known: Hits) -> tuple[Hits, NDArray[np.int64]]:
    """Return what the kernels find, and the rows that the reference has to judge."""
    from geogate.kernels.shapes import judge
    from geogate.kernels.shapes_large import ASK, HIT, IF_INVALID

    answers, used = judge(_arrays(features), _known(features, known), zone_tables(index), grid_tables(index))
    row, zone, answer = answers.row[:used], answers.zone[:used], answers.answer[:used]
    hits = Hits.of(row[answer == HIT], zone[answer == HIT])
    asked = np.unique(row[answer == ASK])
    unclear = np.setdiff1d(row[answer == IF_INVALID], asked)
    return hits, np.union1d(asked, _with_invalid_polygons(features, unclear))


def _with_invalid_polygons(features: Features, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    blocks = (rows[first : first + _ROWS_AT_ONCE] for first in range(0, len(rows), _ROWS_AT_ONCE))
    return np.concatenate([rows[:0], *(some[_has_invalid_polygon(features.shapes(some))] for some in blocks)])


def _has_invalid_polygon(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    parts, owner = shapes, np.arange(len(shapes))
    while np.any(shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT):
        parts, part_of = shapely.get_parts(parts, return_index=True)
        owner = owner[part_of]
    invalid = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_valid(parts)
    return np.bincount(owner[invalid], minlength=len(shapes)) > 0


def _by_reference(index: CompiledIndex, features: Features, rows: NDArray[np.int64]) -> Iterator[Hits]:
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[first : first + _ROWS_AT_ONCE]
        found = index.reference.shapes_within(features.shapes(some))
        yield Hits(owner=some[found.owner], zone=found.zone)


def _arrays(features: Features) -> kernel.Features:
    from geogate.kernels.shapes_tables import Features as Arrays

    lon, lat = read_only(features.lonlat[:, 0]), read_only(features.lonlat[:, 1])
    return Arrays(lon, lat, read_only(features.offsets), read_only(features.kinds), read_only(features.first))


def _known(features: Features, hits: Hits) -> kernel.Known:
    from geogate.kernels.shapes_tables import Known

    first = np.searchsorted(hits.owner, np.arange(len(features.first))).astype(np.int64)
    return Known(read_only(first), read_only(hits.zone))
