"""The columns of a layer that may hold moments, down to the fields of structures and the values of lists."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.byte_values import ByteValues, is_text
from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

TICKS_NS: Final = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}
DAY_NS: Final = 86_400_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leaf:
    """Values of one kind under the name of their column: ``a``, ``a.b`` for a field, ``a[]`` for the values of a list.

    ``values`` are moments, dates or times of day (``time``), or texts, which may be encoded as a dictionary.
    """

    name: str
    kind: Literal["time", "text"]
    values: pa.Array

    def text_classes(self, read: Callable[[ByteValues], NDArray[np.int8]]) -> NDArray[np.int8]:
        """Class the texts that are not null; those of a dictionary are read once.

        Raises: UnmeasurableError when texts do not lie within their buffer.
        """
        values = self.values
        if not pa.types.is_dictionary(values.type):
            classes = _read(values, read)
            return classes[_valid(values)] if values.null_count else classes
        # A value of the dictionary may be null itself.
        known = _read(values.dictionary, read)
        indices = values.indices.drop_null()
        valid = _valid(values.dictionary)
        chosen: NDArray[np.int64] = indices.to_numpy(zero_copy_only=False)
        return known[chosen[valid[chosen]]]


def leaves(attributes: pa.RecordBatch) -> Iterator[Leaf]:
    """List what may hold moments, in the order of the columns.

    Raises: UnmeasurableError for a column whose values cannot be listed.
    """
    for name, column in zip(attributes.schema.names, attributes.columns, strict=True):
        yield from _leaves(name, column)


def ticks_of(moments: pa.Array) -> tuple[NDArray[np.int64], int]:
    """Return moments without nulls as whole ticks, and the nanoseconds of a tick."""
    kind = moments.type
    bits = kind.bit_width
    ticks = np.frombuffer(moments.buffers()[1], f"i{bits // 8}")[moments.offset : moments.offset + len(moments)]
    tick_ns = DAY_NS if pa.types.is_date32(kind) else TICKS_NS["ms" if pa.types.is_date64(kind) else kind.unit]
    return ticks.astype(np.int64, copy=False), tick_ns


def _read(texts: pa.Array, read: Callable[[ByteValues], NDArray[np.int8]]) -> NDArray[np.int8]:
    try:
        return read(ByteValues.of(texts))
    except ValueError as error:
        raise UnmeasurableError(str(error)) from None


def _valid(values: pa.Array) -> NDArray[np.bool_]:
    valid: NDArray[np.bool_] = values.is_valid().to_numpy(zero_copy_only=False)
    return valid


def _leaves(name: str, column: Any) -> Iterator[Leaf]:
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        yield from _leaves(name, column.storage)
    elif pa.types.is_dictionary(kind) and not is_text(kind.value_type):
        yield from _leaves(name, column.dictionary_decode())
    elif pa.types.is_run_end_encoded(kind):
        yield from _leaves(name, pc.run_end_decode(column))
    elif pa.types.is_dictionary(kind) or is_text(kind):
        yield Leaf(name=name, kind="text", values=column)
    elif pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
        yield Leaf(name=name, kind="time", values=column)
    elif pa.types.is_nested(kind):
        yield from _within(name, column)


def _within(name: str, column: Any) -> Iterator[Leaf]:
    """List the fields of structures, and the values of lists and maps."""
    kind = column.type
    if pa.types.is_struct(kind):
        for field, values in zip(kind, column.flatten(), strict=True):
            yield from _leaves(f"{name}.{field.name}", values)
    elif pa.types.is_map(kind):
        yield from _leaves(f"{name}[]", column.cast(pa.list_(pa.struct([kind.key_field, kind.item_field]))).flatten())
    elif pa.types.is_union(kind):
        raise UnmeasurableError("a column has values of several types, in which moments are not looked for")
    else:
        yield from _leaves(f"{name}[]", column.flatten())
