"""Zones from ArcGIS JSON, as its servers and tools export feature sets: read strictly, whole exports only.

What decides between areas and holes is the direction of a ring: clockwise is an area, the other way is a hole in it.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyproj
import shapely

from geogate.readers.zone_files.geojson import CUT_OFF
from geogate.readers.zone_files.ogr import in_lonlat
from geogate.readers.zone_files.raw import RawZone, UnreadableZonesError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from shapely.geometry.base import BaseGeometry

_KNOWN: Final = frozenset(
    {
        *("displayFieldName", "fieldAliases", "geometryType", "spatialReference", "fields", "features", "hasZ", "hasM"),
        *("objectIdFieldName", "globalIdFieldName", "uniqueIdField", "geometryProperties", "exceededTransferLimit"),
        *("serverGens", "name", "description"),
    }
)
_FEATURE: Final = frozenset({"attributes", "geometry", "centroid", "symbol", "popupInfo"})
_REFERENCE: Final = frozenset({"wkid", "latestWkid", "vcsWkid", "latestVcsWkid", "wkt", "wkt2"})
_SMALLEST_RING: Final = 4
_ORDINATES: Final = (2, 3, 4)
_Position = tuple[float, float]


def is_feature_set(document: Any) -> bool:
    """Tell whether parsed JSON means to be of ArcGIS rather than GeoJSON."""
    return isinstance(document, dict) and bool(
        document.keys() & {"geometryType", "spatialReference", "objectIdFieldName", "layers", "error"}
    )


def zones(document: Mapping[str, Any]) -> list[RawZone]:
    """Read all features of a feature set.

    Raises: UnreadableZonesError.
    """
    _check(document)
    kind = str(document.get("geometryType"))
    if kind not in _SHAPES:
        raise UnreadableZonesError("it has an unknown type of geometry", place="key 'geometryType'")
    features = [_feature(each, kind, f"zone {number}") for number, each in enumerate(document["features"], start=1)]
    if not features:
        return []
    references = {_crs(each.get("spatialReference"), "") for each in _references(document)}
    if len(references) != 1:
        reason = "it has no reference system" if not references else "its geometries have several reference systems"
        raise UnreadableZonesError(reason, place="key 'spatialReference'")
    shapes = in_lonlat(np.array([shape for _, shape in features], dtype=object), references.pop())
    return [
        RawZone(place=f"zone {number}", attributes=attributes, geometry=shape)
        for number, ((attributes, _), shape) in enumerate(zip(features, shapes, strict=True), start=1)
    ]


def _check(document: Mapping[str, Any]) -> None:
    if "error" in document:
        raise UnreadableZonesError("it is the error that a server answered, and no list", place="key 'error'")
    if "layers" in document:
        raise UnreadableZonesError("it has layers: export the one that is the list", place="key 'layers'")
    for key in document:
        if key not in _KNOWN:
            raise UnreadableZonesError("the key is not known", place=f"key {key[:40]!r}")
    if document.get("exceededTransferLimit", False) is not False:
        raise UnreadableZonesError(CUT_OFF)
    if not isinstance(document.get("features"), list):
        raise UnreadableZonesError("the feature set has no list of features")


def _references(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    own = [each["geometry"] for each in document["features"] if "spatialReference" in each["geometry"]]
    if "spatialReference" in document:
        return [document, *own]
    return own if len(own) == len(document["features"]) else []


def _crs(reference: Any, place: str) -> str:
    if not isinstance(reference, dict) or reference.keys() - _REFERENCE or not reference:
        raise UnreadableZonesError("its reference system is not known", place=place or "key 'spatialReference'")
    text = reference.get("wkt2") or reference.get("wkt")
    codes = [reference[key] for key in ("latestWkid", "wkid") if isinstance(reference.get(key), int)]
    found = [tuple(_coded(code)) for code in codes]
    if all(found) and found:
        if not any(one.equals(other, ignore_axis_order=True) for one in found[0] for other in found[-1]):
            raise UnreadableZonesError("wkid and latestWkid are two systems", place=place or "key 'spatialReference'")
        return str(found[0][0].to_wkt())
    if isinstance(text, str) and not codes:
        return text
    raise UnreadableZonesError("its reference system is not known", place=place or "key 'spatialReference'")


def _coded(code: int) -> Iterator[pyproj.CRS]:
    for authority in ("EPSG", "ESRI"):
        with suppress(pyproj.exceptions.CRSError):
            yield pyproj.CRS.from_authority(authority, code)


def _feature(feature: Any, kind: str, place: str) -> tuple[Mapping[str, object], BaseGeometry]:
    try:
        return _attributes(feature), _geometry(feature.get("geometry"), kind)
    except UnreadableZonesError as error:
        raise UnreadableZonesError(error.reason, place=place) from None


def _attributes(feature: Any) -> Mapping[str, object]:
    if not isinstance(feature, dict):
        raise UnreadableZonesError("it is not a feature")
    for key in feature.keys() - _FEATURE:
        raise UnreadableZonesError(f"the key {key[:40]!r} is not known")
    attributes = feature.get("attributes")
    if not isinstance(attributes, dict | None):
        raise UnreadableZonesError("its attributes are no object")
    return attributes or {}


def _geometry(geometry: Any, kind: str) -> BaseGeometry:
    if not isinstance(geometry, dict):
        raise UnreadableZonesError("it has no geometry")
    members, make = _SHAPES[kind]
    extra = geometry.keys() - set(members) - {"spatialReference", "hasZ", "hasM", "z", "m", "id"}
    if extra:
        raise UnreadableZonesError(f"its geometry has the key {min(extra)[:40]!r}, which is not read")
    if not all(member in geometry for member in members):
        raise UnreadableZonesError(f"its geometry is not what 'geometryType' says: it has no {members[0]!r}")
    return make(*(geometry[member] for member in members))


def _position(value: Any) -> _Position:
    if not isinstance(value, list) or len(value) not in _ORDINATES:
        raise UnreadableZonesError("a position is not two to four numbers")
    return _number(value[0]), _number(value[1])


def _number(value: Any) -> float:
    if type(value) not in {int, float} or not math.isfinite(value):
        raise UnreadableZonesError("a coordinate is not a finite number")
    return float(value)


def _run(value: Any) -> list[_Position]:
    if not isinstance(value, list) or not value:
        raise UnreadableZonesError("its geometry has no positions")
    return [_position(each) for each in value]


def _many(value: Any) -> list[list[_Position]]:
    if not isinstance(value, list) or not value:
        raise UnreadableZonesError("its geometry is empty")
    return [_run(each) for each in value]


def _point(x: Any, y: Any) -> BaseGeometry:
    return shapely.Point(_number(x), _number(y))


def _points(value: Any) -> BaseGeometry:
    return shapely.MultiPoint(_run(value))


def _lines(value: Any) -> BaseGeometry:
    paths = _many(value)
    if min(len(path) for path in paths) < 2:  # noqa: PLR2004 - the ends of a line
        raise UnreadableZonesError("a path has one position")
    return shapely.MultiLineString(paths)


def _box(west: Any, south: Any, east: Any, north: Any) -> BaseGeometry:
    edges = (_number(west), _number(south), _number(east), _number(north))
    if edges[0] >= edges[2] or edges[1] >= edges[3]:
        raise UnreadableZonesError("its envelope is empty or turned round")
    return shapely.box(*edges)


def _areas(value: Any) -> BaseGeometry:
    rings = [_ring(each) for each in _many(value)]
    # A single ring can be no hole, whichever way it runs.
    outer = [ring for ring in rings if len(rings) == 1 or not ring.is_ccw]
    inner = [ring for ring in rings if len(rings) > 1 and ring.is_ccw]
    areas = [shapely.Polygon(ring) for ring in outer]
    holes: list[list[shapely.LinearRing]] = [[] for _ in outer]
    for ring in inner:
        around = [at for at, area in enumerate(areas) if area.is_valid and shapely.covers(area, ring)]
        if not around:
            raise UnreadableZonesError("a ring runs like a hole (counterclockwise) and lies in no area")
        holes[min(around, key=lambda at: float(areas[at].area))].append(ring)
    return shapely.MultiPolygon([shapely.Polygon(shell, inside) for shell, inside in zip(outer, holes, strict=True)])


def _ring(positions: list[_Position]) -> shapely.LinearRing:
    if len(positions) < _SMALLEST_RING:
        raise UnreadableZonesError("a ring has fewer than four positions")
    if positions[0] != positions[-1]:
        raise UnreadableZonesError("a ring is not closed")
    return shapely.LinearRing(positions)


_SHAPES: Final[Mapping[str, tuple[tuple[str, ...], Callable[..., BaseGeometry]]]] = {
    "esriGeometryPoint": (("x", "y"), _point),
    "esriGeometryMultipoint": (("points",), _points),
    "esriGeometryPolyline": (("paths",), _lines),
    "esriGeometryPolygon": (("rings",), _areas),
    "esriGeometryEnvelope": (("xmin", "ymin", "xmax", "ymax"), _box),
}
