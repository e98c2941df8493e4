"""Loads and stores at any byte of an array, and the turning of byte orders."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic


def _pointer(context: Any, builder: Any, signature: Any, arguments: Any, width: ir.Type) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    byte = builder.gep(builder.bitcast(array.data, ir.IntType(8).as_pointer()), [arguments[1]])
    return builder.bitcast(byte, width.as_pointer())


def _loader(width: ir.Type, kind: Any) -> Any:
    @intrinsic  # type: ignore[misc]
    def load(_context: Any, data: Any, _at: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.load(_pointer(context, builder, signature, arguments, width), align=1)

        return kind(data, types.int64), generate

    return load


def _storer(width: ir.Type, kind: Any) -> Any:
    @intrinsic  # type: ignore[misc]
    def store(_context: Any, data: Any, _at: Any, _value: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            builder.store(arguments[2], _pointer(context, builder, signature, arguments, width), align=1)
            return context.get_dummy_value()

        return types.void(data, types.int64, kind), generate

    return store


def _swapper(kind: Any) -> Any:
    @intrinsic  # type: ignore[misc]
    def swap(_context: Any, _value: Any) -> Any:
        def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            return builder.bswap(arguments[0])

        return kind(kind), generate

    return swap


load_uint64 = _loader(ir.IntType(64), types.uint64)
"""``load_uint64(data, at)``: eight bytes in the machine's own order, from any byte."""

store_float64 = _storer(ir.DoubleType(), types.float64)
"""``store_float64(data, at, value)``: eight bytes at any byte of an array of any type."""

store_uint32 = _storer(ir.IntType(32), types.uint32)
"""``store_uint32(data, at, value)``: four bytes in the machine's own order, at any byte."""

store_uint64 = _storer(ir.IntType(64), types.uint64)
"""``store_uint64(data, at, value)``: eight bytes in the machine's own order, at any byte."""

swap_uint32 = _swapper(types.uint32)
"""Turn the order of the bytes of a uint32."""

swap_uint64 = _swapper(types.uint64)
"""Turn the order of the bytes of a uint64."""


@intrinsic  # type: ignore[misc]
def as_float64(_context: Any, _bits: Any) -> Any:
    """Read the bits of a uint64 as a float64."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.DoubleType())

    return types.float64(types.uint64), generate
