"""The manifest of a zone list: YAML 1.2 beside the data, every key known, every value of the right kind."""

from __future__ import annotations

import io
import math
import re
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from geogate.model.names import SHA256, SLUG, Sha256, ZoneListName
from geogate.readers.zone_files.errors import ZoneListError
from geogate.zones.index import FARTHEST_BUFFER_M

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

HOUSE_CLASSES: Final = (
    *("transport", "infrastructure", "military", "health", "religious", "education", "shelter", "government"),
    *("nature", "other"),
)
"""The classes that ``category_map`` translates a source's own words into."""

_FARTHEST_LON, _FARTHEST_LAT = 180.0, 90.0
_FILE_NAME = re.compile(r"[^/\\:\x00-\x1f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneListFacts:
    """What people say of a zone list, and how its zones are named and classed.

    ``category`` is that of all zones unless ``category_field`` names the attribute that has it; ``id_field`` names the
    attribute that has the zones' ids, which are else their numbers in the file; ``buffer_m`` is the distance of all
    zones unless ``buffer_field`` names the attribute that has it. ``category_map`` says which house class each value of
    ``category_field`` is; a value that is not in it is an error. ``grade`` and ``grade_field`` are words of ``grades``
    in the same way. ``counts`` are the zones that each class must have. ``within`` holds west, south, east and north of
    a box that no zone leaves. ``tags`` choose the zones of an extract of OpenStreetMap.

    Units: ``buffer_m`` in metres on the ellipsoid; ``within`` in degrees.
    """

    name: ZoneListName
    title: str
    source: str
    licence: str
    as_of: date
    valid_until: date
    category: str
    id_field: str | None = None
    category_field: str | None = None
    buffer_m: float = 0.0
    buffer_field: str | None = None
    valid_from: date | None = None
    category_map: Mapping[str, str] | None = None
    grade: str | None = None
    grade_field: str | None = None
    grades: Sequence[str] | None = None
    counts: Mapping[str, int] | None = None
    within: Sequence[float] | None = None
    tags: Sequence[str] | None = None

    @property
    def begins(self) -> date:
        """The first day on which the gate may use the list."""
        return self.valid_from or self.as_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest: the facts, and which bytes with how many zones they are about.

    ``content`` is the digest of the shapes as they were read when the list was pinned, whatever format they came in;
    ``None`` in manifests that do not say.
    """

    facts: ZoneListFacts
    data: str
    sha256: Sha256
    count: int
    content: Sha256 | None = None


def parse(text: str, *, file: str) -> Manifest:
    """Read a manifest.

    Raises: ZoneListError that names the file, the line and the key.
    """
    document = _document(text, file)
    values = {key: _value(document, key, file=file) for key in _KINDS if key in document or key not in _OPTIONAL}
    if values["as_of"] > values["valid_until"]:
        raise ZoneListError(file, "the list would expire before it begins", place=_place(document, "valid_until"))
    if values["as_of"] > values.get("valid_from", values["as_of"]):
        raise ZoneListError(
            file, "the list would begin before it describes anything", place=_place(document, "valid_from")
        )
    if values.get("valid_from", values["as_of"]) > values["valid_until"]:
        raise ZoneListError(file, "the list would expire before it begins", place=_place(document, "valid_until"))
    for key, needed in _NEEDS.items():
        if key in document and needed not in document:
            raise ZoneListError(file, f"it needs the key {needed!r}", place=_place(document, key))
    if "grade" in values and values["grade"] not in values["grades"]:
        raise ZoneListError(file, "it is not one of 'grades'", place=_place(document, "grade"))
    pinned = {key: values.pop(key, None) for key in ("data", "sha256", "count", "content")}
    return Manifest(facts=ZoneListFacts(**values), **pinned)


def _document(text: str, file: str) -> CommentedMap:
    try:
        document = YAML(typ="rt", pure=True).load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else ""
        raise ZoneListError(file, "the manifest is not YAML, or has a key twice", place=place) from None
    if not isinstance(document, CommentedMap):
        raise ZoneListError(file, "the manifest is not a mapping of keys to values")
    for key in document:
        if key not in _KINDS:
            raise ZoneListError(file, "the key is not known", place=_place(document, key))
    return document


def _place(document: CommentedMap, key: Any) -> str:
    return f"line {document.lc.key(key)[0] + 1}, key {str(key)[:40]!r}"


def _value(document: CommentedMap, key: str, *, file: str) -> Any:
    if key not in document:
        raise ZoneListError(file, f"the key {key!r} is missing")
    kind, accepts = _KINDS[key]
    if not accepts(document[key]):
        raise ZoneListError(file, f"it is not {kind}", place=_place(document, key))
    return _plain(document[key])


def _plain(value: Any) -> Any:
    """Turn what the parser keeps for rewriting the file into plain values."""
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return tuple(_plain(each) for each in value)
    if isinstance(value, bool | date):
        return value
    return next((kind(value) for kind in (str, int, float) if isinstance(value, kind)), value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_date(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_words(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_is_text, value)) and len(set(value)) == len(value)


def _is_category_map(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(each in HOUSE_CLASSES for each in value.values())


def _is_counts(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and all(_is_count(each) for each in value.values())


def _is_box(value: Any) -> bool:
    numbers = isinstance(value, list) and all(
        isinstance(each, int | float) and not isinstance(each, bool) and math.isfinite(each) for each in value
    )
    if not numbers or len(value) != 4:  # noqa: PLR2004 - west, south, east, north
        return False
    west, south, east, north = map(float, value)
    return max(abs(west), abs(east)) <= _FARTHEST_LON and -_FARTHEST_LAT <= south < north <= _FARTHEST_LAT


def _is_file_name(value: Any) -> bool:
    return isinstance(value, str) and bool(_FILE_NAME.fullmatch(value)) and value not in {".", ".."}


def is_distance(value: Any) -> bool:
    """Tell whether a value is a number of metres that a buffer can have."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and 0 <= value <= FARTHEST_BUFFER_M


_TEXT = ("a text that says something", _is_text)
_DATE = ("a date, YYYY-MM-DD", _is_date)
_SHA256 = (
    "64 lower-case hexadecimal digits in quotes",
    lambda value: isinstance(value, str) and bool(SHA256.fullmatch(value)),
)
_KINDS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "name": (
        "a name of lower-case letters, digits, dots, underscores and hyphens",
        lambda value: isinstance(value, str) and bool(SLUG.fullmatch(value)),
    ),
    "title": _TEXT,
    "source": _TEXT,
    "licence": _TEXT,
    "as_of": _DATE,
    "valid_until": _DATE,
    "data": ("the name of a file beside the manifest, without a folder", _is_file_name),
    "sha256": _SHA256,
    "count": ("a whole number from 1 on", _is_count),
    "category": _TEXT,
    "id_field": _TEXT,
    "category_field": _TEXT,
    "buffer_m": (f"a number of metres from 0 to {FARTHEST_BUFFER_M:g}", is_distance),
    "buffer_field": _TEXT,
    "valid_from": _DATE,
    "category_map": (f"a mapping of the source's words to {', '.join(HOUSE_CLASSES)}", _is_category_map),
    "grade": _TEXT,
    "grade_field": _TEXT,
    "grades": ("a list of different words", _is_words),
    "counts": ("a mapping of classes to whole numbers from 1 on", _is_counts),
    "within": ("west, south, east and north of a box in degrees", _is_box),
    "tags": ("a list of different tags, key or key=value", _is_words),
    "content": _SHA256,
}
_REQUIRED = frozenset(
    {"name", "title", "source", "licence", "as_of", "valid_until", "data", "sha256", "count", "category"}
)
_OPTIONAL = frozenset(_KINDS) - _REQUIRED
_NEEDS = {"category_map": "category_field", "grade": "grades", "grade_field": "grades"}


def dump(manifest: Manifest) -> str:
    """Write a manifest; equal manifests give equal text."""
    values = asdict(manifest.facts)
    document = {key: values.get(key, getattr(manifest, key, None)) for key in _KINDS}
    yaml = YAML(typ="rt", pure=True)
    yaml.width = 120
    stream = io.StringIO()
    yaml.dump({key: _dumped(value) for key, value in document.items() if value is not None}, stream)
    return stream.getvalue()


def _dumped(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
