"""Distances between vertices against geodesics, and by compiled kernels against numpy, to the bit."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geogate.measures.batch import LayerBatch
from geogate.measures.chords import chords_m
from geogate.measures.measure import UnmeasurableError
from geogate.measures.tools import PLAIN, Tools
from geogate.measures.vertex_spacing import CLASSES, LIMITS_M, Spacing, VertexSpacing
from geogate.measures.vertex_spacing_tally import BELOW, LIMITS, SpacingTally
from geogate.model.document import canonical_json, from_json
from geogate.zones.ellipsoid import geodesic_m

MEASURE = VertexSpacing()
DEGREES = pyproj.CRS.from_epsg(4326)
TOOLS = [PLAIN, Tools(kernels=True)]

lon = st.one_of(
    st.floats(-541, 541), st.sampled_from([-180.0, 180.0, 540.0, -540.0, 540.0000001, 45.0, np.nan, np.inf])
)
lat = st.one_of(st.floats(-90, 90), st.sampled_from([-90.0, 90.0, 0.0, -0.0, 45.0]))
runs = st.lists(st.tuples(lon, lat), min_size=2, max_size=6)


def line(at: list[tuple[float, float]]) -> Any:
    # GEOS compares NaN, and the processor says so.
    with np.errstate(invalid="ignore"):
        return shapely.LineString(at)


def polygon(at: list[tuple[float, float]]) -> Any:
    # A ring can only be closed by a vertex that equals the first, and NaN equals nothing: it stands inside the ring.
    closing = next((each for each in at if not np.isnan(each[0])), (0.0, 0.0))
    with np.errstate(invalid="ignore"):
        return shapely.Polygon([closing, *at, closing, closing])


shapes = st.one_of(
    st.none(),
    st.just(shapely.LineString()),
    st.tuples(lat, lat).map(shapely.Point),
    st.lists(st.tuples(lat, lat), max_size=3).map(shapely.MultiPoint),
    runs.map(line),
    runs.map(polygon),
    st.lists(runs, min_size=1, max_size=3).map(
        lambda several: shapely.MultiLineString([line(each) for each in several])
    ),
    runs.map(lambda run: shapely.GeometryCollection([shapely.Point(1, 2), line(run), shapely.Point(3, 4)])),
)


def batch(geometries: Any, crs: pyproj.CRS = DEGREES) -> LayerBatch:
    wkb = shapely.to_wkb(np.array(geometries, object))
    return LayerBatch(wkb=pa.array(wkb, pa.binary()), attributes=pa.record_batch({"a": pa.nulls(len(wkb))}), crs=crs)


def tallied(*batches: LayerBatch, tools: Tools = TOOLS[1]) -> Spacing:
    tally = MEASURE.tally(tools)
    assert isinstance(tally, SpacingTally) == tools.kernels
    for each in batches:
        tally.add(each)
    return tally.measurement()


@settings(deadline=None, max_examples=60)
@given(st.lists(shapes, max_size=8), st.integers(1, 4), st.randoms(use_true_random=False))
def test_kernels_measure_what_numpy_measures_however_the_stream_is_cut(rows, size, random) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001
    whole = MEASURE.of(batch(rows))
    parts = [batch(rows[i : i + size]) for i in range(0, len(rows), size)]
    random.shuffle(parts)
    assert canonical_json(tallied(batch(rows))) == canonical_json(whole)
    assert canonical_json(tallied(*parts)) == canonical_json(whole)
    assert reduce(add, map(MEASURE.of, parts), MEASURE.empty()) == whole
    assert from_json(Spacing, canonical_json(whole)) == whole


def test_long_lines_are_measured_as_numpy_measures_them() -> None:
    rng = np.random.default_rng(0)
    steps = 10.0 ** rng.uniform(-9, 0, (9_000, 2)) * rng.choice([-1, 0, 1], (9_000, 2))
    xy = np.clip(np.cumsum(steps, axis=0), -85, 85)
    lines = [shapely.LineString(part) for part in np.split(xy, [2, 1_024, 1_027, 2_051, 5_000])]
    assert tallied(batch(lines)) == MEASURE.of(batch(lines))
    assert sum(1 for count in MEASURE.of(batch(lines)).counts if count) > 20


@settings(deadline=None)
@given(st.floats(-180, 180), st.floats(-90, 90), st.floats(-1e-1, 1e-1), st.floats(-1e-1, 1e-1))
def test_chords_are_geodesics_to_a_millionth(west: float, south: float, east: float, north: float) -> None:
    ends = np.array([[west, south], [west + east, min(max(south + north, -90.0), 90.0)]])
    (chord,) = chords_m(ends)
    geodesic = float(geodesic_m(ends[:1], ends[1:])[0])
    assert geodesic * (1 - 1e-6) - 2e-8 <= chord <= geodesic + 2e-8


@pytest.mark.parametrize("tools", TOOLS)
@pytest.mark.parametrize(
    ("ends", "metres"),
    [
        ([(179.99999, 0), (-179.99999, 0)], 2.2263898),
        ([(179.99999, 0), (180.00001, 0)], 2.2263898),
        ([(0, 90), (135, 90)], 0.0),
        ([(0, 89.99999), (180, 89.99999)], 2.2338796),
        ([(7, 50), (7, 50)], 0.0),
        ([(7, 50), (367, 50)], 0.0),
    ],
)
def test_distances_are_short_over_the_antimeridian_and_the_poles(
    tools: Tools, ends: list[tuple[float, float]], metres: float
) -> None:
    found = tallied(batch([shapely.LineString(ends)]), tools=tools)
    assert found.shortest_m == pytest.approx(metres, abs=1e-6)
    assert found.edges == 1


@pytest.mark.parametrize("tools", TOOLS)
def test_no_edge_leads_from_one_part_to_another(tools: Tools) -> None:
    far_apart = shapely.MultiLineString([[(0, 0), (0, 1)], [(0, 1), (0, 2)]])
    ring = shapely.Polygon([(0, 0), (0, 1), (1, 1)], holes=[[(0.2, 0.5), (0.2, 0.6), (0.3, 0.6)]])
    points = shapely.MultiPoint([(0, 0), (0, 0)])
    found = tallied(batch([far_apart, ring, points, None, shapely.LineString()]), tools=tools)
    assert found.edges == 2 + 4 - 1 + 4 - 1
    assert found.shortest_m is not None
    assert found.shortest_m > 10_000


@pytest.mark.parametrize("tools", TOOLS)
def test_points_have_no_edges(tools: Tools) -> None:
    assert tallied(batch([shapely.Point(1, 2), None]), tools=tools) == MEASURE.empty() == tallied(tools=tools)


@pytest.mark.parametrize("tools", TOOLS)
@pytest.mark.parametrize("bad", [(np.nan, 1), (1, np.inf), (540.001, 1), (1e300, 1)])
def test_edges_that_have_no_length_are_counted_apart(tools: Tools, bad: tuple[float, float]) -> None:
    found = tallied(batch([line([(0, 0), bad, (0, 1), (0, 2)])]), tools=tools)
    assert (found.unmeasured, found.edges) == (2, 1)


@pytest.mark.parametrize("tools", TOOLS)
def test_a_vertex_without_a_place_on_the_earth_is_refused(tools: Tools) -> None:
    with pytest.raises(UnmeasurableError, match="no place on the Earth"):
        tallied(batch([shapely.LineString([(0, 0), (0, 91)])]), tools=tools)


@pytest.mark.parametrize("tools", TOOLS)
def test_projected_lines_are_measured_on_the_ellipsoid(tools: Tools) -> None:
    utm = pyproj.CRS.from_epsg(25832)
    found = tallied(batch([shapely.LineString([(500_000, 5_500_000), (500_000, 5_501_000)])], utm), tools=tools)
    assert found.shortest_m == pytest.approx(1000 / 0.9996, abs=1e-3)


@pytest.mark.parametrize("limit_m", [LIMITS_M[0], 1.0, 5.0, 1_000.0, LIMITS_M[-1]])
def test_an_edge_of_exactly_a_limit_is_not_closer_and_one_bit_less_is(limit_m: float) -> None:
    lengths = [np.nextafter(limit_m, 0), limit_m, np.nextafter(limit_m, np.inf)]
    classes = np.searchsorted(LIMITS_M, lengths, side="right") + 1
    found = Spacing(counts=tuple(np.bincount(classes, minlength=CLASSES).tolist()), shortest_m=0.0, unmeasured=0)
    assert found.closer_than(limit_m) == 1


def test_only_its_own_limits_can_be_asked_for() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        MEASURE.empty().closer_than(3.0)


def test_the_table_of_exponents_puts_every_length_between_the_limits_that_enclose_it() -> None:
    near = np.concatenate(
        [np.nextafter(LIMITS_M, 0), LIMITS_M, np.nextafter(LIMITS_M, np.inf), 2.0 ** np.arange(-40, 30)]
    )
    lengths = np.concatenate([near, 10.0 ** np.random.default_rng(0).uniform(-12, 9, 10_000), [5e-324, 1.7e308]])
    known = BELOW[lengths.view(np.int64) >> 52]
    known += lengths >= LIMITS[known]
    assert known.tolist() == np.searchsorted(LIMITS_M, lengths, side="right").tolist()
