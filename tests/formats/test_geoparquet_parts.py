"""GeoParquet in parts: the same rows whatever the row groups, in bounded batches, with every claim compared."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from formats.datasets import WGS84, wkb_of

from geogate.engines.local import LocalPass
from geogate.measures.inventory import LayerInventory
from geogate.measures.lattice import CoordinateLattice
from geogate.measures.source import SplitSource, UnreadableError
from geogate.measures.tools import Tools
from geogate.readers.geoparquet import GeoParquetSource
from geogate.readers.geoparquet_parts import (
    BATCH_BYTES,
    FEWEST_ROWS,
    MOST_ROWS,
    PART_BYTES,
    PART_ROWS,
    Group,
    batch_rows,
    parts_of,
    slices_of,
)

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.measures.measure import LayerFacts

GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}},
}


def schema_of(table: pa.Table) -> pa.Schema:
    return table.schema.with_metadata({"geo": json.dumps(GEO)})


def points_wkb(xy: Any) -> pa.Array:
    """Encode points as little-endian WKB."""
    wkb = np.zeros(len(xy), [("order", "u1"), ("kind", "<u4"), ("xy", "<f8", 2)])
    wkb["order"], wkb["kind"], wkb["xy"] = 1, 1, xy
    offsets = np.arange(len(xy) + 1, dtype=np.int32) * wkb.itemsize
    return pa.Array.from_buffers(pa.binary(), len(xy), [None, pa.py_buffer(offsets), pa.py_buffer(wkb)])


def rows_table(rows: int, *, first: int = 0) -> pa.Table:
    """Make rows of which every seventh has no geometry and every third no number."""
    at = np.arange(first, first + rows)
    points = points_wkb(np.column_stack([at % 3_597 / 10 - 179.5, at % 1_801 / 10 - 90]))
    some = pa.array(np.arange(rows), mask=at % 7 == 0)
    return pa.table({"number": pa.array(at, mask=at % 3 == 0), "geometry": points.take(some)})


def written(folder: Path, groups: list[int], **options: Any) -> GeoParquetSource:
    """Write a file with row groups of these sizes."""
    schema, first = schema_of(rows_table(0)), 0
    with pq.ParquetWriter(folder / "data.parquet", schema, **options) as writer:
        for rows in groups:
            writer.write_table(rows_table(rows, first=first).cast(schema), row_group_size=max(rows, 1))
            first += rows
    return GeoParquetSource(folder / "data.parquet")


def facts(source: GeoParquetSource, *, workers: int = 2, kernels: bool = False) -> LayerFacts:
    (layer,) = source.layers
    run = LocalPass(source, layer, WGS84, lambda _rows: None, Tools(kernels=kernels), workers)
    return run((LayerInventory(), CoordinateLattice()))


GROUPS = [[], [0], [1], [5, 0, 3], [0, 0, 7, 0], [1_000] * 30, [600_000], [300_001, 262_143, 9], [131_073, 700_000, 17]]


@pytest.mark.parametrize("groups", GROUPS)
def test_parts_are_the_layer_in_order_and_batches_are_those_of_the_parts(groups: list[int], tmp_path: Path) -> None:
    source = written(tmp_path, groups)
    assert isinstance(source, SplitSource)
    (layer,) = source.layers
    parts = source.parts(layer)
    assert layer.rows == sum(groups) == sum(part.rows for part in parts)
    assert [part.number for part in parts] == list(range(len(parts)))
    assert [part.first_row for part in parts] == list(np.cumsum([0, *(part.rows for part in parts)])[:-1])
    edges = [edge for part in parts for edge in part.span]
    assert edges == sorted(edges)
    whole = list(source.batches(layer, crs=WGS84))
    cut = [batch for part in parts for batch in source.part_batches(layer, part, crs=WGS84)]
    assert [(b.first_row, b.rows) for b in whole] == [(b.first_row, b.rows) for b in cut]
    assert [batch.first_row for batch in whole] == list(np.cumsum([0, *(batch.rows for batch in whole)])[:-1])
    rows = pa.concat_arrays([pa.array([], pa.binary()), *(batch.wkb for batch in whole)])
    assert rows.equals(rows_table(sum(groups))["geometry"].combine_chunks())
    assert all(batch.attributes.num_rows == batch.rows <= MOST_ROWS for batch in whole)


@pytest.mark.parametrize("groups", [[300_001, 262_143, 9, 0, 700_001], [40_000] * 30])
def test_facts_do_not_depend_on_threads_row_groups_or_kernels(groups: list[int], tmp_path: Path) -> None:
    rows = sum(groups)
    source = written(tmp_path, groups)
    (tmp_path / "one").mkdir()
    reference = facts(written(tmp_path / "one", [rows]), workers=1)
    assert (reference.rows, reference.complete) == (rows, True)
    assert len(source.parts(source.layers[0])) > 1
    for workers, kernels in ((2, False), (1, True), (2, True), (5, True)):
        assert facts(source, workers=workers, kernels=kernels) == reference


def test_parts_end_with_the_row_group_that_fills_them() -> None:
    light = parts_of((Group(PART_ROWS - 1, 1), Group(1, 1), Group(PART_ROWS, 1), Group(0, 0)))
    assert [(part.span, part.rows) for part in light] == [((0, 2), PART_ROWS), ((2, 3), PART_ROWS), ((3, 4), 0)]
    heavy = parts_of((Group(1, PART_BYTES - 1), Group(1, 1), Group(1, PART_BYTES), Group(5, 1)))
    assert [(part.span, part.first_row) for part in heavy] == [((0, 2), 0), ((2, 3), 2), ((3, 4), 3)]
    assert parts_of(()) == ()


@pytest.mark.parametrize(
    ("groups", "seen", "rows"),
    [
        ((), 0, MOST_ROWS),
        ((Group(0, 0),), 0, MOST_ROWS),
        ((Group(1_000_000, 25_000_000),), 0, MOST_ROWS),
        ((Group(1_000, 1_000 * 4_096),), 0, BATCH_BYTES // 4_096),
        ((Group(1_000_000, 25_000_000), Group(2, 2 * 4_096)), 0, BATCH_BYTES // 4_096),
        ((Group(10, 10 * BATCH_BYTES),), 0, FEWEST_ROWS),
        ((Group(1_000_000, 25_000_000),), 4_096, BATCH_BYTES // 4_096),
    ],
)
def test_a_batch_has_as_many_rows_as_its_heaviest_rows_allow(groups: tuple[Group, ...], seen: int, rows: int) -> None:
    assert batch_rows(groups, seen=seen) == rows


def test_rows_that_are_heavier_than_claimed_are_cut_without_a_copy() -> None:
    heavy = pa.record_batch({"x": [b"x" * (BATCH_BYTES // 4)] * 40})
    pieces = list(slices_of(heavy))
    assert max(piece.nbytes for piece in pieces) <= 2 * BATCH_BYTES + 1_000
    assert pa.Table.from_batches(pieces).equals(pa.Table.from_batches([heavy]))
    light = pa.record_batch({"x": [b"x"] * 40})
    assert [piece.num_rows for piece in slices_of(light)] == [40]
    one = pa.record_batch({"x": [b"x" * (5 * BATCH_BYTES)]})
    assert [piece.num_rows for piece in slices_of(one)] == [1]


def test_repeated_heavy_geometries_make_small_batches_although_the_file_is_small(tmp_path: Path) -> None:
    ring = shapely.Point(8, 47).buffer(1, quad_segs=500)
    column = pa.array(shapely.to_wkb(np.array([ring, ring.buffer(1)])), pa.binary()).take(pa.array([0, 1] * 10_000))
    table = pa.table({"geometry": column})
    pq.write_table(table.cast(schema_of(table)), tmp_path / "data.parquet")
    source = GeoParquetSource(tmp_path / "data.parquet")
    sizes = [batch.wkb.nbytes for batch in source.batches(source.layers[0], crs=WGS84)]
    assert (tmp_path / "data.parquet").stat().st_size < 1 << 20
    assert sum(sizes) > 300 << 20
    assert max(sizes) <= 2 * BATCH_BYTES + (1 << 20)


ONE_ROW_GROUP = """
import resource, sys
from pathlib import Path
from geogate.engines.local import LocalPass
from geogate.measures.inventory import LayerInventory
from geogate.measures.tools import PLAIN
from geogate.readers.geoparquet import GeoParquetSource

source = GeoParquetSource(Path(sys.argv[1]))
(layer,) = source.layers
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
facts = LocalPass(source, layer, layer.crs, lambda rows: None, PLAIN, 2)((LayerInventory(),))
print(facts.rows, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


def test_a_row_group_of_300_mb_is_read_in_bounded_memory(tmp_path: Path) -> None:
    rows, vertices = 300_000, 62
    wkb = np.zeros(rows, [("order", "u1"), ("kind", "<u4"), ("count", "<u4"), ("xy", "<f8", (vertices, 2))])
    wkb["order"], wkb["kind"], wkb["count"] = 1, 2, vertices
    wkb["xy"] = np.random.default_rng(7).uniform(-80, 80, (rows, vertices, 2))
    offsets = np.arange(rows + 1, dtype=np.int32) * wkb.itemsize
    column = pa.Array.from_buffers(pa.binary(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(wkb)])
    table = pa.table({"geometry": column})
    file = tmp_path / "lines.parquet"
    pq.write_table(table.cast(schema_of(table)), file, row_group_size=rows, use_dictionary=False, compression="none")
    assert pq.read_metadata(file).num_row_groups == 1
    assert file.stat().st_size > 300_000_000
    done = subprocess.run([sys.executable, "-c", ONE_ROW_GROUP, file], check=True, capture_output=True, text=True)
    read, grown_mb = map(int, done.stdout.split())
    assert read == rows
    # A few batches of 16 MB and what is decoded from them; the row group alone would be more.
    assert grown_mb < 280


def damaged(source: GeoParquetSource, group: int) -> None:
    """Change a byte in the middle of the geometry pages of a row group."""
    data = bytearray(source.path.read_bytes())
    column = pq.read_metadata(source.path).row_group(group).column(1)
    data[column.data_page_offset + column.total_compressed_size // 2] ^= 0x10
    source.path.write_bytes(data)


CHECKED = {"write_page_checksum": True, "use_dictionary": False, "compression": "none"}


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("group", [0, 3])
def test_a_damaged_page_in_any_row_group_is_unreadable(workers: int, group: int, tmp_path: Path) -> None:
    source = written(tmp_path, [270_000] * 4, **CHECKED)
    damaged(source, group)
    with pytest.raises(UnreadableError, match="cannot be read to its end"):
        facts(source, workers=workers)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_a_file_that_is_cut_while_it_is_read_is_unreadable(workers: int, tmp_path: Path) -> None:
    source = written(tmp_path, [270_000] * 4, **CHECKED)
    assert source.layers[0].rows == 1_080_000
    with source.path.open("r+b") as file:
        file.truncate(file.seek(0, 2) // 2)
    with pytest.raises(UnreadableError, match="cannot be read to its end"):
        facts(source, workers=workers)


def test_a_file_that_was_cut_is_unreadable(tmp_path: Path) -> None:
    source = written(tmp_path, [1_000] * 4)
    source.path.write_bytes(source.path.read_bytes()[:-100])
    with pytest.raises(UnreadableError, match="cannot be opened as Parquet"):
        facts(source)


def varint(number: int) -> bytes:
    """Write a whole number as Thrift's compact protocol does."""
    number, out = number << 1, bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def lies(path: Path, *, truth: int, lie: int, which: int) -> None:
    """Replace a number of rows or values in the footer by another one of as many bytes."""
    data = path.read_bytes()
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    at = footer
    for _ in range(which + 1):
        at = data.index(b"\x16" + varint(truth), at + 1)
    path.write_bytes(data[: at + 1] + varint(lie) + data[at + 1 + len(varint(lie)) :])


def claims(path: Path) -> tuple[int, ...]:
    footer = pq.read_metadata(path)
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    values = [group.column(column).num_values for group in groups for column in range(footer.num_columns)]
    return (footer.num_rows, *(group.num_rows for group in groups), *values)


@pytest.mark.parametrize("lie", [4_321, 4_999, 5_001])
@pytest.mark.parametrize("which", range(4))
def test_a_footer_that_lies_about_rows_is_unreadable_and_values_are_not_believed(
    which: int, lie: int, tmp_path: Path
) -> None:
    source = written(tmp_path, [5_000])
    (tmp_path / "true").mkdir()
    reference = facts(written(tmp_path / "true", [5_000]))
    truth = claims(source.path)
    lies(source.path, truth=5_000, lie=lie, which=which)
    wrong = [one != other for one, other in zip(truth, claims(source.path), strict=True)]
    assert sum(wrong) == 1
    if any(wrong[:2]):
        with pytest.raises(UnreadableError):
            facts(source)
    else:
        assert facts(source) == reference


def test_a_footer_that_lies_in_every_place_about_its_rows_is_unreadable(tmp_path: Path) -> None:
    source = written(tmp_path, [5_000, 5_000])
    data = source.path.read_bytes()
    footer = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    wrong = data[footer:].replace(b"\x16" + varint(5_000), b"\x16" + varint(5_001))
    wrong = wrong.replace(b"\x16" + varint(10_000), b"\x16" + varint(10_002))
    source.path.write_bytes(data[:footer] + wrong)
    assert claims(source.path)[:3] == (10_002, 5_001, 5_001)
    with pytest.raises(UnreadableError):
        facts(source)


def test_rows_without_attributes_are_read_in_parts(tmp_path: Path) -> None:
    table = pa.table({"geometry": wkb_of(["POINT (1 2)"]).take(pa.array([0] * 600_000))})
    pq.write_table(table.cast(schema_of(table)), tmp_path / "data.parquet", row_group_size=250_000)
    source = GeoParquetSource(tmp_path / "data.parquet")
    assert facts(source).rows == 600_000
