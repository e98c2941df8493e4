"""What a gate task does while its release is held: it waits, asks in Airflow's own form, or fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NoReturn

from geogate.airflow.failures import StoppedError, UndecidedError
from geogate.airflow.report import plain
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from airflow.sdk import Context

    from geogate.gate.awaited import Awaited
    from geogate.model.names import RequestId

REQUEST_KEY: Final = "geogate_request"
"""The key of the XCom with the id of the request, which is there while the task waits."""

GRACE: Final = timedelta(minutes=5)
"""After the trigger should have woken the task, Airflow's own timeout does; no triggerer may be running."""


class WhenHeld(StrEnum):
    """What a gate task does while its release is held."""

    WAIT = "wait"
    ASK = "ask"
    FAIL = "fail"

    @classmethod
    def named(cls, name: str) -> WhenHeld:
        """Read it.

        Raises: StoppedError.
        """
        if name not in set(cls):
            raise StoppedError(f"when_held is {plain(name)!r}, and must be {', '.join(cls)}")
        return cls(name)


def keep_request(context: Context, request: RequestId) -> None:
    """Keep the id of the request where people, and the task when it goes on, can find it."""
    context["ti"].xcom_push(key=REQUEST_KEY, value=str(request))


def kept_request(context: Context) -> str:
    """Give the id of the request that this task waits for; empty where there is none."""
    ti = context["ti"]
    found = ti.xcom_pull(task_ids=ti.task_id, key=REQUEST_KEY, map_indexes=ti.map_index)
    return found if isinstance(found, str) else ""


def until(found: Awaited, longest: timedelta | None) -> datetime | None:
    """Say until when a task waits: the review's end, or earlier where the task says so."""
    ends = [found.ends] if found.ends else []
    ends += [found.now + longest] if longest is not None else []
    return min(ends, default=None)


def left(ends: datetime | None) -> timedelta | None:
    """Say how long Airflow itself lets the task wait."""
    return None if ends is None else max(timedelta(), ends - datetime.now(UTC)) + GRACE


def end(found: Awaited, to: str) -> NoReturn:
    """End the task of a request that has no clearance that could be used.

    Raises: UndecidedError while people could still decide; otherwise StoppedError.
    """
    request = found.request
    if found.undecided:
        raise UndecidedError(
            f"request {request} to {to} was not decided in time, and nothing is approved by waiting: clear this task "
            f"to submit the dataset again"
        )
    look = f"'geogate review show {request}' says more"
    match found.state:
        case State.REJECTED | State.RETURNED | State.WITHDRAWN | State.EXPIRED as state:
            raise StoppedError(f"request {request} to {to} was {_ENDED[state]}: {look}")
        case State.CLEARED:
            raise StoppedError(f"the clearance of request {request} to {to} has expired: clear this task")
        case state:
            raise StoppedError(f"request {request} to {to} is {state}, and this task has nothing to send: {look}")


_ENDED: Final = {
    State.REJECTED: "rejected by its reviewers",
    State.RETURNED: "returned for changes by its reviewers",
    State.WITHDRAWN: "withdrawn by its requester",
    State.EXPIRED: "not decided in time",
}
