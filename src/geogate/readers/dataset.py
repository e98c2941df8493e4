"""All files of a dataset as sources: every file belongs to exactly one, or the dataset is not read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from geogate.measures.source import Source, UnreadableError
from geogate.model.dataset import Format
from geogate.readers.containers import unpack
from geogate.readers.dataset_groups import folder_format, grouped
from geogate.readers.recognise import ALLOWED, recognise
from geogate.readers.recognise_glimpse import Container

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geogate.model.dataset import FilePart

Opener = Callable[[Path, Format, tuple[Path, ...]], Source]
"""Makes the source of a file of a format and the files beside it."""


def _geoparquet(path: Path, _: Format, __: tuple[Path, ...]) -> Source:
    from geogate.readers.geoparquet import GeoParquetSource

    return GeoParquetSource(path)


def _csv(path: Path, _: Format, __: tuple[Path, ...]) -> Source:
    from geogate.readers.csv import CsvSource

    return CsvSource(path)


def _geojson(path: Path, kind: Format, _: tuple[Path, ...]) -> Source:
    from geogate.readers.geojson_bare import geojson_source

    return geojson_source(path, kind)


def _ogr(path: Path, kind: Format, beside: tuple[Path, ...]) -> Source:
    from geogate.readers.ogr import OgrSource

    return OgrSource(path, kind, beside)


def _topojson(path: Path, _: Format, __: tuple[Path, ...]) -> Source:
    from geogate.readers.topojson import TopoJSONSource

    return TopoJSONSource(path)


def _kml(path: Path, _: Format, __: tuple[Path, ...]) -> Source:
    from geogate.readers.kml import KmlSource

    return KmlSource(path)


def _gpx(path: Path, _: Format, __: tuple[Path, ...]) -> Source:
    from geogate.readers.gpx import GpxSource

    return GpxSource(path)


def _gml(path: Path, _: Format, __: tuple[Path, ...]) -> Source:
    from geogate.readers.gml import GmlSource

    return GmlSource(path)


def _excel(path: Path, _: Format, __: tuple[Path, ...]) -> Source:
    from geogate.readers.excel import ExcelSource

    return ExcelSource(path)


def _geotiff(path: Path, _: Format, beside: tuple[Path, ...]) -> Source:
    from geogate.readers.raster import RasterSource

    return RasterSource(path, beside)


def _gridded(path: Path, kind: Format, beside: tuple[Path, ...]) -> Source:
    from geogate.readers.gridded import GriddedSource

    return GriddedSource(path, kind, beside)


def _tiles(path: Path, kind: Format, _: tuple[Path, ...]) -> Source:
    from geogate.readers.tiles import TilesSource

    return TilesSource(path, kind)


def _photo(path: Path, kind: Format, beside: tuple[Path, ...]) -> Source:
    from geogate.readers.photo import PhotoSource

    return PhotoSource(path, kind, beside)


def _point_cloud(path: Path, _: Format, __: tuple[Path, ...]) -> Source:
    from geogate.readers.point_cloud import PointCloudSource

    return PointCloudSource(path)


OPENERS: Final[Mapping[Format, Opener]] = {
    Format.GEOPARQUET: _geoparquet,
    Format.CSV: _csv,
    Format.GEOJSON: _geojson,
    Format.GEOJSONSEQ: _geojson,
    Format.GEOPACKAGE: _ogr,
    Format.FLATGEOBUF: _ogr,
    Format.SHAPEFILE: _ogr,
    Format.FILE_GEODATABASE: _ogr,
    Format.TOPOJSON: _topojson,
    Format.KML: _kml,
    Format.GPX: _gpx,
    Format.GML: _gml,
    Format.EXCEL: _excel,
    Format.MBTILES: _tiles,
    Format.PMTILES: _tiles,
    Format.GEOTIFF: _geotiff,
    Format.NETCDF: _gridded,
    Format.GRIB: _gridded,
    Format.ZARR: _gridded,
    Format.JPEG: _photo,
    Format.PNG: _photo,
    Format.TIFF: _photo,
    Format.HEIC: _photo,
    Format.WEBP: _photo,
    Format.LAS: _point_cloud,
}
"""Who reads which format; a format that nobody reads is refused with advice."""

WITH_SIDECARS: Final = frozenset(
    {
        Format.SHAPEFILE,
        Format.FILE_GEODATABASE,
        Format.ZARR,
        Format.GEOTIFF,
        Format.JPEG,
        Format.PNG,
        Format.NETCDF,
        Format.GRIB,
    }
)
"""Formats whose opener takes the files beside the main one."""

ADVICE: Final[Mapping[Format, str]] = {
    Format.VECTOR_TILE: "send tiles as MBTiles or PMTiles, which say where each one lies",
}
"""What to do with a format that is recognised and that nobody reads."""


def open_source(path: Path, sidecars: Sequence[Path]) -> Source:
    """Open one file, recognised by its content, with the files that belong to it.

    Raises: UnreadableError when no reader or more than one claims it, or a sidecar belongs to nothing.
    """
    if not all(part.is_file() for part in (path, *sidecars)):
        raise UnreadableError("the file is missing, or is not a regular file", remedy="stage readable regular files")
    try:
        kind = folder_format(path) or recognise(path)
    except OSError:
        raise UnreadableError("the file cannot be opened", remedy="stage readable regular files") from None
    if isinstance(kind, Container):
        raise UnreadableError(f"the file is a {kind} container", remedy="send the files that are in it")
    if sidecars and kind is Format.TIFF:
        # A photo has no world file: whoever places an image on the Earth means a raster.
        kind = Format.GEOTIFF
    if sidecars and kind not in WITH_SIDECARS:
        raise UnreadableError(f"{len(sidecars)} files lie beside a file that has no sidecars", remedy=ALLOWED)
    opener = OPENERS.get(kind)
    if opener is None:
        raise UnreadableError(f"geogate does not read {kind}", remedy=ADVICE.get(kind, ALLOWED))
    return opener(path, kind, tuple(sidecars))


def open_dataset(files: Sequence[Path]) -> tuple[Source, ...]:
    """Open all files of a dataset, none of which is a container; what belongs together is put together.

    Raises: UnreadableError when there is no file, or one belongs to nothing.
    """
    if not files:
        raise UnreadableError("the dataset has no files", remedy=ALLOWED)
    return tuple(open_source(path, parts) for path, parts in grouped(tuple(files)).items())


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedSources:
    """The sources of a dataset, their names within it by path, and the parts of containers that are no file."""

    sources: tuple[Source, ...]
    names: Mapping[Path, str]
    parts: tuple[FilePart, ...]


def open_named(files: Mapping[Path, str], *, scratch: Path) -> NamedSources:
    """Open all files of a dataset and all members of its containers, which are unpacked into ``scratch``.

    ``files`` gives the name of each within the dataset; a member is called ``a.zip/folder/b.gpkg``, a folder that is
    one dataset by its own name.

    Raises: UnreadableError for whatever is odd; ServiceError when the disk fails.
    """
    unpacked = unpack(files, scratch=scratch)
    sources = open_dataset(tuple(unpacked.files))
    names = {source.path: _name(source, unpacked.files) for source in sources}
    return NamedSources(sources=sources, names=names, parts=unpacked.parts)


def _name(source: Source, files: Mapping[Path, str]) -> str:
    name = files[source.path]
    folder, _, _ = name.rpartition("/")
    return folder if folder and folder_format(source.path) else name
