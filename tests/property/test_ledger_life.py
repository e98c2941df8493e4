"""Whatever is tried in whatever order: the ledger allows what the life cycle allows, and stays whole."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from integration.ledger_cases import (
    ENVELOPE,
    GATE,
    LIFETIME,
    MEASUREMENTS,
    NOW,
    REQUESTER,
    REVIEWERS,
    artefact,
    clearance,
    dataset,
    draft,
    nonce,
    receipt,
    verdict,
    vote,
)

from geogate.ledger.ledger import Ledger
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import TRANSITIONS, State
from geogate.model.names import Actor, RequestId
from geogate.model.release import Choice
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from geogate.ledger.transaction import Transaction

R1 = RequestId("r1")
PEOPLE = (*REVIEWERS, REQUESTER, GATE, Actor("Vera@Example"))


class Life(RuleBasedStateMachine):
    """One request, and everybody trying everything; the model is a handful of facts in plain Python."""

    template: Path
    reached: ClassVar[set[State]]

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        shutil.copy(self.template, self.folder / "ledger.db")
        self.ledger = Ledger.open(f"sqlite:///{self.folder}/ledger.db")
        self.now = NOW
        self.seen: list[State] = []
        self.votes: dict[str, Choice] = {}
        self.decision: Decision | None = None
        self.issued = NOW

    def attempt(self, act: Callable[[Transaction], object], *, actor: Actor = GATE) -> bool:
        """Try a step; say whether it was taken. A refusal must leave no entry."""
        before = self.ledger.head()
        try:
            with self.ledger.transaction(actor, at=self.now) as steps:
                act(steps)
        except RefusedError:
            assert self.ledger.head() == before
            return False
        assert self.ledger.head()[0] == before[0] + 1
        return True

    def arrive(self, state: State) -> None:
        assert state in TRANSITIONS[self.seen[-1]] if self.seen else state is State.DRAFT
        self.seen.append(state)
        self.reached.add(state)

    @rule(minutes=st.integers(0, 40))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def open_request(self) -> None:
        if self.attempt(lambda steps: steps.open_request(draft())):
            self.arrive(State.DRAFT)

    @rule(empty=st.booleans())
    def seal(self, *, empty: bool) -> None:
        if self.attempt(lambda steps: steps.seal(R1, dataset=dataset(), artefact=None if empty else artefact())):
            self.arrive(State.SEALED)

    @rule(decision=st.sampled_from(Decision))
    def screen(self, decision: Decision) -> None:
        judged = verdict(decision)
        if self.attempt(lambda steps: steps.screen(R1, verdict=judged, measurements=MEASUREMENTS)):
            self.decision = decision
            self.arrive(State.SCREENED)

    @rule(state=st.sampled_from(State).filter(lambda state: TRANSITIONS[state]))
    def move(self, state: State) -> None:
        if self.attempt(lambda steps: steps.move(R1, state, reason="")):
            assert state not in {State.SEALED, State.SCREENED, State.CLEARED, State.SENDING, State.SENT}
            if state is State.APPROVED:
                assert list(self.votes.values()).count(Choice.APPROVE) >= 2
                assert Choice.REJECT not in self.votes.values()
            self.arrive(state)

    @rule(decision=st.sampled_from((Decision.CLEAR, Decision.HOLD)))
    def go_on(self, decision: Decision) -> None:
        """Take the step that leads towards sending; pure chance would hardly ever get there."""
        match self.seen[-1] if self.seen else None:
            case None:
                self.open_request()
            case State.DRAFT:
                self.seal(empty=False)
            case State.SEALED:
                self.screen(decision)
            case State.SCREENED if self.decision is Decision.HOLD:
                self.move(State.HELD)
            case State.SCREENED | State.APPROVED:
                self.clear()
            case State.HELD if len(self.votes) < len(REVIEWERS):
                self.vote(REVIEWERS[len(self.votes)], Choice.APPROVE)
            case State.HELD:
                self.move(State.APPROVED)
            case State.CLEARED:
                self.claim()
            case State.SENDING:
                self.receive()
            case _:
                self.move(State.RECALLED)

    go_on_again = go_on
    go_on_once_more = go_on

    @rule(person=st.sampled_from(PEOPLE), choice=st.sampled_from(Choice))
    def vote(self, person: Actor, choice: Choice) -> None:
        if self.attempt(lambda steps: steps.vote(vote(person, choice, at=self.now)), actor=person):
            assert self.seen[-1] is State.HELD
            assert person not in {REQUESTER, GATE}
            assert person.casefold() not in self.votes
            self.votes[person.casefold()] = choice

    @rule()
    def clear(self) -> None:
        cleared = clearance(at=self.now)
        if self.attempt(lambda steps: steps.clear(R1, clearance=cleared, envelope=ENVELOPE)):
            expected = {State.SCREENED: Decision.CLEAR, State.APPROVED: Decision.HOLD}[self.seen[-1]]
            assert self.decision is expected
            self.issued = self.now
            self.arrive(State.CLEARED)

    @rule()
    def claim(self) -> None:
        if self.attempt(lambda steps: steps.claim(nonce())):
            assert self.now < self.issued + LIFETIME
            self.arrive(State.SENDING)

    @rule()
    def receive(self) -> None:
        if self.attempt(lambda steps: steps.receive(receipt())):
            self.arrive(State.SENT)

    @invariant()
    def nothing_is_sent_that_was_not_cleared_first(self) -> None:
        seen = self.seen if hasattr(self, "seen") else []
        if State.SENDING in seen:
            assert seen.index(State.CLEARED) < seen.index(State.SENDING)
        assert seen.count(State.SENDING) <= 1
        assert seen.count(State.SENT) <= seen.count(State.SENDING)

    @invariant()
    def the_ledger_says_what_happened(self) -> None:
        if hasattr(self, "seen") and self.seen:
            assert self.ledger.request(R1).state is self.seen[-1]
            assert len(self.ledger.votes(R1)) == len(self.votes)

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            assert self.ledger.verify().problems == ()
            self.ledger.close()
            shutil.rmtree(self.folder)


def test_no_order_of_steps_breaks_the_law(tmp_path: Path) -> None:
    template = tmp_path / "template.db"
    Ledger.create(f"sqlite:///{template}").close()

    class Machine(Life):
        """The machine with a ledger to start from."""

    Machine.template, Machine.reached = template, set()
    rules = settings(
        max_examples=40,
        stateful_step_count=25,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(Machine, settings=rules)
    assert {State.APPROVED, State.SENT} <= Machine.reached, "the search was too shallow to prove anything"


def test_every_state_can_be_reached_by_the_table_alone() -> None:
    reached, edge = {State.DRAFT}, {State.DRAFT}
    while edge:
        edge = {after for state in edge for after in TRANSITIONS[state]} - reached
        reached |= edge
    assert reached == set(State)


@pytest.mark.parametrize("missing", [State.CLEARED])
def test_without_the_clearance_nothing_would_ever_be_sent(missing: State) -> None:
    reached, edge = {State.DRAFT}, {State.DRAFT}
    while edge:
        edge = {after for state in edge for after in TRANSITIONS[state] if after is not missing} - reached
        reached |= edge
    assert {State.SENDING, State.SENT, State.RECALLED}.isdisjoint(reached)
