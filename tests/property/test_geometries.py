"""The walk over WKB against GEOS, its two ways against each other, and against damage of any kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pyarrow as pa
import pytest
import shapely
from decoding import canonical, decoded
from hypothesis import given, settings
from hypothesis import strategies as st

from geogate.measures.measure import UnmeasurableError
from geogate.measures.wkb import Values
from geogate.measures.wkb_walk import walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from shapely.geometry.base import BaseGeometry


def whole(make: Callable[..., Any]) -> Callable[[list[Any]], BaseGeometry]:
    """Unlike the classes, the functions of shapely take empty parts."""
    return lambda parts: cast("BaseGeometry", make(np.array(parts, object)))


numbers = st.floats(-1e6, 1e6, allow_nan=False)
positions = st.tuples(numbers, numbers)
points = st.one_of(st.builds(shapely.Point, numbers, numbers), st.just(shapely.Point()))
solid = st.builds(shapely.Point, numbers, numbers, numbers)
lines = st.one_of(st.lists(positions, min_size=2, max_size=5).map(shapely.LineString), st.just(shapely.LineString()))
rings = st.lists(positions, min_size=3, max_size=5)
polygons = st.one_of(
    st.builds(shapely.Polygon, rings, st.lists(rings, max_size=2)),
    st.just(shapely.Polygon()),
)
simple = st.one_of(points, lines, polygons)
multi = st.one_of(
    st.lists(points, max_size=4).map(whole(shapely.multipoints)),
    st.lists(lines, max_size=3).map(whole(shapely.multilinestrings)),
    st.lists(polygons, max_size=3).map(whole(shapely.multipolygons)),
)
shapes = st.recursive(
    st.one_of(simple, multi),
    lambda inner: st.lists(inner, max_size=3).map(whole(shapely.geometrycollections)),
    max_leaves=6,
)
layers = st.lists(st.one_of(st.none(), shapes, solid), max_size=40)


def encode(layer: list[BaseGeometry | None], byte_order: int = 1) -> pa.Array:
    values = shapely.to_wkb(np.array([*layer, None], object), flavor="iso", byte_order=byte_order)
    return pa.array(values, pa.binary())[:-1]


@settings(deadline=None)
@given(layers, st.integers(0, 1))
def test_the_vertices_are_those_of_geos(layer: list[BaseGeometry | None], byte_order: int) -> None:
    found = decoded(encode(layer, byte_order))
    array = np.array([*layer, None], object)
    xyz, index = shapely.get_coordinates(array, include_z=True, return_index=True)
    np.testing.assert_array_equal(found.xy, xyz[:, :2])
    np.testing.assert_array_equal(
        np.diff(found.feature_offsets), np.bincount(index, minlength=len(layer))[: len(layer)]
    )
    assert found.empty.tolist() == shapely.is_empty(array)[:-1].tolist()
    assert (found.kinds == 0).tolist() == [shape is None for shape in layer]
    again = found.shapes(np.arange(len(layer)))
    assert all(a is b is None or a.equals_exact(shapely.force_2d(b)) for a, b in zip(again, layer, strict=True))


@settings(deadline=None)
@given(layers)
def test_both_ways_of_walking_find_the_same(layer: list[BaseGeometry | None]) -> None:
    values = Values.of(encode(layer), first_row=0)
    stepwise, one_by_one = walk(values, few=0), walk(values, few=10**9)
    for name in ("row", "at", "count", "width", "big", "kind"):
        np.testing.assert_array_equal(getattr(stepwise.runs, name), getattr(one_by_one.runs, name))
    np.testing.assert_array_equal(stepwise.codes, one_by_one.codes)
    assert sorted(stepwise.heads.tolist()) == sorted(one_by_one.heads.tolist())
    assert sorted(stepwise.counts.tolist()) == sorted(one_by_one.counts.tolist())


@settings(deadline=None)
@given(layers, st.integers(1, 7))
def test_slices_decode_as_their_rows_do(layer: list[BaseGeometry | None], size: int) -> None:
    array = encode(layer)
    whole = decoded(array)
    parts = [decoded(array[i : i + size], first_row=i) for i in range(0, len(array), size)]
    vertices = [part.xy for part in parts] or [np.empty((0, 2))]
    np.testing.assert_array_equal(np.concatenate(vertices), whole.xy)


@settings(max_examples=300, deadline=None)
@given(shapes, st.data())
def test_damage_is_refused_or_leaves_a_geometry_that_geos_reads_to_the_last_byte(
    shape: BaseGeometry, data: st.DataObject
) -> None:
    value = bytearray(shapely.to_wkb(shape, flavor="iso"))
    for _ in range(data.draw(st.integers(1, 3))):
        value[data.draw(st.integers(0, len(value) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(value[: data.draw(st.integers(0, len(value)))]) if data.draw(st.booleans()) else bytes(value)
    array = pa.array([damaged])
    outcomes = []
    for few in (0, 10**9):
        try:
            walk(Values.of(array, first_row=0), few=few)
            outcomes.append("")
        except UnmeasurableError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]
    try:
        found = decoded(array)
    except UnmeasurableError:
        return
    rewritten = canonical(array)
    assert len(rewritten[0].as_py()) == len(damaged)
    np.testing.assert_array_equal(decoded(rewritten).xy, found.xy)
    assert shapely.get_num_coordinates(shapely.from_wkb(damaged)) == len(found.xy)


@settings(deadline=None)
@given(layers)
def test_canonical_bytes_are_those_of_geos(layer: list[BaseGeometry | None]) -> None:
    assert canonical(encode(layer, 0)).equals(encode(layer, 1))


@pytest.mark.parametrize("cut", range(86))
def test_a_value_cut_at_any_byte_is_refused(cut: int) -> None:
    value = shapely.to_wkb(shapely.from_wkt("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))"))
    with pytest.raises(UnmeasurableError):
        decoded(pa.array([value[:cut]]))
