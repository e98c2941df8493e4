"""IPTC and the resources of Photoshop: captions, names and areas.

Source: IPTC-NAA Information Interchange Model 4.2; Adobe Photoshop file formats.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from geogate.libraries.photo_parts import Block
from geogate.readers.photo_told import Topic

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.readers.photo_told import Told

_ABOUT: Final[Mapping[tuple[int, int], Topic]] = {
    (2, 26): Topic.AREAS,
    (2, 27): Topic.AREAS,
    (2, 90): Topic.AREAS,
    (2, 92): Topic.AREAS,
    (2, 95): Topic.AREAS,
    (2, 100): Topic.AREAS,
    (2, 101): Topic.AREAS,
    (2, 55): Topic.TAKEN_AT,
    (2, 60): Topic.TAKEN_AT,
    (2, 62): Topic.TAKEN_AT,
    (2, 63): Topic.TAKEN_AT,
    (2, 80): Topic.OWNER,
    (2, 110): Topic.OWNER,
    (2, 116): Topic.OWNER,
}
_RESOURCES: Final[Mapping[int, Block]] = {0x0404: Block.IPTC, 0x0422: Block.EXIF, 0x0423: Block.EXIF, 0x0424: Block.XMP}
_THUMBNAILS: Final = (0x0409, 0x040C)
_THUMBNAIL_HEAD: Final = 28
_LONG: Final = 0x8000


def read_iptc(data: bytes, told: Told) -> None:
    """Read the data sets; what does not fit is read as bytes."""
    at = 0
    while data[at : at + 1] == b"\x1c" and at + 5 <= len(data):
        record, number, size = struct.unpack_from(">BBH", data, at + 1)
        if size & _LONG or at + 5 + size > len(data):
            break
        text = data[at + 5 : at + 5 + size].decode("utf-8", "replace")
        topic = _ABOUT.get((record, number))
        if topic is None:
            told.text(text)
        else:
            told.says(topic, text)
        at += 5 + size
    told.readable(data[at:])


def resources(data: bytes) -> Iterator[tuple[Block, bytes]]:
    """Cut the resources of Photoshop into blocks; what does not fit is one of other bytes."""
    at = 0
    while data[at : at + 4] == b"8BIM" and at + 12 <= len(data):
        (number,) = struct.unpack_from(">H", data, at + 4)
        named = data[at + 6]
        after_name = at + 6 + 1 + named + (named + 1) % 2
        if after_name + 4 > len(data):
            break
        (size,) = struct.unpack_from(">I", data, after_name)
        content = data[after_name + 4 : after_name + 4 + size]
        if len(content) < size:
            break
        if named:
            yield Block.TEXT, data[at + 7 : at + 7 + named]
        if number in _THUMBNAILS:
            yield Block.JPEG, content[_THUMBNAIL_HEAD:]
        else:
            yield _RESOURCES.get(number, Block.OTHER), content
        at = after_name + 4 + size + size % 2
    if data[at:].strip(b"\0"):
        yield Block.OTHER, data[at:]
