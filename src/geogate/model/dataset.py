"""Datasets, their files and layers; what they are, not how they are read."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from geogate.model.names import LayerName, Sha256


class Format(StrEnum):
    """The format families that geogate reads and writes."""

    GEOPARQUET = "GeoParquet"
    GEOPACKAGE = "GeoPackage"
    FLATGEOBUF = "FlatGeobuf"
    GEOJSON = "GeoJSON"
    GEOJSONSEQ = "GeoJSONSeq"
    SHAPEFILE = "Shapefile"
    CSV = "CSV"


class Encoding(StrEnum):
    """How the artefact comes from the sealed bytes."""

    CANONICAL = "canonical"
    VERBATIM = "verbatim"


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
