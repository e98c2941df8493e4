"""Datasets, their files and layers; what they are, not how they are read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from geogate.model.names import LayerName, Sha256

if TYPE_CHECKING:
    from collections.abc import Iterable


class Format(StrEnum):
    """The format families that geogate reads."""

    GEOPARQUET = "GeoParquet"
    GEOPACKAGE = "GeoPackage"
    FLATGEOBUF = "FlatGeobuf"
    GEOJSON = "GeoJSON"
    GEOJSONSEQ = "GeoJSONSeq"
    SHAPEFILE = "Shapefile"
    CSV = "CSV"
    KML = "KML"
    GPX = "GPX"
    GML = "GML"
    TOPOJSON = "TopoJSON"
    EXCEL = "Excel"
    FILE_GEODATABASE = "FileGDB"
    MBTILES = "MBTiles"
    PMTILES = "PMTiles"
    VECTOR_TILE = "MVT"
    GEOTIFF = "GeoTIFF"
    NETCDF = "NetCDF"
    ZARR = "Zarr"
    GRIB = "GRIB"
    LAS = "LAS"
    JPEG = "JPEG"
    PNG = "PNG"
    TIFF = "TIFF"
    HEIC = "HEIC"
    WEBP = "WebP"


class LayerKind(StrEnum):
    """What a layer is made of, which decides which rules can judge it."""

    VECTOR = "vector"
    RASTER = "raster"
    RASTER_VALUES = "raster-values"
    """The numbers in the pixels of a raster; what covers rasters covers them where a rule looks at columns."""
    POINT_CLOUD = "point-cloud"
    PHOTO = "photo"


class Fate(StrEnum):
    """What becomes of a part of a file.

    What is judged is seen by the rules. What is removed does not survive the canonical encoding, and denies where bytes
    leave verbatim. What is refused denies always, because nothing can judge or remove it.
    """

    JUDGED = "judged"
    REMOVED = "removed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePart:
    """A kind of part that a file has, how many there are, and what becomes of them.

    ``what`` is a plain category, such as ``footer keys`` or ``free pages``; never a name or a value from the file.

    Units: ``size`` in bytes, ``None`` where the reader does not know it.
    """

    what: str
    fate: Fate
    count: int = 1
    size: int | None = None


class Encoding(StrEnum):
    """How the artefact comes from the sealed bytes."""

    CANONICAL = "canonical"
    VERBATIM = "verbatim"


def together(parts: Iterable[FilePart]) -> tuple[FilePart, ...]:
    """Add up parts of the same kind and fate; a size that one does not know is not known."""
    found: dict[tuple[str, Fate], FilePart] = {}
    for part in parts:
        other = found.get((part.what, part.fate))
        found[part.what, part.fate] = part if other is None else _both(part, other)
    return tuple(found[key] for key in sorted(found))


def _both(one: FilePart, other: FilePart) -> FilePart:
    size = None if one.size is None or other.size is None else one.size + other.size
    return replace(one, count=one.count + other.count, size=size)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigest:
    """A file as its relative name, its size and the SHA-256 of its bytes.

    Units: ``size`` in bytes.
    """

    name: str
    size: int
    sha256: Sha256


def content_digest(files: tuple[FileDigest, ...]) -> Sha256:
    """Digest one or more files: a single file by its own SHA-256, several by that of their sorted manifest.

    Source: the manifest has one line ``<sha256>  <size>  <name>`` a file, in the order of the names.
    """
    if len(files) == 1:
        return files[0].sha256
    lines = sorted(f"{f.sha256}  {f.size}  {f.name}\n" for f in files)
    lines.sort(key=lambda line: line.split("  ", 2)[2])
    return Sha256(hashlib.sha256("".join(lines).encode()).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What is staged: one or more files under one name."""

    name: str
    files: tuple[FileDigest, ...]

    @property
    def digest(self) -> Sha256:
        """The digest of the staged bytes."""
        return content_digest(self.files)

    @property
    def size(self) -> int:
        """The number of bytes in all files."""
        return sum(f.size for f in self.files)


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """The sealed bytes that are judged and sent."""

    files: tuple[FileDigest, ...]
    encoding: Encoding

    @property
    def digest(self) -> Sha256:
        """The digest that the clearance binds."""
        return content_digest(self.files)

    @property
    def size(self) -> int:
        """The number of bytes in all files."""
        return sum(f.size for f in self.files)


def layer_name(file: str, layer: str, *, only: bool) -> LayerName:
    """Name a layer within a dataset: the file's name, with the layer's after a colon where the file has several."""
    return LayerName(file if only else f"{file}:{layer}")
