"""Frozen values to JSON documents and back: one canonical text for hashing, one strict way in."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from pydantic import TypeAdapter

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
_SEVERAL: Final = 2
"""Of so many fields on ``attrgetter`` gives a tuple."""

LATER: Final = MappingProxyType({"later": True})
"""The metadata of a field that came after documents were kept: one that has its default is not written."""


@cache
def _fields(kind: Any) -> tuple[Callable[[object], dict[str, Any]], tuple[tuple[str, Any], ...]] | None:
    """Say how the fields that are always written are read, and name the others with their values; ``None`` for others.

    The reading is made once a class: an audit writes millions of values to compare them.
    """
    if not is_dataclass(kind):
        return None
    later = {each.name: each.default for each in fields(kind) if each.metadata.get("later")}
    always = tuple(each.name for each in fields(kind) if later.get(each.name, MISSING) is MISSING)
    unwritten = tuple((name, default) for name, default in later.items() if default is not MISSING)
    if len(always) < _SEVERAL:
        return lambda value: {name: getattr(value, name) for name in always}, unwritten
    values = attrgetter(*always)
    return lambda value: dict(zip(always, values(value), strict=True)), unwritten


def _plain(value: object) -> Any:
    read = _fields(cast("Any", type(value)))
    if read is not None:
        always, later = read
        found = always(value)
        for name, unwritten in later:
            each = getattr(value, name)
            if each != unwritten:
                found[name] = each
        return found
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a document")


_ENCODER: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), allow_nan=False, ensure_ascii=False, default=_plain
)


def canonical_json(value: Any) -> str:
    """Write a value as JSON with sorted keys and no white space; equal values give equal text.

    Raises: ValueError for NaN or an infinity, TypeError for what is not plain data.
    Source: the number and string forms are Python's; compare RFC 8785.
    """
    return _ENCODER.encode(value)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def from_json(kind: type[T], text: str) -> T:
    """Read a value of ``kind`` from JSON text that says exactly what the value says, no more and no less.

    Raises: ValueError (pydantic.ValidationError is one) when the text is not exactly such a value.
    """
    value: T = _adapter(cast("Any", kind)).validate_json(text)
    again = canonical_json(value)
    if again != text and json.loads(again) != json.loads(text):
        raise ValueError(f"the document is not exactly a {kind.__name__}")
    return value
