"""Review: people decide on held releases; each vote is bound to the bytes, none is the requester's, and all are blind.

The votes are counted when as many have voted as the policy asks for, never before: a review that one rejection ended at
once would tell by going on that nobody has rejected yet. Then one rejection rejects, one return returns, and only as
many approvals as the policy asks for approve.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from geogate.gate.again import ask_again, judge_again
from geogate.gate.authority import asked_by, require, roles_here, still_votes
from geogate.gate.basis import other_versions, review_ends, same_rules, says_the_same
from geogate.gate.clear import Terms, ballot_of, clear
from geogate.gate.exposure import require_still_within
from geogate.gate.keys import signing_key
from geogate.model.authority import Action, Source, why_not_own
from geogate.model.errors import RefusedError, UsageError
from geogate.model.finding import Effect
from geogate.model.lifecycle import State
from geogate.model.names import person, says_something
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
    from geogate.policy.roles import Roles

LONGEST_COMMENT: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Where a review stands after a vote; ``clearance`` is there when the last approval cleared the release.

    ``votes`` counts those that count, whatever they say: what they say nobody learns before the review is over.
    """

    request: RequestId
    state: State
    votes: int
    needed: int
    clearance: Nonce | None


def approve(request_id: RequestId, *, comment: str, house: House) -> Tally:
    """Vote for a held release; the last approval that the policy asks for clears it.

    Raises: ForbiddenError without the role of a reviewer; RefusedError when the actor is the requester or has voted,
        the request is not held, or what was judged is no longer what today's policy, recipients, zone lists, waivers
        and software say, or the days for it are over; UsageError for an unknown request or a comment that is too long.
    """
    _require_may_vote(Choice.APPROVE, comment, house=house)
    signing_key(house.settings)
    ledger = house.ledger()
    try:
        request = ledger.request(request_id)
        verdict = _judged(request)
        question = ask_again(request, house=house)
        _require_same_basis(question, verdict)
        _require_in_time(request, verdict, ledger=ledger, question=question, house=house)
        _require_not_asked(request, ledger=ledger, house=house)
        asked = asked_by(request, ledger=ledger)
        counting = Counting(needed=question.policy.reviewers, roles=roles_here(house), asked=asked)
        ahead = ledger.votes(request_id)
        clears = counting.over(ahead, more=1) and all(vote.choice is Choice.APPROVE for vote in ahead)
        examined = _require_same_verdict(request, verdict, question, house=house) if clears else None
        terms = Terms.of(question)
        with ledger.transaction(house.actor, at=house.clock()) as tx:
            # Judging takes its time: roles are those of now, and so is who asked for the same.
            require(Action.VOTE, house=house)
            counting = replace(counting, roles=roles_here(house), asked=asked_by(request, ledger=ledger))
            tx.vote(_vote(request, verdict, Choice.APPROVE, comment=comment, house=house))
            tally = _count(tx, request_id, counting=counting)
            if tally.state is not State.APPROVED:
                return tally
            if examined is None:
                raise RefusedError("somebody else approved at the same moment", hint="approve again")
            require_still_within(examined, question, tx, seen=verdict)
            nonce = clear(request, tx=tx, terms=terms, house=house)
        return Tally(request=request_id, state=State.CLEARED, votes=tally.votes, needed=tally.needed, clearance=nonce)
    finally:
        ledger.close()


def reject(request_id: RequestId, *, comment: str, house: House) -> Tally:
    """Vote against a held release, which then can never leave; the comment says why.

    Raises: UsageError without a comment or for an unknown request, ForbiddenError and RefusedError as ``approve``.
    """
    return _refuse(request_id, Choice.REJECT, comment=comment, house=house)


def send_back(request_id: RequestId, *, comment: str, house: House) -> Tally:
    """Vote that the requester has to change a held release; the comment says what.

    Raises: as ``reject``.
    """
    return _refuse(request_id, Choice.RETURN, comment=comment, house=house)


def withdraw(request_id: RequestId, *, comment: str, house: House) -> State:
    """Take a request back, which only its requester can, while nothing of it was sent.

    Raises: ForbiddenError, RefusedError, UsageError.
    """
    require(Action.WITHDRAW, house=house)
    require_short(comment)
    with house.ledger() as ledger:
        request = ledger.request(request_id)
        if person(request.requester) != person(house.actor):
            raise RefusedError("only its requester can withdraw a request")
        with ledger.transaction(house.actor, at=house.clock()) as tx:
            tx.move(request_id, State.WITHDRAWN, reason=comment.strip() or "its requester withdrew it")
    return State.WITHDRAWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """Which votes count, and how many must: who has the role of a reviewer no more has no vote that approves.

    Nor has who ``asked`` for the same release, before or after the vote; the names are folded.
    """

    needed: int
    roles: Roles | None
    asked: frozenset[str] = frozenset()

    def counted(self, votes: tuple[Vote, ...]) -> int:
        """Count the votes of those who may vote today."""
        own = [vote for vote in votes if person(vote.reviewer) not in self.asked]
        return sum(still_votes(vote, self.roles) for vote in own)

    def over(self, votes: tuple[Vote, ...], *, more: int = 0) -> bool:
        """Say whether enough have voted, if so many ``more`` do."""
        return self.counted(votes) + more >= self.needed

    def outcome(self, votes: tuple[Vote, ...]) -> State:
        """Say what the votes make of a held request; a refusal counts, whatever role its voter has today."""
        choices = {vote.choice for vote in votes}
        if not self.over(votes):
            return State.HELD
        if Choice.REJECT in choices:
            return State.REJECTED
        return State.RETURNED if Choice.RETURN in choices else State.APPROVED


REASONS: Final = {
    State.APPROVED: "{votes} reviewers approved",
    State.REJECTED: "of {votes} reviewers who voted one or more rejected",
    State.RETURNED: "of {votes} reviewers who voted one or more asked for changes, and none rejected",
}


STEERING: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Characters that say nothing, and steer a terminal or turn the order of the text round."""


def require_short(comment: str) -> None:
    """Refuse a comment that nobody would read, or that reads otherwise than it is.

    Raises: UsageError.
    """
    if len(comment) > LONGEST_COMMENT:
        raise UsageError(f"a comment has up to {LONGEST_COMMENT} characters", hint="say it in short")
    if STEERING.search(comment):
        raise UsageError("the comment has characters that are no text")


def _require_may_vote(choice: Choice, comment: str, *, house: House) -> None:
    require(Action.VOTE, house=house)
    require_short(comment)
    if choice is not Choice.APPROVE and not says_something(comment):
        raise UsageError(f"to {choice} needs a comment", hint="say with --comment what would have to change")


def _refuse(request_id: RequestId, choice: Choice, *, comment: str, house: House) -> Tally:
    _require_may_vote(choice, comment, house=house)
    with house.ledger() as ledger:
        request = ledger.request(request_id)
        verdict = _judged(request)
        # A refusal counts whatever changed since: only how many must vote, and who may, is asked of today.
        needed = verdict.basis.reviewers or ask_again(request, house=house).policy.reviewers
        counting = Counting(needed=needed, roles=roles_here(house), asked=asked_by(request, ledger=ledger))
        with ledger.transaction(house.actor, at=house.clock()) as tx:
            tx.vote(_vote(request, verdict, choice, comment=comment, house=house))
            return _count(tx, request_id, counting=counting)


def _count(tx: Transaction, request_id: RequestId, *, counting: Counting) -> Tally:
    """Take the step that follows from the votes, in the transaction of the last of them."""
    standing = tx.standing(request_id)
    votes = standing.votes if standing else ()
    state, count = counting.outcome(votes), counting.counted(votes)
    if state is not State.HELD:
        tx.move(request_id, state, reason=REASONS[state].format(votes=count))
    return Tally(request=request_id, state=state, votes=count, needed=counting.needed, clearance=None)


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
        groups=house.groups,
        source="" if house.source is Source.LOCAL else house.source.value,
        salt=house.new_nonce(),
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
    if request.state is not State.HELD or ledger.now(house.clock()) < review_ends(verdict, question.policy):
        return
    with ledger.transaction(house.actor, at=house.clock()) as tx:
        tx.move(request.id, State.EXPIRED, reason=f"no decision within {question.policy.review_days} days")
    raise RefusedError("the review has expired", hint="ask the requester to submit it again")


def _require_not_asked(request: ReleaseRequest, *, ledger: Ledger, house: House) -> None:
    """Refuse an approval by somebody who asked for the same release: a repeated wish joins the first one's request.

    Raises: RefusedError.
    """
    if why_not_own(Action.VOTE, who=house.actor, asked=asked_by(request, ledger=ledger)):
        raise RefusedError("the requester cannot review the own request", hint="somebody who did not ask for it can")


def _require_same_verdict(request: ReleaseRequest, seen: Verdict, question: Question, *, house: House) -> Examined:
    """Judge the sealed bytes again before the last approval counts: contracts end and places move while people think.

    Raises: RefusedError when they would be denied today, or another verdict is given than the one that reviewers saw.
    """
    examined = judge_again(request, question=question, house=house)
    verdict = examined.verdict
    if verdict.decision is Decision.DENY:
        denying = {str(f.rule) for f in verdict.findings if f.effect is Effect.DENY and not f.waived}
        rules = ", ".join(sorted(denying))
        raise RefusedError(f"the release would be denied today: {rules}", hint="ask the requester to submit it again")
    if not says_the_same(seen, verdict):
        raise RefusedError(
            "the verdict of today differs from the one that reviewers were shown",
            hint="ask the requester to submit it again; then reviewers see what is found today",
        )
    return examined
