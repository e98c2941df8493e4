"""Texts and binaries of an Arrow array as one run of bytes with offsets, without a Python object for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.kernels.inputs import read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray


def is_text(kind: pa.DataType) -> bool:
    """Say whether values of a type are texts."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_binary(kind: pa.DataType) -> bool:
    """Say whether values of a type are binaries."""
    views = pa.types.is_binary_view(kind)
    return bool(
        pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind) or views
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ByteValues:
    """The bytes of some values: value ``i`` is ``data[offsets[i]:offsets[i + 1]]``, anything where it is null.

    The arrays are read-only, and every value lies within ``data``.

    Shape: ``data`` uint8, ``offsets`` int64 ``(n + 1,)``.
    """

    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]

    @classmethod
    def of(cls, array: pa.Array) -> Self:
        """Find the bytes of an array of texts or binaries, where they lie.

        Raises: ValueError when a value does not lie within the array's buffer.
        """
        kind = array.type
        if pa.types.is_fixed_size_binary(kind):
            ends = (np.arange(len(array) + 1) + array.offset) * kind.byte_width
            return cls._checked(array.buffers()[1], ends)
        if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
            array = pc.cast(array, pa.large_binary())
        elif not len(array):
            return cls._checked(None, np.zeros(1, np.int64))
        wide = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
        _, offsets, data = array.buffers()
        every: NDArray[Any] = np.frombuffer(offsets, np.int64 if wide else np.int32)
        return cls._checked(data, every[array.offset : array.offset + len(array) + 1])

    @classmethod
    def _checked(cls, buffer: pa.Buffer | None, offsets: NDArray[Any]) -> Self:
        data = np.empty(0, np.uint8) if buffer is None else np.frombuffer(buffer, np.uint8)
        if offsets[0] < 0 or offsets[-1] > len(data) or (offsets[1:] < offsets[:-1]).any():
            raise ValueError("values lie outside their buffer")
        return cls(data=read_only(data), offsets=read_only(offsets.astype(np.int64)))
