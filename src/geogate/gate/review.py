"""Review: people decide on held releases; two approve, none is the requester, and each vote is bound to the bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.gate.again import ask_again, judge_again
from geogate.gate.basis import other_versions, review_ends, same_rules, says_the_same
from geogate.gate.clear import Terms, ballot_of, clear
from geogate.gate.exposure import require_still_within
from geogate.gate.keys import signing_key
from geogate.ledger.laws import person
from geogate.model.errors import RefusedError, UsageError
from geogate.model.finding import Effect
from geogate.model.lifecycle import State
from geogate.model.release import Choice, Vote
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from geogate.gate.examine import Examined, Question
    from geogate.gate.house import House
    from geogate.ledger.ledger import Ledger
    from geogate.ledger.transaction import Transaction
    from geogate.model.names import Nonce, RequestId
    from geogate.model.release import ReleaseRequest
    from geogate.model.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Where a review stands after a vote; ``clearance`` is there when the last approval cleared the release."""

    request: RequestId
    state: State
    approvals: int
    needed: int
    clearance: Nonce | None


def approve(request_id: RequestId, *, comment: str, house: House) -> Tally:
    """Vote for a held release; the last approval that the policy asks for clears it.

    Raises: RefusedError when the actor is the requester or has voted, the request is not held, or what was judged is
        no longer what today's policy, recipients, zone lists and software say, or the days for it are over;
        UsageError when there is no such request.
    """
    signing_key(house.settings)
    ledger = house.ledger()
    try:
        request = ledger.request(request_id)
        verdict = _judged(request)
        question = ask_again(request, house=house)
        _require_same_basis(question, verdict)
        _require_in_time(request, verdict, ledger=ledger, question=question, house=house)
        _require_not_asked(verdict, ledger=ledger, house=house)
        needed = question.policy.reviewers
        last = len(ledger.votes(request_id)) + 1 >= needed
        examined = _require_same_verdict(request, verdict, question, house=house) if last else None
        policy = question.policy
        terms = Terms(hours=policy.clearance_hours, recipient=question.recipient, obligations=policy.obligations)
        with ledger.transaction(house.actor, at=house.clock()) as tx:
            tx.vote(_vote(request, verdict, Choice.APPROVE, comment=comment, house=house))
            approvals = _approvals(tx, request_id)
            if approvals < needed:
                return Tally(request=request_id, state=State.HELD, approvals=approvals, needed=needed, clearance=None)
            if examined is None:
                raise RefusedError("somebody else approved at the same moment", hint="approve again")
            require_still_within(examined, question, tx, seen=verdict)
            tx.move(request_id, State.APPROVED, reason=f"{approvals} reviewers approved")
            nonce = clear(request, tx=tx, terms=terms, house=house)
        return Tally(request=request_id, state=State.CLEARED, approvals=approvals, needed=needed, clearance=nonce)
    finally:
        ledger.close()


def reject(request_id: RequestId, *, comment: str, house: House) -> Tally:
    """Vote against a held release, which ends it; the comment says why.

    Raises: UsageError without a comment or for an unknown request, RefusedError as ``approve``.
    """
    if not comment.strip():
        raise UsageError("a rejection needs a comment", hint="say with --comment what would have to change")
    ledger = house.ledger()
    try:
        request = ledger.request(request_id)
        with ledger.transaction(house.actor, at=house.clock()) as tx:
            tx.vote(_vote(request, _judged(request), Choice.REJECT, comment=comment, house=house))
            tx.move(request_id, State.REJECTED, reason="a reviewer rejected")
            approvals = _approvals(tx, request_id)
        return Tally(request=request_id, state=State.REJECTED, approvals=approvals, needed=0, clearance=None)
    finally:
        ledger.close()


def _approvals(tx: Transaction, request_id: RequestId) -> int:
    standing = tx.standing(request_id)
    return sum(choice is Choice.APPROVE for _, choice in standing.votes) if standing else 0


def _judged(request: ReleaseRequest) -> Verdict:
    if request.verdict is None:
        raise RefusedError(f"request {request.id} has no verdict yet")
    return request.verdict


def _vote(request: ReleaseRequest, verdict: Verdict, choice: Choice, *, comment: str, house: House) -> Vote:
    return Vote(
        request=request.id,
        reviewer=house.actor,
        choice=choice,
        comment=comment,
        at=house.clock(),
        ballot=ballot_of(verdict),
    )


def _require_same_basis(question: Question, verdict: Verdict) -> None:
    """Refuse an approval of what yesterday's rules or software said.

    Raises: RefusedError.
    """
    if not same_rules(verdict, question):
        raise RefusedError(
            "the policy, the recipients or a zone list changed since the release was judged",
            hint="ask the requester to submit it again",
        )
    if changed := other_versions(verdict):
        raise RefusedError(
            f"other versions are installed than those that judged the release: {', '.join(changed)}",
            hint="ask the requester to submit it again; who has approved may have seen other findings",
        )


def _require_in_time(
    request: ReleaseRequest, verdict: Verdict, *, ledger: Ledger, question: Question, house: House
) -> None:
    """Refuse an approval after the days that the policy gives, and end the review.

    Raises: RefusedError.
    """
    if request.state is not State.HELD or house.clock() < review_ends(verdict, question.policy):
        return
    with ledger.transaction(house.actor, at=house.clock()) as tx:
        tx.move(request.id, State.EXPIRED, reason=f"no decision within {question.policy.review_days} days")
    raise RefusedError("the review has expired", hint="ask the requester to submit it again")


def _require_not_asked(verdict: Verdict, *, ledger: Ledger, house: House) -> None:
    """Refuse an approval by somebody who asked for the same release: a repeated wish joins the first one's request.

    Raises: RefusedError.
    """
    same = (r for r in ledger.requests() if r.verdict is not None and ballot_of(r.verdict) == ballot_of(verdict))
    if person(house.actor) in {person(request.requester) for request in same}:
        raise RefusedError("the requester cannot review the own request", hint="somebody who did not ask for it can")


def _require_same_verdict(request: ReleaseRequest, seen: Verdict, question: Question, *, house: House) -> Examined:
    """Judge the sealed bytes again before the last approval counts: contracts end and places move while people think.

    Raises: RefusedError when they would be denied today, or another verdict is given than the one that reviewers saw.
    """
    examined = judge_again(request, question=question, house=house)
    verdict = examined.verdict
    if verdict.decision is Decision.DENY:
        rules = ", ".join(sorted({str(f.rule) for f in verdict.findings if f.effect is Effect.DENY}))
        raise RefusedError(f"the release would be denied today: {rules}", hint="ask the requester to submit it again")
    if not says_the_same(seen, verdict):
        raise RefusedError(
            "the verdict of today differs from the one that reviewers were shown",
            hint="ask the requester to submit it again; then reviewers see what is found today",
        )
    return examined
