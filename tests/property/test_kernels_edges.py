from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from property.zone_reference import GEOD, distance_m

from geogate.kernels.edges import NO, UNSURE, YES, apart2, cross, in_ring, metres_a_degree, side, surely_simple

if TYPE_CHECKING:
    from numpy.typing import NDArray

unhurried = settings(deadline=None)
"""A kernel that is called for the first time may take a second."""

ordinate = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(-180, 180),
    st.tuples(st.integers(-3, 3), st.integers(-4, 4)).map(lambda pair: pair[0] + pair[1] * 2.0**-51),
)
place = st.tuples(ordinate, ordinate)
edge = st.tuples(place, place)
corners = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=3, max_size=7)


def exact_side(a: tuple[float, float], b: tuple[float, float], p: tuple[float, float]) -> int:
    (ax, ay), (bx, by), (px, py) = (tuple(map(Fraction, each)) for each in (a, b, p))
    turn = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    return (turn > 0) - (turn < 0)


def ring_of(places: list[tuple[int, int]]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    closed = np.array([*places, places[0]], dtype=np.float64)
    return closed[:, 0].copy(), closed[:, 1].copy()


@unhurried
@given(place, place, place)
def test_a_side_that_is_told_is_the_exact_one(
    a: tuple[float, float], b: tuple[float, float], p: tuple[float, float]
) -> None:
    assert side(*a, *b, *p) in {0, exact_side(a, b, p)}


@unhurried
@given(st.floats(-180, 180), st.floats(-80, 80), st.floats(1e-6, 1.0))
def test_sides_that_are_clear_are_told(lon: float, lat: float, step: float) -> None:
    assert side(lon, lat, lon + 2 * step, lat, lon + step, lat + step) == 1
    assert side(lon, lat, lon + 2 * step, lat, lon + step, lat - step) == -1


@unhurried
@given(edge, edge)
def test_edges_that_surely_cross_do_so_by_exact_numbers(
    one: tuple[tuple[float, float], tuple[float, float]], other: tuple[tuple[float, float], tuple[float, float]]
) -> None:
    (a, b), (p, q) = one, other
    if cross(*a, *b, *p, *q):
        assert exact_side(a, b, p) * exact_side(a, b, q) == -1
        assert exact_side(p, q, a) * exact_side(p, q, b) == -1


@unhurried
@given(edge, edge)
def test_edges_without_a_sure_crossing_are_as_far_apart_as_geos_says(
    one: tuple[tuple[float, float], tuple[float, float]], other: tuple[tuple[float, float], tuple[float, float]]
) -> None:
    (a, b), (p, q) = one, other
    assume(not cross(*a, *b, *p, *q))
    expected = shapely.LineString(one).distance(shapely.LineString(other))
    assert abs(np.sqrt(apart2(*a, *b, *p, *q, 1.0, 1.0)) - expected) < 1e-10


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.floats(-170, 170), st.floats(-84, 84)),
    st.lists(st.tuples(st.floats(-0.1, 0.1), st.floats(-0.1, 0.1)), min_size=4, max_size=4),
)
def test_distances_on_the_ellipsoid_lie_between_the_bounds(
    at: tuple[float, float], steps: list[tuple[float, float]]
) -> None:
    a, b, p, q = ((at[0] + lon, at[1] + lat) for lon, lat in steps)
    assume(not shapely.LineString([a, b]).intersects(shapely.LineString([p, q])))
    one, other = np.array([[*a, *b]]), np.array([[*p, *q]])
    # Edges that do not cross are nearest at an end.
    far = min(*(distance_m(*end, other) for end in (a, b)), *(distance_m(*end, one) for end in (p, q)))
    lat = [place[1] for place in (a, b, p, q)]
    # The shortest way may leave the latitudes of the edges by less than its length.
    reach = far / 100_000
    least_x, least_y, most_x, most_y = metres_a_degree(min(lat) - reach, max(lat) + reach)
    assert np.sqrt(apart2(*a, *b, *p, *q, least_x, least_y)) <= far + 1e-3
    assert np.sqrt(apart2(*a, *b, *p, *q, most_x, most_y)) >= far - 1e-3


@unhurried
@given(st.floats(-89, 89), st.floats(0, 20))
def test_metres_in_a_degree_are_bounded_between_two_latitudes(south: float, height: float) -> None:
    north = min(south + height, 90.0)
    least_x, least_y, most_x, most_y = metres_a_degree(south, north)
    for lat in np.linspace(south, north, 9):
        _, _, east = GEOD.inv(10.0, lat, 10.001, lat)
        _, _, up = GEOD.inv(10.0, lat - 5e-4, 10.0, lat + 5e-4)
        assert least_x * 0.001 * (1 - 1e-6) - 1e-6 <= east <= most_x * 0.001 * (1 + 1e-6)
        if south + 1e-3 < lat < north - 1e-3:
            assert least_y * 0.001 * (1 - 1e-6) <= up <= most_y * 0.001 * (1 + 1e-6)


@unhurried
@given(corners, st.tuples(st.integers(0, 10), st.integers(0, 10)))
def test_a_position_is_told_to_be_inside_a_ring_as_geos_tells_it(
    places: list[tuple[int, int]], position: tuple[int, int]
) -> None:
    polygon = shapely.Polygon(places)
    assume(polygon.is_valid)
    x, y = position[0] / 2, position[1] / 2
    xs, ys = ring_of(places)
    told, at = in_ring(xs, ys, 0, len(xs), x, y), shapely.Point(x, y)
    if polygon.boundary.intersects(at):
        assert told == UNSURE
    else:
        assert told == (YES if polygon.contains(at) else NO)


@unhurried
@given(corners)
def test_rings_that_are_surely_simple_make_valid_polygons(places: list[tuple[int, int]]) -> None:
    xs, ys = ring_of(places)
    assert not surely_simple(xs, ys, 0, len(xs)) or shapely.Polygon(places).is_valid


@unhurried
@given(st.integers(3, 40), st.floats(0.1, 1.0), st.floats(-80, 80))
def test_rings_that_go_round_once_are_found_to_be_simple(count: int, radius: float, lat: float) -> None:
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    xs, ys = (np.append(v, v[0]) for v in (radius * np.cos(turn), lat + radius * np.sin(turn)))
    assert surely_simple(xs, ys, 0, len(xs))
    assert not surely_simple(xs, ys, 0, 3)
