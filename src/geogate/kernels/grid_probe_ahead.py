"""Asking the processor for what will be needed soon: the lookups of many pairs then wait for memory together."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

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
