"""Zones from KML, read strictly: every placemark is a zone, and what is neither a zone nor its looks is an error."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import shapely

from geogate.readers.zone_files.raw import RawZone, UnreadableZonesError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapely.geometry.base import BaseGeometry

_KML = ("http://www.opengis.net/kml/2.2", "http://earth.google.com/kml/2.2", "http://earth.google.com/kml/2.1")
_FOLDERS = frozenset({"Document", "Folder"})
_GEOMETRIES = frozenset({"Point", "LineString", "LinearRing", "Polygon", "MultiGeometry"})
_LOOKS = frozenset(
    {
        *("name", "description", "visibility", "open", "Snippet", "snippet", "address", "phoneNumber", "author"),
        *("link", "Style", "StyleMap", "styleUrl", "Schema", "ExtendedData", "LookAt", "Camera"),
        *("TimeSpan", "TimeStamp", "Region", "extrude", "tessellate", "altitudeMode", "balloonVisibility"),
    }
)
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_POSITION = re.compile(rf"({_NUMBER}),({_NUMBER})(?:,{_NUMBER})?")
_SMALLEST_RING = 4
_Ring = list[tuple[float, float]]


def read(text: str) -> list[RawZone]:
    """Read all placemarks of all folders.

    Raises: UnreadableZonesError.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UnreadableZonesError("the XML declares a document type or entities")
    try:
        root = ET.fromstring(text)  # noqa: S314 - no entities, see above
    except (ET.ParseError, ValueError) as error:
        line = error.position[0] if isinstance(error, ET.ParseError) else 1
        raise UnreadableZonesError("the text is not XML to its end", place=f"line {line}") from None
    if _tag(root) != "kml":
        raise UnreadableZonesError("the XML is not KML 2.2")
    try:
        marks = enumerate(_placemarks(root, ""), start=1)
        return [_placemark(mark, folder, f"zone {number}") for number, (mark, folder) in marks]
    except RecursionError:
        raise UnreadableZonesError("the KML is nested too deeply") from None


def _tag(element: ET.Element) -> str:
    """Name an element without the namespace if it is KML's, else in full."""
    namespace, _, name = element.tag.removeprefix("{").rpartition("}")
    return name if namespace in _KML or not namespace else f"{namespace}:{name}"


def _is_look(element: ET.Element) -> bool:
    return _tag(element) in _LOOKS or _tag(element).startswith("http://www.w3.org/2005/Atom:")


def _placemarks(folder: ET.Element, name: str) -> Iterator[tuple[ET.Element, str]]:
    """Give every placemark with the name of the folder that it lies in; documents are no folders."""
    for child in folder:
        tag = _tag(child)
        if tag == "Placemark":
            yield child, name
        elif tag in _FOLDERS:
            yield from _placemarks(child, (_said(child, "name") or name) if tag == "Folder" else name)
        elif not _is_look(child):
            raise UnreadableZonesError(f"it has a {_last(tag)} element, which is not read")


def _last(tag: str) -> str:
    name = tag.rpartition(":")[2]
    return name if name.isascii() and name.isalnum() else "foreign"


def _said(element: ET.Element, tag: str) -> str:
    return next(("".join(child.itertext()).strip() for child in element if _tag(child) == tag), "")


def _placemark(mark: ET.Element, folder: str, place: str) -> RawZone:
    shapes = [child for child in mark if _tag(child) in _GEOMETRIES]
    if len(shapes) != 1:
        raise UnreadableZonesError(f"the placemark has {len(shapes)} geometries instead of one", place=place)
    try:
        _check_rest(mark)
        return RawZone(place=place, attributes=_attributes(mark, folder), geometry=_geometry(shapes[0]))
    except UnreadableZonesError as error:
        raise UnreadableZonesError(error.reason, place=place) from None


def _check_rest(element: ET.Element) -> None:
    for child in element:
        if _tag(child) not in _GEOMETRIES and not _is_look(child):
            raise UnreadableZonesError(f"it has a {_last(_tag(child))} element, which is not read")


def _attributes(mark: ET.Element, folder: str) -> dict[str, object]:
    """Collect what a placemark says of itself; what it has as data of its own counts more than its looks."""
    found: dict[str, object] = {"folder": folder} if folder else {}
    found |= {tag: said for tag in ("name", "description") if (said := _said(mark, tag))}
    for child in mark:
        if _tag(child) == "ExtendedData":
            found.update(_extended(child))
    return found | ({"id": mark.attrib["id"]} if "id" in mark.attrib else {})


def _extended(data: ET.Element) -> Iterator[tuple[str, str]]:
    for element in data.iter():
        if _tag(element) == "SimpleData":
            yield element.attrib.get("name", ""), (element.text or "").strip()
        if _tag(element) == "Data":
            values = [child.text or "" for child in element if _tag(child) == "value"]
            yield element.attrib.get("name", ""), "".join(values).strip()


def _geometry(element: ET.Element) -> BaseGeometry:
    tag = _tag(element)
    if tag == "MultiGeometry":
        _check_rest(element)
        members = [_geometry(child) for child in element if _tag(child) in _GEOMETRIES]
        if not members:
            raise UnreadableZonesError("a MultiGeometry is empty")
        return shapely.GeometryCollection(members)
    if tag == "Polygon":
        return _polygon(element)
    lonlat = _coordinates(element)
    if tag == "Point" and len(lonlat) == 1:
        return shapely.Point(lonlat[0])
    if tag == "LinearRing":
        raise UnreadableZonesError("a LinearRing without its Polygon would protect its outline only")
    if tag == "LineString" and len(lonlat) > 1:
        return shapely.LineString(lonlat)
    raise UnreadableZonesError(f"a {tag} has {len(lonlat)} positions")


def _polygon(element: ET.Element) -> BaseGeometry:
    shells: list[_Ring] = []
    holes: list[_Ring] = []
    for child in element:
        tag = _tag(child)
        if tag in {"outerBoundaryIs", "innerBoundaryIs"}:
            rings = [_closed(_coordinates(ring)) for ring in child if _tag(ring) == "LinearRing"]
            if len(rings) != len(child) or not rings:
                raise UnreadableZonesError("a boundary of a Polygon is not made of LinearRings")
            (shells if tag == "outerBoundaryIs" else holes).extend(rings)
        elif not _is_look(child):
            raise UnreadableZonesError(f"it has a {_last(tag)} element, which is not read")
    if len(shells) != 1:
        raise UnreadableZonesError(f"a Polygon has {len(shells)} outer boundaries instead of one")
    return shapely.Polygon(shells[0], holes)


def _coordinates(element: ET.Element) -> list[tuple[float, float]]:
    texts = [child.text or "" for child in element if _tag(child) == "coordinates"]
    if len(texts) != 1 or not all(_tag(child) == "coordinates" or _is_look(child) for child in element):
        raise UnreadableZonesError(f"a {_tag(element)} has not exactly one list of coordinates")
    matches = [_POSITION.fullmatch(position) for position in texts[0].split()]
    lonlat = [(float(match[1]), float(match[2])) for match in matches if match]
    if len(lonlat) != len(matches) or not lonlat:
        raise UnreadableZonesError("a position is not longitude,latitude or longitude,latitude,altitude")
    return lonlat


def _closed(lonlat: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(lonlat) < _SMALLEST_RING:
        raise UnreadableZonesError("a ring has fewer than four positions")
    if lonlat[0] != lonlat[-1]:
        raise UnreadableZonesError("a ring is not closed")
    return lonlat
