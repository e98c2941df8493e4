"""How kernels are compiled, and the loads from bytes that they share."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

kernel: Any = njit(cache=True, nogil=True, error_model="numpy")
"""Compiles a loop at its first call and keeps it on disk; it runs without Python's lock.

Nothing is checked at run time: a kernel proves each index before it uses it.
"""


def _loader(width: ir.Type, kind: Any) -> Any:
    @intrinsic  # type: ignore[misc]
    def load(_context: Any, data: Any, _at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, arguments[0])
            byte = builder.gep(builder.bitcast(array.data, ir.IntType(8).as_pointer()), [arguments[1]])
            return builder.load(builder.bitcast(byte, width.as_pointer()), align=1)

        return kind(data, types.int64), generate

    return load


load_float64 = _loader(ir.DoubleType(), types.float64)
"""``load_float64(data, at)``: eight bytes of a contiguous uint8 array in the machine's own order, from any byte."""

load_uint32 = _loader(ir.IntType(32), types.uint32)
"""``load_uint32(data, at)``: four bytes in the machine's own order, from any byte."""


@intrinsic  # type: ignore[misc]
def count_ones(_context: Any, _bits: Any) -> Any:
    """Count the set bits of a uint64."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate
