"""The rows of a layer on their way into a canonical file: geometries in canonical WKB, counted, in even blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from geogate.measures.canonical import canonical_wkb
from geogate.measures.measure import UnmeasurableError
from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyproj

    from geogate.measures.batch import LayerBatch
    from geogate.measures.source import LayerSchema, Source


def canonical_rows(source: Source, layer: LayerSchema, crs: pyproj.CRS) -> Iterator[tuple[pa.Array, pa.RecordBatch]]:
    """Yield geometries and attributes of every row, and vouch for their number after the last.

    Raises: UnreadableError when rows are missing, or a geometry is not one that geogate can write.
    """
    count = 0
    for batch in source.batches(layer, crs=crs):
        count += batch.rows
        yield _canonical(batch, layer), batch.attributes
    if layer.rows is not None and count != layer.rows:
        raise UnreadableError(
            f"{count} rows were read where the file claims {layer.rows}",
            remedy="write the file again; it is damaged or was cut short",
            layer=layer.name,
        )


def _canonical(batch: LayerBatch, layer: LayerSchema) -> pa.Array:
    try:
        return canonical_wkb(batch.wkb)
    except UnmeasurableError as error:
        raise UnreadableError(
            f"a geometry cannot be written: {error}",
            remedy="export points, lines, polygons and collections of them, in two or three dimensions",
            layer=layer.name,
        ) from None


def in_blocks(batches: Iterator[pa.RecordBatch], schema: pa.Schema, rows: int) -> Iterator[pa.Table]:
    """Cut a stream into contiguous tables of exactly ``rows`` rows, the last one shorter."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        while count >= rows:
            table = pa.Table.from_batches(waiting, schema=schema)
            yield table.slice(0, rows).combine_chunks()
            waiting = table.slice(rows).to_batches()
            count -= rows
    if count:
        yield pa.Table.from_batches(waiting, schema=schema).combine_chunks()
