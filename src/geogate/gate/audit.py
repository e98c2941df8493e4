"""Audit: judge again what was sent, by today's policy, recipients and zone lists, from the bytes that were sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from geogate.gate.again import ask_again, judge_again
from geogate.gate.obligations import owed
from geogate.model.errors import GeogateError, ServiceError
from geogate.model.lifecycle import State
from geogate.model.names import RequestId
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from geogate.gate.house import House
    from geogate.gate.obligations import Owed
    from geogate.model.release import ReleaseRequest
    from geogate.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A release that would not leave today, or of which that cannot be said."""

    request: RequestId
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """How many releases were judged again, which of them changed, and which obligations are overdue."""

    audited: int
    changes: tuple[Change, ...]
    overdue: tuple[Change, ...] = ()


def audit(*, hours: int, house: House) -> AuditReport:
    """Judge again everything that was sent in the last ``hours``; the run and what it found are an entry.

    A release that cannot be judged any more is a change too. The ledger's own integrity is checked first.

    Raises: ServiceError when the ledger or a destination does not answer: then the audit has not happened.
    """
    ledger = house.ledger()
    try:
        problems = ledger.verify().problems
        since = house.clock() - timedelta(hours=hours)
        sent = ledger.requests(states=[State.SENT], since=since)
        changes = tuple(change for request in sent if (change := _again(request, house=house)) is not None)
        changes += tuple(Change(request=RequestId(""), summary=f"the ledger is damaged: {p.what}") for p in problems)
        overdue = tuple(_late(each) for each in owed(house=house) if each.overdue)
        report = AuditReport(audited=len(sent), changes=changes, overdue=overdue)
        with ledger.transaction(house.actor, at=house.clock()) as tx:
            found = [{"request": change.request, "summary": change.summary} for change in changes]
            late = [{"request": each.request, "summary": each.summary} for each in overdue]
            tx.note("audited", {"hours": hours, "audited": len(sent), "changes": found, "overdue": late})
        return report
    finally:
        ledger.close()


def _late(each: Owed) -> Change:
    arisen = each.arisen
    summary = f"overdue since {arisen.due}: {arisen.what} ({arisen.key}; {arisen.legal_basis})"
    return Change(request=RequestId(each.requests[0]), summary=summary)


def _again(request: ReleaseRequest, *, house: House) -> Change | None:
    if request.verdict is None:
        return Change(request=request.id, summary="was sent, and the ledger has no verdict on it")
    try:
        today = judge_again(request, question=ask_again(request, house=house), house=house).verdict
    except ServiceError:
        raise
    except GeogateError as error:
        return Change(request=request.id, summary=f"cannot be judged again: {error.summary}")
    return _compare(request, request.verdict, today)


def _compare(request: ReleaseRequest, before: Verdict, today: Verdict) -> Change | None:
    """Name a release whose decision today is graver than the one that it left on."""
    gravity = list(Decision)
    if gravity.index(today.decision) <= gravity.index(before.decision):
        return None
    rules = ", ".join(sorted({str(finding.rule) for finding in today.findings}))
    return Change(request=request.id, summary=f"left on {before.decision}, would be {today.decision} today: {rules}")
