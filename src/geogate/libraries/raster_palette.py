"""The colours of a palette that pixels have; those of no pixel are seen by nobody, and could say anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.libraries.rasters import Pixels

ENTRIES: Final = 256
CHANNELS: Final = 3
_SPREAD: Final = 257
"""Colours of eight bits as those of sixteen: white is white."""

_ROWS: Final = 512
_BLACK: Final = (0, 0, 0, 255)


def palette_of(dataset: Pixels) -> tuple[int, ...] | None:
    """Return all reds, then all greens, then all blues in sixteen bits, black where no pixel has a value.

    ``None`` for an image that has no palette, or values of more than eight bits. It reads all pixels; errors of the
    library are for the caller.
    """
    from rasterio.enums import ColorInterp

    if list(dataset.colorinterp) != [ColorInterp.palette] or dataset.dtypes[0] != "uint8":
        return None
    used = np.zeros(ENTRIES, np.bool_)
    for values in _strips(dataset):
        used[np.unique(values)] = True
    colours = dataset.colormap(1)
    entries = [colours.get(value, _BLACK) if used[value] else _BLACK for value in range(ENTRIES)]
    return tuple(entry[channel] * _SPREAD for channel in range(CHANNELS) for entry in entries)


def _strips(dataset: Pixels) -> Iterator[NDArray[Any]]:
    from rasterio.windows import Window

    for row in range(0, dataset.height, _ROWS):
        yield dataset.read(1, window=Window(0, row, dataset.width, min(_ROWS, dataset.height - row)))


def of_values(palette: tuple[int, ...], values: int) -> tuple[int, ...]:
    """Return the palette of an image with fewer values, as one of four bits has them."""
    return tuple(palette[channel * ENTRIES + value] for channel in range(CHANNELS) for value in range(values))
