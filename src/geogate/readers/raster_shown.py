"""Which pixels of a window show anything: all but those that are blank in their values.

A mask does not blank a pixel: whoever drops the mask sees what is under it. A pixel is blank where each of its bands
has the nodata value, or nothing but zeros under a mask or an alpha band that hides it, bit for bit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rasterio.enums import ColorInterp, MaskFlags
from rasterio.windows import Window as RasterWindow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.libraries.rasters import Pixels
    from geogate.readers.raster_windows import Window

    Marks = NDArray[np.bool_]


def has_mask(dataset: Pixels) -> bool:
    """Say whether an image has a mask of its own, besides an alpha band and a nodata value."""
    return any(MaskFlags.per_dataset in flags and MaskFlags.alpha not in flags for flags in dataset.mask_flag_enums)


def shown(dataset: Pixels, window: Window) -> Marks:
    """Mark the pixels of a window that show anything; called where warnings of rasterio are errors.

    Shape: ``(rows, columns)``.
    """
    where = RasterWindow(window.column, window.row, window.columns, window.rows)
    alphas = {n for n, kind in enumerate(dataset.colorinterp, 1) if kind is ColorInterp.alpha}
    masks = [dataset.read(n, window=where) for n in sorted(alphas)]
    if has_mask(dataset):
        masks.append(dataset.read_masks(1, window=where))
    zeros = [_is_zero(mask) for mask in masks]
    hidden = np.logical_or.reduce(zeros) if zeros else np.zeros((window.rows, window.columns), np.bool_)
    blank = np.logical_and.reduce(zeros) if zeros else np.ones_like(hidden)
    for band in dataset.indexes:
        if band not in alphas and blank.any():
            values = dataset.read(band, window=where)
            blank &= (_is_zero(values) & hidden) | is_nodata(values, dataset.nodatavals[band - 1])
    return np.asarray(~blank)


def _bits(values: NDArray[Any]) -> NDArray[Any]:
    """Give the bits of each value as whole numbers, so that -0.0 and each NaN are told apart."""
    size = values.dtype.itemsize
    if size > 8:  # noqa: PLR2004 complex numbers of two halves
        return np.ascontiguousarray(values).view(np.uint64).reshape(*values.shape, -1)
    return np.ascontiguousarray(values).view(f"u{size}")


def _is_zero(values: NDArray[Any]) -> Marks:
    zero: Marks = _bits(values) == 0
    return np.asarray(zero.all(axis=-1)) if zero.ndim > values.ndim else zero


def is_nodata(values: NDArray[Any], nodata: float | None) -> Marks:
    """Mark the values that are the nodata value, bit for bit."""
    if nodata is None or values.dtype.kind == "c":
        return np.zeros(values.shape, np.bool_)
    if values.dtype.kind in "iu":
        limits = np.iinfo(values.dtype)
        if not float(nodata).is_integer() or not limits.min <= nodata <= limits.max:
            return np.zeros(values.shape, np.bool_)
    with np.errstate(over="ignore"):
        wanted = np.array([nodata]).astype(values.dtype)
    if np.isnan(nodata):
        # Either sign is written for NaN; any other of its bits could carry a picture.
        return np.asarray(np.isin(_bits(values), _bits(np.array([np.nan, -np.nan], values.dtype))))
    return np.asarray(_bits(values) == _bits(wanted)[0])
