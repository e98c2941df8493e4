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
from geogate.zones.exact import OffGlobeError, check_positions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from geogate.kernels import shapes_tables
    from geogate.zones.compiled import CompiledIndex

    Ints = NDArray[np.int64]
    _Answers = tuple[Ints, Ints, NDArray[np.uint8]]

_ROWS_AT_ONCE: Final = 8_192

_MANY_ZONES: Final = 64
"""Rows that ask about more zones than these are judged against all zones together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """Points, lines and polygons in degrees, taken apart; ``shapes`` makes shapely geometries of some rows.

    Part ``p`` has the vertices ``offsets[p]`` to ``offsets[p + 1]`` and is of the kind ``kinds[p]``: 1 a point, 2 a
    line, 3 a ring; row ``i`` has the parts ``first[i]`` to ``first[i + 1]``, in the order of their vertices.

    Shape: ``lonlat`` ``(vertices, 2)``, all longitudes before all latitudes (Fortran's order).
    Units: degrees.
    """

    lonlat: NDArray[np.float64]
    offsets: Ints
    kinds: NDArray[np.uint8]
    first: Ints
    shapes: Callable[[Ints], NDArray[np.object_]]

    @property
    def start(self) -> Ints:
        """Where each row's vertices begin, and where the last one's end."""
        starts: Ints = self.offsets[self.first]
        return starts

    @property
    def for_kernels(self) -> shapes_tables.Features:
        """The arrays as kernels take them."""
        from geogate.kernels import shapes_tables

        lon, lat = read_only(self.lonlat[:, 0]), read_only(self.lonlat[:, 1])
        parts = (read_only(self.offsets), read_only(self.kinds), read_only(self.first))
        return shapes_tables.Features(lon, lat, *parts)


def near_rows(index: CompiledIndex, features: Features) -> shapes_tables.Near:
    """Find the rows that zones may come near to; all that the others have is surely far from every zone."""
    from geogate.kernels import shapes_boxes as kernels
    from geogate.kernels.shapes_tables import Near

    near = kernels.near_rows(features.for_kernels, len(index.zone_list.zones), grid_tables(index))
    return Near(*(read_only(array) for array in near))


def vertices_within(index: CompiledIndex, features: Features, *, rows: shapes_tables.Near) -> Hits:
    """Find the zones that the vertices of some rows hit, as ``CompiledIndex.points_within`` does; owners are vertices.

    Raises: OffGlobeError when a vertex of any row is not finite or not on the globe, if ``rows`` has all near ones.
    """
    from geogate.kernels.shapes_known import vertices_of

    arrays = features.for_kernels
    number, lon, lat = vertices_of(rows.row, read_only(features.start), arrays.xs, arrays.ys)
    try:
        found = index.points_within(np.stack([lon, lat]).T)
    except OffGlobeError:
        # The error counts all positions.
        check_positions(features.lonlat)
        raise
    return Hits(owner=number[found.owner], zone=found.zone)


def features_within(
    index: CompiledIndex, features: Features, *, rows: shapes_tables.Near, bent: Ints, vertices: Hits
) -> Hits:
    """Find the zones that features hit, by their vertices, edges and insides, as ``ZoneIndex.shapes_within`` does.

    ``rows`` are those that zones may come near to, and ``bent`` those whose edges are not straight in degrees, so that
    only the reference can judge them: ``features.shapes`` bends them. ``vertices`` are the hits of all vertices. The
    owners of the hits are the numbers of the rows.

    Raises: OffGlobeError when a vertex is not finite or not on the globe.
    """
    zones = len(index.zone_list.zones)
    known = rows_hit(vertices, features.start, zones=zones)
    row, zone, answer = _judged(index, features, rows, known)
    if len(bent):
        straight = ~np.isin(row, bent)
        row, zone, answer = row[straight], zone[straight], answer[straight]
    return _together([known, *_settled(index, features, bent, (row, zone, answer))], zones)


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
    from geogate.kernels import shapes_boxes as kernels

    near = np.empty(len(boxes), np.bool_)
    kernels.near_boxes(read_only(boxes), len(index.zone_list.zones), grid_tables(index), near)
    return near


def _together(several: list[Hits], zones: int) -> Hits:
    """Put hits together, all but a few of which are in order already."""
    key = np.concatenate([hits.owner * zones + hits.zone for hits in several])
    key.sort(kind="stable")
    key = key[np.diff(key, prepend=-1) > 0]
    owner, zone = np.divmod(key, zones)
    return Hits(owner=owner, zone=zone)


def _judged(index: CompiledIndex, features: Features, rows: shapes_tables.Near, known: Hits) -> _Answers:
    """Return rows, zones and answers of the kernels, as ``geogate.kernels.shapes`` does."""
    from geogate.kernels.shapes import judge
    from geogate.kernels.shapes_tables import Known

    first = np.searchsorted(known.owner, np.arange(len(features.first))).astype(np.int64)
    hits = Known(read_only(first), read_only(known.zone))
    zones, grid = zone_tables(index), grid_tables(index)
    answers, used = judge(features.for_kernels, rows, hits, zones, grid)
    return answers.row[:used], answers.zone[:used], answers.answer[:used]


def _settled(index: CompiledIndex, features: Features, bent: Ints, answers: _Answers) -> Iterator[Hits]:
    """Take the hits from the answers, and have the reference judge what is open."""
    from geogate.kernels.shapes import NOWHERE
    from geogate.kernels.shapes_tables import ASK, HIT, IF_INVALID

    row, zone, answer = answers
    yield Hits(owner=row[answer == HIT], zone=zone[answer == HIT])
    nowhere = zone == NOWHERE
    for some in _blocks(np.union1d(row[nowhere], bent)):
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
