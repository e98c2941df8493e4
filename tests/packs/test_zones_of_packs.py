"""The zone lists that packs name reach what their law names, also where maps draw who is in control."""

from __future__ import annotations

from pathlib import Path

import geopandas
import pyproj
import pytest
import shapely

ZONES = Path(__file__).resolve().parents[2] / "expectations" / "zones"
BUFFER_M = 10_000

INSIDE = {
    "Kyiv": (30.52, 50.45),
    "Simferopol": (34.10, 44.95),
    "Sevastopol": (33.52, 44.60),
    "Kerch": (36.47, 45.36),
    "Snake Island": (30.204, 45.255),
    "Donetsk": (37.80, 48.00),
    "Laayoune": (-13.20, 27.15),
    "Dakhla": (-15.93, 23.70),
    "Tifariti": (-10.57, 26.16),
    "Halaib": (36.65, 22.22),
    "Coco Islands": (93.37, 14.12),
    "Mergui Archipelago": (98.00, 11.50),
    "Sukhumi": (41.02, 43.00),
    "Tskhinvali": (43.96, 42.22),
    "Tiraspol": (29.63, 46.84),
    "Stepanakert": (46.75, 39.82),
    "Socotra": (53.90, 12.50),
    "Abd al Kuri": (52.20, 12.19),
    "Hanish Islands": (42.75, 13.72),
    "Dahlak Islands": (40.10, 15.80),
    "Gaza": (34.45, 31.50),
    "Golan": (35.78, 33.00),
    "East Jerusalem": (35.24, 31.79),
    "Mitrovica": (20.86, 42.89),
    "North Nicosia": (33.36, 35.20),
    "Hargeisa": (44.06, 9.56),
    "Abyei": (28.40, 9.60),
}
OUTSIDE = {
    "Berlin": (13.40, 52.52),
    "Krasnodar": (38.98, 45.04),
    "Nouakchott": (-15.98, 18.08),
    "Agadir": (-9.60, 30.42),
    "Aswan": (32.90, 24.09),
    "Lodwar": (35.60, 3.12),
    "Port Blair": (92.74, 11.62),
    "Phuket": (98.39, 7.88),
    "Trabzon": (39.72, 41.00),
    "Amman": (35.93, 31.95),
}


def distance_m(name: str, position: tuple[float, float]) -> float:
    """Measure from a position to the nearest zone, in metres, in a projection whose middle is the position."""
    zones = geopandas.read_file(ZONES / f"{name}.geojson").set_crs(4326, allow_override=True)
    lon, lat = position
    near = zones[zones.intersects(shapely.box(lon - 8, lat - 8, lon + 8, lat + 8))].clip(
        shapely.box(lon - 8, lat - 8, lon + 8, lat + 8)
    )
    local = pyproj.CRS.from_proj4(f"+proj=aeqd +lat_0={lat} +lon_0={lon} +datum=WGS84")
    found = near.to_crs(local).distance(shapely.Point(0, 0))
    return float(found.min()) if len(found) else float("inf")


@pytest.mark.parametrize("place", INSIDE)
def test_places_of_countries_in_annex_3_are_in_its_list(place: str) -> None:
    assert distance_m("satdsiv-annex-3", INSIDE[place]) <= BUFFER_M


@pytest.mark.parametrize("place", OUTSIDE)
def test_places_of_other_countries_are_not(place: str) -> None:
    assert distance_m("satdsiv-annex-3", OUTSIDE[place]) > BUFFER_M


@pytest.mark.parametrize("place", ["Golan", "Gaza", "East Jerusalem"])
def test_places_that_count_to_israel_are_in_its_list(place: str) -> None:
    assert distance_m("kyl-bingaman", INSIDE[place]) <= BUFFER_M


def test_places_beyond_are_not_in_the_list_of_israel() -> None:
    assert min(distance_m("kyl-bingaman", OUTSIDE["Amman"]), distance_m("kyl-bingaman", (36.29, 33.51))) > BUFFER_M
