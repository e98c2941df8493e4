"""Many points to WKB at once: one record of byte order, type and ordinates a row, straight into an Arrow buffer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ISO_Z = 1000
_FLAT = 2


def points_to_wkb(ordinates: NDArray[np.float64], valid: NDArray[np.bool_]) -> pa.Array:
    """Encode the points of the valid rows; the other rows have no geometry.

    Shape: ``ordinates`` ``(valid rows, 2 or 3)``, ``valid`` ``(rows,)``.
    """
    size = ordinates.shape[1]
    record = np.dtype([("order", "u1"), ("type", "<u4"), ("ordinates", "<f8", (size,))])
    records = np.empty(len(ordinates), dtype=record)
    records["order"], records["type"], records["ordinates"] = 1, 1 + _ISO_Z * (size - _FLAT), ordinates
    offsets = np.zeros(len(valid) + 1, dtype=np.int32)
    np.cumsum(valid * record.itemsize, out=offsets[1:])
    bits = pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(pa.binary(), len(valid), [bits, pa.py_buffer(offsets), pa.py_buffer(records)])
