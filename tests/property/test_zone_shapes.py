from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyproj
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from property.zone_reference import GEOD, edges_of, gap_m, zone_list

from geogate.measures.batch import LayerBatch
from geogate.measures.reference import to_lonlat
from geogate.measures.zone_hits import ZoneHitCounts, ZoneHits
from geogate.zones.index import ZoneIndex
from geogate.zones.normalise import ZoneGeometryError, normalise
from geogate.zones.shapes import Shapes
from geogate.zones.straighten import straighten

if TYPE_CHECKING:
    from random import Random

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

centres = st.one_of(
    st.tuples(st.floats(-170, 170), st.floats(-70, 70)),
    st.tuples(st.sampled_from([180.0, -179.95]), st.floats(-70, 70)),
    st.tuples(st.floats(-180, 180), st.sampled_from([89.9, -89.95])),
)
bearings = st.lists(st.integers(0, 359), min_size=3, max_size=6, unique=True)
kinds = st.sampled_from(["line", "polygon"])


def star(centre: tuple[float, float], *, radius_m: float, bearings: list[int], kind: str) -> BaseGeometry:
    """A line or polygon round a centre, as a data file would write it: with jumps at the antimeridian."""
    count = len(bearings)
    lon, lat, _ = GEOD.fwd([centre[0]] * count, [centre[1]] * count, sorted(bearings), [radius_m] * count)
    vertices = np.column_stack([lon, lat])
    return shapely.LineString(vertices) if kind == "line" else shapely.Polygon(vertices)


def on_the_map(geometry: BaseGeometry) -> BaseGeometry:
    try:
        return normalise(geometry, zone="z", short_edges=True)
    except ZoneGeometryError:
        assume(False)  # noqa: FBT003 - hypothesis' way to pass on
        raise


@settings(max_examples=50, deadline=None)
@given(
    centres,
    st.tuples(bearings, kinds),
    st.tuples(bearings, kinds),
    st.tuples(st.floats(0, 360), st.floats(0, 40_000), st.sampled_from([300.0, 8_000.0])),
)
def test_shapes_are_judged_as_the_slow_reference_judges_them(
    centre: tuple[float, float],
    zone: tuple[list[int], str],
    shape: tuple[list[int], str],
    shift: tuple[float, float, float],
) -> None:
    azimuth, away_m, radius_m = shift
    other = GEOD.fwd(*centre, azimuth, away_m)[:2]
    raw_zone = star(centre, radius_m=10_000, bearings=zone[0], kind=zone[1])
    raw_shape = star(other, radius_m=radius_m, bearings=shape[0], kind=shape[1])
    flat_zone, flat_shape = on_the_map(raw_zone), on_the_map(raw_shape)
    distance = 0.0
    if not flat_zone.intersects(flat_shape):
        distance = gap_m(edges_of(flat_shape), edges_of(flat_zone))
    index = ZoneIndex.build(zone_list([raw_zone]), buffer_m=5_000.0)
    found = len(index.shapes_within(np.array([raw_shape], dtype=object)).owner) == 1
    if not 5_000.0 <= distance <= 5_000.02:
        assert found == (distance < 5_000.0)


@settings(max_examples=40, deadline=None)
@given(centres, bearings, kinds, st.sampled_from([0.0, 20.0, 3_000.0]))
def test_the_coarse_picture_never_hides_a_shape(
    centre: tuple[float, float], directions: list[int], kind: str, away_m: float
) -> None:
    zone = star(centre, radius_m=15_000, bearings=list(range(0, 360, 20)), kind="polygon")
    index = ZoneIndex.build(zone_list([zone]), buffer_m=away_m + 1.0)
    shape = star(GEOD.fwd(*centre, 0, 15_000 + away_m)[:2], radius_m=500, bearings=directions, kind=kind)
    probes = list(Shapes.read(np.array([shape], dtype=object)).probes(index._raster))
    assert index.near_boxes(np.array([shape.bounds])).all()
    assert sum(len(block) for block in probes) > 0


def batch(shapes: list[BaseGeometry | None], *, first_row: int = 0) -> LayerBatch:
    return LayerBatch(
        wkb=pa.array(shapely.to_wkb(np.array(shapes, dtype=object)), pa.binary()),
        attributes=pa.record_batch({"n": pa.array(range(len(shapes)), pa.int64())}),
        crs=pyproj.CRS.from_epsg(4326),
        first_row=first_row,
    )


ZONES = zone_list(
    [shapely.box(9.9, 49.9, 10.1, 50.1), shapely.Point(10.2, 50.0), shapely.LineString([(9.8, 50.2), (10.3, 50.2)])],
    buffer_m=300.0,
)
near = st.tuples(st.floats(9.7, 10.4), st.floats(49.8, 50.3))
rows = st.one_of(
    st.none(),
    st.builds(shapely.Point, near),
    st.lists(near, min_size=2, max_size=4).map(shapely.LineString),
    st.lists(near, min_size=1, max_size=3).map(shapely.MultiPoint),
    near.map(lambda at: shapely.box(at[0], at[1], at[0] + 0.05, at[1] + 0.05)),
    st.just(shapely.Polygon()),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(rows, max_size=12), st.integers(1, 5), st.randoms())
def test_the_result_does_not_depend_on_how_the_stream_is_cut(
    shapes: list[BaseGeometry | None], size: int, random: Random
) -> None:
    measure = ZoneHits.against(ZONES, buffer_m=100.0)
    parts = [measure.of(batch(shapes[first : first + size], first_row=first)) for first in range(0, len(shapes), size)]
    random.shuffle(parts)
    whole = measure.of(batch(shapes)) if shapes else measure.empty()
    assert reduce(add, parts, measure.empty()) == whole


counts = st.builds(
    ZoneHitCounts,
    features=st.integers(0, 9),
    features_hit=st.integers(0, 9),
    vertices_hit=st.integers(0, 9),
)


@given(counts, counts, counts)
def test_adding_counts_is_associative_and_commutative(a: ZoneHitCounts, b: ZoneHitCounts, c: ZoneHitCounts) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([25832, 3857, 2154, 3035]),
    st.tuples(st.floats(4, 9), st.floats(43, 50)),
    st.tuples(st.floats(4, 9), st.floats(43, 50)),
    st.floats(0.05, 0.95),
)
def test_straightened_edges_lie_within_millimetres_of_the_projected_ones(
    code: int, start: tuple[float, float], end: tuple[float, float], share: float
) -> None:
    crs = pyproj.CRS.from_epsg(code)
    projected = pyproj.Transformer.from_crs(4326, crs, always_xy=True)
    line = shapely.LineString([projected.transform(*start), projected.transform(*end)])
    assume(line.length > 1.0)
    (straight,) = straighten(np.array([line], dtype=object), lambda xy: to_lonlat(xy, crs))
    place = shapely.get_coordinates(line.interpolate(share, normalized=True))
    lonlat = to_lonlat(place, crs)[0]
    assert gap_m(np.array([[*lonlat, *lonlat]]), _near_edges(straight, lonlat)) < 0.003


def _near_edges(line: BaseGeometry, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    edges = edges_of(line)
    middle = (edges[:, :2] + edges[:, 2:]) / 2
    nearest = np.abs(middle - lonlat).sum(axis=1).argsort()[:3]
    near: NDArray[np.float64] = edges[nearest]
    return near
