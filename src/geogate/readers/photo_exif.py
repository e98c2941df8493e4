"""Exif: positions, times, cameras and texts, by own eyes and those of two libraries; what any of them finds counts.

Source: Exif 2.32; maker notes as ExifRead knows them.
"""

from __future__ import annotations

import io
import logging
import math
from typing import TYPE_CHECKING, Any, Final

from geogate.libraries.photo_tiff import EXIF, GPS, MAIN, tags_of
from geogate.libraries.strict import reading
from geogate.measures.source import UnreadableError
from geogate.readers.photo_told import Topic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geogate.libraries.photo_tiff import Tag
    from geogate.readers.photo_told import Told

_ORIENTATION: Final = 0x0112
_ABOUT: Final[Mapping[int, Topic]] = {
    0x010F: Topic.MAKE,
    0xC614: Topic.MODEL,
    0x0110: Topic.MODEL,
    0xA431: Topic.SERIAL,
    0xC62F: Topic.SERIAL,
    0xA435: Topic.LENS_SERIAL,
    0xA430: Topic.OWNER,
    0x013B: Topic.OWNER,
    0x8298: Topic.OWNER,
    0x0132: Topic.TAKEN_AT,
    0x9003: Topic.TAKEN_AT,
    0x9004: Topic.TAKEN_AT,
}
_WIDE: Final = frozenset({0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F})
"""Texts as Windows writes them."""

_COMMENT, _MAKER_NOTE, _AREA, _METHOD = 0x9286, 0x927C, 0x1C, 0x1B
_GPS_DATE, _GPS_TIME, _DIRECTION, _BEARING = 0x1D, 0x07, 0x11, 0x18
_ASCII, _BYTES, _UNDEFINED = 2, 1, 7
_TEXTS: Final = frozenset({_ASCII, _BYTES, _UNDEFINED})
_CAMERA: Final = (0x01, 0x02, 0x03, 0x04)
_SUBJECT: Final = (0x13, 0x14, 0x15, 0x16)
"""Tags of hemisphere and latitude, hemisphere and longitude."""

_STRIPS: Final = frozenset({273, 279, 324, 325, 347, 320, 34675})
_MAIN_GPS_NUMBER: Final = 0x8825


def read_exif(data: bytes, told: Told) -> tuple[tuple[int, bytes], ...]:
    """Read Exif, a TIFF in itself; return the tags with metadata of another kind, and thumbnails.

    Raises: UnreadableError when its directories are damaged.
    """
    tags = tags_of(data)
    for tag in tags:
        if tag.directory == GPS:
            _read_position_tag(tag, told)
        elif tag.number not in _STRIPS:
            _read_tag(tag, told)
    _positions([tag for tag in tags if tag.directory == GPS], told)
    _by_exifread(data, told)
    _by_pillow(data, told)
    inner = [(tag.number, tag.raw) for tag in tags if tag.number in {700, 33723, 34377}]
    return (*inner, *_thumbnails(tags, data))


def _read_tag(tag: Tag, told: Told) -> None:
    if tag.number == _ORIENTATION and tag.directory == MAIN and tag.page == 0:
        (value, *_) = tag.numbers() or (1.0,)
        told.orientation = int(value) if value in range(1, 9) else 1
    elif tag.number in _ABOUT and tag.kind in _TEXTS:
        told.says(_ABOUT[tag.number], tag.text())
    elif tag.number in _WIDE:
        told.text(tag.raw.decode("utf-16-le", "replace").rstrip("\0"))
    elif tag.number == _COMMENT and tag.directory == EXIF:
        _comment(tag, told)
    elif tag.kind == _ASCII:
        told.text(tag.text())
    elif tag.kind in _TEXTS:
        told.readable(tag.raw)


def _comment(tag: Tag, told: Told) -> None:
    kind, text = tag.raw[:8], tag.raw[8:]
    if kind.startswith(b"UNICODE"):
        told.text(text.decode("utf-16-le" if tag.order == "<" else "utf-16-be", "replace"))
    else:
        told.text(text.decode("utf-8", "replace"))


def _read_position_tag(tag: Tag, told: Told) -> None:
    if tag.number == _AREA:
        told.says(Topic.AREAS, tag.raw[8:].decode("utf-8", "replace").strip("\0 ") or tag.text())
    elif tag.number == _GPS_DATE:
        told.says(Topic.TAKEN_AT, tag.text())
    elif tag.number == _GPS_TIME:
        told.says(Topic.TAKEN_AT, ":".join(f"{part:g}" for part in tag.numbers()))
    elif tag.number in {_DIRECTION, _BEARING}:
        told.directions += [value for value in tag.numbers() if math.isfinite(value)]
    elif tag.kind == _ASCII and len(tag.raw) > 2:  # noqa: PLR2004 longer than a letter for a unit
        told.text(tag.text())
    elif tag.number == _METHOD:
        told.readable(tag.raw)


def _positions(tags: Sequence[Tag], told: Told) -> None:
    found = {tag.number: tag for tag in tags}
    height = _height(found)
    for role, (north, lat, east, lon) in (("camera", _CAMERA), ("subject", _SUBJECT)):
        if lat in found or lon in found:
            told.place(
                "Exif",
                role,
                _degrees(found.get(lon), found.get(east), b"W"),
                _degrees(found.get(lat), found.get(north), b"S"),
                height if role == "camera" else None,
            )


def _height(found: Mapping[int, Tag]) -> float | None:
    values = found[0x06].numbers() if 0x06 in found else ()  # noqa: PLR2004 GPSAltitude
    below = 0x05 in found and found[0x05].raw[:1] == b"\1"  # noqa: PLR2004 GPSAltitudeRef
    return (-values[0] if below else values[0]) if values else None


def _degrees(tag: Tag | None, side: Tag | None, negative: bytes) -> float:
    """Add degrees, minutes and seconds; not finite where there are none."""
    numbers = () if tag is None else tag.numbers()[:3]
    if not numbers:
        return math.nan
    value: float = sum(part / 60**place for place, part in enumerate(numbers))
    return -value if side is not None and side.raw[:1].upper() == negative else value


def _by_exifread(data: bytes, told: Told) -> None:
    """Let ExifRead look, which knows the notes of many makers."""
    import exifread
    from exifread.utils import get_gps_coords

    # It says there what it does not understand of maker notes, with their values.
    logging.getLogger("exifread").disabled = True
    try:
        with reading("read"):
            found: Mapping[str, Any] = exifread.process_file(io.BytesIO(data), details=True, extract_thumbnail=False)
            place = get_gps_coords(found)
    except UnreadableError:
        # Own eyes have read the directories; notes of a maker that it cannot read are read as bytes.
        return
    if place:
        told.place("Exif", "camera", float(place[1]), float(place[0]))
    for name, value in found.items():
        if name.startswith("MakerNote"):
            _note(name.lower(), str(getattr(value, "printable", value)), told)


def _note(name: str, text: str, told: Told) -> None:
    if "serial" in name:
        told.says(Topic.LENS_SERIAL if "lens" in name else Topic.SERIAL, text)
    elif "owner" in name:
        told.says(Topic.OWNER, text)
    else:
        told.text(text)


def _by_pillow(data: bytes, told: Told) -> None:
    """Let Pillow look; it fails with what the others read, and then says nothing."""
    from PIL import Image

    try:
        with reading("read"):
            exif = Image.Exif()
            exif.load(b"Exif\0\0" + data)
            gps = exif.get_ifd(_MAIN_GPS_NUMBER)
            lat, lon = ([float(part) for part in gps[number]] for number in (2, 4))
            sides = [str(gps.get(number, ""))[:1].upper() for number in (1, 3)]
    except UnreadableError:
        return
    y, x = (sum(part / 60**place for place, part in enumerate(axis[:3])) for axis in (lat, lon))
    told.place("Exif", "camera", -x if sides[1] == "W" else x, -y if sides[0] == "S" else y)


def _thumbnails(tags: Sequence[Tag], data: bytes) -> tuple[tuple[int, bytes], ...]:
    found = []
    for directory in {(tag.directory, tag.page) for tag in tags}:
        own = {tag.number: tag.numbers() for tag in tags if (tag.directory, tag.page) == directory}
        at, size = own.get(0x0201, ()), own.get(0x0202, ())
        if at and size and all(map(math.isfinite, (*at, *size))):
            found.append((0x0201, data[int(at[0]) : int(at[0]) + int(size[0])]))
    return tuple(found)
