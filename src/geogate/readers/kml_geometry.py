"""Geometries of KML to WKB: longitude, latitude and, where every position of a geometry has one, altitude."""

from __future__ import annotations

import math
import re
import struct
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart
from geogate.readers.geojson_geometry import to_wkb

if TYPE_CHECKING:
    from geogate.readers.xml_nodes import Node

_GEOMETRIES: Final = frozenset({"Point", "LineString", "LinearRing", "Polygon", "MultiGeometry", "Track", "MultiTrack"})
_PLAIN: Final = re.compile(r"[0-9+\-.eE, \t\r\n]*")
_HOW: Final = frozenset({"extrude", "tessellate", "altitudeMode", "drawOrder", "altitudeOffset"})
_DEEPEST: Final = 20
_FLAT, _WITH_Z = 2, 3


def bad_geometry(why: str) -> UnreadableError:
    """Word what is wrong with a geometry."""
    return UnreadableError(f"the file has a geometry that {why}", remedy="export the geometries again")


def is_geometry(node: Node) -> bool:
    """Tell whether an element is a geometry."""
    return node.local in _GEOMETRIES and (not node.name[0] or "kml" in node.name[0])


def geometry_of(node: Node, values: dict[str, Any], parts: list[FilePart]) -> bytes | None:
    """Encode a geometry; what it has besides positions is kept as a value or named as a part.

    Raises: UnreadableError.
    """
    if node.local in {"Track", "MultiTrack"}:
        return _track(node, values, parts)
    return to_wkb(_plain(node, parts, 0))


def _plain(node: Node, parts: list[FilePart], depth: int) -> dict[str, Any]:
    """Return the geometry as GeoJSON has it."""
    if depth > _DEEPEST:
        raise bad_geometry("is nested too deeply")
    match node.local:
        case "Point":
            found = _coordinates(node, parts)
            if len(found) != 1:
                raise bad_geometry("is a point without one position")
            return {"type": "Point", "coordinates": found[0]}
        case "LineString" | "LinearRing":
            return {"type": "LineString", "coordinates": _coordinates(node, parts)}
        case "Polygon":
            return {"type": "Polygon", "coordinates": _rings(node, parts)}
        case "MultiGeometry":
            return _collected([_plain(each, parts, depth + 1) for each in _others(node, parts)])
        case _:
            raise bad_geometry("has a type that is not read within another")


def _others(node: Node, parts: list[FilePart]) -> list[Node]:
    inside = [each for each in node.children if is_geometry(each)]
    if len(inside) != len(node.children):
        parts.append(FilePart(what="settings of geometries", fate=Fate.REMOVED))
    return inside


def _collected(members: list[dict[str, Any]]) -> dict[str, Any]:
    """Make one type of members of one type, as readers of KML do."""
    kinds = {member["type"] for member in members}
    if len(kinds) == 1 and kinds <= {"Point", "LineString", "Polygon"}:
        return {"type": f"Multi{kinds.pop()}", "coordinates": [member["coordinates"] for member in members]}
    return {"type": "GeometryCollection", "geometries": members}


def _rings(node: Node, parts: list[FilePart]) -> list[Any]:
    outer: list[Any] = []
    inner: list[Any] = []
    for child in node.children:
        if child.local in {"outerBoundaryIs", "innerBoundaryIs"}:
            rings = [_coordinates(ring, parts) for ring in child.children if ring.local == "LinearRing"]
            if len(rings) != len(child.children):
                raise bad_geometry("has a boundary that is no ring")
            (outer if child.local == "outerBoundaryIs" else inner).extend(rings)
        else:
            _setting(child, parts)
    if len(outer) != 1:
        raise bad_geometry("is a polygon without one outer ring")
    return outer + inner


def _setting(node: Node, parts: list[FilePart]) -> None:
    if node.local not in _HOW or node.children:
        raise bad_geometry("has something in it that is no geometry")
    parts.append(FilePart(what="settings of geometries", fate=Fate.REMOVED))


def _coordinates(node: Node, parts: list[FilePart]) -> list[list[float]]:
    found = [each for each in node.children if each.local == "coordinates"]
    for each in node.children:
        if each.local != "coordinates":
            _setting(each, parts)
    if len(found) != 1 or found[0].children:
        raise bad_geometry("has no coordinates, or has them twice")
    return _decimals(found[0].text, [position.split(",") for position in found[0].text.split()])


def _decimals(text: str, positions: list[list[str]]) -> list[list[float]]:
    """Return the numbers of positions; ``text`` is what they were cut from.

    Raises: UnreadableError when one is not two or three decimal numbers.
    """
    try:
        numbers = [list(map(float, position)) for position in positions]
    except ValueError:
        numbers = []
    # What Python takes for a number besides: names of what is not finite, digits of other scripts, underscores.
    if len(numbers) < len(positions) or not _PLAIN.fullmatch(text) or not set(map(len, numbers)) <= {_FLAT, _WITH_Z}:
        raise bad_geometry("has positions that are not two or three decimal numbers")
    if not all(map(math.isfinite, chain.from_iterable(numbers))):
        raise bad_geometry("has numbers that are too large")
    return numbers


def _track(node: Node, values: dict[str, Any], parts: list[FilePart]) -> bytes:
    """Encode a track as a line, and its times as one text."""
    tracks = [node] if node.local == "Track" else [each for each in node.children if each.local == "Track"]
    lines, times = [], []
    for track in tracks:
        line = []
        for child in track.children:
            if child.local == "coord":
                line += _decimals(child.text, [child.text.split()])
            elif child.local == "when":
                times.append(child.text)
            else:
                parts.append(FilePart(what="angles and data of tracks", fate=Fate.REMOVED))
        lines.append(line)
    if len(tracks) != len(node.children) and node.local == "MultiTrack":
        parts.append(FilePart(what="settings of geometries", fate=Fate.REMOVED))
    if times:
        values["when"] = " ".join(times)
    if node.local == "Track" and lines:
        return _encoded({"type": "LineString", "coordinates": lines[0]})
    return _encoded({"type": "MultiLineString", "coordinates": lines})


def _encoded(geometry: dict[str, Any]) -> bytes:
    wkb = to_wkb(geometry)
    return wkb if wkb is not None else struct.pack("<BII", 1, 7, 0)
