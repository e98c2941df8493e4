"""What the types of columns say, and the bits of numbers that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
from pyogrio.raw import write_arrow
from smuggling.case import Case, only
from smuggling.classes.hidden_in_sqlite import FOUND, TEXT
from smuggling.cover import cover
from smuggling.secret import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

_QUIET = 0x7FF8_0000_0000_0000
_STEPS = 1e4
"""Steps a degree: two numbers of so many fit into the 51 bits."""


def _with(folder: Path, **columns: pa.Array) -> None:
    path = folder / "places.parquet"
    cover().to_parquet(path)
    table = pq.read_table(path)
    for name, column in columns.items():
        table = table.append_column(name, column)
    pq.write_table(table, path)


def _rows() -> int:
    return len(cover())


def _zoned() -> pa.Array:
    return pa.array([1_700_000_000] * _rows(), pa.timestamp("s", tz=TEXT))


def _time_zone(folder: Path) -> None:
    _with(folder, at=_zoned())


def _time_zone_in_struct(folder: Path) -> None:
    _with(folder, at=pa.StructArray.from_arrays([_zoned()], ["a"]))


def _time_zone_in_list(folder: Path) -> None:
    _with(folder, at=pa.ListArray.from_arrays(pa.array(range(_rows() + 1), pa.int32()), _zoned()))


def _time_zone_in_map(folder: Path) -> None:
    keys = pa.array(["a"] * _rows())
    _with(folder, at=pa.MapArray.from_arrays(pa.array(range(_rows() + 1), pa.int32()), keys, _zoned()))


def _time_zones(folder: Path) -> Iterator[Position]:
    said = str(pq.read_schema(only(folder, "*.parquet")))
    yield from ((float(x), float(y)) for x, y in FOUND.findall(said.encode()))


def _nans() -> pa.Array:
    bits = [_QUIET | round(lon * _STEPS) << 22 | round(lat * _STEPS) for lon, lat in SECRET]
    numbers = np.resize(np.array(bits, np.uint64), _rows()).view(np.float64)
    return pa.array(numbers, from_pandas=False)


def _read(numbers: Any) -> Iterator[Position]:
    for bits in np.asarray(numbers, np.float64).view(np.uint64).tolist():
        yield (bits >> 22 & (1 << 22) - 1) / _STEPS, (bits & (1 << 22) - 1) / _STEPS


def _nan(folder: Path) -> None:
    _with(folder, share=_nans())


def _nan_in_list(folder: Path) -> None:
    _with(folder, share=pa.ListArray.from_arrays(pa.array(range(_rows() + 1), pa.int32()), _nans()))


def _nan_column(folder: Path) -> Iterator[Position]:
    column = pq.read_table(only(folder, "*.parquet")).column("share").combine_chunks()
    values = column.values if pa.types.is_list(column.type) else column
    yield from _read(values.to_numpy(zero_copy_only=False))


def _nan_in(driver: str, suffix: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        wkb = pa.array(cover().geometry.to_wkb(), pa.binary())
        table = pa.table({"share": _nans(), "geometry": wkb})
        kinds = {"geometry_name": "geometry", "geometry_type": "Point", "crs": "EPSG:4326"}
        write_arrow(table, folder / f"places{suffix}", driver=driver, **kinds)

    return write


def _nans_by_gdal(suffix: str) -> Callable[[Path], Iterator[Position]]:
    def recover(folder: Path) -> Iterator[Position]:
        _, table = pyogrio.read_arrow(only(folder, f"*{suffix}"), columns=["share"])
        yield from _read(table.column("share").to_numpy())

    return recover


def _list_sizes(folder: Path) -> None:
    sizes = [round(number * _STEPS) for number in SECRET[0]]
    nothing = [None] * _rows()
    _with(folder, **{f"c{place}": pa.array(nothing, pa.list_(pa.int8(), size)) for place, size in enumerate(sizes)})


def _sizes(folder: Path) -> Iterator[Position]:
    schema = pq.read_schema(only(folder, "*.parquet"))
    yield tuple(schema.field(name).type.list_size / _STEPS for name in ("c0", "c1"))


def _byte_widths(folder: Path) -> None:
    widths = [round(number * _STEPS) for number in SECRET[0]]
    nothing = [None] * _rows()
    _with(folder, **{f"c{place}": pa.array(nothing, pa.binary(width)) for place, width in enumerate(widths)})


def _widths(folder: Path) -> Iterator[Position]:
    schema = pq.read_schema(only(folder, "*.parquet"))
    yield tuple(schema.field(name).type.byte_width / _STEPS for name in ("c0", "c1"))


def _precisions(folder: Path) -> None:
    digits = [int(digit) for number in SECRET[0] for digit in f"{round(number * _STEPS):06d}"]
    nothing = [None] * _rows()
    _with(folder, **{f"c{place}": pa.array(nothing, pa.decimal128(digit + 1)) for place, digit in enumerate(digits)})


def _digits(folder: Path) -> Iterator[Position]:
    schema = pq.read_schema(only(folder, "*.parquet"))
    digits = "".join(str(schema.field(f"c{place}").type.precision - 1) for place in range(12))
    yield int(digits[:6]) / _STEPS, int(digits[6:]) / _STEPS


def _zone(name: str, write: Callable[[Path], None]) -> Case:
    return Case(name=name, why="the name of a time zone is any text", write=write, recover=_time_zones)


def _payload(name: str, write: Callable[[Path], None], recover: Callable[[Path], Iterator[Position]]) -> Case:
    return Case(name=name, why="51 bits of a NaN mean nothing", write=write, recover=recover, within_m=20)


def _parameter(name: str, write: Callable[[Path], None], recover: Callable[[Path], Iterator[Position]]) -> Case:
    return Case(name=name, why="a column without values has a type", write=write, recover=recover, within_m=20)


CASES = (
    _zone("time-zone", _time_zone),
    _zone("time-zone-in-a-struct", _time_zone_in_struct),
    _zone("time-zone-in-a-list", _time_zone_in_list),
    _zone("time-zone-in-a-map", _time_zone_in_map),
    _payload("nan", _nan, _nan_column),
    _payload("nan-in-a-list", _nan_in_list, _nan_column),
    _payload("nan-in-flatgeobuf", _nan_in("FlatGeobuf", ".fgb"), _nans_by_gdal(".fgb")),
    _parameter("list-sizes", _list_sizes, _sizes),
    _parameter("byte-widths", _byte_widths, _widths),
    _parameter("decimal-precisions", _precisions, _digits),
)
