"""Audit: what was sent, judged and compared again by what holds tonight; what is wrong, in one report.

The releases are judged in parts, see ``geogate.gate.audit_run``; then the destinations are compared with the receipts,
and everything else that waits too long or was seen past the gate is put beside it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from geogate.gate.audit_findings import AuditFinding, Kind
from geogate.gate.audit_parts import ended
from geogate.gate.audit_report import Counts, Report, accepted_of, keep_report
from geogate.gate.audit_run import begin, denies, forget
from geogate.gate.audit_watch import watch
from geogate.gate.authority import require
from geogate.gate.recall import Recall, Word, open_recall, recalls
from geogate.gate.reconcile import reconcile
from geogate.gate.reviews_times import expire_all
from geogate.model.authority import Action
from geogate.model.errors import RefusedError, UsageError
from geogate.model.names import RequestId

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.gate.audit_run import PartDone, Run
    from geogate.gate.house import House
    from geogate.ledger.transaction import Transaction

AUDITED: Final = "audited"
ACCEPTED: Final = "audit-accepted"
LONGEST_COMMENT: Final = 2000
UNSEEN: Final = frozenset({Kind.UNREADABLE, Kind.ANCHOR})
"""Kinds by which an audit could not look; that is accepted for a while only."""

UNSEEN_DAYS: Final = 30
_NAMED: Final = frozenset({Kind.UNCLEARED, Kind.ALTERED, Kind.MISSING, Kind.STILL_THERE, Kind.LEFT_OVER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that somebody has to do something about; ``request`` is empty where it is about none."""

    request: RequestId
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What an audit found; ``report`` is what was kept of it."""

    report: Report

    @property
    def audited(self) -> int:
        """How many releases were looked at."""
        return self.report.counts.audited

    @property
    def changes(self) -> tuple[Change, ...]:
        """What somebody has to do something about, besides obligations."""
        return tuple(_change(each) for each in self.report.urgent if each.kind is not Kind.OBLIGATION)

    @property
    def overdue(self) -> tuple[Change, ...]:
        """The obligations that are overdue."""
        return tuple(_change(each) for each in self.report.urgent if each.kind is Kind.OBLIGATION)

    @property
    def waivers(self) -> tuple[Change, ...]:
        """The waivers that ended, of which nothing follows but that they are over."""
        return tuple(_change(each) for each in self.report.findings if each.kind is Kind.WAIVER)

    @property
    def ended(self) -> tuple[Change, ...]:
        """The requests that waited too long, and now are over too."""
        return tuple(_change(each) for each in self.report.findings if each.kind is Kind.STUCK)


def audit(*, hours: int | None = None, everything: bool = False, house: House) -> AuditReport:
    """Look again at everything that was sent in the last ``hours``, or within its retention.

    A run that died is taken up where it stopped. With ``everything`` all bytes at the destinations are read again.

    Raises: ForbiddenError; PolicyError where nothing can be judged; ServiceError when the ledger or a destination that
        releases are judged by does not answer: then there was no audit.
    """
    run = begin(hours=hours, house=house)
    return conclude(run, ended(run, house=house), everything=everything, house=house)


def conclude(run: Run, parts: Sequence[PartDone], *, everything: bool = False, house: House) -> AuditReport:
    """Look at all that is not a release, open recalls, and write the report of a run whose parts are judged.

    Raises: as ``audit``.
    """
    require(Action.AUDIT, house=house)
    waited = tuple(
        AuditFinding(kind=Kind.STUCK, about=str(each.request), summary=each.reason, requests=(str(each.request),))
        for each in expire_all(house=house)
    )
    judged = [finding for part in parts for finding in part.findings]
    settled = _recall(judged, house=house)
    compared = reconcile(house=house, everything=everything)
    found = (*judged, *compared.findings, *watch(since=run.since, house=house), *waited)
    report = Report(
        run=run.id,
        at=house.clock(),
        hours=run.hours,
        counts=Counts(
            audited=sum(part.audited for part in parts),
            same=sum(part.same for part in parts),
            streamed=sum(part.streamed for part in parts),
            places=compared.places,
            objects=compared.objects,
            read=compared.read,
        ),
        findings=found,
        accepted=_accepted(found, settled, house=house),
        unknown=compared.unknown,
    )
    keep_report(report, house=house)
    with house.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as tx:
        _note(report, tx)
    forget(house=house)
    return AuditReport(report=report)


def accept(key: str, *, comment: str, house: House) -> AuditFinding:
    """Say that a finding of the last audit is known and shall stay as it is; once it changes, it is another one.

    Raises: UsageError without a comment or for a finding that there is not; RefusedError for what has to come back;
        ForbiddenError.
    """
    from geogate.gate.audit_report import latest

    if not comment.strip() or len(comment) > LONGEST_COMMENT:
        raise UsageError("say with --comment why it may stay", hint=f"in up to {LONGEST_COMMENT} characters")
    require(Action.RECALL, house=house)
    report = latest(house)
    found = next((each for each in (report.findings if report else ()) if each.key == key), None)
    if found is None:
        raise UsageError("the last audit found nothing by that id", hint="geogate audit --last lists what it found")
    if denies(found) or found.kind in {Kind.OBLIGATION, Kind.LEDGER, Kind.RECALL}:
        raise RefusedError(f"what {found.kind} cannot be accepted", hint="recall it, discharge it, or repair it")
    with house.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as tx:
        tx.note(ACCEPTED, {"key": key, "comment": comment})
    return found


def _recall(findings: Sequence[AuditFinding], *, house: House) -> frozenset[str]:
    """Open a recall for each release that would be denied; name the findings whose recall people have withdrawn."""
    known: dict[str, Recall] = {str(each.request): each for each in recalls(house=house)}
    settled = set()
    for finding in filter(denies, findings):
        before = known.get(finding.about)
        if before is None or (not before.open and before.reason != finding.summary):
            open_recall(RequestId(finding.about), reason=finding.summary, house=house, by_audit=True)
        elif before.word is Word.WITHDRAWN:
            settled.add(finding.key)
    return frozenset(settled)


def _accepted(findings: Sequence[AuditFinding], settled: frozenset[str], *, house: House) -> tuple[str, ...]:
    with house.ledger() as ledger:
        since = ledger.now(house.clock()) - timedelta(days=UNSEEN_DAYS)
        said = accepted_of(ledger.notes(kinds=(ACCEPTED,)))
        lately = accepted_of(ledger.notes(kinds=(ACCEPTED,)), since=since)
    unseen = {each.key for each in findings if each.kind in UNSEEN} - lately
    return tuple(sorted(({each.key for each in findings} & (said | settled)) - unseen))


def _note(report: Report, tx: Transaction) -> None:
    """Enter the run; names of objects are not entered, because nothing is ever taken out of the ledger again."""
    changes = [asdict(_change(each)) for each in report.urgent if each.kind is not Kind.OBLIGATION]
    overdue = [asdict(_change(each)) for each in report.urgent if each.kind is Kind.OBLIGATION]
    waivers = [each.summary for each in report.findings if each.kind is Kind.WAIVER]
    kinds = dict(sorted(Counter(str(each.kind) for each in report.urgent).items()))
    said = {
        "run": report.run,
        "hours": report.hours,
        "audited": report.counts.audited,
        "changes": changes,
        "overdue": overdue,
        "waivers": waivers,
        "kinds": kinds,
        "report": report.digest,
    }
    tx.note(AUDITED, said)


def _change(finding: AuditFinding) -> Change:
    """Say it in one line, without the name of an object, which the digest of its address stands for."""
    request = RequestId(finding.requests[0] if len(finding.requests) == 1 else "")
    if finding.kind in _NAMED:
        name = hashlib.sha256(finding.about.encode()).hexdigest()[:16]
        return Change(request=request, summary=f"an object ({name}) {finding.kind}: {finding.summary}")
    own = finding.kind in {Kind.CHANGED, Kind.UNSAID, Kind.OBLIGATION, Kind.WAIVER, Kind.STUCK, Kind.LEDGER}
    said = finding.summary if own else f"{finding.about} {finding.kind}: {finding.summary}"
    return Change(request=request, summary=said)
