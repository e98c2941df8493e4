"""The description of a CRS does not depend on what the process did before."""

from __future__ import annotations

import subprocess
import sys

import pyproj
import pytest

from geogate.seal.crs import canonical_crs

SCRIPT = """
import pyproj
{before}
from geogate.seal.crs import canonical_crs
crs = canonical_crs(pyproj.CRS.from_wkt(pyproj.CRS.from_user_input({code!r}).to_wkt()))
print(crs.to_json(), crs.to_wkt())
"""
BEFORE = (
    "",
    "import geopandas",
    "pyproj.CRS.from_epsg(4326).to_authority(min_confidence=100)",
    "crs = pyproj.CRS.from_epsg(4326); crs.to_authority(); crs.equals(pyproj.CRS('OGC:CRS84'))",
)


def described(code: str, before: str) -> str:
    script = SCRIPT.format(code=code, before=before)
    return subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize("code", ["EPSG:4326", "EPSG:25832", "OGC:CRS84"])
def test_a_crs_is_described_alike_whatever_the_process_did_before(code: str) -> None:
    assert len({described(code, before) for before in BEFORE}) == 1


@pytest.mark.parametrize("code", ["EPSG:4326", "EPSG:25832", "EPSG:3857", "OGC:CRS84"])
def test_a_crs_is_described_alike_the_second_time(code: str) -> None:
    crs = pyproj.CRS.from_user_input(code)
    first = canonical_crs(crs)
    assert canonical_crs(first).to_json() == first.to_json() == canonical_crs(crs).to_json()
