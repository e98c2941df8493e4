from __future__ import annotations

import numpy as np
import pytest
import shapely

from geogate.model.errors import PolicyError
from geogate.zones.normalise import ZoneGeometryError, normalise


def area(*lonlat: tuple[float, float]) -> shapely.Polygon:
    return shapely.Polygon(lonlat)


CROSSING = [(179, 10), (-179, 10), (-179, 11), (179, 11)]
BEYOND = [(lon % 360, lat) for lon, lat in CROSSING]
BOTH_SIDES = shapely.MultiPolygon([shapely.box(179, 10, 180, 11), shapely.box(-180, 10, -179, 11)])


def test_a_zone_away_from_the_antimeridian_keeps_all_its_digits() -> None:
    polygon = area((10.123456789, 50), (10.2, 50), (10.2, 50.1))
    assert normalise(polygon, zone="a").equals_exact(polygon, tolerance=0)


@pytest.mark.parametrize(
    "ring",
    [
        BEYOND,
        [(-181, 10), (-179, 10), (-179, 11), (-181, 11)],
        [(179, 10), (180, 10), (-180, 10), (-179, 10), (-179, 11), (-180, 11), (180, 11), (179, 11)],
    ],
)
def test_a_ring_across_the_antimeridian_is_cut_there_however_it_is_written(ring: list[tuple[float, float]]) -> None:
    for short_edges in (False, True):
        zone = normalise(shapely.Polygon(ring), zone="a", short_edges=short_edges)
        assert zone.equals(BOTH_SIDES)
        assert zone.is_valid


@pytest.mark.parametrize("ring", [CROSSING, CROSSING[::-1]])
def test_a_ring_that_jumps_is_cut_only_where_the_format_says_that_edges_are_short(
    ring: list[tuple[float, float]],
) -> None:
    with pytest.raises(ZoneGeometryError, match=r"two ways round the globe.*cut it there into two parts"):
        normalise(shapely.Polygon(ring), zone="a")
    assert normalise(shapely.Polygon(ring), zone="a", short_edges=True).equals(BOTH_SIDES)


def test_a_zone_that_is_cut_at_the_antimeridian_already_is_not_in_doubt() -> None:
    assert normalise(BOTH_SIDES, zone="a").equals(BOTH_SIDES)


def belt(degrees: float, *, west: float = -100.0) -> shapely.Polygon:
    return shapely.box(west, 10, west + degrees, 20)


@pytest.mark.parametrize("degrees", [1.0, 90.0, 179.999, 180.0, 180.001, 269.0, 270.0, 271.0, 279.999])
def test_an_edge_of_half_the_globe_or_more_is_refused_and_a_shorter_one_means_what_it_says(degrees: float) -> None:
    if degrees < 180:
        assert normalise(belt(degrees), zone="a").equals(belt(degrees))
        return
    with pytest.raises(ZoneGeometryError, match="two ways round the globe: add vertices"):
        normalise(belt(degrees), zone="a")
    vertices = shapely.segmentize(belt(degrees), 90)
    assert normalise(vertices, zone="a").equals(belt(degrees))


@pytest.mark.parametrize("degrees", [179.999, 180.0, 180.001, 300.0])
def test_a_line_of_half_the_globe_or_more_is_refused(degrees: float) -> None:
    line = shapely.LineString([(-150, 0), (degrees - 150, 10)])
    if degrees < 180:
        assert normalise(line, zone="a").equals(line)
        return
    with pytest.raises(ZoneGeometryError, match="two ways round the globe: add vertices"):
        normalise(line, zone="a")


@pytest.mark.parametrize("south", [-90.0, -89.0])
def test_an_edge_along_a_pole_is_as_long_as_it_says_and_one_beside_it_is_not(south: float) -> None:
    vertices = [(150.0, south), (150, -70), (50, -70), (-50, -70), (-150, -70), (-150, south)]
    if south == -90:
        assert normalise(shapely.Polygon(vertices), zone="a").equals(shapely.box(-150, -90, 150, -70))
        return
    with pytest.raises(ZoneGeometryError, match="two ways"):
        normalise(shapely.Polygon(vertices), zone="a")


def test_a_ring_round_a_pole_is_refused_where_it_encloses_something_without_the_pole_too() -> None:
    ring = [(lon, 80.0 - (180 - abs(lon)) / 100) for lon in range(-180, 180, 30)]
    with pytest.raises(ZoneGeometryError, match="two ways"):
        normalise(shapely.Polygon(ring), zone="a")
    assert normalise(shapely.Polygon(ring), zone="a", short_edges=True).intersects(shapely.Point(5, 90))


def test_a_hole_across_the_antimeridian_is_cut_as_well() -> None:
    hole = [(179.5, 10.4), (-179.5, 10.4), (-179.5, 10.6), (179.5, 10.6)]
    zone = normalise(shapely.Polygon(CROSSING, [hole]), zone="a", short_edges=True)
    assert zone.area == pytest.approx(2.0 - 0.2)
    assert not zone.intersects(shapely.Point(180, 10.5))


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("order", [1, -1])
def test_a_ring_round_a_pole_holds_the_pole(sign: int, order: int) -> None:
    ring = [(lon, sign * 80.0) for lon in range(-180, 180, 30)][::order]
    zone = normalise(shapely.Polygon(ring), zone="a")
    assert zone.area == pytest.approx(360 * 10)
    assert zone.intersects(shapely.Point(77, sign * 90))
    assert not zone.intersects(shapely.Point(77, sign * 79.9))


def test_a_belt_round_a_pole_does_not_hold_the_pole() -> None:
    outer = [(lon, 70.0) for lon in range(-180, 180, 30)]
    inner = [(lon, 80.0) for lon in range(-165, 195, 30)]
    zone = normalise(shapely.Polygon(outer, [inner]), zone="a")
    assert zone.area == pytest.approx(360 * 10)
    assert not zone.intersects(shapely.Point(5, 85))


def test_a_cap_that_is_cut_already_stays_as_it_is() -> None:
    cap = area((-180, -90), (180, -90), (180, -70), (-180, -70))
    assert normalise(cap, zone="a").equals(cap)


def test_the_whole_world_is_a_zone() -> None:
    assert normalise(shapely.box(-180, -90, 180, 90), zone="a").area == 360 * 180


def test_points_beyond_180_degrees_are_turned_back_to_the_map() -> None:
    assert normalise(shapely.Point(190, 5), zone="a") == shapely.Point(-170, 5)


def test_a_line_across_the_antimeridian_becomes_two_lines() -> None:
    zone = normalise(shapely.LineString([(179, 0), (181, 2)]), zone="a")
    assert normalise(shapely.LineString([(179, 0), (-179, 2)]), zone="a", short_edges=True).equals(zone)
    assert zone.equals(shapely.MultiLineString([[(179, 0), (180, 1)], [(-180, 1), (-179, 2)]]))


def test_heights_are_left_out() -> None:
    assert not normalise(shapely.Point(1, 2, 3), zone="a").has_z


def test_overlapping_parts_make_one_area_and_none_of_it_is_lost() -> None:
    overlapping = shapely.MultiPolygon([shapely.box(0, 0, 2, 2), shapely.box(1, 1, 3, 3)])
    assert normalise(overlapping, zone="a").area == pytest.approx(7)


def test_mixed_collections_keep_all_their_parts() -> None:
    mixed = shapely.GeometryCollection([shapely.Point(1, 1), shapely.MultiPolygon([shapely.box(5, 5, 6, 6)])])
    assert {part.geom_type for part in shapely.get_parts(normalise(mixed, zone="a"))} == {"Point", "Polygon"}


BAD = {
    "no geometry": (None, "it has no geometry"),
    "empty": (shapely.Polygon(), "it has no geometry, or an empty one"),
    "an empty part": (shapely.from_wkt("GEOMETRYCOLLECTION (POINT (1 1), POLYGON EMPTY)"), "it has an empty part"),
    "NaN": (shapely.Point(np.nan, 1), "not a finite number"),
    "infinity": (shapely.LineString([(0, 0), (np.inf, 1)]), "not a finite number"),
    "latitude": (shapely.Point(0, 90.5), "no longitude or no latitude"),
    "longitude": (shapely.Point(361, 0), "no longitude or no latitude"),
    "metres": (shapely.box(500000, 5400000, 500100, 5400100), "no longitude or no latitude"),
    "bow tie": (area((0, 0), (1, 1), (1, 0), (0, 1)), "self-intersection"),
    "bow tie of two sizes": (area((0, 0), (2, 2), (2, 0), (0, 1)), "self-intersection"),
    "bow tie across": (area((179, 0), (-179, 1), (-179, 0), (179, 1)), "self-intersection"),
    "flat": (area((0, 0), (1, 1), (0, 0)), "too few points|self-intersection|no area"),
    "hole outside": (shapely.Polygon([(0, 0), (1, 0), (1, 1)], [[(5, 5), (6, 5), (6, 6)]]), "hole lies outside"),
    "hole outside across": (
        shapely.Polygon(BEYOND, [[(170, 10.4), (171, 10.4), (171, 10.6)]]),
        "hole lies outside",
    ),
    "two holes over each other": (
        shapely.Polygon(BEYOND, [[(179.2, 10.2), (179.8, 10.2), (179.5, 10.8)]] * 2),
        "over another hole",
    ),
    "a point as a line": (shapely.LineString([(1, 1), (1, 1)]), "too few points|invalid"),
    "an edge of half the globe": (area((0, 0), (200, 0), (200, 10), (0, 10)), "two ways"),
    "a line along a whole parallel": (shapely.LineString([(-180, 60), (180, 60)]), "two ways"),
    "a ring round a pole on both sides of the equator": (
        shapely.Polygon([(lon, 5.0 if lon else -5.0) for lon in range(-180, 180, 30)]),
        "two ways",
    ),
    "a ring that goes round twice": (
        shapely.Polygon([(lon % 360, 80) for lon in range(0, 720, 40)]),
        "close|self-intersection",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_wholly_clear_is_refused_by_name_and_without_a_coordinate(name: str) -> None:
    geometry, reason = BAD[name]
    with pytest.raises(ZoneGeometryError, match=rf"zone LFPX: .*({reason})") as caught:
        normalise(geometry, zone="LFPX")
    assert isinstance(caught.value, PolicyError)
    assert not any(digit in str(caught.value) for digit in "0123456789")
