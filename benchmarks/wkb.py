"""Arrays of coordinates as Arrow arrays of little-endian WKB, without an object for each geometry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

_POINT: Final = np.dtype([("order", "u1"), ("kind", "<u4"), ("xy", "<f8", 2)])
_LINE_HEAD: Final = np.dtype([("order", "u1"), ("kind", "<u4"), ("count", "<u4")])
_LINE: Final = 2
_VERTEX: Final = 16


def points(xy: NDArray[np.float64]) -> pa.Array:
    """Write points.

    Shape: ``(n, 2)``.
    """
    records = np.empty(len(xy), _POINT)
    records["order"], records["kind"], records["xy"] = 1, 1, xy
    offsets = np.arange(len(xy) + 1, dtype=np.int32) * _POINT.itemsize
    return _binary(offsets, records)


def lines(xy: NDArray[np.float64], lengths: NDArray[np.int64]) -> pa.Array:
    """Write lines from the vertices of all of them, one line after the other.

    Shape: ``(sum of lengths, 2)`` and ``(n,)``.
    """
    heads = np.empty(len(lengths), _LINE_HEAD)
    heads["order"], heads["kind"], heads["count"] = 1, _LINE, lengths
    sizes = _LINE_HEAD.itemsize + _VERTEX * lengths
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(sizes)])
    data = np.empty(offsets[-1], np.uint8)
    head = np.zeros(len(data), np.bool_)
    head[offsets[:-1, None] + np.arange(_LINE_HEAD.itemsize)] = True
    data[head] = heads.view(np.uint8)
    data[~head] = np.ascontiguousarray(xy, "<f8").view(np.uint8).reshape(-1)
    return _binary(offsets.astype(np.int32), data)


def _binary(offsets: NDArray[np.int32], data: NDArray[np.generic]) -> pa.Array:
    return pa.Array.from_buffers(pa.binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
