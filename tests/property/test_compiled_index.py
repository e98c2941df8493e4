from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from property.zone_positions import hard_positions, listed, odd_positions, usable_zones
from property.zone_reference import zone_distance_m

from geogate.zones.compiled import CompiledIndex
from geogate.zones.index import ZoneIndex
from geogate.zones.unwrap import on_the_map

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geogate.zones.zone import ZoneList

LIMITS_M = (0.0, 0.01, 1.0, 500.0, 50_000.0, 500_000.0)
OWN_M = (0.01, 20.0, 5_000.0, 120_000.0)


def with_distances(
    random: np.random.Generator, zones: list[BaseGeometry], buffer_m: float
) -> tuple[ZoneList, NDArray[np.float64]]:
    """Give some zones a distance of their own, and all those that need one; all distances follow."""
    own = np.where(random.uniform(size=len(zones)) < 0.3, random.choice(OWN_M, len(zones)), 0.0)
    bare = np.array([zone.geom_type not in {"Polygon", "MultiPolygon"} for zone in zones])
    own[bare & (np.maximum(own, buffer_m) == 0)] = 300.0
    return listed(zones, own), np.maximum(own, buffer_m)


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(LIMITS_M))
def test_every_position_hits_what_it_hits_by_the_exact_index(seed: int, buffer_m: float) -> None:
    random = np.random.default_rng(seed)
    zones = usable_zones(random, most=3)
    zone_list, limit_m = with_distances(random, zones, buffer_m)
    compiled = CompiledIndex.build(zone_list, buffer_m=buffer_m)
    hard = [hard_positions(random, zone, limit) for zone, limit in zip(zones, limit_m, strict=True)]
    lonlat = np.concatenate([*hard, odd_positions(random, bands=compiled.grid.bands)])
    found, expected = (
        compiled.points_within(lonlat),
        ZoneIndex.build(zone_list, buffer_m=buffer_m).points_within(lonlat),
    )
    assert np.array_equal(found.owner, expected.owner)
    assert np.array_equal(found.zone, expected.zone)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(LIMITS_M))
def test_every_position_is_judged_as_shapely_and_geodesics_judge_it(seed: int, buffer_m: float) -> None:
    random = np.random.default_rng(seed)
    zones = usable_zones(random, most=1)[:1]
    zone_list, limit_m = with_distances(random, zones, buffer_m)
    lonlat = on_the_map(hard_positions(random, zones[0], float(limit_m[0])))
    lonlat = lonlat[random.choice(len(lonlat), min(len(lonlat), 25), replace=False)]
    hit = np.zeros(len(lonlat), bool)
    hit[CompiledIndex.build(zone_list, buffer_m=buffer_m).points_within(lonlat).owner] = True
    for (lon, lat), is_hit in zip(lonlat, hit, strict=True):
        distance_m = zone_distance_m(lon, lat, zones[0])
        # A centimetre of tolerance, and 2 mm that an edge may lie beside its chords.
        if not limit_m[0] < distance_m <= limit_m[0] + 0.012:
            assert is_hit == (distance_m <= limit_m[0])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_the_stripes_answer_as_geos_does_or_ask_where_an_edge_is_near(seed: int) -> None:
    from geogate.kernels.stripes import ASK, IN, near_lon_deg, place_in_zone

    random = np.random.default_rng(seed)
    zones = [zone for zone in usable_zones(random, most=4) if zone.geom_type in {"Polygon", "MultiPolygon"}]
    zones.append(shapely.box(1, 1, 2, 2))
    stripes = CompiledIndex.build(listed(zones), buffer_m=0.0).stripes.for_kernels
    for number, zone in enumerate(zones):
        for lon, lat in on_the_map(hard_positions(random, zone, 0.0)):
            answer = place_in_zone(lon, lat, near_lon_deg(lat), number, *stripes)
            position = shapely.Point(lon, lat)
            if answer == ASK:
                assert zone.boundary.distance(position) < 2 * near_lon_deg(lat)
            else:
                assert (answer == IN) == zone.intersects(position)
