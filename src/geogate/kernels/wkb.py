"""One strict walk over WKB values into arrays of ordinates; whatever it does not accept is left to the plain walk.

It accepts what ``geogate.measures.wkb_walk`` and the checks of ``geogate.measures.wkb_decode`` accept, and says of
everything else only that it is odd. Every count is compared with the bytes that are left before it is believed: nothing
is read past a value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numba import int64, uint64

from geogate.kernels.jit import kernel, load_float64, load_uint32
from geogate.kernels.raw import as_float64, load_uint64, store_float64, swap_uint32, swap_uint64

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

POINT: Final = 1
LINE: Final = 2
POLYGON: Final = 3
COLLECTION: Final = 7
HEAD: Final = 5
COUNT: Final = 4
ORDINATE: Final = 8
DEEPEST: Final = 32

ODD: Final = -1
"""Stands for a type or a count that is left to the plain walk."""

DONE, NO_ROOM = -1, -2
"""What ``walk`` returns instead of the number of an odd row."""

_HEAD_BITS, _PLAIN_LINE = uint64(0xFFFFFFFFFF), uint64(LINE << 8 | 1)


@kernel
def iso_code(raw: int) -> int:
    """Translate an ISO or EWKB type into the ISO code, or ``ODD``."""
    if POINT <= raw <= COLLECTION:
        return raw
    flags = raw >> 29
    base = raw & 0x1FFFFFFF
    dims = base // 1000
    kind = base - dims * 1000
    if flags & 1 or dims > 3 or kind < POINT or kind > COLLECTION or (flags != 0 and dims != 0):
        return ODD
    if flags != 0:
        dims = (flags >> 2) + (flags & 2)
    return kind + 1000 * dims


@kernel
def word(data: Bytes, at: int, big: int) -> int:
    """Read a count or a type."""
    raw = load_uint32(data, at)
    if big:
        raw = swap_uint32(raw)
    value: int = int64(raw)
    return value


@kernel
def head(data: Bytes, at: int, end: int, parent: int) -> tuple[int, int]:
    """Read the code of a geometry, ``ODD`` where it cannot stand there, and whether it is big-endian."""
    if end - at < HEAD or data[at] > 1:
        return ODD, 0
    big = 1 - int64(data[at])
    code = iso_code(word(data, at + 1, big))
    if parent != 0 and code != ODD:
        fits = code // 1000 == parent // 1000 and (parent % 1000 == COLLECTION or code % 1000 == parent % 1000 - 3)
        if not fits:
            code = ODD
    return code, big


@kernel
def counted(data: Bytes, at: int, end: int, big: int, unit: int) -> int:
    """Read a count of things that have at least ``unit`` bytes each, ``ODD`` where there is no room for them."""
    if end - at < COUNT:
        return ODD
    count = word(data, at, big)
    return count if count * unit <= end - at - COUNT else ODD


@kernel
def ordinate(data: Bytes, at: int, big: int) -> float:
    """Read an ordinate."""
    value: float = as_float64(swap_uint64(load_uint64(data, at))) if big else load_float64(data, at)
    return value


@kernel
def _is_blank(data: Bytes, at: int, size: int, big: int) -> bool:
    """Say whether a point has no ordinate but NaN."""
    blank = True
    for here in range(at, at + size, ORDINATE):
        blank &= np.isnan(ordinate(data, here, big))
    return blank


@kernel
def _is_open(data: Bytes, at: int, count: int, size: int, big: int) -> bool:
    """Say whether a ring ends elsewhere than it begins."""
    last = at + (count - 1) * size
    x_same = ordinate(data, at, big) == ordinate(data, last, big)
    return not (x_same and ordinate(data, at + ORDINATE, big) == ordinate(data, last + ORDINATE, big))


@kernel
def _copy(data: Bytes, at: int, count: int, size: int, big: int, x: Floats, y: Floats, n: int) -> None:
    """Copy a run of vertices to the places from ``n``."""
    to = n * ORDINATE
    if big:
        for k in range(count):
            store_float64(x, to + k * 8, ordinate(data, at + k * size, 1))
            store_float64(y, to + k * 8, ordinate(data, at + k * size + ORDINATE, 1))
    elif size == 2 * ORDINATE:
        for k in range(count):
            store_float64(x, to + k * 8, load_float64(data, at + k * 16))
            store_float64(y, to + k * 8, load_float64(data, at + k * 16 + 8))
    else:
        for k in range(count):
            store_float64(x, to + k * 8, load_float64(data, at + k * size))
            store_float64(y, to + k * 8, load_float64(data, at + k * size + ORDINATE))


@kernel
def _copy_deep(data: Bytes, at: int, count: int, size: int, big: int, z: Floats, n: int) -> None:
    """Copy the third ordinates of a run of vertices to the places from ``n``; NaN where it has none."""
    for k in range(count):
        z[n + k] = ordinate(data, at + k * size + 2 * ORDINATE, big) if size else np.nan


@kernel
def walk(
    data: Bytes,
    offsets: Ints,
    valid: Bools,
    starts: Ints,
    kinds: Bytes,
    first: Ints,
    x: Floats,
    y: Floats,
    z: Floats,
    part_starts: Ints,
    part_kinds: Bytes,
) -> tuple[int, int, int, int]:
    """Account for every byte of every value, and copy vertices and parts into arrays, one after the other.

    Row ``i`` has the bytes ``offsets[i]`` to ``offsets[i + 1]``, the vertices from ``starts[i]`` and the parts from
    ``first[i]``; the offsets lie within the bytes and never fall. ``x`` and ``y`` are of one length, ``z`` is too or is
    empty, and ``part_starts`` is longer than ``part_kinds`` by one. Returns the first odd row, ``NO_ROOM`` where
    vertices or parts are more than these arrays hold or have heights and ``z`` is empty, else ``DONE``; the number of
    vertices and of parts; and one bit for each of XY, XYZ, XYM and XYZM that occurs.
    """
    left = np.zeros(DEEPEST + 2, np.int64)
    wholes = np.zeros(DEEPEST + 2, np.int64)
    n = 0
    p = 0
    seen = 0
    for row in range(len(offsets) - 1):
        starts[row] = n
        first[row] = p
        kinds[row] = 0
        if not valid[row]:
            continue
        at = offsets[row]
        end = offsets[row + 1]
        # What most layers of lines have, and nothing else.
        if end - at > HEAD + COUNT and load_uint64(data, at) & _HEAD_BITS == _PLAIN_LINE:
            count = int64(load_uint32(data, at + HEAD))
            if count > 1 and count * 2 * ORDINATE == end - at - HEAD - COUNT:
                if n + count > len(x) or p == len(part_kinds):
                    return NO_ROOM, n, p, seen
                _copy(data, at + HEAD + COUNT, count, 2 * ORDINATE, 0, x, y, n)
                if len(z):
                    _copy_deep(data, at, count, 0, 0, z, n)
                part_starts[p] = n
                part_kinds[p] = kinds[row] = LINE
                seen |= 1
                n += count
                p += 1
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
                return row, n, p, seen
            code, big = head(data, at, end, wholes[depth])
            if code == ODD:
                return row, n, p, seen
            at += HEAD
            kind = code % 1000
            dims = code // 1000
            size = ORDINATE * (2 + (dims + 1) // 2)
            deep = dims & 1
            if deep and not len(z):
                return NO_ROOM, n, p, seen
            if depth == 0:
                kinds[row] = kind
                seen |= 1 << dims
            if kind > POLYGON:
                count = counted(data, at, end, big, HEAD + COUNT)
                if count == ODD:
                    return row, n, p, seen
                at += COUNT
                depth += 1
                left[depth] = count
                wholes[depth] = code
                continue
            if kind == POINT:
                if end - at < size:
                    return row, n, p, seen
                if not _is_blank(data, at, size, big):
                    if n == len(x) or p == len(part_kinds):
                        return NO_ROOM, n, p, seen
                    _copy(data, at, 1, size, big, x, y, n)
                    if len(z):
                        _copy_deep(data, at, 1, size * deep, big, z, n)
                    part_starts[p] = n
                    part_kinds[p] = POINT
                    n += 1
                    p += 1
                at += size
                continue
            runs = 1
            if kind == POLYGON:
                runs = counted(data, at, end, big, COUNT)
                if runs == ODD:
                    return row, n, p, seen
                at += COUNT
            for _ in range(runs):
                count = counted(data, at, end, big, size)
                if count == ODD:
                    return row, n, p, seen
                at += COUNT
                if count == 1 or (kind == POLYGON and (count < 3 or _is_open(data, at, count, size, big))):
                    return row, n, p, seen
                if count > 0:
                    if n + count > len(x) or p == len(part_kinds):
                        return NO_ROOM, n, p, seen
                    _copy(data, at, count, size, big, x, y, n)
                    if len(z):
                        _copy_deep(data, at, count, size * deep, big, z, n)
                    part_starts[p] = n
                    part_kinds[p] = kind
                    n += count
                    p += 1
                at += count * size
        if at != end:
            return row, n, p, seen
    starts[len(offsets) - 1] = n
    first[len(offsets) - 1] = p
    part_starts[p] = n
    return DONE, n, p, seen


@kernel
def are_alike(offsets: Ints | NDArray[np.int32], valid: Bools, size: int) -> bool:
    """Say whether every row has ``size`` bytes, and none where it is not valid; an empty ``valid`` means all are."""
    odd = False
    if len(valid) == 0:
        for row in range(len(offsets) - 1):
            odd |= offsets[row + 1] - offsets[row] != size
    else:
        for row in range(len(offsets) - 1):
            odd |= offsets[row + 1] - offsets[row] != (size if valid[row] else 0)
    return not odd


@kernel
def copy_points(data: Bytes, start: int, raw: int, x: Floats, y: Floats, z: Floats) -> int:
    """Copy little-endian points that stand side by side, XYZ where ``z`` is not empty.

    Returns 0 where one has another head than the type ``raw``, 2 where an ordinate is NaN, else 1.
    """
    expected = uint64(raw << 8 | 1)
    odd = uint64(0)
    nan = False
    # One loop for each size, so that the compiler knows it.
    if len(z) == 0:
        for k in range(len(x)):
            at = start + k * 21
            px, py = load_float64(data, at + 5), load_float64(data, at + 13)
            odd |= load_uint64(data, at) ^ expected
            x[k], y[k] = px, py
            nan |= np.isnan(px) | np.isnan(py)
    else:
        for k in range(len(x)):
            at = start + k * 29
            px, py, pz = load_float64(data, at + 5), load_float64(data, at + 13), load_float64(data, at + 21)
            odd |= load_uint64(data, at) ^ expected
            x[k], y[k], z[k] = px, py, pz
            nan |= np.isnan(px) | np.isnan(py) | np.isnan(pz)
    if odd & uint64(0xFFFFFFFFFF):
        return 0
    return 2 if nan else 1


def warm_up() -> None:
    """Compile each kernel for the arrays that callers have: bytes and their offsets cannot be written to."""
    data = np.frombuffer(b"\1\1\0\0\0" + bytes(16), np.uint8)
    offsets, valid = np.array([0, 21]), np.ones(1, np.bool_)
    starts, first, kinds = np.empty(2, np.int64), np.empty(2, np.int64), np.empty(1, np.uint8)
    x, y, z = np.empty((3, 1))
    walk(data, offsets, valid, starts, kinds, first, x, y, z, np.empty(2, np.int64), np.empty(1, np.uint8))
    copy_points(data, 0, POINT, x, y, z[:0])
    for width in (np.int32, np.int64):
        are_alike(np.frombuffer(offsets.astype(width).tobytes(), width), valid, 21)
