"""The way to WGS 84: axis order, units, datums, and no guess where there is none."""

from __future__ import annotations

import threading

import numpy as np
import pyproj
import pytest

from geogate.measures.measure import UnmeasurableError
from geogate.measures.reference import axis_unit, crs_name, is_wgs84, positions, to_lonlat, to_own_lonlat


def crs(text: str) -> pyproj.CRS:
    return pyproj.CRS.from_user_input(text)


def lonlat(text: str, x: float, y: float) -> list[float]:
    found: list[float] = to_lonlat(np.array([[x, y]]), crs(text))[0].tolist()
    return found


@pytest.mark.parametrize(
    "text", ["EPSG:4326", "OGC:CRS84", "EPSG:4979", "EPSG:4326+5773", "+proj=longlat +datum=WGS84"]
)
def test_positions_on_wgs_84_come_back_as_the_same_array(text: str) -> None:
    xy = np.array([[8.5, 47.25], [179.0, -90.0]])
    assert to_lonlat(xy, crs(text)) is xy


@pytest.mark.parametrize(
    ("text", "x", "y", "lon", "lat"),
    [
        ("EPSG:3857", 1113194.9079, 6446275.8410, 10.0, 50.0),
        ("EPSG:25832", 500000.0, 5538630.7027, 9.0, 50.0),
        ("EPSG:2263", 987654.0, 213000.0, -73.9877, 40.7513),
        ("EPSG:4258", 9.0, 50.0, 9.0, 50.0),
        # Grads east of Paris.
        ("EPSG:4807", 0.0, 54.2637, 2.3366, 48.8374),
        ("EPSG:3413", 0.0, -2000000.0, -45.0, 71.6886),
        # Westing and southing keep their sense.
        ("EPSG:2053", 0.0, 2800000.0, 29.0, -25.3064),
        ("EPSG:7415", 155000.0, 463000.0, 5.3872, 52.1552),
        ("+proj=utm +zone=32 +datum=WGS84", 500000.0, 5538630.7027, 9.0, 50.0),
    ],
)
def test_x_is_east_and_y_is_north_whatever_the_authority_says(
    text: str, x: float, y: float, lon: float, lat: float
) -> None:
    assert lonlat(text, x, y) == pytest.approx([lon, lat], abs=2e-3)


def test_longitudes_are_not_wrapped() -> None:
    assert lonlat("EPSG:4326", 190.0, 10.0) == [190.0, 10.0]


@pytest.mark.parametrize("text", ["EPSG:4326", "EPSG:4258", "EPSG:25832"])
@pytest.mark.parametrize("bad", [(np.nan, 1.0), (1.0, np.nan), (np.inf, 1.0), (1.0, -np.inf)])
def test_what_is_not_finite_becomes_nan_on_both_axes(text: str, bad: tuple[float, float]) -> None:
    found = to_lonlat(np.array([bad, (9.0, 50.0)]), crs(text))
    assert np.isnan(found[0]).all()
    assert np.isfinite(found[1]).all()


@pytest.mark.parametrize(
    ("text", "x", "y"),
    [
        ("EPSG:4326", 9.0, np.nextafter(90.0, 91)),
        ("EPSG:4258", 9.0, 91.0),
        ("EPSG:4807", 9.0, 101.0),
        ("EPSG:25832", 1e9, 1e9),
        ("ESRI:54009", 1e8, 0.0),
    ],
)
def test_a_position_without_a_place_is_refused_and_not_quoted(text: str, x: float, y: float) -> None:
    xy = np.array([[9.0, 50.0], [x, y], [np.nan, 1]])
    with pytest.raises(UnmeasurableError, match=r"^1 vertices have no place on the Earth"):
        to_lonlat(xy, crs(text))
    assert positions(xy, crs(text)).shape == (3, 2)


@pytest.mark.parametrize("text", ["+proj=utm +zone=32 +ellps=GRS80", "+proj=longlat +ellps=bessel"])
def test_a_datum_that_nobody_knows_is_refused(text: str) -> None:
    with pytest.raises(UnmeasurableError, match="no known way to WGS 84"):
        lonlat(text, 9.0, 50.0)


@pytest.mark.parametrize("text", ["EPSG:4978", "EPSG:5703", 'LOCAL_CS["here",UNIT["metre",1]]'])
def test_systems_that_are_neither_geographic_nor_projected_are_refused(text: str) -> None:
    with pytest.raises(UnmeasurableError, match="neither geographic nor projected"):
        lonlat(text, 9.0, 50.0)


def test_nothing_is_fetched_from_the_network() -> None:
    lonlat("EPSG:4267", -100.0, 40.0)
    assert not pyproj.network.is_network_enabled()  # type: ignore[attr-defined]


def test_no_positions_are_no_positions() -> None:
    for text in ("EPSG:4326", "EPSG:25832"):
        assert to_lonlat(np.empty((0, 2)), crs(text)).shape == (0, 2)


def test_the_result_does_not_depend_on_the_other_positions() -> None:
    xy = np.random.default_rng(3).uniform((2e5, 1e5), (6e5, 9e5), (200, 2))
    whole = to_lonlat(xy, crs("EPSG:27700"))
    parts = [to_lonlat(xy[i : i + 7], crs("EPSG:27700")) for i in range(0, 200, 7)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_threads_have_their_own_transformers() -> None:
    xy = np.random.default_rng(3).uniform((3e5, 5e6), (7e5, 6e6), (2000, 2))
    expected = to_lonlat(xy, crs("EPSG:25832"))
    found: list[bool] = []

    def work() -> None:
        found.extend(np.array_equal(to_lonlat(xy, crs("EPSG:25832")), expected) for _ in range(5))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 20


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("EPSG:25832", "EPSG:25832"),
        ("OGC:CRS84", "OGC:CRS84"),
        ("ESRI:54009", "ESRI:54009"),
        (pyproj.CRS.from_epsg(25832).to_wkt(), "EPSG:25832"),
        ("+proj=utm +zone=32 +datum=WGS84", "'unknown'"),
    ],
)
def test_systems_are_named_by_their_authority(text: str, name: str) -> None:
    assert crs_name(crs(text)) == name


def test_a_name_from_the_file_is_cut_and_printable() -> None:
    wkt = pyproj.CRS.from_proj4("+proj=utm +zone=32 +datum=WGS84").to_wkt()
    hostile = wkt.replace('PROJCRS["unknown"', 'PROJCRS["\x1b[31m\N{SNOWMAN}' + "a" * 500 + '"', 1)
    assert crs_name(crs(hostile)) == "'[31m" + "a" * 76 + "'"


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("EPSG:4326", np.pi / 180),
        ("EPSG:4807", np.pi / 200),
        ("EPSG:25832", 1.0),
        ("EPSG:2263", 1200 / 3937),
        ("EPSG:7415", 1.0),
        ("+proj=longlat +ellps=bessel +towgs84=598,74,418,0,0,0,0", np.pi / 180),
    ],
)
def test_axes_have_a_unit_in_radians_or_metres(text: str, unit: float) -> None:
    assert axis_unit(crs(text)) == pytest.approx(unit, rel=1e-12)


def test_only_wgs_84_is_wgs_84() -> None:
    assert [is_wgs84(crs(text)) for text in ("EPSG:4326", "EPSG:4258", "EPSG:4269", "EPSG:3857")] == [True] + [
        False
    ] * 3


def test_axes_with_two_units_are_refused() -> None:
    wkt = pyproj.CRS.from_epsg(25832).to_wkt()
    foot = 'LENGTHUNIT["foot",0.3048]'
    head, tail = wkt.split("ORDER[2]", 1)
    odd = head + "ORDER[2]" + tail.replace('LENGTHUNIT["metre",1]', foot, 1)
    with pytest.raises(UnmeasurableError, match="no common unit"):
        axis_unit(crs(odd))


def test_a_projection_without_an_inverse_is_refused() -> None:
    with pytest.raises(UnmeasurableError, match="has no inverse"):
        to_own_lonlat(np.array([[1.0, 2.0]]), crs("+proj=airy +datum=WGS84"))
