"""GeoArrow native geometries: taken apart as their WKB would be decoded, and encoded as GEOS encodes them."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from decoding import assert_same, decoded

from geogate.measures.batch import LayerBatch
from geogate.measures.measure import UnmeasurableError
from geogate.measures.source import UnreadableError
from geogate.readers.geoarrow import geometries, native_rows, to_wkb

TEXTS: dict[str, list[str | None]] = {
    "point": ["POINT (1 2)", "POINT EMPTY", None, "POINT (3 4)"],
    "linestring": ["LINESTRING (0 0, 1 1)", None, "LINESTRING EMPTY", "LINESTRING (5 5, 6 6, 7 7)"],
    "polygon": [
        "POLYGON ((0 0, 1 0, 1 1, 0 0), (0.1 0.1, 0.2 0.1, 0.2 0.2, 0.1 0.1))",
        "POLYGON EMPTY",
        None,
        "POLYGON ((0 0, 1 0, 1 1, 0 0))",
    ],
    "multipoint": ["MULTIPOINT ((1 2), (3 4))", "MULTIPOINT EMPTY", None, "MULTIPOINT ((5 6))"],
    "multilinestring": [
        "MULTILINESTRING ((0 0, 1 1), EMPTY, (2 2, 3 3, 4 4))",
        "MULTILINESTRING EMPTY",
        None,
        "MULTILINESTRING ((7 7, 8 8))",
    ],
    "multipolygon": [
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5), (5.1 5.1, 5.2 5.1, 5.2 5.2, 5.1 5.1)))",
        "MULTIPOLYGON EMPTY",
        None,
        "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), EMPTY)",
    ],
}
SLICES = [slice(None), slice(1, None), slice(3, 8), slice(2, 3), slice(0, 0)]
XY = pa.struct([("x", pa.float64()), ("y", pa.float64())])


def shapes_of(encoding: str, *, deep: bool) -> Any:
    shapes = shapely.from_wkt(TEXTS[encoding] * 3)
    return shapely.force_3d(shapes, 7.5) if deep else shapes


def native(encoding: str, *, deep: bool, interleaved: bool) -> pa.Array:
    series: Any = gpd.GeoSeries(shapes_of(encoding, deep=deep))
    found = pa.array(series.to_arrow(geometry_encoding="geoarrow", interleaved=interleaved))
    return getattr(found, "storage", found)


@pytest.mark.parametrize("rows", SLICES, ids=str)
@pytest.mark.parametrize("interleaved", [False, True], ids=["struct", "interleaved"])
@pytest.mark.parametrize("deep", [False, True], ids=["xy", "xyz"])
@pytest.mark.parametrize("encoding", TEXTS)
def test_native_geometries_are_decoded_as_their_wkb_is(
    encoding: str,
    deep: bool,  # noqa: FBT001 - a parameter of the test
    interleaved: bool,  # noqa: FBT001 - a parameter of the test
    rows: slice,
) -> None:
    array = native(encoding, deep=deep, interleaved=interleaved)[rows]
    wkb = to_wkb(array, encoding)
    wkb.validate(full=True)
    assert native_rows(array, encoding).to_wkb(kernels=True).equals(wkb)
    assert_same(geometries(array, encoding, first_row=3), decoded(wkb, first_row=3))


@pytest.mark.parametrize("encoding", TEXTS)
def test_native_geometries_are_encoded_as_geos_encodes_them(encoding: str) -> None:
    array = native(encoding, deep=False, interleaved=False)
    expected = shapely.to_wkb(shapes_of(encoding, deep=False), flavor="iso", byte_order=1)
    assert to_wkb(array, encoding).to_pylist() == expected.tolist()


@pytest.mark.parametrize("encoding", TEXTS)
def test_some_rows_are_encoded_in_the_order_that_is_asked_for(encoding: str) -> None:
    rows = native_rows(native(encoding, deep=True, interleaved=False), encoding)
    whole = rows.to_wkb()
    for some in ([11, 2, 0, 0, 5], [2], []):
        picked = np.array(some, np.int64)
        assert rows.wkb_of(picked).equals(whole.take(pa.array(picked)))


def test_what_lies_in_the_slot_of_a_missing_row_is_not_geometry() -> None:
    inner = pa.array([{"x": float(i), "y": 0.0} for i in range(6)], XY)
    lines = pa.ListArray.from_arrays(pa.array([0, 2, 4, 6], pa.int32()), inner, mask=pa.array([False, True, False]))
    assert len(lines.values) == 6
    assert geometries(lines, "linestring", first_row=0).xy[:, 0].tolist() == [0, 1, 4, 5]
    points = pa.StructArray.from_arrays(
        [pa.array([1.0, 8.0, 3.0]), pa.array([2.0, 8.0, 4.0])], ["x", "y"], mask=pa.array([False, True, False])
    )
    assert geometries(points, "point", first_row=0).xy.tolist() == [[1, 2], [3, 4]]


def test_positions_without_a_number_are_empty_points_of_multi_points() -> None:
    nothing, some = {"x": np.nan, "y": np.nan}, {"x": 1.0, "y": np.nan}
    array = pa.array([[nothing, some], None, [nothing], [some, some]], pa.list_(XY))
    found = geometries(array, "multipoint", first_row=0)
    assert_same(found, decoded(to_wkb(array, "multipoint")))
    assert np.diff(found.feature_offsets).tolist() == [1, 0, 0, 2]
    assert found.empty.tolist() == [False, False, True, False]


def test_lists_with_long_offsets_are_lists() -> None:
    inner = pa.array([{"x": float(i), "y": 0.0} for i in range(4)], XY)
    lines = pa.LargeListArray.from_arrays(pa.array([0, 2, 4], pa.int64()), inner)
    assert geometries(lines[1:], "linestring", first_row=0).xy[:, 0].tolist() == [2, 3]


def ring(*xy: tuple[float, float]) -> pa.Array:
    return pa.array([[[{"x": x, "y": y} for x, y in xy]]], pa.list_(pa.list_(XY)))


MALFORMED = {
    "a line of one vertex": ("linestring", pa.array([[{"x": 1.0, "y": 2.0}]], pa.list_(XY)), "one vertex only"),
    "an open ring": ("polygon", ring((0, 0), (1, 0), (1, 1), (0, 1)), "not closed"),
    "a ring that ends in NaN": ("polygon", ring((np.nan, 0), (1, 0), (1, 1), (np.nan, 0)), "not closed"),
    "a short ring": ("polygon", ring((0, 0), (0, 0)), "too few"),
    "an empty ring": ("polygon", ring(), "too few"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_lines_and_rings_that_wkb_must_not_have_are_refused_with_their_row(name: str) -> None:
    encoding, array, reason = MALFORMED[name]
    rows = pa.concat_arrays([pa.nulls(2, array.type), array])
    with pytest.raises(UnmeasurableError, match=f"row 12 cannot be measured: .*{reason}"):
        geometries(rows, encoding, first_row=10)


@pytest.mark.parametrize(
    ("encoding", "array"),
    [
        ("linestring", pa.array([[{"x": 1.0, "y": 2.0}, None]], pa.list_(XY))),
        ("linestring", pa.array([[{"x": 1.0, "y": None}]], pa.list_(XY))),
        ("polygon", pa.array([[None]], pa.list_(pa.list_(XY)))),
        ("point", pa.array([[1.0, None]], pa.list_(pa.float64(), 2))),
        ("multipoint", pa.array([{"x": 1.0, "y": 2.0}], XY)),
    ],
)
def test_missing_parts_and_other_types_are_refused(encoding: str, array: pa.Array) -> None:
    with pytest.raises(UnreadableError):
        native_rows(array, encoding)


def test_offsets_that_fall_are_refused() -> None:
    # Arrow itself looks at the first and the last only.
    inner = pa.array([{"x": 0.0, "y": 0.0}] * 3, XY)
    buffers = [None, pa.py_buffer(np.array([0, 3, 1], np.int32))]
    lines = pa.Array.from_buffers(pa.list_(XY), 2, buffers, children=[inner])
    with pytest.raises(UnreadableError, match="broken offsets"):
        native_rows(lines, "linestring")


def test_a_batch_has_native_geometries_and_their_wkb() -> None:
    array = native("polygon", deep=False, interleaved=False)
    attributes = pa.record_batch({"n": range(len(array))})
    crs = pyproj.CRS.from_epsg(4326)
    batch = LayerBatch(wkb=native_rows(array, "polygon"), attributes=attributes, crs=crs, first_row=5)
    same = LayerBatch(wkb=to_wkb(array, "polygon"), attributes=attributes, crs=crs, first_row=5)
    assert batch.rows == same.rows == 12
    assert batch.wkb.equals(same.wkb)
    assert_same(batch.geometries, same.geometries)
    found = batch.geometries.shapes(np.array([3, 2, 0]))
    assert [shape and shape.wkt for shape in found] == [
        shape and shape.wkt for shape in same.geometries.shapes(np.array([3, 2, 0]))
    ]
