"""What a Parquet file holds besides its rows."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
from smuggling.case import Case, only
from smuggling.classes.hidden_in_sqlite import FOUND, TEXT, bytes_of_all
from smuggling.cover import cover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smuggling.secret import Position


def _table(folder: Path) -> pa.Table:
    path = folder / "places.parquet"
    cover().to_parquet(path)
    table = pq.read_table(path)
    path.unlink()
    return table


def _footer_key(folder: Path) -> None:
    table = _table(folder)
    pq.write_table(
        table.replace_schema_metadata({**table.schema.metadata, b"history": TEXT.encode()}), folder / "places.parquet"
    )


def _geo_key(folder: Path) -> None:
    table = _table(folder)
    meta = dict(table.schema.metadata)
    geo = json.loads(meta[b"geo"])
    geo["columns"]["geometry"]["comment"] = TEXT
    pq.write_table(table.replace_schema_metadata({**meta, b"geo": json.dumps(geo).encode()}), folder / "places.parquet")


def _field_key(folder: Path) -> None:
    table = _table(folder)
    field = table.schema.field("name").with_metadata({"remark": TEXT})
    schema = table.schema.set(table.schema.get_field_index("name"), field)
    pq.write_table(table.cast(schema), folder / "places.parquet", store_schema=True)


def _field_keys(folder: Path) -> Iterator[Position]:
    metadata = pq.read_schema(only(folder, "*.parquet")).field("name").metadata
    yield from ((float(x), float(y)) for x, y in FOUND.findall(metadata[b"remark"]))


def _unused_dictionary(folder: Path) -> None:
    table = _table(folder)
    names = pa.DictionaryArray.from_arrays(
        pa.array([n % 2 for n in range(len(table))], pa.int32()), pa.array(["a", "b", TEXT])
    )
    pq.write_table(table.set_column(0, "name", names), folder / "places.parquet", compression="none")


def _gap(folder: Path) -> None:
    """Put bytes between the last page and the footer; offsets of pages stay true."""
    table = _table(folder)
    path = folder / "places.parquet"
    pq.write_table(table, path, compression="none")
    data = path.read_bytes()
    (size,) = struct.unpack("<I", data[-8:-4])
    start = len(data) - 8 - size
    path.write_bytes(data[:start] + TEXT.encode() + data[start:])


def _before_the_end(folder: Path) -> None:
    table = _table(folder)
    path = folder / "places.parquet"
    pq.write_table(table, path)
    path.write_bytes(path.read_bytes() + TEXT.encode() + path.read_bytes()[-8:])


def _statistics(folder: Path) -> None:
    """Let the statistics claim a greatest value that no row has; a text of the same length stands in the footer."""
    table = _table(folder)
    path = folder / "places.parquet"
    names = ["!" * len(TEXT), "~" * len(TEXT)] * (len(table) // 2)
    pq.write_table(table.set_column(0, "name", pa.array(names)), path, compression="none", use_dictionary=False)
    data = path.read_bytes()
    (size,) = struct.unpack("<I", data[-8:-4])
    start = len(data) - 8 - size
    footer = data[start:].replace(b"~" * len(TEXT), TEXT.encode())
    path.write_bytes(data[:start] + footer)


def _case(name: str, why: str, write: Callable[[Path], None]) -> Case:
    return Case(name=name, why=why, write=write, recover=bytes_of_all)


CASES = (
    _case("footer-key", "anybody may add keys", _footer_key),
    _case("geo-key", "the geometry's own metadata takes more keys", _geo_key),
    Case(name="field-key", why="columns have metadata", write=_field_key, recover=_field_keys),
    _case("unused-dictionary-value", "a value that no row has", _unused_dictionary),
    _case("gap-before-the-footer", "bytes that no page claims", _gap),
    _case("second-ending", "the footer of the footer", _before_the_end),
    _case("lying-statistics", "a greatest value that is none", _statistics),
)
