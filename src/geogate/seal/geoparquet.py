"""Canonical GeoParquet 1.1: WKB and the attributes, nothing else; no statistics, no bounds, no writer's notes."""

from __future__ import annotations

import json
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from geogate.libraries.bare_columns import bare_type
from geogate.measures.source import UnreadableError
from geogate.seal.row_groups import Form, JoinedFile
from geogate.seal.rows import canonical_rows, in_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    import pyproj

    from geogate.measures.source import LayerSchema, Source

ROW_GROUP = 131_072
ROW_GROUP_BYTES = 64 << 20
"""A row group ends where its texts and geometries come to so many bytes, so that memory does not grow with the rows."""

MOST_WORKERS = 4
"""Threads that compress what one thread reads; more would wait for it."""

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
    return pa.schema([pa.field(field.name, bare_type(field.type)) for field in fields])


def _ahead(work: Callable[[pa.Table], pa.Buffer], blocks: Iterator[pa.Table], *, workers: int) -> Iterator[pa.Buffer]:
    """Do the work on each block in a few threads; give what comes of it in the order of the blocks.

    One block more than there are threads is in memory, so that none of them waits for the next.
    """
    pending: deque[Future[pa.Buffer]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="geogate-write") as pool:
        for block in blocks:
            pending.append(pool.submit(work, block))
            del block
            if len(pending) > workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def write_geoparquet(
    source: Source, layers: dict[str, pyproj.CRS], target: Path, *, kernels: bool = False, workers: int = 1
) -> tuple[Path, ...]:
    """Write the one layer of a source; blocks are read here while ``workers`` threads compress those before.

    The bytes do not depend on the number of threads.

    Raises: UnreadableError when rows are missing or a column has a type that Parquet cannot hold.
    """
    (layer,) = source.layers
    crs = layers[layer.name]
    schema = _schema(layer)
    rows = canonical_rows(source, layer, crs, kernels=kernels)
    batches = (pa.record_batch([*attributes.columns, wkb], schema=schema) for wkb, attributes in rows)
    blocks = in_blocks(batches, schema, rows=ROW_GROUP, size=ROW_GROUP_BYTES)
    try:
        options = OPTIONS | {"store_schema": not _survives(schema)}
        form = Form(schema=schema, metadata={"geo": _geo(layer.geometry_column, crs)}, options=options)
        with target.open("wb") as file:
            joined = JoinedFile(file, form)
            for part in _ahead(form.file, blocks, workers=min(workers, MOST_WORKERS)):
                joined.add(part)
            joined.close()
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid, pa.ArrowTypeError):
        raise UnreadableError(
            "a column has a type that GeoParquet cannot hold",
            remedy="convert the column to text or numbers, or drop it",
            layer=layer.name,
        ) from None
    return (target,)
