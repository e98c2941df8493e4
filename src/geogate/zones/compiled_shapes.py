"""Which lines and polygons hit which zones of a compiled index; what kernels cannot decide, the reference does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from geogate.zones.boundary import Hits
from geogate.zones.compiled_shapes_exact import pairs_within
from geogate.zones.compiled_shapes_tables import grid_tables, zone_tables
from geogate.zones.compiled_tables import read_only
from geogate.zones.unwrap import HALF_TURN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from geogate.zones.compiled import CompiledIndex

    Ints = NDArray[np.int64]
    _Answers = tuple[Ints, Ints, NDArray[np.uint8]]

_ROWS_AT_ONCE: Final = 8_192

_MANY_ZONES: Final = 64
"""Rows that ask about more zones than these are judged against all zones together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Lines and polygons in degrees, taken apart; ``shapes`` makes shapely geometries of some rows, for the reference.

    Part ``p`` has the vertices ``offsets[p]`` to ``offsets[p + 1]`` and is of the kind ``kinds[p]``: 1 a point, 2 a
    line, 3 a ring; row ``i`` has the parts ``first[i]`` to ``first[i + 1]``, in the order of their vertices. ``bent``
    are rows whose edges are not straight in degrees, so that only the reference can judge them: ``shapes`` bends them.

    Shape: ``lonlat`` ``(vertices, 2)``, all longitudes before all latitudes (Fortran's order).
    Units: degrees.
    """

    lonlat: NDArray[np.float64]
    offsets: NDArray[np.int64]
    kinds: NDArray[np.uint8]
    first: NDArray[np.int64]
    bent: NDArray[np.int64]
    shapes: Callable[[NDArray[np.int64]], NDArray[np.object_]]


def features_within(index: CompiledIndex, features: Features, *, vertices: Hits) -> Hits:
    """Find the zones that each feature hits, by its vertices, edges and inside, as ``ZoneIndex.shapes_within`` does.

    ``vertices`` are the hits of all vertices, as ``CompiledIndex.points_within`` finds them. The owners of the hits are
    the numbers of the rows.

    Raises: OffGlobeError when a vertex is not finite or not on the globe.
    """
    zones = len(index.zone_list.zones)
    start = features.offsets[features.first]
    known = rows_hit(vertices, start, zones=zones)
    answers = _judged(index, features, known)
    return _together([known, *_settled(index, features, answers)], zones)


def rows_hit(vertices: Hits, start: Ints, *, zones: int) -> Hits:
    """Turn hits of vertices into hits of rows; row ``i`` has the vertices ``start[i]`` to ``start[i + 1]``.

    ``zones`` is the number of all zones.
    """
    from geogate.kernels.shapes_known import rows_of

    arrays = (read_only(vertices.owner), read_only(vertices.zone), read_only(start))
    first, zone, used = rows_of(*arrays, zones)
    return Hits(owner=np.repeat(np.arange(len(start) - 1), np.diff(first)), zone=zone[:used])


def near_boxes(index: CompiledIndex, boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell for each box, west, south, east, north, whether a shape within it may hit a zone.

    Shape: ``(n, 4)`` to ``(n,)``.
    """
    from geogate.kernels import shapes_cells as kernels

    near = np.empty(len(boxes), np.bool_)
    kernels.near_boxes(read_only(boxes), len(index.zone_list.zones), grid_tables(index), near)
    west, south, east, north = boxes.T
    odd = ~((west >= -HALF_TURN) & (east <= HALF_TURN) & (south >= -HALF_TURN / 2) & (north <= HALF_TURN / 2))
    near |= odd
    return near


def _together(several: list[Hits], zones: int) -> Hits:
    """Put hits together, all but a few of which are in order already."""
    key = np.concatenate([hits.owner * zones + hits.zone for hits in several])
    key.sort(kind="stable")
    key = key[np.diff(key, prepend=-1) > 0]
    owner, zone = np.divmod(key, zones)
    return Hits(owner=owner, zone=zone)


def _judged(index: CompiledIndex, features: Features, known: Hits) -> _Answers:
    """Return rows, zones and answers of the kernels, as ``geogate.kernels.shapes`` does."""
    from geogate.kernels.shapes import judge
    from geogate.kernels.shapes_tables import Features as Arrays
    from geogate.kernels.shapes_tables import Known

    lon, lat = read_only(features.lonlat[:, 0]), read_only(features.lonlat[:, 1])
    parts = (read_only(features.offsets), read_only(features.kinds), read_only(features.first))
    first = np.searchsorted(known.owner, np.arange(len(features.first))).astype(np.int64)
    hits = Known(read_only(first), read_only(known.zone))
    answers, used = judge(Arrays(lon, lat, *parts), hits, zone_tables(index), grid_tables(index))
    return answers.row[:used], answers.zone[:used], answers.answer[:used]


def _settled(index: CompiledIndex, features: Features, answers: _Answers) -> Iterator[Hits]:
    """Take the hits from the answers, and have the reference judge what is open."""
    from geogate.kernels.shapes import NOWHERE
    from geogate.kernels.shapes_tables import ASK, HIT, IF_INVALID

    row, zone, answer = answers
    if len(features.bent):
        straight = ~np.isin(row, features.bent)
        row, zone, answer = row[straight], zone[straight], answer[straight]
    yield Hits(owner=row[answer == HIT], zone=zone[answer == HIT])
    nowhere = zone == NOWHERE
    for some in _blocks(np.union1d(row[nowhere], features.bent)):
        found = index.reference.shapes_within(features.shapes(some))
        yield Hits(owner=some[found.owner], zone=found.zone)
    unless_valid = answer == IF_INVALID
    asked = (answer == ASK) & ~nowhere
    asked |= unless_valid & np.isin(row, _with_invalid_polygons(features, row[unless_valid]))
    yield from _by_reference(index, features, row[asked], zone[asked])


def _by_reference(index: CompiledIndex, features: Features, row: Ints, zone: Ints) -> Iterator[Hits]:
    for some in _blocks(np.unique(row)):
        pairs = np.flatnonzero(np.isin(row, some))
        shapes = features.shapes(some)
        if len(np.unique(zone[pairs])) > _MANY_ZONES:
            found = index.reference.shapes_within(shapes)
            yield Hits(owner=some[found.owner], zone=found.zone)
        else:
            hit = pairs[pairs_within(index, shapes, owner=np.searchsorted(some, row[pairs]), zone=zone[pairs])]
            yield Hits(owner=row[hit], zone=zone[hit])


def _with_invalid_polygons(features: Features, row: Ints) -> Ints:
    blocks = list(_blocks(np.unique(row)))
    return np.concatenate([row[:0], *(some[_has_invalid_polygon(features.shapes(some))] for some in blocks)])


def _has_invalid_polygon(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    parts, owner = shapes, np.arange(len(shapes))
    while np.any(shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT):
        parts, part_of = shapely.get_parts(parts, return_index=True)
        owner = owner[part_of]
    invalid = (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & ~shapely.is_valid(parts)
    return np.bincount(owner[invalid], minlength=len(shapes)) > 0


def _blocks(rows: Ints) -> Iterator[Ints]:
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        yield rows[first : first + _ROWS_AT_ONCE]
