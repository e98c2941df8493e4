"""The versions of everything whose behaviour a verdict rests on."""

from __future__ import annotations

from functools import cache
from importlib.metadata import version

LIBRARIES = (
    *("geogate", "great-expectations", "numpy", "pyarrow", "pyogrio", "pyproj", "shapely"),
    *("defusedxml", "exifread", "google-re2", "h3", "laspy", "lazrs", "openlocationcode", "pillow", "pillow-heif"),
    *("polyline", "python-calamine", "rasterio"),
)


@cache
def versions() -> tuple[tuple[str, str], ...]:
    """Name the installed version of geogate and of each library that reads, measures or judges."""
    return tuple((name, version(name)) for name in LIBRARIES)
