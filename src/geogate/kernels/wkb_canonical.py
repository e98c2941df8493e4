"""One strict walk over WKB values that tells whether they are canonical, and makes them so.

It accepts what ``geogate.measures.wkb_walk`` accepts, and says of everything else only that it is odd.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numba import int64, uint32, uint64

from geogate.kernels.jit import kernel, load_float64, load_uint32
from geogate.kernels.raw import as_float64, load_uint64, store_uint32, store_uint64, swap_uint64
from geogate.kernels.wkb import COUNT, DEEPEST, HEAD, ODD, ORDINATE, POINT, POLYGON, counted, head

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

NAN_BITS: Final = 0x7FF8_0000_0000_0000
"""The one NaN that is canonical."""


@kernel
def are_canonical(data: Bytes, at: int, count: int) -> bool:
    """Say whether little-endian ordinates side by side have no NaN but the canonical one."""
    with_nan = False
    for k in range(count):
        with_nan |= np.isnan(load_float64(data, at + k * 8))
    same = True
    if with_nan:
        for k in range(count):
            bits = load_uint64(data, at + k * 8)
            same &= not np.isnan(as_float64(bits)) or bits == uint64(NAN_BITS)
    return same


@kernel
def _rewrite(data: Bytes, at: int, count: int, big: int, out: Bytes) -> None:
    """Write ordinates side by side as canonical ones."""
    for here in range(at, at + count * ORDINATE, ORDINATE):
        bits = load_uint64(data, here)
        if big:
            bits = swap_uint64(bits)
        if np.isnan(as_float64(bits)):
            bits = uint64(NAN_BITS)
        store_uint64(out, here, bits)


@kernel
def canonicalise(data: Bytes, offsets: Ints, valid: Bools, rewrite: int, out: Bytes) -> tuple[int, int]:
    """Account for every byte of every value; with ``rewrite``, write heads, counts and ordinates anew into ``out``.

    ``out`` has as many bytes as ``data`` then; the offsets lie within the bytes and never fall. Returns the first odd
    row or ``ODD`` where none is, and whether all values are canonical and null rows have no bytes.
    """
    left = np.zeros(DEEPEST + 2, np.int64)
    wholes = np.zeros(DEEPEST + 2, np.int64)
    same = 1
    for row in range(len(offsets) - 1):
        at = offsets[row]
        end = offsets[row + 1]
        if not valid[row]:
            if end > at:
                same = 0
            continue
        depth = 0
        left[0] = 1
        wholes[0] = 0
        while depth >= 0:
            if left[depth] == 0:
                depth -= 1
                continue
            left[depth] -= 1
            if depth > DEEPEST:
                return row, same
            code, big = head(data, at, end, wholes[depth])
            if code == ODD:
                return row, same
            if big or int64(load_uint32(data, at + 1)) != code:
                same = 0
            if rewrite:
                out[at] = 1
                store_uint32(out, at + 1, uint32(code))
            at += HEAD
            kind = code % 1000
            width = 2 + (code // 1000 + 1) // 2
            runs = 1
            if kind != POINT and kind != POLYGON - 1:
                unit = COUNT if kind == POLYGON else HEAD + COUNT
                runs = counted(data, at, end, big, unit)
                if runs == ODD:
                    return row, same
                if rewrite:
                    store_uint32(out, at, uint32(runs))
                at += COUNT
                if kind > POLYGON:
                    depth += 1
                    left[depth] = runs
                    wholes[depth] = code
                    continue
            for _ in range(runs):
                count = 1
                if kind == POINT:
                    if end - at < width * ORDINATE:
                        return row, same
                else:
                    count = counted(data, at, end, big, width * ORDINATE)
                    if count == ODD:
                        return row, same
                    if rewrite:
                        store_uint32(out, at, uint32(count))
                    at += COUNT
                if rewrite:
                    _rewrite(data, at, count * width, big, out)
                elif same:
                    same = 1 if are_canonical(data, at, count * width) else 0
                at += count * width * ORDINATE
        if at != end:
            return row, same
    return ODD, same


@kernel
def look_at_points(data: Bytes, start: int, raw: int, count: int, width: int) -> bool:
    """Say whether little-endian points side by side all have the type ``raw`` and no ordinate that is NaN."""
    expected = uint64(raw << 8 | 1)
    odd = uint64(0)
    nan = False
    # One loop for each size, so that the compiler knows it.
    if width == 2:
        for k in range(count):
            at = start + k * 21
            odd |= load_uint64(data, at) ^ expected
            nan |= np.isnan(load_float64(data, at + 5)) | np.isnan(load_float64(data, at + 13))
    else:
        for k in range(count):
            at = start + k * (HEAD + width * ORDINATE)
            odd |= load_uint64(data, at) ^ expected
            for axis in range(width):
                nan |= np.isnan(load_float64(data, at + HEAD + axis * ORDINATE))
    return not (odd & uint64(0xFF_FFFF_FFFF)) and not nan


def warm_up() -> None:
    """Compile each kernel for the arrays that callers have: bytes cannot be written to."""
    data = np.frombuffer(b"\1\1\0\0\0" + bytes(16), np.uint8)
    canonicalise(data, np.array([0, 21]), np.ones(1, np.bool_), 1, data.copy())
    look_at_points(data, 0, POINT, 1, 2)
