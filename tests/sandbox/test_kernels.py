"""What reads geodata works in a child as it does outside: libraries, compiled kernels, threads."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import geopandas
import numpy as np
import pytest
from PIL import Image
from sandboxing import geodata

from geogate.kernels.state import ready
from geogate.sandbox import Child, ChildFailedError, ChildLimitError, Inside, IsolationLevel, Limits, Zygote
from geogate.sandbox.view import Order

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRELOAD = (
    "geogate.readers",
    "geogate.seal.canonical",
    "pyarrow.parquet",
    "pyogrio",
    "pyproj",
    "laspy",
    "sandboxing.geodata",
)


@cache
def zygote() -> Zygote:
    return Zygote(preload=PRELOAD)


@pytest.fixture(scope="module", autouse=True)
def _end_of_zygote() -> Iterator[None]:
    yield
    zygote().close()


def child(level: IsolationLevel, *files: Path, output: Path | None = None) -> Child:
    named = tuple((str(path), path.name) for path in files)
    limits = Limits(memory_bytes=2 << 30, wall_s=60.0)
    order = Order(
        level=level,
        limits=limits,
        files=named,
        output=None if output is None else str(output),
        read_only=(),
    )
    return zygote().start(order, output=output)


def points(rows: int) -> geopandas.GeoDataFrame:
    x = np.round(np.linspace(8, 9, rows), 4)
    return geopandas.GeoDataFrame({"name": ["a"] * rows}, geometry=geopandas.points_from_xy(x, 55 - x), crs=4326)


def write(frame: geopandas.GeoDataFrame, path: Path) -> Path:
    if path.suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path)
    return path


@pytest.mark.parametrize("name", ["a.parquet", "a.gpkg", "a.fgb", "a.geojson"])
def test_a_layer_is_measured_in_a_child_as_outside(level: IsolationLevel, tmp_path: Path, name: str) -> None:
    path = write(points(1000), tmp_path / name)
    bare = geodata.measure(cast("Inside", SimpleNamespace(folder=tmp_path, progress=lambda _rows: None)))
    with child(level, path) as inside:
        heard: list[int] = []
        assert inside.call(geodata.measure, gives=geodata.Read, on_progress=heard.append) == bare
        assert not inside.finish().warned
    assert bare.rows == sum(heard) == 1000


@pytest.mark.parametrize("name", ["a.parquet", "a.gpkg", "a.fgb", "a.geojson"])
def test_a_file_is_written_anew_in_a_child(level: IsolationLevel, tmp_path: Path, name: str) -> None:
    path, output = write(points(1000), tmp_path / name), tmp_path / "output"
    output.mkdir()
    with child(level, path, output=output) as inside:
        ending = inside.finish(inside.call(geodata.encode, gives=list[str]))
    assert not ending.warned
    assert (
        len(geopandas.read_parquet(output / name) if name == "a.parquet" else geopandas.read_file(output / name))
        == 1000
    )
    assert [file.name for file in ending.written] == [name]


def test_compiled_kernels_run_in_a_child_and_are_not_compiled_there(level: IsolationLevel, tmp_path: Path) -> None:
    path = write(points(200_000), tmp_path / "a.parquet")
    with child(level, path) as inside:
        read = inside.call(geodata.measure, gives=geodata.Read, kernels=True)
        assert not inside.finish().warned
    assert read.rows == 200_000
    assert read.kernels is ready()


def test_rasters_point_clouds_and_photos_are_read_also_by_libraries_that_are_loaded_in_the_child(
    level: IsolationLevel, tmp_path: Path
) -> None:
    import laspy
    import rasterio

    with rasterio.open(
        tmp_path / "a.tif",
        "w",
        width=20,
        height=10,
        count=1,
        dtype="uint8",
        crs=4326,
        transform=rasterio.Affine(1, 0, 8, 0, -1, 47),
    ) as raster:
        raster.write(np.ones((1, 10, 20), np.uint8))
    cloud = laspy.create(point_format=0, file_version="1.2")
    cloud.x = cloud.y = cloud.z = np.arange(5.0)
    cloud.write(tmp_path / "b.laz")
    Image.new("RGB", (7, 7)).save(tmp_path / "c.jpg")
    with child(level, *sorted(tmp_path.iterdir())) as inside:
        assert inside.call(geodata.rasters, gives=list[int]) == [200, 5, 7]
        assert not inside.finish().warned


def test_projections_work_in_a_child(level: IsolationLevel) -> None:
    with child(level) as inside:
        assert inside.call(geodata.project, gives=float) == geodata.project(cast("Inside", None))


def test_a_library_that_reaches_for_a_server_ends_its_child_or_fails(level: IsolationLevel) -> None:
    with child(level) as inside, pytest.raises((ChildLimitError, ChildFailedError)):
        inside.call(geodata.remote, gives=str)
