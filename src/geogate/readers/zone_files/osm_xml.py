"""OpenStreetMap XML, read without entities and twice, so that only the nodes of zones are kept."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from geogate.readers.zone_files.osm import Elements, Relation, Tags, Way
from geogate.readers.zone_files.raw import UnreadableZonesError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

_REST: Final = frozenset({"bounds", "note", "meta", "remark"})
_KINDS: Final = frozenset({"node", "way", "relation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlExtract:
    """An extract as XML text without a document type, which its maker has looked for."""

    data: bytes

    def elements(self) -> Elements:
        """Read ways, relations and nodes with tags.

        Raises: UnreadableZonesError.
        """
        nodes: dict[int, Tags] = {}
        ways: dict[int, Way] = {}
        relations: dict[int, Relation] = {}
        for element in self._each():
            number, tags = _id(element, "id"), _tags(element)
            if element.tag == "node" and tags:
                nodes[number] = tags
            elif element.tag == "way":
                refs = [_id(child, "ref") for child in element if child.tag == "nd"]
                ways[number] = Way(tags=tags, nodes=refs)
            elif element.tag == "relation":
                relations[number] = Relation(
                    tags=tags,
                    members=[
                        (child.get("type", ""), _id(child, "ref"), child.get("role", ""))
                        for child in element
                        if child.tag == "member"
                    ],
                )
        return Elements(nodes=nodes, ways=ways, relations=relations)

    def positions(self, wanted: Collection[int]) -> Mapping[int, tuple[float, float]]:
        """Read where nodes are.

        Raises: UnreadableZonesError.
        """
        found: dict[int, tuple[float, float]] = {}
        for element in self._each():
            if element.tag == "node" and (number := _id(element, "id")) in wanted:
                found[number] = (_number(element, "lon"), _number(element, "lat"))
        return found

    def _each(self) -> Iterator[ET.Element]:
        """Give the elements one by one, each once, and forget them."""
        seen: set[tuple[str, int]] = set()
        depth, root = 0, None
        try:
            for event, element in ET.iterparse(io.BytesIO(self.data), events=("start", "end")):  # noqa: S314 - no entities
                depth += 1 if event == "start" else -1
                root = element if root is None else root
                if event == "start" or depth != 1:
                    continue
                self._check(element, seen)
                if element.tag in _KINDS:
                    yield element
                root.clear()
        except (ET.ParseError, ValueError) as error:
            line = error.position[0] if isinstance(error, ET.ParseError) else 1
            raise UnreadableZonesError("the text is not XML to its end", place=f"line {line}") from None

    @staticmethod
    def _check(element: ET.Element, seen: set[tuple[str, int]]) -> None:
        if element.tag in _REST:
            if element.tag == "remark":
                raise UnreadableZonesError("the server that wrote it remarks something, such as that it stopped")
            return
        if element.tag not in _KINDS:
            raise UnreadableZonesError("it has an element that is no node, way or relation")
        key = (element.tag, _id(element, "id"))
        if key in seen:
            raise UnreadableZonesError("it stands twice", place=f"{key[0]} {key[1]}")
        seen.add(key)
        if element.get("visible", "true") != "true" or "action" in element.attrib:
            raise UnreadableZonesError("it is deleted or changed: export what is", place=f"{key[0]} {key[1]}")


def _tags(element: ET.Element) -> Tags:
    return {child.get("k", ""): child.get("v", "") for child in element if child.tag == "tag"}


def _id(element: ET.Element, name: str) -> int:
    try:
        return int(element.get(name, ""))
    except ValueError:
        raise UnreadableZonesError("an element has no number") from None


def _number(element: ET.Element, name: str) -> float:
    try:
        value = float(element.get(name, ""))
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UnreadableZonesError("it has no position", place=f"node {_id(element, 'id')}")
    return value
