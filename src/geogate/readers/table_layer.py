"""Rows that a reader has as Python values, gathered into a layer: columns in the order met, one kind each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from geogate.measures.batch import LayerBatch
from geogate.measures.source import LayerSchema, UnreadableError
from geogate.readers.columns import require_distinct
from geogate.readers.json_columns import Kind, column, field_of, kind_of_all, merge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import pyproj

BATCH_ROWS: Final = 16_384
MOST_COLUMNS: Final = 2_000
GEOMETRY: Final = "geometry"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its geometry as WKB, and its attributes by column; a column that it has not is null."""

    wkb: bytes | None
    values: dict[str, Any]


@dataclass(slots=True)
class Survey:
    """What a first pass over a layer's rows finds: which columns there are, what they hold, how many rows."""

    kinds: dict[str, Kind] = field(default_factory=dict)
    rows: int = 0
    types: set[int] = field(default_factory=set)

    def add(self, row: Row) -> None:
        """Take a row.

        Raises: UnreadableError when there are too many columns.
        """
        for name, value in row.values.items():
            self.kinds[name] = merge(self.kinds.get(name, Kind.NULL), kind_of_all([value]))
        if len(self.kinds) > MOST_COLUMNS:
            raise UnreadableError(f"a layer has more than {MOST_COLUMNS:,} columns", remedy="send fewer columns")
        if row.wkb is not None:
            self.types.add(int.from_bytes(row.wkb[1:5], "little"))
        self.rows += 1

    def layer(self, name: str, crs: pyproj.CRS | None) -> LayerSchema:
        """Describe the layer.

        Raises: UnreadableError when two columns have the same name but for the case of letters.
        """
        schema = pa.schema([field_of(column_name, kind) for column_name, kind in self.kinds.items()])
        taken = {column_name.casefold() for column_name in self.kinds}
        geometry = next(n for n in (GEOMETRY, "geom", "geogate_geom", "geogate_geometry") if n not in taken)
        require_distinct(schema, layer=name)
        return LayerSchema(
            name=name,
            crs=crs,
            geometry_column=geometry,
            geometry_type="Point" if self.types == {1} else "Unknown",
            attributes=schema,
            rows=self.rows,
        )


def batches_of(rows: Iterable[Row], layer: LayerSchema, crs: pyproj.CRS) -> Iterator[LayerBatch]:
    """Cut rows into batches and compare their number with what the survey found.

    Raises: UnreadableError.
    """
    waiting: list[Row] = []
    first = 0
    for row in rows:
        waiting.append(row)
        if len(waiting) == BATCH_ROWS:
            yield _batch(waiting, layer, crs, first)
            first += len(waiting)
            waiting = []
    if waiting:
        yield _batch(waiting, layer, crs, first)
        first += len(waiting)
    if first != layer.rows:
        raise UnreadableError("the file changed while it was read", remedy="stage it again", layer=layer.name)


def _batch(rows: list[Row], layer: LayerSchema, crs: pyproj.CRS, first: int) -> LayerBatch:
    wkb = pa.array([row.wkb for row in rows], pa.binary())
    columns = [column([row.values.get(each.name) for row in rows], each) for each in layer.attributes]
    table = pa.record_batch(columns, schema=layer.attributes) if columns else _no_columns(wkb)
    return LayerBatch(wkb=wkb, attributes=table, crs=crs, first_row=first)


def _no_columns(wkb: pa.Array) -> pa.RecordBatch:
    return pa.record_batch([wkb], names=[GEOMETRY]).select([])
