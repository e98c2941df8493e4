"""Raster layers for tests: windows without files, and GeoTIFFs that rasterio writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import rasterio
from rasterio import Affine

from geogate.measures.raster import COLUMNS
from geogate.readers.raster import RasterSource

if TYPE_CHECKING:
    from pathlib import Path

    import pyproj

    from geogate.measures.batch import LayerBatch

WINDOW = {
    "image": "base",
    "level": 0,
    "image_columns": 4,
    "image_rows": 4,
    "bands": 3,
    "data_type": "uint8",
    "interpretation": "blue,green,red",
    "elevation_hint": False,
    "day": None,
    "georeferencing": "affine",
    "column": 0,
    "row": 0,
    "columns": 4,
    "rows": 4,
    "gsd_x_m": 10.0,
    "gsd_y_m": 10.0,
    "gridded": True,
    "shown_pixels": 16,
    "shown": None,
}
"""A window of four by four pixels that shows everything."""


def upright(west: float, north: float, x: float, y: float) -> Affine:
    """Place an image by its upper left corner and the size of its pixels."""
    return Affine(x, 0.0, west, 0.0, -y, north)


def raster_columns(windows: int, columns: dict[str, list[Any]]) -> dict[str, pa.Array]:
    """Fill up the columns of a raster layer; bits are written as text of 0 and 1."""
    given = dict(columns)
    if "shown" in given:
        given["shown"] = [None if bits is None else packed(bits) for bits in given["shown"]]
    return {
        field.name: pa.array(given.get(field.name, [WINDOW[field.name]] * windows), field.type) for field in COLUMNS
    }


def packed(bits: str) -> bytes:
    """Pack bits, the first one highest."""
    return np.packbits(np.array([int(bit) for bit in bits if bit in "01"], np.uint8)).tobytes()


def write_tif(
    path: Path,
    pixels: np.ndarray[Any, Any],
    *,
    crs: str | None = "EPSG:25832",
    transform: Affine | None = None,
    overviews: tuple[int, ...] = (),
    **options: Any,
) -> Path:
    """Write bands, rows and columns with rasterio; without a transform, ten metre pixels near Goslar."""
    bands, height, width = pixels.shape
    place = upright(600_000, 5_750_000, 10, 10) if transform is None else transform
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=width,
        height=height,
        count=bands,
        dtype=pixels.dtype,
        crs=crs,
        transform=place,
        **options,
    ) as dataset:
        dataset.write(pixels)
    if overviews:
        with rasterio.open(path, "r+") as dataset:
            dataset.build_overviews(list(overviews), rasterio.enums.Resampling.nearest)
    return path


def batches(path: Path, crs: pyproj.CRS | None = None) -> list[LayerBatch]:
    """Read all windows of a file."""
    source = RasterSource(path)
    layer = source.layers[0]
    own = crs or layer.crs
    assert own is not None
    return list(source.batches(layer, crs=own))


def rows(path: Path) -> list[dict[str, Any]]:
    """Read the attributes of all windows of a file."""
    return [dict(row) for batch in batches(path) for row in batch.attributes.to_pylist()]
