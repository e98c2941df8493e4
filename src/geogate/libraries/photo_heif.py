"""HEIF and TIFF photos by boxes and tags: what stands beside the one picture that is shown.

Neither leaves as it is, so that bytes are named by what they are, and never copied.

Source: ISO/IEC 14496-12 (boxes), 23008-12 (HEIF); TIFF 6.0; TIFF/EP.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from geogate.libraries.photo_parts import Anatomy, Block, Dissection, damaged, with_picture
from geogate.libraries.strict import strictly

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

_SHOWN: Final = frozenset({b"ftyp", b"meta", b"mdat"})
_MOST_BOXES: Final = 1_000
_HEIF_NAMED: Final[Mapping[bytes, str]] = {
    b"free": "free space",
    b"skip": "free space",
    b"uuid": "boxes of other kinds",
    b"moov": "films",
}


def heif_anatomy(path: Path) -> Anatomy:
    """Name the parts of a HEIF, and take out what they say.

    Raises: UnreadableError.
    """
    data = path.read_bytes()
    found = Dissection()
    seen = []
    for kind, content, size in _boxes(data):
        seen.append(kind)
        if kind not in _SHOWN or seen.count(kind) > 1:
            found.removed(_HEIF_NAMED.get(kind, "boxes of other kinds"), size, (Block.OTHER, content))
    if not {b"ftyp", b"meta"} <= set(seen):
        raise damaged()
    with strictly("read"):
        import pillow_heif

        for number, image in enumerate(pillow_heif.open_heif(data)):
            _heif_image(image.info, found, first=number == 0)
    return Anatomy(picture=None, parts=with_picture(found.parts, None), blocks=tuple(found.blocks))


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes, int]]:
    at = boxes = 0
    while at < len(data):
        boxes += 1
        if at + 8 > len(data) or boxes > _MOST_BOXES:
            raise damaged()
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1 and at + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        size = size or len(data) - at
        if size < head or at + size > len(data):
            raise damaged()
        yield kind, data[at + head : at + size], size
        at += size


def _heif_image(info: Mapping[str, Any], found: Dissection, *, first: bool) -> None:
    if not first:
        found.removed("further pictures", None)
    if info.get("exif"):
        # Two writers put the mark of JPEG before it, others do not.
        found.removed("Exif metadata", len(info["exif"]), (Block.EXIF, info["exif"].removeprefix(b"Exif\0\0")))
    if info.get("xmp"):
        found.removed("XMP metadata", len(info["xmp"]), (Block.XMP, info["xmp"]))
    for more in info.get("metadata", ()):
        content = more.get("data", b"")
        found.removed("metadata of other kinds", len(content), (Block.OTHER, content))
    for key, what in (("thumbnails", "thumbnails"), ("depth_images", "depth images"), ("aux", "auxiliary images")):
        for _ in info.get(key, ()):
            found.removed(what, None)
    if info.get("icc_profile"):
        found.removed("colour profiles", len(info["icc_profile"]))
