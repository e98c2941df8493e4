"""Bytes that hide beside the rows: each is named, so that it cannot leave as it is, and none leaves encoded anew."""

from __future__ import annotations

import json
import sqlite3
import struct
from contextlib import closing
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from formats.accounts import canonical, odd
from formats.datasets import WGS84, sealed, wkb_of

from geogate.libraries.thrift import I32, Field, decoded_first, encoded
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.readers import open_dataset
from geogate.readers.geoparquet_texts import TextsRead
from geogate.readers.geoparquet_zstd import is_one_frame

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = b"8.30931,47.12011"
GEO = b'{"columns":{"geom":{"encoding":"WKB","geometry_types":[]}},"primary_column":"geom","version":"1.1.0"}'
PLAIN: dict[str, Any] = {"use_dictionary": False, "write_statistics": False, "compression": "zstd"}


def parquet(folder: Path, *, keys: dict[bytes, bytes] | None = None, **options: Any) -> Path:
    table = pa.table({"name": ["a", "b"], "geom": wkb_of(["POINT (1 2)", "POINT (3 4)"])})
    path = folder / "data.parquet"
    with pq.ParquetWriter(path, table.schema, store_schema=False, **(PLAIN | options)) as writer:
        writer.add_key_value_metadata({b"geo": GEO, **(keys or {})})
        writer.write_table(table)
    return path


def test_a_plain_parquet_of_pyarrow_is_wholly_accounted_for(tmp_path: Path) -> None:
    assert odd((parquet(tmp_path),)) == set()


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"keys": {b"note": SECRET}}, "footer keys"),
        ({"write_statistics": True}, "statistics"),
        ({"use_dictionary": True}, "dictionaries"),
        ({"write_page_index": True, "write_statistics": True}, "page indexes"),
        ({"sorting_columns": [pq.SortingColumn(0)]}, "sort orders"),
        ({"compression": "gzip"}, "pages in a compression that cannot be looked through"),
        ({"keys": {b"geo": GEO.replace(b'"version"', b'"note":"8.30931","version"')}}, "members of the geo metadata"),
        ({"keys": {b"geo": GEO.replace(b'"encoding"', b'"bbox":[1,2,3,4],"encoding"')}}, "bounding boxes"),
        ({"keys": {b"geo": GEO.replace(b",", b" ,")}}, "other spellings of the geo metadata"),
    ],
)
def test_what_parquet_holds_besides_rows_is_named(options: dict[str, Any], what: str, tmp_path: Path) -> None:
    assert what in odd((parquet(tmp_path, **options),))


def test_bytes_between_the_columns_of_parquet_are_named(tmp_path: Path) -> None:
    path = parquet(tmp_path)
    data = path.read_bytes()
    size = int.from_bytes(data[-8:-4], "little")
    path.write_bytes(data[: -8 - size] + SECRET + data[-8 - size :])
    assert odd((path,)) == {"bytes between the columns"}


def test_a_frame_that_zstd_skips_is_not_one_frame() -> None:
    frame = bytes(pa.compress(SECRET * 10, codec="zstd", asbytes=True))
    skipped = b"\x50\x2a\x4d\x18" + struct.pack("<I", len(SECRET)) + SECRET
    assert is_one_frame(frame, 160)
    assert not is_one_frame(frame + skipped, 160)
    assert not is_one_frame(skipped + frame, 160)
    assert not is_one_frame(frame + frame, 320)


def gpkg(folder: Path) -> Path:
    (path,) = canonical(Format.GEOPACKAGE, folder)
    return path


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        (("CREATE TRIGGER t AFTER INSERT ON gpkg_contents BEGIN SELECT '8.30931'; END",), "triggers"),
        (("CREATE TABLE x (a)", f"INSERT INTO x VALUES ('{SECRET.decode() * 999}')", "DROP TABLE x"), "free pages"),
    ],
)
def test_what_a_geopackage_holds_besides_rows_is_named(statements: tuple[str, ...], what: str, tmp_path: Path) -> None:
    path = gpkg(tmp_path)
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        database.commit()
    assert what in odd((path,))
    (out,) = sealed((path,), tmp_path / "again")
    assert SECRET not in out.read_bytes()
    assert odd((out,)) == set()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE gpkg_contents SET description = '8.30931,47.12011'",
        "UPDATE gpkg_contents SET last_change = '2026-08-30T09:31:47Z'",
        "UPDATE gpkg_spatial_ref_sys SET description = '8.30931,47.12011'",
        "DROP TRIGGER gpkg_tile_matrix_zoom_level_insert",
        "CREATE INDEX i ON gpkg_contents (table_name) WHERE table_name <> '8.30931'",
    ],
)
def test_other_bytes_of_a_geopackage_are_noticed(statement: str, tmp_path: Path) -> None:
    path = gpkg(tmp_path)
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.commit()
    assert odd((path,)) == {"bytes that the canonical encoding does not have"}


def test_a_deleted_row_in_a_page_of_a_geopackage_is_noticed(tmp_path: Path) -> None:
    path = gpkg(tmp_path)
    with closing(sqlite3.connect(path)) as database:
        (table,) = database.execute("SELECT table_name FROM gpkg_contents").fetchone()
        database.execute("PRAGMA secure_delete=OFF")
        database.execute(f"UPDATE {table} SET name = 'x8.30931,47.12011' WHERE name = 'b'")
        database.execute(f"UPDATE {table} SET name = 'b' WHERE name = 'x8.30931,47.12011'")
        database.commit()
    assert odd((path,)) == {"bytes that the canonical encoding does not have"}


def test_what_a_flatgeobuf_holds_besides_rows_is_named(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"a": [1, 2]}, geometry=gpd.points_from_xy([1, 2], [3, 4]), crs=4326)
    options = {"SPATIAL_INDEX": "YES", "TITLE": "8.30931", "DESCRIPTION": "47.12011"}
    frame.to_file(tmp_path / "data.fgb", driver="FlatGeobuf", engine="pyogrio", **options)
    assert odd((tmp_path / "data.fgb",)) >= {"titles, descriptions and metadata", "spatial indexes"}


def test_rows_of_a_shapefile_that_are_marked_as_deleted_do_not_pass(tmp_path: Path) -> None:
    files = canonical(Format.SHAPEFILE, tmp_path)
    (dbf,) = (path for path in files if path.suffix == ".dbf")
    data = bytearray(dbf.read_bytes())
    data[int.from_bytes(data[8:10], "little")] = ord("*")
    dbf.write_bytes(data)
    assert odd(files) >= {"deleted rows"}


FEATURE = {"type": "Feature", "properties": {"a": 1}, "geometry": {"type": "Point", "coordinates": [1.5, 2.5]}}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda text: text.replace('"features"', '"note": "8.30931", "features"'), "foreign members"),
        (lambda text: text.replace('"features"', '"bbox": [1, 2, 3, 4], "features"'), "bounding boxes"),
        (lambda text: text.replace('"coordinates"', '"bbox": [1, 2], "coordinates"'), "bounding boxes"),
        (lambda text: text.replace('"geometry": {', '"note": 1, "geometry": {'), "foreign members"),
        (lambda text: text.replace("[1.5", "[1.50"), "another spelling of the same values"),
        (lambda text: text.replace("[1.5", "[1.5000000000000000830931"), "another spelling of the same values"),
        (lambda text: text.replace("[1.5", "[15e-1"), "another spelling of the same values"),
        (lambda text: text.replace(": [1.5", ":  [1.5"), "another spelling of the same values"),
        (lambda text: text.replace('"a"', '"\\u0061"', 1), "another spelling of the same values"),
        (lambda text: text.replace("[1.5", "[1"), "whole numbers as ordinates"),
        (lambda text: text + " \n\t ", "another spelling of the same values"),
        (lambda text: "\ufeff" + text, "byte order marks"),
        (
            lambda text: text.replace('{"a": 1}', '{"a": null}', 1).replace('{"a": null}', "{}", 1),
            "members that differ",
        ),
    ],
)
def test_what_geojson_holds_besides_rows_is_named(change: Callable[[str], str], what: str, tmp_path: Path) -> None:
    text = json.dumps({"type": "FeatureCollection", "features": [FEATURE, FEATURE]})
    path = tmp_path / "data.geojson"
    path.write_text(text, encoding="utf-8")
    assert odd((path,)) == set()
    path.write_text(change(text), encoding="utf-8")
    assert any(part.startswith(what) for part in odd((path,)))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("8.25", "8.250"),
        lambda text: text.replace("8.25", "+8.25"),
        lambda text: text.replace("8.25", "8.25000000000000000830931"),
        lambda text: text.replace("8.25", "825e-2"),
        lambda text: text.replace(",x", ',"x"'),
        lambda text: text.replace("x\n", "x\r\n", 1),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("lon", '"lon"'),
    ],
)
def test_what_a_csv_holds_besides_cells_is_named(change: Callable[[str], str], tmp_path: Path) -> None:
    text = "lon,lat,note\n8.25,47.5,x\n-0.5,51.25,y\n"
    path = tmp_path / "data.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert odd((path,)) == set()
    path.write_text(change(text), encoding="utf-8", newline="")
    assert odd((path,))


def test_bytes_behind_the_values_of_a_parquet_page_are_noticed(tmp_path: Path) -> None:
    path = parquet(tmp_path, compression="none")
    data = path.read_bytes()
    head, size = decoded_first(data[4:])
    page = head[2].value
    more = head | {2: Field(I32, page + len(SECRET)), 3: Field(I32, page + len(SECRET))}
    path.write_bytes(b"PAR1" + encoded(more) + data[4 + size : 4 + size + page] + SECRET + data[4 + size + page :])
    assert odd((path,))


def test_texts_that_pages_hold_and_no_row_shows_are_not_read(tmp_path: Path) -> None:
    (source,) = open_dataset((parquet(tmp_path),))
    (layer,) = source.layers
    texts = TextsRead()
    for batch in source.batches(layer, crs=WGS84):
        texts.add(pa.record_batch([*batch.attributes.columns, batch.wkb], names=["name", "geom"]))
    texts.compare([{0: 2, 1: 42}], layer="data")
    with pytest.raises(UnreadableError, match="bytes that are no values"):
        texts.compare([{0: 2 + len(SECRET), 1: 42}], layer="data")
