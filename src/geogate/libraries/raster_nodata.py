"""Which numbers stand for no value in images: plain ones, because any other could be half a position."""

from __future__ import annotations

from math import isclose, isfinite
from typing import Final

_MOST_DIGITS: Final = 4
_WHOLE: Final = 1 << 16
_BITS: Final = 64
_NEARLY: Final = 1e-5
_LARGEST: Final = (3.4028234663852886e38, 1.7976931348623157e308, 9.969209968386869e36)
"""The largest numbers of 32 and 64 bits, and what NetCDF fills with."""


def is_plain(nodata: float) -> bool:
    """Tell whether a number has few digits, the same one again and again, or is an end of a type of numbers."""
    size = float(abs(nodata))
    if not isfinite(nodata) or any(isclose(size, end, rel_tol=_NEARLY) for end in _LARGEST):
        return True
    if size.is_integer() and (size <= _WHOLE or _is_end(int(size))):
        return True
    digits = f"{size!r}".partition("e")[0].replace(".", "").strip("0")
    return len(digits) <= _MOST_DIGITS or len(set(digits)) == 1


def _is_end(size: int) -> bool:
    """Tell whether a whole number is a power of two, or one less."""
    return size.bit_length() <= _BITS + 1 and (size & (size - 1) == 0 or size & (size + 1) == 0)
