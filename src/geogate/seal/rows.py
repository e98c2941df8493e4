"""The rows of a layer on their way into a canonical file: geometries in canonical WKB, counted, in even blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.libraries.bare_columns import bare, bare_schema
from geogate.measures.canonical import canonical_wkb
from geogate.measures.measure import UnmeasurableError
from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyproj
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.source import LayerSchema, Source

_OF_BYTES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_string, pa.types.is_large_string)


def canonical_rows(
    source: Source, layer: LayerSchema, crs: pyproj.CRS, *, kernels: bool = False
) -> Iterator[tuple[pa.Array, pa.RecordBatch]]:
    """Yield geometries and attributes of every row, these in bare types; vouch for their number after the last.

    ``kernels`` says that compiled kernels may be loaded; the bytes are the same with and without.

    Raises: UnreadableError when rows are missing, or a geometry is not one that geogate can write.
    """
    count = 0
    for batch in source.batches(layer, crs=crs):
        count += batch.rows
        batch.kernels = kernels
        yield _canonical(batch, layer), _bare(batch.attributes)
    if layer.rows is not None and count != layer.rows:
        raise UnreadableError(
            f"{count} rows were read where the file claims {layer.rows}",
            remedy="write the file again; it is damaged or was cut short",
            layer=layer.name,
        )


def _bare(attributes: pa.RecordBatch) -> pa.RecordBatch:
    if not attributes.num_columns:
        return attributes
    return pa.record_batch([bare(column) for column in attributes.columns], schema=bare_schema(attributes.schema))


def _canonical(batch: LayerBatch, layer: LayerSchema) -> pa.Array:
    try:
        return canonical_wkb(batch.wkb, first_row=batch.first_row, kernels=batch.kernels)
    except UnmeasurableError as error:
        raise UnreadableError(
            f"a geometry cannot be written: {error}",
            remedy="export points, lines, polygons and collections of them, in two or three dimensions",
            layer=layer.name,
        ) from None


def in_blocks(batches: Iterator[pa.RecordBatch], schema: pa.Schema, *, rows: int, size: int) -> Iterator[pa.Table]:
    """Cut a stream into tables; where they end depends on the rows alone, not on the batches.

    A table ends with its ``rows``-th row, or with the row that brings its texts and geometries to ``size`` bytes.
    """
    waiting: list[pa.RecordBatch] = []
    count = weight = 0
    for batch in batches:
        reached, first = np.cumsum(_weights(batch)), 0
        while first < batch.num_rows:
            before = int(reached[first - 1]) if first else 0
            heavy = int(np.searchsorted(reached, size - weight + before)) + 1
            end = min(heavy, first + rows - count, batch.num_rows)
            waiting.append(batch.slice(first, end - first))
            count += end - first
            weight += int(reached[end - 1]) - before
            first = end
            if count == rows or weight >= size:
                yield pa.Table.from_batches(waiting, schema=schema)
                waiting, count, weight = [], 0, 0
    if waiting:
        yield pa.Table.from_batches(waiting, schema=schema)


def _weights(batch: pa.RecordBatch) -> NDArray[np.int64]:
    """Sum the bytes of each row's texts and geometries.

    Shape: ``(rows,)``.
    """
    weights = np.zeros(batch.num_rows, np.int64)
    for column in batch.columns:
        if pa.types.is_binary_view(column.type) or pa.types.is_string_view(column.type):
            column = column.cast(pa.large_binary())  # noqa: PLW2901 - its lengths have no function of their own
        if any(test(column.type) for test in _OF_BYTES):
            weights += pc.binary_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    return weights
