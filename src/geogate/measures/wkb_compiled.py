"""Vertices, parts and kinds of WKB values by compiled kernels; to the bit what ``geogate.measures.wkb_decode`` gives.

Only what the kernels accept without a doubt is decoded here. Everything else is left to the plain way, which decodes it
or says what is wrong with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from geogate.kernels import wkb as kernels
from geogate.measures.wkb import COUNT, HEAD, LINE, ORDINATE, POINT, POLYGON, Values, buffers, plain_width
from geogate.measures.wkb_decode import Decoded, PartArrays, decoded_points

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

_WITH_Z, _WITH_M = 0b1010, 0b1100
"""The bits of XYZ and XYZM, and of XYM and XYZM."""

_NAN = 2

_SMALLEST_RING: Final = 3

_BEFORE_LINE, _BEFORE_RING = HEAD + COUNT, HEAD + 2 * COUNT
"""What stands before the vertices of a line and of a polygon's first ring.

Units: bytes.
"""

_LIKELY: Final = {
    b"\1" + code.to_bytes(4, "little"): (before, width)
    for code, before, width in (
        (LINE, _BEFORE_LINE, 2),
        (POLYGON, _BEFORE_RING, 2),
        (LINE + 1000, _BEFORE_LINE, 3),
        (POLYGON + 1000, _BEFORE_RING, 3),
        (LINE | 1 << 31, _BEFORE_LINE, 3),
        (POLYGON | 1 << 31, _BEFORE_RING, 3),
    )
}
"""The heads that most layers of lines and polygons have: the bytes before the vertices, and a vertex's ordinates."""


def decode(wkb: pa.Array, *, first_row: int) -> Decoded | None:
    """Decode WKB values; ``None`` where they are to be decoded the plain way.

    Raises: UnmeasurableError when the array is not binary or its offsets do not fit its bytes.
    """
    return _points(wkb) or _walked(Values.of(wkb, first_row=first_row))


class PlainPoints(NamedTuple):
    """Points of one size side by side, of which only the head of the first has been looked at.

    Shape: ``valid`` has one entry for each row.
    Units: ``start`` in bytes; ``width`` is the number of ordinates of each point; ``raw`` is the type of the first.
    """

    data: NDArray[np.uint8]
    start: int
    points: int
    width: int
    raw: int
    valid: NDArray[np.bool_]


def plain_points(wkb: pa.Array) -> PlainPoints | None:
    """Find points that lie side by side; ``None`` where the values have other sizes than points of one kind.

    Raises: UnmeasurableError when the array is not binary.
    """
    data, bounds = buffers(wkb)
    start, end, count = int(bounds[0]), int(bounds[-1]), len(wkb) - wkb.null_count
    if count == 0 or start < 0 or end > len(data):
        return None
    width = plain_width(data, start)
    size = HEAD + width * ORDINATE
    if width == 0 or end - start != count * size:
        return None
    valid = _writeable(wkb.is_valid().to_numpy(zero_copy_only=False)) if wkb.null_count else np.ones(len(wkb), np.bool_)
    if not kernels.are_alike(np.require(bounds, requirements="A"), valid if wkb.null_count else valid[:0], size):
        return None
    raw = int.from_bytes(data[start + 1 : start + HEAD].tobytes(), "little")
    return PlainPoints(data, start, count, width, raw, valid)


def _points(wkb: pa.Array) -> Decoded | None:
    plain = plain_points(wkb)
    if plain is None:
        return None
    xy, z = np.empty((plain.points, 2), order="F"), np.empty(plain.points * (plain.width - 2))
    found = kernels.copy_points(plain.data, plain.start, plain.raw, xy[:, 0], xy[:, 1], z)
    if not found:
        return None
    return decoded_points(xy, z if len(z) else None, plain.valid, with_nan=found == _NAN)


class _Room(NamedTuple):
    """How many vertices and parts the arrays that are written shall hold, and whether heights."""

    vertices: int
    parts: int
    with_z: bool


def _walked(values: Values) -> Decoded | None:
    if len(values.valid) == 0:
        return None
    for room in _rooms(values):
        found, decoded = _walked_into(room, values)
        if found != kernels.NO_ROOM:
            return decoded
    return None


def _rooms(values: Values) -> Iterator[_Room]:
    """Guess the room from the first value, as if all were like it; then give what no values can exceed."""
    size, first = int(values.ends[-1] - values.starts[0]), int(values.starts[np.argmax(values.valid)])
    before, width = _LIKELY.get(values.data[first : first + HEAD].tobytes(), (0, 0))
    if width:
        rows = int(np.count_nonzero(values.valid))
        vertices = max(size - rows * before, 0) // (width * ORDINATE)
        parts = rows if before == _BEFORE_LINE else vertices // _SMALLEST_RING
        yield _Room(vertices=vertices, parts=parts, with_z=width > 2)  # noqa: PLR2004 x and y
    most = size // (2 * ORDINATE) + 1
    yield _Room(vertices=most, parts=most, with_z=True)


def _walked_into(room: _Room, values: Values) -> tuple[int, Decoded | None]:
    """Walk the values once; return what the kernel says, and what it has decoded if that is all."""
    rows, (data, bounds, valid) = len(values.valid), described(values)
    offsets, first, kinds = np.empty(rows + 1, np.int64), np.empty(rows + 1, np.int64), np.empty(rows, np.uint8)
    xy, z = np.empty(2 * room.vertices), np.empty(room.vertices if room.with_z else 0)
    part_offsets, part_kinds = np.empty(room.parts + 1, np.int64), np.empty(room.parts, np.uint8)
    x, y = xy[: room.vertices], xy[room.vertices :]
    found, vertices, parts, dims = kernels.walk(
        data, bounds, valid, offsets, kinds, first, x, y, z, part_offsets, part_kinds
    )
    if found != kernels.DONE:
        return found, None
    if vertices < room.vertices:
        xy[vertices : 2 * vertices] = y[:vertices]
    return found, Decoded(
        xy=xy[: 2 * vertices].reshape((vertices, 2), order="F"),
        z=z[:vertices] if dims & _WITH_Z else None,
        feature_offsets=offsets,
        kinds=kinds,
        empty=values.valid & (offsets[1:] == offsets[:-1]),
        parts=_parts(part_offsets[: parts + 1], part_kinds[:parts], first) if (kinds > POINT).any() else None,
        has_m=bool(dims & _WITH_M),
    )


def _parts(offsets: NDArray[np.int64], kinds: NDArray[np.uint8], first: NDArray[np.int64]) -> PartArrays:
    """Copy what was written of arrays that had room for more."""
    return PartArrays(offsets.copy(), kinds.copy(), first)


def described(values: Values) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    """Give the bytes, the offsets and the valid rows as the kernels take them."""
    offsets = np.append(values.starts, values.ends[-1:]) if len(values.starts) else np.zeros(1, np.int64)
    return values.data, offsets, _writeable(values.valid)


def _writeable(valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Give the kernels one type of array, whatever pyarrow makes."""
    return np.require(valid, requirements=["C", "A", "W"])
