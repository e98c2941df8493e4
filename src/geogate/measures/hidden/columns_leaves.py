"""The columns of a layer down to what has no parts: fields of structures, places in lists, keys and values of maps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.byte_values import is_binary, is_text
from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

Kind = Literal["number", "time", "text", "binary", "flag", "nothing", "other"]

FIRST_PLACES: Final = 16
"""So many values of a list are columns of their own, row by row: two numbers are a position, sixteen a matrix."""

DEEPEST: Final = 8
"""Columns that are nested deeper are not looked into."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leaf:
    """Values without parts under the name of their column: ``a``, ``a.b`` for a field, ``a[0]`` for a place in a list.

    ``rows`` says to which row each value belongs; ``None`` where there is one value a row.
    """

    name: str
    kind: Kind
    values: pa.Array
    rows: NDArray[np.int64] | None = None


def leaves(attributes: pa.RecordBatch) -> Iterator[Leaf]:
    """List the leaves of all columns, in the order of the columns.

    Raises: UnmeasurableError for values of several types in one column, and for columns that are nested too deep.
    """
    for name, column in zip(attributes.schema.names, attributes.columns, strict=True):
        yield from _leaves(name, column, None, 0)


def numbers_of(values: pa.Array) -> NDArray[np.float64] | NDArray[np.int64]:
    """Give numbers and moments as integers where they are, else as floats; what is null is not a number or zero.

    Unsigned integers of 64 bits come as signed ones with the same bits.
    """
    kind = values.type
    if pa.types.is_temporal(kind):
        values = _ticks(values)
        kind = values.type
    if pa.types.is_integer(kind):
        filled = values.fill_null(0) if values.null_count else values
        whole: NDArray[Any] = filled.to_numpy(zero_copy_only=False)
        return whole.view(np.int64) if kind == pa.uint64() else whole.astype(np.int64, copy=False)
    if pa.types.is_decimal(kind) or pa.types.is_float16(kind):
        values = pc.cast(values, pa.float64(), safe=False)
    floats: NDArray[Any] = values.to_numpy(zero_copy_only=False)
    return floats.astype(np.float64, copy=False)


def valid_of(values: pa.Array) -> NDArray[np.bool_] | None:
    """Mark the values that are not null; ``None`` where all are."""
    if not values.null_count:
        return None
    valid: NDArray[np.bool_] = values.is_valid().to_numpy(zero_copy_only=False)
    return valid


def _ticks(values: pa.Array) -> pa.Array:
    wide = values.type.bit_width == 64  # noqa: PLR2004 bits
    return values.view(pa.int64() if wide else pa.int32())


def _leaves(name: str, column: Any, rows: NDArray[np.int64] | None, depth: int) -> Iterator[Leaf]:
    kind = column.type
    if depth > DEEPEST:
        raise UnmeasurableError("a column is nested too deep to look into it")
    if isinstance(kind, pa.BaseExtensionType):
        yield from _leaves(name, column.storage, rows, depth)
    elif pa.types.is_dictionary(kind):
        yield from _leaves(name, column.dictionary_decode(), rows, depth)
    elif pa.types.is_run_end_encoded(kind):
        yield from _leaves(name, pc.run_end_decode(column), rows, depth)
    elif pa.types.is_nested(kind):
        yield from _within(name, column, rows, depth + 1)
    else:
        yield Leaf(name=name, kind=_kind(kind), values=column, rows=rows)


def _kind(kind: pa.DataType) -> Kind:
    if is_text(kind):
        return "text"
    if pa.types.is_boolean(kind):
        return "flag"
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "number"
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind) or pa.types.is_duration(kind):
        return "time"
    if is_binary(kind):
        return "binary"
    return "nothing" if pa.types.is_null(kind) else "other"


def _within(name: str, column: Any, rows: NDArray[np.int64] | None, depth: int) -> Iterator[Leaf]:
    kind = column.type
    if pa.types.is_struct(kind):
        for field, values in zip(kind, column.flatten(), strict=True):
            yield from _leaves(f"{name}.{field.name}", values, rows, depth)
    elif pa.types.is_union(kind):
        raise UnmeasurableError("a column has values of several types, which are not looked into")
    else:
        if pa.types.is_map(kind):
            column = column.cast(pa.list_(pa.struct([kind.key_field, kind.item_field])))
        yield from _in_list(name, column, rows, depth)


def _in_list(name: str, column: Any, rows: NDArray[np.int64] | None, depth: int) -> Iterator[Leaf]:
    """Give the first values of the outermost lists in their rows, and all values of any list in one column.

    Which leaves there are follows from the schema alone, so that it is the same in every batch.
    """
    if rows is None:
        fixed = pa.types.is_fixed_size_list(column.type)
        lengths = pc.fill_null(pc.list_value_length(column), 0)
        for place in range(min(column.type.list_size, FIRST_PLACES) if fixed else FIRST_PLACES):
            yield from _leaves(f"{name}[{place}]", _place(column, lengths, place), None, depth)
    own = np.arange(len(column)) if rows is None else rows
    parents = own[pc.list_parent_indices(column).to_numpy(zero_copy_only=False)]
    yield from _leaves(f"{name}[]", column.flatten(), parents, depth)


def _place(column: Any, lengths: Any, place: int) -> pa.Array:
    """Take one value of each list, null where the list is shorter."""
    if pa.types.is_fixed_size_list(column.type):
        return pc.list_element(column, place)
    long = pc.greater(lengths, place)
    starts = pc.cast(column.offsets, pa.int64())[:-1]
    return column.values.take(pc.if_else(long, pc.add(starts, place), pa.scalar(None, pa.int64())))
