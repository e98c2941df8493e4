"""PNG and WebP by their chunks: those that make the picture, and every other one with what it is.

Source: PNG, third edition (W3C 2025); WebP container specification (RFC 9649).
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

from geogate.libraries.photo_parts import Block, Dissection, damaged

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.libraries.photo_parts import Anatomy

_PNG: Final = b"\x89PNG\r\n\x1a\n"
_PNG_PICTURE: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
_MOST_TEXT: Final = 4_000_000
"""Bytes of a packed text that are unpacked."""

_PNG_NAMED: Final[Mapping[bytes, str]] = {
    b"eXIf": "Exif metadata",
    b"tEXt": "texts",
    b"zTXt": "texts",
    b"iTXt": "texts",
    b"iCCP": "colour profiles",
    b"gAMA": "descriptions of colours",
    b"cHRM": "descriptions of colours",
    b"sRGB": "descriptions of colours",
    b"cICP": "descriptions of colours",
    b"sBIT": "descriptions of colours",
    b"bKGD": "descriptions of colours",
    b"hIST": "descriptions of colours",
    b"sPLT": "descriptions of colours",
    b"pHYs": "resolutions",
    b"tIME": "times",
    b"acTL": "further pictures",
    b"fcTL": "further pictures",
    b"fdAT": "further pictures",
    b"caBX": "content credentials",
}

_WEBP_PICTURE: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
_WEBP_NAMED: Final[Mapping[bytes, str]] = {
    b"EXIF": "Exif metadata",
    b"XMP ": "XMP metadata",
    b"ICCP": "colour profiles",
    b"ANIM": "further pictures",
    b"ANMF": "further pictures",
}
_EXTENDED: Final = b"VP8X"
_EXTENDED_SIZE: Final = 10
_ALPHA: Final = 0x10
_HAS_PARTS: Final = 0x20 | 0x08 | 0x04 | 0x02
"""The flags of a colour profile, Exif, XMP and animation."""


def png_anatomy(data: bytes) -> Anatomy:
    """Cut a PNG into its parts.

    Raises: UnreadableError when a chunk does not fit, or the end is missing.
    """
    found = Dissection()
    if not data.startswith(_PNG):
        raise damaged()
    found.show(_PNG)
    at, kind = len(_PNG), b""
    while kind != b"IEND":
        if at + 12 > len(data):
            raise damaged()
        size, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + size
        if end > len(data) or struct.unpack_from(">I", data, end - 4)[0] != zlib.crc32(data[at + 4 : end - 4]):
            raise damaged()
        content = data[at + 8 : end - 4]
        if kind in _PNG_PICTURE:
            found.show(data[at:end])
        else:
            found.removed(_PNG_NAMED.get(kind, "chunks of other kinds"), end - at, *_png_says(kind, content))
        at = end
    if at < len(data):
        found.removed("bytes behind the picture", len(data) - at, (Block.OTHER, data[at:]))
    return found.anatomy()


def _png_says(kind: bytes, content: bytes) -> list[tuple[Block, bytes]]:
    if kind == b"eXIf":
        return [(Block.EXIF, content.removeprefix(b"Exif\0\0"))]
    if kind not in {b"tEXt", b"zTXt", b"iTXt"}:
        return [(Block.OTHER, content)]
    key, _, rest = content.partition(b"\0")
    if kind == b"zTXt":
        rest = _unpacked(rest[1:])
    elif kind == b"iTXt":
        packed, rest = rest[:1] == b"\1", rest[2:]
        rest = rest.partition(b"\0")[2].partition(b"\0")[2]
        rest = _unpacked(rest) if packed else rest
    if key == b"XML:com.adobe.xmp":
        return [(Block.XMP, rest)]
    if key.startswith(b"Raw profile type "):
        return _raw_profile(key, rest)
    return [(Block.TEXT, key + b": " + rest)]


def _raw_profile(key: bytes, text: bytes) -> list[tuple[Block, bytes]]:
    """Read a profile as ImageMagick writes it: a name, a length, and hexadecimal digits."""
    try:
        content = bytes.fromhex(b"".join(text.split()[2:]).decode("ascii"))
    except ValueError:
        return [(Block.TEXT, key + b": " + text)]
    name = key.rpartition(b" ")[2].lower()
    if name in {b"exif", b"app1"} and content.startswith(b"Exif\0\0"):
        return [(Block.EXIF, content[6:])]
    if name in {b"iptc", b"8bim"}:
        return [(Block.PHOTOSHOP if content.startswith(b"8BIM") else Block.IPTC, content)]
    return [(Block.XMP if name == b"xmp" else Block.OTHER, content)]


def _unpacked(data: bytes) -> bytes:
    """Unpack a text.

    Raises: UnreadableError when it is damaged, or longer than any text.
    """
    packer = zlib.decompressobj()
    try:
        text = packer.decompress(data, _MOST_TEXT)
    except zlib.error:
        raise damaged() from None
    if packer.unconsumed_tail:
        raise damaged()
    return text + packer.unused_data


def webp_anatomy(data: bytes) -> Anatomy:
    """Cut a WebP into its parts; of an animation nothing is a picture.

    Raises: UnreadableError when a chunk does not fit, or there is no still picture.
    """
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise damaged()
    found = Dissection()
    (size,) = struct.unpack_from("<I", data, 4)
    if size + 8 > len(data) or size % 2:
        raise damaged()
    at, end, pictures = 12, size + 8, 0
    while at < end:
        if at + 8 > end:
            raise damaged()
        kind, length = struct.unpack_from("<4sI", data, at)
        after = at + 8 + length + length % 2
        if after > end:
            raise damaged()
        content = data[at + 8 : at + 8 + length]
        pictures += kind in {b"VP8 ", b"VP8L"}
        _webp_chunk(kind, content, data[at:after], found)
        at = after
    if end < len(data):
        found.removed("bytes behind the picture", len(data) - end, (Block.OTHER, data[end:]))
    if pictures != 1:
        raise damaged()
    body = b"WEBP" + b"".join(found.picture)
    found.picture = [b"RIFF" + struct.pack("<I", len(body)) + body]
    return found.anatomy()


def _webp_chunk(kind: bytes, content: bytes, whole: bytes, found: Dissection) -> None:
    if kind in _WEBP_PICTURE:
        found.show(whole)
    elif kind == _EXTENDED:
        if len(content) != _EXTENDED_SIZE:
            raise damaged()
        if content[0] & _ALPHA:
            found.show(whole[:8], bytes([content[0] & ~_HAS_PARTS & 0xFF]), content[1:])
    elif kind == b"EXIF":
        found.removed(_WEBP_NAMED[kind], len(whole), (Block.EXIF, content.removeprefix(b"Exif\0\0")))
    elif kind == b"XMP ":
        found.removed(_WEBP_NAMED[kind], len(whole), (Block.XMP, content))
    else:
        found.removed(_WEBP_NAMED.get(kind, "chunks of other kinds"), len(whole), (Block.OTHER, content))
