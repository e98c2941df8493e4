"""Rows of a layer on their way through changes: geometries and attributes, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import shapely

from geogate.measures.batch import LayerBatch

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

    Shapes = NDArray[Any]
    Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some rows of a layer; ``shapes`` are ``None`` where there is no geometry.

    Shape: ``shapes`` ``(rows,)``.
    """

    shapes: Shapes
    attributes: pa.RecordBatch
    crs: pyproj.CRS

    @classmethod
    def of(cls, batch: LayerBatch) -> Rows:
        """Take the rows of a batch."""
        shapes = shapely.from_wkb(batch.wkb.to_numpy(zero_copy_only=False))
        return cls(shapes=np.asarray(shapes, object), attributes=batch.attributes, crs=batch.crs)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.shapes)

    def batch(self) -> LayerBatch:
        """Give them as what measures take."""
        return LayerBatch(wkb=wkb_of(self.shapes), attributes=self.attributes, crs=self.crs)

    def only(self, kept: Bools) -> Rows:
        """Keep the rows that are marked."""
        if kept.all():
            return self
        own = self.attributes
        attributes = own.filter(pa.array(kept)) if own.num_columns else without_columns(int(kept.sum()))
        return Rows(shapes=self.shapes[kept], attributes=attributes, crs=self.crs)

    def with_shapes(self, shapes: Shapes) -> Rows:
        """Put other geometries in the place of these."""
        return replace(self, shapes=np.asarray(shapes, object))

    def with_columns(self, columns: dict[str, pa.Array]) -> Rows:
        """Put other values in the place of those of some columns; types may change."""
        attributes = self.attributes
        for name, values in columns.items():
            place = attributes.schema.get_field_index(name)
            field = attributes.schema.field(place).with_type(values.type).with_nullable(True)  # noqa: FBT003 - pyarrow's
            attributes = attributes.set_column(place, field, values)
        return replace(self, attributes=attributes)


Stream = Callable[[], Iterator[Rows]]
"""Reads all rows from the first; it can be called again, for changes that have to look before."""


def wkb_of(shapes: Shapes) -> pa.Array:
    """Encode geometries as WKB, with whatever ordinates they have."""
    return pa.array(shapely.to_wkb(shapes, output_dimension=4, byte_order=1, flavor="iso"), pa.binary())


def without_columns(rows: int) -> pa.RecordBatch:
    """Give a batch of so many rows and no columns."""
    empty = pa.array([{}] * rows, pa.struct([]))
    return pa.RecordBatch.from_struct_array(empty)
