"""The tally of inventories by compiled kernels; ``geogate.measures.inventory`` is the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geogate.kernels import inventory as kernels
from geogate.kernels.inputs import read_only
from geogate.measures.inventory import Column, Inventory, columns_of, inside, lonlat_of, require_attributes
from geogate.measures.lattice import Extent
from geogate.measures.measure import UnmeasurableError
from geogate.measures.reference import crs_name

if TYPE_CHECKING:
    import pyarrow as pa
    import pyproj
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch


class InventoryTally:
    """Counts in arrays, and makes the measurement at the end."""

    def __init__(self) -> None:
        _, self._bounds = kernels.new_survey()
        self._finite = self._on_earth = 0
        self._kinds = np.zeros(kernels.KINDS, np.int64)
        self._rows = self._empty = self._vertices = 0
        self._has_z = self._has_m = False
        self._columns = _Columns()
        self._crs: pyproj.CRS | None = None
        self._crs_name: str | None = None

    def add(self, batch: LayerBatch, /) -> None:
        """Count what is in one more batch.

        Raises: UnmeasurableError when a geometry is not well-formed, the reference system is not of the Earth, or
            batches differ in their columns or reference systems.
        """
        geometries = batch.geometries
        require_attributes(batch)
        if batch.crs is not self._crs:
            self._refer_to(batch.crs)
        if kernels.count_kinds(read_only(geometries.kinds), self._kinds):
            raise UnmeasurableError(f"unknown kinds of geometry after row {batch.first_row}")
        self._survey(batch)
        self._columns.add(batch.attributes)
        self._rows += batch.rows
        self._vertices += len(geometries.xy)
        self._empty += int(np.count_nonzero(geometries.empty))
        self._has_z |= geometries.has_z
        self._has_m |= geometries.has_m

    def measurement(self) -> Inventory:
        """Return the counts of all rows."""
        nulls, one, two, three, four, five, six, seven = self._kinds.tolist()
        return Inventory(
            rows=self._rows,
            null_geometries=nulls,
            empty_geometries=self._empty,
            kinds=(one, two, three, four, five, six, seven),
            vertices=self._vertices,
            non_finite=self._vertices - self._finite,
            outside=self._finite - self._on_earth,
            has_z=self._has_z,
            has_m=self._has_m,
            columns=self._columns.counted(),
            bounds=_extent(*self._bounds.tolist()),
            crs=self._crs_name,
        )

    def _refer_to(self, crs: pyproj.CRS) -> None:
        name = crs_name(crs)
        if self._crs_name is not None and name != self._crs_name:
            raise UnmeasurableError("the rows of one layer have two reference systems")
        self._crs, self._crs_name = crs, name

    def _survey(self, batch: LayerBatch) -> None:
        xy, lonlat = batch.geometries.xy, lonlat_of(batch)
        counts = np.zeros(2, np.int64)
        kernels.survey(*_axes(xy), counts, self._bounds)
        self._finite += int(counts[kernels.FINITE])
        if lonlat is not xy:
            counts, elsewhere = kernels.new_survey()
            kernels.survey(*_axes(lonlat), counts, elsewhere)
        on_earth = int(counts[kernels.ON_EARTH])
        self._on_earth += on_earth if on_earth == len(lonlat) else inside(lonlat)


class _Columns:
    """The columns of the first batch, and the rows without a value in all."""

    def __init__(self) -> None:
        self._schema: pa.Schema | None = None
        self._first: tuple[Column, ...] | None = None
        self._nulls: list[int] = []

    def add(self, attributes: pa.RecordBatch) -> None:
        """Count the nulls of one more batch.

        Raises: UnmeasurableError when its columns are others.
        """
        if self._first is None or not attributes.schema.equals(self._schema):
            self._begin(attributes)
        self._nulls = [total + values.null_count for total, values in zip(self._nulls, attributes.columns, strict=True)]

    def counted(self) -> tuple[Column, ...] | None:
        """Return the columns; ``None`` before the first batch."""
        if self._first is None:
            return None
        pairs = zip(self._first, self._nulls, strict=True)
        return tuple(Column(name=column.name, kind=column.kind, nulls=nulls) for column, nulls in pairs)

    def _begin(self, attributes: pa.RecordBatch) -> None:
        own = columns_of(attributes)
        if self._first is None:
            self._first, self._nulls = own, [0] * len(own)
        elif [(each.name, each.kind) for each in own] != [(each.name, each.kind) for each in self._first]:
            raise UnmeasurableError("the rows of one layer have different columns")
        self._schema = attributes.schema


def _axes(positions: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return read_only(positions[:, 0]), read_only(positions[:, 1])


def _extent(min_x: float, min_y: float, max_x: float, max_y: float) -> Extent | None:
    """Return the bounds, ``None`` where there was no finite vertex."""
    return Extent(min_x=min_x, min_y=min_y, max_x=max_x, max_y=max_y) if min_x <= max_x else None
