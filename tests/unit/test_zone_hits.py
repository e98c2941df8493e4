from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from property.zone_reference import zone_list

from geogate.measures.batch import LayerBatch
from geogate.measures.measure import UnmeasurableError
from geogate.measures.zone_hits import ZoneCount, ZoneHitCounts, ZoneHits
from geogate.model.document import canonical_json, from_json

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

LONLAT = pyproj.CRS.from_epsg(4326)
UTM = pyproj.CRS.from_epsg(25832)
POLAR = pyproj.CRS.from_epsg(3995)
ZONES = zone_list([shapely.box(10, 50, 10.1, 50.1), shapely.Point(20, 40)])
SHAPES: list[BaseGeometry | None] = [
    shapely.Point(10.05, 50.05),
    None,
    shapely.LineString([(9, 49), (11, 51)]),
    shapely.MultiPoint([(10.05, 50.05), (10.06, 50.05), (0, 0)]),
    shapely.box(9, 49, 11, 51),
    shapely.box(19, 39, 21, 41),
    shapely.Point(0, 0),
    shapely.Polygon(),
    shapely.box(0, 0, 0.001, 0.001),
    shapely.LineString([(10.05, 50.05), (10.06, 50.06), (30, 60)]),
]
EXPECTED = ZoneHitCounts(
    features=10,
    features_hit=6,
    vertices_hit=5,
    zones=(ZoneCount(zone="z0", features=5, vertices=5), ZoneCount(zone="z1", features=1, vertices=0)),
)


def batch(shapes: list[BaseGeometry | None], *, crs: pyproj.CRS = LONLAT, first_row: int = 0) -> LayerBatch:
    return LayerBatch(
        wkb=pa.array(shapely.to_wkb(np.array(shapes, dtype=object)), pa.binary()),
        attributes=pa.record_batch({"n": pa.array(range(len(shapes)), pa.int64())}),
        crs=crs,
        first_row=first_row,
    )


def projected(shape: BaseGeometry | None, crs: pyproj.CRS, *, step_deg: float = 0.01) -> BaseGeometry | None:
    transformer = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    dense = shapely.segmentize(shape, step_deg)
    return shapely.transform(dense, lambda xy: np.column_stack(transformer.transform(*xy.T))) if shape else None


def test_features_and_vertices_are_counted_for_each_zone_and_over_all() -> None:
    assert ZoneHits.against(ZONES, buffer_m=500.0).of(batch(SHAPES)) == EXPECTED


def test_a_projected_layer_hits_what_the_same_layer_in_degrees_hits() -> None:
    shapes = [projected(shape, UTM) for shape in SHAPES]
    found = ZoneHits.against(ZONES, buffer_m=500.0).of(batch(shapes, crs=UTM))
    assert found.features_hit == EXPECTED.features_hit
    assert [(zone.zone, zone.features) for zone in found.zones] == [("z0", 5), ("z1", 1)]


def test_an_edge_that_is_straight_in_a_projection_is_followed_there() -> None:
    to_utm = pyproj.Transformer.from_crs(4326, UTM, always_xy=True)
    line = shapely.LineString([to_utm.transform(0, 50), to_utm.transform(18, 50)])
    halfway = line.interpolate(0.5, normalized=True)
    middle = pyproj.Transformer.from_crs(UTM, 4326, always_xy=True).transform(halfway.x, halfway.y)
    on_it, on_parallel = zone_list([shapely.Point(middle)]), zone_list([shapely.Point(9, 50)])
    assert ZoneHits.against(on_it, buffer_m=1.0).of(batch([line], crs=UTM)).features_hit == 1
    assert ZoneHits.against(on_parallel, buffer_m=1_000.0).of(batch([line], crs=UTM)).features_hit == 0


def test_a_polar_projection_reaches_round_the_pole() -> None:
    square = shapely.box(-50_000, -50_000, 50_000, 50_000)
    near_pole = zone_list([shapely.Point(77, 89.9)])
    assert ZoneHits.against(near_pole, buffer_m=10.0).of(batch([square], crs=POLAR)).features_hit == 1
    away = zone_list([shapely.Point(77, 89.0)])
    assert ZoneHits.against(away, buffer_m=10.0).of(batch([square], crs=POLAR)).features_hit == 0


def test_a_projected_layer_across_the_antimeridian_is_judged_on_both_sides() -> None:
    fiji = pyproj.CRS.from_epsg(3460)
    transformer = pyproj.Transformer.from_crs(4326, fiji, always_xy=True)
    west, east = transformer.transform(179.9, -17.5), transformer.transform(-179.9, -17.5)
    line = shapely.LineString([west, east])
    for lon, hits in ((179.95, 1), (-179.95, 1), (-179.8, 0)):
        measure = ZoneHits.against(zone_list([shapely.Point(lon, -17.5)]), buffer_m=500.0)
        assert measure.of(batch([line], crs=fiji)).features_hit == hits


def test_an_edge_through_the_pole_cannot_be_measured() -> None:
    through = shapely.LineString([(-3_000_000, 0), (3_000_000, 0)])
    measure = ZoneHits.against(zone_list([shapely.Point(77, 89.9)]), buffer_m=10.0)
    with pytest.raises(UnmeasurableError, match=r"in rows from 7: .*(an edge|the edges)"):
        measure.of(batch([through], crs=POLAR, first_row=7))


@pytest.mark.parametrize("bad", [(np.inf, 1.0), (1.0, np.nan), (1.0, 91.0), (541.0, 1.0)])
def test_a_vertex_that_is_not_on_the_globe_is_never_outside(bad: tuple[float, float]) -> None:
    measure = ZoneHits.against(ZONES, buffer_m=500.0)
    with pytest.raises(UnmeasurableError, match=r"in rows from 65536: 1 of 2 positions|1 vertices have no place"):
        measure.of(batch([shapely.Point(3, 3), shapely.Point(*bad)], first_row=65536))


def test_rows_without_geometries_hit_nothing() -> None:
    measure = ZoneHits.against(ZONES, buffer_m=500.0)
    assert measure.of(batch([None, shapely.Polygon(), None])) == ZoneHitCounts(features=3)
    assert measure.of(batch([])) == measure.empty()


def test_measures_are_the_same_when_list_and_distance_are() -> None:
    measure = ZoneHits.against(ZONES, buffer_m=500.0)
    assert measure.id == "zone-hits:0000000000000000:500.0"
    assert measure == ZoneHits.against(ZONES, buffer_m=500.0)
    assert len({measure, ZoneHits.against(ZONES, buffer_m=500.0), ZoneHits.against(ZONES, buffer_m=501.0)}) == 2


def test_counts_survive_json() -> None:
    text = canonical_json(EXPECTED)
    assert json.loads(text)["zones"][0] == {"zone": "z0", "features": 5, "vertices": 5}
    assert from_json(ZoneHitCounts, text) == EXPECTED
