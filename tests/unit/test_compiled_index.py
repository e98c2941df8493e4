from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from property.zone_positions import listed
from property.zone_reference import GEOD, zone_list

from geogate.kernels import grid_build_sort, grid_build_zones, grid_probe, near, stripes
from geogate.model.errors import PolicyError
from geogate.zones.compiled import CompiledIndex
from geogate.zones.index import OffGlobeError, ZoneIndex

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry


def index(*zones: BaseGeometry, buffer_m: float = 0.0) -> CompiledIndex:
    return CompiledIndex.build(zone_list(zones), buffer_m=buffer_m)


def hit(built: CompiledIndex, *lonlat: tuple[float, float]) -> list[bool]:
    owners = built.points_within(np.array(lonlat, dtype=float)).owner
    return [number in owners for number in range(len(lonlat))]


SQUARE = shapely.box(10, 50, 11, 51)
RING = shapely.Polygon(shapely.box(10, 50, 11, 51).exterior, [shapely.box(10.2, 50.2, 10.8, 50.8).exterior])
ACROSS = shapely.Polygon([(179, 10), (-179, 10), (-179, 11), (179, 11)])
CAP = shapely.Polygon([(lon, 89.0) for lon in range(-180, 180, 30)])
GLOBE = shapely.box(-180, -90, 180, 90)


def test_the_boundary_and_a_centimetre_more_count_as_inside() -> None:
    near_it, far = (GEOD.fwd(11, 50.5, 90, away)[:2] for away in (0.009, 0.011))
    found = hit(index(SQUARE), (10, 50), (10.5, 50), (11, 50.5), (10.5, 50.5), near_it, far)
    assert found == [True, True, True, True, True, False]


def test_a_hole_is_outside_but_for_the_distance_from_its_edge() -> None:
    assert hit(index(RING), (10.5, 50.5), (10.1, 50.5)) == [False, True]
    assert hit(index(RING, buffer_m=500.0), (10.5, 50.5), (10.205, 50.5)) == [False, True]


def test_every_name_of_a_meridian_is_the_same_meridian() -> None:
    positions = [(180.0, 10.5), (-180.0, 10.5), (540.0, 10.5), (-540.0, 10.5), (179.5, 10.5), (-180.5, 10.5), (0, 10.5)]
    assert hit(index(ACROSS), *positions) == [True] * 6 + [False]


def test_a_zone_ends_a_centimetre_beyond_the_antimeridian() -> None:
    beside = index(shapely.box(179, 10, 180, 11))
    inside, outside = (GEOD.fwd(180, 10.5, 90, away)[:2] for away in (0.009, 0.011))
    assert hit(beside, inside, outside, (-180, 10.5)) == [True, False, True]


def test_the_distance_reaches_across_the_antimeridian_and_over_the_pole() -> None:
    beside = index(shapely.box(179.9, 10, 179.99, 11), buffer_m=5_000.0)
    assert hit(beside, (-179.97, 10.5), (-179.96, 10.5)) == [True, False]
    assert hit(index(shapely.Point(0, 89.9), buffer_m=25_000.0), (180.0, 89.9), (180.0, 89.87)) == [True, False]


@pytest.mark.parametrize("lon", [-180.0, -77.0, 0.0, 179.0])
def test_the_pole_has_every_longitude(lon: float) -> None:
    assert hit(index(CAP), (lon, 90.0), (lon, 89.1), (lon, 88.0)) == [True, True, False]
    wedge = shapely.box(0, 80, 30, 90)
    assert hit(index(wedge), (lon, 90.0)) == [True]
    assert hit(index(wedge), (lon, 89.9)) == [lon == 0.0]


@pytest.mark.parametrize("buffer_m", [0.0, 1_000.0])
def test_the_whole_globe_is_a_zone_of_a_few_tables(buffer_m: float) -> None:
    whole = index(GLOBE, buffer_m=buffer_m)
    assert hit(whole, (0, 0), (180, 90), (-180, -90), (12.3, -45.6)) == [True] * 4
    assert len(whole.cells.bits) // 16 < 20_000


def test_a_zone_larger_than_a_hemisphere_covers_whole_blocks_with_one_number() -> None:
    south = index(shapely.box(-180, -90, 180, 30))
    assert hit(south, (0, 29.9), (0, 30.1), (179.9, -89)) == [True, False, True]
    assert len(south.cells.entry) // 3 < 2_000_000


def test_small_zones_within_a_large_one_are_all_found_in_order() -> None:
    small = [shapely.box(lon, 10, lon + 0.01, 10.01) for lon in np.linspace(1, 2, 20)]
    built = CompiledIndex.build(listed([small[0], GLOBE, *small]), buffer_m=0.0)
    found = built.points_within(np.array([[1.005, 10.005], [50.0, 50.0]]))
    assert list(zip(found.owner, found.zone, strict=True)) == [(0, 0), (0, 1), (0, 2), (1, 1)]


def test_each_zone_that_a_position_hits_is_named_once() -> None:
    parts = shapely.MultiPolygon([shapely.box(10, 50, 10.4, 51), shapely.box(10.6, 50, 11, 51)])
    built = CompiledIndex.build(listed([parts, parts], [0.0, 60_000.0]), buffer_m=0.0)
    found = built.points_within(np.array([[10.2, 50.5], [10.5, 50.5], [10.7, 50.5]]))
    assert list(zip(found.owner, found.zone, strict=True)) == [(0, 0), (0, 1), (1, 1), (2, 0), (2, 1)]


def test_polygons_of_a_collection_may_overlap() -> None:
    overlapping = shapely.GeometryCollection([SQUARE, shapely.box(10.5, 50.5, 12, 52), shapely.Point(0, 0)])
    built = CompiledIndex.build(listed([overlapping], [10.0]), buffer_m=0.0)
    assert hit(built, (10.7, 50.7), (10.2, 50.2), (11.7, 51.7), (0, 0), (11.7, 50.2)) == [True] * 4 + [False]


def test_a_sliver_thinner_than_the_tolerance_is_hit_beside_it() -> None:
    sliver = index(shapely.box(10, 50, 11, 50 + 1e-9))
    away, far = (GEOD.fwd(10.5, 50, 180, metres)[:2] for metres in (0.008, 0.02))
    assert hit(sliver, (10.5, 50), away, far) == [True, True, False]


def test_more_pairs_than_positions_are_all_kept() -> None:
    built = CompiledIndex.build(listed([SQUARE] * 300), buffer_m=0.0)
    found = built.points_within(np.tile([10.5, 50.5], (100, 1)))
    assert np.array_equal(found.owner, np.repeat(np.arange(100), 300))
    assert np.array_equal(found.zone, np.tile(np.arange(300), 100))


def test_a_zone_with_more_cells_than_there_is_room_for_at_first_is_laid_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    comb = shapely.union_all([shapely.box(lon, 0, lon + 0.02, 0.4) for lon in np.arange(0, 0.5, 0.04)])
    zones, limits = [comb, SQUARE, comb.buffer(0.001)], [0.0, 0.0, 200.0]
    expected = CompiledIndex.build(listed(zones, limits), buffer_m=0.0)
    monkeypatch.setattr("geogate.zones.compiled_build._ROOM", 1_500)
    found = CompiledIndex.build(listed(zones, limits), buffer_m=0.0)
    for name in ("top", "bits", "base", "cell_start", "whole_start", "whole_zone"):
        assert np.array_equal(getattr(found.cells, name), getattr(expected.cells, name))
    lonlat = np.column_stack([np.linspace(-0.01, 0.5, 20_000), np.linspace(0.41, -0.01, 20_000)])
    assert np.array_equal(found.points_within(lonlat).owner, expected.points_within(lonlat).owner)


def test_cells_are_coarser_where_zones_reach_far() -> None:
    places = [shapely.Point(lon, lat) for lon in range(-170, 171, 20) for lat in range(-80, 81, 20)]
    near_by, far = (CompiledIndex.build(listed(places), buffer_m=metres) for metres in (1_000.0, 500_000.0))
    assert far.grid.bands < near_by.grid.bands
    assert len(far.cells.entry) // 3 < 4_000_000
    lonlat = np.random.default_rng(1).uniform([-180, -90], [180, 90], (1_000, 2))
    found, expected = far.points_within(lonlat), ZoneIndex.build(listed(places), buffer_m=500_000.0)
    assert np.array_equal(found.zone, expected.points_within(lonlat).zone)


@pytest.mark.parametrize("position", [(np.nan, 0), (0, np.nan), (np.inf, 0), (0, -90.001), (540.1, 0), (0, 90.1)])
def test_a_position_that_is_not_on_the_globe_is_refused(position: tuple[float, float]) -> None:
    lonlat = np.tile([10.5, 50.5], (5_000, 1))
    lonlat[4_999] = position
    with pytest.raises(OffGlobeError, match="1 of 5000 positions"):
        index(SQUARE).points_within(lonlat)


def test_no_positions_hit_nothing() -> None:
    assert len(index(SQUARE).points_within(np.empty((0, 2))).owner) == 0


def test_a_list_that_cannot_protect_is_refused_with_the_name_of_the_zone() -> None:
    with pytest.raises(PolicyError, match="list list has no zones"):
        CompiledIndex.build(listed([]), buffer_m=0.0)
    with pytest.raises(PolicyError, match="zone z1 of list list has a point or a line and no distance"):
        CompiledIndex.build(listed([SQUARE, shapely.Point(1, 2)]), buffer_m=0.0)
    for own in (-1.0, np.nan, 500_001.0):
        with pytest.raises(PolicyError, match="zone z1 of list list: a buffer is not between 0 and 500000"):
            CompiledIndex.build(listed([SQUARE, SQUARE], [0.0, own]), buffer_m=0.0)


def test_threads_share_an_index() -> None:
    built = index(SQUARE, RING, ACROSS, buffer_m=50.0)
    lonlat = np.random.default_rng(0).uniform([9.99, 49.99], [11.01, 51.01], (20_000, 2))
    expected = built.points_within(lonlat)
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda _: built.points_within(lonlat), range(8)):
            assert np.array_equal(found.owner, expected.owner)
            assert np.array_equal(found.zone, expected.zone)


def test_what_was_compiled_at_set_up_serves_all_calls() -> None:
    for module in (stripes, near, grid_build_zones, grid_build_sort, grid_probe):
        module.warm_up()
    kernels = (
        stripes.stripe_heads,
        stripes.stripe_counts,
        stripes.stripe_edges,
        stripes.near_lon_table,
        near.reach_of,
        grid_build_zones.lay_zones,
        grid_build_sort.group,
        grid_build_sort.sort_cells,
        grid_build_sort.number_blocks,
        grid_build_sort.fill_blocks,
        grid_probe.hits,
    )
    built = CompiledIndex.build(listed([SQUARE, GLOBE], [100.0, 0.0]), buffer_m=0.0)
    built.points_within(np.asfortranarray([[10.5, 50.5], [1.0, 2.0]]))
    assert [len(kernel.signatures) for kernel in kernels] == [1] * len(kernels)
