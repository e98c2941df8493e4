"""The map of a release draws what is judged: pixels that show anything, and positions that hide, in coarse cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas
import numpy as np
import pytest
from rastering import upright, write_tif

from geogate.gate.console_map import coarse_map, exact_map

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate

    from geogate.gate.console_reading import Drawing


def drawn(gate: Gate, path: Path) -> Drawing:
    request = gate.submit(path).request
    return coarse_map(request, house=gate.house("ada"))


def corners(found: Drawing) -> set[tuple[float, float]]:
    return {(cell.west, cell.south) for cell in found.cells}


def tenths(low: int, high: int) -> list[float]:
    return [round(each / 10, 6) for each in range(low, high)]


def test_pixels_are_drawn_where_they_show_anything(gate: Gate) -> None:
    pixels = np.zeros((1, 60, 100), np.uint8)
    pixels[0, :, :40] = 7
    place = upright(8.0, 47.6, 0.01, 0.01)
    found = drawn(gate, write_tif(gate.staged / "image.tif", pixels, crs="EPSG:4326", transform=place, nodata=0))

    assert (found.pixels, found.positions, found.undrawn) == (2400, 0, 0)
    assert corners(found) == {(x, y) for x in tenths(80, 84) for y in tenths(470, 476)}
    assert all(80 <= cell.positions <= 120 for cell in found.cells)
    assert sum(cell.in_zones for cell in found.cells) == 0


def test_pixels_that_are_larger_than_cells_fill_them(gate: Gate) -> None:
    place = upright(8.0, 48.0, 1.0, 1.0)
    path = write_tif(gate.staged / "coarse.tif", np.ones((1, 2, 3), np.uint8), crs="EPSG:4326", transform=place)
    found = drawn(gate, path)

    assert found.pixels == 6
    assert corners(found) == {(x, y) for x in tenths(80, 110) for y in tenths(460, 480)}


def test_pixels_in_zones_are_marked_where_they_are(gate: Gate) -> None:
    place = upright(19.5, 20.8, 0.05, 0.05)
    path = write_tif(gate.staged / "zone.tif", np.ones((1, 12, 40), np.uint8), crs="EPSG:4326", transform=place)
    found = drawn(gate, path)

    hit = {(cell.west, cell.south) for cell in found.cells if cell.in_zones}
    assert hit == {(x, y) for x in tenths(200, 210) for y in tenths(202, 208)}
    assert (found.pixels, found.hidden) == (480, 0)


def test_exact_positions_of_an_image_are_the_corners_of_its_windows(gate: Gate) -> None:
    place = upright(8.0, 47.6, 0.01, 0.01)
    path = write_tif(gate.staged / "image.tif", np.ones((1, 10, 10), np.uint8), crs="EPSG:4326", transform=place)
    request = gate.submit(path).request
    found = exact_map(request, house=gate.house("ada"))

    assert {tuple(round(each, 6) for each in point) for point in found.exact} == {
        (8.0, 47.6),
        (8.1, 47.6),
        (8.1, 47.5),
        (8.0, 47.5),
    }


@pytest.fixture
def hiding(gate: Gate) -> Path:
    """Points in one place, whose texts say others: one of them in the zone."""
    path = gate.staged / "places.gpkg"
    notes = ["N47.4123 E9.5417", "at N20.5512 E20.5533", "N47.4188 E9.5499"]
    points = geopandas.points_from_xy([8.3, 8.4, 8.3], [47.1, 47.2, 47.1])
    geopandas.GeoDataFrame({"note": notes}, geometry=points, crs=4326).to_file(path)
    return path


def test_positions_that_hide_are_drawn_where_they_say(gate: Gate, hiding: Path) -> None:
    found = drawn(gate, hiding)

    assert (found.positions, found.hidden) == (3, 3)
    hidden = {(cell.west, cell.south): (cell.hidden, cell.in_zones) for cell in found.cells if cell.hidden}
    assert hidden == {(9.5, 47.4): (2, 0), (20.5, 20.5): (1, 1)}


def test_positions_that_hide_come_first_among_exact_ones(gate: Gate, hiding: Path) -> None:
    request = gate.submit(hiding).request
    found = exact_map(request, house=gate.house("ada"))

    assert {tuple(round(each, 4) for each in point) for point in found.exact[:3]} == {
        (9.5417, 47.4123),
        (20.5533, 20.5512),
        (9.5499, 47.4188),
    }


def test_a_map_of_an_earlier_version_is_drawn_again(gate: Gate, hiding: Path) -> None:
    request = gate.submit(hiding).request
    first = coarse_map(request, house=gate.house("ada"))
    (kept,) = (gate.home / "maps").iterdir()
    kept.write_text('{"cells":[],"layers":1,"positions":3,"step_deg":0.1,"undrawn":0,"exact":[]}')

    assert coarse_map(request, house=gate.house("ada")) == first


def test_a_map_is_drawn_again_when_a_list_of_zones_has_changed(gate: Gate, hiding: Path) -> None:
    request = gate.submit(hiding).request
    assert any(cell.in_zones for cell in coarse_map(request, house=gate.house("ada")).cells)

    gate.policies.write_zones([[(50, 50), (51, 50), (51, 51), (50, 50)]])
    assert not any(cell.in_zones for cell in coarse_map(request, house=gate.house("ada")).cells)
