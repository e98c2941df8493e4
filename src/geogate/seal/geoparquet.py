"""Canonical GeoParquet 1.1: WKB and the attributes, nothing else; no statistics, no bounds, no writer's notes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from geogate.measures.source import UnreadableError
from geogate.seal.rows import canonical_rows, in_blocks

if TYPE_CHECKING:
    from pathlib import Path

    import pyproj

    from geogate.measures.source import LayerSchema, Source

ROW_GROUP = 131_072
ROW_GROUP_BYTES = 64 << 20
"""A row group ends where its texts and geometries come to so many bytes, so that memory does not grow with the rows."""

OPTIONS: dict[str, Any] = {
    "compression": "zstd",
    "compression_level": 1,
    "version": "2.6",
    "use_dictionary": False,
    "write_statistics": False,
    "write_page_index": False,
    "write_page_checksum": True,
}


def _geo(column: str, crs: pyproj.CRS) -> str:
    """Describe the one geometry column; the list of types is empty, which means that any may occur."""
    description = {"encoding": "WKB", "geometry_types": [], "crs": crs.to_json_dict()}
    geo = {"version": "1.1.0", "primary_column": column, "columns": {column: description}}
    return json.dumps(geo, separators=(",", ":"), sort_keys=True, ensure_ascii=False)


def _survives(schema: pa.Schema) -> bool:
    """Tell whether Parquet's own types say all that the Arrow schema says, so that it need not be stored too."""
    sink = pa.BufferOutputStream()
    pq.write_table(schema.empty_table(), sink, store_schema=False, **OPTIONS)
    found = pq.read_schema(pa.BufferReader(sink.getvalue()))
    return bool(found.remove_metadata().equals(schema.remove_metadata()))


def _schema(layer: LayerSchema) -> pa.Schema:
    fields = [*layer.attributes, pa.field(layer.geometry_column, pa.binary())]
    return pa.schema([pa.field(field.name, field.type) for field in fields])


def write_geoparquet(
    source: Source, layers: dict[str, pyproj.CRS], target: Path, *, kernels: bool = False
) -> tuple[Path, ...]:
    """Write the one layer of a source; the next block is read while the last one is compressed.

    Raises: UnreadableError when rows are missing or a column has a type that Parquet cannot hold.
    """
    (layer,) = source.layers
    crs = layers[layer.name]
    schema = _schema(layer)
    rows = canonical_rows(source, layer, crs, kernels=kernels)
    batches = (pa.record_batch([*attributes.columns, wkb], schema=schema) for wkb, attributes in rows)
    blocks = in_blocks(batches, schema, rows=ROW_GROUP, size=ROW_GROUP_BYTES)
    try:
        store_schema = not _survives(schema)
        with (
            pq.ParquetWriter(target, schema, store_schema=store_schema, **OPTIONS) as writer,
            ThreadPoolExecutor(1, thread_name_prefix="geogate-read") as reading,
        ):
            writer.add_key_value_metadata({"geo": _geo(layer.geometry_column, crs)})
            following = reading.submit(next, blocks, None)
            while (block := following.result()) is not None:
                following = reading.submit(next, blocks, None)
                writer.write_table(block, row_group_size=ROW_GROUP)
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid, pa.ArrowTypeError):
        raise UnreadableError(
            "a column has a type that GeoParquet cannot hold",
            remedy="convert the column to text or numbers, or drop it",
            layer=layer.name,
        ) from None
    return (target,)
