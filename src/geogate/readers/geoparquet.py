"""GeoParquet through pyarrow: one layer, read in parts; what else a file has is named and decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from geogate.libraries.strict import reading, strictly
from geogate.measures.batch import LayerBatch
from geogate.measures.source import LayerSchema, UnreadableError
from geogate.model.dataset import Format
from geogate.readers.columns import plain, plain_type, require_distinct
from geogate.readers.geoarrow import check_native, native_rows
from geogate.readers.geoparquet_claims import has_sound_histograms, texts_of_groups
from geogate.readers.geoparquet_contents import Contents, contents_of
from geogate.readers.geoparquet_metadata import GeoMetadata, parse_geo
from geogate.readers.geoparquet_parts import (
    MOST_ROWS,
    REMEDY,
    Group,
    batch_rows,
    groups_of,
    heaviest_seen,
    parts_of,
    slices_of,
)
from geogate.readers.geoparquet_texts import TextsRead

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.parquet as pq
    import pyproj

    from geogate.measures.source import Part
    from geogate.model.dataset import FilePart
    from geogate.readers.native import NativeRows

BUFFER = 1 << 20
"""How much of a column is read from the disk at once.

Units: bytes.
"""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Footer:
    """What was read of the file before its rows."""

    layer: LayerSchema
    geo: GeoMetadata
    schema: pa.Schema
    metadata: pq.FileMetaData
    groups: tuple[Group, ...]


@dataclass(frozen=True)
class GeoParquetSource:
    """One GeoParquet file, which is one layer named after the file; its parts are runs of row groups."""

    path: Path
    format: Format = Format.GEOPARQUET

    def _open(self, metadata: pq.FileMetaData | None = None) -> pq.ParquetFile:
        import pyarrow.parquet as pq

        # Buffered and without pre_buffer memory stays that of some pages, however large a row group is; a memory map
        # would crash on a file that is cut meanwhile.
        return pq.ParquetFile(
            self.path,
            metadata=metadata,
            pre_buffer=False,
            buffer_size=BUFFER,
            memory_map=False,
            page_checksum_verification=True,
        )

    @cached_property
    def _footer(self) -> _Footer:
        with strictly("opened as Parquet"), self._open() as file:
            schema, metadata = file.schema_arrow, file.metadata
            text = (metadata.metadata or {}).get(b"geo")
        geo = parse_geo(text)
        require_distinct(schema)
        if geo.column not in schema.names:
            raise UnreadableError("the Parquet file lacks its geometry column", remedy="write the file again")
        with reading("opened as Parquet"):
            if not has_sound_histograms(self.path, metadata):
                raise UnreadableError("the Parquet file has statistics that cannot be", remedy=REMEDY)
            groups = groups_of(metadata, geometry=geo.column)
        attributes = self._attributes(schema, geo)
        layer = LayerSchema(
            name=self.path.stem,
            crs=geo.crs,
            geometry_column=geo.column,
            geometry_type=geo.geometry_type,
            attributes=attributes,
            rows=metadata.num_rows,
        )
        return _Footer(layer=layer, geo=geo, schema=schema, metadata=metadata, groups=groups)

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

    @cached_property
    def _contents(self) -> Contents:
        found = self._footer
        return contents_of(
            self.path, schema=found.schema, geometry=found.geo.column, metadata=found.metadata, crs=found.geo.crs
        )

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """Every part of the file, and what becomes of it.

        Raises: UnreadableError.
        """
        return self._contents.parts

    def _texts(self, groups: range) -> Sequence[Mapping[int, int]]:
        """Say how many bytes the pages of some row groups have for texts; all are looked through only once."""
        if "_contents" in self.__dict__:
            return self._contents.texts[groups.start : groups.stop]
        return texts_of_groups(self.path, self._footer.metadata, groups)

    @property
    def layers(self) -> tuple[LayerSchema, ...]:
        """The file's one layer.

        Raises: UnreadableError.
        """
        return (self._footer.layer,)

    def parts(self, layer: LayerSchema) -> tuple[Part, ...]:
        """Cut the rows into runs of whole row groups, of about half a million rows or 64 MB.

        Raises: UnreadableError.
        """
        del layer
        return parts_of(self._footer.groups)

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read all rows, part by part.

        Raises: UnreadableError.
        """
        for part in self.parts(layer):
            yield from self.part_batches(layer, part, crs=crs)

    def part_batches(self, layer: LayerSchema, part: Part, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read the rows of one part, about 16 MB a batch; their number and texts are compared with the file's claims.

        Raises: UnreadableError.
        """
        read, texts = 0, TextsRead()
        for batch in self._read(layer, part):
            with reading("read to its end", layer=layer.name):
                geometries, attributes = self._rows(batch, layer)
                texts.add(batch)
            yield LayerBatch(wkb=geometries, attributes=attributes, crs=crs, first_row=part.first_row + read)
            read += batch.num_rows
        if read != part.rows:
            raise UnreadableError(
                f"{read} rows were read where the file claims {part.rows}", remedy=REMEDY, layer=layer.name
            )
        with reading("read to its end", layer=layer.name):
            texts.compare(self._texts(range(*part.span)), layer=layer.name)

    def _read(self, layer: LayerSchema, part: Part) -> Iterator[pa.RecordBatch]:
        span = range(*part.span)
        groups = self._footer.groups
        with reading("opened as Parquet", layer=layer.name):
            file = self._open(self._footer.metadata)
        with file:
            repeating = [number for number in span if groups[number].repeats]
            with reading("read to its end", layer=layer.name):
                seen = heaviest_seen(file, repeating, geometry=layer.geometry_column)
            rows = batch_rows(groups[span.start : span.stop], seen=seen)
            # The threads of the pass read a part each; more of Arrow's own would only crowd them.
            stream = file.iter_batches(batch_size=rows, row_groups=list(span), use_threads=False)
            while True:
                with reading("read to its end", layer=layer.name):
                    batch = next(stream, None)
                if batch is None:
                    return
                yield from slices_of(batch)

    def written_wkb(self) -> Iterator[pa.Array]:
        """Read the WKB of all rows as it stands in the file; there is none where geometries are nested lists.

        Raises: UnreadableError.
        """
        found = self._footer
        if found.geo.encoding != "WKB":
            return
        name = found.layer.geometry_column
        with reading("read to its end", layer=found.layer.name), self._open(found.metadata) as file:
            for batch in file.iter_batches(batch_size=MOST_ROWS, columns=[name], use_threads=False):
                for part in slices_of(batch):
                    yield plain(part.column(0)).cast("binary")

    def _rows(self, batch: pa.RecordBatch, layer: LayerSchema) -> tuple[pa.Array | NativeRows, pa.RecordBatch]:
        import pyarrow as pa

        column = plain(batch.column(layer.geometry_column))
        if self._footer.geo.encoding != "WKB":
            geometries: pa.Array | NativeRows = native_rows(column, self._footer.geo.encoding)
        else:
            geometries = column if pa.types.is_binary(column.type) else column.cast(pa.binary())
        columns = [plain(batch.column(name)) for name in layer.attributes.names]
        # A batch without columns still has to know its rows, which only a selection does.
        return geometries, pa.record_batch(columns, schema=layer.attributes) if columns else batch.select([])
