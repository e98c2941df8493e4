"""The reference system of a point cloud as geogate writes it: WKT, of the old kind where that says the same."""

from __future__ import annotations

import warnings
from functools import lru_cache

import pyproj

from geogate.measures.published import published


def wkt_record(crs: pyproj.CRS) -> bytes:
    """Give the content of the record that names a published system."""
    return _wkt(crs.to_json()).encode() + b"\0"


@lru_cache(16)
def _wkt(described: str) -> str:
    crs = pyproj.CRS.from_json(described)
    with warnings.catch_warnings():
        # A system that old WKT cannot say is written in the new one.
        warnings.simplefilter("ignore")
        try:
            old = crs.to_wkt("WKT1_GDAL")
        except pyproj.exceptions.CRSError:
            old = ""
    if old and published(pyproj.CRS.from_wkt(old)) == crs:
        return str(old)
    return str(crs.to_wkt("WKT2_2019"))
