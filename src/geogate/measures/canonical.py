"""Canonical WKB: little-endian ISO, with nothing in it that the geometry does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from geogate.measures.wkb import ISO_POINTS, ORDINATE, Layout, Runs, Values, plain_points, words
from geogate.measures.wkb_walk import walk

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.wkb import Bools, Ints

NAN_BITS: Final = np.uint64(0x7FF8_0000_0000_0000)
"""The one NaN that leaves: in the others, 51 bits can carry a message."""


def canonical_wkb(wkb: pa.Array, *, first_row: int = 0, kernels: bool = False) -> pa.Array:
    """Give the same geometries as canonical bytes, the same array where they are that already.

    Z and M are kept, every NaN becomes the canonical one, the slots of null rows hold no bytes. ``kernels`` says that
    compiled kernels may be loaded; the bytes are the same with and without.

    Raises: UnmeasurableError with the number of the row that is not well-formed.
    """
    if _are_canonical(wkb, first_row, kernels=kernels):
        return wkb
    # Taking rows copies the bytes of valid ones only.
    compact = wkb.take(pa.array(np.arange(len(wkb)), pa.int64()))
    values = Values.of(compact, first_row=first_row)
    data: NDArray[np.uint8] | None = None
    if kernels:
        from geogate.measures import canonical_compiled

        data = canonical_compiled.rewritten(values)
    if data is None:
        data = _rewritten(values.data, walk(values))
    validity, offsets, _ = compact.buffers()
    return pa.Array.from_buffers(
        compact.type, len(compact), [validity, offsets, pa.py_buffer(data)], compact.null_count, compact.offset
    )


def _are_canonical(wkb: pa.Array, first_row: int, *, kernels: bool) -> bool:
    if kernels:
        from geogate.measures import canonical_compiled

        return canonical_compiled.are_canonical(wkb, first_row=first_row)
    values = Values.of(wkb, first_row=first_row)
    plain = plain_points(values)
    if plain is not None and plain["type"][0] in ISO_POINTS and not np.isnan(plain["at"]).any():
        return True
    layout = walk(values)
    blank_nulls = bool((values.starts[~values.valid] == values.ends[~values.valid]).all())
    return blank_nulls and _is_canonical(values.data, layout)


def _is_canonical(data: NDArray[np.uint8], layout: Layout) -> bool:
    if (data[layout.heads] != 1).any() or (words(data)[layout.heads + 1] != layout.head_codes).any():
        return False
    at, _ = _ordinates(layout.runs)
    bits = _bits(data)[at]
    return not (np.isnan(bits.view(np.float64)) & (bits != NAN_BITS)).any()


def _rewritten(data: NDArray[np.uint8], layout: Layout) -> NDArray[np.uint8]:
    out = data.copy()
    out[layout.heads] = 1
    words(out)[layout.heads + 1] = layout.head_codes
    counts = layout.counts[layout.counts_big]
    words(out)[counts] = words(data)[counts].byteswap()
    at, big = _ordinates(layout.runs)
    bits = _bits(data)[at]
    bits = np.where(big, bits.byteswap(), bits)
    _bits(out)[at] = np.where(np.isnan(bits.view(np.float64)), NAN_BITS, bits)
    return out


def _bits(data: NDArray[np.uint8]) -> NDArray[np.uint64]:
    return np.ndarray((max(len(data) - ORDINATE + 1, 0),), "<u8", data, 0, (1,))


def _ordinates(runs: Runs) -> tuple[Ints, Bools]:
    """Name the byte at which each ordinate of the runs starts, and whether its byte order is big-endian."""
    count = runs.count * runs.width
    first = np.cumsum(count) - count
    steps = np.arange(int(count.sum()), dtype=np.int64)
    return np.repeat(runs.at - first * ORDINATE, count) + steps * ORDINATE, np.repeat(runs.big, count)
