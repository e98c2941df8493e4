"""What is in a layer: rows, kinds of geometry, columns, bounds and reference system; it knows no limit."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.lattice import Extent
from geogate.measures.measure import MeasureId, Summed, UnmeasurableError
from geogate.measures.reference import crs_name, on_earth, positions

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

KINDS: Final = (
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
)
"""The names of the kinds 1 to 7."""

_EAST: Final = 180.0 + 1e-9
"""The easternmost longitude, and a tenth of a millimetre for what is left of reckoning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column besides the geometry: ``kind`` is the Arrow type as text, ``nulls`` the rows without a value."""

    name: str
    kind: str
    nulls: int

    def __add__(self, other: Column) -> Column:
        if (self.name, self.kind) != (other.name, other.kind):
            raise UnmeasurableError("the rows of one layer have different columns")
        return Column(name=self.name, kind=self.kind, nulls=self.nulls + other.nulls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The contents of a layer in counts.

    ``kinds`` has the counts of ``KINDS``, empty geometries among them. ``outside`` counts the vertices that are finite
    but have no longitude from -180 to 180 or no latitude. ``columns`` and ``crs`` are ``None`` where no batch was seen.
    ``bounds`` are those of the finite vertices, for machines and not for findings.

    Units: ``bounds`` in those of the reference system.
    """

    rows: int
    null_geometries: int
    empty_geometries: int
    kinds: tuple[int, int, int, int, int, int, int]
    vertices: int
    non_finite: int
    outside: int
    has_z: bool
    has_m: bool
    columns: tuple[Column, ...] | None
    bounds: Extent | None
    crs: str | None

    def __add__(self, other: Inventory) -> Inventory:
        if self.crs is not None and other.crs is not None and self.crs != other.crs:
            raise UnmeasurableError("the rows of one layer have two reference systems")
        bounds = [bounds for bounds in (self.bounds, other.bounds) if bounds is not None]
        one, two, three, four, five, six, seven = map(add, self.kinds, other.kinds)
        return Inventory(
            rows=self.rows + other.rows,
            null_geometries=self.null_geometries + other.null_geometries,
            empty_geometries=self.empty_geometries + other.empty_geometries,
            kinds=(one, two, three, four, five, six, seven),
            vertices=self.vertices + other.vertices,
            non_finite=self.non_finite + other.non_finite,
            outside=self.outside + other.outside,
            has_z=self.has_z or other.has_z,
            has_m=self.has_m or other.has_m,
            columns=_merged(self.columns, other.columns),
            bounds=reduce(add, bounds) if bounds else None,
            crs=self.crs if other.crs is None else other.crs,
        )

    @property
    def kind_counts(self) -> tuple[tuple[str, int], ...]:
        """The kinds of geometry that the layer has, with their counts."""
        return tuple((kind, count) for kind, count in zip(KINDS, self.kinds, strict=True) if count)


def _merged(one: tuple[Column, ...] | None, other: tuple[Column, ...] | None) -> tuple[Column, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    if len(one) != len(other):
        raise UnmeasurableError("the rows of one layer have different columns")
    return tuple(map(add, one, other))


@dataclass(frozen=True, slots=True)
class LayerInventory:
    """Measure what is in a layer."""

    @property
    def id(self) -> MeasureId:
        """The measure has no parameters."""
        return MeasureId("inventory")

    def empty(self) -> Inventory:
        """Return the measurement of no rows."""
        return Inventory(
            rows=0,
            null_geometries=0,
            empty_geometries=0,
            kinds=(0, 0, 0, 0, 0, 0, 0),
            vertices=0,
            non_finite=0,
            outside=0,
            has_z=False,
            has_m=False,
            columns=None,
            bounds=None,
            crs=None,
        )

    def tally(self, tools: Tools) -> Tally[Inventory]:
        """Begin to measure many batches."""
        if not tools.kernels:
            return Summed(self)
        from geogate.measures.inventory_tally import InventoryTally

        return InventoryTally()

    def of(self, batch: LayerBatch) -> Inventory:
        """Count what is in one batch.

        Raises: UnmeasurableError when a geometry is not well-formed, or the reference system is not of the Earth.
        """
        geometries = batch.geometries
        require_attributes(batch)
        nulls, *kinds = (int(count) for count in np.bincount(geometries.kinds, minlength=len(KINDS) + 1))
        one, two, three, four, five, six, seven = kinds
        finite = np.isfinite(geometries.xy[:, 0]) & np.isfinite(geometries.xy[:, 1])
        return Inventory(
            rows=batch.rows,
            null_geometries=nulls,
            empty_geometries=int(geometries.empty.sum()),
            kinds=(one, two, three, four, five, six, seven),
            vertices=len(geometries.xy),
            non_finite=len(finite) - int(finite.sum()),
            outside=int(finite.sum()) - inside(lonlat_of(batch)),
            has_z=geometries.has_z,
            has_m=geometries.has_m,
            columns=columns_of(batch.attributes),
            bounds=_bounds(batch, finite),
            crs=crs_name(batch.crs),
        )


def require_attributes(batch: LayerBatch) -> None:
    """Refuse a batch whose attributes are of more or fewer rows than its geometries.

    Raises: UnmeasurableError.
    """
    if batch.attributes.num_rows != batch.rows:
        raise UnmeasurableError(f"geometries and attributes differ in number after row {batch.first_row}")


def columns_of(attributes: pa.RecordBatch) -> tuple[Column, ...]:
    """Name the columns of some rows, and count their nulls."""
    return tuple(
        Column(name=column.name, kind=str(column.type), nulls=values.null_count)
        for column, values in zip(attributes.schema, attributes.columns, strict=True)
    )


def lonlat_of(batch: LayerBatch) -> NDArray[np.float64]:
    """Return the longitudes and latitudes of a batch, also where a vertex has no place on the Earth.

    Raises: UnmeasurableError when the reference system has no way to WGS 84.
    """
    try:
        return batch.lonlat
    except UnmeasurableError:
        # Some vertex has no place: here they are counted. A system with no way to WGS 84 raises again.
        return positions(batch.geometries.xy, batch.crs)


def inside(lonlat: NDArray[np.float64]) -> int:
    """Count the vertices that have a longitude from -180 to 180 and a latitude."""
    return int((on_earth(lonlat) & (np.abs(lonlat[:, 0]) <= _EAST)).sum())


def _bounds(batch: LayerBatch, finite: NDArray[np.bool_]) -> Extent | None:
    if not finite.any():
        return None
    # Adding zero turns a negative zero into the other, which least and largest cannot tell apart.
    x, y = (batch.geometries.xy[:, axis] + 0.0 for axis in range(2))
    if not finite.all():
        x, y = x[finite], y[finite]
    return Extent(min_x=float(x.min()), min_y=float(y.min()), max_x=float(x.max()), max_y=float(y.max()))
