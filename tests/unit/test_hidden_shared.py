"""Angles as programs print them, links by which people share places, and codes that are rarer than others."""

from __future__ import annotations

import numpy as np
import pytest

from geogate.measures.hidden import Found, Strength
from geogate.measures.hidden.text import names

LON, LAT = 14.3217734, 48.0713345


def found(text: str) -> Found:
    """Return what likely or certainly is a position."""
    some = names([text])
    kept = np.flatnonzero(some.strength >= Strength.LIKELY)
    return some.take(kept, rows=some.rows[kept])


def places(text: str) -> list[tuple[float, float]]:
    return [(float(lon), float(lat)) for lon, lat in found(text).lonlat]


@pytest.mark.parametrize(
    "text",
    [
        "GPSLatitude=[48, 4, 1680/100] GPSLongitude=[14, 19, 1838/100]",
        "GPSLatitude: 48/1, 4/1, 1680/100; GPSLongitude: 14/1, 19/1, 1838/100",
        "((48, 1), (4, 1), (1680, 100)), ((14, 1), (19, 1), (1838, 100))",
        "{1: 'N', 2: (48.0, 4.0, 16.8), 3: 'E', 4: (14.0, 19.0, 18.38)}",
        "[Fraction(48, 1), Fraction(4, 1), Fraction(84, 5)] [Fraction(14, 1), Fraction(19, 1), Fraction(919, 50)]",
        "((48, 1), (42800, 10000), (0, 1)) ((14, 1), (193063, 10000), (0, 1))",
    ],
)
def test_lists_of_degrees_minutes_and_seconds_are_read(text: str) -> None:
    assert any(place == pytest.approx((LON, LAT), abs=2e-5) for place in places(text)), places(text)


def test_hemispheres_around_a_list_count() -> None:
    assert places("{1: 'S', 2: (48.0, 4.0, 16.8), 3: 'W', 4: (14.0, 19.0, 18.38)}") == [
        pytest.approx((-LON, -LAT), abs=2e-5)
    ]


@pytest.mark.parametrize("text", ["[48, 4, 84/5]", "((48, 1), (4, 1), (17, 1))", "(48.0, 4.0, 16.8)"])
def test_one_axis_in_brackets_is_half_a_position(text: str) -> None:
    assert {found(text).names[code] for code in found(text).form} == {"half-position"}


@pytest.mark.parametrize(
    "text",
    [
        "[255, 12, 3]", "(48, 4, 17)", "(1.0, 2.0, 3.0) (4.0, 5.0, 6.0)", "2/1 1/1 4/1", "12/05/2024 03/04/2023",
        "[12, 30.25, 0]", "(48.0, 61.0, 16.8) x", "score 3/4 and 5/6 of 7/8 in 12/15", "[1/0, 2/0, 3/0]",
    ],
)  # fmt: skip
def test_other_lists_of_three_are_none(text: str) -> None:
    assert places(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "https://maps.app.goo.gl/Ab3dEf7hIjk", "https://osm.org/go/0EEQjE--", "openstreetmap.org/go/0EEQjE",
        "https://waze.com/ul/hu2ed5b8", "https://ge0.me/wCODEabcde/Home", "om://wCODEabcde", "R8CC+G2 Linz",
        "R8CC+G2, Linz", "https://map.example/?E=2683000&N=1248000&zoom=8", "?x=595123.5&y=424567.25",
    ],
)  # fmt: skip
def test_links_that_others_read_are_positions_that_nobody_reads_here(text: str) -> None:
    assert len(places(text)) == 1
    assert places(text)[0] != places(text)[0]


@pytest.mark.parametrize(
    "text",
    ["room://abcdefgh", "https://goo.gl/abcdef", "https://osm.org/about", "C2H4+CO2 gas", "?e=12&n=34", "?x=640&y=480"],
)
def test_other_links_are_none(text: str) -> None:
    assert places(text) == []


def test_codes_of_grids_over_the_world_are_read() -> None:
    assert places("1401:484:103:372:241:131") == [pytest.approx((14.3212, 48.0744), abs=1e-3)]
    assert places("7500:110:455") == [pytest.approx((-0.55, 51.55), abs=0.06)]
    assert places("GEOREF QKGD1930 0428") == [pytest.approx((36.3218, 48.0714), abs=1e-3)]
    assert places("ABCD12345678") == places("12:30:45") == []


@pytest.mark.parametrize(
    "text",
    [
        "33U-VP-46123-24567", "33U_VP_46123_24567", "4 8 . 0 7 1 3 4 / 1 4 . 3 2 1 7 7",
        "params=48_4_16.80_N_14_19_18.38_E_type",
    ],
)  # fmt: skip
def test_signs_between_the_parts_do_not_hide_a_position(text: str) -> None:
    assert any(place == pytest.approx((LON, LAT), abs=0.05) for place in places(text))
