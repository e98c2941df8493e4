from __future__ import annotations

import shutil
import zipfile
from typing import TYPE_CHECKING

import geopandas
import pyogrio
import pytest
from formats.datasets import COUNTRIES, COUNTRY_ROWS

from geogate.gate.intake import dataset_files
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, Format
from geogate.readers import open_dataset, open_named
from geogate.seal.canonical import encode

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:Field pop_est")


@pytest.fixture
def gdb(tmp_path: Path) -> Path:
    folder = tmp_path / "world.gdb"
    frame = geopandas.read_file(COUNTRIES)
    pyogrio.write_dataframe(frame, folder, driver="OpenFileGDB", layer="areas", promote_to_multi=True)
    points = frame.representative_point().to_frame("geometry")
    pyogrio.write_dataframe(points, folder, driver="OpenFileGDB", layer="points")
    return folder


def files(gdb: Path) -> tuple[Path, ...]:
    return tuple(sorted(gdb.iterdir()))


def test_a_folder_is_one_source_with_all_its_layers(gdb: Path, tmp_path: Path) -> None:
    with dataset_files([str(gdb)], scratch=tmp_path) as staged:
        opened = open_named(staged, scratch=tmp_path)
    (source,) = opened.sources
    assert source.format is Format.FILE_GEODATABASE
    assert opened.names[source.path] == "world.gdb"
    assert [(layer.name, layer.rows) for layer in source.layers] == [("areas", COUNTRY_ROWS), ("points", COUNTRY_ROWS)]
    assert ("indexes", Fate.REMOVED) in {(part.what, part.fate) for part in source.contents}


def test_a_zipped_geodatabase_leaves_as_one_geopackage(gdb: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "world.zip", "w") as archive:
        for file in files(gdb):
            archive.write(file, f"in/world.gdb/{file.name}")
    (tmp_path / "scratch").mkdir()
    opened = open_named({tmp_path / "world.zip": "world.zip"}, scratch=tmp_path / "scratch")
    (source,) = opened.sources
    layers = {layer.name: layer.crs for layer in source.layers}
    (tmp_path / "out").mkdir()
    pairs = [(source, {name: crs for name, crs in layers.items() if crs is not None})]
    (out,) = encode(pairs, into=tmp_path / "out", shapefile_as=Format.GEOPACKAGE, names=opened.names)
    assert out.name == "world.gpkg"
    assert [layer.name for layer in open_dataset((out,))[0].layers] == ["areas", "points"]


def test_a_file_that_belongs_to_no_table_is_refused(gdb: Path) -> None:
    (gdb / "notes.txt").write_text("8.5 47.3")
    with pytest.raises(UnreadableError, match="belong to none of its tables"):
        open_dataset(files(gdb))[0].layers  # noqa: B018 - reading it is the point


def test_a_folder_within_is_refused(gdb: Path) -> None:
    (gdb / "deeper").mkdir()
    (gdb / "deeper" / "a00000001.gdbtable").write_bytes(b"")
    with pytest.raises(UnreadableError, match="belong to none of its tables"):
        open_dataset((*files(gdb)[:-3], gdb / "deeper" / "a00000001.gdbtable"))[0].layers  # noqa: B018 - see above


def test_a_table_that_the_catalogue_does_not_name_is_refused(gdb: Path) -> None:
    for suffix in ("gdbtable", "gdbtablx"):
        shutil.copy(gdb / f"a0000000a.{suffix}", gdb / f"a000000ff.{suffix}")
    with pytest.raises(UnreadableError, match="does not name"):
        open_dataset(files(gdb))[0].layers  # noqa: B018 - reading it is the point


def test_a_layer_without_its_files_is_refused(gdb: Path) -> None:
    for file in gdb.glob("a0000000a.*"):
        file.unlink()
    with pytest.raises(UnreadableError):
        open_dataset(files(gdb))[0].layers  # noqa: B018 - reading it is the point


def test_a_table_without_geometries_is_refused(gdb: Path) -> None:
    pyogrio.write_dataframe(
        geopandas.read_file(COUNTRIES).drop(columns="geometry"), gdb, driver="OpenFileGDB", layer="list"
    )
    with pytest.raises(UnreadableError, match="no geometries"):
        open_dataset(files(gdb))[0].layers  # noqa: B018 - reading it is the point


@pytest.mark.parametrize(
    "name", ["a00000001.gdbtable", "a00000009.gdbtable", "a00000009.gdbtablx", "a00000004.gdbtable"]
)
def test_a_damaged_table_is_refused(name: str, gdb: Path) -> None:
    data = (gdb / name).read_bytes()
    for damaged in (b"", data[: len(data) // 2], b"\0" * len(data)):
        (gdb / name).write_bytes(damaged)
        with pytest.raises(UnreadableError):
            [b for s in open_dataset(files(gdb)) for la in s.layers for b in s.batches(la, crs=la.crs)]  # type: ignore[arg-type]
