from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from property.zone_features import batch, beside, features, hits_of, some_features, zones_round
from property.zone_positions import hard_positions, listed, usable_zones
from property.zone_reference import zone_list

from geogate.measures.tools import PLAIN, Tools
from geogate.measures.zone_indexes import feature_hits, zone_index
from geogate.zones.boundary import Hits
from geogate.zones.compiled import CompiledIndex
from geogate.zones.compiled_shapes import near_boxes, near_rows
from geogate.zones.index import ZoneIndex

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

CENTRES = [(3.0, 47.0), (-70.0, -52.0), (10.0, 0.0), (179.6, 65.0), (-179.7, -17.0), (40.0, 88.5), (0.0, -89.7)]
LIMITS_M = [0.0, 500.0, 20_000.0]


def expected_hits(index: ZoneIndex, shapes: list[BaseGeometry]) -> Hits:
    found = features(shapes)
    vertices = index.points_within(found.lonlat)
    rows = np.searchsorted(found.offsets[found.first], vertices.owner, side="right") - 1
    return Hits.union([Hits.of(rows, vertices.zone), index.shapes_within(np.array(shapes, dtype=object))])


def assert_judged_alike(zones: list[BaseGeometry], shapes: list[BaseGeometry], limit_m: float) -> None:
    listed = zone_list(zones, buffer_m=limit_m)
    compiled = CompiledIndex.build(listed, buffer_m=0.0)
    found = hits_of(compiled, shapes)
    expected = expected_hits(ZoneIndex.build(listed, buffer_m=0.0), shapes)
    assert list(zip(found.owner, found.zone, strict=True)) == list(zip(expected.owner, expected.zone, strict=True))


@settings(max_examples=16, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(CENTRES), st.sampled_from(LIMITS_M), st.sampled_from([0.05, 0.5, 3.0]))
def test_features_hit_what_they_hit_by_the_exact_index(
    seed: int, centre: tuple[float, float], limit_m: float, size: float
) -> None:
    random = np.random.default_rng(seed)
    zones = zones_round(random, centre, size=size, loose=limit_m > 0)
    assert_judged_alike(zones, some_features(random, centre, size=size, count=25), limit_m)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(CENTRES), st.sampled_from(LIMITS_M))
def test_edges_that_pass_a_zone_closely_hit_what_they_hit_by_the_exact_index(
    seed: int, centre: tuple[float, float], limit_m: float
) -> None:
    random = np.random.default_rng(seed)
    zones = zones_round(random, centre, size=0.1, loose=limit_m > 0)
    assert_judged_alike(zones, [line for zone in zones for line in beside(random, zone, limit_m)], limit_m)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**32))
def test_features_on_a_common_lattice_hit_what_they_hit_by_the_exact_index(seed: int) -> None:
    random = np.random.default_rng(seed)
    centre = (3.0, 47.0)

    def snapped(shape: BaseGeometry) -> BaseGeometry:
        return shapely.transform(shape, lambda lonlat: np.round(lonlat * 20) / 20)

    zones = [snapped(zone) for zone in zones_round(random, centre, size=0.4, loose=False)]
    zones = [zone for zone in zones if zone.is_valid and not zone.is_empty and zone.area > 0]
    shapes = [snapped(shape) for shape in some_features(random, centre, size=0.4, count=25)]
    if zones:
        assert_judged_alike(zones, shapes, 0.0)


@pytest.mark.parametrize("code", [4326, 2154, 25831, 3857, 4258])
def test_a_batch_hits_the_same_with_kernels_and_without(code: int) -> None:
    import pyproj

    random = np.random.default_rng(code)
    crs = pyproj.CRS.from_epsg(code)
    to_crs = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    zones = zone_list(zones_round(random, (3.0, 47.0), size=0.3, loose=True), buffer_m=200.0)
    shapes = some_features(random, (3.0, 47.0), size=0.3, count=150)
    own = [
        shapely.transform(s, lambda xy: np.column_stack(to_crs.transform(*xy.T)))
        for s in (*shapes, shapely.Point(3, 47))
    ]
    hits = []
    for tools in (PLAIN, Tools(kernels=True)):
        made = batch([None, *own], crs=crs)
        made.kernels = tools.kernels
        hits.append(feature_hits(made, zone_index(zones, 0.0, tools)))
    assert len(hits[0].owner) > 20
    assert np.array_equal(hits[0].owner, hits[1].owner)
    assert np.array_equal(hits[0].zone, hits[1].zone)


@pytest.mark.parametrize("seed", range(3))
def test_no_small_box_that_touches_a_zone_is_called_far(seed: int) -> None:
    random = np.random.default_rng(seed)
    zones = usable_zones(random, most=12)
    index = CompiledIndex.build(listed(zones, repeat(50.0)), buffer_m=0.0)
    places = np.concatenate([hard_positions(random, zone, 50.0) for zone in zones])
    sides = 10.0 ** random.uniform(-7, 0, (len(places), 2))
    west, south = np.clip(places - sides * random.uniform(0, 1, places.shape), (-180, -90), (179.9, 89.9)).T
    east, north = np.minimum(west + sides[:, 0], 180), np.minimum(south + sides[:, 1], 90)
    lines = [shapely.LineString([(a, b), (c, d)]) for a, b, c, d in zip(west, south, east, north, strict=True)]
    near = near_rows(index, features(lines))
    assert np.array_equal(near.row, np.flatnonzero(near_boxes(index, np.column_stack([west, south, east, north]))))
    row, zone = shapely.STRtree([each.geometry for each in index.zone_list.zones]).query(
        shapely.box(west, south, east, north), predicate="intersects"
    )
    assert np.isin(row, near.row).all()
    found = {(one, other) for k, one in enumerate(near.row) for other in near.zone[near.first[k] : near.first[k + 1]]}
    listed_rows = near.row[np.diff(near.first) > 0]
    assert {pair for pair in zip(row, zone, strict=True) if pair[0] in listed_rows} <= found
    assert 0 < len(near.row) < len(lines)
