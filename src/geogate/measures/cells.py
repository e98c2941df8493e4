"""The cells of a table's columns: numbers, suppressed, or neither; and its rows by their labels.

A cell is suppressed where it is empty or says one of the marks that stand for it. Nothing is guessed: a number with a
unit or a thousands separator is no number.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.byte_values import is_binary, is_text
from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Words = NDArray[np.uint64]

_NUMBER: Final = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$"

DIGEST_BYTES: Final = 16
_WORDS: Final = DIGEST_BYTES // 8

_MOST_COMBINATIONS: Final = 1 << 62
"""As many numbers of combinations fit into 64 bits."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cells:
    """The cells of one column; a cell that is neither a number nor suppressed could not be read.

    ``values`` are zero where there is no number, and never a negative zero.
    """

    values: Floats
    number: Bools
    suppressed: Bools

    @property
    def unread(self) -> Bools:
        """Mark the cells that are neither."""
        return ~(self.number | self.suppressed)


def is_called(leaf: str, patterns: Sequence[str]) -> bool:
    """Tell whether a column, or a field within one, is called as one of some patterns, in letters of any case."""
    name = leaf.casefold()
    top = name.partition(".")[0].partition("[")[0]
    last = name.rpartition(".")[2].partition("[")[0]
    wanted = [pattern.casefold() for pattern in patterns]
    return any(fnmatchcase(each, pattern) for pattern in wanted for each in (name, top, last))


def column_of(batch: LayerBatch, name: str) -> Any:
    """Return a column by its name, ``None`` where there is none.

    Raises: UnmeasurableError when there are several.
    """
    places = batch.attributes.schema.get_all_field_indices(name)
    if len(places) > 1:
        raise UnmeasurableError("the layer has several columns of one name")
    return batch.attributes.column(places[0]) if places else None


def cells_of(column: Any, marks: Sequence[str]) -> Cells:
    """Read the cells of a column; ``marks`` are the texts that stand for a suppressed cell."""
    column = plain(column)
    kind, rows = column.type, len(column)
    nothing = np.zeros(rows, np.bool_)
    if pa.types.is_null(kind):
        return Cells(values=np.zeros(rows), number=nothing, suppressed=~nothing)
    if is_text(kind):
        return _of_texts(column, marks)
    null = _marked(pc.is_null(column))
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        return Cells(values=np.zeros(rows), number=nothing, suppressed=null)
    return _checked(pc.cast(column, pa.float64(), safe=False), ~null, null)


def plain(column: Any) -> Any:
    """Take off what does not change values."""
    while True:
        if isinstance(column.type, pa.BaseExtensionType):
            column = column.storage
        elif pa.types.is_run_end_encoded(column.type):
            column = pc.run_end_decode(column)
        elif pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        else:
            return column


def labels_of(column: Any) -> pa.Array:
    """Give the values of a column as texts, null where there are none.

    Raises: UnmeasurableError for values that are no labels.
    """
    column = plain(column)
    kind = column.type
    if is_binary(kind):
        return pa.array([None if each is None else each.hex() for each in column.to_pylist()], pa.string())
    if pa.types.is_nested(kind):
        raise UnmeasurableError("a column that tells rows apart has values with parts")
    return pc.cast(column, pa.large_string())


def row_digests(columns: Sequence[pa.Array], rows: int) -> Words:
    """Give each row a digest of its labels, the same in every batch; rows with other labels have another one.

    Shape: ``(rows, 2)``.
    """
    if not rows or not columns:
        return np.zeros((rows, _WORDS), np.uint64)
    encoded = [column.dictionary_encode() for column in columns]
    codes = [each.indices.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False) for each in encoded]
    texts = [[*map(_label, each.dictionary.to_pylist()), _label(None)] for each in encoded]
    words: Words
    if len(codes) == 1:
        words = _words([_digest([text]) for text in texts[0]])[codes[0]]
        return words
    distinct, place = _distinct(codes, [len(own) for own in texts])
    digests = [_digest([own[code] for own, code in zip(texts, row, strict=True)]) for row in distinct.tolist()]
    words = _words(digests)[place.reshape(-1)]
    return words


def _distinct(codes: Sequence[NDArray[np.int64]], sizes: Sequence[int]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Give the combinations of codes from -1 that there are, and that of each row."""
    if math.prod(sizes) > _MOST_COMBINATIONS:
        return np.unique(np.column_stack(codes), axis=0, return_inverse=True)
    number = np.zeros(len(codes[0]), np.int64)
    for own, size in zip(codes, sizes, strict=True):
        number = number * size + own % size
    found, place = np.unique(number, return_inverse=True)
    columns = []
    for size in reversed(sizes):
        columns.append(found % size)
        found = found // size
    return np.column_stack(columns[::-1]), place


def _label(text: str | None) -> bytes:
    if text is None:
        return b"\x00"
    data = text.encode("utf-8", "surrogatepass")
    return b"\x01" + len(data).to_bytes(8, "little") + data


def _digest(labels: Sequence[bytes]) -> bytes:
    return hashlib.blake2b(b"".join(labels), digest_size=DIGEST_BYTES).digest()


def _words(digests: Sequence[bytes]) -> Words:
    return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64).reshape(-1, _WORDS)


def _of_texts(column: Any, marks: Sequence[str]) -> Cells:
    texts = pc.utf8_trim_whitespace(pc.cast(column, pa.large_string()).fill_null(""))
    empty = pc.equal(texts, "")
    marked = pc.is_in(texts, value_set=pa.array(marks, pa.large_string()))
    suppressed = _marked(pc.or_(empty, marked))
    number = _marked(pc.match_substring_regex(texts, _NUMBER)) & ~suppressed
    values = pc.cast(pc.if_else(pa.array(number), texts, "0"), pa.float64())
    return _checked(values, number, suppressed)


def _checked(values: pa.Array, number: Bools, suppressed: Bools) -> Cells:
    found: Floats = np.array(values.fill_null(0.0).to_numpy(zero_copy_only=False), np.float64)
    number = number & np.isfinite(found)
    # Adding zero turns a negative zero into the other.
    return Cells(values=np.where(number, found, 0.0) + 0.0, number=number, suppressed=suppressed)


def _marked(flags: Any) -> Bools:
    marked: Bools = np.array(flags.to_numpy(zero_copy_only=False), np.bool_)
    return marked
