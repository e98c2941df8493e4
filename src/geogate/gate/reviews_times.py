"""Times: what waits too long is expired, and who must act is reminded once a step; time alone approves nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from geogate.gate.authority import require
from geogate.gate.reviews_queue import SOMEBODY, Days, deadline_of
from geogate.ledger.failures import DamagedError
from geogate.ledger.queue import Filter
from geogate.model.authority import Action
from geogate.model.document import from_json
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.gate.house import House
    from geogate.ledger.ledger import Ledger
    from geogate.ledger.queue import QueuedRequest
    from geogate.ledger.transaction import Transaction

REMINDED: Final = "reminded"
STUCK_DAYS: Final = 7
"""Days after which a request that the gate itself did not go on with has failed."""

ENDS: Final = {
    State.HELD: (State.EXPIRED, "no decision in time"),
    State.RETURNED: (State.EXPIRED, "its requester did not change it in time"),
    State.CLEARED: (State.EXPIRED, "the clearance was not used in time"),
    State.DRAFT: (State.FAILED, "nothing went on with it"),
    State.SEALED: (State.FAILED, "nothing went on with it"),
    State.SCREENED: (State.FAILED, "nothing went on with it"),
    State.APPROVED: (State.FAILED, "nothing went on with it"),
}
_PAGE: Final = 200


class Step(StrEnum):
    """How urgent a reminder is."""

    HALF = "half of the time is over"
    LAST_DAY = "the last day has begun"
    OVER = "the time is over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """That somebody has to act on a request, who, and until when."""

    request: str
    state: State
    step: Step
    deadline: datetime
    acts: str
    requester: str
    recipient: str
    dataset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminded:
    """The body of the entry that says that a reminder was given out, for a state since a time."""

    step: Step
    state: State
    since: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """A request that waited too long, and what it is now."""

    request: str
    state: State
    reason: str


def expire(*, house: House) -> tuple[Ended, ...]:
    """End everything that waited too long; each end is an entry, and none lets anything leave.

    Raises: ForbiddenError, ServiceError.
    """
    require(Action.KEEP_TIMES, house=house)
    return expire_all(house=house)


def expire_all(*, house: House) -> tuple[Ended, ...]:
    """End what waited too long, for an audit that has asked for the role already.

    Raises: ServiceError.
    """
    days, found = Days(house), list[Ended]()
    with house.ledger() as ledger:
        now = ledger.now(house.clock())
        late = [row for row in _rows(ledger, tuple(ENDS), house) if _over(row, now, days)]
        for row in late:
            with ledger.transaction(house.actor, at=house.clock()) as tx:
                standing = tx.standing(row.id)
                if standing is None or standing.state is not row.state:
                    continue  # somebody acted meanwhile
                after, reason = ENDS[row.state]
                tx.move(row.id, after, reason=reason)
            found.append(Ended(request=str(row.id), state=after, reason=reason))
    return tuple(found)


def remind(*, house: House) -> tuple[Reminder, ...]:
    """Give the reminders that nobody was given yet, and note each before it is given, so that none is sent twice.

    Raises: ForbiddenError, ServiceError.
    """
    require(Action.KEEP_TIMES, house=house)
    days, found = Days(house), list[Reminder]()
    with house.ledger() as ledger:
        now = ledger.now(house.clock())
        for row in _rows(ledger, (State.HELD, State.RETURNED, State.CLEARED), house):
            reminder = _reminder(row, now, days)
            if reminder is None:
                continue
            with ledger.transaction(house.actor, at=house.clock()) as tx:
                body = Reminded(step=reminder.step, state=row.state, since=row.changed_at)
                if not _told(tx, row, body):
                    tx.note(REMINDED, body, request=row.id)
                    found.append(reminder)
    return tuple(found)


def _rows(ledger: Ledger, states: tuple[State, ...], house: House) -> tuple[QueuedRequest, ...]:
    def pages() -> Iterator[QueuedRequest]:
        offset = 0
        while True:
            wanted = Filter(viewer=house.actor, states=states, offset=offset, limit=_PAGE)
            page = ledger.queued(wanted)
            yield from page.rows
            offset += _PAGE
            if offset >= page.total:
                return

    return tuple(pages())


def _over(row: QueuedRequest, now: datetime, days: Days) -> bool:
    deadline = deadline_of(row, days=days)
    if deadline is None and row.state not in {State.HELD, State.CLEARED}:
        deadline = datetime.fromisoformat(row.changed_at) + timedelta(days=STUCK_DAYS)
    return deadline is not None and now >= deadline


def _reminder(row: QueuedRequest, now: datetime, days: Days) -> Reminder | None:
    deadline = deadline_of(row, days=days)
    step = None if deadline is None else step_now(datetime.fromisoformat(row.changed_at), deadline, now=now)
    if deadline is None or step is None:
        return None
    return Reminder(
        request=str(row.id),
        state=row.state,
        step=step,
        deadline=deadline,
        acts=SOMEBODY[row.state],
        requester=row.requester,
        recipient=row.recipient,
        dataset=row.dataset,
    )


def step_now(since: datetime, deadline: datetime, *, now: datetime) -> Step | None:
    """Say how urgent something is that began ``since`` and ends at its deadline; ``None`` in the first half."""
    if now < since + (deadline - since) / 2:
        return None
    return Step.OVER if now >= deadline else Step.LAST_DAY if now >= deadline - timedelta(days=1) else Step.HALF


def _told(tx: Transaction, row: QueuedRequest, body: Reminded) -> bool:
    try:
        return any(from_json(Reminded, entry.body) == body for entry in tx.notes(row.id, kind=REMINDED))
    except ValueError as error:
        raise DamagedError(f"a reminder of request {row.id} cannot be read") from error
