"""Numbers in the pixels of an image are searched for positions like those of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
import rasterio
import shapely
from gating.place import ZONES, columns, destination, precision, rule
from rastering import upright, write_tif
from rasterio.control import GroundControlPoint

from geogate.model.dataset import LayerKind
from geogate.model.verdict import Decision
from geogate.readers.raster import RasterSource
from geogate.readers.raster_values import holds_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from gating.gate import Gate
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch

NO_ZONE = rule("no-sites", "expect_no_pixels_in_restricted_zones", zone_list=ZONES, buffer_m=0, max_pixels=0)
TYPES = ["float32", "int16"]


def bands(types: Sequence[str] = TYPES) -> dict[str, Any]:
    kind = "expect_raster_bands_to_be_allowed"
    return rule("bands", kind, max_bands=4, data_types=list(types), interpretations=["gray", "undefined"])


def heights(least: float = -500, largest: float = 9000) -> dict[str, Any]:
    return rule("heights", "expect_raster_values_to_be_between", least=least, largest=largest)


def relief(middle: float = 900.0, height: float = 300.0) -> NDArray[np.float32]:
    """Draw heights."""
    x, y = np.meshgrid(np.arange(90.0), np.arange(70.0))
    waves = middle + height * np.sin(x / 30) * np.cos(y / 40)
    noise: NDArray[np.float32] = (waves + np.random.default_rng(5).normal(0, 2, x.shape)).astype(np.float32)
    return noise[None]


def values_of(path: Path) -> list[LayerBatch]:
    source = RasterSource(path)
    (layer,) = [each for each in source.layers if each.kind is LayerKind.RASTER_VALUES]
    assert layer.crs is not None
    return list(source.batches(layer, crs=layer.crs))


def table_of(path: Path) -> pa.Table:
    return pa.Table.from_batches([batch.attributes for batch in values_of(path)])


@pytest.mark.parametrize(
    ("data_type", "count", "searched"),
    [("uint8", 1, False), ("uint8", 4, False), ("uint8", 5, True), ("int8", 4, False), ("uint16", 1, True),
     ("float32", 1, True), ("float64", 2, True), ("complex64", 1, True)],
)  # fmt: skip
def test_pixels_are_numbers_unless_they_are_a_picture(data_type: str, count: int, *, searched: bool) -> None:
    assert holds_numbers(data_type, count) is searched


def test_a_picture_has_no_layer_of_numbers(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", np.ones((3, 8, 8), np.uint8))
    assert [layer.kind for layer in RasterSource(path).layers] == [LayerKind.RASTER]


def test_every_pixel_is_a_row_at_its_middle_with_a_column_for_each_band(tmp_path: Path) -> None:
    drawn = np.arange(2 * 3 * 4, dtype=np.int32).reshape(2, 3, 4)
    path = write_tif(tmp_path / "a.tif", drawn, crs="EPSG:4326", transform=upright(8, 47, 0.5, 0.25))
    (batch,) = values_of(path)
    assert batch.attributes.to_pydict() == {"band_1": list(range(12)), "band_2": list(range(12, 24))}
    points = shapely.get_coordinates(shapely.from_wkb(batch.wkb.to_pylist()))
    assert points[0].tolist() == [8.25, 46.875]
    assert points[-1].tolist() == [9.75, 46.375]


def test_all_windows_and_all_overviews_are_read(tmp_path: Path) -> None:
    drawn = np.random.default_rng(1).normal(0, 1, (1, 600, 700)).astype(np.float32)
    path = write_tif(tmp_path / "a.tif", drawn, overviews=(2,))
    found = values_of(path)
    assert sum(batch.rows for batch in found) == 600 * 700 + 300 * 350
    assert [batch.first_row for batch in found] == np.cumsum([0, *(batch.rows for batch in found[:-1])]).tolist()
    numbers = np.sort(np.concatenate([batch.attributes.column(0).to_numpy() for batch in found[:4]]))
    assert np.array_equal(numbers, np.sort(drawn.ravel()))


def test_nodata_and_what_is_no_number_are_null(tmp_path: Path) -> None:
    drawn = np.array([[[1.5, -9999, np.nan, 2.5]]], np.float32)
    path = write_tif(tmp_path / "a.tif", drawn, nodata=-9999)
    assert table_of(path).column("band_1").to_pylist() == [1.5, None, None, 2.5]


def test_complex_numbers_are_two_columns(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", np.array([[[1 + 2j, 3 - 4j]]], np.complex64))
    assert table_of(path).to_pydict() == {"band_1_real": [1.0, 3.0], "band_1_imaginary": [2.0, -4.0]}


def test_longitudes_beyond_the_antimeridian_are_brought_back(tmp_path: Path) -> None:
    path = write_tif(
        tmp_path / "a.tif", np.zeros((1, 1, 4), np.float32), crs="EPSG:4326", transform=upright(179, 10, 1, 1)
    )
    points = [shapely.from_wkb(each).x for batch in values_of(path) for each in batch.wkb.to_pylist()]
    assert sorted(points) == [-179.5, -178.5, -177.5, 179.5]


def test_pixels_that_control_points_place_lie_where_their_window_does(tmp_path: Path) -> None:
    points = [GroundControlPoint(row=r, col=c, x=8 + c / 100, y=47 - r / 100) for r in (0, 40) for c in (0, 60)]
    with rasterio.open(
        tmp_path / "a.tif", "w", driver="GTiff", width=60, height=40, count=1, dtype="float32", gcps=points,
        crs="EPSG:4326",
    ) as image:  # fmt: skip
        image.write(np.ones((1, 40, 60), np.float32))
    (batch,) = values_of(tmp_path / "a.tif")
    assert batch.rows == 60 * 40
    assert shapely.from_wkb(batch.wkb[0].as_py()).distance(shapely.Point(8.3, 46.8)) < 0.01


@pytest.mark.parametrize(("largest", "decision"), [(9000, Decision.CLEAR), (1000, Decision.DENY)])
def test_heights_leave_where_the_policy_allows_their_type_and_range(
    gate: Gate, largest: float, decision: Decision
) -> None:
    gate.policies.write_policy([NO_ZONE, bands(), heights(largest=largest), destination()], kinds=["raster"])
    path = write_tif(gate.staged / "relief.tif", relief(), crs="EPSG:4326", transform=upright(8, 47.9, 0.01, 0.01))
    verdict = gate.screen(path)
    assert verdict.decision is decision, verdict.findings


def test_wide_numbers_are_denied_where_the_policy_does_not_list_them(gate: Gate) -> None:
    gate.policies.write_policy([NO_ZONE, bands(["uint8"]), destination()], kinds=["raster"])
    path = write_tif(gate.staged / "relief.tif", relief(), crs="EPSG:4326", transform=upright(8, 47.9, 0.01, 0.01))
    verdict = gate.screen(path)
    assert verdict.decision is Decision.DENY
    assert any("types that may not leave" in finding.summary for finding in verdict.findings)


@pytest.mark.parametrize(
    ("declared", "decision"),
    [((), Decision.HOLD), (({"name": "band_*", "holds": "number", "max_decimals": 4},), Decision.CLEAR)],
)
def test_two_bands_that_could_be_a_position_are_held_until_somebody_declares_them(
    gate: Gate, declared: Sequence[dict[str, Any]], decision: Decision
) -> None:
    wind = np.concatenate([relief(0.0, 12.0) * 1.3, relief(0.0, 15.0)[:, ::-1]]).astype(np.float64).round(4)
    gate.policies.write_policy(
        [NO_ZONE, bands(["float64"]), columns(declared=declared), destination()], kinds=["raster"]
    )
    path = write_tif(gate.staged / "wind.tif", wind, crs="EPSG:4326", transform=upright(8, 47.9, 0.01, 0.01))
    verdict = gate.screen(path)
    assert verdict.decision is decision, verdict.findings


def test_positions_in_bands_are_a_layer_that_is_judged(gate: Gate) -> None:
    gate.policies.write_policy([NO_ZONE, precision("precision", 100, ">="), destination()], kinds=["raster", "vector"])
    random = np.random.default_rng(2)
    lon, lat = 8.3 + random.normal(0, 0.05, (30, 30)), 47.7 + random.normal(0, 0.05, (30, 30))
    path = write_tif(
        gate.staged / "model.tif", np.stack([lon, lat]), crs="EPSG:4326", transform=upright(8, 47.9, 0.01, 0.01)
    )
    verdict = gate.screen(path)
    assert verdict.decision is Decision.DENY
    assert any(summary.name.endswith("#1") for summary in verdict.layers)
