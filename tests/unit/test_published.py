"""Which reference systems count as published, and that nothing of a file's own description survives."""

from __future__ import annotations

import pyproj
import pytest

from geogate.measures.published import published
from geogate.measures.reference import crs_name

SECRET = "+proj=aeqd +lat_0=47.123456 +lon_0=8.123456 +datum=WGS84"


@pytest.mark.parametrize(
    "code",
    [
        "EPSG:4326",
        "OGC:CRS84",
        "EPSG:25832",
        "EPSG:3857",
        "EPSG:27700",
        "EPSG:2263",
        "EPSG:4807",
        "EPSG:7415",
        "ESRI:54009",
    ],
)
def test_a_published_system_is_itself(code: str) -> None:
    found = published(pyproj.CRS.from_user_input(code))
    assert found is not None
    assert crs_name(found) == code


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        (pyproj.CRS.from_epsg(25832).to_wkt("WKT1_ESRI"), "EPSG:25832"),
        (pyproj.CRS.from_epsg(27700).to_wkt("WKT1_GDAL"), "EPSG:27700"),
        ("+proj=utm +zone=32 +datum=WGS84", "EPSG:32632"),
        ("+proj=longlat +datum=WGS84 +no_defs", "OGC:CRS84"),
    ],
)
def test_another_description_of_a_published_system_is_that_system(stated: str, code: str) -> None:
    found = published(pyproj.CRS.from_user_input(stated))
    assert found is not None
    assert crs_name(found) == code
    assert found.to_json() == published(found).to_json()  # type: ignore[union-attr]


def forged(name: str) -> str:
    """Claim another system's name and code for the secret one."""
    wkt: str = pyproj.CRS(SECRET).to_wkt().replace('"unknown"', f'"{name}"', 1)
    return wkt[:-1] + ',ID["EPSG",25832]]'


@pytest.mark.parametrize(
    "stated",
    [
        SECRET,
        forged("EPSG:25832"),
        forged("ETRS89 / UTM zone 32N"),
        "+proj=longlat +R=6371000000 +no_defs",
        "+proj=utm +zone=32 +datum=WGS84 +k=0.5",
        "+proj=utm +zone=32 +datum=WGS84 +x_0=47123456",
        "+proj=longlat +ellps=bessel +towgs84=598.1,73.7,418.2,0.202,0.045,-2.455,6.7 +no_defs",
        "+proj=ob_tran +o_proj=longlat +o_lat_p=47.1234 +o_lon_p=0 +lon_0=8.1234 +datum=WGS84",
        'LOCAL_CS["somewhere",UNIT["metre",1]]',
    ],
)
def test_a_system_that_somebody_made_is_not_published(stated: str) -> None:
    assert published(pyproj.CRS.from_user_input(stated)) is None


def test_the_answer_has_nothing_of_what_the_file_says() -> None:
    wkt = pyproj.CRS.from_epsg(25832).to_wkt()
    marked = wkt.replace("ETRS89 / UTM zone 32N", "8.123456 47.123456", 1)
    found = published(pyproj.CRS.from_wkt(marked))
    assert found is not None
    assert "47.123456" not in found.to_json()


def test_the_name_of_a_made_up_system_cannot_look_like_an_authority_s() -> None:
    assert crs_name(pyproj.CRS.from_wkt(forged("EPSG:25832"))) == "'EPSG:25832'"
