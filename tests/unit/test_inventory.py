"""The layer inventory: what is in a layer, in counts that merge."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely

from geogate.measures.batch import LayerBatch
from geogate.measures.inventory import Column, Inventory, LayerInventory
from geogate.measures.lattice import Extent
from geogate.measures.measure import UnmeasurableError
from geogate.model.document import canonical_json, from_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

MEASURE = LayerInventory()

SHAPES: Sequence[BaseGeometry | None] = [
    shapely.Point(8, 47),
    None,
    shapely.LineString([(0, 0), (1, 1)]),
    shapely.Polygon(),
    shapely.Polygon([(0, 0), (1, 0), (1, 1)]),
    shapely.MultiPoint([(1, 2), (3, 4)]),
    shapely.MultiLineString([[(0, 0), (-5, 1)]]),
    shapely.MultiPolygon([shapely.box(0, 0, 1, 60)]),
    shapely.GeometryCollection([shapely.Point(1, 1)]),
    shapely.Point(1, 1, 5),
]


def batch(
    shapes: Sequence[BaseGeometry | None], crs: str = "EPSG:4326", attributes: pa.RecordBatch | None = None
) -> LayerBatch:
    return LayerBatch(
        wkb=pa.array(
            [None if shape is None else shapely.to_wkb(shape, flavor="iso", output_dimension=4) for shape in shapes],
            pa.binary(),
        ),
        attributes=pa.record_batch({"name": pa.array([None] * len(shapes), pa.string())})
        if attributes is None
        else attributes,
        crs=pyproj.CRS.from_user_input(crs),
    )


def test_everything_is_counted() -> None:
    assert MEASURE.of(batch(SHAPES)) == Inventory(
        rows=10,
        null_geometries=1,
        empty_geometries=1,
        kinds=(2, 1, 2, 1, 1, 1, 1),
        vertices=1 + 2 + 4 + 2 + 2 + 5 + 1 + 1,
        non_finite=0,
        outside=0,
        has_z=True,
        has_m=False,
        columns=(Column(name="name", kind="string", nulls=10),),
        bounds=Extent(min_x=-5, min_y=0, max_x=8, max_y=60),
        crs="EPSG:4326",
    )


def test_kinds_have_names() -> None:
    assert MEASURE.of(batch([shapely.Point(1, 2), shapely.MultiPolygon()])).kind_counts == (
        ("Point", 1),
        ("MultiPolygon", 1),
    )


def test_columns_keep_their_order_their_type_and_their_nulls() -> None:
    attributes = pa.record_batch(
        {
            "b": pa.array([1, None], pa.int16()),
            "a": pa.array([None, None], pa.list_(pa.float64())),
            "c": pa.array(["x", "y"]).dictionary_encode(),
        }
    )
    found = MEASURE.of(batch([None, None], attributes=attributes))
    assert found.columns == (
        Column(name="b", kind="int16", nulls=1),
        Column(name="a", kind="list<item: double>", nulls=2),
        Column(name="c", kind="dictionary<values=string, indices=int32, ordered=0>", nulls=0),
    )


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_the_result_does_not_depend_on_how_the_stream_is_cut_nor_on_the_order(size: int) -> None:
    parts = [MEASURE.of(batch(SHAPES[i : i + size])) for i in range(0, len(SHAPES), size)]
    whole = MEASURE.of(batch(SHAPES))
    assert reduce(add, parts, MEASURE.empty()) == reduce(add, parts[::-1], MEASURE.empty()) == whole


def test_the_empty_measurement_is_neutral_and_documents_are_exact() -> None:
    for found in (MEASURE.of(batch(SHAPES)), MEASURE.of(batch([])), MEASURE.empty()):
        assert MEASURE.empty() + found == found == found + MEASURE.empty()
        assert from_json(Inventory, canonical_json(found)) == found


@pytest.mark.parametrize("zeros", [[0.0, -0.0], [-0.0, 0.0], [-0.0]])
def test_bounds_know_one_zero(zeros: list[float]) -> None:
    parts = [MEASURE.of(batch([shapely.Point(zero, zero)])) for zero in zeros]
    assert "-0" not in canonical_json(reduce(add, parts))


@pytest.mark.parametrize(
    ("position", "outside"),
    [
        ((180.0, 90.0), 0),
        ((-180.0, -90.0), 0),
        ((float(np.nextafter(180.0, 181)), 0.0), 0),
        ((180.0 + 0.9e-9, 0.0), 0),
        ((180.0 + 1.1e-9, 0.0), 1),
        ((0.0, float(np.nextafter(-90.0, -91))), 1),
        ((359.0, 10.0), 1),
    ],
)
def test_vertices_outside_longitude_and_latitude_are_counted(position: tuple[float, float], outside: int) -> None:
    assert MEASURE.of(batch([shapely.Point(position), shapely.Point(1, 1)])).outside == outside


def test_vertices_outside_a_projection_are_counted() -> None:
    found = MEASURE.of(batch([shapely.Point(1e9, 1e9), shapely.Point(5e5, 5e6)], "EPSG:25832"))
    assert (found.outside, found.vertices) == (1, 2)


def test_vertices_that_are_not_finite_are_counted_and_have_no_bounds() -> None:
    found = MEASURE.of(batch([shapely.Point(np.inf, 1), shapely.Point(np.nan, 2)]))
    assert (found.non_finite, found.outside, found.bounds, found.vertices) == (2, 0, None, 2)
    bounds = MEASURE.of(batch([shapely.Point(np.inf, 1), shapely.Point(3, 2)])).bounds
    assert bounds == Extent(min_x=3, min_y=2, max_x=3, max_y=2)


@pytest.mark.parametrize("shapes", [[], [None], [shapely.Point()]])
def test_without_a_vertex_there_are_no_bounds(shapes: Sequence[BaseGeometry | None]) -> None:
    assert MEASURE.of(batch(shapes)).bounds is None


def test_measures_are_seen() -> None:
    assert MEASURE.of(batch([shapely.from_wkt("POINT M (1 2 3)")])).has_m


def test_rows_of_different_layers_do_not_merge() -> None:
    one = MEASURE.of(batch([None]))
    with pytest.raises(UnmeasurableError, match="two reference systems"):
        one + MEASURE.of(batch([None], "EPSG:25832"))
    for other in ({"name": pa.array([1])}, {"nome": pa.array([""])}, {"name": pa.array([""]), "b": pa.array([1])}):
        with pytest.raises(UnmeasurableError, match="different columns"):
            one + MEASURE.of(batch([None], attributes=pa.record_batch(other)))


def test_geometries_and_attributes_must_be_as_many() -> None:
    with pytest.raises(UnmeasurableError, match="differ in number"):
        MEASURE.of(batch([None], attributes=pa.record_batch({"a": pa.array([1, 2])})))


def test_a_system_without_a_way_to_wgs_84_is_refused() -> None:
    with pytest.raises(UnmeasurableError, match="no known way"):
        MEASURE.of(batch([shapely.Point(1, 2)], "+proj=utm +zone=32 +ellps=GRS80"))
