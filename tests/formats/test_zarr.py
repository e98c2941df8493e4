"""Zarr stores: arrays that are grids are judged as rasters and leave as GeoTIFF; nothing else of the folder does."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import pytest
import rasterio
from gating.place import ZONES, destination, rule
from gridding import Variable, axes, kelvins, write_zarr

from geogate.gate.intake import dataset_files
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, Format, LayerKind
from geogate.model.verdict import Decision
from geogate.readers import open_dataset, open_named
from geogate.readers.gridded import GriddedSource
from geogate.seal.raster import write_geotiff

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gating.gate import Gate

SECRET = b"14.3217734 48.0713345"
NO_ZONE = rule("no-sites", "expect_no_pixels_in_restricted_zones", zone_list=ZONES, buffer_m=0, max_pixels=0)
TEMPERATURES = kelvins(3, 24, 30)
HEIGHTS = kelvins(24, 30).astype(np.float64)


def model(root: Path, *, packed: bool = False, **more: Variable) -> Path:
    """Write a store as models do, with a secret in every place that is no number of a grid."""
    said = {"note": SECRET.decode()}
    grids = {
        "t2m": Variable(dims=["time", "lat", "lon"], values=TEMPERATURES, attributes=said | {"units": "K"}),
        "height": Variable(dims=["lat", "lon"], values=HEIGHTS),
        "time": Variable(dims=["time"], values=np.arange(3.0), attributes={"units": "hours since 2026-01-01"}),
        "where": Variable(dims=["one"], values=np.array([SECRET])),
    }
    write_zarr(root, axes() | grids | more, packed=packed, history=SECRET.decode())
    (root / "t2m" / "9.9.9").write_bytes(SECRET)
    (root / "notes.txt").write_bytes(SECRET)
    return root


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def source(root: Path) -> GriddedSource:
    (found,) = open_dataset(files(root))
    assert isinstance(found, GriddedSource)
    return found


def canonical(root: Path, target: Path) -> dict[str, Path]:
    found = source(root)
    crs = {layer.name: layer.crs or pyproj.CRS.from_epsg(4326) for layer in found.layers}
    return {path.name: path for path in write_geotiff(found, crs, target)}


def described(array: Path, **changes: Any) -> None:
    """Change what an array says of itself."""
    path = array / ".zarray"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize("packed", [False, True])
def test_arrays_that_are_grids_leave_as_images_and_nothing_else_does(tmp_path: Path, *, packed: bool) -> None:
    root = model(tmp_path / "a.zarr", packed=packed)
    found = source(root)
    assert found.format is Format.ZARR
    kinds = [(layer.name, layer.kind, layer.crs) for layer in found.layers]
    wgs84 = pyproj.CRS.from_epsg(4326)
    assert sorted(name for name, kind, _ in kinds if kind is LayerKind.RASTER) == ["height", "t2m"]
    assert all(crs == wgs84 for _, _, crs in kinds)
    left = {part.what: part.count for part in found.contents if part.fate is Fate.REMOVED}
    assert left["variables that are no grids"] == 4

    written = canonical(root, tmp_path / "a.tif")

    assert written.keys() == {"a_height.tif", "a_t2m.tif"}
    with rasterio.open(written["a_t2m.tif"]) as image:
        assert np.array_equal(image.read(), TEMPERATURES)
        assert image.crs.to_epsg() == 4326
        assert tuple(image.transform)[:6] == pytest.approx((0.01, 0, 8, 0, -0.01, 47.9))
    with rasterio.open(written["a_height.tif"]) as image:
        assert np.array_equal(image.read(1), HEIGHTS)
    assert all(SECRET not in path.read_bytes() for path in written.values())


def test_packed_numbers_are_unpacked(tmp_path: Path) -> None:
    numbers = np.arange(24 * 30, dtype=np.int16).reshape(24, 30)
    numbers[0, 0] = -9
    said = {"scale_factor": 0.5, "add_offset": 10.0, "_FillValue": np.int16(-9)}
    packed = Variable(dims=["lat", "lon"], values=numbers, attributes=said)
    written = canonical(write_zarr(tmp_path / "a.zarr", axes() | {"v": packed}), tmp_path / "a.tif")
    with rasterio.open(written["a.tif"]) as image:
        assert image.read(1)[0, 1:3].tolist() == [10.5, 11.0]
        assert np.isnan(image.read(1)[0, 0])


def test_a_chunk_that_is_not_there_has_the_number_that_stands_for_it(tmp_path: Path) -> None:
    height = Variable(dims=["lat", "lon"], values=HEIGHTS, attributes={"_FillValue": -1.0})
    root = write_zarr(tmp_path / "a.zarr", axes() | {"height": height})
    (root / "height" / "0.0").unlink()
    with rasterio.open(canonical(root, tmp_path / "a.tif")["a.tif"]) as image:
        assert (image.read(1)[:10, :10] == -1).all()
        assert np.array_equal(image.read(1)[10:], HEIGHTS[10:])


def test_a_store_with_a_reference_system_of_its_own_has_that(tmp_path: Path) -> None:
    utm = pyproj.CRS.from_epsg(32633)
    root = write_zarr(
        tmp_path / "a.zarr",
        {
            "y": Variable(dims=["y"], values=5_300_000 - 30.0 * np.arange(24)),
            "x": Variable(dims=["x"], values=400_000 + 30.0 * np.arange(30)),
            "ref": Variable(dims=[], values=np.array(0), attributes={"crs_wkt": utm.to_wkt("WKT1_GDAL")}),
            "h": Variable(dims=["y", "x"], values=HEIGHTS, attributes={"grid_mapping": "ref"}),
        },
    )
    assert {layer.crs.to_epsg() for layer in source(root).layers if layer.crs is not None} == {32633}


@pytest.mark.parametrize("axis", ["lat", "lon"])
@pytest.mark.parametrize("change", ["unit", "another grid"])
def test_without_longitudes_and_latitudes_along_it_a_grid_has_no_reference_system(
    tmp_path: Path, axis: str, change: str
) -> None:
    several = axes()
    if change == "unit":
        several[axis] = Variable(dims=[axis], values=several[axis].values, attributes={"units": "m"})
    else:
        further = Variable(dims=["else"], values=several[axis].values[:5] + 7, attributes=several[axis].attributes)
        several[axis] = Variable(dims=[axis], values=several[axis].values)
        several["else"] = further
    root = write_zarr(tmp_path / "a.zarr", several | {"v": Variable(dims=["lat", "lon"], values=HEIGHTS)})
    assert {layer.crs for layer in source(root).layers} == {None}


def test_a_zipped_store_is_one_source_by_its_own_name(tmp_path: Path) -> None:
    root = model(tmp_path / "a.zarr")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in files(root):
            archive.write(path, f"in/{path.relative_to(tmp_path)}")
    (tmp_path / "scratch").mkdir()
    opened = open_named({tmp_path / "a.zip": "a.zip"}, scratch=tmp_path / "scratch")
    (found,) = opened.sources
    assert opened.names[found.path] == "a.zip/in/a.zarr"
    assert {layer.name for layer in found.layers} == {"height", "t2m", "values-1"}


def test_a_folder_is_one_source_whose_files_belong_to_it(tmp_path: Path) -> None:
    root = model(tmp_path / "a.zarr")
    with dataset_files([str(root)], scratch=tmp_path) as staged:
        (found,) = open_named(staged, scratch=tmp_path).sources
    assert found.format is Format.ZARR


def third_version(root: Path) -> None:
    (root / ".zgroup").unlink()
    (root / "zarr.json").write_text(json.dumps({"zarr_format": 3, "node_type": "group"}))


def two_versions(root: Path) -> None:
    (root / "zarr.json").write_text(json.dumps({"zarr_format": 3, "node_type": "group"}))


def no_grid(root: Path) -> None:
    for name in ("t2m", "height"):
        described(root / name, dtype="|S8")


def cut_chunk(root: Path) -> None:
    path = root / "height" / "1.1"
    path.write_bytes(path.read_bytes()[:-8])


def unknown_codec(root: Path) -> None:
    described(root / "height", compressor={"id": "of-our-own"})


def enormous(root: Path) -> None:
    described(root / "height", shape=[2_000_000_000, 2_000_000_000])


def arrays_without_a_shape(root: Path) -> None:
    for name in ("t2m", "height"):
        (root / name / ".zarray").write_text("{}")


@pytest.mark.parametrize("damage", [third_version, two_versions, no_grid, cut_chunk, arrays_without_a_shape])
def test_a_store_that_cannot_be_read_whole_is_refused(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    root = model(tmp_path / "a.zarr")
    damage(root)
    with pytest.raises(UnreadableError) as refused:
        [list(source(root).batches(layer, crs=pyproj.CRS.from_epsg(4326))) for layer in source(root).layers]
    assert refused.value.remedy


@pytest.mark.parametrize("damage", [unknown_codec, enormous])
def test_an_array_that_cannot_be_opened_or_placed_does_not_leave(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    root = model(tmp_path / "a.zarr")
    damage(root)
    assert canonical(root, tmp_path / "a.tif").keys() == {"a.tif"}
    with rasterio.open(tmp_path / "a.tif") as image:
        assert np.array_equal(image.read(), TEMPERATURES)


@pytest.mark.parametrize("name", ["x14.3217734", "at_48071_14321", "2m"])
def test_names_that_are_not_plain_are_refused(tmp_path: Path, name: str) -> None:
    root = write_zarr(tmp_path / "a.zarr", axes() | {name: Variable(dims=["lat", "lon"], values=HEIGHTS)})
    with pytest.raises(UnreadableError, match="not plain"):
        source(root).layers  # noqa: B018 the property reads


def test_a_store_goes_through_the_gate_and_leaves_as_images(gate: Gate) -> None:
    gate.policies.write_policy([NO_ZONE, destination()], kinds=["raster"])
    gate.send(gate.clear(model(gate.staged / "a.zarr")))
    delivered = gate.delivered()
    assert sorted(name.rpartition("/")[2] for name in delivered) == ["a_height.tif", "a_t2m.tif"]
    assert all(SECRET not in content for content in delivered.values())


def test_bytes_of_a_store_do_not_leave_as_they_are(gate: Gate) -> None:
    gate.policies.write_policy([NO_ZONE, destination()], kinds=["raster"], encoding="verbatim")
    assert gate.screen(model(gate.staged / "a.zarr")).decision is Decision.DENY


def test_a_grid_that_shows_a_zone_is_denied(gate: Gate) -> None:
    gate.policies.write_policy([NO_ZONE, destination()], kinds=["raster"])
    grid = axes(west=19.9, north=20.5)
    root = write_zarr(gate.staged / "a.zarr", grid | {"v": Variable(dims=["lat", "lon"], values=HEIGHTS)})
    verdict = gate.screen(root)
    assert verdict.decision is Decision.DENY
    assert any(finding.summary.startswith("images show ") for finding in verdict.findings)
