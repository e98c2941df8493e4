"""The text of a GeoJSON file, compared with how a writer spells what the rows show; anything else is named.

A writer has one style for a whole file: what stands between members and features, and how characters are escaped.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_TEXT: Final = re.compile(r'("(?:[^"\\]|\\.)*")')
_CRS: Final = re.compile(r"urn:ogc:def:crs:(OGC:1\.3:CRS84|[A-Z]{3,5}::[1-9]\d{2,6})|EPSG:[1-9]\d{3,5}")
_MOST: Final = 16
"""Ways in which the members of features may differ before it is plain that they do."""

ID: Final = "\0id"
"""Stands for the ids of features among the names of properties."""

_LONGEST_CARRY: Final = 1024
FEATURE: Final = frozenset({"type", "properties", "geometry", "id"})
OTHER_TEXT = "another spelling of the same values"


@dataclass(frozen=True, slots=True)
class Style:
    """How a writer spells values: what stands between them, within brackets, and whether characters are escaped."""

    comma: str
    colon: str
    padded: bool = False
    escaped: bool = False

    def dump(self, value: Any) -> str:
        """Spell a value."""
        text = json.dumps(value, ensure_ascii=self.escaped, separators=(self.comma, self.colon))
        return _padded(text) if self.padded else text


def _between(text: str) -> str:
    """Return what a writer puts between features, with which a text begins."""
    return next((between for between in BETWEEN if text.startswith(between)), "?")


def _padded(text: str) -> str:
    """Put a space within every bracket, as GDAL does outside of coordinates and within."""
    pieces = _TEXT.split(text)
    # A NUL stands for each text in turn; there is none in JSON.
    outside = "\0".join(pieces[::2])
    for bracket in "{[":
        outside = outside.replace(bracket, f"{bracket} ")
    for bracket in "}]":
        outside = outside.replace(bracket, f" {bracket}")
    outside = outside.replace("{  }", "{ }").replace("[  ]", "[ ]")
    texts = iter([*pieces[1::2], ""])
    return "".join(piece + next(texts) for piece in outside.split("\0"))


STYLES: Final = tuple(
    Style(comma, colon, padded) for comma, colon, padded in ((",", ":", False), (", ", ": ", False), (", ", ": ", True))
)
BETWEEN: Final = (",\n", ", ", ",", "\n\x1e", "\n")
"""What stands between features; none is the beginning of a later one."""


@dataclass(frozen=True, slots=True)
class Frame:
    """How a writer puts features into a collection: the text round members and round features."""

    begin: str
    comma: str
    colon: str
    opening: str
    closing: str
    ends: tuple[str, ...]


def _frames(style: Style) -> tuple[Frame, ...]:
    return (
        Frame("{", style.comma, style.colon, "\n", "\n]", ("}\n",)),
        Frame("{", style.comma, style.colon, "", "]", ("}", "}\n")),
        Frame("{\n", ",\n", ": ", "\n", "\n]", ("\n}\n",)),
    )


@dataclass(slots=True)
class Spelling:
    """What is found of a file's text while its features are read; ``odd`` counts what the rows do not show."""

    odd: Counter[str] = field(default_factory=Counter)
    tail: str = ""
    """What follows the last run of features."""
    _style: Style | None = None
    _is_unescaped: bool = False
    _between: str = ""
    _head: str = ""
    _carry: str = ""
    _keys: dict[str, set[tuple[str, ...]]] = field(default_factory=lambda: defaultdict(set))
    _types: dict[str, set[type]] = field(default_factory=lambda: defaultdict(set))

    def add(self, features: list[Any], text: str) -> None:
        """Look at some features and the text that was passed with them."""
        if self.odd or not features:
            return
        if not all(isinstance(one, dict) for one in features):
            self.odd[OTHER_TEXT] += 1
            return
        try:
            self._compare(features, self._carry + text)
            self._look(features)
        except RecursionError:
            self.odd[OTHER_TEXT] += 1
        self.odd = +self.odd

    def _compare(self, features: list[Any], text: str) -> None:
        if self._style is None:
            text = self._begun(features, text)
        else:
            self._between = self._between or _between(text)
            text = self._rest(text, self._between)
        if self._style is not None:
            text = self._rest(text, self._spelt(self._style, features, text))
        self._carry = text
        self.odd[OTHER_TEXT] += len(text) > _LONGEST_CARRY

    def _begun(self, features: list[Any], text: str) -> str:
        """Find the one style in which the first features are spelled."""
        for style in STYLES:
            first = style.dump(features[0])
            at = text.find(first)
            if at < 0:
                continue
            between = _between(text[at + len(first) :]) if len(features) > 1 else ""
            self._style, self._between, self._head = style, between, text[:at]
            return text[at:]
        self.odd[OTHER_TEXT] += 1
        return ""

    def _spelt(self, style: Style, features: list[Any], text: str) -> str:
        """Spell features; with the first characters beyond ASCII it shows whether the writer escapes them."""
        expected = self._between.join(map(style.dump, features))
        if not expected.isascii() and not self._is_unescaped and not text.startswith(expected):
            self._style = replace(style, escaped=True)
            return self._between.join(map(self._style.dump, features))
        self._is_unescaped |= not expected.isascii()
        return expected

    def _rest(self, text: str, expected: str) -> str:
        if text.startswith(expected):
            return text[len(expected) :]
        self.odd[OTHER_TEXT] += 1
        return ""

    def _look(self, features: list[dict[str, Any]]) -> None:
        """Collect in how many ways members are named, and by which types the values of properties are spelled."""
        properties = [one.get("properties") for one in features]
        geometries = [one.get("geometry") for one in features]
        for what, found in (("feature", features), ("properties", properties), ("geometry", geometries)):
            self._keys[what] |= {tuple(one) for one in found if isinstance(one, dict)}
            self.odd["members that differ from feature to feature"] += len(self._keys[what]) > _MOST
        self.odd["members that are null"] += sum(not isinstance(one, dict) for one in properties)
        self.odd["members that are null"] += sum("id" in one and one["id"] is None for one in features)
        for one in geometries:
            self._look_at_geometry(one)
        for name in {name for keys in self._keys["properties"] for name in keys}:
            self._types[name] |= {type(one.get(name)) for one in properties if isinstance(one, dict)}
        self._types[ID] |= {type(one["id"]) for one in features if "id" in one}

    def _look_at_geometry(self, geometry: Any) -> None:
        if not isinstance(geometry, dict):
            return
        for member in geometry.get("geometries") or ():
            if isinstance(member, dict):
                self._keys["geometry"].add(tuple(member))
                self._look_at_geometry(member)
        if _has_whole(geometry.get("coordinates")):
            self.odd["whole numbers as ordinates"] += 1

    def end(self, outer: Mapping[str, Any], *, name: str, doubles: Iterable[str]) -> None:
        """Look at what stands before and after the features, when all of them have been seen.

        ``name`` is what the file is called, and ``doubles`` are the properties that are read as numbers with digits.
        """
        self._end_members(outer, name=name)
        for one in doubles:
            self.odd["numbers in more than one spelling"] += {int, float} <= self._types[one]
        if not +self.odd:
            self.odd[OTHER_TEXT] += not self._is_framed(outer, self._carry + self.tail)
        self.odd = +self.odd

    def _end_members(self, outer: Mapping[str, Any], *, name: str) -> None:
        features = self._keys["feature"]
        foreign = {key for keys in features for key in keys} - FEATURE
        if outer.get("type") == "FeatureCollection":
            foreign |= outer.keys() - {"type", "features", "crs", "name"}
        elif outer:
            foreign -= {"crs"}
        foreign |= {key for keys in self._keys["geometry"] for key in keys} - {"type", "coordinates", "geometries"}
        self.odd["bounding boxes"] += "bbox" in foreign
        self.odd["foreign members"] += len(foreign - {"bbox"})
        self.odd["foreign members"] += "name" in outer and outer["name"] != name
        plain = {tuple(key for key in keys if key != "id") for keys in features}
        with_id = {keys for keys in features if "id" in keys}
        differ = max(len(plain), len(with_id), len(self._keys["properties"])) > 1
        wrong = any(keys[:1] != ("type",) or len(keys) != 2 for keys in self._keys["geometry"])  # noqa: PLR2004 - and one more
        self.odd["members that differ from feature to feature"] += differ or wrong
        self.odd["descriptions of the reference"] += "crs" in outer and not _names_crs(outer["crs"])

    def _is_framed(self, outer: Mapping[str, Any], tail: str) -> bool:
        style = self._style
        if style is None:
            return False
        if outer.get("type") != "FeatureCollection":
            ends = ("", "\n") if outer else ("\n",)
            return self._head == ("\x1e" if "\x1e" in self._between else "") and tail in ends
        return any(_fits(frame, style, outer, self._head, tail) for frame in _frames(style))


def _fits(frame: Frame, style: Style, outer: Mapping[str, Any], head: str, tail: str) -> bool:
    members = {key: style.dump(key) + frame.colon + style.dump(value) for key, value in outer.items()}
    names = list(outer)
    at = names.index("features")
    before = frame.comma.join([members[key] for key in names[:at]] + [f'"features"{frame.colon}['])
    after = "".join(frame.comma + members[key] for key in names[at + 1 :])
    return head == frame.begin + before + frame.opening and tail in {
        f"{frame.closing}{after}{end}" for end in frame.ends
    }


def _names_crs(crs: Any) -> bool:
    """Tell whether a CRS is named by nothing but its code."""
    if crs is None:
        return True
    named = crs.get("properties", {}).get("name") if isinstance(crs, dict) else None
    plain = {"type": "name", "properties": {"name": named}}
    return crs == plain and list(crs) == list(plain) and isinstance(named, str) and bool(_CRS.fullmatch(named))


def _has_whole(coordinates: Any) -> bool:
    """Tell whether an ordinate is spelled as a whole number."""
    ahead = [coordinates]
    while ahead:
        found = ahead.pop()
        if isinstance(found, list):
            if found and type(found[0]) is not list:
                if int in map(type, found):
                    return True
                continue
            ahead.extend(found)
    return False
