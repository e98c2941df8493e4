"""Asking the processor for what will be needed soon: the lookups of many pairs then wait for memory together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from geogate.kernels.jit import kernel
from geogate.kernels.stripes import stripe_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.kernels.near import Balls
    from geogate.kernels.stripes import Stripes

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ZONE, LIST = np.uint64(0xFFFFFFFF), np.uint64(32)
"""Which bits of an entry's last word are the zone, and where its list of chunks begins."""

_EDGES = 16
"""Edges of a stripe that are fetched; few stripes have more."""

_LINES = 2
"""Cache lines that the corners of a chunk fill."""

_READ, _KEEP, _DATA = 0, 3, 1


@intrinsic  # type: ignore[misc]
def soon(_context: Any, array: Any, _at: Any) -> Any:
    """``soon(array, at)``: fetch the line of a contiguous array's element into the cache.

    It reads nothing: any ``at`` is allowed, also one that is no index.
    """

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = context.make_array(signature.args[0])(context, builder, arguments[0])
        pointer = ir.IntType(8).as_pointer()
        byte = builder.bitcast(builder.gep(made.data, [arguments[1]]), pointer)
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [pointer, number, number, number])
        fetch = builder.module.declare_intrinsic("llvm.prefetch", [pointer], kind)
        builder.call(fetch, [byte, number(_READ), number(_KEEP), number(_DATA)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


class Pairs(NamedTuple):
    """Pairs of a position and a zone, with what is known of them."""

    row: Ints
    zone: Ints
    answer: NDArray[np.uint8]


@kernel
def fetch_stripes(
    y: Floats, opens: Ints, first: int, last: int, stripes: Stripes, reach: Floats, pairs: Pairs, stripe: Ints
) -> None:
    """Find the stripes of open pairs, and fetch what will be read of them and of their zones' distances."""
    xy, head, start, edge = stripes
    pair_row, pair_zone, _ = pairs
    for j in range(first, last):
        k = opens[j]
        zone = np.int64(np.uint64(pair_zone[k]) & ZONE)
        soon(reach, 4 * zone)
        found = stripe_of(y[pair_row[k]], zone, head, start)
        stripe[j - first] = found
        soon(start, found)
    for j in range(last - first):
        if stripe[j] >= 0:
            soon(edge, start[stripe[j]])
    for j in range(last - first):
        if stripe[j] >= 0:
            low, high = start[stripe[j]], start[stripe[j] + 1]
            if 0 <= low < high <= len(edge):
                for k in range(low, min(high, low + _EDGES)):
                    soon(xy, 2 * np.int64(edge[k]))
                    soon(xy, 2 * np.int64(edge[k]) + 3)


@kernel
def fetch_chunks(opens: Ints, first: int, last: int, balls: Balls, pairs: Pairs) -> None:
    """Fetch what will be read of the first chunks of open pairs."""
    corner, chunk_start, ball, _, near_list = balls
    zone = pairs.zone
    for j in range(first, last):
        soon(near_list, np.int64(np.uint64(zone[opens[j]]) >> LIST))
    for j in range(first, last):
        at = np.int64(np.uint64(zone[opens[j]]) >> LIST) + 1
        if at < len(near_list):
            soon(ball, 4 * np.int64(near_list[at]))
            soon(chunk_start, np.int64(near_list[at]))
    for j in range(first, last):
        at = np.int64(np.uint64(zone[opens[j]]) >> LIST) + 1
        if at < len(near_list):
            chunk = np.int64(near_list[at])
            if 0 <= chunk < len(chunk_start):
                for line in range(_LINES):
                    soon(corner, 3 * chunk_start[chunk] + 8 * line)
