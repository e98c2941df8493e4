"""What a compound file of Microsoft is: a spreadsheet by the name of its main stream, or another document."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from geogate.model.dataset import Format
from geogate.readers.recognise_glimpse import VECTOR, Known

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.readers.recognise_glimpse import Glimpse

_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENTRY: Final = 128
_SHIFTS: Final = (9, 12)
_LONGEST_NAME: Final = 64
MOST_SECTORS: Final = 20_000
_FIRST_FAT_SECTORS: Final = 109
_LAST_SECTOR: Final = 0xFFFFFFFA


def is_ole(seen: Glimpse) -> bool:
    """Tell whether a file is a compound file."""
    return seen.head.startswith(_MAGIC)


def kind_of_ole(seen: Glimpse) -> Format | Known:
    """Name what a compound file is by its streams."""
    names = stream_names(seen.path)
    if names & {"Workbook", "Book"}:
        return Format.EXCEL
    if "EncryptedPackage" in names:
        return Known("an encrypted document", "save it without a password")
    if any(name.startswith("Dgn") for name in names):
        return Known("a DGN drawing", VECTOR)
    return Known("an office document, a message or an installer", "export its tables as CSV or GeoPackage")


def stream_names(path: Path) -> frozenset[str]:
    """Name the streams and storages of a compound file; fewer where it is damaged.

    Source: [MS-CFB] 2.2, 2.3 and 2.6.
    """
    with path.open("rb") as file:
        header = file.read(512)
        try:
            (shift,) = struct.unpack_from("<H", header, 30)
            if shift not in _SHIFTS:
                return frozenset()
            size = 1 << shift
            fat = b""
            for sector in struct.unpack_from(f"<{_FIRST_FAT_SECTORS}I", header, 76):
                if sector >= _LAST_SECTOR:
                    break
                file.seek((sector + 1) * size)
                fat += file.read(size)
            (sector,) = struct.unpack_from("<I", header, 48)
            names: set[str] = set()
            met: set[int] = set()
            while sector < _LAST_SECTOR and sector not in met and len(met) < MOST_SECTORS:
                met.add(sector)
                file.seek((sector + 1) * size)
                names |= _names(file.read(size))
                (sector,) = struct.unpack_from("<I", fat, sector * 4)
        except struct.error:
            return frozenset()
    return frozenset(names)


def _names(sector: bytes) -> set[str]:
    names = set()
    for at in range(0, len(sector) - _ENTRY + 1, _ENTRY):
        (length,) = struct.unpack_from("<H", sector, at + _LONGEST_NAME)
        if 2 <= length <= _LONGEST_NAME:  # noqa: PLR2004 - the two bytes of the NUL at the end
            names.add(sector[at : at + length - 2].decode("utf-16-le", errors="replace"))
    return names
