"""Point clouds: what is read of them, what becomes of each part, and what leaves."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import laspy
import numpy as np
import pyproj
import pytest
from gating.place import destination, rule, zones
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from laspy.vlrs.vlrlist import VLRList

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, Format, LayerKind
from geogate.model.verdict import Decision
from geogate.readers import open_dataset
from geogate.readers.point_cloud import PointCloudSource
from geogate.seal.canonical import encode

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate

UTM = pyproj.CRS.from_epsg(25832)
POINTS = 300


def cloud(*, point_format: int = 6, version: str = "1.4", crs: pyproj.CRS | None = UTM) -> laspy.LasData:
    """Give points on a square of 300 metres."""
    header = laspy.LasHeader(point_format=point_format, version=version)
    header.scales, header.offsets = np.array([0.01, 0.01, 0.01]), np.array([600_000.25, 5_750_000.0, 100.0])
    if crs is not None:
        header.add_crs(crs)
    las = laspy.LasData(header)
    rng = np.random.default_rng(7)
    las.x, las.y = 600_000 + rng.random(POINTS) * 300, 5_750_000 + rng.random(POINTS) * 300
    las.z = 100 + rng.random(POINTS) * 20
    las.intensity = rng.integers(0, 60_000, POINTS)
    las.user_data = np.arange(POINTS) % 256
    return las


def save(folder: Path, las: laspy.LasData | None = None, name: str = "cloud.las") -> Path:
    path = folder / name
    (las or cloud()).write(path)
    return path


def source(path: Path) -> PointCloudSource:
    (opened,) = open_dataset((path,))
    assert isinstance(opened, PointCloudSource)
    return opened


def table(path: Path) -> tuple[np.ndarray[Any, Any], dict[str, list[Any]]]:
    """Read all positions and columns."""
    opened = source(path)
    (layer,) = opened.layers
    assert layer.kind is LayerKind.POINT_CLOUD
    batches = list(opened.batches(layer, crs=layer.crs or UTM))
    assert sum(batch.rows for batch in batches) == layer.rows
    columns: dict[str, list[Any]] = {name: [] for name in layer.attributes.names}
    for batch in batches:
        for name, values in batch.attributes.to_pydict().items():
            columns[name] += values
    return np.concatenate([batch.geometries.xy for batch in batches]), columns


def odd(path: Path) -> set[str]:
    return {part.what for part in source(path).contents if part.fate is not Fate.JUDGED}


def sealed(path: Path) -> Path:
    opened = source(path)
    into = path.parent / "sealed"
    into.mkdir(exist_ok=True)
    for old in into.iterdir():
        if old != path:
            old.unlink()
    target = into / "next"
    target.mkdir(exist_ok=True) if not target.exists() else None
    layers = {layer.name: layer.crs or UTM for layer in opened.layers}
    (written,) = encode([(opened, layers)], into=target, shapefile_as=Format.GEOPACKAGE)
    return written


@pytest.mark.parametrize(
    ("point_format", "version"), [(0, "1.2"), (1, "1.2"), (3, "1.3"), (6, "1.4"), (7, "1.4"), (8, "1.4")]
)
@pytest.mark.parametrize("name", ["cloud.las", "cloud.laz"])
def test_points_leave_as_they_are_read(point_format: int, version: str, name: str, tmp_path: Path) -> None:
    path = save(tmp_path, cloud(point_format=point_format, version=version), name)
    before, columns = table(path)
    written = sealed(path)
    after, again = table(written)
    assert written.suffix == ".laz"
    assert np.abs(before - after).max() < 1e-9
    assert again.keys() == columns.keys()
    assert all(again[name] == columns[name] for name in columns if name != "z")
    assert again["z"] == pytest.approx(columns["z"])
    assert odd(written) == set()


def test_what_leaves_is_written_the_same_again(tmp_path: Path) -> None:
    once = sealed(save(tmp_path))
    other = tmp_path / "other"
    other.mkdir()
    copy = other / once.name
    copy.write_bytes(once.read_bytes())
    assert sealed(copy).read_bytes() == once.read_bytes()


def test_the_offset_of_a_file_does_not_leave_but_in_the_points(tmp_path: Path) -> None:
    las = cloud()
    las.change_scaling(offsets=[123_456.78, 7_654_321.0, 99.0])
    with laspy.open(sealed(save(tmp_path, las))) as written:
        assert list(written.header.offsets) == [0.0, 0.0, 0.0]


def test_points_too_far_from_zero_for_their_scale_get_a_round_offset(tmp_path: Path) -> None:
    las = cloud()
    las.change_scaling(scales=[0.001, 0.001, 0.001])
    path = save(tmp_path, las)
    before, _ = table(path)
    after, _ = table(sealed(path))
    assert np.abs(before - after).max() < 1e-8
    with laspy.open(tmp_path / "sealed/next/cloud.laz") as written:
        assert written.header.offsets[1] % 1000 == 0


def test_extra_dimensions_are_columns_and_leave_without_their_description(tmp_path: Path) -> None:
    las = cloud()
    las.add_extra_dim(laspy.ExtraBytesParams("quality", np.float64, description="a secret"))
    las.add_extra_dim(laspy.ExtraBytesParams("normal", "3f4"))
    las["quality"] = np.arange(POINTS) / 7
    path = save(tmp_path, las)
    _, columns = table(path)
    assert columns["quality"][:2] == [0, 1 / 7]
    assert "normal[2]" in columns
    written = sealed(path)
    assert b"a secret" not in written.read_bytes()
    assert table(written)[1]["quality"] == columns["quality"]


def test_every_nan_of_a_dimension_leaves_as_one(tmp_path: Path) -> None:
    las = cloud()
    las.add_extra_dim(laspy.ExtraBytesParams("quality", np.float64))
    las["quality"] = (np.uint64(0x7FF8_0000_0000_0000) | np.arange(POINTS, dtype=np.uint64)).view(np.float64)
    path = save(tmp_path, las)
    for file, expected in ((path, POINTS), (sealed(path), 1)):
        with laspy.open(file) as reader:
            found = np.asarray(reader.read()["quality"]).view(np.uint64)
        assert len(np.unique(found)) == expected


def test_what_stands_beside_the_points_is_named_and_does_not_leave(tmp_path: Path) -> None:
    las = cloud()
    las.header.system_identifier = "my plane"
    las.header.file_source_id = 9
    las.vlrs.append(laspy.VLR("own", 7, "notes", b"hidden"))
    las.vlrs.append(laspy.VLR("LASF_Spec", 3, "", b"hidden"))
    las.evlrs = VLRList([laspy.VLR("own", 8, "late", b"hidden")])
    path = save(tmp_path, las)
    path.write_bytes(path.read_bytes() + b"hidden")
    assert odd(path) >= {
        "texts of the header",
        "file source ids",
        "dates",
        "records of other kinds",
        "texts and tables of classes",
        "bytes behind the points",
        "reference systems in words of their own",
    }
    written = sealed(path).read_bytes()
    assert b"hidden" not in written
    assert b"plane" not in written


def test_bytes_behind_the_points_are_named_in_every_version(tmp_path: Path) -> None:
    for point_format, version in ((1, "1.2"), (6, "1.4")):
        path = save(tmp_path, cloud(point_format=point_format, version=version))
        assert "bytes behind the points" not in odd(path)
        path.write_bytes(path.read_bytes() + b"hidden")
        assert "bytes behind the points" in odd(path)


def test_bytes_of_points_that_nothing_describes_do_not_leave(tmp_path: Path) -> None:
    data = bytearray(save(tmp_path).read_bytes())
    (at,) = struct.unpack_from("<I", data, 96)
    (size,) = struct.unpack_from("<H", data, 105)
    points = b"".join(data[at + n * size : at + (n + 1) * size] + b"hide" for n in range(POINTS))
    struct.pack_into("<H", data, 105, size + 4)
    path = tmp_path / "cloud.las"
    path.write_bytes(bytes(data[:at]) + points)
    assert "bytes of points that are not described" in odd(path)
    assert not any(name.startswith("Extra") for name in table(path)[1])
    assert odd(sealed(path)) == set()


def test_waveforms_are_refused(tmp_path: Path) -> None:
    path = save(tmp_path, cloud(point_format=4, version="1.3"))
    assert [part.what for part in source(path).contents if part.fate is Fate.REFUSED] == ["waveforms"]


def test_a_cloud_without_a_reference_system_has_none(tmp_path: Path) -> None:
    (layer,) = source(save(tmp_path, cloud(crs=None))).layers
    assert layer.crs is None


def test_two_reference_systems_are_refused(tmp_path: Path) -> None:
    las = cloud(point_format=3, version="1.2", crs=None)
    las.header.add_crs(UTM, keep_compatibility=True)
    las.vlrs.append(laspy.VLR("LASF_Projection", 2112, "", pyproj.CRS(32633).to_wkt("WKT1_GDAL").encode() + b"\0"))
    with pytest.raises(UnreadableError, match="two reference systems"):
        _ = source(save(tmp_path, las)).layers


CLAIMS = (
    (94, "<H", 60_000),
    (96, "<I", 2**31),
    (100, "<I", 2**31),
    (131, "<d", float("nan")),
    (131, "<d", 0.0),
    (235, "<Q", 2**50),
    (247, "<Q", 2**40),
    (247, "<Q", POINTS + 1),
)
"""Places of the header, and what they must not say."""


@pytest.mark.parametrize(("at", "form", "value"), CLAIMS)
def test_a_header_that_claims_what_is_not_there_is_refused(at: int, form: str, value: float, tmp_path: Path) -> None:
    data = bytearray(save(tmp_path).read_bytes())
    struct.pack_into(form, data, at, value)
    if at == 235:
        struct.pack_into("<I", data, 243, 1)
    path = tmp_path / "cloud.las"
    path.write_bytes(data)
    with pytest.raises(UnreadableError):
        table(path)


@pytest.mark.parametrize("name", ["cloud.las", "cloud.laz"])
def test_a_cloud_that_was_cut_short_is_refused(name: str, tmp_path: Path) -> None:
    path = save(tmp_path, name=name)
    data = path.read_bytes()
    for size in (len(data) - 1, len(data) // 2, 300, 100):
        path.write_bytes(data[:size])
        with pytest.raises(UnreadableError):
            table(path)


def test_a_table_of_more_runs_than_bytes_is_refused(tmp_path: Path) -> None:
    data = bytearray(save(tmp_path, name="cloud.laz").read_bytes())
    (at,) = struct.unpack_from("<I", data, 96)
    (table_at,) = struct.unpack_from("<q", data, at)
    struct.pack_into("<I", data, table_at + 4, 2**32 - 1)
    path = tmp_path / "cloud.laz"
    path.write_bytes(data)
    with pytest.raises(UnreadableError, match="header does not fit"):
        table(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("clouds")
    las = cloud()
    las.add_extra_dim(laspy.ExtraBytesParams("quality", np.float64))
    return {name: save(folder, las, name).read_bytes() for name in ("cloud.las", "cloud.laz")}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["cloud.las", "cloud.laz"]), data=st.data())
def test_whatever_happens_to_a_cloud_it_is_read_or_refused(
    name: str, data: st.DataObject, whole: dict[str, bytes], tmp_path: Path
) -> None:
    broken = bytearray(whole[name])
    for _ in range(data.draw(st.integers(1, 5))):
        most = data.draw(st.sampled_from([400, 1_400, len(broken)]))
        at = data.draw(st.integers(4, min(most, len(broken)) - 1))
        change = data.draw(st.sampled_from(["byte", "cut", "ones"]))
        if change == "byte":
            broken[at] = data.draw(st.integers(0, 255))
        elif change == "ones":
            broken[at : at + 4] = b"\xff\xff\xff\xff"
        else:
            del broken[at : at + data.draw(st.integers(1, 30))]
    path = tmp_path / name
    path.write_bytes(broken)
    cloud_source = PointCloudSource(path)
    try:
        (layer,) = cloud_source.layers
        rows = sum(batch.rows for batch in cloud_source.batches(layer, crs=UTM))
        into = tmp_path / "out"
        into.mkdir(exist_ok=True)
        for old in into.iterdir():
            old.unlink()
        encode([(cloud_source, {layer.name: UTM})], into=into, shapefile_as=Format.GEOPACKAGE)
    except UnreadableError as error:
        told = (error.summary, error.remedy)
        assert all(told)
        return
    assert rows == layer.rows


@pytest.fixture
def cloud_gate(gate: Gate) -> Gate:
    """A gate whose policy is about point clouds."""
    density = rule("density", "expect_point_density_no_higher_than", points_per_m2=0.2, operator="<=")
    turns = rule("turns", "expect_point_values_not_to_take_turns", max_separation=0.8)
    for name, encoding in (("test", "canonical"), ("verbatim", "verbatim")):
        gate.policies.write_policy(
            (zones(), density, turns, destination()), name=name, kinds=["point-cloud"], encoding=encoding
        )
    return gate


def test_a_cloud_clears_and_arrives_and_may_leave_again_as_it_is(cloud_gate: Gate) -> None:
    path = save(cloud_gate.staged)
    assert cloud_gate.screen(path, policy="verbatim").decision is Decision.DENY
    cloud_gate.send(cloud_gate.clear(path))
    (sent,) = (each for each in cloud_gate.outbox.rglob("*") if each.is_file())
    assert len(laspy.read(sent)) == POINTS
    assert cloud_gate.screen(sent, policy="verbatim").decision is Decision.CLEAR
    sent.write_bytes(sent.read_bytes() + b"hidden")
    assert cloud_gate.screen(sent, policy="verbatim").decision is Decision.DENY


def test_a_cloud_that_is_too_dense_or_in_a_zone_is_denied(cloud_gate: Gate) -> None:
    las = cloud()
    las.x[:30], las.y[:30] = 600_001, 5_750_001
    dense = cloud_gate.screen(save(cloud_gate.staged, las))
    assert {finding.rule for finding in dense.findings} == {"density"}
    header = laspy.LasHeader(point_format=6, version="1.4")
    header.scales = np.array([1e-5, 1e-5, 0.01])
    header.add_crs(pyproj.CRS.from_epsg(4326))
    las = laspy.LasData(header)
    las.x, las.y = [10.0, 20.5], [50.0, 20.5]
    inside = cloud_gate.screen(save(cloud_gate.staged, las, "inside.las"))
    assert {finding.rule for finding in inside.findings} == {"zones"}


@pytest.mark.parametrize("scale", [0.001, 0.00025, 1e-7, 2.0**-14, 0.001 * 1200 / 3937, 0.01 / 0.3048, 0.0003280839895])
def test_scales_of_few_digits_in_metres_or_feet_are_read(scale: float, tmp_path: Path) -> None:
    las = cloud()
    las.change_scaling(scales=[max(scale, 0.001), 0.01, scale])
    assert source(save(tmp_path, las)).layers


@pytest.mark.parametrize("scale", [0.0143217734, 1.4321, 0.001 * (1 + 1e-8)])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_scale_with_many_digits_could_be_half_a_position(scale: float, axis: int, tmp_path: Path) -> None:
    las = cloud()
    las.change_scaling(scales=[scale if place == axis else 0.01 for place in range(3)])
    with pytest.raises(UnreadableError, match="a scale with many digits"):
        _ = source(save(tmp_path, las)).layers


@pytest.mark.parametrize("size", [4, 24, 25, 94, 235])
def test_a_cloud_that_is_cut_within_its_header_is_refused(size: int, tmp_path: Path) -> None:
    path = save(tmp_path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(UnreadableError):
        _ = source(path).layers
