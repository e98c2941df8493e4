"""All files of a dataset as sources: every file belongs to exactly one, or the dataset is not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.measures.source import Source, UnreadableError
from geogate.model.dataset import Format
from geogate.readers.recognise import ALLOWED, recognise
from geogate.readers.shapefile import SIDECARS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MAIN = ".shp"


def open_source(path: Path, sidecars: Sequence[Path]) -> Source:
    """Open one file, recognised by its content, with the sidecars that belong to it.

    Raises: UnreadableError when no reader or more than one claims it, or a sidecar belongs to nothing.
    """
    if not all(part.is_file() for part in (path, *sidecars)):
        raise UnreadableError("the file is missing, or is not a regular file", remedy="stage readable regular files")
    try:
        kind = recognise(path)
    except OSError:
        raise UnreadableError("the file cannot be opened", remedy="stage readable regular files") from None
    if sidecars and kind is not Format.SHAPEFILE:
        raise UnreadableError(f"{len(sidecars)} files lie beside a file that has no sidecars", remedy=ALLOWED)
    match kind:
        case Format.GEOPARQUET:
            from geogate.readers.geoparquet import GeoParquetSource

            return GeoParquetSource(path)
        case Format.CSV:
            from geogate.readers.csv import CsvSource

            return CsvSource(path)
        case Format.GEOJSON | Format.GEOJSONSEQ:
            from geogate.readers.geojson import GeoJSONSource

            return GeoJSONSource(path, kind)
        case Format.GEOPACKAGE | Format.FLATGEOBUF | Format.SHAPEFILE:
            from geogate.readers.ogr import OgrSource

            return OgrSource(path, kind, tuple(sidecars))
        case _:
            raise UnreadableError(f"geogate does not read {kind}", remedy=ALLOWED)


def _stem(path: Path) -> tuple[Path, str]:
    return path.parent, path.stem


def open_dataset(files: Sequence[Path]) -> tuple[Source, ...]:
    """Open all files of a dataset; the parts of a Shapefile are put together by their stem.

    Raises: UnreadableError when there is no file, or one belongs to nothing.
    """
    if not files:
        raise UnreadableError("the dataset has no files", remedy=ALLOWED)
    mains = {_stem(path): path for path in files if path.suffix.lower() == MAIN}
    sidecars: dict[Path, list[Path]] = {path: [] for path in files}
    for path in files:
        if path.suffix.lower() not in SIDECARS:
            continue
        main = mains.get(_stem(path))
        if main is None:
            raise UnreadableError(
                f"a {path.suffix.lower()} file has no Shapefile beside it", remedy="send all parts of it, or none"
            )
        sidecars.pop(path)
        sidecars[main].append(path)
    return tuple(open_source(path, parts) for path, parts in sidecars.items())
