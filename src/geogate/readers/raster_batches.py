"""The windows of an image as rows: where each lies, how fine it is, and which of its pixels show anything."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import shapely

from geogate.libraries.rasters import strict_raster
from geogate.measures.batch import LayerBatch
from geogate.measures.raster import COLUMNS
from geogate.readers.raster_shown import shown
from geogate.readers.raster_windows import distances_m, outline, windows

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyproj

    from geogate.libraries.rasters import Pixels
    from geogate.readers.raster_place import Place
    from geogate.readers.raster_traits import Traits
    from geogate.readers.raster_windows import Image, Window

_AT_ONCE: Final = 64
"""Windows in a batch: their pixels' bits are 2 MB."""


def window_batches(
    dataset: Pixels, image: Image, place: Place, *, traits: Traits, crs: pyproj.CRS, first_row: int
) -> Iterator[LayerBatch]:
    """Read all windows of an image.

    Raises: UnreadableError.
    """
    several = windows(image, place)
    while some := tuple(islice(several, _AT_ONCE)):
        attributes, geometries = _columns(some, image, place, dataset, traits)
        yield LayerBatch(wkb=geometries, attributes=attributes, crs=crs, first_row=first_row)
        first_row += len(some)


def _columns(
    some: tuple[Window, ...], image: Image, place: Place, dataset: Pixels, traits: Traits
) -> tuple[pa.RecordBatch, pa.Array]:
    with strict_raster("placed"):
        outlines = [outline(window, image, place) for window in some]
        distances = np.array([distances_m(window, image, place) for window in some])
    with strict_raster("read"):
        marks = [shown(dataset, window) for window in some]
    counts = [int(mark.sum()) for mark in marks]
    bits = [
        None if count in {0, mark.size} else np.packbits(mark).tobytes()
        for mark, count in zip(marks, counts, strict=True)
    ]
    x, y = (pa.array(distances[:, axis], pa.float64(), from_pandas=True) for axis in range(2))
    columns = {
        "image": [image.name] * len(some),
        "level": [image.level] * len(some),
        "image_columns": [image.width] * len(some),
        "image_rows": [image.height] * len(some),
        "bands": [traits.bands] * len(some),
        "data_type": [traits.data_type] * len(some),
        "interpretation": [traits.interpretation] * len(some),
        "elevation_hint": [traits.elevation_hint] * len(some),
        "day": [traits.day] * len(some),
        "georeferencing": [place.kind.value] * len(some),
        "column": [window.column for window in some],
        "row": [window.row for window in some],
        "columns": [window.columns for window in some],
        "rows": [window.rows for window in some],
        "gsd_x_m": x,
        "gsd_y_m": y,
        "gridded": [each.gridded for each in outlines],
        "shown_pixels": counts,
        "shown": bits,
    }
    attributes = pa.record_batch([pa.array(columns[f.name], f.type) for f in COLUMNS], schema=COLUMNS)
    return attributes, pa.array(shapely.to_wkb([each.geometry for each in outlines], flavor="iso"), pa.binary())
