"""The table of systems against PROJ, and which readings a layer has."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest

from geogate.measures.reading_systems import DEGREES, GRIDS, UTM, area_of_code, epsg, utm_near, utm_zone
from geogate.measures.readings import Family, Fit
from geogate.measures.readings_boxes import raw_box
from geogate.measures.readings_of import readings_of

ALL = tuple(Family)


@pytest.mark.parametrize("code", GRIDS)
def test_the_numbers_of_a_system_are_within_what_the_table_says(code: int) -> None:
    crs, (west, south, east, north) = epsg(code), area_of_code(code)
    lon, lat = np.meshgrid(np.linspace(west, east, 25), np.linspace(south, north, 25))
    # The areas of the grids that span the Earth reach up to its poles, where these have no numbers.
    x, y = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform(lon, np.clip(lat, -85, 85))
    low_x, low_y, high_x, high_y = GRIDS[code]
    assert (low_x, low_y) <= (x.min(), y.min())
    assert x.max() <= high_x
    assert y.max() <= high_y
    assert low_y <= y.min()


def test_grids_are_not_much_larger_in_the_table_than_they_are() -> None:
    for code in (2056, 27700, 28992):
        table, real = np.array(GRIDS[code]), np.array(raw_box(epsg(code), area_of_code(code)))
        assert np.abs(table - real).max() <= 1_000


@pytest.mark.parametrize("code", UTM)
def test_a_zone_of_utm_is_six_degrees_from_the_next(code: int) -> None:
    _, box = UTM[code]
    xy = np.array([[(box[0] + box[2]) / 2 + 1e5, (box[1] + box[3]) / 2]])
    here = pyproj.Transformer.from_crs(code, 4326, always_xy=True).transform(*xy.T)
    there = pyproj.Transformer.from_crs(code + 1, 4326, always_xy=True).transform(*xy.T)
    assert there[0] - here[0] == pytest.approx(6.0, abs=1e-9)
    assert there[1] == pytest.approx(here[1], abs=1e-9)


def test_the_zones_near_a_zone_of_utm_go_round_the_globe() -> None:
    assert utm_near((1, False)) == {"EPSG:32660", "EPSG:32602", "EPSG:32701"}
    assert utm_near((60, True)) == {"EPSG:32759", "EPSG:32701", "EPSG:32660"}
    assert utm_zone(epsg(25832)) == (32, False)
    assert utm_zone(epsg(3857)) is None


def test_a_utm_layer_is_read_in_the_zones_near_its_own_and_not_in_its_own() -> None:
    near = {reading.id for reading in readings_of(epsg(25832), (Family.UTM,))}
    far = {reading.id for reading in readings_of(epsg(25832), (Family.ANY_UTM,))}
    assert near == {"EPSG:32631", "EPSG:32633", "EPSG:32732"}
    assert len(far) == 116
    assert "EPSG:32632" not in far | near


@pytest.mark.parametrize(
    ("code", "meridians", "orders"), [(4807, 2, 2), (4806, 1, 2), (4267, 0, 0), (4326, 0, 0)], ids=str
)
def test_numbers_in_another_unit_or_from_another_meridian_may_be_plain_degrees(
    code: int, meridians: int, orders: int
) -> None:
    found = readings_of(epsg(code), (Family.DEGREES,))
    assert len(found) == meridians * orders
    places = {reading.id: reading.lonlat(np.array([[2.0, 40.0]]))[0].tolist() for reading in found}
    if meridians:
        assert (places["degrees"], places["degrees-swapped"]) == ([2.0, 40.0], [40.0, 2.0])
    if meridians == 2:
        assert places["degrees-from-own-meridian"] == pytest.approx([2.0 + 2.33722917, 40.0])


def test_a_layer_without_a_declared_reading_has_strange_ones_only() -> None:
    site = pyproj.CRS.from_wkt('LOCAL_CS["site",UNIT["metre",1]]')
    readings = readings_of(site, ALL)
    assert {"degrees", "degrees-swapped", "EPSG:3857", "EPSG:2056"} <= {reading.id for reading in readings}
    assert all(reading.strange and not reading.declared for reading in readings)


@pytest.mark.parametrize(
    ("place", "fits"), [((180, 90), True), ((180.1, 0), False), ((0, -90.1), False), ((np.nan, 0), False)]
)
def test_a_fit_includes_its_edges(place: tuple[float, float], fits: bool) -> None:  # noqa: FBT001
    assert bool(Fit(box=DEGREES).of(np.array([place], dtype=float))[0]) is fits


@pytest.mark.parametrize("beyond_degrees", [False, True])
@pytest.mark.parametrize("whole", [False, True])
def test_counting_what_fits_is_the_same_with_bounds(beyond_degrees: bool, whole: bool) -> None:  # noqa: FBT001
    random = np.random.default_rng(1)
    fit = Fit(box=(-1_000.0, -500.0, 600.0, 700.0), beyond_degrees=beyond_degrees, whole=whole)
    for scale in (10.0, 100.0, 600.0, 3_000.0):
        for shift in (0.0, 650.0, -5_000.0):
            xy = np.round(random.normal(shift, scale, (200, 2)), int(random.integers(0, 2)))
            low, high = xy.min(axis=0), xy.max(axis=0)
            bounds = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
            assert fit.count(xy, bounds) == int(fit.of(xy).sum())
