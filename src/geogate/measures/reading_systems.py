"""Reference systems that a layer may be in without saying so: Web Mercator, UTM, grids of countries; their areas."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import pyproj

from geogate.measures.reference import horizontal

Box = tuple[float, float, float, float]
"""West, south, east, north; or the same of any x and y."""

EVERYWHERE: Final[Box] = (-np.inf, -np.inf, np.inf, np.inf)
DEGREES: Final[Box] = (-180.0, -90.0, 180.0, 90.0)

WEB_MERCATOR: Final = 3857

GRIDS: Final[dict[int, Box]] = {
    WEB_MERCATOR: (-20_845_000, -20_863_000, 20_845_000, 20_863_000),
    3395: (-20_845_000, -16_187_000, 20_845_000, 19_455_000),
    3035: (-311_000, 56_000, 7_990_000, 7_112_000),
    2056: (2_473_000, 1_064_000, 2_850_000, 1_310_000),
    21781: (473_000, 64_000, 850_000, 310_000),
    27700: (-126_000, -48_000, 710_000, 1_288_000),
    29902: (10_000, 1_000, 356_000, 482_000),
    2157: (409_000, 501_000, 798_000, 983_000),
    2154: (-418_000, 5_975_000, 1_360_000, 7_266_000),
    27572: (-22_000, 1_677_000, 1_114_000, 2_732_000),
    5514: (-973_000, -1_368_000, -138_000, -897_000),
    31466: (2_482_000, 5_425_000, 2_618_000, 5_981_000),
    31467: (3_377_000, 5_214_000, 3_624_000, 6_131_000),
    31468: (4_377_000, 5_229_000, 4_624_000, 6_074_000),
    31469: (5_383_000, 5_369_000, 5_421_000, 5_435_000),
    31370: (3_000, 11_000, 308_000, 256_000),
    3812: (504_000, 511_000, 808_000, 756_000),
    28992: (-11_000, 295_000, 296_000, 649_000),
    3067: (24_000, 6_491_000, 785_000, 7_826_000),
    3006: (158_000, 6_053_000, 1_110_000, 7_727_000),
    2180: (125_000, 105_000, 897_000, 930_000),
    31287: (90_000, 266_000, 712_000, 587_000),
    23700: (405_000, 32_000, 966_000, 379_000),
    5186: (97_000, 44_000, 303_000, 654_000),
    5179: (503_000, 926_000, 1_692_000, 2_306_000),
    2193: (960_000, 4_702_000, 2_148_000, 6_262_000),
    5070: (-3_039_000, 86_000, 3_068_000, 3_323_000),
    3577: (-2_251_000, -5_012_000, 2_534_000, -950_000),
    2039: (111_000, 360_000, 275_000, 813_000),
}
"""EPSG codes of systems that are much used, and which numbers they have where they are used; the first two and the
European LAEA grid are nobody's alone. The numbers are generous, and checked against PROJ by a test."""

UTM: Final[dict[int, tuple[Box, Box]]] = {
    32631: ((-1.0, -1.0, 7.0, 84.0), (0.0, -200_000.0, 1_000_000.0, 9_400_000.0)),
    32731: ((-1.0, -80.0, 7.0, 1.0), (0.0, 1_000_000.0, 1_000_000.0, 10_200_000.0)),
}
"""Zone 31 of each hemisphere, where on the Earth it is used, and which numbers it has. It stands for all zones, which
differ by six degrees. A degree more than the zone has belongs to it, as data that crosses its edge does."""

_HIGHEST: Final = 89.0


@cache
def epsg(code: int) -> pyproj.CRS:
    """Return the one object for a code, so that what is known of it stays known."""
    return pyproj.CRS.from_epsg(code)


@cache
def area_of_code(code: int) -> Box:
    """Return where a system is used."""
    return area_of(epsg(code))


def utm_zone(crs: pyproj.CRS) -> tuple[int, bool] | None:
    """Return the number of a UTM zone and whether it is in the south; ``None`` for other systems."""
    name = crs.utm_zone
    return (int(name[:-1]), name[-1] == "S") if name else None


def utm_near(zone: tuple[int, bool]) -> frozenset[str]:
    """Name the zones that one could be taken for: those beside it, and that of the other hemisphere."""
    number, south = zone
    base, other = (32700, 32600) if south else (32600, 32700)
    beside = {base + (number - 2) % 60 + 1, base + number % 60 + 1, other + number}
    return frozenset(f"EPSG:{code}" for code in beside)


def area_of(crs: pyproj.CRS) -> Box:
    """Return where a reference system is used, as far as an authority says; else all of the Earth.

    Units: degrees.
    """
    part = _known(crs)
    area = None if part is None else part.area_of_use
    if area is None or area.west > area.east:
        return (-180.0, -_HIGHEST, 180.0, _HIGHEST) if crs.is_projected else DEGREES
    return (area.west, max(area.south, -_HIGHEST), area.east, min(area.north, _HIGHEST))


def area_is_known(crs: pyproj.CRS) -> bool:
    """Say whether an authority says where a reference system is used, so that PROJ can be asked about that area."""
    part = _known(crs)
    return part is not None and part.area_of_use is not None


def _known(crs: pyproj.CRS) -> pyproj.CRS | None:
    """Find the authority's own form of a system."""
    part = horizontal(crs)
    if part.is_bound:
        return None
    if part.area_of_use is not None:
        return part
    code = part.to_epsg(min_confidence=70)
    return None if code is None else epsg(code)
