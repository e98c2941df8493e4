"""Rasters as rasterio opens them: the one file, none beside it, and every warning an error."""

from __future__ import annotations

import logging
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from geogate.libraries.strict import REMEDY, strictly
from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import rasterio

GEOTIFF: Final = "GTiff"

_SETTINGS: Final = {
    # Nothing beside the file is read: no .aux.xml, .ovr, .msk, world file or .RPB, and nothing is written there.
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_PAM_ENABLED": False,
    "GDAL_GEOREF_SOURCES": "INTERNAL",
    # No network.
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": "{none}",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
    "PROJ_NETWORK": False,
    # Bounded memory, and no threads of its own, whose warnings would reach nobody.
    "GDAL_CACHEMAX": 64 * 1024 * 1024,
    "GDAL_NUM_THREADS": 1,
    # The numbers are what the file has, also where it claims that pixels are points.
    "GTIFF_POINT_GEO_IGNORE": False,
}


class _Kept(logging.Handler):
    """Keeps what GDAL says through rasterio."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.messages.append(record.getMessage())


@contextmanager
def strict_raster(what: str) -> Iterator[None]:
    """Run calls into rasterio; ``what`` continues the sentence ``the file cannot be ...``.

    Never spans a ``yield`` of the caller.

    Raises: UnreadableError for every exception, warning and log line, without repeating what it says.
    """
    import rasterio

    logger, kept = logging.getLogger("rasterio"), _Kept()
    with strictly(what), rasterio.Env(**_SETTINGS):
        # That rasterio calls another library in an old way says nothing of the file.
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        logger.addHandler(kept)
        before, logger.propagate = logger.propagate, False
        lost: list[str] = []
        # A message that is not UTF-8 never reaches the log: rasterio fails where nothing can be raised.
        hook, sys.unraisablehook = sys.unraisablehook, lambda unraisable: lost.append(str(unraisable.exc_type))
        try:
            yield
        finally:
            sys.unraisablehook = hook
            logger.propagate = before
            logger.removeHandler(kept)
        if kept.messages or lost:
            raise UnreadableError(f"the file cannot be {what} without a warning", remedy=REMEDY)


@contextmanager
def opened(path: Path, *, level: int | None = None) -> Iterator[rasterio.DatasetReader]:
    """Open a GeoTIFF, or one of its overviews counted from zero; no other driver may claim the file.

    It is closed strictly too. What is done with it belongs into ``strict_raster`` again.

    Raises: UnreadableError.
    """
    import rasterio

    more = {} if level is None else {"overview_level": level}
    with strict_raster("opened"), warnings.catch_warnings():
        # An image that control points or a sensor model place has no transform; the reader asks for one of the three.
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        dataset = rasterio.open(path, driver=GEOTIFF, sharing=False, **more)
    try:
        yield dataset
    finally:
        with strict_raster("closed"):
            dataset.close()
