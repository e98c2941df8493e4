"""What the gate calls: a piece of work with its ids, its stages with the time that they took, and events.

Everything goes to three places, each of which may be absent: log lines, metrics of this process, and traces. What goes
wrong there changes nothing of the work and is not raised.
"""

from __future__ import annotations

import logging
import secrets
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

from geogate.model.errors import GeogateError, RefusedError
from geogate.telemetry import meters, traces
from geogate.telemetry.fields import Event, Outcome, allowed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.telemetry.fields import Plain, Stage

LOGGER: Final = "geogate.telemetry"
_LOG: Final = logging.getLogger(LOGGER)
_BOUND: ContextVar[Mapping[str, object] | None] = ContextVar("geogate_bound", default=None)


def bound() -> dict[str, object]:
    """Give the fields of the work that is being done."""
    return dict(_BOUND.get() or {})


def bind(**fields: object) -> None:
    """Add fields to all that the work says from now on."""
    _BOUND.set({**bound(), **fields})
    traces.describe(allowed(fields))


@contextmanager
def working(stage: Stage, *, carrier: Mapping[str, str] | None = None, **fields: object) -> Iterator[None]:
    """Do a piece of work, with a trace id of its own, or that of the work around it or of a W3C ``carrier``."""
    before = _BOUND.get()
    with traces.joined(carrier):
        token = _BOUND.set({"trace_id": secrets.token_hex(16), **(before or {}), **fields})
        try:
            with timed(stage):
                yield
        finally:
            _BOUND.reset(token)
            if before is None:
                traces.work_ended()


@contextmanager
def timed(stage: Stage, **fields: object) -> Iterator[dict[str, object]]:
    """Time a stage; what the block puts into the dictionary is said with it."""
    more: dict[str, object] = {}
    began = time.perf_counter()
    outcome, error = Outcome.CRASHED, None
    with traces.span(stage, allowed({**bound(), **fields})) as span:
        try:
            yield more
            outcome = Outcome.DONE
        except BaseException as raised:
            outcome, error = outcome_of(raised), type(raised).__name__
            raise
        finally:
            seconds = time.perf_counter() - began
            said = {**fields, **more, "outcome": outcome, "error": error}
            meters.stage_ended(stage, outcome, seconds)
            span.end(allowed(said), failed=outcome in {Outcome.FAILED, Outcome.CRASHED})
            event(Event.STAGE, stage=stage, duration_ms=seconds * 1000, **said)


def outcome_of(error: BaseException) -> Outcome:
    """Tell a refusal from an error, and both from a crash."""
    if isinstance(error, RefusedError):
        return Outcome.REFUSED
    return Outcome.FAILED if isinstance(error, GeogateError) else Outcome.CRASHED


def event(kind: Event, **fields: object) -> None:
    """Write a log line, at the level of information, with the fields that may be said and no other."""
    if not _LOG.isEnabledFor(logging.INFO):
        return
    try:
        said = spoken(fields)
        words = " ".join(f"{name}={value}" for name, value in said.items())
        _LOG.info("%s %s", kind.value, words, extra={"geogate": {"event": kind.value, **said}})
    except Exception:  # noqa: BLE001 - a log that cannot be written must not end what it tells of
        meters.log_failed()


def spoken(fields: Mapping[str, object]) -> dict[str, Plain]:
    """Give what a line says: its own fields, those that are bound, and the ids of the trace."""
    return allowed({**bound(), **traces.ids(), **fields})
