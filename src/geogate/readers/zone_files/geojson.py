"""Zones from GeoJSON as RFC 7946 defines it, read strictly: what a lenient reader would skip is an error."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NoReturn

import shapely

from geogate.readers.zone_files.raw import RawZone, UnreadableZonesError

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_WGS84 = frozenset({"urn:ogc:def:crs:OGC:1.3:CRS84", "urn:ogc:def:crs:OGC::CRS84"})
_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
_ORDINATES = (2, 3)
_SMALLEST_RING = 4
CUT_OFF = "the server that wrote it cut it off (exceededTransferLimit): zones are missing; get it page by page"


def read(text: str) -> list[RawZone]:
    """Read all features of a feature collection.

    Raises: UnreadableZonesError.
    """
    return zones(parse_json(text))


def zones(collection: Any) -> list[RawZone]:
    """Read all features of a feature collection that was parsed.

    Raises: UnreadableZonesError.
    """
    if not isinstance(collection, dict) or collection.get("type") != "FeatureCollection":
        raise UnreadableZonesError("the JSON is not a GeoJSON FeatureCollection")
    _check_crs(collection)
    _check_whole(collection)
    features = collection.get("features")
    if not isinstance(features, list):
        raise UnreadableZonesError("the FeatureCollection has no list of features")
    return [_feature(feature, f"zone {number}") for number, feature in enumerate(features, start=1)]


def parse_json(text: str) -> Any:
    """Parse JSON strictly: no member twice, no number that is not finite.

    Raises: UnreadableZonesError.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise UnreadableZonesError("the text is not JSON to its end", place=f"line {error.lineno}") from None
    except RecursionError:
        raise UnreadableZonesError("the JSON is nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise UnreadableZonesError("an object has a member twice")
    return dict(pairs)


def _no_number(_: str) -> NoReturn:
    raise UnreadableZonesError("a number is not finite")


def _check_crs(collection: dict[str, Any]) -> None:
    """Accept no reference system but the one that RFC 7946 fixes; older files may name it."""
    if "crs" not in collection:
        return
    match collection["crs"]:
        case {"type": "name", "properties": {"name": str(name)}} if name in _WGS84:
            return
    raise UnreadableZonesError("its 'crs' is not WGS 84 in longitude and latitude, which GeoJSON prescribes")


def _check_whole(collection: dict[str, Any]) -> None:
    """Refuse what a server cut off: ArcGIS says so beside the features, or in the collection's properties."""
    properties = collection.get("properties")
    for place in (collection, properties if isinstance(properties, dict) else {}):
        if place.get("exceededTransferLimit", False) is not False:
            raise UnreadableZonesError(CUT_OFF)


def _feature(feature: Any, place: str) -> RawZone:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise UnreadableZonesError("it is not a Feature", place=place)
    properties = feature.get("properties")
    if not isinstance(properties, dict | None):
        raise UnreadableZonesError("its properties are no object", place=place)
    geometry = feature.get("geometry")
    try:
        return RawZone(place=place, attributes=properties or {}, geometry=_geometry(geometry))
    except UnreadableZonesError as error:
        raise UnreadableZonesError(error.reason, place=place) from None


def _geometry(geometry: Any) -> BaseGeometry:
    if not isinstance(geometry, dict):
        raise UnreadableZonesError("it has no geometry")
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        members = geometry.get("geometries")
        if not isinstance(members, list) or not members:
            raise UnreadableZonesError("its geometry collection has no geometries")
        return shapely.GeometryCollection([_geometry(member) for member in members])
    if not isinstance(kind, str) or kind not in _DEPTH:
        raise UnreadableZonesError("its geometry has an unknown type")
    coordinates: Any = geometry.get("coordinates")
    _check_positions(coordinates, _DEPTH[kind])
    if kind.endswith("Polygon"):
        _check_rings(coordinates if kind == "MultiPolygon" else [coordinates])
    try:
        return shapely.geometry.shape({"type": kind, "coordinates": coordinates})
    except (ValueError, shapely.errors.ShapelyError):
        raise UnreadableZonesError("its coordinates make no geometry") from None


def _check_positions(value: Any, depth: int) -> None:
    if not isinstance(value, list) or not value:
        raise UnreadableZonesError("its geometry is empty or has no coordinates")
    if depth:
        for member in value:
            _check_positions(member, depth - 1)
        return
    numbers = [type(number) in {int, float} and math.isfinite(number) for number in value]
    if len(value) not in _ORDINATES or not all(numbers):
        raise UnreadableZonesError("a position is not two or three finite numbers")


def _check_rings(polygons: list[list[list[Any]]]) -> None:
    for ring in (ring for polygon in polygons for ring in polygon):
        if len(ring) < _SMALLEST_RING:
            raise UnreadableZonesError("a ring has fewer than four positions")
        if ring[0] != ring[-1]:
            raise UnreadableZonesError("a ring is not closed")
