"""Zones from extracts of OpenStreetMap: every element with one of the chosen tags is a zone, whole or not at all.

What a lenient reader leaves out without a word is an error here: a way whose nodes are missing, a relation whose ways
are, or do not close.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import shapely

from geogate.readers.zone_files.raw import RawZone, UnreadableZonesError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from shapely.geometry.base import BaseGeometry

CHOSEN: Final = ("military", "landuse=military")
"""The tags that make an element a zone unless the manifest chooses others."""

LARGEST: Final = 64 << 20
"""The largest extract that is read; larger ones are to be filtered first.

Units: bytes.
"""

_AREAS: Final = frozenset({"multipolygon", "boundary"})
_ROLES: Final = frozenset({"outer", "inner", ""})
_SMALLEST_RING: Final = 4
_Position = tuple[float, float]
Tags = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """A way: its nodes in order."""

    tags: Tags
    nodes: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A relation: the kind (node, way, relation), number and role of each member."""

    tags: Tags
    members: Sequence[tuple[str, int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Elements:
    """What an extract holds besides nodes without tags."""

    nodes: Mapping[int, Tags]
    ways: Mapping[int, Way]
    relations: Mapping[int, Relation]


class Extract(Protocol):
    """An extract that is read twice: what there is, and then where some of its nodes are."""

    def elements(self) -> Elements:
        """Read ways, relations and nodes with tags."""

    def positions(self, wanted: Collection[int]) -> Mapping[int, _Position]:
        """Read where nodes are, in longitude and latitude; those that are not in the extract are left out."""


def zones(extract: Extract, *, chosen: Sequence[str] = CHOSEN) -> list[RawZone]:
    """Read every element with a chosen tag, ``key`` or ``key=value``.

    Raises: UnreadableZonesError.
    """
    elements = extract.elements()
    found = list(_found(elements, chosen))
    wanted = {node for _, _, runs in found for run in runs for node in run}
    where = extract.positions(wanted)
    return [
        RawZone(place=place, attributes=_attributes(place, tags), geometry=_shape(place, runs, where, elements))
        for place, tags, runs in found
    ]


def _attributes(place: str, tags: Tags) -> Mapping[str, object]:
    return {**tags, "@id": place.replace(" ", "/")}


def is_chosen(tags: Tags, chosen: Sequence[str]) -> bool:
    """Tell whether an element has one of the tags; ``no`` says of a key that it does not hold."""
    for each in chosen:
        key, equals, value = each.partition("=")
        if (tags.get(key) == value) if equals else (tags.get(key, "no") != "no"):
            return True
    return False


def _found(elements: Elements, chosen: Sequence[str]) -> Iterator[tuple[str, Tags, list[Sequence[int]]]]:
    for number, tags in elements.nodes.items():
        if is_chosen(tags, chosen):
            yield f"node {number}", tags, [[number]]
    for number, way in elements.ways.items():
        if is_chosen(way.tags, chosen):
            yield f"way {number}", way.tags, [way.nodes]
    for number, relation in elements.relations.items():
        if is_chosen(relation.tags, chosen):
            yield f"relation {number}", relation.tags, _runs(relation, elements, f"relation {number}")


def _runs(relation: Relation, elements: Elements, place: str) -> list[Sequence[int]]:
    if relation.tags.get("type") not in _AREAS:
        reason = "it is no multipolygon and no boundary: leave it out of the extract, and its members in"
        raise UnreadableZonesError(reason, place=place)
    runs = []
    for kind, number, role in relation.members:
        if kind == "node":
            continue
        if kind != "way" or role not in _ROLES:
            raise UnreadableZonesError("it has a member that is neither its outer nor an inner way", place=place)
        if number not in elements.ways:
            raise UnreadableZonesError("one of its ways is not in the extract", place=place)
        runs.append(elements.ways[number].nodes)
    if not runs:
        raise UnreadableZonesError("it has no ways", place=place)
    return runs


def _shape(
    place: str, runs: Sequence[Sequence[int]], where: Mapping[int, _Position], elements: Elements
) -> BaseGeometry:
    if any(node not in where for run in runs for node in run):
        raise UnreadableZonesError("one of its nodes is not in the extract", place=place)
    lines = [[where[node] for node in run] for run in runs]
    kind, _, number = place.partition(" ")
    if kind == "node":
        return shapely.Point(lines[0][0])
    if min(map(len, lines)) < 2:  # noqa: PLR2004 - the ends of a line
        raise UnreadableZonesError("a way has fewer than two nodes", place=place)
    if kind == "way":
        closed = runs[0][0] == runs[0][-1] and len(runs[0]) >= _SMALLEST_RING
        return shapely.Polygon(lines[0]) if closed else shapely.LineString(lines[0])
    roles = [role for kind, _, role in elements.relations[int(number)].members if kind == "way"]
    outer = _areas([line for line, role in zip(lines, roles, strict=True) if role != "inner"], place)
    inner = [line for line, role in zip(lines, roles, strict=True) if role == "inner"]
    return shapely.difference(outer, _areas(inner, place)) if inner else outer


def _areas(lines: Sequence[Sequence[_Position]], place: str) -> BaseGeometry:
    """Join ways to rings, which must use up all of them."""
    areas, cuts, dangles, invalid = shapely.polygonize_full([shapely.LineString(line) for line in lines])
    if not all(rest.is_empty for rest in (cuts, dangles, invalid)) or areas.is_empty:
        raise UnreadableZonesError("its ways do not make closed rings", place=place)
    return shapely.union_all(list(areas.geoms))
