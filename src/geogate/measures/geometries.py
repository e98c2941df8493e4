"""Decoded geometries of a batch: every vertex as numbers, straight from the WKB bytes; it judges nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pyarrow as pa
import shapely

from geogate.measures.measure import UnmeasurableError
from geogate.measures.wkb import LINE, ORDINATE, POINT, POLYGON, Values, plain_points, read, vertices
from geogate.measures.wkb_walk import walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.wkb import Bools, Ints, Runs

_WITH_M: Final = 2
"""The ISO codes 2000 and 3000."""

RING: Final = POLYGON
"""The kind of a part that is a ring of a polygon; the other kinds of parts are ``POINT`` and ``LINE``."""

_SMALLEST_RING: Final = 3
"""What GEOS accepts: there and back again."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parts:
    """The points, lines and rings of some geometries, in the order of their vertices; none is without a vertex.

    Part ``p`` has the vertices ``offsets[p]`` to ``offsets[p + 1]``; row ``i`` has the parts ``first[i]`` to
    ``first[i + 1]``. ``kinds`` is ``POINT``, ``LINE`` or ``RING``.

    Shape: ``offsets`` ``(parts + 1,)``, ``kinds`` ``(parts,)``, ``first`` ``(rows + 1,)``.
    """

    offsets: NDArray[np.int64]
    kinds: NDArray[np.uint8]
    first: NDArray[np.int64]


class _Decoded(NamedTuple):
    """What both ways of decoding give."""

    xyz: NDArray[np.float64]
    per_row: Ints
    kinds: NDArray[np.uint8]
    parts: Parts | None
    has_z: bool
    has_m: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Geometries:
    """The geometries of some rows: points, lines, polygons with all rings, their multi-parts, nested collections.

    ``xy`` are all vertices of all rows in the layer's own system, x before y as the file has them; those of row ``i``
    are ``xy[feature_offsets[i]:feature_offsets[i + 1]]``. ``kinds`` is 0 for a row without a geometry, else 1 (Point)
    to 7 (GeometryCollection). ``empty`` marks geometries without a vertex; a point of only NaN is one. ``z`` is
    ``None`` where no row has Z, and NaN for the vertices of rows that have none. ``parts`` is ``None`` where every row
    is a point or has no geometry.

    Shape: ``xy`` ``(vertices, 2)``, all x before all y (Fortran's order), ``feature_offsets`` ``(rows + 1,)``,
        ``kinds`` and ``empty`` ``(rows,)``, ``z`` ``(vertices,)``.
    Units: those of the layer's reference system.
    """

    xy: NDArray[np.float64]
    feature_offsets: NDArray[np.int64]
    kinds: NDArray[np.uint8]
    empty: NDArray[np.bool_]
    has_z: bool
    has_m: bool
    z: NDArray[np.float64] | None
    parts: Parts | None
    wkb: pa.Array = field(repr=False)
    first_row: int

    @classmethod
    def decode(cls, wkb: pa.Array, *, first_row: int) -> Geometries:
        """Decode a binary or large_binary array of ISO WKB or of EWKB without SRID.

        Raises: UnmeasurableError with the number of the row that is not well-formed to its last byte.
        """
        values = Values.of(wkb, first_row=first_row)
        found = _points(values) or _walked(values)
        return cls(
            xy=np.asfortranarray(found.xyz[:, :2]),
            feature_offsets=_offsets(found.per_row),
            kinds=found.kinds,
            empty=values.valid & (found.per_row == 0),
            has_z=found.has_z,
            has_m=found.has_m,
            z=np.ascontiguousarray(found.xyz[:, 2]) if found.has_z else None,
            parts=found.parts,
            wkb=wkb,
            first_row=first_row,
        )

    @property
    def rows(self) -> int:
        """The number of rows, those without a geometry included."""
        return len(self.kinds)

    def shapes(self, rows: NDArray[np.int64]) -> NDArray[np.object_]:
        """Make shapely geometries, without Z and M, for some rows; ``None`` where a row has no geometry.

        Raises: UnmeasurableError when GEOS does not accept what the walk over the bytes accepted.
        """
        some = self.wkb.take(pa.array(rows, pa.int64())).to_numpy(zero_copy_only=False)
        # What GEOS says of a geometry can quote its numbers: ask for None instead of an exception with that text.
        shapes: NDArray[np.object_] = shapely.force_2d(shapely.from_wkb(some, on_invalid="ignore"))
        refused = rows[shapely.is_missing(shapes) & (self.kinds[rows] != 0)]
        if len(refused):
            raise UnmeasurableError(
                f"the geometry in row {self.first_row + int(refused.min())} cannot be measured: GEOS refuses it"
            )
        return shapes


def _offsets(counts: Ints) -> Ints:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])


def _points(values: Values) -> _Decoded | None:
    """Decode points that all look alike; ``None`` where they are anything else."""
    plain = plain_points(values)
    if plain is None:
        return None
    xyz = np.asfortranarray(plain["at"])
    per_row = values.valid.astype(np.int64)
    if np.isnan(xyz).any():
        some = ~np.isnan(xyz).all(axis=1)
        xyz = xyz[some]
        per_row[values.valid] = some
    has_z = xyz.shape[1] > 2  # noqa: PLR2004 x and y
    return _Decoded(xyz, per_row, values.valid * np.uint8(POINT), parts=None, has_z=has_z, has_m=False)


def _walked(values: Values) -> _Decoded:
    """Decode anything."""
    layout = walk(values)
    runs = layout.runs
    at, big = vertices(runs)
    xyz = np.full((len(at), 3), np.nan, order="F")
    for axis in range(2):
        xyz[:, axis] = read(values.data, at + axis * ORDINATE, big)
    dims = layout.codes // 1000
    deep = np.repeat(dims[runs.row] % 2 == 1, runs.count)
    xyz[deep, 2] = read(values.data, at[deep] + 2 * ORDINATE, big[deep])
    first = np.cumsum(runs.count) - runs.count
    _check_runs(runs, xyz, first, values.first_row)
    blank = _blank(values, runs, xyz, first)
    per_row = np.zeros(len(values.valid), np.int64)
    np.add.at(per_row, runs.row[~blank], runs.count[~blank])
    kinds = (layout.codes % 1000).astype(np.uint8)
    return _Decoded(
        np.delete(xyz, first[blank], axis=0) if blank.any() else xyz,
        per_row,
        kinds,
        parts=_parts(runs, (runs.count > 0) & ~blank, len(kinds)) if (kinds > POINT).any() else None,
        has_z=bool((dims % 2 == 1).any()),
        has_m=bool((dims >= _WITH_M).any()),
    )


def _parts(runs: Runs, some: Bools, rows: int) -> Parts:
    """Make parts of the runs that have vertices; a run's kind is that of a part, and a ring's that of its polygon."""
    return Parts(
        offsets=_offsets(runs.count[some]),
        kinds=runs.kind[some].astype(np.uint8),
        first=np.searchsorted(runs.row[some], np.arange(rows + 1)),
    )


def _check_runs(runs: Runs, xyz: NDArray[np.float64], first: Ints, first_row: int) -> None:
    """Refuse the lines and rings that GEOS would refuse, so that every measure refuses them alike."""
    faults = {
        "a line has one vertex only": (runs.kind == LINE) & (runs.count == 1),
        "a ring has too few vertices": (runs.kind == POLYGON) & (runs.count < _SMALLEST_RING),
    }
    ring = np.flatnonzero((runs.kind == POLYGON) & (runs.count >= _SMALLEST_RING))
    ends = first[ring] + runs.count[ring] - 1
    # Also where an end is NaN, which is equal to nothing.
    is_open = np.zeros(len(runs.row), np.bool_)
    is_open[ring] = (xyz[first[ring], :2] != xyz[ends, :2]).any(axis=1)
    for reason, bad in {**faults, "a ring is not closed": is_open}.items():
        if bad.any():
            row = first_row + int(runs.row[bad].min())
            raise UnmeasurableError(f"the geometry in row {row} cannot be measured: {reason}")


def _blank(values: Values, runs: Runs, xyz: NDArray[np.float64], first: Ints) -> Bools:
    """Mark the points that WKB writes for an empty one: all their ordinates are NaN."""
    blank = np.zeros(len(runs.row), np.bool_)
    points = np.flatnonzero(runs.kind == POINT)
    points = points[np.isnan(xyz[first[points], :2]).all(axis=1)]
    blank[points] = True
    for axis in (2, 3):
        more = points[runs.width[points] > axis]
        ordinate = read(values.data, runs.at[more] + axis * ORDINATE, runs.big[more])
        blank[more] &= np.isnan(ordinate)
    return blank
