"""GeoTIFFs as windows: where they lie, how finely they sample the ground, and what they show."""

from __future__ import annotations

import math
from functools import reduce
from operator import add
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import rasterio
import shapely
from judging import zone_list
from rastering import batches, rows, upright, write_tif
from rasterio import Affine
from rasterio.control import GroundControlPoint
from rasterio.rpc import RPC

from geogate.measures.inventory import LayerInventory
from geogate.measures.measure import UnmeasurableError
from geogate.measures.raster_zones import RasterZonePixels, ZonePixelCounts
from geogate.measures.source import UnreadableError
from geogate.model.dataset import LayerKind
from geogate.readers.raster import RasterSource
from geogate.zones.zone import Zone

if TYPE_CHECKING:
    from collections.abc import Callable

    from geogate.measures.inventory import Inventory

ONES = np.ones((1, 600, 600), np.uint8)
SHARED = Path(__file__).parents[3] / "shared" / "data" / "raster"

SEMI_MAJOR_M, FLATTENING = 6_378_137.0, 1 / 298.257223563
ECCENTRICITY_2 = FLATTENING * (2 - FLATTENING)


def degree_m(latitude: float) -> tuple[float, float]:
    """Compute by hand how long a degree of longitude and one of latitude are on WGS 84."""
    sine = math.sin(math.radians(latitude))
    normal = SEMI_MAJOR_M / math.sqrt(1 - ECCENTRICITY_2 * sine**2)
    meridional = SEMI_MAJOR_M * (1 - ECCENTRICITY_2) / (1 - ECCENTRICITY_2 * sine**2) ** 1.5
    return math.radians(1) * normal * math.cos(math.radians(latitude)), math.radians(1) * meridional


def inventory(path: Path) -> Inventory:
    return reduce(add, (LayerInventory().of(batch) for batch in batches(path)))


def outlines(path: Path) -> list[Any]:
    return [shape for batch in batches(path) for shape in shapely.from_wkb(batch.wkb.to_pylist())]


def finest(path: Path) -> tuple[float, float]:
    found = rows(path)
    return min(row["gsd_x_m"] for row in found), min(row["gsd_y_m"] for row in found)


@pytest.mark.parametrize("latitude", [-75.0, -37.8, 0.0, 36.12, 52.0, 70.0, 84.0])
def test_degrees_become_metres_at_the_scene(tmp_path: Path, latitude: float) -> None:
    path = write_tif(tmp_path / "a.tif", ONES, crs="EPSG:4326", transform=upright(13, latitude, 1e-6, 1e-6))
    x, y = finest(path)
    across, along = degree_m(latitude)
    assert x == pytest.approx(across * 1e-6, rel=1e-4)
    assert y == pytest.approx(along * 1e-6, rel=1e-4)


@pytest.mark.parametrize("pixel", [0.1, 0.4, 2.5, 30.0])
def test_metres_of_utm_are_too_short_by_its_scale(tmp_path: Path, pixel: float) -> None:
    small = ONES[:, :64, :64]
    path = write_tif(tmp_path / "a.tif", small, crs="EPSG:25832", transform=upright(500_000, 5_700_000, pixel, pixel))
    assert finest(path) == pytest.approx((pixel / 0.9996, pixel / 0.9996), rel=1e-6)


@pytest.mark.parametrize("latitude", [0.0, 45.0, 60.0])
def test_metres_of_web_mercator_are_stretched_towards_the_poles(tmp_path: Path, latitude: float) -> None:
    north = SEMI_MAJOR_M * math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))
    path = write_tif(tmp_path / "a.tif", ONES[:, :16, :16], crs="EPSG:3857", transform=upright(0, north, 1, 1))
    across, along = degree_m(latitude)
    stretch = math.radians(1) * SEMI_MAJOR_M
    expected = across / stretch, along * math.cos(math.radians(latitude)) / stretch
    assert finest(path) == pytest.approx(expected, rel=1e-4)


def test_feet_become_metres(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", ONES[:, :16, :16], crs="EPSG:2263", transform=upright(980_000, 200_000, 1, 1))
    assert finest(path) == pytest.approx((0.3048006, 0.3048006), rel=1e-4)


@pytest.mark.parametrize(
    "turned",
    [
        Affine(10, 0, 600_000, 0, 10, 5_700_000),
        Affine(-10, 0, 600_000, 0, -10, 5_700_000),
        Affine(0, 10, 600_000, 10, 0, 5_700_000),
        Affine(7.0710678, 7.0710678, 600_000, 7.0710678, -7.0710678, 5_700_000),
    ],
    ids=["south-up", "mirrored", "transposed", "turned"],
)
def test_a_turned_image_is_as_fine_as_an_upright_one(tmp_path: Path, turned: Affine) -> None:
    path = write_tif(tmp_path / "a.tif", ONES, transform=turned)
    assert finest(path) == pytest.approx((10.0026, 10.0026), rel=1e-4)
    assert inventory(path).outside == 0


def test_skewed_pixels_are_measured_across_their_rows(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", ONES, transform=Affine(10, 9.99, 600_000, 0, -0.1, 5_700_000))
    assert finest(path) == pytest.approx((0.1, 0.1), rel=1e-2)


def test_overviews_are_windows_of_their_own_with_larger_pixels(tmp_path: Path) -> None:
    found = rows(write_tif(tmp_path / "a.tif", ONES, overviews=(2, 4)))
    levels = {row["level"]: row for row in found}
    assert [levels[level]["image"] for level in (0, 1, 2)] == ["base", "overview", "overview"]
    assert levels[1]["gsd_x_m"] == pytest.approx(2 * levels[0]["gsd_x_m"], rel=1e-3)
    assert levels[2]["image_columns"] == 150


def test_windows_cover_an_image_once(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", np.ones((1, 700, 1100), np.uint8))
    assert sum(row["columns"] * row["rows"] for row in rows(path)) == 700 * 1100
    together = shapely.union_all(outlines(path))
    assert together.equals(shapely.box(600_000, 5_743_000, 611_000, 5_750_000))


def test_a_pixel_that_is_called_a_point_reaches_half_a_pixel_beyond_it(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", ONES)
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(AREA_OR_POINT="Point")
    with rasterio.open(path) as dataset:
        assert dataset.tags()["AREA_OR_POINT"] == "Point"
    assert shapely.total_bounds(outlines(path)).tolist() == [600_000, 5_744_000, 606_000, 5_750_000]


@pytest.mark.parametrize(
    "place",
    [
        upright(179, 10, 0.01, 0.01),
        upright(0, 60, 0.6, 0.1),
        upright(-0.3, 60, 0.6, 0.1),
        upright(-183.05, 60, 0.6, 0.1),
        Affine(0.01, 0.001, 179, 0.001, -0.01, 10),
        upright(180, 10, 0.01, 0.01),
    ],
    ids=["over 180", "0 to 360", "half a pixel before 0", "before -180", "turned", "at 180"],
)
def test_an_image_beyond_the_antimeridian_is_cut_there(tmp_path: Path, place: Affine) -> None:
    path = write_tif(tmp_path / "a.tif", ONES, crs="EPSG:4326", transform=place)
    found = inventory(path)
    assert (found.outside, found.non_finite) == (0, 0)
    assert sum(row["columns"] * row["rows"] for row in rows(path)) == 360_000
    with rasterio.open(path) as dataset:
        area = abs(dataset.transform.determinant) * 360_000
    assert sum(shape.area for shape in outlines(path)) == pytest.approx(area)


def test_a_global_grid_whose_centres_are_on_the_poles_lies_on_the_earth(tmp_path: Path) -> None:
    grid = np.ones((1, 181, 360), np.uint8)
    path = write_tif(tmp_path / "a.tif", grid, crs="EPSG:4326", transform=upright(-0.5, 90.5, 1, 1))
    assert inventory(path).outside == 0
    assert min(finest(path)) > 9_000


def test_an_image_beyond_a_pole_is_outside(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", ONES, crs="EPSG:4326", transform=upright(0, 95, 0.1, 0.1))
    assert inventory(path).outside > 0


def pixels_in(path: Path, zone: str, *, buffer_m: float = 0.0) -> ZonePixelCounts:
    zones = zone_list([Zone(id="z1", category="test", buffer_m=buffer_m, geometry=shapely.from_wkt(zone))])
    measure = RasterZonePixels.against(zones, buffer_m=0.0)
    return reduce(add, (measure.of(batch) for batch in batches(path)), measure.empty())


def centres_in(path: Path, zone: str) -> int:
    """Count the slow way the pixels whose centre lies in a zone."""
    with rasterio.open(path) as dataset:
        column, row = np.meshgrid(np.arange(dataset.width) + 0.5, np.arange(dataset.height) + 0.5)
        a, b, c, d, e, f = tuple(dataset.transform)[:6]
        to_wgs84 = pyproj.Transformer.from_crs(dataset.crs.to_wkt(), "EPSG:4326", always_xy=True)
        lon, lat = to_wgs84.transform((a * column + b * row + c).ravel(), (d * column + e * row + f).ravel())
    return int(shapely.intersects_xy(shapely.from_wkt(zone), (np.asarray(lon) + 180) % 360 - 180, lat).sum())


POLE = "POLYGON ((-180 89.5, 180 89.5, 180 90, -180 90, -180 89.5))"
ROUND = "POLYGON ((10.5 51.8, 10.52 51.81, 10.51 51.82, 10.5 51.8))"
SQUARE = "POLYGON ((10.5 51.3, 10.6 51.3, 10.6 51.35, 10.5 51.35, 10.5 51.3))"


@pytest.mark.parametrize(
    ("crs", "place", "zone"),
    [
        ("EPSG:25832", upright(600_000, 5_745_000, 10, 10), ROUND),
        ("EPSG:25832", Affine(10, 0, 600_000, 0, 10, 5_739_000), ROUND),
        ("EPSG:25832", Affine(8.66, 5, 600_000, 5, -8.66, 5_690_000), SQUARE),
        ("EPSG:3035", upright(4_321_000, 3_210_000, 100, 100), ROUND),
        ("EPSG:3413", upright(-300_000, 300_000, 1000, 1000), POLE),
        ("EPSG:32660", upright(820_000, 0, 1000, 1000), "POLYGON ((-180 -3, -179 -3, -179 -2, -180 -2, -180 -3))"),
        ("EPSG:4326", upright(179, 10, 0.01, 0.01), "POLYGON ((-180 5, -179 5, -179 6, -180 6, -180 5))"),
        ("EPSG:4326", upright(-0.3, 60, 0.6, 0.1), "POLYGON ((-10 20, -5 20, -5 25, -10 25, -10 20))"),
    ],
    ids=["upright", "south-up", "turned", "conic", "at the pole", "UTM over 180", "over 180", "0 to 360"],
)
def test_no_pixel_in_a_zone_is_missed_and_few_beside_it_count(
    tmp_path: Path, crs: str, place: Affine, zone: str
) -> None:
    path = write_tif(tmp_path / "a.tif", ONES, crs=crs, transform=place)
    inside = centres_in(path, zone)
    (found,) = pixels_in(path, zone).zones
    assert inside > 0
    assert inside <= found.base <= inside + 10 * math.sqrt(inside) + 30


def test_a_zone_that_is_smaller_than_a_pixel_is_found(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", ONES, transform=upright(600_000, 5_745_000, 100, 100))
    (found,) = pixels_in(path, "POINT (10.5 51.8)", buffer_m=0.5).zones
    assert 1 <= found.base <= 4


def test_a_zone_that_holds_the_whole_image_is_shown_by_all_pixels(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", ONES)
    (found,) = pixels_in(path, "POLYGON ((0 40, 20 40, 20 60, 0 60, 0 40))").zones
    assert found.base == 360_000


def half(**options: Any) -> Callable[[Path], Path]:
    """Write an image whose left half is blank by its values."""

    def write(path: Path) -> Path:
        drawn = np.full((3, 64, 64), 9, options.pop("dtype", np.uint8))
        drawn[:, :, :32] = options.pop("blank", 0)
        return write_tif(path, drawn, **options)

    return write


def shown(path: Path) -> int:
    return sum(row["shown_pixels"] for row in rows(path) if row["image"] == "base")


def test_pixels_with_the_nodata_value_in_all_bands_are_blank(tmp_path: Path) -> None:
    assert shown(half(nodata=0)(tmp_path / "a.tif")) == 64 * 32
    assert shown(half(nodata=7)(tmp_path / "b.tif")) == 64 * 64


def test_zeros_without_a_nodata_value_or_a_mask_are_shown(tmp_path: Path) -> None:
    assert shown(half()(tmp_path / "a.tif")) == 64 * 64


def test_a_pixel_with_another_value_in_one_band_is_shown(tmp_path: Path) -> None:
    drawn = np.zeros((3, 64, 64), np.uint8)
    drawn[2, 5, 5] = 1
    assert shown(write_tif(tmp_path / "a.tif", drawn, nodata=0)) == 1


@pytest.mark.parametrize(("under", "expected"), [(0, 64 * 32), (5, 64 * 64)])
def test_what_a_mask_hides_is_blank_only_where_its_values_are_zero(tmp_path: Path, under: int, expected: int) -> None:
    path = half(blank=under)(tmp_path / "a.tif")
    mask = np.full((64, 64), 255, np.uint8)
    mask[:, :32] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(mask)
    assert shown(path) == expected


@pytest.mark.parametrize(("under", "expected"), [(0, 64 * 32), (5, 64 * 64)])
def test_what_an_alpha_band_hides_is_blank_only_where_its_values_are_zero(
    tmp_path: Path, under: int, expected: int
) -> None:
    drawn = np.full((4, 64, 64), 9, np.uint8)
    drawn[:3, :, :32], drawn[3, :, :32] = under, 0
    assert shown(write_tif(tmp_path / "a.tif", drawn, photometric="rgb", alpha="yes")) == expected


def test_a_mask_that_draws_a_picture_over_blank_pixels_is_shown(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", np.zeros((1, 64, 64), np.uint8))
    mask = np.zeros((64, 64), np.uint8)
    mask[10:20, 10:20] = 255
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as dataset:
        dataset.write_mask(mask)
    assert shown(path) == 100


@pytest.mark.parametrize(("blank", "odd"), [(math.nan, 0x7FC12345), (0.0, 0x80000000)], ids=["nan", "zero"])
def test_a_value_that_only_equals_what_is_blank_is_shown(tmp_path: Path, blank: float, odd: int) -> None:
    drawn = np.full((1, 64, 64), blank, np.float32)
    drawn.view(np.uint32)[0, 3, 3] = odd
    drawn[0, 4, 4] = 9.0
    path = write_tif(tmp_path / "a.tif", drawn)
    with rasterio.open(path, "r+") as dataset:
        dataset.nodata = blank
    assert odd.to_bytes(4, "little") in path.read_bytes()
    assert shown(path) == 2


def placed_by_points(path: Path, *, off_deg: float = 0.0, crs: str = "EPSG:4326") -> Path:
    points = [
        GroundControlPoint(
            row=row, col=column, x=10 + column * 1e-4 + off_deg * (row == column == 300), y=50 - row * 1e-4
        )
        for row in (0, 300, 600)
        for column in (0, 300, 600)
    ]
    with rasterio.open(path, "w", driver="GTiff", width=600, height=600, count=1, dtype="uint8") as dataset:
        dataset.gcps = (points, rasterio.crs.CRS.from_user_input(crs) if crs else rasterio.crs.CRS())
        dataset.write(ONES)
    return path


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_control_points_place_an_image_with_a_margin_for_what_the_fit_errs(tmp_path: Path) -> None:
    exact, off = (placed_by_points(tmp_path / f"{n}.tif", off_deg=n * 3e-4) for n in (0, 1))
    image = shapely.box(10, 49.94, 10.06, 50)
    drawn, wider = (shapely.union_all(outlines(path)) for path in (exact, off))
    assert drawn.buffer(1e-6).covers(image)
    assert drawn.area == pytest.approx(image.area, rel=1e-3)
    assert wider.area > drawn.area
    assert finest(exact) == pytest.approx((7.17, 11.12), abs=0.01)
    assert {row["georeferencing"] for row in rows(exact)} == {"control points"}
    assert not any(row["gridded"] for row in rows(exact))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_control_points_without_a_reference_system_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="control points"):
        rows(placed_by_points(tmp_path / "a.tif", crs=""))


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_a_sensor_model_places_an_image_for_all_its_heights(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    model = RPC(
        height_off=100,
        height_scale=200,
        lat_off=50,
        lat_scale=0.05,
        long_off=10,
        long_scale=0.05,
        line_off=300,
        line_scale=300,
        samp_off=300,
        samp_scale=300,
        line_num_coeff=[0, 0, -1, 0.02, *[0] * 16],
        line_den_coeff=[1, *[0] * 19],
        samp_num_coeff=[0, 1, 0, 0.01, *[0] * 16],
        samp_den_coeff=[1, *[0] * 19],
        err_bias=5,
        err_rand=1,
    )
    with rasterio.open(path, "w", driver="GTiff", width=600, height=600, count=1, dtype="uint8") as dataset:
        dataset.rpcs = model
        dataset.write(ONES)
    drawn = shapely.union_all(outlines(path))
    assert drawn.covers(shapely.box(9.9501, 49.9501, 10.0499, 50.0499))
    # A twentieth of a degree away at most, and a thousandth more for heights.
    assert shapely.box(9.948, 49.948, 10.052, 50.052).covers(drawn)


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_an_image_that_does_not_say_where_it_lies_is_refused(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", ONES, transform=Affine(1, 0, 0, 0, 1, 0))
    with pytest.raises(UnreadableError, match="does not say where it lies"):
        RasterSource(path).layers  # noqa: B018 the property reads


def test_an_image_without_a_reference_system_leaves_it_open(tmp_path: Path) -> None:
    source = RasterSource(write_tif(tmp_path / "a.tif", ONES, crs=None))
    (layer,) = source.layers
    assert layer.crs is None
    assert layer.kind is LayerKind.RASTER
    assert len(batches(source.path, pyproj.CRS.from_epsg(25832))) == 1


def test_a_local_reference_system_cannot_be_measured(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", ONES, crs='LOCAL_CS["x",UNIT["metre",1]]')
    assert {row["gsd_x_m"] for row in rows(path)} == {None}
    with pytest.raises(UnmeasurableError):
        inventory(path)


@pytest.mark.parametrize(
    "numbers",
    [
        (math.nan, 0, 600_000, 0, 10, 5_700_000),
        (0, 0, 600_000, 0, 10, 5_700_000),
        (1e308, 0, 0, 0, 1e308, 0),
        (10, 10, 0, 10, 10, 0),
    ],
    ids=["nan", "no size", "infinite", "a line"],
)
def test_impossible_transforms_are_refused(tmp_path: Path, numbers: tuple[float, ...]) -> None:
    path = write_tif(tmp_path / "a.tif", ONES, transform=Affine(*numbers))
    with pytest.raises(UnreadableError, match="transform"):
        rows(path)


def test_a_place_beyond_the_projection_has_no_distance(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", ONES, transform=upright(5e9, 5_750_000, 1, 1))
    assert {row["gsd_x_m"] for row in rows(path)} == {None}


@pytest.mark.parametrize(
    ("dtype", "bands", "options", "hint"),
    [
        (np.float32, 1, {}, True),
        (np.int16, 1, {}, True),
        (np.uint8, 1, {}, False),
        (np.uint16, 4, {}, False),
        (np.uint8, 1, {"crs": "EPSG:25832+5783"}, True),
    ],
)
def test_what_may_be_heights_is_marked(
    tmp_path: Path, dtype: type[Any], bands: int, options: dict[str, Any], *, hint: bool
) -> None:
    path = write_tif(tmp_path / "a.tif", np.ones((bands, 16, 16), dtype), **options)
    assert {row["elevation_hint"] for row in rows(path)} == {hint}


def test_a_band_that_calls_itself_a_height_is_marked(tmp_path: Path) -> None:
    path = write_tif(tmp_path / "a.tif", np.ones((2, 16, 16), np.uint8))
    with rasterio.open(path, "r+") as dataset:
        dataset.set_band_description(1, "DTM of 2024")
    assert {row["elevation_hint"] for row in rows(path)} == {True}


def test_a_window_that_contradicts_itself_is_not_measured(tmp_path: Path) -> None:
    (batch,) = batches(write_tif(tmp_path / "a.tif", ONES[:, :8, :8]))
    zone = "POLYGON ((0 40, 20 40, 20 60, 0 60, 0 40))"
    zones = zone_list([Zone(id="z1", category="test", buffer_m=0.0, geometry=shapely.from_wkt(zone))])
    measure = RasterZonePixels.against(zones, buffer_m=0.0)
    place = batch.attributes.schema.get_field_index("shown_pixels")
    for wrong in (65, -1):
        batch.attributes = batch.attributes.set_column(place, "shown_pixels", pa.array([wrong]))
        with pytest.raises(UnmeasurableError, match="window"):
            measure.of(batch)
    batch.attributes = batch.attributes.drop_columns(["shown"])
    with pytest.raises(UnmeasurableError, match="columns of a raster"):
        measure.of(batch)


@pytest.mark.skipif(not SHARED.exists(), reason="the shared data are not here")
@pytest.mark.parametrize(
    ("name", "gsd_m"),
    [("RGB.byte", 299.57), ("cogeo", 0.4713), ("shade", 7.3385), ("world.byte", 3612.7)],
)
def test_real_images_have_the_distances_of_their_scene(name: str, gsd_m: float) -> None:
    assert min(finest(SHARED / f"{name}.tif")) == pytest.approx(gsd_m, rel=1e-3)
