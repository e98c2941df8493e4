"""Canonical WKB: one encoding for each geometry, and no room for a message between the lines."""

from __future__ import annotations

import struct
from typing import Literal

import numpy as np
import pyarrow as pa
import pytest
import shapely
from decoding import canonical as canonical_wkb
from decoding import decoded

from geogate.measures.measure import UnmeasurableError

WKT = [
    "POINT (1 2)",
    "POINT EMPTY",
    "POINT Z (1 2 3)",
    "POINT M (1 2 3)",
    "LINESTRING ZM (0 0 1 2, 1 1 3 4)",
    "POLYGON ((0 0, 1 0, 1 1, 0 0), (0.1 0.1, 0.2 0.1, 0.2 0.2, 0.1 0.1))",
    "GEOMETRYCOLLECTION (MULTIPOINT (EMPTY, (3 4)), GEOMETRYCOLLECTION (LINESTRING (0 0, 1 1)))",
    "MULTIPOLYGON Z (((0 0 1, 1 0 2, 1 1 3, 0 0 1)))",
]

HIDDEN = b"\xef\xbe\xad\xde\0\0\xf8\x7f"
"""A NaN whose payload says something."""


def encoded(byte_order: int, flavor: Literal["iso", "extended"], times: int = 1) -> pa.Array:
    shapes = shapely.from_wkt(WKT * times)
    values = shapely.to_wkb(shapes, output_dimension=4, byte_order=byte_order, flavor=flavor)
    return pa.array([None, *values], pa.binary())


@pytest.mark.parametrize("flavor", ["iso", "extended"])
@pytest.mark.parametrize("byte_order", [0, 1])
@pytest.mark.parametrize("times", [1, 20])
def test_all_encodings_of_a_geometry_become_one(
    byte_order: int, flavor: Literal["iso", "extended"], times: int
) -> None:
    assert canonical_wkb(encoded(byte_order, flavor, times)).equals(encoded(1, "iso", times))


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary()])
def test_slices_become_their_own_rows(kind: pa.DataType) -> None:
    canonical = canonical_wkb(encoded(0, "extended").cast(kind)[2:5])
    assert canonical.equals(encoded(1, "iso").cast(kind)[2:5])
    canonical.validate(full=True)


def test_what_is_canonical_is_returned_itself() -> None:
    array = encoded(1, "iso")[1:]
    assert canonical_wkb(array) is array
    assert canonical_wkb(canonical_wkb(encoded(0, "extended"))) is not None


@pytest.mark.parametrize("array", [pa.array([], pa.binary()), pa.nulls(3, pa.binary())])
def test_nothing_is_canonical(array: pa.Array) -> None:
    assert canonical_wkb(array) is array


def test_messages_in_the_payload_of_a_nan_do_not_survive() -> None:
    empty = struct.pack("<BI", 1, 1) + HIDDEN * 2
    height = struct.pack("<BIdd", 1, 1001, 1, 2) + HIDDEN
    measure = struct.pack("<BIIddd", 1, 2003, 0, 0, 0, 0)[:5] + struct.pack("<I", 0)
    canonical = canonical_wkb(pa.array([empty, height, measure]))
    assert HIDDEN not in b"".join(canonical.to_pylist())
    assert canonical[0].as_py() == shapely.to_wkb(shapely.Point())
    assert np.isnan(struct.unpack("<d", canonical[1].as_py()[-8:])[0])
    assert canonical[2].as_py() == measure


def test_the_sign_of_a_nan_does_not_survive() -> None:
    empty = struct.pack("<BIdd", 1, 1, -np.nan, np.nan)
    assert canonical_wkb(pa.array([empty]))[0].as_py() == shapely.to_wkb(shapely.Point())


def test_bytes_in_the_slot_of_a_null_row_do_not_survive() -> None:
    point = struct.pack("<BIdd", 1, 1, 1, 2)
    array = pa.Array.from_buffers(
        pa.binary(),
        2,
        [pa.py_buffer(b"\x01"), pa.py_buffer(np.array([0, 21, 27], np.int32)), pa.py_buffer(point + b"secret")],
    )
    canonical = canonical_wkb(array)
    assert canonical.to_pylist() == [point, None]
    assert b"secret" not in canonical.buffers()[2].to_pybytes()


def test_the_numbers_stay_to_the_bit() -> None:
    xy = np.random.default_rng(7).uniform(-180, 180, (500, 2))
    array = pa.array(shapely.to_wkb(shapely.points(xy), byte_order=0))
    np.testing.assert_array_equal(decoded(canonical_wkb(array)).xy, xy)


def test_what_is_malformed_has_no_canonical_form() -> None:
    with pytest.raises(UnmeasurableError, match="row 8 cannot be measured: bytes follow"):
        canonical_wkb(pa.array([struct.pack("<BIdd", 1, 1, 1, 2) + b"\0"]), first_row=8)


@pytest.mark.parametrize("code", [1, 1001])
def test_plain_points_are_returned_themselves_unless_a_nan_says_something(code: int) -> None:
    plain = struct.pack("<BI", 1, code) + struct.pack("<3d", 1, 2, 3)[: 16 if code == 1 else 24]
    array = pa.array([plain, None, plain])
    assert canonical_wkb(array) is array
    hidden = pa.array([plain, plain[:-8] + HIDDEN])
    assert HIDDEN not in b"".join(canonical_wkb(hidden).to_pylist())
