"""The values of an image as rows of numbers: a row a pixel, at its middle, with a column for each band.

Numbers in pixels are numbers like others, in which positions could be. What shows as a picture is left to the windows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
from rasterio.windows import Window as RasterWindow

from geogate.libraries.rasters import strict_raster
from geogate.measures.batch import LayerBatch
from geogate.readers.points import points_to_wkb
from geogate.readers.raster_place import AffinePlace, is_degrees
from geogate.readers.raster_shown import is_nodata
from geogate.readers.raster_windows import Window, outline, windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyproj
    from numpy.typing import NDArray

    from geogate.libraries.rasters import Pixels
    from geogate.readers.raster_place import Place
    from geogate.readers.raster_windows import Image

    Floats = NDArray[np.float64]
    Bands = Sequence[tuple[str, Pixels]]
    """Images of one grid, each with the name that its bands have, before their number."""

PICTURE_BANDS: Final = 4
"""So many bands of whole numbers with eight bits are a picture, in which nobody looks for numbers."""

_PICTURES: Final = frozenset({"uint8", "int8"})
_MOST_VALUES: Final = 2_000_000
"""Values in a batch, so that images with many bands do not fill the memory."""


def holds_numbers(data_type: str, bands: int) -> bool:
    """Say whether the pixels of an image are numbers that are searched, and not a picture."""
    return data_type not in _PICTURES or bands > PICTURE_BANDS


def value_columns(images: Bands) -> pa.Schema:
    """Name the columns: ``band_1`` and so on; complex numbers have two each."""
    return pa.schema([field for name, image in images for field in _fields(name, image)])


def _fields(name: str, image: Pixels) -> Iterator[pa.Field]:
    for band, said in zip(image.indexes, image.dtypes, strict=True):
        dtype = np.dtype(said)
        if dtype.kind == "c":
            half = pa.from_numpy_dtype(np.empty(0, dtype).real.dtype)
            yield from (pa.field(f"{name}_{band}_{part}", half) for part in ("real", "imaginary"))
        else:
            yield pa.field(f"{name}_{band}", pa.from_numpy_dtype(dtype))


def value_batches(
    images: Bands, image: Image, place: Place, *, crs: pyproj.CRS, first_row: int
) -> Iterator[LayerBatch]:
    """Read the values of all pixels of an image, or of several of one grid; what is nodata is null.

    Raises: UnreadableError.
    """
    columns = value_columns(images)
    for window in windows(image, place):
        for part in _parts(window, bands=len(columns)):
            with strict_raster("read"):
                values = [array for _, each in images for array in _values(each, part)]
            xy = _middles(part, image, place)
            wkb = points_to_wkb(xy, np.ones(len(xy), np.bool_))
            attributes = pa.record_batch(values, schema=columns)
            yield LayerBatch(wkb=wkb, attributes=attributes, crs=crs, first_row=first_row)
            first_row += len(xy)


def _parts(window: Window, *, bands: int) -> Iterator[Window]:
    """Cut a window into runs of rows, so that a batch does not have too many values."""
    rows = max(_MOST_VALUES // (window.columns * bands), 1)
    for start in range(0, window.rows, rows):
        yield Window(
            column=window.column,
            row=window.row + start,
            columns=window.columns,
            rows=min(rows, window.rows - start),
        )


def _values(dataset: Pixels, part: Window) -> list[pa.Array]:
    where = RasterWindow(part.column, part.row, part.columns, part.rows)
    found: list[pa.Array] = []
    for band, nodata in zip(dataset.indexes, dataset.nodatavals, strict=True):
        values: NDArray[Any] = dataset.read(band, window=where).ravel()
        missing = is_nodata(values, nodata)
        if values.dtype.kind == "f":
            missing |= np.isnan(values)
        halves = (values.real.copy(), values.imag.copy()) if values.dtype.kind == "c" else (values,)
        found += [pa.array(half, mask=missing) for half in halves]
    return found


def _middles(part: Window, image: Image, place: Place) -> Floats:
    """Give where the middle of each pixel lies; where an image was fitted, the middle of the window for all."""
    if not isinstance(place, AffinePlace):
        middle = outline(part, image, place).geometry.centroid
        return np.tile([middle.x, middle.y], (part.rows * part.columns, 1))
    column, row = np.meshgrid(np.arange(part.columns) + part.column + 0.5, np.arange(part.rows) + part.row + 0.5)
    xy = place.xy(np.column_stack([column.ravel() * image.scale_x, row.ravel() * image.scale_y]))
    if is_degrees(place.crs):
        xy[:, 0] -= 360.0 * np.floor((xy[:, 0] + 180.0) / 360.0)
        xy[:, 1] = np.clip(xy[:, 1], -90.0, 90.0)
    return xy
