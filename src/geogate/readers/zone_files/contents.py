"""The bytes of a zone list's data: read once, digested, recognised by what they are and read wholly."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.model.dataset import FileDigest, content_digest
from geogate.model.names import Sha256
from geogate.readers.zone_files import geojson, kml, ogr, openair
from geogate.readers.zone_files.raw import RawZone, UnreadableZonesError

if TYPE_CHECKING:
    from pathlib import Path

_SQLITE = b"SQLite format 3\x00"
_FLATGEOBUF = b"fgb\x03fgb"
_SHAPEFILE = b"\x00\x00\x27\x0a"
_NEEDED = (".shp", ".shx", ".dbf", ".prj")
_OPTIONAL = (".cpg",)
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The bytes of the data file, and of its sidecars by suffix where the format has them.

    ``sidecars`` is empty but for a Shapefile, whose four or five files it holds, the main one included.
    """

    name: str
    data: bytes
    sidecars: tuple[tuple[str, bytes], ...] = ()

    @property
    def digest(self) -> Sha256:
        """The SHA-256 of the file, or for a Shapefile that of the sorted list of its files."""
        stem = self.name.rsplit(".", 1)[0]
        named = [(stem + suffix, data) for suffix, data in self.sidecars] or [(self.name, self.data)]
        return content_digest(
            tuple(
                FileDigest(name=name, size=len(data), sha256=Sha256(hashlib.sha256(data).hexdigest()))
                for name, data in named
            )
        )

    def zones(self) -> list[RawZone]:
        """Read all zones.

        Raises: UnreadableZonesError when anything in the file is not wholly understood.
        """
        if self.sidecars:
            return ogr.read(dict(self.sidecars), suffix=".shp")
        if self.data.startswith(_SQLITE):
            return ogr.read({".gpkg": self.data}, suffix=".gpkg")
        if self.data.startswith(_FLATGEOBUF):
            return ogr.read({".fgb": self.data}, suffix=".fgb")
        text = _text(self.data)
        start = text.lstrip()[:1]
        if start == "{":
            return geojson.read(text)
        if start == "<":
            return kml.read(text)
        return openair.read(text)


def open_contents(path: Path) -> Contents:
    """Read the data file and, for a Shapefile, its sidecars.

    Raises: UnreadableZonesError when a file is missing or cannot be read.
    """
    data = _bytes(path)
    if not data.startswith(_SHAPEFILE):
        return Contents(name=path.name, data=data)
    sidecars = [(suffix, _bytes(path.with_suffix(suffix))) for suffix in _NEEDED]
    sidecars += [(s, _bytes(path.with_suffix(s))) for s in _OPTIONAL if path.with_suffix(s).exists()]
    if path.suffix != ".shp":
        raise UnreadableZonesError("a Shapefile's main file must be named .shp")
    return Contents(name=path.name, data=data, sidecars=tuple(sidecars))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableZonesError(f"{path.name} cannot be read: {error.strerror}") from None


def _text(data: bytes) -> str:
    try:
        return data.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UnreadableZonesError("the text is not UTF-8", place=f"line {line}") from None
