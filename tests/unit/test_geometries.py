"""Decoding: every vertex of every kind of geometry, and a refusal of everything that is not well-formed."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pytest
import shapely
from decoding import decoded as decode_array

from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from geogate.measures.geometries import Geometries

KINDS = [
    "POINT (1 2)",
    "POINT Z (1 2 3)",
    "POINT M (1 2 3)",
    "POINT ZM (1 2 3 4)",
    "POINT EMPTY",
    "POINT Z EMPTY",
    "LINESTRING (0 0, 1 1, 2 5)",
    "LINESTRING EMPTY",
    "POLYGON ((0 0, 1 0, 1 1, 0 0), (0.1 0.1, 0.2 0.1, 0.2 0.2, 0.1 0.1))",
    "POLYGON EMPTY",
    "MULTIPOINT ((1 2), (3 4))",
    "MULTIPOINT (EMPTY, (3 4))",
    "MULTILINESTRING ((0 0, 1 1), (3 3, 4 4, 5 5))",
    "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5), (5.1 5.1, 5.2 5.1, 5.2 5.2, 5.1 5.1)))",
    "MULTIPOLYGON Z (((0 0 1, 1 0 2, 1 1 3, 0 0 1)))",
    "GEOMETRYCOLLECTION (POINT (1 2), GEOMETRYCOLLECTION (LINESTRING (0 0, 1 1), POINT EMPTY))",
    "GEOMETRYCOLLECTION (GEOMETRYCOLLECTION EMPTY)",
    "GEOMETRYCOLLECTION EMPTY",
]


def decode(*values: bytes | None, first_row: int = 0) -> Geometries:
    return decode_array(pa.array(values, pa.binary()), first_row=first_row)


def wkb(text: str, *, byte_order: int = 1, flavor: Literal["iso", "extended"] = "iso") -> bytes:
    return shapely.to_wkb(shapely.from_wkt(text), output_dimension=4, byte_order=byte_order, flavor=flavor)


def point(x: float, y: float) -> bytes:
    return struct.pack("<BIdd", 1, 1, x, y)


@pytest.mark.parametrize("flavor", ["iso", "extended"])
@pytest.mark.parametrize("byte_order", [0, 1])
@pytest.mark.parametrize("times", [1, 40], ids=["one by one", "all rows a step"])
@pytest.mark.parametrize("text", KINDS)
def test_every_vertex_of_every_kind_is_decoded(
    text: str, times: int, byte_order: int, flavor: Literal["iso", "extended"]
) -> None:
    shape = shapely.from_wkt(text)
    value = wkb(text, byte_order=byte_order, flavor=flavor)
    decoded = decode(*[value] * times)
    expected = shapely.get_coordinates([shape] * times, include_z=True)
    np.testing.assert_array_equal(decoded.xy, expected[:, :2])
    assert np.diff(decoded.feature_offsets).tolist() == [len(expected) // times] * times
    assert decoded.empty.tolist() == [bool(shape.is_empty)] * times
    assert decoded.has_m == shapely.has_m(shape)
    if decoded.z is not None:
        np.testing.assert_array_equal(decoded.z, expected[:, 2])
    assert decoded.has_z == (decoded.z is not None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("POINT (1 2)", 1),
        ("LINESTRING (0 0, 1 1)", 2),
        ("POLYGON ((0 0, 1 0, 1 1, 0 0))", 3),
        ("MULTIPOINT ((1 2))", 4),
        ("MULTILINESTRING ((0 0, 1 1))", 5),
        ("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))", 6),
        ("GEOMETRYCOLLECTION (POINT (1 2))", 7),
    ],
)
def test_kinds_are_numbered_as_in_the_standard_and_null_is_zero(text: str, kind: int) -> None:
    assert decode(wkb(text), None).kinds.tolist() == [kind, 0]


def test_a_z_flag_of_an_empty_geometry_counts() -> None:
    assert decode(wkb("POINT Z EMPTY")).has_z
    assert not decode(wkb("POINT EMPTY")).has_z


@pytest.mark.parametrize("other", [None, wkb("LINESTRING (0 0, 1 1)")], ids=["points only", "mixed"])
def test_nulls_and_empties_have_no_vertices(other: bytes | None) -> None:
    decoded = decode(point(1, 2), None, point(np.nan, np.nan), point(3, 4), other)
    assert decoded.feature_offsets[:5].tolist() == [0, 1, 1, 1, 2]
    assert decoded.kinds[:4].tolist() == [1, 0, 1, 1]
    assert decoded.empty[:4].tolist() == [False, False, True, False]
    assert decoded.xy[:2].tolist() == [[1, 2], [3, 4]]


@pytest.mark.parametrize("y", [1.0, np.inf])
def test_a_point_with_one_nan_is_a_vertex_and_not_empty(y: float) -> None:
    decoded = decode(point(np.nan, y), wkb("POINT Z (1 2 3)"))
    assert len(decoded.xy) == 2
    assert not decoded.empty.any()


def test_a_point_with_only_z_is_a_vertex() -> None:
    for code in (1001, 0x80000001):
        value = struct.pack("<BIddd", 1, code, np.nan, np.nan, 5.0)
        assert decode(value).xy.shape == (1, 2)
        assert decode(value, wkb("LINESTRING (0 0, 1 1)")).xy.shape == (3, 2)


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
@pytest.mark.parametrize("last", [point(9, 9), wkb("LINESTRING (0 0, 1 1)")], ids=["points only", "mixed"])
def test_slices_decode_their_own_rows(kind: pa.DataType, last: bytes) -> None:
    array = pa.array([point(0, 0), point(1, 1), None, point(3, 3), last], kind)
    decoded = decode_array(array[1:4], first_row=0)
    assert decoded.xy.tolist() == [[1, 1], [3, 3]]
    assert decoded.kinds.tolist() == [1, 0, 1]


@pytest.mark.parametrize("array", [pa.array([], pa.binary()), pa.nulls(3, pa.binary()), pa.nulls(3, pa.binary())[1:1]])
def test_no_geometries_decode_to_no_vertices(array: pa.Array) -> None:
    decoded = decode_array(array, first_row=0)
    assert decoded.xy.shape == (0, 2)
    assert decoded.feature_offsets.tolist() == [0] * (len(array) + 1)
    assert decoded.rows == len(array)


def test_bytes_in_the_slot_of_a_null_row_are_not_geometry() -> None:
    array = pa.Array.from_buffers(
        pa.binary(),
        3,
        [
            pa.py_buffer(b"\x05"),
            pa.py_buffer(np.array([0, 21, 42, 63], np.int32)),
            pa.py_buffer(point(1, 1) + b"\xff" * 21 + point(3, 3)),
        ],
    )
    assert decode_array(array, first_row=0).xy.tolist() == [[1, 1], [3, 3]]


def test_offsets_that_leave_the_bytes_are_refused() -> None:
    # Arrow itself looks at the first and the last only.
    buffers = [None, pa.py_buffer(np.array([0, 60, 42], np.int32)), pa.py_buffer(point(1, 1) * 2)]
    with pytest.raises(UnmeasurableError, match="broken offsets"):
        decode_array(pa.Array.from_buffers(pa.binary(), 2, buffers), first_row=0)


@pytest.mark.parametrize("array", [pa.array(["POINT (1 2)"]), pa.array([1.0]), pa.array([b"x"], pa.binary(1))])
def test_a_column_that_is_not_binary_is_refused(array: pa.Array) -> None:
    with pytest.raises(UnmeasurableError, match="not WKB"):
        decode_array(array, first_row=0)


LINE = wkb("LINESTRING (0 0, 1 1)")
RING = wkb("POLYGON ((0 0, 1 0, 1 1, 0 0))")
MULTI = wkb("MULTIPOINT ((1 2), (3 4))")


def nested(depth: int) -> bytes:
    return struct.pack("<BII", 1, 7, 1) * depth + point(1, 2)


MALFORMED = {
    "nothing": (b"", "too early"),
    "half a head": (point(1, 2)[:4], "too early"),
    "half a point": (point(1, 2)[:-1], "too early"),
    "a head without count": (LINE[:5], "too early"),
    "half a line": (LINE[:-1], "too early"),
    "half a ring": (RING[:-8], "too early"),
    "half a part": (MULTI[:-1], "too early"),
    "no part": (MULTI[:9], "too early"),
    "a byte after a point": (point(1, 2) + b"\0", "bytes follow"),
    "a byte after a line": (LINE + b"\0", "bytes follow"),
    "a byte after parts": (MULTI + b"\0", "bytes follow"),
    "a huge count of vertices": (struct.pack("<BII", 1, 2, 0xFFFFFFFF) + bytes(64), "too early"),
    "a huge count of rings": (struct.pack("<BII", 1, 3, 0xFFFFFFFF) + bytes(64), "too early"),
    "a huge count of parts": (struct.pack("<BII", 1, 7, 0xFFFFFFFF) + bytes(64), "too early"),
    "byte order 2": (b"\2" + point(1, 2)[1:], "byte order"),
    "type 0": (struct.pack("<BIdd", 1, 0, 1, 2), "type is unknown"),
    "type 18": (struct.pack("<BIdd", 1, 18, 1, 2), "type is unknown"),
    "type 4001": (struct.pack("<BIdd", 1, 4001, 1, 2), "type is unknown"),
    "Z twice": (struct.pack("<BIddd", 1, 0x80000000 | 1001, 1, 2, 3), "type is unknown"),
    "a circular string": (struct.pack("<BII", 1, 8, 0), "CONVERT_TO_LINEAR"),
    "a TIN with Z": (struct.pack("<BII", 1, 1016, 0), "CONVERT_TO_LINEAR"),
    "an SRID": (struct.pack("<BIIdd", 1, 0x20000001, 4326, 1, 2), "reference system of its own"),
    "a line in a multipoint": (struct.pack("<BII", 1, 4, 1) + LINE, "another type"),
    "Z in a whole without": (struct.pack("<BII", 1, 4, 1) + wkb("POINT Z (1 2 3)"), "another type or other dim"),
    "a line of one vertex": (struct.pack("<BIIdd", 1, 2, 1, 1, 2), "one vertex only"),
    "an open ring": (struct.pack("<BIII8d", 1, 3, 1, 4, 0, 0, 1, 0, 1, 1, 0, 1), "not closed"),
    "a ring that ends in NaN": (struct.pack("<BIII8d", 1, 3, 1, 4, np.nan, 0, 1, 0, 1, 1, np.nan, 0), "not closed"),
    "a short ring": (struct.pack("<BIII4d", 1, 3, 1, 2, 0, 0, 0, 0), "too few"),
    "an empty ring": (struct.pack("<BIII", 1, 3, 1, 0), "too few"),
    "too deep": (nested(33), "too deep"),
}


@pytest.mark.parametrize("before", [0, 1, 40], ids=["alone", "one by one", "all rows a step"])
@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_malformed_is_refused_with_its_row(name: str, before: int) -> None:
    value, reason = MALFORMED[name]
    rows = [RING, MULTI, point(1, 2), LINE][: before or None] * (before // 4 or 1) if before else []
    # As the last value, so that a read past its end would leave the buffer.
    with pytest.raises(UnmeasurableError, match=reason) as caught:
        decode(*rows, value, first_row=1000)
    assert f"row {1000 + len(rows)} " in str(caught.value)


@pytest.mark.parametrize("name", MALFORMED)
def test_many_malformed_rows_name_the_first(name: str) -> None:
    value, reason = MALFORMED[name]
    with pytest.raises(UnmeasurableError, match=reason) as caught:
        decode(*[point(1, 2)] * 3, *[value] * 40, first_row=7)
    assert "row 10 " in str(caught.value)


def test_collections_as_deep_as_allowed_are_decoded() -> None:
    assert decode(nested(32)).xy.tolist() == [[1, 2]]
    assert decode(*[nested(32)] * 40).xy.tolist() == [[1, 2]] * 40


def test_messages_hold_no_coordinate() -> None:
    with pytest.raises(UnmeasurableError) as caught:
        decode(struct.pack("<BIII8d", 1, 3, 1, 4, 8.123456, 47.5, 1, 0, 1, 1, 0, 1))
    assert "123456" not in str(caught.value)


def test_shapes_are_two_dimensional_and_none_where_there_is_no_geometry() -> None:
    decoded = decode(point(1, 2), None, wkb("LINESTRING Z (0 0 5, 1 1 6)"), wkb("POINT M (1 2 3)"))
    shapes = decoded.shapes(np.array([3, 1, 2]))
    assert [shape and shapely.to_wkt(shape) for shape in shapes] == ["POINT (1 2)", None, "LINESTRING (0 0, 1 1)"]
    assert decoded.shapes(np.array([], np.int64)).tolist() == []


def test_shapes_count_the_rows_of_a_slice() -> None:
    array = pa.array([point(0, 0), point(1, 1), LINE])[1:]
    shapes = decode_array(array, first_row=1).shapes(np.array([0]))
    assert shapes[0].equals(shapely.Point(1, 1))


@pytest.mark.parametrize("flavor", ["iso", "extended"])
@pytest.mark.parametrize("byte_order", [0, 1])
@pytest.mark.parametrize("count", [63, 64, 65])
@pytest.mark.parametrize("rows", [1, 40])
def test_large_multi_points_are_decoded_like_small_ones(
    rows: int, count: int, byte_order: int, flavor: Literal["iso", "extended"]
) -> None:
    text = "MULTIPOINT Z (" + ", ".join(f"({i} {-i} {2 * i})" for i in range(count)) + ")"
    small = wkb("MULTIPOINT Z ((1 2 3))")
    decoded = decode(small, *[wkb(text, byte_order=byte_order, flavor=flavor)] * rows, small)
    expected = [[1, 2], *[[i, -i] for i in range(count)] * rows, [1, 2]]
    assert decoded.xy.tolist() == expected
    assert decoded.z is not None
    assert decoded.z.tolist() == [3, *[2 * i for i in range(count)] * rows, 3]


@pytest.mark.parametrize("rows", [1, 40])
def test_large_multi_points_with_an_odd_part_are_refused(rows: int) -> None:
    whole = wkb("MULTIPOINT (" + ", ".join(f"({i} 1)" for i in range(100)) + ")")
    odd = bytearray(whole)
    odd[9 + 21 * 80 + 1] = 2
    for value, reason in ((bytes(odd), "another type"), (whole[:-1], "too early"), (whole + b"\0", "bytes follow")):
        with pytest.raises(UnmeasurableError, match=reason):
            decode(*[value] * rows)


def test_what_geos_refuses_is_refused_with_its_row() -> None:
    decoded = decode(point(1, 2), point(3, 4), first_row=5)
    odd = replace(decoded, wkb_of=pa.array([point(1, 2), b"no geometry"]).take)
    assert odd.shapes(np.array([0]))[0] is not None
    with pytest.raises(UnmeasurableError, match="row 6 cannot be measured: GEOS refuses it"):
        odd.shapes(np.array([0, 1]))


def test_parts_are_the_points_lines_and_rings_with_their_vertices() -> None:
    texts = [
        "POINT (1 2)",
        "MULTIPOINT (EMPTY, (3 4), (5 6))",
        "LINESTRING EMPTY",
        "MULTILINESTRING ((0 0, 1 1), EMPTY, (3 3, 4 4, 5 5))",
        "GEOMETRYCOLLECTION (POLYGON ((0 0, 1 0, 1 1, 0 0), (0.1 0.1, 0.2 0.1, 0.2 0.2, 0.1 0.1)), POINT (9 9))",
    ]
    decoded = decode(*map(wkb, texts), None)
    assert decoded.parts is not None
    assert decoded.parts.first.tolist() == [0, 1, 3, 3, 5, 8, 8]
    assert decoded.parts.kinds.tolist() == [1, 1, 1, 2, 2, 3, 3, 1]
    assert decoded.parts.offsets.tolist() == [0, 1, 2, 3, 5, 8, 12, 16, 17]
    assert decoded.feature_offsets.tolist() == decoded.parts.offsets[decoded.parts.first].tolist()


@pytest.mark.parametrize("values", [[point(1, 2), None], [None, wkb("POINT Z (1 2 3)"), point(1, 2)], [None]])
def test_points_alone_have_no_parts(values: list[bytes | None]) -> None:
    assert decode(*values).parts is None


@pytest.mark.parametrize("with_nan", [False, True])
@pytest.mark.parametrize("text", ["POINT (1 2)", "POINT Z (1 2 3)"])
@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_many_plain_points_are_decoded_with_their_nulls_and_empties(
    kind: pa.DataType,
    text: str,
    with_nan: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    empty = wkb(text.replace("(1 2)", "EMPTY").replace("(1 2 3)", "EMPTY")) if with_nan else wkb(text)
    array = pa.array([wkb(text), None, empty, wkb(text)] * 50, kind)
    for rows in (array, array[3:], array[1:2], array[2:3]):
        assert len(decode_array(rows).kinds) == len(rows)
    assert decode_array(array).empty.sum() == (50 if with_nan else 0)


def test_a_head_of_another_type_among_plain_points_is_seen() -> None:
    line = struct.pack("<BIIdd", 1, 2, 1, 1, 2)
    for odd in (struct.pack("<BIdd", 1, 0x80000001, 1, 2), b"\0" + point(1, 2)[1:], line[:21]):
        with pytest.raises(UnmeasurableError):
            decode(*[point(1, 2)] * 30, odd)
    assert decode(*[point(1, 2)] * 30, struct.pack(">BIdd", 0, 1, 3, 4)).xy[-1].tolist() == [3, 4]
