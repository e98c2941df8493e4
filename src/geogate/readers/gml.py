"""GML: features of simple properties with one geometry each, a layer for each type of feature; nothing is fetched.

Source: OGC 07-036 (GML 3.2.1) and 10-100r3 (simple features profile), 02-069 (GML 2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart, Format, together
from geogate.readers.gml_geometry import geometry_of, is_geometry
from geogate.readers.gml_reference import GmlReference, reference
from geogate.readers.recognise_xml import GML
from geogate.readers.surveyed import MANY, SurveyedSource
from geogate.readers.table_layer import Row, Survey
from geogate.readers.xml_nodes import Aside, whole_elements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.readers.surveyed import Surveyed
    from geogate.readers.xml_nodes import Name, Node

_OPEN: Final = frozenset(
    {"FeatureCollection", "SimpleFeatureCollection", "featureMember", "featureMembers", "member", "members"}
)
_WFS: Final = ("http://www.opengis.net/wfs", "http://www.opengis.net/wfs/2.0")
_XLINK: Final = "http://www.w3.org/1999/xlink"
_XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
_ABOUT: Final = frozenset({"boundedBy", "metaDataProperty", "name", "description", "identifier", "location"})
_USED_NAMES: Final = ("id", "fid", "srsName", "srsDimension", "nil")
MOST_TYPES: Final = 1_000


def _bad(why: str, remedy: str) -> UnreadableError:
    return UnreadableError(f"the GML {why}", remedy=remedy)


def _is_open(name: Name) -> bool:
    return name[1] in _OPEN


def _is_gml(node: Node) -> bool:
    return node.name[0] in GML or node.name[0] in _WFS


def _part(what: str, fate: Fate = Fate.REMOVED) -> FilePart:
    return FilePart(what=what, fate=fate)


class _Used(frozenset[tuple[str, str]]):
    """The attributes that are looked at, whatever the element."""

    __slots__ = ()

    def __contains__(self, each: object) -> bool:
        return isinstance(each, tuple) and each[1] in _USED_NAMES


@dataclass(slots=True)
class _Found:
    """What a first pass finds of one type of features."""

    survey: Survey = field(default_factory=Survey)
    reference: GmlReference | None = None


@dataclass(frozen=True)
class GmlSource(SurveyedSource):
    """One GML file."""

    format: Format = Format.GML

    def _rows(self, parts: list[FilePart], aside: Aside) -> Iterator[tuple[str, Row, str | None]]:
        """Yield the type, the row and the stated reference of every feature.

        Raises: UnreadableError.
        """
        for node, within in whole_elements(self.path, _is_open, aside):
            if any(name[0] == _XLINK for each in node.walk() for name in each.attributes):
                parts.append(_part("links to other places", Fate.REFUSED))
            if _is_gml(node) and node.local in _ABOUT:
                parts.append(_part("bounding boxes" if node.local == "boundedBy" else "metadata"))
            elif within and within[-1].name[1] not in {"FeatureCollection", "SimpleFeatureCollection"}:
                yield (node.local, *_feature(node, parts))
            else:
                parts.append(_part("elements outside of features", Fate.REFUSED))
            if len(parts) > MANY:
                parts[:] = together(parts)

    def survey(self) -> Surveyed:
        """Read the file to its end, and name its layers and all its parts.

        Raises: UnreadableError.
        """
        parts: list[FilePart] = []
        aside, found = Aside(_Used()), dict[str, _Found]()
        for kind, row, stated in self._rows(parts, aside):
            one = found.setdefault(kind, _Found())
            if len(found) > MOST_TYPES:
                raise _bad("has too many types of features", "send fewer at a time")
            one.survey.add(row)
            if row.wkb is not None:
                _agree(one, reference(stated))
        if not found:
            raise _bad("has no features", "export a feature collection")
        layers = tuple(
            one.survey.layer(kind, one.reference.crs if one.reference else None) for kind, one in found.items()
        )
        parts += [*aside.parts(), *(FilePart(what="features", fate=Fate.JUDGED, count=la.rows or 0) for la in layers)]
        return layers, together(parts)

    def rows_of(self, name: str) -> Iterator[Row]:
        """Read the rows of a layer by its name.

        Raises: UnreadableError.
        """
        yield from (row for kind, row, _ in self._rows([], Aside()) if kind == name)


def _agree(one: _Found, stated: GmlReference) -> None:
    if one.reference is None:
        one.reference = stated
    elif one.reference != stated:
        raise _bad(
            "names more than one reference system in a type of features", "give each reference system a file of its own"
        )


def _feature(node: Node, parts: list[FilePart]) -> tuple[Row, str | None]:
    """Make a row of a feature, and say which reference its geometry states.

    Raises: UnreadableError.
    """
    values: dict[str, Any] = {}
    for (_, name), value in node.attributes.items():
        if name in {"id", "fid"}:
            _set(values, "gml_id", value)
    shapes: list[Node] = []
    for child in node.children:
        if _is_gml(child) and child.local in {"boundedBy", "metaDataProperty"}:
            parts.append(_part("bounding boxes" if child.local == "boundedBy" else "metadata"))
        elif len(child.children) == 1 and is_geometry(child.children[0]):
            shapes += child.children
        elif child.children:
            parts.append(_part("nested properties", Fate.REFUSED))
        else:
            nil = child.attributes.get((_XSI, "nil")) in {"true", "1"}
            _set(values, child.local, None if nil else child.text)
    if len(shapes) > 1:
        raise _bad("has features with more than one geometry", "export one geometry a feature")
    if not shapes:
        return Row(None, values), None
    stated = shapes[0].attributes.get(("", "srsName"))
    return Row(geometry_of(shapes[0], reference(stated)), values), stated


def _set(values: dict[str, Any], name: str, value: str | None) -> None:
    if name.casefold() in {each.casefold() for each in values}:
        raise _bad("has a feature with two values of the same name", "give each property a name of its own")
    values[name] = value
