"""The law of feeds in the ledger, asked without any data: what may follow what, whoever tries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from gating.feed import Feeding

from geogate.gate.feed_ledger import (
    InLedger,
    InTransaction,
    Seen,
    Standing,
    StoppedError,
    Work,
    require_next,
    standing_of,
)
from geogate.gate.feed_notes import BATCH, RESUMED, STOPPED, Batch, Resumed, Stopped
from geogate.gate.place import place_of
from geogate.ledger.chain import GENESIS
from geogate.model.document import canonical_json
from geogate.model.errors import RefusedError
from geogate.model.feed import Choice
from geogate.model.lifecycle import State
from geogate.model.names import Actor, RecipientId, Sha256
from geogate.model.release import Entry
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from gating.gate import Gate

    from geogate.model.names import RequestId

AT = "2026-06-01T12:00:00.000000+00:00"
BYTES = Sha256("a" * 64)


def batch(number: int, sha256: Sha256 = BYTES) -> Batch:
    return Batch(
        feed="fleet", number=number, sha256=sha256, recipient=RecipientId("partner"), declared=Sha256("b" * 64)
    )


class Past:
    """What a ledger would say whose last batch is number 7, in some state, with turns after it."""

    def __init__(self, state: State, decision: Decision | None, *turns: object, claimed: bool = False) -> None:
        self.found = Seen(state=state, decision=decision, claimed=claimed, opened_by=Actor("rita"))
        kinds = {Stopped: STOPPED, Resumed: RESUMED}
        self.turns = tuple(self._entry(kinds[type(turn)], turn, seq) for seq, turn in enumerate(turns, start=11))

    @staticmethod
    def _entry(kind: str, body: object, seq: int) -> Entry:
        text = canonical_json(body)
        return Entry(seq=seq, at=AT, kind=kind, request="r-7", actor="x", body=text, prev=GENESIS, hash=GENESIS)

    def latest_note(self, kind: str, *, about: str) -> Entry:
        assert (kind, about) == (BATCH, "fleet")
        return self._entry(BATCH, batch(7), 10)

    def notes_about(self, kinds: tuple[str, ...], *, about: str) -> tuple[Entry, ...]:
        assert (set(kinds), about) == ({STOPPED, RESUMED}, "fleet")
        return self.turns

    def seen(self, request: RequestId) -> Seen:
        assert request == "r-7"
        return self.found

    def standing(self) -> Standing:
        return standing_of("fleet", first=1, reads=self)


def resumed(choice: Choice, number: int = 7) -> Resumed:
    return Resumed(feed="fleet", number=number, choice=choice, reason="so", barred=(BYTES,))


STOP = Stopped(feed="fleet", number=7, why="the verdict denies", sha256=BYTES)


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("decision", [*Decision, None])
@pytest.mark.parametrize("claimed", [False, True])
def test_only_a_batch_that_arrived_is_followed_by_the_next_one(
    state: State,
    decision: Decision | None,
    claimed: bool,  # noqa: FBT001 - pytest gives it
) -> None:
    found = Past(state, decision, claimed=claimed).standing()
    arrived = state in {State.SENT, State.RECALLED}
    assert found.number == (8 if arrived else 7)
    if found.work is Work.OPEN:
        assert arrived
    if found.work is Work.SEND:
        assert state is State.SENDING or (state is State.CLEARED and decision is not Decision.HOLD)
    if found.work is Work.JUDGE_AGAIN:
        assert not claimed or state in {State.DRAFT, State.SEALED, State.SCREENED, State.EXPIRED}
    if state in {State.DENIED, State.HELD, State.REJECTED, State.WITHDRAWN, State.RETURNED}:
        assert found.stopped


@pytest.mark.parametrize("state", list(State))
def test_a_stop_holds_whatever_became_of_the_batch_since(state: State) -> None:
    assert Past(state, Decision.CLEAR, STOP).standing().stopped
    again = Stopped(feed="fleet", number=8, why="again")
    assert Past(state, Decision.CLEAR, STOP, resumed(Choice.DROP), again).standing().stopped


@pytest.mark.parametrize(
    ("state", "choice", "number", "work"),
    [
        (State.DENIED, Choice.DROP, 8, Work.OPEN),
        (State.DENIED, Choice.CORRECT, 7, Work.OPEN),
        (State.DENIED, Choice.GO_ON, 7, Work.STOP),
        (State.HELD, Choice.GO_ON, 7, Work.STOP),
        (State.CLEARED, Choice.GO_ON, 7, Work.SEND),
        (State.EXPIRED, Choice.GO_ON, 7, Work.JUDGE_AGAIN),
        (State.SENT, Choice.GO_ON, 8, Work.OPEN),
        (State.SENT, Choice.DROP, 8, Work.OPEN),
    ],
)
def test_what_somebody_chose_says_what_follows(state: State, choice: Choice, number: int, work: Work) -> None:
    found = Past(state, Decision.HOLD, STOP, resumed(choice)).standing()
    assert (found.number, found.work) == (number, work)
    assert found.barred == {BYTES}


def test_a_choice_about_another_batch_changes_nothing() -> None:
    found = Past(State.DENIED, Decision.DENY, STOP, resumed(Choice.DROP, number=6)).standing()
    assert (found.number, found.stopped) == (7, True)


def test_the_ledger_opens_no_batch_but_the_next_one(gate: Gate) -> None:
    feeding = Feeding(gate).declare()
    feed = place_of(gate.house()).feed("fleet")
    with gate.ledger() as ledger, ledger.transaction(Actor("rita"), at=gate.house().clock()) as tx:
        found = standing_of("fleet", first=1, reads=InTransaction(tx))
        for number in (0, 2, 99):
            with pytest.raises(RefusedError, match=f"batch {number} of feed fleet is not next"):
                require_next(found, feed, batch(number))
        require_next(found, feed, batch(1))
        tx.note(STOPPED, Stopped(feed="fleet", number=1, why="by hand"))
        with pytest.raises(StoppedError, match="by hand"):
            require_next(standing_of("fleet", first=1, reads=InTransaction(tx)), feed, batch(1))
    # Another feed, whose name has this one's in it, is another one.
    with gate.ledger() as ledger:
        assert standing_of("fleet-2", first=1, reads=InLedger(ledger)).work is Work.OPEN
    assert feeding.gate is gate
