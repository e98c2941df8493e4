"""GCJ-02 and BD-09 against published pairs, and how far they move positions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from pyproj import Geod

from geogate.measures.datum_offsets import (
    EXTENT,
    FARTHEST_M,
    bd09_to_gcj02,
    bd09_to_wgs84,
    gcj02_to_bd09,
    gcj02_to_wgs84,
    in_china,
    wgs84_to_bd09,
    wgs84_to_gcj02,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Offset = Callable[[NDArray[np.float64]], NDArray[np.float64]]

GEOD = Geod(ellps="WGS84")

EVILTRANSFORM = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
]


def moved_m(offset: Offset, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    there = offset(lonlat)
    return np.asarray(GEOD.inv(*lonlat.T, *there.T)[2])


@pytest.mark.parametrize(("wgs84", "gcj02"), EVILTRANSFORM)
def test_gcj02_is_what_eviltransform_publishes(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    assert wgs84_to_gcj02(np.array([wgs84]))[0] == pytest.approx(gcj02, abs=3e-7)
    assert gcj02_to_wgs84(np.array([gcj02]))[0] == pytest.approx(wgs84, abs=3e-7)


def test_the_offsets_are_what_coordtransform_publishes() -> None:
    place = np.array([[116.404, 39.915]])
    assert wgs84_to_gcj02(place)[0] == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-9)
    assert gcj02_to_bd09(place)[0] == pytest.approx((116.41036949371029, 39.92133699351021), abs=1e-9)
    # Its ways back are approximations.
    assert bd09_to_gcj02(place)[0] == pytest.approx((116.39762729119315, 39.90865673957631), abs=2e-6)
    assert gcj02_to_wgs84(place)[0] == pytest.approx((116.39775550083061, 39.91359571849836), abs=2e-6)


@pytest.mark.parametrize(
    ("place", "gcj02_m", "bd09_m"),
    [
        ((116.3975, 39.9087), 556, 1379),
        ((121.4737, 31.2304), 482, 1141),
        ((104.0657, 30.6595), 360, 951),
        ((87.6168, 43.8256), 266, 1107),
    ],
)
def test_in_four_cities_the_offsets_are_a_quarter_of_a_kilometre_to_almost_one_and_a_half(
    place: tuple[float, float], gcj02_m: int, bd09_m: int
) -> None:
    assert moved_m(wgs84_to_gcj02, np.array([place])) == pytest.approx(gcj02_m, abs=1)
    assert moved_m(wgs84_to_bd09, np.array([place])) == pytest.approx(bd09_m, abs=1)


@pytest.mark.parametrize(
    "offset", [wgs84_to_gcj02, gcj02_to_wgs84, gcj02_to_bd09, bd09_to_gcj02, wgs84_to_bd09, bd09_to_wgs84]
)
def test_no_offset_in_china_moves_a_position_farther_than_is_said(offset: Offset) -> None:
    west, south, east, north = EXTENT
    lon, lat = np.meshgrid(np.linspace(west, east, 301), np.linspace(south, north, 301))
    everywhere = np.column_stack([lon.reshape(-1), lat.reshape(-1)])
    china = everywhere[in_china(everywhere)]
    assert moved_m(offset, china).min() > 10
    assert moved_m(offset, china).max() < FARTHEST_M - 900


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((116.4, 39.9), True),
        ((87.6, 43.8), True),
        ((110.3, 20.0), True),
        ((121.5, 25.0), False),
        ((127.0, 37.5), False),
        ((139.7, 35.7), False),
        ((77.2, 28.6), False),
        ((8.5, 47.4), False),
        ((-116.4, 39.9), False),
    ],
)
def test_china_is_where_its_maps_have_offsets(place: tuple[float, float], expected: bool) -> None:  # noqa: FBT001
    assert bool(in_china(np.array([place]))[0]) is expected
