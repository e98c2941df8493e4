"""Rasters as rasterio opens them: the one file, none beside it, and every warning an error."""

from __future__ import annotations

import logging
import sys
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

from geogate.libraries.strict import REMEDY, strictly
from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import rasterio
    from numpy.typing import NDArray
    from rasterio.windows import Window

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
    "GRIB_NORMALIZE_UNITS": False,
}


class Pixels(Protocol):
    """An open image: what rasterio's datasets have of what readers and writers use."""

    @property
    def width(self) -> int:
        """Columns."""
        ...

    @property
    def height(self) -> int:
        """Rows."""
        ...

    @property
    def count(self) -> int:
        """Bands."""
        ...

    @property
    def transform(self) -> Any:
        """Where it lies, by an affine transform."""
        ...

    @property
    def crs(self) -> Any:
        """Its reference system."""
        ...

    @property
    def gcps(self) -> Any:
        """Its control points."""
        ...

    @property
    def rpcs(self) -> Any:
        """Its sensor model."""
        ...

    @property
    def indexes(self) -> tuple[int, ...]:
        """The numbers of its bands."""
        ...

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The types of their values."""
        ...

    @property
    def nodata(self) -> float | None:
        """The number that stands for none in the first band."""
        ...

    @property
    def nodatavals(self) -> tuple[float | None, ...]:
        """The same for each band."""
        ...

    @property
    def scales(self) -> tuple[float, ...]:
        """What values are to be multiplied with."""
        ...

    @property
    def offsets(self) -> tuple[float, ...]:
        """What is to be added then."""
        ...

    @property
    def colorinterp(self) -> Sequence[Any]:
        """What bands stand for."""
        ...

    @property
    def mask_flag_enums(self) -> Sequence[Any]:
        """Which masks bands have."""
        ...

    @property
    def descriptions(self) -> Sequence[str | None]:
        """What bands are called."""
        ...

    @property
    def units(self) -> Sequence[str | None]:
        """The units of their values."""
        ...

    def tags(self, bidx: int = 0, ns: str | None = None) -> dict[str, str]:
        """Return what is said of the image or of a band."""
        ...

    def overviews(self, bidx: int) -> list[int]:
        """Return by how much each overview is smaller."""
        ...

    def colormap(self, bidx: int) -> dict[int, tuple[int, int, int, int]]:
        """Return the colours of a palette."""
        ...

    def read(self, indexes: Any, *, window: Window) -> NDArray[Any]:
        """Read a window of a band, or of several."""
        ...

    def read_masks(self, indexes: int, *, window: Window) -> NDArray[Any]:
        """Read a window of the mask of a band."""
        ...


class _Kept(logging.Handler):
    """Keeps what GDAL says through rasterio."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.messages.append(record.getMessage())


@contextmanager
def strict_raster(what: str, *, harmless: re.Pattern[str] | None = None) -> Iterator[None]:
    """Run calls into rasterio; ``what`` continues the sentence ``the file cannot be ...``.

    Never spans a ``yield`` of the caller. Log lines that are ``harmless`` as a whole do not count.

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
        loud = [each for each in kept.messages if harmless is None or not harmless.fullmatch(each)]
        if loud or lost:
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
