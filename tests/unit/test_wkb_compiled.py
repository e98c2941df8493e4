"""Decoding by kernels in one walk: the arrays are made before it is known how much goes into them."""

from __future__ import annotations

import struct

import pyarrow as pa
import pytest
import shapely
from decoding import decoded

LINE = "LINESTRING (0 0, 1 1, 2 5)"
LINE_Z = "LINESTRING Z (0 0 7, 1 1 8)"
POLYGON = "POLYGON ((0 0, 9 0, 9 9, 0 0))"
MANY_RINGS = f"POLYGON ((0 0, 99 0, 99 99, 0 0), {', '.join(['(1 1, 2 1, 2 2, 1 1)'] * 20)})"
POINTS = "MULTIPOINT ((1 2), (3 4), (5 6), (7 8))"
MANY_LINES = f"MULTILINESTRING ({', '.join(['(0 0, 1 1)'] * 20)})"


def wkb(text: str, *, byte_order: int = 1) -> bytes:
    return shapely.to_wkb(shapely.from_wkt(text), output_dimension=4, byte_order=byte_order, flavor="iso")


@pytest.mark.parametrize("byte_order", [0, 1])
@pytest.mark.parametrize(
    "texts",
    [
        [LINE],
        [LINE, LINE],
        [LINE, POLYGON],
        [LINE, "LINESTRING EMPTY", "POINT (1 2)"],
        [LINE, *["POINT (1 2)"] * 30],
        [LINE, POINTS],
        [LINE, MANY_LINES],
        [LINE, LINE_Z],
        [LINE, "LINESTRING M (0 0 1, 1 1 2)", "LINESTRING ZM (0 0 1 2, 1 1 2 3)"],
        [LINE_Z, LINE],
        [LINE_Z, LINE_Z],
        [LINE_Z, *[LINE] * 9],
        ["LINESTRING EMPTY", LINE],
        ["LINESTRING Z EMPTY"],
        ["LINESTRING Z EMPTY", LINE],
        ["POLYGON Z EMPTY", "POINT Z EMPTY", "POLYGON Z ((0 0 1, 1 0 2, 1 1 3, 0 0 1))"],
        [POLYGON],
        [POLYGON, MANY_RINGS],
        [MANY_RINGS, POLYGON],
        [POLYGON, *[POINTS] * 5],
        [POLYGON, LINE, POINTS],
        [POINTS, POLYGON],
    ],
)
def test_the_first_value_does_not_bind_the_others(texts: list[str], byte_order: int) -> None:
    values = [wkb(text, byte_order=byte_order) for text in texts]
    for some in (values, [None, *values], [values[0], None, *values[1:]]):
        found = decoded(pa.array(some, pa.binary()))
        shapes = shapely.from_wkb(values)
        assert found.xy.tolist() == shapely.get_coordinates(shapes).tolist()


def test_what_is_cut_out_of_an_array_is_decoded_by_itself() -> None:
    values = pa.array([wkb(MANY_RINGS), wkb(LINE), None, wkb(LINE_Z), wkb(POLYGON)], pa.large_binary())
    for first in range(5):
        for count in range(1, 6 - first):
            decoded(values.slice(first, count))


@pytest.mark.parametrize(
    ("count", "vertices"),
    [(0, 0), (1, 1), (2, 2), (2, 1), (2, 3), (3, 2), (1 << 31, 2), ((1 << 32) - 1, 2), ((1 << 28) + 2, 2)],
)
def test_a_line_has_as_many_bytes_as_it_counts_vertices(count: int, vertices: int) -> None:
    from geogate.measures import wkb_compiled

    line = struct.pack("<BII", 1, 2, count) + bytes(16 * vertices)
    found = wkb_compiled.decode(pa.array([wkb(LINE), line], pa.binary()), first_row=0)
    assert (found is not None) == (count == vertices != 1)


@pytest.mark.parametrize("cut", range(1, 41))
def test_a_line_that_is_cut_off_anywhere_is_not_decoded(cut: int) -> None:
    from geogate.measures import wkb_compiled

    line = wkb("LINESTRING (0 0, 1 1)")
    for values in ([wkb(LINE), line[:-cut]], [line[:-cut], wkb(LINE)], [line[:-cut]]):
        assert wkb_compiled.decode(pa.array(values, pa.binary()), first_row=0) is None
