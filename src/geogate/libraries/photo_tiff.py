"""The directories of TIFF, which Exif is written in too: every tag with its bytes, and TIFF photos by their tags.

Source: TIFF 6.0; Exif 2.32, section 4.6; TIFF/EP.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.libraries.photo_parts import Anatomy, Block, Dissection, damaged, with_picture

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SIZES: Final[Mapping[int, int]] = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of a value of each type."""

MAIN, EXIF, GPS, MORE = "main", "exif", "gps", "more"
"""The kinds of directories: of an image, of Exif, of positions, and any other."""

_POINTERS: Final[Mapping[int, str]] = {0x8769: EXIF, 0x8825: GPS, 0xA005: MORE, 0x014A: MORE}
_MOST_DIRECTORIES: Final = 100
_MOST_TAGS: Final = 1_000
_CLASSIC: Final = 42

_STRUCTURE: Final = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 274, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 338, 339,
     347, 530, 531, 532}
)  # fmt: skip
_TIFF_NAMED: Final[Mapping[int, str]] = {
    700: "XMP metadata",
    33723: "IPTC metadata",
    34377: "Photoshop resources",
    34665: "Exif metadata",
    34853: "Exif positions",
    34675: "colour profiles",
    330: "images within images",
    282: "resolutions",
    283: "resolutions",
    296: "resolutions",
    306: "times",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One entry of a directory; ``page`` counts the directories of images."""

    directory: str
    page: int
    number: int
    kind: int
    count: int
    order: str
    raw: bytes

    def numbers(self) -> tuple[float, ...]:
        """Return the values as numbers, those with a denominator of zero as NaN; none for texts."""
        form = {1: "B", 3: "H", 4: "I", 5: "I", 6: "b", 8: "h", 9: "i", 10: "i", 11: "f", 12: "d", 13: "I"}.get(
            self.kind
        )
        if form is None:
            return ()
        rational = self.kind in {5, 10}
        plain = struct.unpack(f"{self.order}{self.count * (2 if rational else 1)}{form}", self.raw)
        if not rational:
            return tuple(float(value) for value in plain)
        pairs = zip(plain[::2], plain[1::2], strict=True)
        return tuple(above / below if below else float("nan") for above, below in pairs)

    def text(self) -> str:
        """Return the value as text, without the zeros at its end."""
        return self.raw.decode("utf-8", "replace").replace("\0", " ").strip()


def tags_of(data: bytes) -> tuple[Tag, ...]:
    """Read the tags of all directories, of images and what they point to.

    Raises: UnreadableError when a directory points outside, or there are too many.
    """
    try:
        return tuple(_tags(data))
    except (struct.error, KeyError, IndexError):
        raise damaged() from None


def _tags(data: bytes) -> Iterator[Tag]:
    order = {b"II": "<", b"MM": ">"}[data[:2]]
    magic, at = struct.unpack_from(f"{order}HI", data, 2)
    if magic != _CLASSIC:
        raise damaged()
    waiting, seen, page = [(MAIN, at)], set[int](), -1
    while waiting:
        directory, at = waiting.pop()
        if not at:
            continue
        if at in seen or len(seen) >= _MOST_DIRECTORIES:
            raise damaged()
        seen.add(at)
        page += directory == MAIN
        (count,) = struct.unpack_from(f"{order}H", data, at)
        if count > _MOST_TAGS:
            raise damaged()
        for place in range(at + 2, at + 2 + 12 * count, 12):
            tag = _tag(data, place, order, directory, page)
            if tag.number in _POINTERS and tag.kind in {4, 13}:
                waiting += [(_POINTERS[tag.number], int(each)) for each in tag.numbers()]
            yield tag
        if directory == MAIN:
            end = at + 2 + 12 * count
            # Some cameras leave out the link behind the last directory.
            waiting.append((MAIN, struct.unpack_from(f"{order}I", data, end)[0] if end + 4 <= len(data) else 0))


def _tag(data: bytes, place: int, order: str, directory: str, page: int) -> Tag:
    number, kind, count = struct.unpack_from(f"{order}HHI", data, place)
    size = count * SIZES[kind]
    at = place + 8 if size <= 4 else struct.unpack_from(f"{order}I", data, place + 8)[0]  # noqa: PLR2004 room in it
    if at + size > len(data):
        raise damaged()
    raw = data[at : at + size]
    return Tag(directory=directory, page=page, number=number, kind=kind, count=count, order=order, raw=raw)


def tiff_anatomy(path: Path) -> Anatomy:
    """Name the parts of a TIFF photo; the first image is the picture.

    Raises: UnreadableError.
    """
    data = path.read_bytes()
    found = Dissection()
    used, pages = 8, 0
    for tag in tags_of(data):
        used += 12 + (len(tag.raw) if len(tag.raw) > 4 else 0)  # noqa: PLR2004 room in it
        pages = max(pages, tag.page)
        if tag.directory == MAIN and tag.number in _STRUCTURE:
            used += sum(map(int, tag.numbers())) if tag.number in {279, 325} else 0
        else:
            found.removed(_TIFF_NAMED.get(tag.number, "texts and other tags"), len(tag.raw))
    for _ in range(pages):
        found.removed("further pictures", None)
    if len(data) > used:
        # Links, and whatever stands between.
        found.removed("bytes beside tags and pictures", len(data) - used)
    return Anatomy(picture=None, parts=with_picture(found.parts, None), blocks=((Block.EXIF, data),))
