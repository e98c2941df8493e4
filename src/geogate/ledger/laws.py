"""The laws of the life cycle: which step may follow what a request has behind it; pure, so an audit can repeat them.

The same function guards each step before it is written and judges each entry again when the ledger is verified.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, assert_never

from geogate.ledger.steps import Claimed, Cleared, Moved, Opened, Received, Screened, Sealed, Step, Voted
from geogate.model.dataset import content_digest
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State, require_transition
from geogate.model.names import person
from geogate.model.release import Ballot, Choice
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from datetime import datetime

    from geogate.model.dataset import Artefact, FileDigest
    from geogate.model.names import Actor, Sha256
    from geogate.model.release import Clearance, ReleaseRequest, Vote
    from geogate.model.verdict import Verdict

APPROVALS = 2
"""How many reviewers must approve where the verdict does not say, because it is from before verdicts said it."""

CONTINUABLE = frozenset({State.DENIED, State.REJECTED, State.WITHDRAWN, State.EXPIRED, State.FAILED})
"""Ends of a request with which a further one can go on, besides one that was returned; none of its votes count."""

MOST_BACK = timedelta(minutes=5)
"""How far the clock of a machine may be behind the ledger's last entry before nothing is approved, cleared or sent."""

PUT_BACK = "the clock of this machine is behind the ledger's last entry; set it right"

_NONCE = re.compile(r"[0-9a-f]{32}")
_OWN_STEP = frozenset({State.DRAFT, State.SEALED, State.SCREENED, State.CLEARED, State.SENDING, State.SENT})
_NEEDED_DECISION = {State.HELD: Decision.HOLD, State.APPROVED: Decision.HOLD}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Who takes a step, and when; ``latest`` is the latest time that the ledger has seen before."""

    actor: Actor
    at: datetime
    latest: datetime | None = None

    @property
    def now(self) -> datetime:
        """What time it is at least: a clock that was put back gives nobody more time."""
        return self.at if self.latest is None else max(self.at, self.latest)

    @property
    def put_back(self) -> bool:
        """Whether the clock is so far behind the ledger that nobody knows what time it is."""
        return self.latest is not None and self.at < self.latest - MOST_BACK


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a request has behind it, as far as the laws ask; ``request`` is the draft.

    ``needed`` reviewers must approve before ``review_ends``, which is not known for older verdicts.
    """

    request: ReleaseRequest
    opened_by: Actor
    state: State = State.DRAFT
    dataset: Sha256 | None = None
    artefact: Artefact | None = None
    decision: Decision | None = None
    ballot: Ballot | None = None
    recipients_digest: Sha256 | None = None
    needed: int = APPROVALS
    review_ends: datetime | None = None
    votes: tuple[Vote, ...] = ()
    clearance: Clearance | None = None

    def chose(self, choice: Choice) -> int:
        """Count the votes for one choice."""
        return sum(vote.choice is choice for vote in self.votes)


def follow(standing: Standing | None, step: Step, *, act: Act) -> Standing:
    """Give what a request has behind it after the step.

    Raises: RefusedError when the step is not allowed.
    """
    if isinstance(step, Opened):
        return _open(standing, step, act=act)
    if standing is None:
        raise RefusedError("a request that was never opened cannot go on")
    match step:
        case Sealed():
            after = _seal(standing, step)
        case Screened():
            after = _screen(standing, step)
        case Moved():
            after = _move(standing, step.state, act=act)
        case Voted():
            after = _vote(standing, step.vote, act=act)
        case Cleared():
            after = _clear(standing, step, act=act)
        case Claimed():
            after = _claim(standing, step, act=act)
        case Received():
            after = _receive(standing, step)
        case _:
            assert_never(step)
    return after


def _must(*, hold: bool, otherwise: str) -> None:
    if hold is not True:
        raise RefusedError(otherwise)


def _go(standing: Standing, state: State) -> Standing:
    require_transition(standing.state, state)
    return replace(standing, state=state)


def _open(standing: Standing | None, step: Opened, *, act: Act) -> Standing:
    request = step.request
    _must(hold=standing is None, otherwise="a request with this id exists already")
    _must(hold=request.state is State.DRAFT, otherwise="a new request must be a draft")
    known = (request.dataset, request.artefact, request.verdict)
    _must(hold=known == (None, None, None), otherwise="a draft has no dataset, artefact or verdict yet")
    _must(hold=bool(request.id) and bool(person(request.requester)), otherwise="a request needs an id and a requester")
    return Standing(request=request, opened_by=act.actor)


def goes_on_with(request: ReleaseRequest, before: ReleaseRequest) -> bool:
    """Say whether a request can be a further round of one that was returned."""
    same = (person(request.requester), request.recipient) == (person(before.requester), before.recipient)
    return same and request.id != before.id


def _named_once(files: tuple[FileDigest, ...]) -> bool:
    return len(files) > 0 and len({file.name for file in files}) == len(files)


def _seal(standing: Standing, step: Sealed) -> Standing:
    after = _go(standing, State.SEALED)
    _must(hold=_named_once(step.dataset.files), otherwise="a dataset needs files, each with a name of its own")
    whole = step.artefact is None or _named_once(step.artefact.files)
    _must(hold=whole, otherwise="an artefact needs files, each with a name of its own")
    return replace(after, dataset=step.dataset.digest, artefact=step.artefact)


def _screen(standing: Standing, step: Screened) -> Standing:
    after, verdict = _go(standing, State.SCREENED), step.verdict
    _must(hold=_about(standing, verdict), otherwise="the verdict is not about this request")
    denied = verdict.decision is Decision.DENY
    _must(hold=denied or standing.artefact is not None, otherwise="what has no artefact can only be denied")
    if standing.artefact is None:
        return replace(after, decision=verdict.decision)
    basis = verdict.basis
    return replace(
        after,
        decision=verdict.decision,
        ballot=ballot_of(verdict),
        recipients_digest=basis.recipients_digest,
        needed=basis.reviewers or APPROVALS,
        review_ends=verdict.judged_at + timedelta(days=basis.review_days) if basis.review_days else None,
    )


def _about(standing: Standing, verdict: Verdict) -> bool:
    request, artefact = standing.request, standing.artefact
    subject = artefact.digest if artefact else standing.dataset
    said = (verdict.subject, verdict.recipient, verdict.destination, verdict.purpose, verdict.basis.policy)
    asked = (subject, request.recipient, request.destination, request.purpose, request.policy)
    return said == asked and (artefact is None or verdict.subject_size == artefact.size)


def ballot_of(verdict: Verdict) -> Ballot:
    """Say what a vote on the verdict's subject has to be about."""
    return Ballot(
        artefact=verdict.subject,
        destination=verdict.destination,
        recipient=verdict.recipient,
        policy_digest=verdict.basis.policy_digest,
        zones=verdict.basis.zones,
    )


def _move(standing: Standing, state: State, *, act: Act) -> Standing:
    _must(hold=state not in _OWN_STEP, otherwise=f"a request becomes {state} by a step of its own, not by a move")
    after = _go(standing, state)
    needed = _NEEDED_DECISION.get(state)
    _must(hold=needed in {None, standing.decision}, otherwise=f"a verdict of {standing.decision} leads not to {state}")
    approvals, returns, rejections = (standing.chose(choice) for choice in Choice)
    if state is State.APPROVED:
        enough = approvals >= standing.needed and not returns and not rejections
        _must(hold=enough, otherwise=f"{standing.needed} reviewers must approve, and none reject or return it")
        _must(hold=_in_time(standing, act), otherwise="the days for the review are over")
        _must(hold=not act.put_back, otherwise=PUT_BACK)
    if state is State.REJECTED:
        _must(hold=rejections > 0, otherwise="no reviewer has rejected it")
    if state is State.RETURNED:
        _must(hold=returns > 0 and not rejections, otherwise="reviewers return a request, unless one of them rejects")
    return after


def _in_time(standing: Standing, act: Act) -> bool:
    return standing.review_ends is None or act.now < standing.review_ends


def _vote(standing: Standing, vote: Vote, *, act: Act) -> Standing:
    reviewer = person(vote.reviewer)
    involved = {person(standing.request.requester), person(standing.opened_by)}
    _must(hold=standing.state is State.HELD, otherwise=f"a request that is {standing.state} takes no votes")
    _must(hold=vote.request == standing.request.id, otherwise="the vote is about another request")
    _must(hold=bool(reviewer) and vote.reviewer == act.actor, otherwise="a vote is cast by the reviewer in person")
    _must(hold=vote.at.utcoffset() == timedelta(0), otherwise="the time of a vote is in UTC")
    _must(hold=reviewer not in involved, otherwise="the requester cannot review the own request")
    voted = {person(each.reviewer) for each in standing.votes}
    _must(hold=reviewer not in voted, otherwise="each reviewer votes once")
    _must(hold=vote.ballot == standing.ballot, otherwise="the vote is not about what would be sent now")
    said = vote.choice is Choice.APPROVE or bool(vote.comment.strip())
    _must(hold=said, otherwise="who rejects or returns a request says why")
    _must(hold=_in_time(standing, act), otherwise="the days for the review are over")
    _must(hold=vote.choice is not Choice.APPROVE or not act.put_back, otherwise=PUT_BACK)
    return replace(standing, votes=(*standing.votes, vote))


def _clear(standing: Standing, step: Cleared, *, act: Act) -> Standing:
    after, clearance = _go(standing, State.CLEARED), step.clearance
    by_machine = standing.state is State.SCREENED and standing.decision is Decision.CLEAR
    by_people = standing.state is State.APPROVED and standing.decision is Decision.HOLD
    _must(hold=by_machine or by_people, otherwise=f"a verdict of {standing.decision} cannot be cleared")
    _must(hold=_NONCE.fullmatch(clearance.nonce) is not None, otherwise="a nonce has 32 hexadecimal digits")
    _must(hold=_binds(standing, clearance), otherwise="the clearance is not about what was judged")
    in_utc = {clearance.issued_at.utcoffset(), clearance.expires_at.utcoffset()} == {timedelta(0)}
    _must(hold=in_utc, otherwise="the times of a clearance are in UTC")
    _must(hold=not act.put_back, otherwise=PUT_BACK)
    lasting = max(clearance.issued_at, act.now) < clearance.expires_at
    _must(hold=lasting, otherwise="the clearance expires before it can be used")
    _must(hold=bool(step.envelope), otherwise="a clearance needs its signed envelope")
    return replace(after, clearance=clearance)


def _binds(standing: Standing, clearance: Clearance) -> bool:
    if standing.artefact is None or standing.ballot is None:
        return False
    about = Ballot(
        artefact=clearance.artefact,
        destination=clearance.destination,
        recipient=clearance.recipient,
        policy_digest=clearance.policy_digest,
        zones=clearance.zones,
    )
    same_files = clearance.files == standing.artefact.files and content_digest(clearance.files) == clearance.artefact
    request = standing.request
    named = (clearance.request, clearance.policy) == (request.id, request.policy)
    named = named and clearance.recipients_digest == standing.recipients_digest
    return about == standing.ballot and same_files and named


def _claim(standing: Standing, step: Claimed, *, act: Act) -> Standing:
    after, clearance = _go(standing, State.SENDING), standing.clearance
    if clearance is None or clearance.nonce != step.nonce:
        raise RefusedError("the nonce is not that of the request's clearance")
    _must(hold=clearance.issued_at <= act.at, otherwise="the clearance is not valid yet")
    _must(hold=act.now < clearance.expires_at, otherwise="the clearance has expired")
    _must(hold=not act.put_back, otherwise=PUT_BACK)
    return after


def _receive(standing: Standing, step: Received) -> Standing:
    after, receipt, clearance = _go(standing, State.SENT), step.receipt, standing.clearance
    if clearance is None or (receipt.nonce, receipt.request) != (clearance.nonce, clearance.request):
        raise RefusedError("the receipt is not for this clearance")
    delivered = sorted((delivery.sha256, delivery.size) for delivery in receipt.deliveries)
    cleared = sorted((file.sha256, file.size) for file in clearance.files)
    _must(hold=delivered == cleared, otherwise="the receipt does not name the cleared files")
    uris = {delivery.uri for delivery in receipt.deliveries}
    inside = all(uri.startswith(clearance.destination) for uri in uris) and len(uris) == len(receipt.deliveries)
    _must(hold=inside, otherwise="the receipt names other places than the cleared destination")
    return after
