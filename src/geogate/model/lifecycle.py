"""The life cycle of a release request as one literal table."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

from geogate.model.errors import RefusedError


class State(StrEnum):
    """Where a release request stands."""

    DRAFT = "draft"
    SEALED = "sealed"
    SCREENED = "screened"
    HELD = "held"
    RETURNED = "returned"
    CONTINUED = "continued"
    APPROVED = "approved"
    CLEARED = "cleared"
    SENDING = "sending"
    SENT = "sent"
    DENIED = "denied"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    FAILED = "failed"
    RECALLED = "recalled"


TRANSITIONS: MappingProxyType[State, tuple[State, ...]] = MappingProxyType(
    {
        State.DRAFT: (State.SEALED, State.WITHDRAWN, State.FAILED),
        State.SEALED: (State.SCREENED, State.WITHDRAWN, State.FAILED),
        State.SCREENED: (State.HELD, State.CLEARED, State.DENIED, State.WITHDRAWN, State.FAILED),
        State.HELD: (State.APPROVED, State.REJECTED, State.RETURNED, State.WITHDRAWN, State.EXPIRED),
        State.RETURNED: (State.CONTINUED, State.WITHDRAWN, State.EXPIRED),
        State.CONTINUED: (),
        State.APPROVED: (State.CLEARED, State.WITHDRAWN, State.EXPIRED, State.DENIED, State.FAILED),
        State.CLEARED: (State.SENDING, State.WITHDRAWN, State.EXPIRED),
        State.SENDING: (State.SENT, State.FAILED),
        State.SENT: (State.RECALLED,),
        State.DENIED: (),
        State.REJECTED: (),
        State.WITHDRAWN: (),
        State.EXPIRED: (),
        State.FAILED: (),
        State.RECALLED: (),
    }
)


def require_transition(before: State, after: State) -> None:
    """Refuse a step that the table does not have.

    Raises: RefusedError.
    """
    if after not in TRANSITIONS[before]:
        steps = ", ".join(TRANSITIONS[before]) or "nothing"
        raise RefusedError(
            f"a request that is {before} cannot become {after}", hint=f"from {before} it can become {steps}"
        )
