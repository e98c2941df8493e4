from __future__ import annotations

import hashlib
import json
import re

import geopandas
import pytest
import shapely

from geogate.console.app import STATIC

VENDOR = STATIC / "vendor"

SEAS = {"Baltic": (19.5, 57.0), "Bothnia": (20.0, 62.5), "Pacific": (-150.0, 0.0), "Atlantic": (-40.0, 30.0)}
LANDS = {
    "Germany": (13.4, 52.5),
    "Fiji": (178.0, -17.8),
    "Antarctica": (0.0, -88.0),
}
FAR_EAST = {"Anadyr": (177.0, 65.5), "beyond the antimeridian": (-173.0, 66.5), "Magadan": (151.0, 60.5)}


def test_vendored_files_are_those_of_the_manifest_and_no_others() -> None:
    manifest = json.loads((VENDOR / "manifest.json").read_text())
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.iterdir()}
    found.pop("manifest.json")

    assert found == manifest["sha256"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in manifest["packages"].values())
    assert {f"{name}.LICENSE.txt" for name in ("htmx", "maplibre-gl", "countries")} <= set(found)


@pytest.fixture(scope="module")
def countries() -> geopandas.GeoDataFrame:
    return geopandas.read_file(VENDOR / "countries.geojson")


def test_outlines_are_valid_small_and_within_the_globe(countries: geopandas.GeoDataFrame) -> None:
    west, south, east, north = countries.total_bounds

    assert countries.is_valid.all()
    assert not countries.is_empty.any()
    assert len(countries) > 200
    assert (VENDOR / "countries.geojson").stat().st_size < 400_000
    assert west >= -180
    assert east <= 180
    assert south >= -90
    assert north <= 90


@pytest.mark.parametrize("sea", SEAS)
def test_a_sea_is_no_land(countries: geopandas.GeoDataFrame, sea: str) -> None:
    assert not countries.contains(shapely.Point(SEAS[sea])).any()


@pytest.mark.parametrize("land", LANDS)
def test_a_country_is_where_it_is(countries: geopandas.GeoDataFrame, land: str) -> None:
    assert list(countries.name[countries.contains(shapely.Point(LANDS[land]))]) == [land]


@pytest.mark.parametrize("place", FAR_EAST)
def test_russia_goes_on_beyond_the_antimeridian(countries: geopandas.GeoDataFrame, place: str) -> None:
    assert list(countries.name[countries.contains(shapely.Point(FAR_EAST[place]))]) == ["Russia"]
