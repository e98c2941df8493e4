"""GeoJSON that is a geometry without a feature around it: one row without attributes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geogate.model.dataset import Format
from geogate.readers.geojson import GEOMETRY, GeoJSONSource
from geogate.readers.geojson_geometry import CODES
from geogate.readers.json_text import JsonText, malformed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geogate.readers.geojson_spelling import Spelling

_MEMBERS = frozenset({"type", "coordinates", "geometries", "crs"})


@dataclass(frozen=True)
class BareGeometrySource(GeoJSONSource):
    """One GeoJSON file that is one geometry."""

    def _features(self, outer: dict[str, Any], spelling: Spelling | None = None) -> Iterator[list[Any]]:
        if spelling is not None:
            spelling.odd["geometries without a feature around them"] += 1
        with self.path.open("rb") as file:
            text = JsonText(file)
            geometry = text.value()
            if text.peek():
                raise malformed("goes on after its end")
        if set(geometry) - _MEMBERS:
            raise malformed("is a geometry with other members, which no rule sees")
        if "crs" in geometry:
            outer["crs"] = geometry.pop("crs")
        yield [{"type": "Feature", "properties": {}, GEOMETRY: geometry}]


def geojson_source(path: Path, kind: Format) -> GeoJSONSource:
    """Choose the reader of a file of GeoJSON by what its one object is."""
    if kind is Format.GEOJSON and _is_bare(path):
        return BareGeometrySource(path, kind)
    return GeoJSONSource(path, kind)


def _is_bare(path: Path) -> bool:
    """Tell whether the first object says that it is a geometry.

    Raises: UnreadableError when it is no JSON up to where it says so.
    """
    with path.open("rb") as file:
        text = JsonText(file)
        text.take("{")
        while text.peek() not in {"}", ""}:
            name = text.value()
            text.take(":")
            if name == "features":
                return False
            value = text.value()
            if name == "type":
                return isinstance(value, str) and value in CODES
            if text.peek() == ",":
                text.take(",")
    return False
