"""What somebody can do with a release now, and for all that they cannot: why not. Nothing is done here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from geogate.ledger.laws import CONTINUABLE
from geogate.model.authority import Action, Role, why_not, why_not_own
from geogate.model.lifecycle import TRANSITIONS, State
from geogate.model.names import person

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from geogate.model.authority import Identity
    from geogate.model.release import ReleaseRequest, Vote


class Step(StrEnum):
    """What can be done on the page of a release."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
    COMMENT = "comment"
    WITHDRAW = "withdraw"
    CONTINUE = "continue"
    SEND = "send"
    UNMASK = "unmask"


NEEDS: Final = {
    Step.APPROVE: Action.VOTE,
    Step.RETURN: Action.VOTE,
    Step.REJECT: Action.VOTE,
    Step.COMMENT: Action.COMMENT,
    Step.WITHDRAW: Action.WITHDRAW,
    Step.CONTINUE: Action.SUBMIT,
    Step.SEND: Action.SEE_OWN,
    Step.UNMASK: Action.UNMASK,
}
VOTES: Final = frozenset({Step.APPROVE, Step.RETURN, Step.REJECT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """A step, and why it cannot be taken now; it is ``enabled`` where there is no reason."""

    step: Step
    why_not: str

    @property
    def enabled(self) -> bool:
        """Whether it can be taken."""
        return not self.why_not


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What the possible steps depend on; ``requesters`` are those of all requests for the same release."""

    request: ReleaseRequest
    votes: tuple[Vote, ...]
    requesters: Collection[str]
    deadline: datetime | None
    now: datetime
    viewer: Identity
    roles: frozenset[Role]


def possible(situation: Situation) -> tuple[Possible, ...]:
    """Give every step, each with the reason where it cannot be taken."""
    return tuple(Possible(step=step, why_not=_why_not(step, situation)) for step in Step)


def _why_not(step: Step, at: Situation) -> str:
    own = person(at.request.requester) == person(at.viewer.name)
    if why := why_not(NEEDS[step], at.roles):
        return why
    if step in VOTES:
        return _why_no_vote(at)
    if step in {Step.WITHDRAW, Step.CONTINUE} and not own:
        return f"only its requester can {step} it"
    return _why_not_yet(step, at)


def _why_not_yet(step: Step, at: Situation) -> str:
    state = at.request.state
    expired = state is State.CLEARED and at.deadline is not None and at.now >= at.deadline
    if step is Step.SEND and expired:
        return "the clearance has expired"
    if step is Step.UNMASK and at.request.artefact is None:
        return "there is no artefact"
    can = {
        Step.WITHDRAW: State.WITHDRAWN in TRANSITIONS[state],
        Step.CONTINUE: state is State.RETURNED or state in CONTINUABLE,
        Step.SEND: state in {State.CLEARED, State.SENDING},
    }
    return "" if can.get(step, True) else f"the request is {state}"


def _why_no_vote(at: Situation) -> str:
    if why := why_not_own(Action.VOTE, who=at.viewer.name, asked=(at.request.requester, *at.requesters)):
        return why
    if at.request.state is not State.HELD:
        return f"the request is {at.request.state}"
    if person(at.viewer.name) in {person(vote.reviewer) for vote in at.votes}:
        return "you have voted; each reviewer votes once"
    if at.deadline is not None and at.now >= at.deadline:
        return "the days for the review are over"
    return ""
