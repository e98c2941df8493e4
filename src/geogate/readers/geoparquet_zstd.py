"""One zstd frame by its blocks: whether data is that frame and nothing else; nothing is decompressed.

Source: RFC 8878, section 3.1.
"""

from __future__ import annotations

from typing import Final

_MAGIC: Final = b"\x28\xb5\x2f\xfd"
_CHECKSUM, _SINGLE, _FORBIDDEN = 0b100, 0b100000, 0b11011
"""Forbidden are the unused and the reserved bit, and dictionaries."""

_HEAD: Final = 3
_RLE, _RESERVED = 1, 3
_CHECKSUM_BYTES: Final = 4


def is_one_frame(data: bytes, size: int) -> bool:
    """Tell whether ``data`` is one frame that states ``size`` bytes, without anything before, between or after."""
    if data[:4] != _MAGIC or len(data) < len(_MAGIC) + 1:
        return False
    flags = data[4]
    if flags & _FORBIDDEN:
        return False
    single = bool(flags & _SINGLE)
    at = 5 if single else 6
    width = (1 if single else 0, 2, 4, 8)[flags >> 6]
    stated = int.from_bytes(data[at : at + width], "little") + (256 if flags >> 6 == 1 else 0)
    if width and stated != size:
        return False
    at = _blocks(data, at + width)
    return at > 0 and at + (_CHECKSUM_BYTES if flags & _CHECKSUM else 0) == len(data)


def _blocks(data: bytes, at: int) -> int:
    """Walk the blocks; returns where the last one ends, 0 where they do not fit."""
    while at + _HEAD <= len(data):
        head = int.from_bytes(data[at : at + _HEAD], "little")
        last, kind, size = head & 1, head >> 1 & 3, head >> 3
        if kind == _RESERVED or (not size and not last):
            return 0
        at += _HEAD + (1 if kind == _RLE else size)
        if last:
            return at
    return 0
