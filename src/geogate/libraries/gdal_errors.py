"""What GDAL reports while a call runs, errors that it goes on after included; pyogrio passes on warnings only."""

from __future__ import annotations

import ctypes
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_Handler = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_int, ctypes.c_char_p)
_WARNING = 2
"""The first of GDAL's classes that counts: 0 is none, 1 debug, 2 warning, 3 failure, 4 fatal (cpl_error.h)."""


_MOST_FORGOTTEN = 1_000


@cache
def _gdal() -> ctypes.CDLL:
    """Return the GDAL that pyogrio is linked with: its symbols are found through the extension module."""
    from pyogrio import _ogr

    library = ctypes.CDLL(_ogr.__file__)
    library.CPLPushErrorHandler.argtypes = [_Handler]
    library.CPLPushErrorHandler.restype = None
    library.CPLPopErrorHandler.restype = None
    library.CPLGetErrorHandler.argtypes = [ctypes.c_void_p]
    library.CPLGetErrorHandler.restype = ctypes.c_void_p
    return library


def _take_back(library: ctypes.CDLL, handler: object) -> None:
    """Take a handler from the top of GDAL's stack, with those above it that GDAL has forgotten there.

    Some drivers leave one of their own when a file cannot be opened; to take only that one would leave ours, which
    GDAL would call after it is gone.
    """
    ours = ctypes.cast(handler, ctypes.c_void_p).value  # type: ignore[arg-type]
    for _ in range(_MOST_FORGOTTEN):
        top = library.CPLGetErrorHandler(None)
        library.CPLPopErrorHandler()
        if top == ours:
            return


@contextmanager
def gdal_messages() -> Iterator[list[str]]:
    """Collect every warning and error that GDAL reports in this thread."""
    messages: list[str] = []

    def keep(kind: int, _number: int, message: bytes) -> None:
        if kind >= _WARNING:
            messages.append(message.decode(errors="replace"))

    handler = _Handler(keep)
    library = _gdal()
    library.CPLPushErrorHandler(handler)
    try:
        yield messages
    finally:
        _take_back(library, handler)
