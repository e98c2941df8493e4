"""Decoded geometries of a batch: every vertex as numbers, straight from the WKB bytes; it judges nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import shapely

from geogate.measures.measure import UnmeasurableError
from geogate.measures.wkb import POLYGON, Values
from geogate.measures.wkb_decode import decode

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from geogate.measures.wkb_decode import Decoded

RING: Final = POLYGON
"""The kind of a part that is a ring of a polygon; the other kinds of parts are ``POINT`` and ``LINE``."""


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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Geometries:
    """The geometries of some rows: points, lines, polygons with all rings, their multi-parts, nested collections.

    ``xy`` are all vertices of all rows in the layer's own system, x before y as the file has them; those of row ``i``
    are ``xy[feature_offsets[i]:feature_offsets[i + 1]]``. ``kinds`` is 0 for a row without a geometry, else 1 (Point)
    to 7 (GeometryCollection). ``empty`` marks geometries without a vertex; a point of only NaN is one. ``z`` is
    ``None`` where no row has Z, and NaN for the vertices of rows that have none. ``parts`` is ``None`` where every row
    is a point or has no geometry. ``wkb_of`` gives the WKB of some rows.

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
    wkb_of: Callable[[NDArray[np.int64]], pa.Array] = field(repr=False)
    first_row: int

    @classmethod
    def decode(cls, wkb: pa.Array, *, first_row: int, kernels: bool = False) -> Geometries:
        """Decode a binary or large_binary array of ISO WKB or of EWKB without SRID, the same with and without kernels.

        Raises: UnmeasurableError with the number of the row that is not well-formed to its last byte.
        """
        found: Decoded | None = None
        if kernels:
            from geogate.measures import wkb_compiled

            found = wkb_compiled.decode(wkb, first_row=first_row)
        if found is None:
            found = decode(Values.of(wkb, first_row=first_row))
        return cls.of(found, first_row=first_row, wkb_of=partial(_taken, wkb))

    @classmethod
    def of(cls, found: Decoded, *, first_row: int, wkb_of: Callable[[NDArray[np.int64]], pa.Array]) -> Geometries:
        """Name what was decoded."""
        return cls(
            xy=found.xy,
            feature_offsets=found.feature_offsets,
            kinds=found.kinds,
            empty=found.empty,
            has_z=found.z is not None,
            has_m=found.has_m,
            z=found.z,
            parts=None if found.parts is None else Parts(**found.parts._asdict()),
            wkb_of=wkb_of,
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
        some = self.wkb_of(rows).to_numpy(zero_copy_only=False)
        # What GEOS says of a geometry can quote its numbers: ask for None instead of an exception with that text.
        shapes: NDArray[np.object_] = shapely.force_2d(shapely.from_wkb(some, on_invalid="ignore"))
        refused = rows[shapely.is_missing(shapes) & (self.kinds[rows] != 0)]
        if len(refused):
            raise UnmeasurableError(
                f"the geometry in row {self.first_row + int(refused.min())} cannot be measured: GEOS refuses it"
            )
        return shapes


def _taken(wkb: pa.Array, rows: NDArray[np.int64]) -> pa.Array:
    return wkb.take(pa.array(rows, pa.int64()))
