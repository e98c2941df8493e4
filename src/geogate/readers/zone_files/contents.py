"""The bytes of a zone list's data: read once, digested, recognised by what they are and read wholly."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.model.dataset import FileDigest, content_digest
from geogate.model.names import Sha256
from geogate.readers.zone_files import corners, esri, geojson, kml, kmz, ogr, openair, osm, osm_pbf, osm_xml
from geogate.readers.zone_files.raw import RawZone, UnreadableZonesError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SQLITE = b"SQLite format 3\x00"
_FLATGEOBUF = b"fgb\x03fgb"
_SHAPEFILE = b"\x00\x00\x27\x0a"
_NEEDED = (".shp", ".shx", ".dbf", ".prj")
_OPTIONAL = (".cpg",)
_BOM = b"\xef\xbb\xbf"
_TABLES = (".csv", ".tsv")
_DOCTYPES = ("<!DOCTYPE", "<!ENTITY")
_OSM = re.compile(r"\s*(?:<\?xml[^>]*\?>\s*)?(?:<!--.*?-->\s*)*<osm[\s>]", re.DOTALL)

LARGEST = 256 << 20
"""The largest file that is read as a zone list, and the most that all files of a Shapefile may hold each.

Units: bytes.
"""


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

    def zones(self, *, chosen: Sequence[str] | None = None) -> list[RawZone]:
        """Read all zones; of an extract of OpenStreetMap all elements with one of the chosen tags.

        Raises: UnreadableZonesError when anything in the file is not wholly understood.
        """
        extract = self._extract()
        if extract is not None:
            if len(self.data) > osm.LARGEST:
                raise UnreadableZonesError(
                    f"the extract is larger than {osm.LARGEST >> 20} MiB: filter it for the tags of zones first"
                )
            return osm.zones(extract, chosen=chosen or osm.CHOSEN)
        if chosen is not None:
            raise UnreadableZonesError("tags are chosen, and the file is no extract of OpenStreetMap")
        return self._all()

    def _extract(self) -> osm.Extract | None:
        if self.data[4:].startswith(osm_pbf.SIGNATURE):
            return osm_pbf.PbfExtract(data=self.data)
        head = self.data[:4096].removeprefix(_BOM).decode("utf-8", errors="replace")
        if not _OSM.match(head):
            return None
        if any(each in _text(self.data) for each in _DOCTYPES):
            raise UnreadableZonesError("the XML declares a document type or entities")
        return osm_xml.XmlExtract(data=self.data)

    def _all(self) -> list[RawZone]:
        for signature, suffix in ((_SHAPEFILE, ".shp"), (_SQLITE, ".gpkg"), (_FLATGEOBUF, ".fgb")):
            if self.data.startswith(signature):
                return ogr.read(dict(self.sidecars) or {suffix: self.data}, suffix=suffix)
        if self.data.startswith(kmz.SIGNATURE):
            return kml.read(_text(kmz.document(self.data)))
        text = _text(self.data)
        if self.name.casefold().endswith(_TABLES):
            return corners.read(text)
        start = text.lstrip()[:1]
        if start == "{":
            document = geojson.parse_json(text)
            return esri.zones(document) if esri.is_feature_set(document) else geojson.zones(document)
        return kml.read(text) if start == "<" else openair.read(text)


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
        # Without waiting: what looks like a file may be a pipe that nobody writes to.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UnreadableZonesError(f"{path.name} is not an ordinary file")
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise UnreadableZonesError(f"{path.name} cannot be read: {error.strerror}") from None
    if len(data) > LARGEST:
        raise UnreadableZonesError(f"{path.name} is larger than {LARGEST >> 20} MiB")
    return data


def _text(data: bytes) -> str:
    try:
        return data.removeprefix(_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise UnreadableZonesError("the text is not UTF-8", place=f"line {line}") from None
