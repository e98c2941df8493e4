"""Audit: judge again what was sent, by today's policy, recipients and zone lists, from the bytes that were sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from geogate.gate.again import ask_again, judge_again
from geogate.gate.authority import require
from geogate.gate.obligations import owed
from geogate.gate.reviews_times import expire_all
from geogate.gate.waivers_ledger import waivers_of
from geogate.model.authority import Action
from geogate.model.errors import GeogateError, ServiceError
from geogate.model.lifecycle import State
from geogate.model.names import RequestId
from geogate.model.verdict import Decision
from geogate.model.waiver import APPROVALS, WaiverState

if TYPE_CHECKING:
    from datetime import datetime

    from geogate.gate.house import House
    from geogate.gate.obligations import Owed
    from geogate.ledger.ledger import Ledger
    from geogate.model.release import ReleaseRequest
    from geogate.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A release that would not leave today, or of which that cannot be said."""

    request: RequestId
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """How many releases were judged again, which of them changed, and which obligations are overdue.

    ``waivers`` are those that ended since, of which nothing follows but that they are over; ``ended`` are requests that
    waited too long, and now are over too.
    """

    audited: int
    changes: tuple[Change, ...]
    overdue: tuple[Change, ...] = ()
    waivers: tuple[Change, ...] = ()
    ended: tuple[Change, ...] = ()


def audit(*, hours: int, house: House) -> AuditReport:
    """Judge again everything that was sent in the last ``hours``; the run and what it found are an entry.

    A release that cannot be judged any more is a change too. The ledger's own integrity is checked first.

    Raises: ForbiddenError; ServiceError when the ledger or a destination does not answer: then there was no audit.
    """
    require(Action.AUDIT, house=house)
    waited = tuple(Change(request=RequestId(each.request), summary=each.reason) for each in expire_all(house=house))
    ledger = house.ledger()
    try:
        problems = ledger.verify().problems
        since = house.clock() - timedelta(hours=hours)
        sent = ledger.requests(states=[State.SENT], since=since)
        changes = tuple(change for request in sent if (change := _again(request, house=house)) is not None)
        changes += tuple(Change(request=RequestId(""), summary=f"the ledger is damaged: {p.what}") for p in problems)
        overdue = tuple(_late(each) for each in owed(house=house) if each.overdue)
        over = _ended_waivers(ledger, since=since, now=ledger.now(house.clock()))
        report = AuditReport(audited=len(sent), changes=changes, overdue=overdue, waivers=over, ended=waited)
        with ledger.transaction(house.actor, at=house.clock()) as tx:
            found = [{"request": change.request, "summary": change.summary} for change in changes]
            late = [{"request": each.request, "summary": each.summary} for each in overdue]
            waivers = [each.summary for each in over]
            said = {"hours": hours, "audited": len(sent), "changes": found, "overdue": late, "waivers": waivers}
            tx.note("audited", said)
        return report
    finally:
        ledger.close()


def _ended_waivers(ledger: Ledger, *, since: datetime, now: datetime) -> tuple[Change, ...]:
    """Name the waivers that held, and ended since."""
    found = []
    for played in waivers_of(ledger).values():
        waiver, state = played.standing.waiver, played.standing.state(now)
        ended = state is WaiverState.REVOKED or (state is WaiverState.EXPIRED and waiver.expires_at > since)
        if ended and len(played.standing.approvers) >= APPROVALS:
            about = f"of {waiver.policy}/{waiver.rule} for {waiver.recipient}, owned by {waiver.owner}"
            found.append(Change(request=RequestId(""), summary=f"waiver {waiver.id} {about} is {state}"))
    return tuple(found)


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
