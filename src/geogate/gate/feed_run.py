"""Run a feed: batch after batch is judged and sent, each as a release of its own, until one may not leave.

What is known between batches is in the ledger; a process that dies at any point leaves nothing that another cannot
take up. Policies, recipients, zone lists and the feed itself are read again for each batch.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from geogate.gate.across import lone_in
from geogate.gate.authority import require
from geogate.gate.feed_ledger import (
    ARRIVED,
    InLedger,
    InTransaction,
    Standing,
    StoppedError,
    Work,
    require_next,
    standing_of,
)
from geogate.gate.feed_notes import BATCH, STOPPED, Batch, Stopped
from geogate.gate.feed_series import BatchSeries
from geogate.gate.feed_waiting import copied, look
from geogate.gate.house import Wish
from geogate.gate.place import place_of
from geogate.gate.question import ask
from geogate.gate.send import send_by_nonce
from geogate.gate.submit import judge_artefact, submit
from geogate.ledger.failures import BusyError
from geogate.model.authority import Action
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State
from geogate.model.names import RecipientId, RequestId

if TYPE_CHECKING:
    from datetime import datetime

    from geogate.gate.feed_waiting import Listing, Waiting
    from geogate.gate.house import House
    from geogate.ledger.ledger import Ledger
    from geogate.measures.hidden.numbers_possible import Lone
    from geogate.model.feed import Feed
    from geogate.model.names import Sha256
    from geogate.model.release import Receipt
    from geogate.model.verdict import Verdict


class Outcome(StrEnum):
    """What a step of a feed came to."""

    SENT = "sent"
    STOPPED = "stopped"
    NOTHING = "nothing waits"
    GAP = "a number is missing"
    BUSY = "another runner is at work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a feed; ``verdict`` is that of a batch that was judged just now."""

    outcome: Outcome
    feed: Feed
    number: int
    later: int | None = None
    request: RequestId | None = None
    verdict: Verdict | None = None
    receipt: Receipt | None = None
    seconds: float = 0.0


@dataclass(slots=True, kw_only=True)
class Runner:
    """Takes batches of one feed; it is kept while a process lives, so that libraries and zones are loaded once."""

    name: str
    house: House
    _last: tuple[RequestId, tuple[Lone, ...]] | None = field(default=None, init=False)

    def feed(self) -> Feed:
        """Read the feed as it is declared now.

        Raises: UsageError, PolicyError, ServiceError.
        """
        return place_of(self.house).feed(self.name)

    def step(self) -> Step:
        """Take up what was left, or judge and send the next batch; one that may not leave stops the feed.

        Raises: StoppedError where it was stopped before; ForbiddenError; RefusedError, InputError, PolicyError,
            UsageError, ServiceError, after which the step can be tried again.
        """
        require(Action.SUBMIT, house=self.house)
        feed, begun = self.feed(), time.monotonic()
        with self.house.ledger() as ledger:
            try:
                with ledger.exclusive(f"feed:{feed.name}"):
                    return self._step(feed, ledger, begun=begun)
            except BusyError:
                number = standing_of(feed.name, first=feed.first, reads=InLedger(ledger)).number
                return Step(outcome=Outcome.BUSY, feed=feed, number=number)

    def _step(self, feed: Feed, ledger: Ledger, *, begun: float) -> Step:
        found = standing_of(feed.name, first=feed.first, reads=InLedger(ledger))
        if found.stopped:
            raise StoppedError(feed.name, found.number, found.why)
        if found.work is Work.SEND:
            sent = self._take_up(feed, found, ledger)
            if sent is not None:
                return Step(
                    outcome=Outcome.SENT,
                    feed=feed,
                    number=found.number,
                    request=found.request,
                    receipt=sent,
                    seconds=time.monotonic() - begun,
                )
            found = standing_of(feed.name, first=feed.first, reads=InLedger(ledger))
        now = ledger.now(self.house.clock())
        listing = look(feed, found.number, now=now)
        if listing.waiting is None:
            outcome = Outcome.GAP if listing.gap else Outcome.NOTHING
            return Step(outcome=outcome, feed=feed, number=found.number, later=listing.later)
        if why := _why_refused(feed, listing.waiting, now=now):
            self._stop(feed, listing, why, ledger)
        return self._judge(feed, listing.waiting, ledger, begun=begun)

    def _take_up(self, feed: Feed, found: Standing, ledger: Ledger) -> Receipt | None:
        """Send what was cleared and not sent; ``None`` where the clearance ended, so that the batch is judged anew.

        Raises: RefusedError where it cannot be sent, ServiceError.
        """
        if found.request is None:
            raise RefusedError(f"feed {feed.name} has no request to send")
        kept = ledger.clearance_of(found.request)
        if kept is None:
            raise RefusedError(f"batch {found.number} of feed {feed.name} has no clearance")
        try:
            return send_by_nonce(kept[0].nonce, house=self.house)
        except RefusedError:
            if standing_of(feed.name, first=feed.first, reads=InLedger(ledger)).work is Work.JUDGE_AGAIN:
                return None
            raise

    def _stop(self, feed: Feed, listing: Listing, why: str, ledger: Ledger) -> None:
        """Stop the feed at a batch that is not even judged.

        Raises: StoppedError.
        """
        with ledger.transaction(self.house.actor, at=self.house.clock()) as tx:
            found = standing_of(feed.name, first=feed.first, reads=InTransaction(tx))
            if found.number == listing.number and not found.stopped:
                tx.note(STOPPED, Stopped(feed=feed.name, number=listing.number, why=why))
        raise StoppedError(feed.name, listing.number, why)

    def _judge(self, feed: Feed, waiting: Waiting, ledger: Ledger, *, begun: float) -> Step:
        with copied(feed, waiting, scratch=self.house.scratch()) as (path, digest):
            self._require_next(feed, waiting.number, digest, ledger)
            series = BatchSeries(
                feed=feed, number=waiting.number, sha256=digest, house=self.house, before=self._before(feed, ledger)
            )
            done = submit(wish_of(feed, str(path)), house=self.house, series=series)
        receipt = None
        if done.state is State.CLEARED and done.clearance is not None:
            receipt = send_by_nonce(done.clearance, house=self.house)
            self._last = (done.request, series.lone)
        return Step(
            outcome=Outcome.SENT if receipt else Outcome.STOPPED,
            feed=feed,
            number=waiting.number,
            request=done.request,
            verdict=done.verdict,
            receipt=receipt,
            seconds=time.monotonic() - begun,
        )

    @staticmethod
    def _require_next(feed: Feed, number: int, digest: Sha256, ledger: Ledger) -> None:
        """Refuse before anything is opened what would be refused then."""
        batch = Batch(
            feed=feed.name,
            number=number,
            sha256=digest,
            recipient=RecipientId(feed.recipient),
            declared=feed.digest,
        )
        require_next(standing_of(feed.name, first=feed.first, reads=InLedger(ledger)), feed, batch)

    def _before(self, feed: Feed, ledger: Ledger) -> tuple[Lone, ...]:
        """Give what could be half a position in the batch that left last; its sealed bytes are read where need be.

        Raises: RefusedError when these are gone or have changed.
        """
        entry = ledger.latest_note(BATCH, says={"feed": feed.name})
        while entry is not None:
            request = ledger.request(RequestId(entry.request))
            if request.state in ARRIVED and request.artefact is not None:
                break
            entry = ledger.latest_note(BATCH, says={"feed": feed.name}, before=entry.seq)
        if entry is None or request.artefact is None:
            return ()
        if self._last is None or self._last[0] != request.id:
            question = ask(wish_of(feed, called=feed.template), house=self.house)
            examined = judge_artefact(
                request.artefact, staging=self.house.staging(), question=question, means=self.house.means()
            )
            layers = examined.answer.layers if examined.answer else ()
            values = (None if layer.facts is None else layer.facts.values for layer in layers)
            self._last = (request.id, tuple(each for found in values for each in lone_in(found)))
        return self._last[1]


def seen(name: str, *, house: House) -> tuple[Listing | None, Feed]:
    """Look whether a batch of a feed waits, without taking it; ``None`` where something has to be taken up first.

    Raises: StoppedError, UsageError, PolicyError, InputError, ServiceError.
    """
    feed = place_of(house).feed(name)
    with house.ledger() as ledger:
        found = standing_of(feed.name, first=feed.first, reads=InLedger(ledger))
        now = ledger.now(house.clock())
    if found.stopped:
        raise StoppedError(feed.name, found.number, found.why)
    return (None if found.work is Work.SEND else look(feed, found.number, now=now)), feed


def wish_of(feed: Feed, *dataset: str, called: str = "") -> Wish:
    """Say what is wished for a batch."""
    return Wish(
        dataset=dataset,
        policy=feed.policy,
        recipient=feed.recipient,
        destination=feed.destination,
        purpose=feed.purpose,
        assume_crs=feed.assume_crs,
        declaration=feed.declaration,
        called=called,
    )


def _why_refused(feed: Feed, waiting: Waiting, *, now: datetime) -> str:
    """Say why a batch is not even read; empty where it is."""
    limits, lying = feed.limits, waiting.lying
    if lying.size > limits.bytes:
        return f"it has {lying.size:,} bytes, and at most {limits.bytes:,} are allowed"
    if limits.hours is not None and now - lying.modified > timedelta(hours=limits.hours):
        return f"it is older than {limits.hours:g} hours"
    return ""
