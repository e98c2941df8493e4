"""Vertices, parts and kinds of WKB values by compiled kernels; to the bit what ``geogate.measures.wkb_decode`` gives.

Only what the kernels accept without a doubt is decoded here. Everything else is left to the plain way, which decodes it
or says what is wrong with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geogate.kernels import wkb as kernels
from geogate.measures.wkb import HEAD, ORDINATE, POINT, Values, buffers, plain_width
from geogate.measures.wkb_decode import Decoded, PartArrays, decoded_points

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

_WITH_Z, _WITH_M = 0b1010, 0b1100
"""The bits of XYZ and XYZM, and of XYM and XYZM."""

_NAN = 2


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


def _walked(values: Values) -> Decoded | None:
    rows = len(values.valid)
    if rows == 0:
        return None
    offsets, first, kinds = np.empty(rows + 1, np.int64), np.empty(rows + 1, np.int64), np.empty(rows, np.uint8)
    rows_in = described(values)
    rows_out, none = (offsets, kinds, first), np.empty(0)
    odd, vertices, parts, dims = kernels.walk(*rows_in, 0, *rows_out, none, none, none, first[:0], kinds[:0])
    if odd != kernels.ODD:
        return None
    xy, z = np.empty((vertices, 2), order="F"), np.empty(vertices if dims & _WITH_Z else 0)
    part_offsets, part_kinds = np.empty(parts + 1, np.int64), np.empty(parts, np.uint8)
    kernels.walk(*rows_in, 1, *rows_out, xy[:, 0], xy[:, 1], z, part_offsets, part_kinds)
    return Decoded(
        xy=xy,
        z=z if dims & _WITH_Z else None,
        feature_offsets=offsets,
        kinds=kinds,
        empty=values.valid & (offsets[1:] == offsets[:-1]),
        parts=PartArrays(part_offsets, part_kinds, first) if (kinds > POINT).any() else None,
        has_m=bool(dims & _WITH_M),
    )


def described(values: Values) -> tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.bool_]]:
    """Give the bytes, the offsets and the valid rows as the kernels take them."""
    offsets = np.append(values.starts, values.ends[-1:]) if len(values.starts) else np.zeros(1, np.int64)
    return values.data, offsets, _writeable(values.valid)


def _writeable(valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Give the kernels one type of array, whatever pyarrow makes."""
    return np.require(valid, requirements=["C", "A", "W"])
