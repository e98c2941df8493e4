"""Properties of features as Arrow columns: one type a column, and JSON text where no one type holds all its values."""

from __future__ import annotations

import json
from enum import StrEnum
from functools import reduce
from typing import Any

import pyarrow as pa

from geogate.measures.source import UnreadableError

JSON_TEXT = {b"geogate": b"json"}
"""Marks a text column whose values are JSON, so that a writer gives back what was there."""


class Kind(StrEnum):
    """What the values of a property have in common."""

    NULL = "null"
    BOOL = "bool"
    SMALL = "small"
    """Whole numbers that a double holds too."""
    WHOLE = "whole"
    """Whole numbers of 64 bits."""
    DOUBLE = "double"
    TEXT = "text"
    JSON = "json"


_TYPES = {
    Kind.NULL: pa.null(),
    Kind.BOOL: pa.bool_(),
    Kind.SMALL: pa.int64(),
    Kind.WHOLE: pa.int64(),
    Kind.DOUBLE: pa.float64(),
    Kind.TEXT: pa.string(),
    Kind.JSON: pa.string(),
}
_KINDS = {type(None): Kind.NULL, bool: Kind.BOOL, int: Kind.WHOLE, float: Kind.DOUBLE, str: Kind.TEXT}
_EXACT = 2**53
_WHOLE = 2**63
_NUMBERS = {frozenset({Kind.SMALL, Kind.WHOLE}): Kind.WHOLE, frozenset({Kind.SMALL, Kind.DOUBLE}): Kind.DOUBLE}


def kind_of_all(values: list[Any]) -> Kind:
    """Name the kind that holds all of some values."""
    kinds = {_KINDS.get(found, Kind.JSON) for found in set(map(type, values))}
    if Kind.WHOLE in kinds:
        kinds.remove(Kind.WHOLE)
        whole = [value for value in values if type(value) is int]
        kinds.add(_whole(min(whole), max(whole)))
    return reduce(merge, kinds, Kind.NULL)


def _whole(least: int, most: int) -> Kind:
    if least < -_WHOLE or most >= _WHOLE:
        return Kind.JSON
    return Kind.SMALL if least >= -_EXACT and most <= _EXACT else Kind.WHOLE


def merge(one: Kind, other: Kind) -> Kind:
    """Name the kind that holds the values of both without changing any."""
    if one == other or other is Kind.NULL:
        return one
    if one is Kind.NULL:
        return other
    return _NUMBERS.get(frozenset({one, other}), Kind.JSON)


def field_of(name: str, kind: Kind) -> pa.Field:
    """Describe the column of a property."""
    return pa.field(name, _TYPES[kind], metadata=JSON_TEXT if kind is Kind.JSON else None)


def column(values: list[Any], field: pa.Field) -> pa.Array:
    """Make the column of some rows.

    Raises: UnreadableError for a number or a character that the column's type cannot hold.
    """
    try:
        if JSON_TEXT.keys() & (field.metadata or {}).keys():
            values = [None if value is None else _text(value) for value in values]
        found = pa.array(values, field.type)
    except (pa.ArrowException, ValueError, OverflowError):
        raise _unfit() from None
    if pa.types.is_float64(field.type) and not pa.compute.all(pa.compute.is_finite(found)).as_py() and len(found):
        _require_finite(found)
    return found


def _require_finite(found: pa.Array) -> None:
    finite = pa.compute.is_finite(found.drop_null())
    if not pa.compute.all(finite, min_count=0).as_py():
        raise _unfit()


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _unfit() -> UnreadableError:
    return UnreadableError(
        "the GeoJSON has a property with a number or text that cannot be represented",
        remedy="write finite numbers and whole Unicode characters",
    )
