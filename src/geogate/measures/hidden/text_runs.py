"""Cheap looks at the bytes of many texts at once: what a pattern needs, so that most texts are spared the pattern.

A look says yes wherever the pattern could match; it may say yes where the pattern does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

FINE: Final = 4
"""Decimals of a number that counts as fine."""

SHORTEST_BASE32: Final = 16
"""Letters and digits in a row that every match of the pattern of base32 has."""

_BLOCK: Final = 1 << 16
_LETTERS: Final = 26
_DIGITS: Final = 10
_BASE32_DIGITS: Final = 6
_ASCII: Final = 0x80
_LOWER: Final = 0x20


def long_words(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Say where ``SHORTEST_BASE32`` letters and digits of base32 stand in a row, by the first of them.

    Bytes beyond ASCII count as letters, because some characters fold to letters of ASCII.
    """
    found = [first + np.flatnonzero(_begin(some)) for first, some in _blocks(data, SHORTEST_BASE32 - 1)]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def fine_numbers(data: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Say where a digit, a point or a comma, and ``FINE`` digits stand in a row, by the first of them."""
    found = [first + np.flatnonzero(_fine(some)) for first, some in _blocks(data, FINE + 1)]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _blocks(data: NDArray[np.uint8], overlap: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Cut bytes into blocks that stay near the processor; each has some bytes of the next one."""
    for first in range(0, len(data), _BLOCK):
        yield first, data[first : first + _BLOCK + overlap]


def _begin(some: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Mark the bytes with which ``SHORTEST_BASE32`` of the kind begin."""
    run = (some | np.uint8(_LOWER)) - np.uint8(ord("a")) < _LETTERS
    run |= some - np.uint8(ord("2")) < _BASE32_DIGITS
    run |= some >= _ASCII
    width = 1
    while width < SHORTEST_BASE32:
        # A run of two widths is one of a width and another behind it.
        step = min(width, SHORTEST_BASE32 - width)
        run = run[:-step] & run[step:]
        width += step
    return run


def _fine(some: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Mark the bytes with which a fine number begins."""
    marks = (some == ord(".")) | (some == ord(","))
    if len(some) < FINE + 2 or not marks.any():
        return np.zeros(0, np.bool_)
    digits = some - np.uint8(ord("0")) < _DIGITS
    count = len(some) - FINE - 1
    found: NDArray[np.bool_] = digits[:count] & marks[1 : count + 1]
    for decimal in range(FINE):
        found &= digits[decimal + 2 : decimal + 2 + count]
    return found
