"""Levels of Parquet pages, which say what is missing: every bit of them is a level, or zero behind the last one.

Source: parquet-format 2.11, Encodings.md, "Run Length Encoding / Bit-Packing Hybrid".
"""

from __future__ import annotations

import numpy as np

Counts = list[int]
_GROUP = 8
_LONGEST = 5
"""Bytes of the longest head of a run."""


class OddLevelsError(ValueError):
    """The levels are not exactly those of a page's values."""


def count_levels(block: bytes, *, most: int, values: int) -> Counts:
    """Count how often each level stands in a block that has the levels of ``values`` values and nothing else.

    Raises: OddLevelsError.
    """
    width = most.bit_length()
    counts = [0] * (1 << width)
    at = found = 0
    while found < values:
        head, at = _head(block, at)
        left = values - found
        if head & 1:
            size = (head >> 1) * width
            run = block[at : at + size]
            if not size or len(run) < size or (head >> 1) * _GROUP - left >= _GROUP:
                raise OddLevelsError
            found += _count_packed(run, counts, width=width, left=left)
        else:
            size = (width + 7) // _GROUP
            level = int.from_bytes(block[at : at + size], "little")
            if not 0 < head >> 1 <= left or level > most:
                raise OddLevelsError
            counts[level] += head >> 1
            found += head >> 1
        at += size
    if at != len(block) or any(counts[most + 1 :]):
        raise OddLevelsError
    return counts[: most + 1]


def _head(block: bytes, at: int) -> tuple[int, int]:
    """Read the head of a run, in no more bytes than it needs."""
    if at < len(block) and block[at] < 128:  # noqa: PLR2004 - the highest bit says that more follows
        return block[at], at + 1
    head = shift = 0
    for byte in block[at : at + _LONGEST]:
        at += 1
        head |= (byte & 127) << shift
        if byte < 128:  # noqa: PLR2004 - the highest bit says that more follows
            if not byte and shift:
                raise OddLevelsError
            return head, at
        shift += 7
    raise OddLevelsError


def _count_packed(run: bytes, counts: Counts, *, width: int, left: int) -> int:
    """Count levels that are packed into bits; returns how many they are."""
    found = min(len(run) * _GROUP // width, left)
    packed = int.from_bytes(run, "little")
    if packed >> found * width:
        raise OddLevelsError
    if width == 1:
        ones = packed.bit_count()
        counts[0] += found - ones
        counts[1] += ones
        return found
    bits = np.unpackbits(np.frombuffer(run, np.uint8), bitorder="little")[: found * width].reshape(found, width)
    levels = bits.astype(np.int64) @ (1 << np.arange(width))
    for level, count in enumerate(np.bincount(levels).tolist()):
        counts[level] += count
    return found
