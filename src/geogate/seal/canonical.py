"""geogate's own encoding of a dataset: the same layers, rows and values in the same format family, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.model.errors import ServiceError, UsageError
from geogate.seal.crs import canonical_crs
from geogate.seal.csv import write_csv
from geogate.seal.geojson import write_geojson
from geogate.seal.geoparquet import write_geoparquet
from geogate.seal.ogr import write_ogr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pyproj

    from geogate.measures.source import Source

EXTENSIONS = {
    Format.GEOPARQUET: ".parquet",
    Format.GEOPACKAGE: ".gpkg",
    Format.FLATGEOBUF: ".fgb",
    Format.GEOJSON: ".geojson",
    Format.GEOJSONSEQ: ".geojsonl",
    Format.SHAPEFILE: ".shp",
    Format.CSV: ".csv",
}


def encode(
    sources: Sequence[tuple[Source, Mapping[str, pyproj.CRS]]],
    *,
    into: Path,
    shapefile_as: Format,
    kernels: bool = False,
    workers: int = 1,
) -> tuple[Path, ...]:
    """Write every source into a folder and return the files in their order; the same rows give the same bytes.

    Each source comes with the CRS of each of its layers. Files keep their stem; ``shapefile_as`` says whether a
    Shapefile stays one (and is several files then) or leaves as GeoPackage. ``kernels`` says that compiled kernels may
    be loaded and ``workers`` how many threads may compress where that pays, which is for GeoParquet.

    Raises: UnreadableError when rows cannot be read to the end or not be written as they are; UsageError for another
        ``shapefile_as``; ServiceError when the disk fails.
    """
    if shapefile_as not in {Format.GEOPACKAGE, Format.SHAPEFILE}:
        raise UsageError(f"a Shapefile cannot leave as {shapefile_as}", hint="choose GeoPackage or Shapefile")
    written: list[Path] = []
    for source, layers in sources:
        kind = shapefile_as if source.format is Format.SHAPEFILE else source.format
        target = into / f"{source.path.stem}{EXTENSIONS[kind]}"
        if target in written:
            raise UnreadableError(
                "two files of the dataset would leave under the same name", remedy="give each file a stem of its own"
            )
        try:
            canonical = {name: canonical_crs(crs) for name, crs in layers.items()}
            written += _write(source, canonical, target, kind, kernels=kernels, workers=workers)
        except OSError:
            raise ServiceError("the artefact cannot be written", hint="make room on the disk, then try again") from None
    return tuple(written)


def _write(
    source: Source, layers: dict[str, pyproj.CRS], target: Path, kind: Format, *, kernels: bool, workers: int
) -> tuple[Path, ...]:
    match kind:
        case Format.GEOPARQUET:
            return write_geoparquet(source, layers, target, kernels=kernels, workers=workers)
        case Format.GEOPACKAGE | Format.FLATGEOBUF | Format.SHAPEFILE:
            return write_ogr(source, layers, target, kind)
        case Format.GEOJSON | Format.GEOJSONSEQ:
            return write_geojson(source, layers, target, kind)
        case Format.CSV:
            return write_csv(source, layers, target)
        case _:
            assert_never(kind)
