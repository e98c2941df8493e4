"""What a raster layer looks like as a table: a row a window of one image, and the columns that say what is in it.

Values of pixels do not travel: a window says which of its pixels show anything, and where they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch


class Georeferencing(StrEnum):
    """What says where an image lies."""

    AFFINE = "affine"
    CONTROL_POINTS = "control points"
    SENSOR_MODEL = "sensor model"


WINDOW: Final = 512
"""The most columns and rows of a window.

Units: pixels.
"""

COLUMNS: Final = pa.schema(
    [
        pa.field("image", pa.string(), nullable=False),  # "base" or "overview"
        pa.field("level", pa.int32(), nullable=False),
        pa.field("image_columns", pa.int64(), nullable=False),
        pa.field("image_rows", pa.int64(), nullable=False),
        pa.field("bands", pa.int32(), nullable=False),
        pa.field("data_type", pa.string(), nullable=False),
        pa.field("interpretation", pa.string(), nullable=False),
        pa.field("elevation_hint", pa.bool_(), nullable=False),
        pa.field("day", pa.date32()),
        pa.field("georeferencing", pa.string(), nullable=False),
        pa.field("column", pa.int64(), nullable=False),
        pa.field("row", pa.int64(), nullable=False),
        pa.field("columns", pa.int32(), nullable=False),
        pa.field("rows", pa.int32(), nullable=False),
        pa.field("gsd_x_m", pa.float64()),
        pa.field("gsd_y_m", pa.float64()),
        pa.field("gridded", pa.bool_(), nullable=False),
        pa.field("shown_pixels", pa.int64(), nullable=False),
        pa.field("shown", pa.binary()),
    ]
)
"""The columns of a raster layer.

``level`` counts from 0, the base image. ``interpretation`` names what the bands stand for, with commas between.
``day`` is when the image was taken, as its file says, null where it does not.
``column`` and ``row`` are where the window begins in its image; ``columns`` and ``rows`` how large it is.
``gsd_x_m`` and ``gsd_y_m`` are the finest ground sample distances in the window, across and along its columns, null
where they cannot be measured. ``gridded`` says that the window's geometry is its four corners, beginning with the first
pixel's, in the order of the first row, and that its pixels lie evenly between. ``shown_pixels`` counts the pixels that
show anything, and ``shown`` has a bit for each pixel, row by row, the first in the highest bit; null where all are
alike.

Units: ``gsd_x_m`` and ``gsd_y_m`` in metres on the ground.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The columns of one batch that measures compute with.

    Shape: one of each for each row; ``gsd_m`` has the finer of the two distances, NaN where one is not known.
    """

    columns: NDArray[np.int64]
    rows: NDArray[np.int64]
    gsd_m: NDArray[np.float64]
    gridded: NDArray[np.bool_]
    shown: NDArray[np.int64]


def windows_of(batch: LayerBatch) -> Windows:
    """Read the columns of a batch of a raster layer.

    Raises: UnmeasurableError when it is none.
    """
    if batch.attributes.schema.names != COLUMNS.names or batch.attributes.num_rows != batch.rows:
        raise UnmeasurableError("the layer does not have the columns of a raster")
    x, y = (_floats(batch.attributes.column(name)) for name in ("gsd_x_m", "gsd_y_m"))
    columns, rows, shown = (_numbers(batch, name) for name in ("columns", "rows", "shown_pixels"))
    if (columns < 1).any() or (rows < 1).any() or (shown < 0).any() or (shown > columns * rows).any():
        raise UnmeasurableError("a window of the raster has no size, or shows more than it has")
    return Windows(
        columns=columns,
        rows=rows,
        gsd_m=np.minimum(x, y),
        gridded=batch.attributes.column("gridded").to_numpy(zero_copy_only=False).astype(np.bool_),
        shown=shown,
    )


def shown_pixels(batch: LayerBatch, windows: Windows, row: int) -> NDArray[np.bool_]:
    """Mark the pixels of one window that show anything.

    Shape: ``(rows, columns)``.
    Raises: UnmeasurableError when the window does not say.
    """
    size = (int(windows.rows[row]), int(windows.columns[row]))
    pixels = size[0] * size[1]
    bits = batch.attributes.column("shown")[row].as_py()
    if bits is None:
        if windows.shown[row] not in {0, pixels}:
            raise UnmeasurableError("a window of the raster does not say which pixels it shows")
        return np.full(size, windows.shown[row] > 0)
    marked = np.unpackbits(np.frombuffer(bits, np.uint8), count=pixels if len(bits) * 8 >= pixels else None)
    if len(marked) != pixels or int(marked.sum()) != windows.shown[row]:
        raise UnmeasurableError("a window of the raster contradicts itself")
    return marked.astype(np.bool_).reshape(size)


def _numbers(batch: LayerBatch, name: str) -> NDArray[np.int64]:
    return np.asarray(batch.attributes.column(name).to_numpy(zero_copy_only=False), np.int64)


def _floats(column: Any) -> NDArray[np.float64]:
    return np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
