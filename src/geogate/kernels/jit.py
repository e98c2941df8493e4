"""How kernels are compiled, and the loads from bytes that they share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from llvmlite import ir
from numba import njit, types
from numba.core import caching
from numba.extending import intrinsic

from geogate.kernels.folder import sources_of, why_untrusted
from geogate.kernels.state import state

if TYPE_CHECKING:
    from collections.abc import Callable

_FOLDER = state().folder

KERNELS: list[Any] = []
"""All kernels of the modules that were imported."""


class _Locator(caching._CacheLocator):  # type: ignore[misc] # noqa: SLF001 - numba has no public way to choose the folder
    """Keeps kernels where ``geogate.kernels.state`` seeks them, for as long as no source that went into them changes.

    numba's own locators leave a folder that cannot be written, though all is in it, and look at one source file only.
    """

    def __init__(self, function: Any, file: str) -> None:
        self._py_file = file
        self._line = function.__code__.co_firstlineno

    def get_cache_path(self) -> str:
        return str(_FOLDER)

    def get_source_stamp(self) -> str:
        return sources_of(Path(self._py_file).stem)

    def get_disambiguator(self) -> str:
        return str(self._line)

    @classmethod
    def from_function(cls, function: Any, file: str) -> _Locator:
        return cls(function, file)


class _Implementation(caching.CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (_Locator,)


class _Index(caching.IndexDataCacheFile):  # type: ignore[misc]
    """What is kept of one kernel; numba reads all of it before it looks whether that was made of this source."""

    def _load_index(self) -> Any:
        try:
            return super()._load_index()
        except (AttributeError, ImportError):
            # Another source made it, with types that this one has no more.
            return {}


class _Kept(caching.FunctionCache):  # type: ignore[misc]
    """Loads only what nobody else can have written; a kernel that cannot be kept is still a kernel."""

    _impl_class = _Implementation

    def __init__(self, function: Any) -> None:
        super().__init__(function)
        self._cache_file = _Index(
            self._cache_path, self._impl.filename_base, source_stamp=self._impl.locator.get_source_stamp()
        )

    def load_overload(self, signature: Any, context: Any) -> Any:
        if _FOLDER is None or why_untrusted(_FOLDER):
            return None
        return super().load_overload(signature, context)

    def save_overload(self, signature: Any, data: Any) -> None:
        try:
            super().save_overload(signature, data)
        except OSError:
            return


def kernel(function: Callable[..., Any]) -> Any:
    """Compile a loop at its first call and keep it on disk; it runs without Python's lock.

    Nothing is checked at run time: a kernel proves each index before it uses it.
    """
    dispatcher = njit(nogil=True, error_model="numpy")(function)
    if _FOLDER is not None:
        dispatcher._cache = _Kept(function)  # noqa: SLF001 - as enable_caching does
    KERNELS.append(dispatcher)
    return dispatcher


def inner(function: Callable[..., Any]) -> Any:
    """Compile a loop that makes no array and is called by kernels: it counts no references to the arrays in its tuples.

    Counting them costs more than a short loop does. numba refuses at compile time what makes an array all the same.
    """
    return njit(nogil=True, error_model="numpy", _nrt=False)(function)


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
