"""The texts and binaries of a column, also of a nested one, with the rows that they stand in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.byte_values import ByteValues, is_binary, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_SAMPLE: Final = 1024
_NO_BYTE: Final = 1 << 20
_LEAST_BYTE: Final = -128
_LARGEST_BYTE: Final = 255
_SHORTEST: Final = 9
"""Bytes that the shortest position has which is spelled in a list."""

_REPEATED: Final = 4
"""Where a value comes back so often in a sample it is looked at once for each batch."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leaf:
    """Values of a column and where they stand: occurrence ``i`` is value ``numbers[i]`` in row ``rows[i]``.

    Without ``numbers`` occurrence ``i`` is value ``i``. No occurrence is null.
    """

    values: ByteValues
    numbers: NDArray[np.int64] | None
    rows: NDArray[np.int64]
    binary: bool

    @property
    def weights(self) -> NDArray[np.int64]:
        """Count how often each value occurs."""
        count = len(self.values.offsets) - 1
        return np.ones(count, np.int64) if self.numbers is None else np.bincount(self.numbers, minlength=count)


def texts_of(array: Any) -> Iterator[Leaf]:
    """Find the texts and binaries of a column; what else it holds is left out.

    Raises: ValueError when values do not lie within their buffers.
    """
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    return _leaves(array, np.arange(len(array), dtype=np.int64))


def has_texts(kind: pa.DataType) -> bool:
    """Say whether a column of a type can hold texts or binaries."""
    if isinstance(kind, pa.BaseExtensionType):
        return has_texts(kind.storage_type)
    if pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
        return has_texts(kind.value_type)
    if is_text(kind) or is_binary(kind) or _is_list_of_integers(kind):
        return True
    return any(has_texts(kind.field(i).type) for i in range(kind.num_fields))


def _leaves(array: Any, rows: NDArray[np.int64]) -> Iterator[Leaf]:
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        yield from _leaves(array.storage, rows)
    elif pa.types.is_run_end_encoded(kind):
        yield from _leaves(pc.run_end_decode(array), rows)
    elif pa.types.is_dictionary(kind):
        yield from _encoded(array, rows)
    elif is_text(kind) or is_binary(kind):
        yield from _plain(array, rows)
    else:
        yield from _nested(array, rows)


def _nested(array: Any, rows: NDArray[np.int64]) -> Iterator[Leaf]:
    kind = array.type
    if pa.types.is_struct(kind):
        for child in array.flatten():
            yield from _leaves(child, rows)
    elif pa.types.is_map(kind):
        for child in (array.keys, array.items):
            yield from _leaves(*_listed(pa.ListArray.from_arrays(array.offsets, child), rows))
    elif pa.types.is_union(kind):
        yield from _united(array, rows)
    elif _is_list_of_integers(kind):
        yield from _spelled(array, rows)
    elif kind.num_fields == 1:
        yield from _leaves(*_listed(array, rows))


def _is_list_of_integers(kind: pa.DataType) -> bool:
    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(lists and pa.types.is_integer(kind.value_type))


def _spelled(array: Any, rows: NDArray[np.int64]) -> Iterator[Leaf]:
    """Give lists of small integers as the bytes that they may be the codes of."""
    numbers, parents = _listed(array, np.arange(len(array)))
    codes = pc.cast(numbers, pa.int64(), safe=False).fill_null(_NO_BYTE).to_numpy(zero_copy_only=False)
    bad = (codes < _LEAST_BYTE) | (codes > _LARGEST_BYTE)
    counts = np.bincount(parents, minlength=len(array))
    good = (counts >= _SHORTEST) & (np.bincount(parents, weights=bad, minlength=len(array)) == 0)
    if good.any():
        data = (codes[good[parents]] & _LARGEST_BYTE).astype(np.uint8)
        offsets = np.concatenate([[0], np.cumsum(counts[good])]).astype(np.int64)
        yield Leaf(values=ByteValues(data=data, offsets=offsets), numbers=None, rows=rows[good], binary=True)


def _listed(array: Any, rows: NDArray[np.int64]) -> tuple[Any, NDArray[np.int64]]:
    parents = pc.list_parent_indices(array).to_numpy(zero_copy_only=False)
    return pc.list_flatten(array), rows[parents]


def _united(array: Any, rows: NDArray[np.int64]) -> Iterator[Leaf]:
    codes = array.type_codes.to_numpy(zero_copy_only=False)
    dense = array.type.mode == "dense"
    for place, code in enumerate(array.type.type_codes):
        here = np.flatnonzero(codes == code)
        at = array.offsets.to_numpy(zero_copy_only=False)[here] if dense else here
        yield from _leaves(array.field(place).take(pa.array(at)), rows[here])


def _encoded(array: Any, rows: NDArray[np.int64]) -> Iterator[Leaf]:
    kind = array.type.value_type
    if not (is_text(kind) or is_binary(kind)) or array.dictionary.null_count:
        yield from _leaves(array.dictionary.take(array.indices), rows)
        return
    if array.indices.null_count:
        valid = array.indices.is_valid()
        rows = rows[valid.to_numpy(zero_copy_only=False)]
        numbers = array.indices.drop_null().cast(pa.int64()).to_numpy()
    else:
        numbers = array.indices.cast(pa.int64()).to_numpy()
    if len(numbers) and not (numbers.min() >= 0 and numbers.max() < len(array.dictionary)):
        raise ValueError("the dictionary of a column lacks values")
    yield Leaf(values=ByteValues.of(array.dictionary), numbers=numbers, rows=rows, binary=is_binary(kind))


def _plain(array: Any, rows: NDArray[np.int64]) -> Iterator[Leaf]:
    binary = is_binary(array.type)
    if pa.types.is_string_view(array.type) or pa.types.is_binary_view(array.type):
        array = array.cast(pa.large_binary() if binary else pa.large_string())
    if array.null_count:
        rows = rows[array.is_valid().to_numpy(zero_copy_only=False)]
        array = array.drop_null()
    sample = array[:: max(len(array) // _SAMPLE, 1)]
    if len(array) > _SAMPLE and len(sample.unique()) * _REPEATED < len(sample):
        yield from _encoded(array.dictionary_encode(), rows)
    else:
        yield Leaf(values=ByteValues.of(array), numbers=None, rows=rows, binary=binary)
