"""The manifest of a zone list: YAML 1.2 beside the data, every key known, every value of the right kind."""

from __future__ import annotations

import io
import math
import re
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError

from geogate.model.names import SHA256, SLUG, Sha256, ZoneListName
from geogate.readers.zone_files.errors import ZoneListError
from geogate.zones.index import FARTHEST_BUFFER_M

if TYPE_CHECKING:
    from collections.abc import Callable

_FILE_NAME = re.compile(r"[^/\\:\x00-\x1f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneListFacts:
    """What people say of a zone list, and how its zones are named and classed.

    ``category`` is that of all zones unless ``category_field`` names the attribute that has it; ``id_field`` names the
    attribute that has the zones' ids, which are else their numbers in the file; ``buffer_m`` is the distance of all
    zones unless ``buffer_field`` names the attribute that has it.

    Units: ``buffer_m`` in metres on the ellipsoid.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A manifest: the facts, and which bytes with how many zones they are about."""

    facts: ZoneListFacts
    data: str
    sha256: Sha256
    count: int


def parse(text: str, *, file: str) -> Manifest:
    """Read a manifest.

    Raises: ZoneListError that names the file, the line and the key.
    """
    document = _document(text, file)
    values = {key: _value(document, key, file=file) for key in _KINDS if key in document or key not in _OPTIONAL}
    if values["as_of"] > values["valid_until"]:
        raise ZoneListError(file, "the list would expire before it begins", place=_place(document, "valid_until"))
    pinned = {key: values.pop(key) for key in ("data", "sha256", "count")}
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
    value = document[key]
    return str(value) if isinstance(value, str) else value


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_date(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_file_name(value: Any) -> bool:
    return isinstance(value, str) and bool(_FILE_NAME.fullmatch(value)) and value not in {".", ".."}


def is_distance(value: Any) -> bool:
    """Tell whether a value is a number of metres that a buffer can have."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return math.isfinite(value) and 0 <= value <= FARTHEST_BUFFER_M


_TEXT = ("a text that says something", _is_text)
_DATE = ("a date, YYYY-MM-DD", _is_date)
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
    "sha256": (
        "64 lower-case hexadecimal digits in quotes",
        lambda value: isinstance(value, str) and bool(SHA256.fullmatch(value)),
    ),
    "count": ("a whole number from 1 on", _is_count),
    "category": _TEXT,
    "id_field": _TEXT,
    "category_field": _TEXT,
    "buffer_m": (f"a number of metres from 0 to {FARTHEST_BUFFER_M:g}", is_distance),
    "buffer_field": _TEXT,
}
_OPTIONAL = frozenset({"id_field", "category_field", "buffer_m", "buffer_field"})


def dump(manifest: Manifest) -> str:
    """Write a manifest; equal manifests give equal text."""
    values = asdict(manifest.facts)
    document = {key: values.get(key, getattr(manifest, key, None)) for key in _KINDS}
    yaml = YAML(typ="rt", pure=True)
    yaml.width = 120
    stream = io.StringIO()
    yaml.dump({key: value for key, value in document.items() if value is not None}, stream)
    return stream.getvalue()
