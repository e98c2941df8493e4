"""Airflow's own form for policies with one reviewer: who answers votes, as the roles of the protected place allow.

The form takes one answer of anybody whom Airflow lets answer. Whether it counts, the gate says: it is a vote of that
person by the same rules as any other. What does not count is asked again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NoReturn

from geogate.airflow import surroundings
from geogate.airflow.failures import StoppedError
from geogate.airflow.report import holding_rules, plain, verdict_lines

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from airflow.sdk import Context

    from geogate.gate.awaited import Awaited
    from geogate.gate.house import House, Wish
    from geogate.gate.review import Tally

APPROVE, RETURN, REJECT = OPTIONS = ("Approve", "Return for changes", "Reject")
COMMENT: Final = "comment"
_COMMENT_FIELD: Final[dict[str, Any]] = {
    "value": "",
    "description": "Needed to return or reject; it is kept in the ledger.",
    "schema": {"type": ["string", "null"], "maxLength": 2000, "format": "multiline", "title": "Comment"},
    "source": "task",
}


def require_one_reviewer(wish: Wish, *, house: House) -> None:
    """Refuse the form before anything is submitted, where one answer would not be enough.

    Raises: StoppedError, GeogateError.
    """
    from geogate.gate.question import ask

    _require_one(ask(wish, house=house).policy.reviewers)


def ask_in_form(context: Context, found: Awaited, *, within: timedelta | None) -> NoReturn:
    """Show the form, and leave the worker until somebody answers.

    No answer is ever taken by default: when the time is over, Airflow wakes the task without one.

    Raises: TaskAwaitingInput, StoppedError.
    """
    from airflow.sdk.exceptions import TaskAwaitingInput
    from airflow.sdk.execution_time.hitl import upsert_hitl_detail

    verdict = found.verdict
    _require_one(verdict.basis.reviewers)
    upsert_hitl_detail(
        ti_id=context["ti"].id,
        options=list(OPTIONS),
        subject=f"Release {found.request} to {_quiet(verdict.destination)}",
        body=form_text(found),
        defaults=None,
        multiple=False,
        params={COMMENT: _COMMENT_FIELD},
    )
    raise TaskAwaitingInput(method_name="go_on_answered", kwargs={"request": str(found.request)}, timeout=within)


def form_text(found: Awaited) -> str:
    """Say what is asked, with the verdict as a table in which nothing is markup."""
    rules = ", ".join(map(_quiet, holding_rules(found.verdict)))
    # An indented block has no markup, and no line of it has a line break.
    lines = verdict_lines(found.verdict)
    return "\n".join(
        (
            f"The verdict holds because of {rules}. Your answer is your vote in the ledger, if you have the role of a",
            "reviewer and did not ask for the release yourself; otherwise this form comes back.",
            f"`geogate review show {found.request}` and the console show more.",
            "",
            *(f"    {line}" for line in lines),
        )
    )


def vote_as_answered(event: Mapping[str, Any], found: Awaited) -> str:
    """Make a vote of an answer as Airflow hands it over; says why where it does not count.

    Airflow's API server wrote it, with the name of the user whose session answered: there is no other place where a
    task could read it. It can name nobody who may not vote anyway.

    Raises: PolicyError, ServiceError.
    """
    who = event.get("responded_by_user")
    name = who.get("name") if isinstance(who, Mapping) else None
    chosen, said = event.get("chosen_options"), event.get("params_input")
    if not isinstance(name, str) or not name or event.get("timedout"):
        return "nobody answered"
    if not isinstance(chosen, list) or len(chosen) != 1:
        return f"the answer of {plain(name)} is not one of the options"
    return _vote(name, str(chosen[0]), said.get(COMMENT) if isinstance(said, Mapping) else None, found)


def _vote(name: str, option: str, comment: object, found: Awaited) -> str:
    from geogate.console.people import identified
    from geogate.gate.house import House
    from geogate.model.authority import Source
    from geogate.model.errors import RefusedError, UsageError

    vote = _votes().get(option)
    if vote is None:
        return f"the answer of {plain(name)} is not one of the options"
    said = comment.replace("\r\n", "\n") if isinstance(comment, str) else ""
    try:
        # Airflow vouches for the name alone; groups are not known where tasks run.
        who = identified(name, (), Source.AIRFLOW)
        house = replace(House.from_environment(surroundings.AT_START.geogate(), actor=who.name), source=who.source)
        vote(found.request, comment=said, house=house)
    except (RefusedError, UsageError) as error:
        return f"the answer of {plain(name)} does not count: {plain(str(error))}"
    return ""


def _votes() -> dict[str, Callable[..., Tally]]:
    from geogate.gate.review import approve, reject, send_back

    return {APPROVE: approve, RETURN: send_back, REJECT: reject}


def _require_one(reviewers: int) -> None:
    if reviewers != 1:
        raise StoppedError(
            f"the policy asks for {reviewers} reviewers, and Airflow's form takes one answer: use when_held='wait', "
            f"and let them review in the console or with geogate review"
        )


def _quiet(text: str) -> str:
    """Write text so that it is no markup."""
    return plain(text).translate({ord(mark): f"\\{mark}" for mark in "<>[]`*_#|!\\"})
