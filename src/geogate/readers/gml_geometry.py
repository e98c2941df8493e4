"""Geometries of GML 2 and 3 to WKB: straight ones only, x before y whatever the order of axes in the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from geogate.measures.source import UnreadableError
from geogate.readers.geojson_geometry import to_wkb
from geogate.readers.recognise_xml import GML

if TYPE_CHECKING:
    from geogate.readers.gml_reference import GmlReference
    from geogate.readers.xml_nodes import Node

_SIMPLE: Final = {"Point": "Point", "LineString": "LineString", "LineStringSegment": "LineString"}
_MULTI: Final = {
    "MultiPoint": "MultiPoint",
    "MultiLineString": "MultiLineString",
    "MultiCurve": "MultiLineString",
    "MultiPolygon": "MultiPolygon",
    "MultiSurface": "MultiPolygon",
    "MultiGeometry": "GeometryCollection",
}
_OTHERS: Final = frozenset(
    {"Polygon", "PolygonPatch", "Curve", "Surface", "CompositeCurve", "CompositeSurface", "Solid"}
)
_MEMBERS: Final = re.compile(r"(point|lineString|curve|polygon|surface|geometry)Members?")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_DEEPEST: Final = 20
_FLAT, _WITH_Z = 2, 3


def _bad(why: str, remedy: str = "export straight points, lines and polygons, or send GeoPackage") -> UnreadableError:
    return UnreadableError(f"the GML has a geometry that {why}", remedy=remedy)


def is_geometry(node: Node) -> bool:
    """Tell whether an element is a geometry of GML, also one that is not read."""
    return node.name[0] in GML and (node.local in _SIMPLE or node.local in _MULTI or node.local in _OTHERS)


def geometry_of(node: Node, reference: GmlReference) -> bytes | None:
    """Encode a geometry.

    Raises: UnreadableError for curves, solids, and whatever does not fit.
    """
    names = {each.attributes["", "srsName"] for each in node.walk() if ("", "srsName") in each.attributes}
    if names - {node.attributes.get(("", "srsName"))}:
        raise _bad("names another reference system within itself")
    return to_wkb(_Reading(reference).geometry(node, reference.ordinates, 0))


class _Reading:
    """Reads one geometry into the form of GeoJSON."""

    def __init__(self, reference: GmlReference) -> None:
        self._swapped = reference.swapped

    def geometry(self, node: Node, size: int, depth: int) -> dict[str, Any]:
        if node.name[0] not in GML or depth > _DEEPEST:
            raise _bad("is nested too deeply, or holds something else")
        size = _size(node, size)
        if node.local in _SIMPLE:
            found = self._positions(node, size)
            if _SIMPLE[node.local] == "Point":
                if len(found) != 1:
                    raise _bad("is a point without one position")
                return {"type": "Point", "coordinates": found[0]}
            return {"type": "LineString", "coordinates": found}
        if node.local in {"Polygon", "PolygonPatch"}:
            return {"type": "Polygon", "coordinates": self._rings(node, size)}
        if node.local == "Curve":
            return self._one(node, "segments", size, depth)
        if node.local == "Surface":
            return self._one(node, "patches", size, depth)
        if node.local in _MULTI:
            return self._multi(node, size, depth)
        raise _bad("is curved, composed or solid")

    def _one(self, node: Node, within: str, size: int, depth: int) -> dict[str, Any]:
        if len(node.children) != 1 or node.children[0].local != within or len(node.children[0].children) != 1:
            raise _bad("has more than one segment or patch")
        return self.geometry(node.children[0].children[0], size, depth + 1)

    def _multi(self, node: Node, size: int, depth: int) -> dict[str, Any]:
        if not all(_MEMBERS.fullmatch(child.local) for child in node.children):
            raise _bad("has something in it that is no member")
        members = [self.geometry(each, size, depth + 1) for child in node.children for each in child.children]
        kind = _MULTI[node.local]
        if kind == "GeometryCollection":
            return {"type": kind, "geometries": members}
        if {f"Multi{member['type']}" for member in members} - {kind}:
            raise _bad("has members of another type")
        return {"type": kind, "coordinates": [member["coordinates"] for member in members]}

    def _rings(self, node: Node, size: int) -> list[Any]:
        outer: list[Any] = []
        inner: list[Any] = []
        for child in node.children:
            rings = [self._positions(ring, _size(ring, size)) for ring in child.children if ring.local == "LinearRing"]
            if child.local not in {"exterior", "interior", "outerBoundaryIs", "innerBoundaryIs"} or len(rings) != 1:
                raise _bad("has a boundary that is no ring of straight lines")
            (outer if child.local in {"exterior", "outerBoundaryIs"} else inner).extend(rings)
        if len(outer) != 1:
            raise _bad("is a polygon without one outer ring")
        return outer + inner

    def _positions(self, node: Node, size: int) -> list[list[float]]:
        """Return the positions of a point, a line or a ring, x before y.

        Raises: UnreadableError.
        """
        found: list[list[float]] = []
        for child in node.children:
            if child.children:
                raise _bad("has positions that are written in an uncommon way")
            match child.local:
                case "pos":
                    found.append(_numbers(child.text.split()))
                case "posList":
                    flat, step = _numbers(child.text.split()), _size(child, size)
                    if len(flat) % step or step not in {_FLAT, _WITH_Z}:
                        raise _bad("has a list of positions that does not come out even")
                    found += [flat[at : at + step] for at in range(0, len(flat), step)]
                case "coordinates":
                    if set(child.attributes.items()) - _COMMON:
                        raise _bad("has coordinates with uncommon separators")
                    found += [_numbers(position.split(",")) for position in child.text.split()]
                case _:
                    raise _bad("has positions that are written in an uncommon way")
        return [[one[1], one[0], *one[2:]] if self._swapped else one for one in found]


_COMMON: Final = {(("", "cs"), ","), (("", "ts"), " "), (("", "decimal"), ".")}


def _size(node: Node, default: int) -> int:
    text = node.attributes.get(("", "srsDimension"))
    if text is None:
        return default
    if text not in {"2", "3"}:
        raise _bad("has positions of other than two or three numbers")
    return int(text)


def _numbers(texts: list[str]) -> list[float]:
    if not all(map(_NUMBER.fullmatch, texts)):
        raise _bad("has positions that are no decimal numbers")
    numbers = list(map(float, texts))
    if len(numbers) < _FLAT:
        raise _bad("has positions of other than two or three numbers")
    return numbers
