"""KMZ: a zip archive with one KML document and its pictures; whatever else is in it is refused, and so is a bomb."""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import Final

from geogate.readers.zone_files.raw import UnreadableZonesError

SIGNATURE: Final = b"PK\x03\x04"
LARGEST: Final = 64 << 20
"""The most that the document may hold when it is unpacked.

Units: bytes.
"""

_PICTURES: Final = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".svg", ".webp")
_MOST_MEMBERS: Final = 1000


def document(data: bytes) -> bytes:
    """Unpack the one KML document.

    Raises: UnreadableZonesError.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(archive, _only(archive))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError):
        raise UnreadableZonesError("the zip archive cannot be read to its end") from None


def _only(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    names = [member.filename.casefold() for member in members]
    if len(members) > _MOST_MEMBERS or len(set(names)) != len(names):
        raise UnreadableZonesError("the archive has too many members, or one twice")
    if any(name.endswith((".shp", ".dbf")) for name in names):
        raise UnreadableZonesError("the archive holds a Shapefile: unpack it, and pin its .shp")
    documents = [member for member in members if member.filename.casefold().endswith(".kml")]
    others = [name for name in names if not name.endswith((".kml", *_PICTURES))]
    if len(documents) != 1 or others:
        reason = f"the archive has {len(documents)} KML documents instead of one, and {len(others)} other files"
        raise UnreadableZonesError(reason)
    return documents[0]


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.flag_bits & 0x1:
        raise UnreadableZonesError("the archive is encrypted")
    # What the archive says of the size is not believed: the stream is cut at the limit.
    with archive.open(member) as stream:
        data = stream.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise UnreadableZonesError(f"its document is larger than {LARGEST >> 20} MiB unpacked")
        stream.read(1)
    return data
