from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from property.zone_reference import GEOD, gap_m, zone_list

from geogate.model.errors import PolicyError
from geogate.zones.boundary import Boundary, Hits
from geogate.zones.index import OffGlobeError, ZoneIndex
from geogate.zones.segments import Segments

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


def index(*zones: BaseGeometry, buffer_m: float = 0.0) -> ZoneIndex:
    return ZoneIndex.build(zone_list(zones), buffer_m=buffer_m)


def hit_points(built: ZoneIndex, *lonlat: tuple[float, float]) -> list[bool]:
    owners = built.points_within(np.array(lonlat, dtype=float)).owner
    return [number in owners for number in range(len(lonlat))]


def hit_shapes(built: ZoneIndex, *shapes: BaseGeometry) -> list[bool]:
    owners = built.shapes_within(np.array(shapes, dtype=object)).owner
    return [number in owners for number in range(len(shapes))]


SQUARE = shapely.box(10, 50, 11, 51)
RING = shapely.Polygon(shapely.box(10, 50, 11, 51).exterior, [shapely.box(10.2, 50.2, 10.8, 50.8).exterior])
ACROSS = shapely.Polygon([(179, 10), (-179, 10), (-179, 11), (179, 11)])
CAP = shapely.Polygon([(lon, 89.0) for lon in range(-180, 180, 30)])


def test_the_boundary_counts_as_inside() -> None:
    assert hit_points(index(SQUARE), (10, 50), (10.5, 50), (11, 50.5), (10.5, 50.5)) == [True] * 4


def test_a_centimetre_outside_counts_as_inside_and_more_does_not() -> None:
    near, far = (GEOD.fwd(11, 50.5, 90, away)[:2] for away in (0.009, 0.011))
    assert hit_points(index(SQUARE), near, far) == [True, False]


def test_a_hole_is_outside_but_for_the_distance_from_its_edge() -> None:
    assert hit_points(index(RING), (10.5, 50.5), (10.1, 50.5)) == [False, True]
    assert hit_points(index(RING, buffer_m=500.0), (10.5, 50.5), (10.205, 50.5)) == [False, True]


def test_the_larger_of_the_zones_own_distance_and_the_rules_counts() -> None:
    own = zone_list([shapely.Point(10, 50)], buffer_m=2_000.0)
    near, far = (GEOD.fwd(10, 50, 45, away)[:2] for away in (1_900, 2_900))
    assert hit_points(ZoneIndex.build(own, buffer_m=1_000.0), near, far) == [True, False]
    assert hit_points(ZoneIndex.build(own, buffer_m=3_000.0), near, far) == [True, True]


def test_every_name_of_a_meridian_is_the_same_meridian() -> None:
    positions = [(180.0, 10.5), (-180.0, 10.5), (540.0, 10.5), (-540.0, 10.5), (179.5, 10.5), (-180.5, 10.5), (0, 10.5)]
    assert hit_points(index(ACROSS), *positions) == [True] * 6 + [False]


def test_the_distance_reaches_across_the_antimeridian() -> None:
    beside = shapely.box(179.9, 10, 179.99, 11)
    assert hit_points(index(beside, buffer_m=5_000.0), (-179.97, 10.5), (-179.96, 10.5)) == [True, False]
    assert hit_shapes(index(beside, buffer_m=5_000.0), shapely.box(-179.97, 10.5, -179.9, 10.6)) == [True]


@pytest.mark.parametrize("lon", [-180.0, -77.0, 0.0, 179.0])
def test_the_pole_has_every_longitude(lon: float) -> None:
    near_pole = shapely.Point(120, 89.99)
    away = GEOD.inv(120, 89.99, lon, 90)[2]
    assert hit_points(index(CAP), (lon, 90.0)) == [True]
    assert hit_points(index(near_pole, buffer_m=away + 0.02), (lon, 90.0)) == [True]
    assert hit_points(index(near_pole, buffer_m=away - 0.02), (lon, 90.0)) == [False]


def test_the_distance_reaches_over_the_pole() -> None:
    built = index(shapely.Point(0, 89.9), buffer_m=25_000.0)
    assert hit_points(built, (180.0, 89.9), (180.0, 89.87)) == [True, False]


def test_zones_of_the_size_of_the_globe_are_right() -> None:
    assert hit_points(index(shapely.box(-180, -90, 180, 90)), (0, 0), (180, 90), (-180, -90)) == [True] * 3
    north = index(shapely.box(-180, 60, 180, 90), buffer_m=1_000.0)
    inside, outside = GEOD.fwd(33, 60, 180, 999)[:2], GEOD.fwd(33, 60, 180, 1_001)[:2]
    assert hit_points(north, inside, outside) == [True, False]


def test_an_edge_is_straight_in_degrees_and_not_a_great_circle() -> None:
    long = index(shapely.box(0, 40, 60, 50), buffer_m=100.0)
    assert hit_points(long, (30, 50.0008), (30, 50.002)) == [True, False]


def test_each_zone_that_a_position_hits_is_named_once() -> None:
    hits = index(SQUARE, shapely.box(10.5, 50, 12, 51)).points_within(np.array([[10.2, 50.5], [10.7, 50.5], [0, 0]]))
    assert list(zip(hits.owner, hits.zone, strict=True)) == [(0, 0), (1, 0), (1, 1)]


def test_a_multi_part_zone_is_one_zone() -> None:
    parts = shapely.MultiPolygon([shapely.box(10, 50, 10.4, 51), shapely.box(10.6, 50, 11, 51)])
    hits = index(parts).shapes_within(np.array([shapely.box(10.3, 50.2, 10.7, 50.4)], dtype=object))
    assert hits.zone.tolist() == [0]


def test_a_line_hits_without_a_vertex_inside() -> None:
    lines = [shapely.LineString([(9, 50.5), (12, 50.6)]), shapely.LineString([(9, 52), (12, 52)])]
    assert hit_shapes(index(SQUARE), *lines) == [True, False]


def test_a_polygon_hits_the_zone_that_it_holds_and_not_the_one_in_its_hole() -> None:
    big, frame = (
        shapely.box(0, 40, 20, 60),
        shapely.Polygon(shapely.box(0, 40, 20, 60).exterior, [SQUARE.buffer(1).exterior]),
    )
    for zone in (SQUARE, shapely.Point(10.5, 50.5), shapely.LineString([(10.2, 50.2), (10.7, 50.7)])):
        assert hit_shapes(index(zone, buffer_m=10.0), big, frame) == [True, False]


def test_the_distance_between_edges_decides_to_two_centimetres() -> None:
    zone = np.array([[10.0, 50.0, 10.0, 50.0]])
    lines = [shapely.LineString([(lon, 49.9), (lon, 50.1)]) for lon in (10.0139, 10.01395, 10.0141)]
    for line in lines:
        edge = np.array([[*line.coords[0], *line.coords[1]]])
        gap = gap_m(edge, zone)
        assert hit_shapes(index(shapely.Point(10, 50), buffer_m=gap + 0.01), line) == [True]
        assert hit_shapes(index(shapely.Point(10, 50), buffer_m=gap - 0.03), line) == [False]


def test_a_zones_corner_near_the_middle_of_a_long_edge_is_found() -> None:
    # The edge is straight in degrees: at its middle it lies kilometres away from the great circle.
    edge = shapely.LineString([(0, 50), (20, 50)])
    assert hit_shapes(index(shapely.Point(10, 50.004), buffer_m=500.0), edge) == [True]
    assert hit_shapes(index(shapely.Point(10, 50.05), buffer_m=500.0), edge) == [False]


def test_an_edge_of_more_than_half_a_turn_crosses_the_antimeridian() -> None:
    track = shapely.LineString([(178, 10.5), (-178, 10.5)])
    assert hit_shapes(index(ACROSS), track) == [True]
    assert hit_shapes(index(shapely.box(-1, 10, 1, 11)), track) == [False]
    assert hit_shapes(index(shapely.Point(180, 10.51), buffer_m=2_000.0), track) == [True]


def test_an_edge_that_may_mean_two_things_counts_as_both() -> None:
    unclear = shapely.LineString([(100, 10.5), (-100, 10.5)])
    assert hit_shapes(index(ACROSS), unclear) == [True]
    assert hit_shapes(index(shapely.box(-1, 10, 1, 11)), unclear) == [True]


def test_data_beyond_180_degrees_is_on_the_other_side() -> None:
    beyond = [
        shapely.box(180.5, 10.2, 181.5, 10.4),
        shapely.LineString([(539, 10.5), (538, 10.5)]),
        shapely.Point(181, 10.5),
    ]
    assert hit_shapes(index(ACROSS), *beyond) == [True, True, True]


def test_a_polygon_round_the_pole_hits_what_is_at_the_pole() -> None:
    ring = shapely.Polygon([(lon, 85.0) for lon in range(-180, 180, 30)])
    belt = shapely.Polygon(ring.exterior, [[(lon, 88.0) for lon in range(-180, 180, 30)]])
    assert hit_shapes(index(shapely.Point(30, 89.5), buffer_m=10.0), ring, belt) == [True, False]


def test_an_invalid_polygon_counts_with_all_that_it_may_hold() -> None:
    twice_round = shapely.Polygon([(9, 49), (12, 49), (12, 52), (9, 52), (9, 49), (12, 49), (12, 52), (9, 52)])
    bow_tie = shapely.Polygon([(9, 49), (12, 52), (12, 49), (9, 52)])
    crossing = shapely.Polygon([(178, 9), (-178, 12), (-178, 9), (178, 12)])
    assert hit_shapes(index(SQUARE), twice_round, bow_tie) == [True, True]
    assert hit_shapes(index(ACROSS), crossing) == [True]


def test_a_collection_counts_with_all_its_members() -> None:
    nested = shapely.from_wkt("GEOMETRYCOLLECTION (POINT (0 0), GEOMETRYCOLLECTION (MULTIPOINT (10.5 50.5, 1 1)))")
    assert hit_shapes(index(SQUARE), nested, shapely.GeometryCollection()) == [True, False]


def test_missing_and_empty_shapes_hit_nothing() -> None:
    shapes = np.array([None, shapely.Polygon(), shapely.LineString()], dtype=object)
    assert len(index(SQUARE).shapes_within(shapes).owner) == 0


def test_no_positions_hit_nothing() -> None:
    assert len(index(SQUARE).points_within(np.empty((0, 2))).owner) == 0


@pytest.mark.parametrize("bad", [(np.nan, 0.0), (0.0, np.inf), (0.0, 90.0001), (540.1, 0.0)])
def test_what_is_not_on_the_globe_is_never_outside(bad: tuple[float, float]) -> None:
    positions = np.array([[0.0, 0.0], bad])
    with pytest.raises(OffGlobeError, match="1 of 2 positions"):
        index(SQUARE).points_within(positions)
    with np.errstate(invalid="ignore"):
        line = shapely.LineString(positions)
    with pytest.raises(OffGlobeError, match="1 of 2 positions"):
        index(SQUARE).shapes_within(np.array([line], dtype=object))


def test_a_list_without_zones_is_refused() -> None:
    with pytest.raises(PolicyError, match="has no zones"):
        index()


@pytest.mark.parametrize("thin", [shapely.Point(1, 1), shapely.LineString([(1, 1), (2, 2)])])
def test_a_zone_that_protects_nothing_is_refused(thin: BaseGeometry) -> None:
    with pytest.raises(PolicyError, match=r"zone z1 .* protects nothing"):
        index(SQUARE, shapely.GeometryCollection([SQUARE, thin]))
    index(SQUARE, thin, buffer_m=0.1)


@pytest.mark.parametrize("buffer_m", [-1.0, float("nan"), float("inf"), 500_001.0])
def test_an_impossible_distance_is_refused(buffer_m: float) -> None:
    with pytest.raises(PolicyError, match="not between 0 and 500000 metres"):
        index(SQUARE, buffer_m=buffer_m)
    with pytest.raises(PolicyError, match="not between 0 and 500000 metres"):
        ZoneIndex.build(zone_list([SQUARE], buffer_m=buffer_m), buffer_m=1.0)


def test_a_probe_that_is_too_long_is_refused() -> None:
    edge = Segments(start=np.array([[0.0, 0.0]]), end=np.array([[1.0, 0.0]]), owner=np.array([0]))
    with pytest.raises(ValueError, match="too long"):
        Boundary(edge, limit_m=np.array([1.0])).within(edge)


def test_several_threads_get_what_one_gets() -> None:
    rng = np.random.default_rng(7)
    zones = [shapely.Point(*rng.uniform(9, 12, 2)).buffer(0.1, quad_segs=16) for _ in range(40)]
    parts = [rng.uniform(8.5, 12.5, (2_000, 2)) for _ in range(8)]
    shapes = [np.asarray(shapely.box(*part[:200].T, *(part[:200] + 0.05).T)) for part in parts]

    def both(built: ZoneIndex, number: int) -> tuple[Hits, Hits]:
        return built.points_within(parts[number]), built.shapes_within(shapes[number])

    alone = [both(index(*zones, buffer_m=50.0), number) for number in range(8)]
    shared = index(*zones, buffer_m=50.0)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda number: both(shared, number), range(8)))
    for one, other in zip(alone, together, strict=True):
        for hits, same in zip(one, other, strict=True):
            assert np.array_equal(hits.owner, same.owner)
            assert np.array_equal(hits.zone, same.zone)
