"""Policy documents compared by what they mean: order and lists of one do not matter, every word does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTED: Final = ("Action", "NotAction", "Resource", "NotResource")
SHOWN: Final = 4
"""Differences that a line names; more are counted."""


def differences(wanted: Any, found: Any) -> str:
    """Say how a policy document differs from the wanted one, empty where it does not."""
    ours, theirs = _statements(wanted), _statements(found)
    said = list(_compared(ours, theirs))
    if _rest(wanted) != _rest(found):
        said.append("its version or id differs")
    more = [f"and {len(said) - SHOWN} more"] if len(said) > SHOWN else []
    return "; ".join([*said[:SHOWN], *more])


def _compared(ours: dict[str, str], theirs: dict[str, str]) -> Iterator[str]:
    for name in ours.keys() - theirs.keys():
        yield f"statement {name} is missing"
    for name in sorted(theirs.keys() - ours.keys()):
        yield f"there is another statement {name}"
    for name in ours.keys() & theirs.keys():
        if ours[name] != theirs[name]:
            yield f"statement {name} differs"


def _statements(document: Any) -> dict[str, str]:
    """Give the statements by their ids, those without one by what they say; none is lost by an id that stands twice."""
    found: dict[str, str] = {}
    statements = document.get("Statement", [])
    for statement in statements if isinstance(statements, list) else [statements]:
        text = json.dumps(_normal(statement), sort_keys=True)
        name = str(statement.get("Sid") or f"on {_first(statement)}")
        while name in found:
            name += " again"
        found[name] = text
    return found


def _first(statement: Any) -> str:
    """Name a statement without an id by the first of its actions."""
    actions = statement.get("Action", statement.get("NotAction", ""))
    return str(min(actions) if isinstance(actions, list) and actions else actions)


def _normal(statement: Any) -> Any:
    out = {key: value for key, value in statement.items() if key != "Sid"}
    for key in LISTED:
        if key in out:
            out[key] = _sorted(out[key])
    principal = out.get("Principal")
    if isinstance(principal, dict):
        out["Principal"] = {kind: _sorted(who) for kind, who in principal.items()}
    out["Condition"] = {
        operator: {key: _sorted(value) for key, value in keys.items()}
        for operator, keys in (out.get("Condition") or {}).items()
    }
    return out


def _sorted(value: Any) -> list[str]:
    return sorted({_text(each) for each in (value if isinstance(value, list) else [value])})


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _rest(document: Any) -> Any:
    return {key: value for key, value in document.items() if key not in {"Statement", "Id"}}
