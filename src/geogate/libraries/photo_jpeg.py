"""JPEG by its segments: those that make the picture, and every other one with what it is.

Source: ITU-T T.81; JFIF 1.02; Exif 2.32; CIPA DC-007 (multi-picture format).
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from geogate.libraries.photo_parts import Block, Dissection, damaged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.libraries.photo_parts import Anatomy

PLAIN_HEADER: Final = b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
"""The header as geogate writes it: no resolution and no thumbnail."""

_START, _END, _SCAN, _ADOBE, _COMMENT = 0xD8, 0xD9, 0xDA, 0xEE, 0xFE
_TABLES: Final = frozenset({0xC4, 0xDB, 0xDD, *(set(range(0xC0, 0xD0)) - {0xC8, 0xCC})})
"""Huffman and quantisation tables, restart intervals and frames."""

_AFTER_SCAN: Final = re.compile(rb"\xff[^\x00\xd0-\xd7]")
_EXIF: Final = b"Exif\0"
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP: Final = b"http://ns.adobe.com/xmp/extension/\0"
_MORE_XMP_HEAD: Final = len(_MORE_XMP) + 40
_PHOTOSHOP: Final = b"Photoshop 3.0\0"
_ADOBE_SIZE: Final = 12

_NAMED: Final[Mapping[tuple[int, bytes], str]] = {
    (0xE0, b"JFIF\0"): "headers with a resolution",
    (0xE0, b"JFXX\0"): "thumbnails",
    (0xE1, _EXIF): "Exif metadata",
    (0xE1, _XMP): "XMP metadata",
    (0xE1, _MORE_XMP): "XMP metadata",
    (0xE2, b"ICC_PROFILE\0"): "colour profiles",
    (0xE2, b"MPF\0"): "lists of further pictures",
    (0xEB, b"JP"): "content credentials",
    (0xED, _PHOTOSHOP): "Photoshop resources and IPTC",
    (_ADOBE, b"Adobe"): "marks of the colour transform",
    (_COMMENT, b""): "comments",
}


def jpeg_anatomy(data: bytes) -> Anatomy:
    """Cut a JPEG into its parts.

    Raises: UnreadableError when a segment does not fit, or the end is missing.
    """
    found = Dissection()
    try:
        end = _segments(data, found)
    except (IndexError, struct.error):
        raise damaged() from None
    _join_photoshop(found)
    behind = data[end:]
    if behind:
        kind = Block.JPEG if behind.startswith(b"\xff\xd8\xff") else Block.OTHER
        what = "further pictures behind the first" if kind is Block.JPEG else "bytes behind the picture"
        found.removed(what, len(behind), (kind, behind))
    return found.anatomy()


def _segments(data: bytes, found: Dissection) -> int:
    """Walk from the start of the image to its end, and return what lies behind that."""
    if data[:2] != bytes([0xFF, _START]):
        raise damaged()
    found.show(data[:2])
    at, scans = 2, 0
    while True:
        if data[at] != 0xFF:  # noqa: PLR2004 begins a marker
            raise damaged()
        first = at
        while data[at + 1] == 0xFF:  # noqa: PLR2004 fills up
            at += 1
        if at > first:
            found.removed("bytes that fill up", at - first)
        marker = data[at + 1]
        if marker == _END:
            if not scans:
                raise damaged()
            found.show(data[at : at + 2])
            return at + 2
        scans += marker == _SCAN
        end = _segment_end(data, at, marker)
        _segment(marker, data[at:end], found)
        at = end


def _segment_end(data: bytes, at: int, marker: int) -> int:
    """Find where a segment ends, with the scan behind it."""
    end: int = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
    if end > len(data) or end < at + 4:
        raise damaged()
    if marker == _SCAN:
        after = _AFTER_SCAN.search(data, end)
        if after is None:
            raise damaged()
        end = after.start()
    return end


def _segment(marker: int, segment: bytes, found: Dissection) -> None:
    content = segment[4:]
    if marker in _TABLES or marker == _SCAN:
        found.show(segment)
        return
    if segment == PLAIN_HEADER:
        found.judged("plain headers", len(segment))
        return
    if marker == _ADOBE and content.startswith(b"Adobe") and len(content) >= _ADOBE_SIZE:
        # The picture cannot be read rightly without its last byte.
        found.show(b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0", content[_ADOBE_SIZE - 1 : _ADOBE_SIZE])
    key = next((key for key in _NAMED if key[0] == marker and content.startswith(key[1])), None)
    what = "segments of other kinds" if key is None else _NAMED[key]
    found.removed(what, len(segment), *_says(marker, content))


def _says(marker: int, content: bytes) -> list[tuple[Block, bytes]]:
    if content.startswith(_EXIF):
        return [(Block.EXIF, content[len(_EXIF) + 1 :])]
    if content.startswith(_XMP):
        return [(Block.XMP, content[len(_XMP) :])]
    if content.startswith(_MORE_XMP):
        return [(Block.XMP, content[_MORE_XMP_HEAD:])]
    if content.startswith(_PHOTOSHOP):
        return [(Block.PHOTOSHOP, content[len(_PHOTOSHOP) :])]
    return [(Block.TEXT if marker == _COMMENT else Block.OTHER, content)]


def _join_photoshop(found: Dissection) -> None:
    """Put resources and the rest of a long XMP packet together that are spread over segments."""
    for kind in (Block.PHOTOSHOP, Block.XMP):
        several = [data for block, data in found.blocks if block is kind]
        if len(several) > 1:
            whole = b"".join(several[1:] if kind is Block.XMP else several)
            found.blocks.append((kind, whole))
