"""NetCDF and GRIB: each variable that is a grid is judged as a raster and leaves as GeoTIFF; nothing else does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyproj
import pytest
import rasterio
from gating.place import ZONES, destination, rule
from gridding import LAT, LON, Variable, axes, kelvins, write_by_gdal, write_netcdf

from geogate.libraries.netcdf import require_whole
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, Format, LayerKind
from geogate.model.verdict import Decision
from geogate.readers import open_dataset
from geogate.readers.gridded import GriddedSource
from geogate.seal.raster import write_geotiff

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gating.gate import Gate

SECRET = b"14.3217734 48.0713345"
NO_ZONE = rule("no-sites", "expect_no_pixels_in_restricted_zones", zone_list=ZONES, buffer_m=0, max_pixels=0)
GRID = ["time", "lat", "lon"]


def temperatures(**attributes: Any) -> Variable:
    said = {"units": "K", "standard_name": "air_temperature"} | attributes
    return Variable(dims=GRID, values=kelvins(3, 24, 30), attributes=said)


def hours() -> Variable:
    return Variable(
        dims=["time"], values=np.arange(3.0), attributes={"units": "hours since 2026-01-01", "bounds": "time_bnds"}
    )


def model(path: Path, **more: Variable) -> Path:
    """Write a file as models do: a variable with steps of time on longitudes and latitudes."""
    return write_netcdf(path, {"time": hours(), **axes(), "t2m": temperatures(), **more}, history=SECRET.decode())


def source(path: Path) -> GriddedSource:
    (found,) = open_dataset([path])
    assert isinstance(found, GriddedSource)
    return found


def kinds(path: Path) -> list[tuple[str, LayerKind]]:
    return [(layer.name, layer.kind) for layer in source(path).layers]


def left_out(path: Path) -> dict[str, int]:
    return {part.what: part.count for part in source(path).contents if part.fate is Fate.REMOVED}


def canonical(path: Path, target: Path) -> tuple[Path, ...]:
    found = source(path)
    crs = {layer.name: pyproj.CRS.from_epsg(4326) for layer in found.layers}
    return write_geotiff(found, crs, target)


def test_a_variable_is_a_raster_whose_bands_are_the_steps_of_its_further_axes(tmp_path: Path) -> None:
    path = model(tmp_path / "a.nc")
    assert kinds(path) == [("t2m", LayerKind.RASTER), ("values-1", LayerKind.RASTER_VALUES)]
    shown, values = source(path).layers
    assert shown.crs == pyproj.CRS.from_epsg(4326)
    assert values.attributes.names == ["t2m_1", "t2m_2", "t2m_3"]
    (window,) = source(path).batches(shown, crs=pyproj.CRS.from_epsg(4326))
    (row,) = window.attributes.to_pylist()
    assert (row["bands"], row["data_type"], row["image_columns"], row["image_rows"]) == (3, "float32", 30, 24)
    assert row["gsd_y_m"] == pytest.approx(1111.8, abs=0.5)
    assert row["gsd_x_m"] == pytest.approx(748, abs=2)


def test_values_are_those_of_the_file_at_the_middles_of_its_cells(tmp_path: Path) -> None:
    found = source(model(tmp_path / "a.nc"))
    layer = found.layers[1]
    (batch,) = found.batches(layer, crs=pyproj.CRS.from_epsg(4326))
    assert np.array_equal(batch.attributes.column("t2m_2").to_numpy(), kelvins(3, 24, 30)[1].ravel())
    x, y = batch.geometries.xy.T
    assert np.allclose(x.reshape(24, 30), 8.005 + 0.01 * np.arange(30), atol=1e-9)
    assert np.allclose(y.reshape(24, 30).T, 47.895 - 0.01 * np.arange(24), atol=1e-9)


def test_variables_on_one_grid_have_their_values_in_one_layer(tmp_path: Path) -> None:
    heights = Variable(dims=["lat", "lon"], values=kelvins(24, 30).astype(np.float64))
    coarse = {
        name + "2": Variable(dims=[name + "2"], values=each.values, attributes=each.attributes)
        for name, each in axes(12, 15, step=0.02).items()
    }
    rough = Variable(dims=["lat2", "lon2"], values=kelvins(12, 15))
    path = write_netcdf(
        tmp_path / "a.nc",
        {"time": hours(), **axes(), **coarse, "t2m": temperatures(), "height": heights, "rough": rough},
    )
    columns = [layer.attributes.names for layer in source(path).layers if layer.kind is LayerKind.RASTER_VALUES]
    assert columns == [["t2m_1", "t2m_2", "t2m_3", "height_1"], ["rough_1"]]


def test_each_variable_leaves_as_a_geotiff_and_nothing_else_does(tmp_path: Path) -> None:
    heights = Variable(dims=["lat", "lon"], values=kelvins(24, 30).astype(np.float64))
    path = model(tmp_path / "a.nc", height=heights)
    first, second = canonical(path, tmp_path / "a.tif")
    assert (first.name, second.name) == ("a_t2m.tif", "a_height.tif")
    with rasterio.open(first) as image:
        assert np.array_equal(image.read(), kelvins(3, 24, 30))
        assert image.crs.to_epsg() == 4326
        assert tuple(image.transform)[:6] == pytest.approx((0.01, 0, 8, 0, -0.01, 47.9))
    with rasterio.open(second) as image:
        assert np.array_equal(image.read(1), heights.values)
    assert SECRET in path.read_bytes()
    assert all(SECRET not in each.read_bytes() for each in (first, second))


def test_the_only_variable_leaves_under_the_name_of_the_file(tmp_path: Path) -> None:
    (written,) = canonical(model(tmp_path / "a.nc"), tmp_path / "a.tif")
    assert written.name == "a.tif"


def test_packed_numbers_are_unpacked_before_they_are_judged_and_leave(tmp_path: Path) -> None:
    packed = np.arange(24 * 30, dtype=np.int16).reshape(24, 30)
    packed[0, 0] = -9
    said = {"scale_factor": np.float64(0.5), "add_offset": np.float64(10), "_FillValue": np.int16(-9)}
    path = write_netcdf(
        tmp_path / "a.nc", axes() | {"v": Variable(dims=["lat", "lon"], values=packed, attributes=said)}
    )
    found = source(path)
    (batch,) = found.batches(found.layers[1], crs=pyproj.CRS.from_epsg(4326))
    assert batch.attributes.column(0).to_pylist()[:3] == [None, 10.5, 11.0]
    (written,) = canonical(path, tmp_path / "a.tif")
    with rasterio.open(written) as image:
        assert image.dtypes == ("float32",)
        assert image.read(1)[0, 1:3].tolist() == [10.5, 11.0]
        assert np.isnan(image.read(1)[0, 0])


def test_a_grid_that_begins_in_the_south_is_where_it_is(tmp_path: Path) -> None:
    turned = axes()
    turned["lat"] = Variable(dims=["lat"], values=turned["lat"].values[::-1], attributes=LAT)
    values = kelvins(24, 30)
    path = write_netcdf(tmp_path / "a.nc", turned | {"v": Variable(dims=["lat", "lon"], values=values)})
    (written,) = canonical(path, tmp_path / "a.tif")
    with rasterio.open(written) as image:
        row, column = image.index(8.015, 47.9 - 0.235)
        assert image.read(1)[row, column] == values[0, 1]


def test_axes_bounds_and_other_variables_are_named_and_left_out(tmp_path: Path) -> None:
    bounds = Variable(dims=["time", "nv"], values=np.arange(6.0).reshape(3, 2))
    path = model(tmp_path / "a.nc", time_bnds=bounds)
    assert kinds(path)[0] == ("t2m", LayerKind.RASTER)
    assert left_out(path) == {
        "attributes, axes besides those of the map, and all other bytes": 1,
        "variables that are no grids": 1,
    }


def stations(path: Path) -> Path:
    place = np.array([14.3217734, 14.32, 14.33])
    return write_netcdf(
        path,
        {
            "lat": Variable(dims=["obs"], values=place + 33.75, attributes=LAT),
            "lon": Variable(dims=["obs"], values=place, attributes=LON),
            "t": Variable(dims=["obs"], values=kelvins(3), attributes={"coordinates": "lat lon"}),
        },
        featureType="point",
    )


def irregular(path: Path) -> Path:
    uneven = axes()
    uneven["lat"] = Variable(dims=["lat"], values=47.9 - np.arange(24.0) ** 2 / 100, attributes=LAT)
    return write_netcdf(path, uneven | {"v": Variable(dims=["lat", "lon"], values=kelvins(24, 30))})


def curved(path: Path) -> Path:
    lon, lat = np.meshgrid(np.linspace(8, 9, 30), np.linspace(48, 47, 24))
    said = {"coordinates": "lon lat"}
    return write_netcdf(
        path,
        {
            "lon": Variable(dims=["y", "x"], values=lon + lat / 10, attributes=LON),
            "lat": Variable(dims=["y", "x"], values=lat, attributes=LAT),
            "v": Variable(dims=["y", "x"], values=kelvins(24, 30), attributes=said),
        },
    )


def placeless(path: Path) -> Path:
    return write_netcdf(path, {"v": Variable(dims=["a", "b"], values=kelvins(24, 30))})


def empty(path: Path) -> Path:
    return write_netcdf(path, {})


@pytest.mark.parametrize("write", [stations, irregular, curved, placeless, empty])
def test_a_file_without_a_grid_of_equal_steps_is_refused_with_advice(
    tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    with pytest.raises(UnreadableError, match="no variable of the NetCDF file is a grid") as refused:
        source(write(tmp_path / "a.nc")).layers  # noqa: B018 the property reads
    assert "GeoParquet" in refused.value.remedy


@pytest.mark.parametrize("name", ["x14.3217734", "x143217734", "at_48071_14321", "a" * 65, "2m", "a b"])
def test_names_that_are_not_plain_are_refused(tmp_path: Path, name: str) -> None:
    path = write_netcdf(tmp_path / "a.nc", axes() | {name: Variable(dims=["lat", "lon"], values=kelvins(24, 30))})
    with pytest.raises(UnreadableError):
        source(path).layers  # noqa: B018 the property reads


def test_a_file_that_claims_more_than_its_bytes_hold_is_refused(tmp_path: Path) -> None:
    path = model(tmp_path / "a.nc")
    data = bytearray(path.read_bytes())
    at = data.index(b"lon\0") + 4
    data[at : at + 4] = (2_000_000_000).to_bytes(4)
    path.write_bytes(data)
    with pytest.raises(UnreadableError):
        source(path).layers  # noqa: B018 the property reads


def test_what_lies_beside_is_refused(tmp_path: Path) -> None:
    path = model(tmp_path / "a.nc")
    beside = tmp_path / "a.nc.aux.xml"
    beside.write_text("<PAMDataset/>")
    with pytest.raises(UnreadableError, match="files beside the grids"):
        [each.layers for each in open_dataset([path, beside])]


@pytest.mark.parametrize(
    ("name", "driver", "options"),
    [
        ("a.nc", "netCDF", {"FORMAT": "NC"}),
        ("a.nc", "netCDF", {"FORMAT": "NC2"}),
        ("a.nc", "netCDF", {"FORMAT": "NC4", "COMPRESS": "DEFLATE"}),
        ("a.nc", "netCDF", {"FORMAT": "NC4C"}),
        ("a.grib2", "GRIB", {"DATA_ENCODING": "IEEE_FLOATING_POINT"}),
        ("a.grib2", "GRIB", {"DATA_ENCODING": "SIMPLE_PACKING"}),
    ],
    ids=str,
)
def test_every_kind_of_file_gives_the_same_numbers_in_the_same_place(
    tmp_path: Path, name: str, driver: str, options: dict[str, str]
) -> None:
    drawn = np.rint(kelvins(1, 24, 30) * 4) / 4
    path = write_by_gdal(tmp_path / name, drawn, driver, **options)
    (written,) = canonical(path, tmp_path / "out.tif")
    with rasterio.open(written) as image:
        near = 1e-9 if "SIMPLE" not in str(options) else 0.01
        assert np.abs(image.read() - drawn).max() <= near
        assert tuple(image.transform)[:6] == pytest.approx((0.01, 0, 8, 0, -0.01, 47.9), abs=1e-6)


def test_messages_of_grib_that_tell_the_same_are_bands_of_one_layer(tmp_path: Path) -> None:
    path = write_by_gdal(tmp_path / "a.grib2", kelvins(3, 24, 30), "GRIB")
    assert source(path).format is Format.GRIB
    assert [kind for _, kind in kinds(path)] == [LayerKind.RASTER, LayerKind.RASTER_VALUES]
    assert len(source(path).layers[1].attributes) == 3


def test_messages_of_grib_on_another_grid_are_refused(tmp_path: Path) -> None:
    path = write_by_gdal(tmp_path / "a.grib2", kelvins(2, 24, 30), "GRIB")
    data = bytearray(path.read_bytes())
    second = data.index(b"GRIB", 4)
    north = (47_895_000).to_bytes(4)
    at = data.index(north, second)
    data[at : at + 4] = (48_895_000).to_bytes(4)
    path.write_bytes(data)
    with pytest.raises(UnreadableError, match="lie on different grids"):
        source(path).layers  # noqa: B018 the property reads


@pytest.mark.parametrize("hidden", [SECRET, b"GRIB", b"\0" * 8], ids=["text", "half a message", "zeros"])
@pytest.mark.parametrize("behind", [True, False])
def test_bytes_between_messages_of_grib_are_refused(tmp_path: Path, hidden: bytes, *, behind: bool) -> None:
    path = write_by_gdal(tmp_path / "a.grib2", kelvins(2, 24, 30), "GRIB")
    data = path.read_bytes()
    at = len(data) if behind else data.index(b"GRIB", 4)
    path.write_bytes(data[:at] + hidden + data[at:])
    with pytest.raises(UnreadableError, match="not one message after the other"):
        source(path).layers  # noqa: B018 the property reads


@pytest.mark.parametrize("numbers", ["NC", "NC2", "NC4"])
def test_a_file_that_lacks_its_last_number_is_refused(tmp_path: Path, numbers: str) -> None:
    path = write_by_gdal(tmp_path / "a.nc", kelvins(1, 24, 30), "netCDF", FORMAT=numbers)
    source(path).layers  # noqa: B018 the property reads
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(UnreadableError):
        source(path).layers  # noqa: B018 the property reads


@pytest.mark.parametrize("records", [0, 1, 3])
@pytest.mark.parametrize("variables", [1, 2])
def test_all_records_must_be_there(tmp_path: Path, records: int, variables: int) -> None:
    steps = np.arange(float(3 * variables)).reshape(variables, 3)[:, :, None]
    several = {f"v{n}": Variable(dims=["time", "one"], values=each) for n, each in enumerate(steps)}
    path = write_netcdf(tmp_path / "a.nc", several)
    data = bytearray(path.read_bytes())
    data[4:8] = records.to_bytes(4)
    at = data.index(b"time") + 4
    data[at : at + 4] = bytes(4)
    header = len(data) - 8 * 3 * variables
    # Each record has one number of every variable.
    data[header - 4 : header] = (header + 8 * (variables - 1)).to_bytes(4)
    whole = header + 8 * records * variables
    path.write_bytes(data[:whole])
    require_whole(path)
    if records:
        path.write_bytes(data[: whole - 1])
        with pytest.raises(UnreadableError, match="shorter than it says"):
            require_whole(path)


@pytest.mark.parametrize(
    "data", [b"CDF\x01", b"CDF\x03" + bytes(40), b"CDF\x01" + b"\xff" * 60, b"CDF\x05" + b"\0" * 9]
)
def test_a_header_that_says_too_little_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.nc").write_bytes(data)
    with pytest.raises(UnreadableError, match="shorter than it says"):
        require_whole(tmp_path / "a.nc")


@pytest.mark.parametrize("share", [0.1, 0.4, 0.8, 0.99])
@pytest.mark.parametrize("name", ["a.nc", "a.grib2"])
def test_a_file_that_was_cut_is_refused_or_denied_while_it_is_read(tmp_path: Path, name: str, share: float) -> None:
    path = tmp_path / name
    if name == "a.nc":
        model(path)
    else:
        write_by_gdal(path, kelvins(3, 24, 30), "GRIB")
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(UnreadableError):
        [list(source(path).batches(layer, crs=pyproj.CRS.from_epsg(4326))) for layer in source(path).layers]


def test_a_model_goes_through_the_gate_and_leaves_as_images(gate: Gate) -> None:
    gate.policies.write_policy([NO_ZONE, destination()], kinds=["raster"])
    submission = gate.submit(model(gate.staged / "a.nc"))
    assert submission.clearance is not None, submission.verdict.findings
    gate.send(submission.clearance)
    ((name, content),) = gate.delivered().items()
    assert name.endswith("a.tif")
    assert SECRET not in content
    with rasterio.MemoryFile(content) as memory, memory.open() as sent:
        assert np.array_equal(sent.read(), kelvins(3, 24, 30))


def test_grib_goes_through_the_gate(gate: Gate) -> None:
    gate.policies.write_policy([NO_ZONE, destination()], kinds=["raster"])
    verdict = gate.screen(write_by_gdal(gate.staged / "a.grib2", kelvins(2, 24, 30), "GRIB"))
    assert verdict.decision is Decision.CLEAR, verdict.findings


def test_bytes_of_grids_do_not_leave_as_they_are(gate: Gate) -> None:
    gate.policies.write_policy([NO_ZONE, destination()], kinds=["raster"], encoding="verbatim")
    verdict = gate.screen(model(gate.staged / "a.nc"))
    assert verdict.decision is Decision.DENY
    assert {finding.rule for finding in verdict.findings} == {"gate/unjudged-part"}


def test_a_grid_that_shows_a_zone_is_denied(gate: Gate) -> None:
    gate.policies.write_policy([NO_ZONE, destination()], kinds=["raster"])
    grid = axes(west=19.9, north=20.5)
    path = write_netcdf(gate.staged / "a.nc", grid | {"v": Variable(dims=["lat", "lon"], values=kelvins(24, 30))})
    verdict = gate.screen(path)
    assert verdict.decision is Decision.DENY
    assert any(finding.summary.startswith("images show ") for finding in verdict.findings)


def test_positions_over_two_variables_are_found(gate: Gate) -> None:
    gate.policies.write_policy([NO_ZONE, destination()], kinds=["raster"])
    random = np.random.default_rng(2)
    several = {
        name: Variable(dims=["lat", "lon"], values=middle + random.normal(0, 0.05, (24, 30)))
        for name, middle in (("a", 8.1), ("b", 47.8))
    }
    verdict = gate.screen(write_netcdf(gate.staged / "a.nc", axes() | several))
    assert verdict.decision is Decision.DENY
    assert any(summary.name.endswith("#1") for summary in verdict.layers)
