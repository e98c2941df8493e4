"""TopoJSON: arcs put together to geometries, a layer for each object; the whole file is held in memory.

Source: TopoJSON Format Specification 1.0.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart, Format
from geogate.readers.geojson_geometry import to_wkb
from geogate.readers.json_text import parse
from geogate.readers.table_layer import Row, Survey, batches_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyproj

    from geogate.measures.batch import LayerBatch
    from geogate.measures.source import LayerSchema

LARGEST: Final = 48 << 20
MOST_POSITIONS: Final = 10_000_000
_FLAT: Final = 2
_MEMBERS: Final = frozenset({"type", "objects", "arcs", "transform", "bbox"})
_OF_OBJECT: Final = frozenset({"type", "arcs", "coordinates", "geometries", "properties", "id", "bbox"})
_IDS: Final = ("id", "@id")
_DEEPEST: Final = 20


def _bad(why: str) -> UnreadableError:
    return UnreadableError(f"the TopoJSON {why}", remedy="export it again, or send it as GeoPackage or GeoJSON")


@dataclass(frozen=True)
class TopoJSONSource:
    """One TopoJSON file."""

    path: Path
    format: Format = Format.TOPOJSON

    @cached_property
    def _topology(self) -> _Topology:
        if self.path.stat().st_size > LARGEST:
            raise UnreadableError(
                f"the TopoJSON has more than {LARGEST >> 20} MiB", remedy="send it as GeoPackage or GeoParquet"
            )
        try:
            whole = parse(self.path.read_bytes().decode("utf-8-sig"))
        except UnicodeDecodeError:
            raise _bad("is not UTF-8") from None
        return _Topology(whole)

    @cached_property
    def layers(self) -> tuple[LayerSchema, ...]:
        """A layer for each object of the topology.

        Raises: UnreadableError.
        """
        import pyproj

        crs = pyproj.CRS.from_user_input("OGC:CRS84")
        found = []
        for name in self._topology.objects:
            survey = Survey()
            for row in self._topology.rows(name):
                survey.add(row)
            found.append(survey.layer(name, crs))
        return tuple(found)

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """Every part of the file, and what becomes of it.

        Raises: UnreadableError.
        """
        rows = sum(layer.rows or 0 for layer in self.layers)
        return (FilePart(what="features", fate=Fate.JUDGED, count=rows), *self._topology.parts())

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Read all rows of a layer.

        Raises: UnreadableError.
        """
        yield from batches_of(self._topology.rows(layer.name), layer, crs)


class _Topology:
    """A parsed topology whose arcs are absolute positions."""

    def __init__(self, whole: Any) -> None:
        if not isinstance(whole, dict) or whole.get("type") != "Topology" or not isinstance(whole.get("objects"), dict):
            raise _bad("is no topology")
        self._whole = whole
        self.objects: dict[str, Any] = whole["objects"]
        scale, translate = _transform(whole.get("transform"))
        self._scale, self._translate = scale, translate
        self._quantized = "transform" in whole
        arcs = whole.get("arcs")
        if not isinstance(arcs, list) or not all(isinstance(arc, list) for arc in arcs):
            raise _bad("has no arcs")
        self._arcs = [self._absolute(arc) for arc in arcs]
        self._used: set[int] = set()
        self._positions = 0

    def parts(self) -> tuple[FilePart, ...]:
        """Name what no row has: boxes, members that the format does not know, arcs that no geometry uses.

        Only meaningful once all rows were made.
        """
        unused = len(self._arcs) - len(self._used)
        odd = len(self._whole.keys() - _MEMBERS)
        inner = [each for each in self._walk() if isinstance(each, dict)]
        odd += sum(len(each.keys() - _OF_OBJECT) for each in inner)
        boxes = ("bbox" in self._whole) + sum("bbox" in each for each in inner)
        properties = sum(each.get("type") == "GeometryCollection" and bool(each.get("properties")) for each in inner)
        counted = (
            ("white space and spellings", 1),
            ("arcs that no geometry uses", unused),
            ("bounding boxes", boxes),
            ("other members", odd),
            ("properties of collections", properties),
        )
        return tuple(FilePart(what=what, fate=Fate.REMOVED, count=count) for what, count in counted if count)

    def _walk(self) -> Iterator[Any]:
        waiting = list(self.objects.values())
        while waiting:
            each = waiting.pop()
            yield each
            if isinstance(each, dict) and isinstance(each.get("geometries"), list):
                waiting += each["geometries"]

    def rows(self, name: str) -> Iterator[Row]:
        """Make a row of each geometry of an object.

        Raises: UnreadableError.
        """
        found = self.objects[name]
        if not isinstance(found, dict):
            raise _bad("has an object that is no geometry")
        self._positions = 0
        members = found.get("geometries") if found.get("type") == "GeometryCollection" else [found]
        if not isinstance(members, list):
            raise _bad("has a collection without geometries")
        for member in members:
            if not isinstance(member, dict):
                raise _bad("has an object that is no geometry")
            yield self._row(member)

    def _row(self, member: dict[str, Any]) -> Row:
        properties = member.get("properties") or {}
        if not isinstance(properties, dict):
            raise _bad("has properties that are no object")
        values = dict(properties)
        if member.get("id") is not None:
            column = next((name for name in _IDS if name not in values), None)
            if column is None or isinstance(member["id"], (dict, list)):
                raise _bad("has an id that cannot be kept")
            values[column] = member["id"] if isinstance(member["id"], str) else json.dumps(member["id"])
        return Row(to_wkb(self._geometry(member, 0)), values)

    def _geometry(self, member: Any, depth: int) -> dict[str, Any] | None:
        if not isinstance(member, dict) or depth > _DEEPEST:
            raise _bad("has an object that is no geometry")
        kind = member.get("type")
        if kind is None:
            return None
        if kind == "GeometryCollection":
            geometries = [self._geometry(each, depth + 1) for each in _list(member.get("geometries"))]
            return {"type": kind, "geometries": geometries}
        return {"type": kind, "coordinates": self._coordinates(kind, member)}

    def _coordinates(self, kind: Any, member: dict[str, Any]) -> list[Any]:
        arcs = member.get("arcs")
        match kind:
            case "Point":
                return self._place(member.get("coordinates"))
            case "MultiPoint":
                return [self._place(each) for each in _list(member.get("coordinates"))]
            case "LineString":
                return self._line(arcs)
            case "MultiLineString" | "Polygon":
                return [self._line(each) for each in _list(arcs)]
            case "MultiPolygon":
                return [[self._line(each) for each in _list(ring)] for ring in _list(arcs)]
            case _:
                raise _bad("has an object of an unknown type")

    def _line(self, indexes: Any) -> list[list[float]]:
        line: list[list[float]] = []
        for index in _list(indexes):
            if type(index) is not int or not -len(self._arcs) <= index < len(self._arcs):
                raise _bad("names an arc that it has not")
            number = index if index >= 0 else ~index
            self._used.add(number)
            arc = self._arcs[number] if index >= 0 else self._arcs[number][::-1]
            if line and arc and line[-1][:_FLAT] != arc[0][:_FLAT]:
                raise _bad("has arcs that do not meet")
            line += arc[1:] if line else arc
            # One arc may be named many times: what comes out is bounded, not what goes in.
            self._positions += len(arc)
            if self._positions > MOST_POSITIONS:
                raise _bad("has more positions than geogate reads")
        return line

    def _absolute(self, arc: list[Any]) -> list[list[float]]:
        if not self._quantized:
            return [_numbers(each) for each in arc]
        found, x, y = [], 0.0, 0.0
        for each in arc:
            numbers = _numbers(each)
            x, y = x + numbers[0], y + numbers[1]
            found.append([*self._scaled(x, y), *numbers[_FLAT:]])
        return found

    def _place(self, position: Any) -> list[float]:
        numbers = _numbers(position)
        return [*self._scaled(numbers[0], numbers[1]), *numbers[_FLAT:]] if self._quantized else numbers

    def _scaled(self, x: float, y: float) -> tuple[float, float]:
        (sx, sy), (tx, ty) = self._scale, self._translate
        return x * sx + tx, y * sy + ty


def _list(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise _bad("is not nested as its types say")
    return found


def _numbers(position: Any) -> list[float]:
    numbers = _list(position)
    if len(numbers) < _FLAT or not {type(each) for each in numbers} <= {int, float}:
        raise _bad("has positions that are no numbers")
    try:
        return [float(each) for each in numbers]
    except OverflowError:
        raise _bad("has numbers that are too large") from None


def _transform(found: Any) -> tuple[tuple[float, float], tuple[float, float]]:
    if found is None:
        return (1.0, 1.0), (0.0, 0.0)
    if not isinstance(found, dict) or set(found) != {"scale", "translate"}:
        raise _bad("has a transform that is not understood")
    scale, translate = _numbers(found["scale"]), _numbers(found["translate"])
    if len(scale) != _FLAT or len(translate) != _FLAT:
        raise _bad("has a transform that is not understood")
    return (scale[0], scale[1]), (translate[0], translate[1])
