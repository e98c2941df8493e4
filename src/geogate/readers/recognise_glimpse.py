"""The two ends of a file, by which its format is recognised, and what recognising can answer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

HEAD = 65_536
TAIL = 65_536 + 22
"""A zip ends with its directory's end of 22 bytes and a comment of at most 65,535."""

VECTOR = "export it as GeoPackage or GeoParquet"
RASTER = "convert it to GeoTIFF"
CLOUD = "convert it to LAZ"
PHOTO = "convert it to JPEG, PNG or TIFF"
TABLE = "export it as GeoParquet, or as CSV with columns of positions"
ARCHIVE = "pack the files as zip"
NO_DATA = "leave it out, or send only the data in it, as GeoPackage, GeoParquet, GeoTIFF or LAZ"


class Container(StrEnum):
    """What holds other files, and is opened to every one of them."""

    ZIP = "zip"
    TAR = "tar"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"


@dataclass(frozen=True, slots=True)
class Known:
    """A format that is recognised and not read, and what to do with such a file."""

    name: str
    advice: str


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The first and the last bytes of a file, and how many it has."""

    path: Path
    head: bytes
    tail: bytes
    size: int

    @classmethod
    def of(cls, path: Path) -> Glimpse:
        """Look at a file."""
        with path.open("rb") as file:
            head = file.read(HEAD)
            size = file.seek(0, 2)
            file.seek(max(0, size - TAIL))
            return cls(path=path, head=head, tail=file.read(TAIL), size=size)

    @property
    def text(self) -> bytes:
        """The first bytes without a mark of UTF-8 and without white space."""
        return self.head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")
