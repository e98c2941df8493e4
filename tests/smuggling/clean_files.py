"""Real files that are submitted as they are, and images of real grids."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

import numpy as np
import rasterio
from PIL import Image
from rasterio import Affine
from smuggling.clean_sources import package, shared

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Put = Callable[[Path], None]


def _shared(*parts: str) -> Put:
    return lambda folder: _copy(shared(*parts), folder)


def _package(name: str, *parts: str) -> Put:
    return lambda folder: _copy(package(name, *parts), folder)


def _copy(path: Path, folder: Path) -> None:
    shutil.copy(path, folder / path.name)


def _relief(folder: Path) -> None:
    """Write the heights around a fault in Tennessee as an elevation model."""
    with np.load(package("matplotlib", "mpl-data", "sample_data", "jacksboro_fault_dem.npz")) as grid:
        sides = [float(grid[side]) for side in ("xmin", "ymin", "xmax", "ymax")]
        _raster(folder / "relief.tif", grid["elevation"], sides)


def _sea(folder: Path) -> None:
    """Write heights of land and depths of the sea as an elevation model."""
    with np.load(package("matplotlib", "mpl-data", "sample_data", "topobathy.npz")) as grid:
        lon, lat = grid["longitude"], grid["latitude"]
        _raster(folder / "sea.tif", grid["topo"][::-1], [float(lon[0]), float(lat[0]), float(lon[-1]), float(lat[-1])])


def _raster(path: Path, values: np.ndarray, sides: list[float]) -> None:
    height, width = values.shape
    west, south, east, north = sides
    with rasterio.open(
        path, "w", driver="GTiff", width=width, height=height, count=1, dtype=values.dtype, crs="EPSG:4326",
        transform=Affine((east - west) / width, 0.0, west, 0.0, (south - north) / height, north), compress="deflate",
    ) as file:  # fmt: skip
        file.write(values, 1)


def _bands(folder: Path) -> None:
    """Write one band of an image, as anybody does who needs no colours."""
    with rasterio.open(shared("raster", "RGB.byte.tif")) as image:
        profile = image.profile | {"count": 1}
        with rasterio.open(folder / "band.tif", "w", **profile) as file:
            file.write(image.read(2), 1)


def _placed(folder: Path) -> None:
    """Write a picture as an image that is placed on the Earth, as scans of maps are."""
    with Image.open(package("pyogrio", "gdal_data", "gdalicon.png")) as picture:
        bands = np.moveaxis(np.asarray(picture.convert("RGB")), -1, 0)
    count, height, width = bands.shape
    with rasterio.open(
        folder / "placed.tif", "w", driver="GTiff", width=width, height=height, count=count, dtype=np.uint8,
        crs="EPSG:25832", transform=Affine(30.0, 0.0, 500_000.0, 0.0, -30.0, 5_700_000.0), photometric="RGB",
    ) as file:  # fmt: skip
        file.write(bands)


_PICTURES: Final = ("networkx", "drawing", "tests", "baseline")
_PHOTOS: Final = ("matplotlib", "mpl-data", "sample_data")
_FIXTURES: Final = ("pyogrio", "tests", "fixtures")

FILES: Final[Mapping[str, Put]] = {
    "image.tif": _shared("raster", "RGB.byte.tif"),
    "image-of-the-world.tif": _shared("raster", "world.byte.tif"),
    "image-cloud-optimised.tif": _shared("raster", "cogeo.tif"),
    "shade.tif": _shared("raster", "shade.tif"),
    "band.tif": _bands,
    "truncated.tif": _shared("raster", "corrupt.tif"),
    "placed.tif": _placed,
    "relief.tif": _relief,
    "sea.tif": _sea,
    "points.laz": _shared("lidar", "autzen_trim.laz"),
    "points.las": _shared("lidar", "simple1_4.las"),
    "portrait.jpg": _package(*_PHOTOS, "grace_hopper.jpg"),
    "painting.png": _package(*_PHOTOS, "Minduka_Present_Blue_Pack.png"),
    "logo.png": _package(*_PHOTOS, "logo2.png"),
    "graph.png": _package(*_PICTURES, "test_house_with_colors.png"),
    "graph-empty.png": _package(*_PICTURES, "test_display_empty_graph.png"),
    "graph-complex.png": _package(*_PICTURES, "test_display_complex.png"),
    "graph-paths.png": _package(*_PICTURES, "test_display_shortest_path.png"),
    "dots.png": _package("scipy", "ndimage", "tests", "dots.png"),
    "region-and.png": _package("sympy", "plotting", "tests", "test_region_and.png"),
    "region-or.png": _package("sympy", "plotting", "tests", "test_region_or.png"),
    "icon.png": _package("bokeh_sampledata", "_data", "icons", "chrome_32x32.png"),
    "gdal.png": _package("pyogrio", "gdal_data", "gdalicon.png"),
    "fixture-nulls.gpkg": _package(*_FIXTURES, "test_gpkg_nulls.gpkg"),
    "fixture-line.gpkg": _package(*_FIXTURES, "line_zm.gpkg"),
    "fixture-curve.gpkg": _package(*_FIXTURES, "curve.gpkg"),
    "fixture-null.geojson": _package("geopandas", "tests", "data", "null_geom.geojson"),
    "fixes.csv": _shared("movement", "demodata_geolife.csv"),
    "fixes.gpkg": _shared("movement", "demodata_geolife.gpkg"),
}
"""Real files by the name of the dataset."""
