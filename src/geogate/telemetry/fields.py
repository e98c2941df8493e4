"""What may be said: a literal list of fields, each with the only shape that its values have; all else is left out.

Nothing here has room for a position, a name of a file or zone, a comment, a secret or the text of an exception.
"""

from __future__ import annotations

import math
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Plain = str | int | list[str]
"""What a field can hold."""

WITHHELD: Final = "withheld"
"""Stands where a value has not the shape of its field."""


class Event(StrEnum):
    """Everything that a log line can be about."""

    STAGE = "stage"
    JUDGED = "judged"
    CLEARED = "cleared"
    SENT = "sent"
    COMMAND = "command"
    HEALTH = "health"
    MESSAGE = "message"


class Stage(StrEnum):
    """The parts of the work that take time."""

    SUBMIT = "submit"
    SEND = "send"
    INTAKE = "intake"
    INSPECTION = "inspection"
    MEASURING = "measuring"
    JUDGING = "judging"
    SEALING = "sealing"
    CLEARANCE = "clearance"
    SENDING = "sending"
    AUDIT = "audit"


class Outcome(StrEnum):
    """How a stage ended: as it should, by a refusal, by an error of the product, or by a crash."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    CRASHED = "crashed"


_MOST: Final = 50
_MOST_DIGITS: Final = 8
_NAME: Final = re.compile(r"(?:gate/)?[a-z][a-z0-9_-]{0,62}(?:\.[a-z][a-z0-9_-]{0,30}){0,3}")
_RUN: Final = re.compile(r"[0-9]{5}")


def name_of(value: object) -> str | None:
    """Give the name of a policy or rule; none that could spell a position has the shape of one."""
    text = str(value) if isinstance(value, str) else ""
    fits = _NAME.fullmatch(text) is not None and _RUN.search(text) is None
    return text if fits and sum(each.isdigit() for each in text) <= _MOST_DIGITS else None


def _names(value: object) -> list[str] | None:
    if not isinstance(value, list | tuple | set | frozenset):
        return None
    return sorted({name_of(each) or WITHHELD for each in value})[:_MOST]


def _matching(pattern: str) -> Callable[[object], str | None]:
    shape = re.compile(pattern)
    return lambda value: str(value) if isinstance(value, str) and shape.fullmatch(value) else None


def _among(*words: str) -> Callable[[object], str | None]:
    known = frozenset(words)
    return lambda value: str(value) if isinstance(value, str) and value in known else None


def _whole(value: object) -> int | None:
    """Give a count or a number of milliseconds; what is behind a decimal point is gone."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return max(0, math.floor(value))


_STATES: Final = (
    *("draft", "sealed", "screened", "held", "returned", "continued", "approved", "cleared", "sending", "sent"),
    *("denied", "rejected", "withdrawn", "expired", "failed", "recalled"),
)
_COMMANDS: Final = (
    *("screen", "remedy", "submit", "send", "review", "console", "notify", "verify", "audit", "recalls", "waivers"),
    *("obligations", "ledger", "evidence", "evidence-verify", "policy", "zones", "recipients", "kernels", "infra"),
    *("init", "keys", "backup", "restore", "reopen", "metrics", "doctor", "approve", "other"),
)

FIELDS: Final[Mapping[str, Callable[[object], Plain | None]]] = {
    "request": _matching(r"[0-9]{8}-[0-9a-f]{12}"),
    "nonce": _matching(r"[0-9a-f]{32}"),
    "trace_id": _matching(r"[0-9a-f]{32}"),
    "span_id": _matching(r"[0-9a-f]{16}"),
    "policy": name_of,
    "rules": _names,
    "decision": _among("clear", "hold", "deny"),
    "state": _among(*_STATES),
    "stage": _among(*Stage),
    "outcome": _among(*Outcome),
    "command": _among(*_COMMANDS),
    "check": _among(
        *("ledger", "staging", "keys", "policies", "isolation", "kernels", "detectors", "restored", "alive", "ready")
    ),
    "isolation": _among("namespaces", "filtered", "limited", "none"),
    "error": _matching(r"[A-Z][A-Za-z]{1,60}"),
    "duration_ms": _whole,
    "bytes": _whole,
    "files": _whole,
    "layers": _whole,
    "rows": _whole,
    "entries": _whole,
    "exit_code": _whole,
    "code": _whole,
    "line": _matching(r"geogate(?:\.[a-z_]{1,40}){1,5}:[0-9]{1,4}"),
}
"""Field to what reads its value; ``None`` for a value that has not its shape."""


def allowed(fields: Mapping[str, object]) -> dict[str, Plain]:
    """Keep the fields that may be said; one that is not listed is left out, a value without its shape is withheld."""
    said: dict[str, Plain] = {}
    for name, value in fields.items():
        shape = FIELDS.get(name)
        if shape is not None and value is not None:
            kept = shape(value)
            said[name] = WITHHELD if kept is None else kept
    return said
