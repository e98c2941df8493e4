"""How a feed stands in the ledger: which batch is next, what became of the last one, and whether anything may follow.

Batches, stops and resumptions are notes, which are played and never edited. The law is asked in the transaction that
takes the step, when nobody else can take one: no batch is opened before the one before has arrived or was dropped, and
none at all while the feed is stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

from geogate.gate.feed_notes import BATCH, RESUMED, STOPPED, Batch, Resumed, Stopped, read_note
from geogate.ledger.failures import DamagedError
from geogate.model.errors import RefusedError
from geogate.model.feed import Choice
from geogate.model.lifecycle import State
from geogate.model.names import Actor, RecipientId, RequestId, Sha256
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from geogate.ledger.ledger import Ledger
    from geogate.ledger.transaction import Transaction
    from geogate.model.feed import Feed
    from geogate.model.release import Entry

UNDECIDED: Final = frozenset({State.DRAFT, State.SEALED, State.SCREENED})
"""States in which a runner that died leaves a batch."""

ARRIVED: Final = frozenset({State.SENT, State.RECALLED})

HINT: Final = "somebody else than its owner and its requester resumes it: geogate feed resume"


class StoppedError(RefusedError):
    """A feed is stopped: nothing of it is judged or sent until somebody resumes it."""

    def __init__(self, feed: str, number: int, why: str) -> None:
        super().__init__(f"feed {feed} is stopped at batch {number}: {why}", hint=HINT)


class Work(StrEnum):
    """What a runner has to do next."""

    OPEN = "running"
    JUDGE_AGAIN = "to be taken up"
    SEND = "to be sent"
    STOP = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a feed stands; ``number`` is that of the batch that is next, or under way as ``request``.

    ``bytes`` are those of the batch under way. ``since`` and ``by`` say when and by whom it was stopped or last
    resumed; ``barred`` are bytes that must not come again, under whatever number.
    """

    number: int
    work: Work = Work.OPEN
    request: RequestId | None = None
    state: State | None = None
    sha256: Sha256 | None = None
    recipient: RecipientId | None = None
    why: str = ""
    since: datetime | None = None
    by: Actor | None = None
    barred: frozenset[Sha256] = frozenset()
    runner: Actor | None = None

    @property
    def stopped(self) -> bool:
        """Whether nothing may follow."""
        return self.work is Work.STOP


class Reads(Protocol):
    """What is asked of a ledger, or of a transaction."""

    def latest_note(self, kind: str, *, about: str) -> Entry | None:
        """Give the last note of a kind whose body names a feed."""
        ...

    def notes_about(self, kinds: tuple[str, ...], *, about: str) -> tuple[Entry, ...]:
        """Give all notes of some kinds whose bodies name a feed."""
        ...

    def seen(self, request: RequestId) -> Seen:
        """Say how a request stands."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request as far as it matters to its feed."""

    state: State
    decision: Decision | None
    claimed: bool
    opened_by: Actor


@dataclass(frozen=True, slots=True)
class InLedger:
    """Reads from an open ledger."""

    ledger: Ledger

    def latest_note(self, kind: str, *, about: str) -> Entry | None:
        """Give it.

        Raises: DamagedError.
        """
        return self.ledger.latest_note(kind, says={"feed": about})

    def notes_about(self, kinds: tuple[str, ...], *, about: str) -> tuple[Entry, ...]:
        """Give them.

        Raises: DamagedError.
        """
        return self.ledger.notes_saying(kinds, says={"feed": about})

    def seen(self, request: RequestId) -> Seen:
        """Say it.

        Raises: UnknownError.
        """
        found = self.ledger.request(request)
        entries = self.ledger.entries_of(request)
        return Seen(
            state=found.state,
            decision=found.verdict.decision if found.verdict else None,
            claimed=any(entry.kind == "claim" for entry in entries),
            opened_by=Actor(entries[0].actor),
        )


@dataclass(frozen=True, slots=True)
class InTransaction:
    """Reads in a transaction, when nobody else takes a step; requests are played from their entries."""

    tx: Transaction

    def latest_note(self, kind: str, *, about: str) -> Entry | None:
        """Give it.

        Raises: DamagedError.
        """
        return self.tx.latest_note(kind, says={"feed": about})

    def notes_about(self, kinds: tuple[str, ...], *, about: str) -> tuple[Entry, ...]:
        """Give them.

        Raises: DamagedError.
        """
        return self.tx.notes_saying(kinds, says={"feed": about})

    def seen(self, request: RequestId) -> Seen:
        """Say it.

        Raises: DamagedError.
        """
        found = self.tx.standing(request)
        if found is None:
            raise DamagedError(f"a batch is of request {request}, which there is not")
        claimed = bool(self.tx.notes(request, kind="claim"))
        return Seen(state=found.state, decision=found.decision, claimed=claimed, opened_by=found.opened_by)


def standing_of(feed: str, *, first: int, reads: Reads) -> Standing:
    """Play what the ledger has of a feed.

    Raises: DamagedError, ServiceError.
    """
    entry = reads.latest_note(BATCH, about=feed)
    turns = reads.notes_about((STOPPED, RESUMED), about=feed)
    found = Standing(number=first)
    seq = 0
    if entry is not None:
        batch: Batch = read_note(Batch, entry)
        seq, request = entry.seq, RequestId(entry.request)
        found = _of_batch(batch, request, reads.seen(request), at=datetime.fromisoformat(entry.at))
    barred: set[Sha256] = set()
    stop: Entry | None = None
    for turn in turns:
        if turn.kind == RESUMED:
            resumed: Resumed = read_note(Resumed, turn)
            barred |= set(resumed.barred)
            stop = None
            found = _resumed(found, resumed, turn) if turn.seq > seq else found
        elif turn.seq > seq:
            # No batch is opened while a feed is stopped: what was stopped after the last one still is.
            stop = turn
    if stop is not None:
        found = _stopped(found, read_note(Stopped, stop), stop)
    return replace(found, barred=frozenset(barred))


def _of_batch(batch: Batch, request: RequestId, seen: Seen, *, at: datetime) -> Standing:
    """Say what follows from the last batch alone; what nobody has thought of stops the feed."""
    base = Standing(
        number=batch.number,
        request=request,
        state=seen.state,
        sha256=batch.sha256,
        recipient=batch.recipient,
        since=at,
        runner=seen.opened_by,
    )
    by_machine = seen.decision is not Decision.HOLD
    if seen.state in ARRIVED:
        return replace(base, number=batch.number + 1, request=None, sha256=None)
    if seen.state is State.SENDING or (seen.state is State.CLEARED and by_machine):
        return replace(base, work=Work.SEND)
    lapsed = seen.state is State.EXPIRED or (seen.state is State.FAILED and not seen.claimed)
    if seen.state in UNDECIDED or (lapsed and by_machine):
        return replace(base, work=Work.JUDGE_AGAIN)
    return replace(base, work=Work.STOP, why=f"its request is {seen.state}")


def _stopped(found: Standing, stopped: Stopped, turn: Entry) -> Standing:
    since, by = datetime.fromisoformat(turn.at), Actor(turn.actor)
    runner = found.runner if stopped.by_hand else by
    sha256 = stopped.sha256 or found.sha256
    return replace(found, work=Work.STOP, why=stopped.why, since=since, by=by, runner=runner, sha256=sha256)


def _resumed(found: Standing, resumed: Resumed, turn: Entry) -> Standing:
    """Let a feed go on as somebody chose; a batch that arrived since is not asked about any more."""
    since, by = datetime.fromisoformat(turn.at), Actor(turn.actor)
    if resumed.number != found.number:
        return found
    if resumed.choice is Choice.GO_ON:
        return replace(found, work=_going(found), why="", since=since, by=by)
    number = found.number + (resumed.choice is Choice.DROP)
    return replace(
        found, number=number, work=Work.OPEN, request=None, state=None, why="", sha256=None, since=since, by=by
    )


def _going(found: Standing) -> Work:
    """Say what is done with a batch that may go on after all."""
    if found.request is None:
        return Work.OPEN
    if found.state in {State.CLEARED, State.SENDING}:
        return Work.SEND
    again = {*UNDECIDED, State.EXPIRED, State.FAILED}
    return Work.JUDGE_AGAIN if found.state in again else Work.STOP


def require_next(found: Standing, feed: Feed, batch: Batch) -> None:
    """Refuse a batch that is not the next one of its feed, as it was found to stand in the transaction that opens it.

    Raises: StoppedError; RefusedError where another batch is next, one is under way, the bytes were barred, or the
        feed has another recipient than it had.
    """
    if found.stopped:
        raise StoppedError(feed.name, found.number, found.why)
    if found.work is Work.SEND or found.number != batch.number:
        raise RefusedError(f"batch {batch.number} of feed {feed.name} is not next", hint="another runner is at work")
    if found.recipient not in {None, batch.recipient}:
        raise RefusedError(
            f"feed {feed.name} had another recipient before", hint="give the feed for this recipient another name"
        )
    if batch.sha256 in found.barred:
        raise RefusedError(
            f"batch {batch.number} of feed {feed.name} has bytes that were refused before",
            hint="put a corrected batch in its place",
        )


def require_goes_on(request: RequestId, *, tx: Transaction) -> None:
    """Refuse to send a batch of a feed that is stopped, or that has left this batch behind; others are no batches.

    Raises: StoppedError, RefusedError, DamagedError.
    """
    entries = tx.notes(request, kind=BATCH)
    if not entries:
        return
    batch: Batch = read_note(Batch, entries[0])
    found = standing_of(batch.feed, first=batch.number, reads=InTransaction(tx))
    if found.stopped:
        raise StoppedError(batch.feed, found.number, found.why)
    if found.request != request or found.work is not Work.SEND:
        raise RefusedError(f"feed {batch.feed} went on without batch {batch.number}", hint="nothing is to be done")


def batch_of(request: RequestId, *, ledger: Ledger) -> Batch | None:
    """Say which batch a request is; ``None`` where it is none.

    Raises: DamagedError.
    """
    entries = ledger.notes_of(request, kinds=(BATCH,))
    return read_note(Batch, entries[0]) if entries else None
