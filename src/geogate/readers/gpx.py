"""GPX: waypoints, points of routes and points of tracks as three layers; extensions and metadata are left out.

Source: GPX 1.0 and 1.1, https://www.topografix.com/gpx.asp.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart, Format, together
from geogate.readers.geojson_geometry import to_wkb
from geogate.readers.surveyed import MANY, SurveyedSource
from geogate.readers.table_layer import Row, Survey
from geogate.readers.xml_nodes import Aside, whole_elements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.readers.surveyed import Surveyed
    from geogate.readers.xml_nodes import Name, Node, Opened

_GPX: Final = ("", "http://www.topografix.com/GPX/1/0", "http://www.topografix.com/GPX/1/1")
_OPEN: Final = frozenset({"gpx", "trk", "trkseg", "rte"})
_NUMBERED: Final = {"trk": "track", "trkseg": "segment", "rte": "route"}
_LAYERS: Final = {"wpt": "waypoints", "rtept": "route_points", "trkpt": "track_points"}
_NUMBERS: Final = frozenset(
    {"ele", "magvar", "geoidheight", "hdop", "vdop", "pdop", "ageofdgpsdata", "speed", "course"}
)
_TEXTS: Final = frozenset(
    {"time", "name", "cmt", "desc", "src", "sym", "type", "fix", "sat", "dgpsid", "url", "urlname", "number"}
)
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_USED: Final = frozenset((point, axis) for point in _LAYERS for axis in ("lat", "lon"))


def _is_open(name: Name) -> bool:
    return name[0] in _GPX and name[1] in _OPEN


def _part(what: str) -> FilePart:
    return FilePart(what=what, fate=Fate.REMOVED)


def _bad(why: str, remedy: str = "export the file again as GPX 1.1") -> UnreadableError:
    return UnreadableError(f"the GPX {why}", remedy=remedy)


@dataclass(slots=True)
class _About:
    """What is known of the track or route that is being read."""

    number: int = 0
    values: dict[str, Any] | None = None


@dataclass(frozen=True)
class GpxSource(SurveyedSource):
    """One GPX file; a kind of points of which it has none is no layer."""

    format: Format = Format.GPX

    def _rows(self, parts: list[FilePart], aside: Aside) -> Iterator[tuple[str, Row]]:
        about = _About()
        for node, within in whole_elements(self.path, _is_open, aside):
            inner = within[-1] if within else None
            if node.name[0] in _GPX and node.local in _LAYERS:
                yield _LAYERS[node.local], _point(node, within, about, parts)
            elif inner is not None and inner.name[1] in {"trk", "rte"} and node.name[0] in _GPX:
                _describe(node, inner, about, parts)
            elif node.local == "extensions" or node.name[0] not in _GPX:
                parts.append(_part("extensions"))
            else:
                parts.append(_part("metadata"))
            if len(parts) > MANY:
                parts[:] = together(parts)

    def survey(self) -> Surveyed:
        """Read the file to its end, and name its layers and all its parts.

        Raises: UnreadableError.
        """
        import pyproj

        parts: list[FilePart] = []
        aside, surveys = Aside(_USED), {name: Survey() for name in _LAYERS.values()}
        for name, row in self._rows(parts, aside):
            surveys[name].add(row)
        parts += aside.parts()
        crs = pyproj.CRS.from_user_input("OGC:CRS84")
        if not any(survey.rows for survey in surveys.values()):
            raise _bad("has no points")
        layers = tuple(survey.layer(name, crs) for name, survey in surveys.items() if survey.rows)
        parts += [FilePart(what="points", fate=Fate.JUDGED, count=layer.rows or 0) for layer in layers]
        return layers, together(parts)

    def rows_of(self, name: str) -> Iterator[Row]:
        """Read the rows of a layer by its name.

        Raises: UnreadableError.
        """
        yield from (row for kind, row in self._rows([], Aside()) if kind == name)


def _describe(node: Node, inner: Opened, about: _About, parts: list[FilePart]) -> None:
    """Keep a text of a track or route for the points that follow it."""
    if about.number != inner.number:
        about.number, about.values = inner.number, {}
    if node.local in _TEXTS and not node.children and about.values is not None:
        name = f"{inner.name[1]}_{node.local}"
        if name in about.values:
            raise _bad("has a track or a route with two texts of the same name")
        about.values[name] = node.text
    else:
        parts.append(_part("extensions" if node.local == "extensions" else "links"))


def _number(text: str) -> float:
    text = text.strip()
    if not _NUMBER.fullmatch(text) or not np.isfinite(float(text)):
        raise _bad("has a number that is none")
    return float(text)


def _point(node: Node, within: tuple[Opened, ...], about: _About, parts: list[FilePart]) -> Row:
    values: dict[str, Any] = {_NUMBERED[one.name[1]]: one.number for one in within if one.name[1] in _NUMBERED}
    if about.values and any(one.number == about.number for one in within):
        values |= about.values
    for child in node.children:
        if child.name[0] not in _GPX or child.local not in _NUMBERS | _TEXTS or child.children:
            parts.append(_part("extensions" if child.local == "extensions" else "links"))
        elif child.local in values:
            raise _bad("has a point with two values of the same name")
        else:
            values[child.local] = _number(child.text) if child.local in _NUMBERS else child.text
    if set(node.attributes) != {("", "lat"), ("", "lon")}:
        raise _bad("has a point without its longitude or latitude, or with more")
    lonlat = [_number(node.attributes["", "lon"]), _number(node.attributes["", "lat"])]
    return Row(to_wkb({"type": "Point", "coordinates": lonlat}), values)
