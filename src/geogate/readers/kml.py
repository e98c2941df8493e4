"""KML: every Placemark is a row with its texts and extended data; what is no Placemark is named and left out.

Source: OGC KML 2.3 (12-007r2); Google's gx:Track.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart, Format, together
from geogate.readers.kml_geometry import geometry_of, is_geometry
from geogate.readers.surveyed import MANY, SurveyedSource
from geogate.readers.table_layer import Row, Survey
from geogate.readers.xml_nodes import Aside, whole_elements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.readers.surveyed import Surveyed
    from geogate.readers.xml_nodes import Name, Node, Opened

KML: Final = ("", "http://www.opengis.net/kml/2.2", "http://www.opengis.net/kml/2.3")
_EARTH: Final = "http://earth.google.com/kml/2."
_ATOM: Final = "http://www.w3.org/2005/Atom"
_OPEN: Final = frozenset({"kml", "Document", "Folder"})
_TEXTS: Final = frozenset({"name", "description", "address", "phoneNumber", "Snippet", "snippet"})
_ELSEWHERE: Final = frozenset({"NetworkLink", "NetworkLinkControl", "Model", "AddressDetails"})
_PLACED: Final = {
    "LookAt": "views",
    "Camera": "views",
    "Region": "regions",
    "GroundOverlay": "overlays",
    "ScreenOverlay": "overlays",
    "PhotoOverlay": "overlays",
    "Tour": "tours",
}
_USED: Final = frozenset({("Placemark", "id"), ("Data", "name"), ("SimpleData", "name")})
_LAYER: Final = "placemarks"


def is_kml(name: Name) -> bool:
    """Tell whether a name is one of KML itself."""
    return name[0] in KML or name[0].startswith(_EARTH)


def _is_open(name: Name) -> bool:
    return is_kml(name) and name[1] in _OPEN


def _part(what: str, fate: Fate = Fate.REMOVED) -> FilePart:
    return FilePart(what=what, fate=fate)


@dataclass(frozen=True)
class KmlSource(SurveyedSource):
    """One KML file, which is one layer of its Placemarks."""

    format: Format = Format.KML

    def _rows(self, parts: list[FilePart], aside: Aside) -> Iterator[Row]:
        for node, within in whole_elements(self.path, _is_open, aside):
            if is_kml(node.name) and node.local == "Placemark":
                yield _placemark(node, within, parts)
            else:
                parts.append(_named(node, outside=True))
            if len(parts) > MANY:
                parts[:] = together(parts)

    def survey(self) -> Surveyed:
        """Read the file to its end, and name its layers and all its parts.

        Raises: UnreadableError.
        """
        import pyproj

        parts: list[FilePart] = []
        aside, survey = Aside(_USED), Survey()
        for row in self._rows(parts, aside):
            survey.add(row)
        if not survey.rows:
            remedy = "send the files with the placemarks" if parts else "export the placemarks again"
            raise UnreadableError("the KML has no placemarks", remedy=remedy)
        parts += [*aside.parts(), FilePart(what="placemarks", fate=Fate.JUDGED, count=survey.rows)]
        layer = survey.layer(_LAYER, pyproj.CRS.from_user_input("OGC:CRS84"))
        return (layer,), together(parts)

    def rows_of(self, name: str) -> Iterator[Row]:
        """Read the rows of a layer by its name.

        Raises: UnreadableError.
        """
        del name
        yield from self._rows([], Aside())


def _named(node: Node, *, outside: bool) -> FilePart:
    """Name an element that is no part of a row."""
    if not is_kml(node.name) and node.name[0] != _ATOM and "kml" not in node.name[0]:
        return _part("elements of other namespaces")
    if any(each.local in _ELSEWHERE for each in node.walk()):
        return _part("links to other places", Fate.REFUSED)
    if node.local in _PLACED:
        return _part(_PLACED[node.local])
    if node.local in {"Style", "StyleMap", "styleUrl"}:
        return _part("styles")
    if node.local == "Schema":
        return _part("schemas")
    return _part("texts and settings of folders" if outside else "settings of placemarks")


def _placemark(node: Node, within: tuple[Opened, ...], parts: list[FilePart]) -> Row:
    """Make a row of a Placemark; a second value of the same name joins no other, it is refused.

    Raises: UnreadableError.
    """
    values: dict[str, Any] = {}
    shapes = []
    if node.attributes.get(("", "id")):
        values["id"] = node.attributes["", "id"]
    for child in node.children:
        if is_geometry(child):
            shapes.append(child)
        elif is_kml(child.name) and child.local in _TEXTS and not child.children:
            _set(values, child.local.lower(), child.text)
        elif is_kml(child.name) and child.local in {"TimeStamp", "TimeSpan"}:
            for each in child.children:
                _set(values, each.local, each.text)
        elif is_kml(child.name) and child.local == "ExtendedData":
            _extended(child, values, parts)
        else:
            parts.append(_named(child, outside=False))
    if len(shapes) > 1:
        raise UnreadableError(
            "the KML has a placemark with more than one geometry", remedy="put them into one MultiGeometry"
        )
    folder = len([one for one in within if one.name[1] == "Folder"])
    if folder:
        values["folder"] = within[-1].number
    return Row(geometry_of(shapes[0], values, parts) if shapes else None, values)


def _set(values: dict[str, Any], name: str, value: str) -> None:
    taken = {each.casefold() for each in values}
    if name.casefold() in taken or not name:
        raise UnreadableError(
            "the KML has a placemark with two values of the same name", remedy="give each value a name of its own"
        )
    values[name] = value


def _extended(node: Node, values: dict[str, Any], parts: list[FilePart]) -> None:
    for data in node.children:
        if is_kml(data.name) and data.local == "Data":
            found = [each.text for each in data.children if is_kml(each.name) and each.local == "value"]
            _set(values, data.attributes.get(("", "name"), ""), "".join(found))
            if len(found) != len(data.children):
                parts.append(_part("display names"))
        elif is_kml(data.name) and data.local == "SchemaData":
            for each in data.children:
                if each.local != "SimpleData" or each.children:
                    parts.append(_part("arrays of extended data", Fate.REFUSED))
                else:
                    _set(values, each.attributes.get(("", "name"), ""), each.text)
        else:
            parts.append(_part("elements of other namespaces"))
