"""Every writer gives numbers that are none the same bits, and says nothing in types."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
from formats.accounts import odd
from formats.datasets import SUFFIXES, sealed, wkb_of, write

from geogate.model.dataset import Format

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 5
SECRET = "49.4369, 7.6003"
NANS = (np.uint64(0x7FF8_0000_0000_0001) + np.arange(ROWS, dtype=np.uint64)).view(np.float64)
SINGLE = (np.uint32(0x7FC0_0001) + np.arange(ROWS, dtype=np.uint32)).view(np.float32)


def written(folder: Path, kind: Format, **columns: pa.Array) -> Path:
    table = pa.table({**columns, "geom": wkb_of(["POINT (1 2)"] * ROWS)})
    return write(table, folder / f"data{SUFFIXES[kind]}", kind, "Point")


def bits(file: Path, name: str) -> list[int]:
    if file.suffix == ".parquet":
        column: Any = pq.read_table(file).column(name)
    else:
        column = pyogrio.read_arrow(file)[1].column(name)
    values = np.concatenate([chunk.to_numpy(zero_copy_only=False) for chunk in column.chunks])
    found: list[int] = np.unique(values.view(f"u{values.dtype.itemsize}")).tolist()
    return found


@pytest.mark.parametrize("kind", [Format.GEOPARQUET, Format.FLATGEOBUF])
@pytest.mark.parametrize("values", [NANS, SINGLE], ids=["double", "single"])
def test_no_number_that_is_none_leaves_with_bits_of_its_own(kind: Format, values: Any, tmp_path: Path) -> None:
    file = written(tmp_path, kind, share=pa.array(values, from_pandas=False))
    assert len(bits(file, "share")) == ROWS
    (out,) = sealed((file,), tmp_path / "out")
    assert bits(out, "share") == [np.array(np.nan, values.dtype).view(f"u{values.itemsize}").item()]
    assert odd((out,)) == set()
    assert odd((file,)) != set()


def test_no_type_leaves_with_a_parameter_of_its_own(tmp_path: Path) -> None:
    zoned = pa.array([1] * ROWS, pa.timestamp("s", tz=SECRET))
    columns = {
        "at": zoned,
        "sizes": pa.array([None] * ROWS, pa.list_(pa.int8(), 4369)),
        "width": pa.array([None] * ROWS, pa.binary(4369)),
        "within": pa.StructArray.from_arrays([zoned], ["a"]),
    }
    file = written(tmp_path, Format.GEOPARQUET, **columns)
    (out,) = sealed((file,), tmp_path / "out")
    said = str(pq.read_schema(out))
    assert SECRET in str(pq.read_schema(file))
    assert "4369" in str(pq.read_schema(file))
    assert SECRET not in said
    assert "4369" not in said
    assert odd((out,)) == set()


@pytest.mark.parametrize(
    ("wkb", "plain"),
    [
        (struct.pack("<BIddQ", 1, 1001, 8.0, 50.0, 0x7FF8_0000_1234_5678), False),
        (struct.pack("<BIddQ", 1, 1001, 8.0, 50.0, 0x7FF8_0000_0000_0000), True),
        (struct.pack(">BIdd", 0, 1, 8.0, 50.0), False),
        (struct.pack("<BIddd", 1, 0x8000_0001, 8.0, 50.0, 1.0), False),
        (struct.pack("<BIdd", 1, 1, 8.0, 50.0), True),
    ],
    ids=["odd nan", "nan", "big-endian", "extended", "plain"],
)
def test_geometries_in_other_bytes_than_their_own_are_named(wkb: bytes, plain: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    table = pa.table({"geom": pa.array([wkb, None], pa.binary())})
    file = write(table, tmp_path / "data.parquet", Format.GEOPARQUET, "Point")
    assert ("geometries in other bytes than geogate would write" not in odd((file,))) == plain
    assert odd(sealed((file,), tmp_path / "out")) == set()
