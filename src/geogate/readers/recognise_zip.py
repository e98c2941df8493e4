"""What a zip is: a container, a spreadsheet, or something else that is packed as one."""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import TYPE_CHECKING, Final

from geogate.model.dataset import Format
from geogate.readers.recognise_glimpse import NO_DATA, Container, Known

if TYPE_CHECKING:
    from geogate.readers.recognise_glimpse import Glimpse

_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_MIMETYPE_BYTES: Final = 200
_DOCUMENT: Final = Known("an office document or a book", "export its tables as CSV or GeoPackage")
_PROGRAM: Final = Known("a program", NO_DATA)
_IN_ZIP64: Final = 0xFFFFFFFF
SPREADSHEET: Final = b"application/vnd.oasis.opendocument.spreadsheet"


def is_zip(seen: Glimpse) -> bool:
    """Tell whether a file begins as a zip, or ends as one, which is where readers of zips begin."""
    return seen.head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")) or ends_as_zip(seen)


def ends_as_zip(seen: Glimpse) -> bool:
    """Tell whether the file ends with the end of a directory of a zip whose parts lie within the file."""
    at = seen.tail.rfind(_END)
    while at >= 0:
        if at + _END_BYTES <= len(seen.tail):
            size, offset, comment = struct.unpack_from("<IIH", seen.tail, at + 12)
            position = seen.size - len(seen.tail) + at
            within = _IN_ZIP64 in {size, offset} or size + offset <= position
            if at + _END_BYTES + comment == len(seen.tail) and within:
                return True
        at = seen.tail.rfind(_END, 0, at)
    return False


def kind_of_zip(seen: Glimpse) -> Format | Container | Known:
    """Name what a zip is by the names of its members; one that cannot be listed is left to the opener of containers."""
    try:
        with zipfile.ZipFile(seen.path) as archive:
            names = set(archive.namelist())
            mimetype = _mimetype(archive) if "mimetype" in names else b""
    except (
        OSError,
        ValueError,
        RuntimeError,
        NotImplementedError,
        zipfile.BadZipFile,
        struct.error,
        EOFError,
        zlib.error,
    ):
        return Container.ZIP
    if "[Content_Types].xml" in names:
        return _office(names)
    if mimetype.startswith(b"application/"):
        return Format.EXCEL if mimetype.startswith(SPREADSHEET) else _DOCUMENT
    return _PROGRAM if names & {"META-INF/MANIFEST.MF", "AndroidManifest.xml"} else Container.ZIP


def _office(names: set[str]) -> Format | Known:
    if "xl/workbook.bin" in names:
        return Known("a binary workbook", "save it as .xlsx")
    return Format.EXCEL if "xl/workbook.xml" in names else _DOCUMENT


def _mimetype(archive: zipfile.ZipFile) -> bytes:
    with archive.open("mimetype") as member:
        return member.read(_MIMETYPE_BYTES)
