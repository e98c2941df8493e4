"""One release as somebody may see it: what is decided and why, who gets what, how it compares, and what can be done."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from geogate.gate.authority import own_roles, roles_here
from geogate.gate.obligations import ARISEN, DONE, owed_of
from geogate.gate.place import place_of
from geogate.gate.policy_explain import explain_verdict, rules_then
from geogate.gate.review import Counting
from geogate.gate.reviews_actions import Situation, possible
from geogate.gate.reviews_histograms import histograms
from geogate.gate.reviews_notes import COMMENT, comments
from geogate.gate.reviews_queue import RETURNED_DAYS, Days
from geogate.gate.reviews_sight import ballots, require_may_see
from geogate.ledger.queue import Filter
from geogate.model.authority import Action, why_not
from geogate.model.document import canonical_json
from geogate.model.errors import GeogateError
from geogate.model.lifecycle import State
from geogate.rules.recipient_total import RecipientTotal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.gate.house import House
    from geogate.gate.obligations import Owed
    from geogate.gate.policy_explain import ExplainedVerdict
    from geogate.gate.reviews_actions import Possible
    from geogate.gate.reviews_histograms import Histogram
    from geogate.gate.reviews_notes import Comment
    from geogate.ledger.ledger import Ledger
    from geogate.model.finding import Finding
    from geogate.model.names import Nonce, RequestId
    from geogate.model.parties import Recipient
    from geogate.model.release import Receipt, ReleaseRequest, Vote
    from geogate.policy.policy import PolicyRule

MOST_EARLIER = 50
BEFORE = (
    *(State.APPROVED, State.CLEARED, State.SENDING, State.SENT, State.RECALLED),
    *(State.RETURNED, State.REJECTED, State.DENIED),
)
"""States of other releases to the same recipient that a reviewer wants to know: what left, and what did not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A number that was measured against a limit; ``waived`` is the id of a waiver, empty where there is none."""

    rule: str
    layer: str
    measured: str
    operator: str
    limit: str
    unit: str
    effect: str
    waived: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One of the requests that belong together: a first one, and those that continued what was returned."""

    request: str
    state: State
    opened_at: datetime
    artefact: str
    votes: tuple[Vote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Another release that the same recipient got, or may get; ``same`` says that it is of the very same bytes."""

    request: str
    state: State
    since: datetime
    dataset: str
    purpose: str
    policy: str
    same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """All of one release that its page shows.

    ``request`` has the verdict, the findings and the declaration; ``recipient`` is ``None`` where it is registered no
    more. ``exposure`` are sentences on what the recipient has by now, with this release. ``votes`` are those that may
    be seen, ``hidden_votes`` how many others were cast, and ``counting`` how many count of those ``needed``.
    """

    request: ReleaseRequest
    since: datetime
    deadline: datetime | None
    explained: ExplainedVerdict | None
    recipient: Recipient | None
    measured: tuple[Measured, ...]
    histograms: tuple[Histogram, ...]
    earlier: tuple[Earlier, ...]
    exposure: tuple[str, ...]
    obligations: tuple[Owed, ...]
    comments: tuple[Comment, ...]
    votes: tuple[Vote, ...]
    hidden_votes: int
    counting: int
    needed: int
    rounds: tuple[Round, ...]
    clearance: Nonce | None
    receipt: Receipt | None
    actions: tuple[Possible, ...]

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document, with the decision that follows from the verdict."""
        found: dict[str, Any] = json.loads(canonical_json(self))
        if self.request.verdict is not None:
            found["request"]["verdict"]["decision"] = self.request.verdict.decision.value
        return found


def release(request_id: RequestId, *, house: House) -> Release:
    """Give one release as whoever acts may see it.

    Raises: UsageError when there is no such request, ForbiddenError, ServiceError.
    """
    with house.ledger() as ledger:
        request = ledger.request(request_id)
        require_may_see(request, house=house)
        return _release(request, ledger, house=house)


def _release(request: ReleaseRequest, ledger: Ledger, *, house: House) -> Release:
    votes, now = ledger.votes(request.id), ledger.now(house.clock())
    kept = ledger.clearance_of(request.id)
    since = ledger.since(request.id)
    days = Days(house)
    deadline = _deadline(request, since, kept[0].expires_at if kept else None, days=days)
    verdict = request.verdict
    needed = (verdict.basis.reviewers if verdict else 0) or days.of(request.policy)[0]
    seen = ballots(votes, state=request.state, viewer=house.identity)
    situation = Situation(
        request=request,
        votes=votes,
        requesters=_requesters(request, ledger),
        deadline=deadline,
        now=now,
        viewer=house.identity,
        roles=own_roles(house),
    )
    rules = rules_then(verdict, place_of(house)) if verdict else {}
    entries = ledger.notes_of(request.id, kinds=(COMMENT, ARISEN))
    obligations = sorted((*entries, *ledger.notes(kinds=(DONE,))), key=lambda entry: entry.seq)
    return Release(
        request=request,
        since=since,
        deadline=deadline,
        explained=explain_verdict(request, verdict, rules=rules) if verdict else None,
        recipient=_recipient(request, house),
        measured=tuple(_measured(finding) for finding in verdict.findings if finding.limit) if verdict else (),
        histograms=histograms(ledger.measurements(request.id)) if verdict else (),
        earlier=_earlier(request, ledger, house=house),
        exposure=_exposure(request, rules),
        obligations=owed_of(
            (each for each in obligations if each.kind != COMMENT), request=request.id, today=now.date()
        ),
        comments=comments(entries),
        votes=seen.shown,
        hidden_votes=seen.hidden,
        counting=Counting(needed=needed, roles=roles_here(house)).counted(votes),
        needed=needed,
        rounds=_rounds(request, ledger, house=house),
        clearance=kept[0].nonce if kept else None,
        receipt=ledger.receipt(request.id),
        actions=possible(situation),
    )


def _deadline(request: ReleaseRequest, since: datetime, expires: datetime | None, *, days: Days) -> datetime | None:
    verdict = request.verdict
    length = (verdict.basis.review_days if verdict else 0) or days.of(request.policy)[1]
    if request.state is State.HELD and verdict is not None and length:
        return verdict.judged_at + timedelta(days=length)
    if request.state is State.RETURNED:
        return since + timedelta(days=length or RETURNED_DAYS)
    return expires if request.state is State.CLEARED else None


def _requesters(request: ReleaseRequest, ledger: Ledger) -> tuple[str, ...]:
    return (request.requester, *(each.requester for each in ledger.same(request)))


def _recipient(request: ReleaseRequest, house: House) -> Recipient | None:
    try:
        place = place_of(house)
        return place.recipient(place.recipients(), request.recipient)
    except GeogateError:
        return None


def _measured(finding: Finding) -> Measured:
    return Measured(
        rule=finding.rule,
        layer=finding.layer,
        measured=finding.measured,
        operator=finding.operator,
        limit=finding.limit,
        unit=finding.unit,
        effect=finding.effect.value,
        waived=finding.waived,
    )


def _earlier(request: ReleaseRequest, ledger: Ledger, *, house: House) -> tuple[Earlier, ...]:
    own_only = bool(why_not(Action.SEE_ALL, own_roles(house)))
    wanted = Filter(
        viewer=house.actor,
        states=BEFORE,
        recipient=request.recipient,
        requester=house.actor if own_only else "",
        newest=True,
        limit=MOST_EARLIER + 1,
        counting=False,
    )
    rows = tuple(row for row in ledger.queued(wanted).rows if row.id != request.id)[:MOST_EARLIER]
    artefact = request.artefact
    same = ledger.of_artefact(artefact, among=[row.id for row in rows]) if artefact else frozenset()
    return tuple(
        Earlier(
            request=row.id,
            state=row.state,
            since=datetime.fromisoformat(row.changed_at),
            dataset=row.dataset,
            purpose=row.purpose,
            policy=row.policy,
            same=row.id in same,
        )
        for row in rows
    )


def _exposure(request: ReleaseRequest, rules: Mapping[str, PolicyRule]) -> tuple[str, ...]:
    """Give what rules say that count over releases."""
    checks = request.verdict.checks if request.verdict else ()
    counting = {name for name, rule in rules.items() if rule.expectation == RecipientTotal.expectation}
    return tuple(dict.fromkeys(f"{check.rule}: {check.observed}" for check in checks if check.rule in counting))


def _rounds(request: ReleaseRequest, ledger: Ledger, *, house: House) -> tuple[Round, ...]:
    found: list[Round] = []
    for name in ledger.rounds(request.id):
        each = ledger.request(name)
        seen = ballots(ledger.votes(name), state=each.state, viewer=house.identity)
        artefact = each.artefact.digest if each.artefact else ""
        found.append(
            Round(request=name, state=each.state, opened_at=each.created_at, artefact=artefact, votes=seen.shown)
        )
    return tuple(found)
