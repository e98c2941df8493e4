from __future__ import annotations

import gzip
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import geopandas
import pyogrio
import pytest
import shapely
from formats.datasets import COUNTRIES, content, sealed

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, Format
from geogate.readers import open_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.measures.source import Source

ZOOMS = 3


@pytest.fixture
def tiles(tmp_path: Path) -> dict[Format, Path]:
    frame = geopandas.read_file(COUNTRIES)[["name", "geometry"]]
    files = {Format.MBTILES: tmp_path / "a.mbtiles", Format.PMTILES: tmp_path / "a.pmtiles"}
    for kind, file in files.items():
        options = {"MINZOOM": "0", "MAXZOOM": str(ZOOMS - 1)}
        pyogrio.write_dataframe(frame, file, driver=str(kind), layer="land", dataset_options=options)
    return files


def opened(file: Path) -> Source:
    (source,) = open_dataset((file,))
    return source


@pytest.mark.parametrize("kind", [Format.MBTILES, Format.PMTILES])
def test_every_zoom_is_a_layer_and_the_finest_has_all_that_gdal_reads(kind: Format, tiles: dict[Format, Path]) -> None:
    source = opened(tiles[kind])
    assert source.format is kind
    assert [layer.name for layer in source.layers] == [f"land@{zoom}" for zoom in range(ZOOMS)]
    read = geopandas.read_file(tiles[kind])
    wkb, rows = content(source, ZOOMS - 1)
    found = geopandas.GeoDataFrame(rows, geometry=shapely.from_wkb(wkb), crs=3857)
    # GDAL cuts features at the rim of their tile, and does not show what lies in the margin around it.
    assert len(found) >= len(read)
    shown, whole = (shapely.union_all(shapely.make_valid(frame.geometry.to_numpy())) for frame in (read, found))
    assert shown.difference(whole.buffer(1)).area < shown.area / 1e9
    assert whole.area == pytest.approx(shown.area, rel=0.02)


def test_both_containers_of_tiles_give_the_same_layers(tiles: dict[Format, Path]) -> None:
    one, other = opened(tiles[Format.MBTILES]), opened(tiles[Format.PMTILES])
    for number in range(ZOOMS):
        assert sorted(map(str, content(one, number)[0])) == sorted(map(str, content(other, number)[0]))


def test_tiles_leave_as_a_geopackage_with_a_layer_for_each_zoom(tiles: dict[Format, Path], tmp_path: Path) -> None:
    (out,) = sealed((tiles[Format.MBTILES],), tmp_path / "out")
    assert [layer.name for layer in open_dataset((out,))[0].layers] == [f"land@{zoom}" for zoom in range(ZOOMS)]
    assert Fate.REMOVED in {part.fate for part in opened(tiles[Format.PMTILES]).contents}


def change(file: Path, *statements: str, data: bytes = b"") -> Path:
    with closing(sqlite3.connect(file)) as database, database:
        for statement in statements:
            database.execute(statement, (data,) if "?" in statement else ())
    return file


@pytest.mark.parametrize(
    ("statement", "data", "message"),
    [
        ("CREATE TABLE hidden (wkt TEXT)", b"", "no tiles"),
        ("CREATE VIEW hidden AS SELECT 1", b"", "no tiles"),
        ("INSERT INTO metadata VALUES ('scheme', 'xyz')", b"", "uncommon way"),
        ("UPDATE tiles SET zoom_level = 99 WHERE zoom_level = 0", b"", "outside of their zoom"),
        ("UPDATE tiles SET tile_column = -1 WHERE zoom_level = 0", b"", "outside of their zoom"),
        ("UPDATE tiles SET zoom_level = 'x' WHERE zoom_level = 0", b"", "are damaged"),
        ("UPDATE tiles SET tile_data = ?", b"\x89PNG\r\n", "are images"),
        ("UPDATE tiles SET tile_data = ?", b"\x1f\x8b\x08cut", "are damaged|cut short"),
        ("UPDATE tiles SET tile_data = ?", gzip.compress(b"", mtime=0) + b"secret", "followed by something"),
        ("UPDATE tiles SET tile_data = ?", gzip.compress(b"\0" * (33 << 20), mtime=0), "too large"),
        ("UPDATE tiles SET tile_data = ?", b"\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "are damaged"),
        ("UPDATE tiles SET tile_data = ?", b"\x1a\x05\x0a\x01a", "are damaged"),
        ("UPDATE tiles SET tile_data = ?", b"\x12\x01a", "no layer"),
        ("UPDATE tiles SET tile_data = ?", b"\x1a\x02\x28\x00", "without a name"),
        ("UPDATE tiles SET tile_data = ?", b"\x1a\x06\x0a\x01a\x4a\x01x", "not read"),
        ("DELETE FROM tiles", b"", "no features"),
    ],
)
def test_what_is_odd_is_refused(statement: str, data: bytes, message: str, tiles: dict[Format, Path]) -> None:
    file = change(tiles[Format.MBTILES], statement, data=data)
    with pytest.raises(UnreadableError, match=message):
        opened(file).layers  # noqa: B018 - reading it is the point


def test_a_view_without_end_is_stopped(tiles: dict[Format, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT 0 zoom_level, x tile_column"
    view = f"CREATE VIEW tiles AS {endless}, 0 tile_row, x'' tile_data FROM n"
    file = change(tiles[Format.MBTILES], "DROP TABLE tiles", view)
    monkeypatch.setattr("geogate.readers.tiles.MOST_STEPS", 1_000_000)
    with pytest.raises(UnreadableError):
        opened(file).layers  # noqa: B018 - reading it is the point


@pytest.mark.parametrize(("at", "byte"), [(7, 2), (8, 255), (16, 255), (56, 255), (64, 0), (97, 4), (98, 3), (99, 2)])
def test_a_header_of_pmtiles_that_points_elsewhere_is_refused(at: int, byte: int, tiles: dict[Format, Path]) -> None:
    data = bytearray(tiles[Format.PMTILES].read_bytes())
    data[at] = byte
    tiles[Format.PMTILES].write_bytes(data)
    with pytest.raises(UnreadableError):
        opened(tiles[Format.PMTILES]).layers  # noqa: B018 - reading it is the point


def test_a_tile_lies_where_its_numbers_say(tiles: dict[Format, Path]) -> None:
    tile = bytes(
        [0x1A, 0x10, 0x0A, 0x01, 0x61, 0x78, 0x02, 0x12, 0x07, 0x18, 0x01, 0x22, 0x03, 0x09, 0x00, 0x00, 0x28, 0x01]
    )
    file = change(
        tiles[Format.MBTILES],
        "DELETE FROM tiles",
        "INSERT INTO tiles VALUES (1, 1, 0, ?)",
        data=tile,
    )
    (layer,) = opened(file).layers
    assert layer.name == "a@1"
    wkb, _ = content(opened(file))
    assert [str(shape) for shape in shapely.from_wkb(wkb)] == ["MULTIPOINT ((0 0))"]
