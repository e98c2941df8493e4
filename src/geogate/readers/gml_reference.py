"""Reference systems as GML names them, and the order of axes that goes with each way to name one.

Source: OGC 07-092r3 for URNs; GDAL's convention for the two older ways, which everybody follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    import pyproj

_BY_AUTHORITY: Final = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:EPSG:[0-9.]*:|https?://www\.opengis\.net/def/crs/EPSG/[0-9.]+/)([0-9]{4,6})"
)
_LONGITUDE_FIRST: Final = re.compile(
    r"(?:EPSG:|https?://www\.opengis\.net/gml/srs/epsg\.xml#)([0-9]{4,6})", re.IGNORECASE
)
_CRS84: Final = frozenset(
    {"urn:ogc:def:crs:OGC:1.3:CRS84", "http://www.opengis.net/def/crs/OGC/1.3/CRS84", "OGC:CRS84"}
)


@dataclass(frozen=True, slots=True)
class GmlReference:
    """A reference system, and whether positions stand with the second axis first.

    ``crs`` is ``None`` where none is stated. ``ordinates`` is what a position has where the file does not say.
    """

    crs: pyproj.CRS | None
    swapped: bool = False
    ordinates: int = 2


@cache
def reference(name: str | None) -> GmlReference:
    """Understand the name of a reference system.

    Raises: UnreadableError for another name than the common ones, or axes that are not east and north.
    """
    import pyproj

    if not name:
        return GmlReference(None)
    if name in _CRS84:
        return GmlReference(pyproj.CRS.from_user_input("OGC:CRS84"))
    strict, loose = _BY_AUTHORITY.fullmatch(name), _LONGITUDE_FIRST.fullmatch(name)
    try:
        if strict:
            crs = pyproj.CRS.from_epsg(int(strict.group(1)))
            return GmlReference(crs, _swapped(crs), len(crs.axis_info))
        if loose:
            return GmlReference(pyproj.CRS.from_epsg(int(loose.group(1))))
    except pyproj.exceptions.CRSError:
        pass
    raise UnreadableError(
        "the GML names a reference system that geogate does not know", remedy="name it as urn:ogc:def:crs:EPSG::…"
    )


def _swapped(crs: pyproj.CRS) -> bool:
    match [axis.direction for axis in crs.axis_info[:2]]:
        case ["east", "north"]:
            return False
        case ["north", "east"]:
            return True
        case _:
            raise UnreadableError(
                "the GML has a reference system whose axes are not east and north", remedy="reproject it to EPSG:4326"
            )
