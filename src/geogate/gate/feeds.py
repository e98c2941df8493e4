"""Feeds as people see and steer them: which there are, how each stands, and that one is stopped or goes on again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from geogate.gate.authority import require
from geogate.gate.feed_ledger import InLedger, InTransaction, standing_of
from geogate.gate.feed_notes import RESUMED, STOPPED, Resumed, Stopped
from geogate.gate.feed_totals import Total, totals
from geogate.gate.place import place_of
from geogate.ledger.laws import PUT_BACK
from geogate.model.authority import Action
from geogate.model.document import canonical_json
from geogate.model.errors import GeogateError, PolicyError, RefusedError, UsageError
from geogate.model.feed import Choice
from geogate.model.lifecycle import State
from geogate.model.names import person, says_something

if TYPE_CHECKING:
    from geogate.gate.feed_ledger import Standing
    from geogate.gate.house import House
    from geogate.model.feed import Feed

LONGEST: Final = 1000
_ENDED: Final = frozenset({State.DENIED, State.REJECTED, State.WITHDRAWN})
_WITH_REVIEWERS: Final = frozenset({State.HELD, State.RETURNED, State.CONTINUED, State.APPROVED})


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRow:
    """A feed as it stands; ``wrong`` says why its file or its standing cannot be read, in whose place it is empty."""

    name: str
    feed: Feed | None = None
    standing: Standing | None = None
    wrong: str = ""

    @property
    def last(self) -> int | None:
        """The number of the last batch that arrived or was dropped; ``None`` where there is none."""
        if self.standing is None or self.feed is None or self.standing.number <= self.feed.first:
            return None
        return self.standing.number - 1

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        found: dict[str, Any] = {"name": self.name, "wrong": self.wrong}
        if self.feed is not None and self.standing is not None:
            standing = self.standing
            found |= {
                "recipient": self.feed.recipient,
                "destination": self.feed.destination,
                "owner": self.feed.owner,
                "state": standing.work.value,
                "last": self.last,
                "number": standing.number,
                "request": standing.request,
                "why": standing.why,
                "since": None if standing.since is None else standing.since.isoformat(),
                "by": standing.by,
            }
        plain: dict[str, Any] = json.loads(canonical_json(found))
        return plain


def feeds(*, house: House) -> tuple[FeedRow, ...]:
    """Say how every feed stands that is declared.

    Raises: ForbiddenError; PolicyError for a file that would be passed over; ServiceError.
    """
    require(Action.SEE_OWN, house=house)
    return _rows(house)


def _rows(house: House) -> tuple[FeedRow, ...]:
    place = place_of(house)
    found: list[FeedRow] = []
    with house.ledger() as ledger:
        for name in place.feeds():
            try:
                feed = place.feed(name)
                standing = standing_of(name, first=feed.first, reads=InLedger(ledger))
            except GeogateError as error:
                found.append(FeedRow(name=name, wrong=error.summary))
            else:
                found.append(FeedRow(name=name, feed=feed, standing=standing))
    return tuple(found)


def stopped(*, house: House) -> tuple[FeedRow, ...]:
    """Give the feeds that are stopped, or cannot be read, to those who say what waits for somebody.

    Raises: ServiceError.
    """
    try:
        every = _rows(house)
    except PolicyError as error:
        return (FeedRow(name="of this place", wrong=error.summary),)
    return tuple(row for row in every if row.standing is None or row.standing.stopped)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A feed as it stands, and what its recipient got in all, against the limits of the policies that apply."""

    row: FeedRow
    totals: tuple[Total, ...]

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        return self.row.document() | {"exposure": [json.loads(canonical_json(each)) for each in self.totals]}


def status(name: str, *, house: House) -> Status:
    """Say how a feed stands, with the running totals of its recipient.

    Raises: ForbiddenError, UsageError for an unknown feed, PolicyError, RefusedError, ServiceError.
    """
    require(Action.SEE_OWN, house=house)
    feed = place_of(house).feed(name)
    with house.ledger() as ledger:
        standing = standing_of(name, first=feed.first, reads=InLedger(ledger))
    return Status(row=FeedRow(name=name, feed=feed, standing=standing), totals=totals(feed, house=house))


def stop(name: str, *, reason: str, house: House) -> Standing:
    """Stop a feed by hand: nothing of it is judged or sent until somebody resumes it.

    Raises: ForbiddenError, UsageError without a reason or for an unknown feed; RefusedError where it is stopped.
    """
    require(Action.STOP_FEED, house=house)
    _require_said(reason)
    feed = place_of(house).feed(name)
    with house.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as tx:
        found = standing_of(name, first=feed.first, reads=InTransaction(tx))
        if found.stopped:
            raise RefusedError(f"feed {name} is stopped already: {found.why}")
        note = Stopped(feed=name, number=found.number, why=reason.strip(), by_hand=True)
        tx.note(STOPPED, note, request=found.request)
        return standing_of(name, first=feed.first, reads=InTransaction(tx))


def resume(name: str, choice: Choice, *, number: int, reason: str, house: House) -> Standing:
    """Let a stopped feed go on: without the batch at which it stopped, with other bytes for it, or as it is.

    ``number`` is that of the batch that is meant, as whoever decides saw it.

    Raises: ForbiddenError, also for the owner of the feed and for who requested the batch; UsageError without a reason
        or for an unknown feed; RefusedError where it is not stopped at that batch, or the batch may not go on as it is.
    """
    require(Action.RESUME_FEED, house=house)
    _require_said(reason)
    feed = place_of(house).feed(name)
    with house.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as tx:
        if tx.act.put_back:
            raise RefusedError(PUT_BACK)
        found = standing_of(name, first=feed.first, reads=InTransaction(tx))
        if why := _why_not(feed, found, choice, number=number, house=house):
            raise RefusedError(why)
        barred = () if choice is Choice.GO_ON or found.sha256 is None else (found.sha256,)
        tx.note(
            RESUMED,
            Resumed(feed=name, number=number, choice=choice, reason=reason.strip(), barred=barred),
            request=found.request,
        )
        return standing_of(name, first=feed.first, reads=InTransaction(tx))


def _why_not(feed: Feed, found: Standing, choice: Choice, *, number: int, house: House) -> str:
    """Say why whoever acts cannot let a feed go on so; empty where it can."""
    who, state, goes_on = person(house.actor), found.state, choice is Choice.GO_ON
    whys = {
        f"feed {feed.name} is not stopped": not found.stopped,
        f"feed {feed.name} is stopped at batch {found.number}, not at {number}": found.number != number,
        "who owns a feed does not resume it": who == person(feed.owner),
        "who requested a batch does not resume its feed": found.runner is not None and who == person(found.runner),
        f"batch {number} is being sent: it can only go on": state is State.SENDING and not goes_on,
        f"batch {number} was {state}: drop it, or have it corrected": goes_on and state in _ENDED,
        f"batch {number} is {state}: reviewers decide on it first": goes_on and state in _WITH_REVIEWERS,
    }
    return next((why for why, holds in whys.items() if holds), "")


def _require_said(reason: str) -> None:
    if not says_something(reason) or len(reason) > LONGEST or not reason.isprintable():
        raise UsageError(f"a reason is a line of at most {LONGEST:,} letters", hint="--reason says why")
