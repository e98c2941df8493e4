from __future__ import annotations

import shutil
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely
from formats.datasets import COUNTRY_ROWS, content, countries, rows_of, sealed

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.readers import open_dataset

FIXTURES = Path(pyogrio.__file__).parent / "tests/fixtures"


def change(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        for statement in statements:
            database.execute(statement)


@pytest.fixture
def gpkg(tmp_path: Path) -> Path:
    return countries(tmp_path, Format.GEOPACKAGE)[0]


@pytest.mark.parametrize(
    ("statements", "message"),
    [
        (("CREATE TABLE hidden (wkt TEXT)",), "1 tables that it does not register"),
        (("CREATE TABLE rtree_hidden (wkt TEXT)",), "1 tables that it does not register"),
        (("CREATE TABLE gpkg_hidden (wkt TEXT)",), "1 tables that it does not register"),
        (("UPDATE gpkg_contents SET table_name = x'00'",), "does not register"),
        (("UPDATE gpkg_geometry_columns SET table_name = x'00'",), "does not register"),
        (("CREATE VIEW other AS SELECT * FROM countries",), "1 views"),
        (
            (
                "CREATE TABLE list (fid INTEGER PRIMARY KEY, wkt TEXT)",
                "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('list', 'attributes', 'list')",
            ),
            "1 contents without geometries",
        ),
        (
            (
                "CREATE TABLE pictures (id INTEGER PRIMARY KEY, tile_data BLOB)",
                "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('pictures', 'tiles', 'p')",
            ),
            "or of tiles",
        ),
        (
            (
                "CREATE TABLE half (fid INTEGER PRIMARY KEY, geom BLOB)",
                "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('half', 'features', 'h')",
            ),
            "every layer's geometry column",
        ),
        (("DROP TABLE gpkg_geometry_columns",), "is damaged"),
        (("DELETE FROM gpkg_contents",), "does not register"),
    ],
)
def test_a_geopackage_with_more_than_its_layers_is_refused(
    statements: tuple[str, ...], message: str, gpkg: Path
) -> None:
    change(gpkg, *statements)
    with pytest.raises(UnreadableError, match=message) as caught:
        rows_of((gpkg,))
    assert caught.value.remedy


@pytest.mark.parametrize("end", ["-wal", "-journal", "-shm"])
def test_a_geopackage_with_a_journal_beside_it_is_refused(end: str, gpkg: Path) -> None:
    gpkg.with_name(gpkg.name + end).write_bytes(b"")
    with pytest.raises(UnreadableError, match="has a journal beside it"):
        rows_of((gpkg,))


def test_reading_leaves_no_trace_beside_the_file(gpkg: Path, tmp_path: Path) -> None:
    files = (*countries(tmp_path, Format.SHAPEFILE), *countries(tmp_path, Format.FLATGEOBUF), gpkg)
    change(gpkg, "PRAGMA journal_mode=WAL")
    before = {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in tmp_path.iterdir()}
    assert rows_of(files) == 3 * COUNTRY_ROWS
    assert {path.name: (path.stat().st_mtime_ns, path.stat().st_size) for path in tmp_path.iterdir()} == before


def test_rows_in_free_pages_and_in_metadata_do_not_leave(gpkg: Path, tmp_path: Path) -> None:
    secret = "POINT(8.123456 47.654321)"
    change(
        gpkg,
        "PRAGMA secure_delete=OFF",
        "CREATE TABLE gone (wkt TEXT)",
        f"INSERT INTO gone VALUES ('{secret * 200}')",
        "DROP TABLE gone",
        f"UPDATE gpkg_contents SET description = '{secret}'",
    )
    assert secret.encode() in gpkg.read_bytes()
    (out,) = sealed((gpkg,), tmp_path / "out")
    assert secret.encode() not in out.read_bytes()
    assert content(open_dataset((out,))[0]) == content(open_dataset((gpkg,))[0])


def test_deleted_rows_of_a_shapefile_do_not_leave(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"word": ["visible", "secret"]}, geometry=shapely.points([[1, 2], [3, 4]]), crs=4326)
    frame.to_file(tmp_path / "a.shp")
    files = tuple(tmp_path / f"a{part}" for part in (".shp", ".shx", ".dbf", ".prj", ".cpg"))
    table = bytearray((tmp_path / "a.dbf").read_bytes())
    head, width = struct.unpack("<HH", table[8:12])
    table[head + width] = ord("*")
    (tmp_path / "a.dbf").write_bytes(table)
    outputs = sealed(files, tmp_path / "out", Format.SHAPEFILE) if rows_are_read(files) else ()
    assert all(b"secret" not in path.read_bytes() for path in outputs)


def rows_are_read(files: tuple[Path, ...]) -> bool:
    try:
        return rows_of(files) > 0
    except UnreadableError:
        return False


def test_m_ordinates_are_refused_and_not_dropped(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="M ordinates"):
        rows_of((FIXTURES / "line_zm.gpkg",))
    with pytest.raises(UnreadableError):
        rows_of(measured_shapefile(tmp_path))


def measured_shapefile(folder: Path) -> tuple[Path, ...]:
    """Turn points into measured points by hand: GDAL through pyogrio writes none."""
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=shapely.points([[1, 2]]), crs=4326)
    frame.to_file(folder / "m.shp")
    shp, shx = bytearray((folder / "m.shp").read_bytes()), bytearray((folder / "m.shx").read_bytes())
    shp[32:36] = shx[32:36] = struct.pack("<i", 21)
    shp[100:] = struct.pack(">ii", 1, 14) + struct.pack("<iddd", 21, 1, 2, 8.123456)
    shp[24:28] = struct.pack(">i", len(shp) // 2)
    shx[104:108] = struct.pack(">i", 14)
    (folder / "m.shp").write_bytes(shp)
    (folder / "m.shx").write_bytes(shx)
    return tuple(folder / f"m{part}" for part in (".shp", ".shx", ".dbf", ".prj", ".cpg"))


@pytest.mark.parametrize("name", ["curve", "curvepolygon", "multisurface"])
def test_curves_are_not_written_as_something_else(name: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="a geometry cannot be written"):
        sealed((FIXTURES / f"{name}.gpkg",), tmp_path / "out")


def test_a_layer_without_geometries_is_refused(tmp_path: Path) -> None:
    shutil.copy(FIXTURES / "test_gpkg_nulls.gpkg", tmp_path / "a.gpkg")
    change(
        tmp_path / "a.gpkg",
        "CREATE TABLE plain (fid INTEGER PRIMARY KEY, wkt TEXT)",
        "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('plain', 'attributes', 'x')",
    )
    with pytest.raises(UnreadableError, match="without geometries"):
        rows_of((tmp_path / "a.gpkg",))


def test_a_geopackage_whose_crs_is_undefined_has_none(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"a": [1]}, geometry=shapely.points([[1, 2]]))
    with pytest.warns(UserWarning, match="crs"):
        frame.to_file(tmp_path / "a.gpkg")
    with pytest.warns(UserWarning, match="crs"):
        frame.to_file(tmp_path / "a.fgb")
    for srs in ("-1", "0"):
        change(
            tmp_path / "a.gpkg",
            f"UPDATE gpkg_geometry_columns SET srs_id = {srs}",
            f"UPDATE gpkg_contents SET srs_id = {srs}",
        )
        assert [s.layers[0].crs for s in open_dataset((tmp_path / "a.gpkg", tmp_path / "a.fgb"))] == [None, None]


def test_an_open_ring_in_a_geopackage_is_refused(gpkg: Path, tmp_path: Path) -> None:
    ring = struct.pack("<BIII8d", 1, 3, 1, 4, 0, 0, 1, 0, 1, 1, 0, 8.123456)
    blob = b"GP\x00\x01" + struct.pack("<i", 4326) + ring
    change(gpkg, "DROP TRIGGER IF EXISTS rtree_countries_geom_insert")
    with closing(sqlite3.connect(gpkg)) as database, database:
        database.execute("DELETE FROM gpkg_extensions")
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name}")
        database.execute("UPDATE countries SET geom = ? WHERE fid = 1", (blob,))
    with pytest.raises(UnreadableError) as caught:
        sealed((gpkg,), tmp_path / "out")
    assert "8.12" not in f"{caught.value.summary}{caught.value.remedy}"


def test_what_lies_beside_a_file_is_not_looked_at(tmp_path: Path) -> None:
    files = countries(tmp_path, Format.SHAPEFILE)
    (tmp_path / "countries.shp.xml").write_text("<metadata/>")
    (tmp_path / "countries.qix").write_bytes(b"garbage")
    (tmp_path / "countries.cpg").write_text("UTF-16")
    assert rows_of(files[:4]) == COUNTRY_ROWS


def test_text_in_another_encoding_than_the_cpg_says_is_refused_or_recoded(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"word": ["Zürich"]}, geometry=shapely.points([[1, 2]]), crs=4326)
    frame.to_file(tmp_path / "a.shp", encoding="ISO-8859-1")
    files = tuple(tmp_path / f"a{part}" for part in (".shp", ".shx", ".dbf", ".prj", ".cpg"))
    assert content(open_dataset(files)[0])[1] == {"word": ["Zürich"]}
    (tmp_path / "a.cpg").write_text("UTF-8")
    with pytest.raises(UnreadableError):
        rows_of(files)
