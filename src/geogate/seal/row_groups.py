"""Row groups that are encoded side by side, each as a Parquet file in memory, and laid one after another in one file.

The file is to the byte what one writer would have written that is given the row groups in turn: where a row group lies
is said in the footer only, which is written anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from geogate.libraries.thrift import I64, LIST, STRUCT, Field, Struct, Values, decoded, encoded

if TYPE_CHECKING:
    from collections.abc import Mapping

MAGIC: Final = b"PAR1"
_TAIL: Final = 8
"""The length of the footer and the magic."""

_FILE_ROWS, _FILE_GROUPS = 3, 4
_GROUP_COLUMNS, _GROUP_ROWS, _GROUP_AT, _GROUP_SIZE = 1, 3, 5, 6
_COLUMN_AT, _COLUMN = 2, 3
_PAGES_AT: Final = 9
_KNOWN_OF_GROUP: Final = frozenset({_GROUP_COLUMNS, 2, _GROUP_ROWS, _GROUP_AT, _GROUP_SIZE})
_KNOWN_OF_COLUMN: Final = frozenset({_COLUMN_AT, _COLUMN})
_KNOWN_OF_DATA: Final = frozenset({1, 2, 3, 4, 5, 6, 7, _PAGES_AT, 13, 16})
"""The fields that a footer has by geogate's options; another one could say where something lies too.

Source: parquet.thrift of parquet-format 2.11.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What every row group is written with: the schema, the key-value metadata of the file, and pyarrow's options."""

    schema: pa.Schema
    metadata: Mapping[str, str]
    options: Mapping[str, Any]

    def file(self, table: pa.Table | None = None) -> pa.Buffer:
        """Write a Parquet file with one row group, or with none.

        Raises: pyarrow's own errors for a column that Parquet cannot hold.
        """
        sink = pa.BufferOutputStream()
        with pq.ParquetWriter(sink, self.schema, **self.options) as writer:
            writer.add_key_value_metadata(dict(self.metadata))
            if table is not None:
                # How pages are cut depends on where an array ends, so that there has to be one a column.
                writer.write_table(table.combine_chunks(), row_group_size=max(table.num_rows, 1))
        return sink.getvalue()


@dataclass(slots=True)
class JoinedFile:
    """A Parquet file that grows by row groups; it is none before ``close``."""

    file: IO[bytes]
    form: Form
    _at: int = field(default=0, init=False)
    _rows: int = field(default=0, init=False)
    _groups: list[bytes] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._write(MAGIC)

    def add(self, part: pa.Buffer) -> None:
        """Append the row group of a file that ``Form.file`` wrote.

        Raises: ValueError when the file is not one row group and nothing else.
        """
        body, footer = _parted(part)
        (group,) = footer[_FILE_GROUPS].value.values
        if group[_GROUP_SIZE].value != len(body):
            raise ValueError("a row group is not all that its file holds")
        by = self._at - len(MAGIC)
        self._rows += group[_GROUP_ROWS].value
        self._groups.append(encoded(_moved(group, by=by)))
        self._write(body)

    def close(self) -> None:
        """Write the footer."""
        _, footer = _parted(self.form.file())
        footer[_FILE_ROWS] = Field(I64, self._rows)
        footer[_FILE_GROUPS] = Field(LIST, Values(STRUCT, self._groups))
        data = encoded(footer)
        self._write(data + len(data).to_bytes(4, "little") + MAGIC)

    def _write(self, data: bytes | memoryview) -> None:
        self.file.write(data)
        self._at += len(data)


def _parted(part: pa.Buffer) -> tuple[memoryview, Struct]:
    """Part a file into what lies between its magic and its footer, and the footer."""
    view = memoryview(part)
    end = len(view) - _TAIL
    start = end - int.from_bytes(view[end : end + 4], "little")
    return view[len(MAGIC) : start], decoded(bytes(view[start:end]))


def _moved(group: Struct, *, by: int) -> Struct:
    _require_known(group, _KNOWN_OF_GROUP)
    columns = [_moved_column(column, by=by) for column in group[_GROUP_COLUMNS].value.values]
    return group | {_GROUP_COLUMNS: Field(LIST, Values(STRUCT, columns)), _GROUP_AT: _later(group[_GROUP_AT], by)}


def _moved_column(column: Struct, *, by: int) -> Struct:
    _require_known(column, _KNOWN_OF_COLUMN)
    data: Struct = column[_COLUMN].value
    _require_known(data, _KNOWN_OF_DATA)
    if column[_COLUMN_AT].value != 0:
        raise ValueError("a column says twice where it lies")
    return column | {_COLUMN: Field(STRUCT, data | {_PAGES_AT: _later(data[_PAGES_AT], by)})}


def _require_known(struct: Struct, known: frozenset[int]) -> None:
    if not struct.keys() <= known:
        raise ValueError("a footer has a field that is not known here")


def _later(place: Field, by: int) -> Field:
    return Field(place.kind, place.value + by)
