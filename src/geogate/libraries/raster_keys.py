"""The GeoTIFF tags of a reference system and a transform, as GDAL writes them for published systems."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from geogate.libraries.rasters import GEOTIFF, strict_raster

if TYPE_CHECKING:
    import pyproj

GEO_TAGS: Final = (33550, 33922, 34264, 34735, 34736, 34737)
"""Pixel scale, tie points, transformation, and the keys with their numbers and texts."""

_SIZES: Final = {2: 1, 3: 2, 12: 8}
_KEPT: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoTag:
    """One tag as it stands in a little-endian file."""

    number: int
    kind: int
    count: int
    value: bytes


def geo_tags(crs: pyproj.CRS, transform: tuple[float, float, float, float, float, float]) -> tuple[GeoTag, ...]:
    """Return the tags that say where an image lies; the same place always has the same tags.

    ``transform`` has the six numbers of an affine transform as rasterio names them, a to f.

    Raises: UnreadableError when GeoTIFF has no way to say it.
    """
    authority = crs.to_authority(min_confidence=100)
    return _geo_tags(":".join(authority) if authority else crs.to_wkt(), transform)


@lru_cache(_KEPT)
def _geo_tags(crs: str, transform: tuple[float, float, float, float, float, float]) -> tuple[GeoTag, ...]:
    from rasterio import Affine
    from rasterio.crs import CRS
    from rasterio.io import MemoryFile

    with strict_raster("described"), MemoryFile() as memory:
        place = {"crs": CRS.from_user_input(crs), "transform": Affine(*transform)}
        with memory.open(driver=GEOTIFF, width=1, height=1, count=1, dtype="uint8", **place):
            pass
        return tuple(tag for tag in _tags(memory.read()) if tag.number in GEO_TAGS)


def _tags(data: bytes) -> list[GeoTag]:
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    found = []
    for place in range(at + 2, at + 2 + 12 * count, 12):
        number, kind, values, where = struct.unpack_from("<HHII", data, place)
        size = values * _SIZES.get(kind, 0)
        where = where if size > 4 else place + 8  # noqa: PLR2004 what fits stands in the entry
        found.append(GeoTag(number=number, kind=kind, count=values, value=data[where : where + size]))
    return found
