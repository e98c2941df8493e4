"""GeoParquet through pyarrow: one layer, read in batches; statistics, indexes and footer keys are not looked at."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from geogate.libraries.strict import strictly
from geogate.measures.batch import LayerBatch
from geogate.measures.source import LayerSchema, UnreadableError
from geogate.model.dataset import Format
from geogate.readers.columns import plain, plain_type, require_distinct
from geogate.readers.geoarrow import check_native, to_wkb
from geogate.readers.geoparquet_metadata import GeoMetadata, parse_geo

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq
    import pyproj

BATCH_ROWS = 65_536
GEOMETRY_EXTENSIONS = ("geoarrow.", "ogc.")


def _marks_geometry(field: pa.Field) -> bool:
    """Tell whether a column, or a part of it, says of itself that it holds geometries."""
    import pyarrow as pa

    name = (field.metadata or {}).get(b"ARROW:extension:name", b"").decode(errors="replace")
    if isinstance(field.type, pa.BaseExtensionType):
        name = field.type.extension_name
    if name.startswith(GEOMETRY_EXTENSIONS):
        return True
    return any(_marks_geometry(field.type.field(i)) for i in range(field.type.num_fields))


def _is_binary(kind: pa.DataType) -> bool:
    import pyarrow.types as pt

    return bool(pt.is_binary(kind) or pt.is_large_binary(kind) or pt.is_binary_view(kind))


@dataclass(frozen=True)
class GeoParquetSource:
    """One GeoParquet file, which is one layer named after the file."""

    path: Path
    format: Format = Format.GEOPARQUET

    def _open(self) -> pq.ParquetFile:
        import pyarrow.parquet as pq

        # Without pre_buffer memory stays that of a few row groups; a memory map would crash on a file cut meanwhile.
        return pq.ParquetFile(self.path, pre_buffer=False, memory_map=False, page_checksum_verification=True)

    @cached_property
    def _geo(self) -> GeoMetadata:
        return self._described[1]

    @cached_property
    def _described(self) -> tuple[LayerSchema, GeoMetadata]:
        with strictly("opened as Parquet"), self._open() as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            text = (file.metadata.metadata or {}).get(b"geo")
        geo = parse_geo(text)
        require_distinct(schema)
        if geo.column not in schema.names:
            raise UnreadableError("the Parquet file lacks its geometry column", remedy="write the file again")
        attributes = self._attributes(schema, geo)
        layer = LayerSchema(
            name=self.path.stem,
            crs=geo.crs,
            geometry_column=geo.column,
            geometry_type=geo.geometry_type,
            attributes=attributes,
            rows=rows,
        )
        return layer, geo

    @staticmethod
    def _attributes(schema: pa.Schema, geo: GeoMetadata) -> pa.Schema:
        import pyarrow as pa

        kind = plain_type(schema.field(geo.column).type)
        if geo.encoding != "WKB":
            check_native(kind, geo.encoding)
        elif not _is_binary(kind):
            raise UnreadableError("the geometry column is not binary", remedy="write the geometries as WKB")
        others = [field for field in schema if field.name != geo.column]
        marked = sum(_marks_geometry(field) for field in others)
        if marked:
            raise UnreadableError(
                f"{marked} more columns say that they hold geometries",
                remedy="keep one geometry column a file; drop or split the others",
            )
        return pa.schema([pa.field(field.name, plain_type(field.type)) for field in others])

    @property
    def layers(self) -> tuple[LayerSchema, ...]:
        """The file's one layer.

        Raises: UnreadableError.
        """
        return (self._described[0],)

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read all rows; the number of rows is compared with the footer's.

        Raises: UnreadableError.
        """
        first = 0
        with strictly("opened as Parquet"):
            file = self._open()
        with file:
            stream = file.iter_batches(batch_size=BATCH_ROWS)
            while True:
                with strictly("read to its end", layer=layer.name):
                    batch = next(stream, None)
                    if batch is None:
                        break
                    rows = self._rows(batch, layer)
                yield LayerBatch(wkb=rows[0], attributes=rows[1], crs=crs, first_row=first)
                first += batch.num_rows
        if first != layer.rows:
            raise UnreadableError(
                f"{first} rows were read where the file claims {layer.rows}",
                remedy="write the file again; it is damaged or was cut short",
                layer=layer.name,
            )

    def _rows(self, batch: pa.RecordBatch, layer: LayerSchema) -> tuple[Any, pa.RecordBatch]:
        import pyarrow as pa

        column = plain(batch.column(layer.geometry_column))
        wkb = column.cast(pa.binary()) if self._geo.encoding == "WKB" else to_wkb(column, self._geo.encoding)
        columns = [plain(batch.column(name)) for name in layer.attributes.names]
        # A batch without columns still has to know its rows, which only a selection does.
        return wkb, pa.record_batch(columns, schema=layer.attributes) if columns else batch.select([])
