"""From strict YAML text to a model, with refusals that name file, line and key."""

from __future__ import annotations

import json
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic_core import ErrorDetails

    from geogate.policy.yaml_text import Path, Text

M = TypeVar("M", bound=BaseModel)


def read_model(text: Text, kind: type[M]) -> M:
    """Read the whole file as a model.

    Raises: PolicyError naming file, line and key.
    """
    return read_part(text, kind, json.loads(text.json), path=())


def read_part(text: Text, kind: type[M], value: Any, *, path: Path) -> M:
    """Read the value at a path of the file as a model.

    Raises: PolicyError naming file, line and key.
    """
    try:
        return kind.model_validate_json(json.dumps(value, allow_nan=False))
    except ValidationError as error:
        _refuse(text, kind, error, path)


def _refuse(text: Text, kind: type[BaseModel], error: ValidationError, path: Path) -> NoReturn:
    """Report the first error in the order of the file; an unknown key comes first, for it is often the missing one."""
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    places = [_location(text, path, each) for each in errors]
    # pydantic counts a list whose items are wrong as too short: what holds another error is not the cause.
    causes = [
        (each["type"] != "extra_forbidden", text.line(place), index)
        for index, (place, each) in enumerate(zip(places, errors, strict=True))
        if not any(other[: len(place)] == place != other for other in places)
    ]
    first, location = errors[min(causes)[2]], places[min(causes)[2]]
    if first["type"] == "extra_forbidden":
        names = _keys_at(kind, first["loc"])
        text.refuse(location, "unknown key", hint=nearest(str(first["loc"][-1]), names))
    if first["type"] == "missing":
        text.refuse(location, "the key is missing")
    text.refuse(location, first["msg"].removeprefix("Value error, ").replace("Tuple", "List"))


def _location(text: Text, path: Path, error: ErrorDetails) -> Path:
    """Turn pydantic's location, which names branches of unions too, into a path of the file."""
    whole = path
    for part in error["loc"]:
        if (*whole, part) in text.lines:
            whole = (*whole, part)
    return (*whole, error["loc"][-1]) if error["type"] == "missing" else whole


def _keys_at(kind: type[BaseModel], location: Sequence[str | int]) -> tuple[str, ...]:
    """Name the keys that a model knows where an unknown one was found."""
    schema = kind.model_json_schema()
    node: dict[str, Any] = schema
    for part in location[:-1]:
        node = _resolved(schema, node)
        node = node.get("items", {}) if isinstance(part, int) else node.get("properties", {}).get(part, {})
    return tuple(_resolved(schema, node).get("properties", {}))


def _resolved(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    for each in (node, *node.get("anyOf", ())):
        if "$ref" in each:
            found: dict[str, Any] = schema["$defs"][each["$ref"].removeprefix("#/$defs/")]
            return found
    return node


def nearest(word: str, known: Iterable[str]) -> str:
    """Suggest the nearest known word, or list what there is.

    >>> nearest("severty", ["severity", "meta"])
    "did you mean 'severity'?"
    """
    names = sorted(known)
    close = get_close_matches(word, names, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(names)}"
