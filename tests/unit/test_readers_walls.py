"""Each wall before the readers stands by itself, and not only because another one does."""

from __future__ import annotations

import sqlite3
import struct
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.readers.dataset import open_source
from geogate.readers.flatgeobuf import check_flatgeobuf
from geogate.readers.geopackage import check_geopackage
from geogate.readers.geoparquet_metadata import strict_json
from geogate.readers.geoparquet_parts import groups_of
from geogate.readers.ogr import OgrSource
from geogate.readers.recognise import recognise
from geogate.readers.shapefile import check_shapefile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TAR_MARK = 257


def test_a_file_that_begins_as_one_format_and_goes_on_as_another_is_not_read(tmp_path: Path) -> None:
    both = bytearray(1024)
    both[:4] = b"PAR1"
    both[TAR_MARK : TAR_MARK + 5] = b"ustar"
    (tmp_path / "a.parquet").write_bytes(both)
    with pytest.raises(UnreadableError, match="fits more than one format"):
        recognise(tmp_path / "a.parquet")


def test_text_with_a_zero_byte_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"lon,lat,name\n8.5,50.25,a\0b\n")
    with pytest.raises(UnreadableError, match="does not know"):
        recognise(tmp_path / "a.csv")


def test_a_file_beside_one_that_has_no_sidecars_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("lon,lat\n8.5,50.25\n", encoding="utf-8")
    (tmp_path / "a.prj").write_text("what nobody reads", encoding="utf-8")
    with pytest.raises(UnreadableError, match="1 files lie beside a file that has no sidecars"):
        open_source(tmp_path / "a.csv", [tmp_path / "a.prj"])


@pytest.mark.parametrize("claimed", [2, 4])
def test_rows_that_gdal_reads_are_as_many_as_the_layer_claims(tmp_path: Path, claimed: int) -> None:
    path = tmp_path / "a.gpkg"
    points = [shapely.Point(8, 50 + row) for row in range(3)]
    gpd.GeoDataFrame({"a": range(3)}, geometry=points, crs=4326).to_file(path)
    source = OgrSource(path, Format.GEOPACKAGE)
    (layer,) = source.layers
    assert layer.crs is not None
    assert sum(batch.rows for batch in source.batches(layer, crs=layer.crs)) == 3
    with pytest.raises(UnreadableError, match=f"3 rows were read where the file claims {claimed}"):
        list(source.batches(replace(layer, rows=claimed), crs=layer.crs))


@pytest.mark.parametrize("rows", [2, 4])
def test_row_groups_that_contradict_the_footer_are_not_read(rows: int) -> None:
    group = SimpleNamespace(num_rows=3, total_byte_size=100, num_columns=0)
    footer: Any = SimpleNamespace(num_row_groups=1, num_rows=rows, row_group=lambda _: group)
    with pytest.raises(UnreadableError, match=f"row groups claim 3 rows where the file claims {rows}"):
        groups_of(footer, geometry="geometry")


def test_a_key_that_stands_twice_is_no_json_anywhere() -> None:
    assert strict_json(b'{"a": {"b": 1}}') == {"a": {"b": 1}}
    for text in (b'{"a": 1, "a": 1}', b'{"a": {"b": 1, "b": 2}}'):
        with pytest.raises(ValueError, match="twice"):
            strict_json(text)


def written(path: Path, rows: int = 3) -> Path:
    points = [shapely.Point(8, 50 + row) for row in range(rows)]
    gpd.GeoDataFrame({"a": [None, *range(1, rows)]}, geometry=points, crs=4326).to_file(path)
    return path


def test_a_geopackage_of_which_sqlite_says_that_it_is_not_whole_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path / "a.gpkg")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA writable_schema=ON")
        database.execute("""UPDATE sqlite_master SET sql = replace(sql, '"a" REAL', '"a" REAL NOT NULL')""")
        database.commit()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA quick_check").fetchall() != [("ok",)]
    with pytest.raises(UnreadableError, match="is damaged"):
        check_geopackage(path)


def test_a_table_without_geometries_is_no_layer(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    pyogrio.write_dataframe(pd.DataFrame({"a": [1, 2]}), path, layer="plain")
    with pytest.raises(UnreadableError, match="has no geometries"):
        OgrSource(path, Format.GEOPACKAGE)._layer(path, "plain")


def test_a_flatgeobuf_with_measures_is_not_read_without_them(tmp_path: Path) -> None:
    path, point = tmp_path / "a.fgb", struct.pack("<BIddd", 1, 2001, 8.0, 50.0, 7.0)
    geometry, values = np.array([point], object), [np.array([1])]
    pyogrio.raw.write(path, geometry, values, ["a"], geometry_type="PointM", crs="EPSG:4326", driver="FlatGeobuf")
    with pytest.raises(UnreadableError, match="M or time ordinates"):
        check_flatgeobuf(path)


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + bytes(4), lambda data: data + b"\1"])
def test_frames_of_a_flatgeobuf_lead_to_its_end_and_are_as_many_as_it_says(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    path = written(tmp_path / "a.fgb")
    check_flatgeobuf(path)
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(UnreadableError, match="size that its parts claim"):
        check_flatgeobuf(path)


def test_rows_of_a_shapefile_are_as_many_as_its_geometries(tmp_path: Path) -> None:
    main, sidecars, table = shapefile(tmp_path)
    data = bytearray(table.read_bytes())
    rows, head, width = struct.unpack("<IHH", data[4:12])
    data[4:8] = struct.pack("<I", rows - 1)
    table.write_bytes(data[: head + (rows - 1) * width])
    with pytest.raises(UnreadableError, match="has 3 geometries and 2 rows"):
        check_shapefile(main, sidecars)


def test_nothing_stands_behind_the_rows_of_a_shapefile(tmp_path: Path) -> None:
    main, sidecars, table = shapefile(tmp_path)
    table.write_bytes(table.read_bytes() + b"8.123456 50.654321")
    with pytest.raises(UnreadableError, match=r"\.dbf that does not have the size"):
        check_shapefile(main, sidecars)


def shapefile(folder: Path) -> tuple[Path, tuple[Path, ...], Path]:
    main = written(folder / "a.shp")
    sidecars = tuple(main.with_suffix(suffix) for suffix in (".shx", ".dbf", ".prj", ".cpg"))
    check_shapefile(main, sidecars)
    return main, sidecars, main.with_suffix(".dbf")


@pytest.mark.parametrize("rows", [2, 4])
def test_geojson_that_changes_between_two_looks_is_refused(tmp_path: Path, rows: int) -> None:
    path = written(tmp_path / "a.geojson")
    source = open_source(path, [])
    (layer,) = source.layers
    assert layer.crs is not None
    written(path, rows)
    with pytest.raises(UnreadableError, match="changed while it was read"):
        list(source.batches(layer, crs=layer.crs))
