"""geogate's own encoding of a dataset: the same layers, rows and values in the same format family, and nothing else."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.model.errors import ServiceError, UsageError
from geogate.seal.crs import canonical_crs
from geogate.seal.csv import write_csv
from geogate.seal.geojson import write_geojson
from geogate.seal.geoparquet import write_geoparquet
from geogate.seal.ogr import write_ogr
from geogate.seal.photo import write_photo
from geogate.seal.point_cloud import write_laz
from geogate.seal.raster import write_geotiff

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
    Format.GEOTIFF: ".tif",
    Format.JPEG: ".jpg",
    Format.PNG: ".png",
    Format.LAS: ".laz",
}


LEAVES_AS: Final[Mapping[Format, Format]] = {
    Format.HEIC: Format.JPEG,
    Format.TIFF: Format.PNG,
    Format.WEBP: Format.PNG,
    Format.NETCDF: Format.GEOTIFF,
    Format.GRIB: Format.GEOTIFF,
    Format.ZARR: Format.GEOTIFF,
    **dict.fromkeys(
        (
            Format.KML,
            Format.GPX,
            Format.GML,
            Format.TOPOJSON,
            Format.EXCEL,
            Format.FILE_GEODATABASE,
            Format.MBTILES,
            Format.PMTILES,
        ),
        Format.GEOPACKAGE,
    ),
}
"""Formats that geogate reads and does not write, and the one in which their layers leave."""


def encode(
    sources: Sequence[tuple[Source, Mapping[str, pyproj.CRS]]],
    *,
    into: Path,
    shapefile_as: Format,
    kernels: bool = False,
    workers: int = 1,
    names: Mapping[Path, str] | None = None,
) -> tuple[Path, ...]:
    """Write every source into a folder and return the files in their order; the same rows give the same bytes.

    Each source comes with the CRS of each of its layers. Files keep their stem; ``shapefile_as`` says whether a
    Shapefile stays one (and is several files then) or leaves as GeoPackage. ``kernels`` says that compiled kernels may
    be loaded and ``workers`` how many threads may compress where that pays, which is for GeoParquet. ``names`` gives a
    source another name than that of its file, by its path.

    Raises: UnreadableError when rows cannot be read to the end or not be written as they are; UsageError for another
        ``shapefile_as``; ServiceError when the disk fails.
    """
    if shapefile_as not in {Format.GEOPACKAGE, Format.SHAPEFILE}:
        raise UsageError(f"a Shapefile cannot leave as {shapefile_as}", hint="choose GeoPackage or Shapefile")
    written: list[Path] = []
    for source, layers in sources:
        kind = shapefile_as if source.format is Format.SHAPEFILE else LEAVES_AS.get(source.format, source.format)
        target = into / f"{_stem(source, names or {})}{_extension(kind)}"
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


def _stem(source: Source, names: Mapping[Path, str]) -> str:
    return PurePosixPath(names[source.path]).stem if source.path in names else source.path.stem


def _extension(kind: Format) -> str:
    """Return the extension of a format that geogate writes.

    Raises: UnreadableError for another one.
    """
    if kind not in EXTENSIONS:
        raise UnreadableError(
            f"geogate does not write {kind}", remedy="choose a policy that sends the bytes as they are"
        )
    return EXTENSIONS[kind]


def _write(  # noqa: PLR0911 a table
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
        case Format.GEOTIFF:
            return write_geotiff(source, layers, target)
        case Format.LAS:
            return write_laz(source, layers, target)
        case Format.JPEG | Format.PNG:
            return write_photo(source, target)
        case _:
            raise UnreadableError(f"geogate does not write {kind}", remedy="send it as GeoPackage or GeoParquet")
