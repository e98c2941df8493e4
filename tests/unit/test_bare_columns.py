"""Types and numbers that are none leave without a message; values leave as they came."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import pytest
import shapely

from geogate.libraries.bare_columns import bare, bare_type, has_odd_nan, is_bare
from geogate.model.dataset import Fate
from geogate.readers import open_dataset

if TYPE_CHECKING:
    from pathlib import Path

ODD: dict[str, Any] = {
    "f8": np.array([0x7FF8_0000_00AB_CDEF, 0xFFF8_0000_0000_0000, 0x7FF0_0000_0000_0001], np.uint64).view(np.float64),
    "f4": np.array([0x7FC0_0001, 0xFFC0_0000, 0x7F80_0001], np.uint32).view(np.float32),
    "f2": np.array([0x7E01, 0xFE00, 0x7C01], np.uint16).view(np.float16),
}
SECRET = "49.4369, 7.6003"
ZONED = pa.array([1, 2, None], pa.timestamp("s", tz=SECRET))
OFFSETS = pa.array([0, 1, 3], pa.int32())


def numbers(dtype: str) -> pa.Array:
    return pa.array(np.concatenate([ODD[dtype], np.array([1.5, -0.0, np.inf], ODD[dtype].dtype)]), from_pandas=False)


def bits(array: pa.Array) -> list[int]:
    found = array.to_numpy(zero_copy_only=False)
    numbers_: list[int] = found.view(f"u{found.dtype.itemsize}").tolist()
    return numbers_


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2"])
def test_every_nan_leaves_as_one_and_numbers_as_they_came(dtype: str) -> None:
    array = numbers(dtype)
    only = np.array(np.nan, ODD[dtype].dtype).view(f"u{dtype[1]}").item()
    assert bits(bare(array)) == [only] * 3 + bits(array.slice(3))
    assert bits(bare(array.slice(2, 2))) == [only, *bits(array.slice(3, 1))]


@pytest.mark.parametrize("dtype", ["f8", "f4", "f2"])
def test_only_another_nan_is_odd(dtype: str) -> None:
    kind = ODD[dtype].dtype
    assert all(has_odd_nan(ODD[dtype][place : place + 1]) for place in range(3))
    assert not has_odd_nan(np.array([np.nan, 1.0, -0.0, np.inf, -np.inf], kind))
    assert not has_odd_nan(np.array([], kind))


def test_a_missing_number_stays_missing_beside_a_nan() -> None:
    array = pa.array(ODD["f8"], mask=np.array([False, True, False]), from_pandas=False)
    found = bare(array)
    assert found.is_null().to_pylist() == [False, True, False]
    assert not has_odd_nan(found.drop_null().to_numpy())


@pytest.mark.parametrize(
    "column",
    [
        pa.StructArray.from_arrays([numbers("f8").slice(0, 3)], ["a"], mask=pa.array([False, True, False])),
        pa.ListArray.from_arrays(OFFSETS, numbers("f8").slice(0, 3)),
        pa.LargeListArray.from_arrays(OFFSETS.cast(pa.int64()), numbers("f8").slice(0, 3)),
        pa.FixedSizeListArray.from_arrays(numbers("f8").slice(0, 2), 1),
        pa.MapArray.from_arrays(OFFSETS, pa.array(["a", "b", "c"]), numbers("f8").slice(0, 3)),
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 1]), numbers("f8").slice(0, 2)),
        pa.RunEndEncodedArray.from_arrays(pa.array([1, 3], pa.int32()), numbers("f8").slice(0, 2)),
    ],
    ids=lambda column: str(column.type),
)
def test_a_nan_within_a_column_leaves_as_the_others(column: Any) -> None:
    found = bare(column)
    found.validate(full=True)
    while pa.types.is_nested(found.type):
        found = found.items if pa.types.is_map(found.type) else getattr(found, "values", None) or found.field(0)
    assert not has_odd_nan(found.drop_null().to_numpy())


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array([[1, 2], None, [3, None]], pa.list_(pa.int8(), 2)), pa.list_(pa.int8())),
        (pa.array([None, None, None], pa.list_(pa.int8(), 473)), pa.list_(pa.int8())),
        (pa.array([[1, 2], None, []], pa.list_view(pa.int8())), pa.list_(pa.int8())),
        (pa.array([[1, 2], None, []], pa.large_list_view(pa.int8())), pa.large_list(pa.int8())),
        (pa.array([b"ab", None, b"cd"], pa.binary(2)), pa.binary()),
        (pa.array([Decimal("1.25"), None, None], pa.decimal32(5, 2)), pa.decimal128(38, 2)),
        (pa.array([Decimal("1.25"), None, None], pa.decimal128(9, 2)), pa.decimal128(38, 2)),
        (pa.array([Decimal("1.25"), None, None], pa.decimal256(50, 2)), pa.decimal256(76, 2)),
        (pa.array(["a", None, "b"]).dictionary_encode(), pa.string()),
        (pa.array([[("a", 1)], None, []], pa.map_(pa.string(), pa.int8(), keys_sorted=True)), None),
        (pa.array([[["a"]], None, []]).cast(pa.list_(pa.list_(pa.dictionary(pa.int8(), pa.string())))), None),
        (pa.array([{"a": [1]}, None, {"a": None}], pa.struct([("a", pa.list_(pa.int8(), 1))])), None),
    ],
    ids=lambda value: str(getattr(value, "type", "")),
)
def test_parameters_of_types_do_not_leave_and_values_do(column: Any, kind: pa.DataType | None) -> None:
    assert not is_bare(column.type)
    for part in (column, column.slice(1), column.slice(1, 1), column.slice(0, 0)):
        found = bare(part)
        found.validate(full=True)
        assert found.type == bare_type(column.type)
        assert found.to_pylist() == part.to_pylist()
        assert is_bare(found.type)
    assert kind is None or bare_type(column.type) == kind


@pytest.mark.parametrize(
    "column",
    [
        ZONED,
        pa.StructArray.from_arrays([ZONED], ["a"]),
        pa.ListArray.from_arrays(OFFSETS, ZONED),
        pa.MapArray.from_arrays(OFFSETS, pa.array(["a", "b", "c"]), ZONED),
        pa.FixedSizeListArray.from_arrays(ZONED, 3),
    ],
    ids=["plain", "struct", "list", "map", "fixed"],
)
def test_moments_leave_in_utc_whatever_their_zone_is_called(column: Any) -> None:
    found = bare(column)
    assert SECRET in str(column.type)
    assert SECRET not in str(found.type)
    assert "UTC" in str(found.type)


def test_moments_stay_the_same_moments() -> None:
    moments = pa.array([1, 2, None], pa.timestamp("ms", tz="Europe/Berlin"))
    assert bare(moments).to_pylist() == moments.to_pylist()


@pytest.mark.parametrize(
    "kind",
    [
        pa.timestamp("s", tz="Europe/Berlin"),
        pa.list_(pa.field("49.4369", pa.int8())),
        pa.list_(pa.int8(), 3),
        pa.binary(3),
        pa.decimal128(9, 2),
        pa.struct([pa.field("a", pa.int8(), nullable=False)]),
        pa.map_(pa.int8(), pa.int8(), keys_sorted=True),
    ],
    ids=str,
)
def test_other_types_are_named(kind: pa.DataType) -> None:
    assert not is_bare(kind)
    assert not is_bare(pa.struct([("a", kind)]))


def odd_parts(folder: Path, column: pa.Array) -> set[str]:
    """Write a file as it could leave verbatim, with a column more, and name what is odd about it."""
    geo = {
        "version": "1.1.0",
        "primary_column": "geometry",
        "columns": {
            "geometry": {
                "encoding": "WKB",
                "geometry_types": [],
                "crs": pyproj.CRS.from_user_input("OGC:CRS84").to_json_dict(),
            }
        },
    }
    table = pa.table({"a": column, "geometry": pa.array([shapely.Point(8, 50).wkb] * len(column), pa.binary())})
    path = folder / "data.parquet"
    with pq.ParquetWriter(path, table.schema, use_dictionary=False, write_statistics=False) as writer:
        writer.add_key_value_metadata({"geo": json.dumps(geo)})
        writer.write_table(table)
    (source,) = open_dataset((path,))
    return {part.what for part in source.contents if part.fate is not Fate.JUDGED}


TYPES, NANS = "types with parameters of their own", "numbers that are none, with bits of their own"


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (ZONED, {TYPES}),
        (pa.array([1, 2, None], pa.timestamp("us", tz="UTC")), set()),
        (pa.array([None] * 3, pa.list_(pa.int8(), 3)), {TYPES}),
        (pa.array([None] * 3, pa.binary(3)), {TYPES}),
        (pa.array([None] * 3, pa.decimal128(9, 2)), {TYPES}),
        (pa.array([None] * 3, pa.decimal128(38, 2)), set()),
        (numbers("f8"), {NANS}),
        (numbers("f4"), {NANS}),
        (numbers("f2"), {NANS}),
        (pa.ListArray.from_arrays(OFFSETS, numbers("f8").slice(0, 3)), {NANS}),
        (pa.array([np.nan, -0.0, None], pa.float64(), from_pandas=False), set()),
        (pa.array([np.nan, -0.0, None], pa.float32(), from_pandas=False), set()),
    ],
    ids=lambda value: str(getattr(value, "type", value)),
)
def test_where_bytes_leave_as_they_are_types_and_nans_are_named(
    column: pa.Array, expected: set[str], tmp_path: Path
) -> None:
    # Zones and lists have Arrow store its schema, which is another matter.
    assert odd_parts(tmp_path, column) - {"Arrow schemas"} == expected
