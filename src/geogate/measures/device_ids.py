"""The ids in a column as bytes, and their hashes; what has no id is nobody in particular.

A hash that two ids share makes them one device: counts of devices can only come out lower, which is the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.kernels.inputs import read_only
from geogate.measures.byte_values import ByteValues, is_binary, is_text
from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

NOBODY: Final = -1
"""The number of the value of a row that has no id."""

_MIX: Final = 0xC6A4_A793_5BD1_E995
_SHIFT: Final = 47
_WORD: Final = 8
_ALL: Final = (1 << 64) - 1


def hash_id(value: bytes, seed: int) -> int:
    """Hash an id to 64 bits; integers are hashed as eight bytes, the lowest first.

    Source: Appleby, MurmurHash64A.
    """
    found = seed ^ (len(value) * _MIX & _ALL)
    whole = len(value) // _WORD * _WORD
    for at in range(0, whole, _WORD):
        word = int.from_bytes(value[at : at + _WORD], "little") * _MIX & _ALL
        found = ((found ^ ((word ^ (word >> _SHIFT)) * _MIX & _ALL)) * _MIX) & _ALL
    if whole < len(value):
        found = ((found ^ int.from_bytes(value[whole:], "little")) * _MIX) & _ALL
    found = ((found ^ (found >> _SHIFT)) * _MIX) & _ALL
    return found ^ (found >> _SHIFT)


def require_ids(kind: pa.DataType) -> None:
    """Refuse a column whose values are no ids: numbers with fractions, moments, lists and the like.

    Raises: UnmeasurableError.
    """
    while not (is_text(kind) or is_binary(kind) or pa.types.is_integer(kind) or pa.types.is_null(kind)):
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        elif pa.types.is_dictionary(kind) or pa.types.is_run_end_encoded(kind):
            kind = kind.value_type
        else:
            raise UnmeasurableError("the column of device ids has values that are neither texts, binaries nor integers")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DeviceIds:
    """The ids of some rows: distinct or not in ``values``; ``numbers`` says which of them each row has, if any.

    Without ``numbers`` row ``i`` has value ``i``.
    """

    values: ByteValues
    numbers: NDArray[np.int64] | None

    @classmethod
    def of(cls, column: pa.Array) -> Self:
        """Read a column that ``require_ids`` has accepted and ``plain`` has given.

        Raises: UnmeasurableError when values do not lie within their buffer.
        """
        if not pa.types.is_dictionary(column.type):
            numbers = np.where(_valid(column), np.arange(len(column)), NOBODY) if column.null_count else None
            return cls(values=_values(column), numbers=numbers)
        indices = column.indices.cast(pa.int64()).fill_null(NOBODY).to_numpy()
        if len(indices) and not (indices.min() >= NOBODY and indices.max() < len(column.dictionary)):
            raise UnmeasurableError("the dictionary of the column of device ids lacks values")
        # A value of the dictionary may be null itself; the last entry stands for rows without a value.
        known = np.append(np.where(_valid(column.dictionary), np.arange(len(column.dictionary)), NOBODY), NOBODY)
        return cls(values=_values(column.dictionary), numbers=known[indices])

    @classmethod
    def nobody(cls, rows: int) -> Self:
        """Return the ids of rows that have none."""
        return cls(values=ByteValues.of(pa.array([], pa.binary())), numbers=np.full(rows, NOBODY))

    def of_rows(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the numbers of the values that some rows have, ``NOBODY`` where they have none."""
        return rows if self.numbers is None else self.numbers[rows]

    def value(self, number: int) -> bytes:
        """Return a value's bytes; those of nobody are none."""
        if number == NOBODY:
            return b""
        start, end = self.values.offsets[number : number + 2]
        return self.values.data[start:end].tobytes()


def plain(column: Any) -> Any:
    """Take off what does not change values, except for dictionaries."""
    while True:
        if isinstance(column.type, pa.BaseExtensionType):
            column = column.storage
        elif pa.types.is_run_end_encoded(column.type):
            column = pc.run_end_decode(column)
        else:
            return column


def _values(column: pa.Array) -> ByteValues:
    kind = column.type
    try:
        if is_text(kind) or is_binary(kind):
            return ByteValues.of(column)
    except ValueError as error:
        raise UnmeasurableError(str(error)) from None
    if pa.types.is_null(kind):
        return ByteValues(data=read_only(np.empty(0, np.uint8)), offsets=read_only(np.zeros(len(column) + 1, np.int64)))
    filled = column.fill_null(0).to_numpy(zero_copy_only=False)
    whole = filled.view(np.int64) if kind == pa.uint64() else filled.astype(np.int64)
    offsets = np.arange(len(whole) + 1, dtype=np.int64) * _WORD
    return ByteValues(data=read_only(whole.astype("<i8").view(np.uint8)), offsets=read_only(offsets))


def _valid(values: pa.Array) -> NDArray[np.bool_]:
    valid: NDArray[np.bool_] = values.is_valid().to_numpy(zero_copy_only=False)
    return valid
