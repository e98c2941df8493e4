"""The queue: every request counted, a page of them shown with age, deadline, who must act and what comes next."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from geogate.gate.authority import own_roles
from geogate.gate.place import place_of
from geogate.ledger.laws import APPROVALS
from geogate.ledger.queue import Filter
from geogate.model.authority import Action, ForbiddenError, why_not
from geogate.model.document import canonical_json
from geogate.model.errors import GeogateError
from geogate.model.lifecycle import TRANSITIONS, State
from geogate.model.names import person

if TYPE_CHECKING:
    from geogate.gate.house import House
    from geogate.ledger.queue import QueuedRequest

WAITING: Final = (State.HELD, State.RETURNED, State.APPROVED, State.CLEARED, State.SENDING)
"""States in which somebody has to do something."""

MOST_ROWS: Final = 200
RETURNED_DAYS: Final = 30
"""Days after which a returned request expires where its policy does not say."""

SOMEBODY: Final = {
    State.DRAFT: "the gate",
    State.SEALED: "the gate",
    State.SCREENED: "the gate",
    State.HELD: "reviewers",
    State.RETURNED: "the requester",
    State.APPROVED: "the gate",
    State.CLEARED: "whoever sends",
    State.SENDING: "the gate",
}
NEXT: Final = {
    State.DRAFT: "it is being sealed",
    State.SEALED: "it is being judged",
    State.SCREENED: "the decision is being carried out",
    State.HELD: "{left} more must vote",
    State.RETURNED: "change the data, and submit it with --continues",
    State.APPROVED: "it is being cleared",
    State.CLEARED: "send it, until the clearance expires",
    State.SENDING: "it is being sent",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One request as the queue shows it; ``since`` is when it came into its state, ``deadline`` when that ends.

    ``votes`` of ``needed`` were cast, whatever they say; ``voted`` and ``mine`` are about who looks.
    """

    request: str
    state: State
    opened_at: datetime
    since: datetime
    age: timedelta
    deadline: datetime | None
    overdue: bool
    dataset: str
    requester: str
    recipient: str
    destination: str
    purpose: str
    policy: str
    continues: str
    votes: int
    needed: int
    voted: bool
    mine: bool
    acts: str
    next: str

    def document(self) -> dict[str, Any]:
        """Return the row as a JSON document."""
        found: dict[str, Any] = json.loads(canonical_json(_plain(self)))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A page of the queue; ``counts`` are of all requests in every state, whatever was filtered."""

    rows: tuple[QueueRow, ...]
    total: int
    page: int
    pages: int
    counts: tuple[tuple[State, int], ...]
    states: tuple[State, ...]
    own_only: bool = field(default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of the queue is wanted; who may see only the own releases gets only these."""

    states: tuple[State, ...] = WAITING
    page: int = 1
    per_page: int = 50
    recipient: str = ""
    requester: str = ""
    text: str = ""
    newest: bool = False


def queue(wanted: Wanted, *, house: House) -> Queue:
    """Give a page of the queue, as whoever acts may see it.

    Raises: ForbiddenError for somebody without any role; ServiceError.
    """
    roles = own_roles(house)
    own_only = bool(why_not(Action.SEE_ALL, roles))
    if why := why_not(Action.SEE_OWN, roles):
        raise ForbiddenError(why)
    per_page = max(1, min(wanted.per_page, MOST_ROWS))
    page = max(1, wanted.page)
    asked = Filter(
        viewer=house.actor,
        states=wanted.states,
        recipient=wanted.recipient,
        requester=house.actor if own_only else wanted.requester,
        text=wanted.text.strip()[:200],
        newest=wanted.newest,
        offset=(page - 1) * per_page,
        limit=per_page,
    )
    with house.ledger() as ledger:
        counts = ledger.counted()
        found = ledger.queued(asked)
        now = ledger.now(house.clock())
    days = Days(house)
    return Queue(
        rows=tuple(_row(each, now=now, house=house, days=days) for each in found.rows),
        total=found.total,
        page=page,
        pages=max(1, -(-found.total // per_page)),
        counts=tuple(counts.items()),
        states=wanted.states,
        own_only=own_only,
    )


@dataclass(slots=True)
class Days:
    """The review days of policies, read once each, for verdicts that do not say theirs."""

    house: House
    known: dict[str, tuple[int, int]] = field(default_factory=dict)

    def of(self, policy: str) -> tuple[int, int]:
        """Give how many reviewers a policy wants within how many days; 0 days where it cannot be read."""
        if policy not in self.known:
            try:
                found = place_of(self.house).policy(policy)
                self.known[policy] = (found.reviewers, found.review_days)
            except GeogateError:
                self.known[policy] = (APPROVALS, 0)
        return self.known[policy]


def deadline_of(row: QueuedRequest, *, days: Days) -> datetime | None:
    """Give when the state of a request ends by itself; ``None`` where nothing ends it, or nobody knows."""
    length = row.review_days
    if not length and row.state in {State.HELD, State.RETURNED}:
        length = days.of(row.policy)[1]
    if row.state is State.HELD and length and row.judged_at:
        return datetime.fromisoformat(row.judged_at) + timedelta(days=length)
    if row.state is State.RETURNED:
        return datetime.fromisoformat(row.changed_at) + timedelta(days=length or RETURNED_DAYS)
    if row.state is State.CLEARED and row.expires_at:
        return datetime.fromisoformat(row.expires_at)
    return None


def _row(row: QueuedRequest, *, now: datetime, house: House, days: Days) -> QueueRow:
    since = datetime.fromisoformat(row.changed_at)
    deadline = deadline_of(row, days=days)
    overdue = deadline is not None and now >= deadline
    needed = row.reviewers or (days.of(row.policy)[0] if row.judged_at and not row.review_days else APPROVALS)
    return QueueRow(
        request=str(row.id),
        state=row.state,
        opened_at=datetime.fromisoformat(row.opened_at),
        since=since,
        age=max(now - since, timedelta(0)),
        deadline=deadline,
        overdue=overdue,
        dataset=row.dataset,
        requester=row.requester,
        recipient=row.recipient,
        destination=row.destination,
        purpose=row.purpose,
        policy=row.policy,
        continues=row.continues,
        votes=row.votes,
        needed=needed,
        voted=row.voted,
        mine=person(row.requester) == person(house.actor),
        acts=SOMEBODY.get(row.state, "nobody"),
        next=_next(row, needed=needed, overdue=overdue),
    )


def _next(row: QueuedRequest, *, needed: int, overdue: bool) -> str:
    if not set(TRANSITIONS[row.state]) - {State.RECALLED}:
        return "nothing: it is over"
    if overdue:
        return "nothing: its time is over, and it expires with the next look at times"
    return NEXT[row.state].format(left=max(needed - row.votes, 1))


def _plain(row: QueueRow) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(row) | {"age": int(row.age.total_seconds())}
