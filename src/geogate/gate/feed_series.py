"""A batch that is submitted as one of a feed: bound to it when it is opened, limited, and stopping it if it fails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from geogate.gate.across import lone_in
from geogate.gate.exposure import hides
from geogate.gate.feed_exposure import Earlier
from geogate.gate.feed_ledger import UNDECIDED, InTransaction, require_next, standing_of
from geogate.gate.feed_notes import BATCH, STOPPED, Batch, Stopped
from geogate.model.finding import Count
from geogate.model.lifecycle import State
from geogate.model.names import RecipientId, RequestId
from geogate.policy.decide import gate_finding

if TYPE_CHECKING:
    from geogate.gate.examine import Examined, Question
    from geogate.gate.feed_exposure import Running
    from geogate.gate.house import House
    from geogate.ledger.transaction import Transaction
    from geogate.measures.hidden.numbers_possible import Lone
    from geogate.model.feed import Feed
    from geogate.model.finding import Finding
    from geogate.model.names import Sha256

REASON: Final = "its runner ended"


class Series(Protocol):
    """What a batch belongs to: it is asked at each step, and says in the ledger what became of the batch."""

    def running(self, question: Question, /) -> Running:
        """Say what the recipient got before."""
        ...

    def opened(self, request: RequestId, /, *, tx: Transaction) -> None:
        """Bind a request that was just opened, or refuse it."""
        ...

    def judged(self, examined: Examined, /) -> tuple[Finding, ...]:
        """Look at a batch that was judged, and give what is wrong with it besides."""
        ...

    def stopped(self, why: str, /, *, tx: Transaction) -> None:
        """Say that nothing may follow."""
        ...


@dataclass(slots=True, kw_only=True)
class BatchSeries:
    """One batch of a feed; ``before`` are the columns of the batch before that could be one axis of positions."""

    feed: Feed
    number: int
    sha256: Sha256
    house: House
    before: tuple[Lone, ...]
    request: RequestId | None = field(default=None, init=False)
    lone: tuple[Lone, ...] = field(default=(), init=False)

    def running(self, question: Question, /) -> Running:
        """Say what the recipient got before, in the window of the feed."""
        return Earlier.of(
            question.policy,
            question.zone_lists,
            recipient=question.recipient.id,
            window=self.feed.window,
            house=self.house,
            lone=self.before,
        )

    def opened(self, request: RequestId, /, *, tx: Transaction) -> None:
        """Bind a request to the feed and its number; one that a runner left undecided has failed.

        Raises: StoppedError, RefusedError.
        """
        feed = self.feed
        batch = Batch(
            feed=feed.name,
            number=self.number,
            sha256=self.sha256,
            recipient=RecipientId(feed.recipient),
            declared=feed.digest,
        )
        found = standing_of(feed.name, first=feed.first, reads=InTransaction(tx))
        require_next(found, feed, batch)
        if found.request is not None and found.state in UNDECIDED:
            tx.move(found.request, State.FAILED, reason=REASON)
        tx.note(BATCH, batch, request=request)
        self.request = request

    def judged(self, examined: Examined, /) -> tuple[Finding, ...]:
        """Count the rows of a batch, and remember its columns for the next one."""
        layers = examined.answer.layers if examined.answer else ()
        rows = sum(layer.facts.rows for layer in layers if layer.facts is not None and not hides(layer))
        found = [lone_in(None if layer.facts is None else layer.facts.values) for layer in layers]
        self.lone = tuple(each for several in found for each in several)
        if rows <= self.feed.limits.rows:
            return ()
        return (
            gate_finding(
                "feed-batch-too-long",
                summary=f"the batch has more rows than batches of feed {self.feed.name} may have",
                remedy="cut the source into smaller batches, or have the feed changed",
                counts=(Count(what="rows", value=rows), Count(what="rows of a batch", value=self.feed.limits.rows)),
            ),
        )

    def stopped(self, why: str, /, *, tx: Transaction) -> None:
        """Stop the feed at this batch."""
        note = Stopped(feed=self.feed.name, number=self.number, why=why, sha256=self.sha256)
        tx.note(STOPPED, note, request=self.request)
