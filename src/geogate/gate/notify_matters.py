"""What people have to be told at a moment: releases that wait for them or were decided, waivers that end, duties.

Everything follows from the ledger as it is, so that nothing is lost while nobody could be told. Who was told is
remembered elsewhere: see ``geogate.gate.notify``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from geogate.gate.feeds import stopped
from geogate.gate.obligations import owed
from geogate.gate.reviews_queue import Days, deadline_of
from geogate.gate.reviews_times import Step, step_now
from geogate.gate.waivers_ledger import waivers_of
from geogate.ledger.queue import Filter
from geogate.model.authority import ALLOWED, Action, Role
from geogate.model.lifecycle import State
from geogate.model.waiver import APPROVALS, WaiverState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from geogate.gate.feeds import FeedRow
    from geogate.gate.house import House
    from geogate.gate.obligations import Owed
    from geogate.ledger.ledger import Ledger
    from geogate.ledger.queue import QueuedRequest
    from geogate.model.waiver import WaiverStanding
    from geogate.notifications.receivers import Receiver, Receivers

LATEST: Final = timedelta(days=14)
"""What was over before that is told to nobody any more."""

STUCK: Final = timedelta(days=1)
WAIVER_ENDS: Final = timedelta(days=7)
DUE_SOON: Final = timedelta(days=3)
_PAGE: Final = 200
_DAY: Final = timedelta(days=1)


class Event(StrEnum):
    """What happened, or begins; each is told once about one thing."""

    HELD = "held"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    HALF = "half-of-the-time"
    LAST_DAY = "last-day"
    STUCK = "stuck"
    WAIVER_ASKED = "waiver-asked"
    WAIVER_ENDS = "waiver-ends"
    WAIVER_LAST_DAY = "waiver-last-day"
    WAIVER_ENDED = "waiver-ended"
    OBLIGATION_ARISEN = "obligation-arisen"
    OBLIGATION_DUE = "obligation-due"
    OBLIGATION_OVERDUE = "obligation-overdue"
    FEED_STOPPED = "feed-stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """Something that ``receivers`` have to be told; ``about`` is a request, waiver or obligation by its id, or a feed.

    Of several events of one thing the first one is told, and the others with it.
    """

    events: tuple[Event, ...]
    about: str
    receivers: tuple[Receiver, ...]
    row: QueuedRequest | None = None
    deadline: datetime | None = None
    waiver: WaiverStanding | None = None
    owed: Owed | None = None
    feed: FeedRow | None = None


_OPEN: Final = (State.HELD, State.RETURNED, State.CLEARED, State.SENDING)
_OVER: Final = (State.SENT, State.REJECTED, State.EXPIRED)
_FIRST: Final = {
    State.HELD: Event.HELD,
    State.RETURNED: Event.RETURNED,
    State.REJECTED: Event.REJECTED,
    State.EXPIRED: Event.EXPIRED,
}
_APPROVED: Final = frozenset({State.CLEARED, State.SENDING, State.SENT})
_STEPS: Final = {Step.HALF: Event.HALF, Step.LAST_DAY: Event.LAST_DAY}


def matters(
    ledger: Ledger, receivers: Receivers, *, only: frozenset[str] | None = None, house: House
) -> Iterator[Matter]:
    """Find all that somebody has to be told now; with ``only``, of requests these alone.

    Raises: ServiceError.
    """
    now, days = ledger.now(house.clock()), Days(house)
    for row in _rows(ledger, only, now=now, house=house):
        deadline = deadline_of(row, days=days)
        if events := tuple(_events(row, deadline, now=now)):
            told = _told(row, receivers)
            yield Matter(events=events, about=row.id, receivers=told, row=row, deadline=deadline)
    for played in waivers_of(ledger).values():
        standing = played.standing
        if (event := _of_waiver(standing, now=now)) is not None:
            people = _of_owner(standing, event, receivers)
            yield Matter(events=(event,), about=standing.waiver.id, receivers=people, waiver=standing)
    for each in owed(house=house):
        who = receivers.of_roles(ALLOWED[Action.DISCHARGE])
        yield Matter(events=(_of_obligation(each, today=now.date()),), about=each.arisen.key, receivers=who, owed=each)
    for feed in stopped(house=house):
        if (matter := _of_feed(feed, receivers)) is not None:
            yield matter


def _rows(ledger: Ledger, only: frozenset[str] | None, *, now: datetime, house: House) -> Iterator[QueuedRequest]:
    """Read requests in which somebody has to act, and those that came to an end lately."""
    if only is not None:
        for name in only:
            found = ledger.queued(Filter(viewer=house.actor, states=(*_OPEN, *_OVER), text=name)).rows
            yield from (row for row in found if row.id == name)
        return
    for states, newest in ((_OPEN, False), (_OVER, True)):
        offset = 0
        while rows := ledger.queued(
            Filter(viewer=house.actor, states=states, newest=newest, offset=offset, limit=_PAGE)
        ).rows:
            for row in rows:
                if newest and datetime.fromisoformat(row.changed_at) < now - LATEST:
                    return
                yield row
            offset += _PAGE


def _events(row: QueuedRequest, deadline: datetime | None, *, now: datetime) -> Iterator[Event]:
    since = datetime.fromisoformat(row.changed_at)
    if row.state in _FIRST:
        yield _FIRST[row.state]
    elif row.state in _APPROVED and row.votes:
        yield Event.APPROVED
    if row.state is State.SENDING and now >= since + STUCK:
        yield Event.STUCK
    if deadline is not None and (step := step_now(since, deadline, now=now)) in _STEPS and step:
        yield _STEPS[step]


def _told(row: QueuedRequest, receivers: Receivers) -> tuple[Receiver, ...]:
    if row.state is State.HELD:
        return receivers.of_roles(ALLOWED[Action.VOTE])
    own = receivers.of_person(row.requester, Role.REQUESTER)
    also = receivers.of_roles(ALLOWED[Action.ADMINISTER]) if row.state is State.SENDING else ()
    return tuple(dict.fromkeys((*own, *also)))


def _of_waiver(standing: WaiverStanding, *, now: datetime) -> Event | None:
    waiver, state = standing.waiver, standing.state(now)
    if state is WaiverState.ASKED:
        return Event.WAIVER_ASKED
    if state is WaiverState.HOLDS:
        if now >= waiver.expires_at - _DAY:
            return Event.WAIVER_LAST_DAY
        return Event.WAIVER_ENDS if now >= waiver.expires_at - WAIVER_ENDS else None
    held = len(standing.approvers) >= APPROVALS
    return Event.WAIVER_ENDED if held and now < waiver.expires_at + LATEST else None


def _of_owner(standing: WaiverStanding, event: Event, receivers: Receivers) -> tuple[Receiver, ...]:
    owners = receivers.of_roles(ALLOWED[Action.APPROVE_WAIVER])
    if event is Event.WAIVER_ASKED:
        return owners
    waiver = standing.waiver
    own = [receivers.of_person(name, Role.POLICY_OWNER) for name in (waiver.owner, waiver.asked_by)]
    return tuple(dict.fromkeys((*(each for some in own for each in some), *owners)))


def _of_feed(row: FeedRow, receivers: Receivers) -> Matter | None:
    """Say that a feed is stopped to its owner and to those who can resume it, once for each time that it is."""
    if row.standing is None or row.standing.since is None or row.feed is None:
        return None
    about = f"{row.name}, batch {row.standing.number}, {row.standing.since:%Y-%m-%d %H:%M}"
    own = receivers.of_person(row.feed.owner, Role.REQUESTER)
    told = tuple(dict.fromkeys((*own, *receivers.of_roles(ALLOWED[Action.RESUME_FEED]))))
    return Matter(events=(Event.FEED_STOPPED,), about=about, receivers=told, feed=row)


def _of_obligation(each: Owed, *, today: date) -> Event:
    if each.overdue:
        return Event.OBLIGATION_OVERDUE
    return Event.OBLIGATION_DUE if today >= each.arisen.due - DUE_SOON else Event.OBLIGATION_ARISEN
