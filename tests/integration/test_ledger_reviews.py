"""The ledger's own laws for reviews: how many, until when, with which words, and by which clock; on both databases."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from integration.ledger_cases import (
    ENVELOPE,
    GATE,
    LIFETIME,
    MEASUREMENTS,
    NOW,
    REQUESTER,
    REVIEWERS,
    Path,
    artefact,
    clearance,
    dataset,
    draft,
    nonce,
    verdict,
    vote,
)

from geogate.ledger.laws import MOST_BACK
from geogate.ledger.queue import Filter
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State
from geogate.model.names import Actor, RecipientId, RequestId
from geogate.model.release import Choice
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from geogate.ledger.ledger import Ledger
    from geogate.ledger.transaction import Transaction
    from geogate.model.release import ReleaseRequest

R1 = RequestId("r1")
VERA, VIKTOR = REVIEWERS
TICK = timedelta(microseconds=1)
DAYS = 5
ENDS = NOW + timedelta(days=DAYS)


@contextmanager
def refused(ledger: Ledger, match: str, *, actor: Actor = GATE, at: datetime = NOW) -> Iterator[Transaction]:
    """Expect a refusal of what the block does, and that nothing is written."""
    before = ledger.head()
    with ledger.transaction(actor, at=at) as steps, pytest.raises(RefusedError, match=match):
        yield steps
    assert ledger.head() == before


def held(ledger: Ledger, *, reviewers: int = 2) -> None:
    """Hold a request whose verdict says how many reviewers it needs within how many days."""
    judged = verdict(Decision.HOLD)
    judged = replace(judged, basis=replace(judged.basis, reviewers=reviewers, review_days=DAYS))
    with ledger.transaction(GATE, at=NOW) as steps:
        steps.open_request(draft())
        steps.seal(R1, dataset=dataset(), artefact=artefact())
        steps.screen(R1, verdict=judged, measurements=MEASUREMENTS)
        steps.move(R1, State.HELD, reason="")


def cast(ledger: Ledger, reviewer: Actor, choice: Choice = Choice.APPROVE, *, at: datetime = NOW) -> None:
    with ledger.transaction(reviewer, at=at) as steps:
        steps.vote(vote(reviewer, choice, at=at))


@pytest.mark.parametrize("reviewers", [1, 2, 3])
def test_as_many_approve_as_the_verdict_says(sqlite_ledger: Ledger, reviewers: int) -> None:
    held(sqlite_ledger, reviewers=reviewers)
    for number in range(reviewers):
        with refused(sqlite_ledger, f"{reviewers} reviewers must approve") as steps:
            steps.move(R1, State.APPROVED, reason="")
        cast(sqlite_ledger, Actor(f"reviewer{number}"))
    with sqlite_ledger.transaction(GATE, at=NOW) as steps:
        steps.move(R1, State.APPROVED, reason="")
    assert sqlite_ledger.verify().whole


def test_votes_are_cast_until_the_days_of_the_review_are_over(sqlite_ledger: Ledger) -> None:
    held(sqlite_ledger)
    cast(sqlite_ledger, VERA, at=ENDS - TICK)
    for choice in Choice:
        with refused(sqlite_ledger, "days for the review are over", actor=VIKTOR, at=ENDS) as steps:
            steps.vote(vote(VIKTOR, choice, at=ENDS))


def test_time_alone_approves_nothing_and_two_approvals_in_time_are_not_counted_later(sqlite_ledger: Ledger) -> None:
    held(sqlite_ledger)
    cast(sqlite_ledger, VERA)
    cast(sqlite_ledger, VIKTOR)
    with refused(sqlite_ledger, "days for the review are over", at=ENDS) as steps:
        steps.move(R1, State.APPROVED, reason="")
    with sqlite_ledger.transaction(GATE, at=ENDS) as steps:
        steps.move(R1, State.EXPIRED, reason="")


@pytest.mark.parametrize("choice", [Choice.REJECT, Choice.RETURN])
@pytest.mark.parametrize("comment", ["", " \n"])
def test_who_refuses_says_why(sqlite_ledger: Ledger, choice: Choice, comment: str) -> None:
    held(sqlite_ledger)
    with refused(sqlite_ledger, "says why", actor=VERA) as steps:
        steps.vote(replace(vote(VERA, choice), comment=comment))


@pytest.mark.parametrize(
    ("choices", "states"),
    [
        ((), ()),
        ((Choice.APPROVE,), ()),
        ((Choice.APPROVE, Choice.APPROVE), (State.APPROVED,)),
        ((Choice.APPROVE, Choice.REJECT), (State.REJECTED,)),
        ((Choice.APPROVE, Choice.RETURN), (State.RETURNED,)),
        ((Choice.RETURN, Choice.REJECT), (State.REJECTED,)),
        ((Choice.RETURN, Choice.RETURN), (State.RETURNED,)),
    ],
)
def test_a_review_ends_as_its_votes_say_and_in_no_other_way(
    ledger: Ledger, choices: tuple[Choice, ...], states: tuple[State, ...]
) -> None:
    held(ledger)
    for reviewer, choice in zip(REVIEWERS, choices, strict=False):
        cast(ledger, reviewer, choice)
    for state in {State.APPROVED, State.REJECTED, State.RETURNED} - {*states}:
        with refused(ledger, "review") as steps:
            steps.move(R1, state, reason="")
    for state in states:
        with ledger.transaction(GATE, at=NOW) as steps:
            steps.move(R1, state, reason="")
    assert ledger.verify().whole


LATER = NOW + timedelta(days=1)


def note_later(ledger: Ledger) -> None:
    """Let the ledger see a later time than the clock will say."""
    with ledger.transaction(GATE, at=LATER) as steps:
        steps.note("seen", {})


@pytest.mark.parametrize("back", [MOST_BACK, MOST_BACK + TICK])
def test_no_clock_that_was_put_back_approves_clears_or_sends(ledger: Ledger, back: timedelta) -> None:
    held(ledger)
    Path(ledger, name="r2").screened()
    cleared = clearance("r2", at=LATER - back)
    cast(ledger, VERA)
    note_later(ledger)
    at, wrong = LATER - back, back > MOST_BACK
    if not wrong:
        cast(ledger, VIKTOR, at=at)
        with ledger.transaction(GATE, at=at) as steps:
            steps.move(R1, State.APPROVED, reason="")
            steps.clear(RequestId("r2"), clearance=cleared, envelope=ENVELOPE)
            steps.claim(nonce())
        assert ledger.verify().whole
        return
    with refused(ledger, "clock of this machine is behind", actor=VIKTOR, at=at) as steps:
        steps.vote(vote(VIKTOR, at=at))
    with refused(ledger, "clock of this machine is behind", at=at) as steps:
        steps.clear(RequestId("r2"), clearance=cleared, envelope=ENVELOPE)
    cast(ledger, VIKTOR, at=LATER)
    with refused(ledger, "clock of this machine is behind", at=at) as steps:
        steps.move(R1, State.APPROVED, reason="")
    with ledger.transaction(GATE, at=LATER) as steps:
        steps.clear(RequestId("r2"), clearance=cleared, envelope=ENVELOPE)
    with refused(ledger, "clock of this machine is behind", at=at) as steps:
        steps.claim(nonce())


def test_whoever_puts_the_clock_back_can_still_refuse(sqlite_ledger: Ledger) -> None:
    held(sqlite_ledger)
    note_later(sqlite_ledger)
    cast(sqlite_ledger, VERA, Choice.REJECT, at=NOW)
    assert sqlite_ledger.now(NOW) == LATER
    assert [entry.at for entry in sqlite_ledger.entries()][-1] == LATER.isoformat(timespec="microseconds")


def test_a_clock_that_was_put_back_gives_a_clearance_no_more_time(sqlite_ledger: Ledger) -> None:
    Path(sqlite_ledger).cleared()
    with sqlite_ledger.transaction(GATE, at=NOW + LIFETIME) as steps:
        steps.note("seen", {})
    with refused(sqlite_ledger, "clearance has expired", at=NOW + LIFETIME - TICK) as steps:
        steps.claim(nonce())


def continued(**changes: object) -> ReleaseRequest:
    return replace(draft("r2"), continues=R1, **changes)  # type: ignore[arg-type]


def test_a_request_continues_one_that_was_returned_to_the_same_requester(ledger: Ledger) -> None:
    path = Path(ledger)
    path.sent_back()
    with refused(ledger, "returned, or ended") as steps:
        steps.open_request(continued())
    with ledger.transaction(GATE, at=NOW) as steps:
        steps.move(R1, State.RETURNED, reason="")
    others = ({"requester": Actor("eve@example")}, {"recipient": RecipientId("other")})
    for changes in others:
        with refused(ledger, "only its requester") as steps:
            steps.open_request(continued(**changes))
    with ledger.transaction(GATE, at=NOW) as steps:
        steps.open_request(continued(requester=Actor(" RITA@example")))
    assert ledger.request(R1).state is State.CONTINUED
    assert ledger.rounds(R1) == ledger.rounds(RequestId("r2")) == (R1, "r2")
    with refused(ledger, "returned, or ended") as steps:
        steps.open_request(replace(draft("r3"), continues=R1))
    assert ledger.verify().whole


def test_the_queue_counts_filters_and_pages_on_both_databases(ledger: Ledger) -> None:
    held(ledger)
    cast(ledger, VERA)
    Path(ledger, name="r2", number=2).cleared()
    with ledger.transaction(GATE, at=NOW) as steps:
        steps.open_request(replace(draft("r3"), purpose='50 % "more"_', recipient=RecipientId("acme2")))
    counts = ledger.counted()
    assert {state: count for state, count in counts.items() if count} == {
        State.HELD: 1,
        State.CLEARED: 1,
        State.DRAFT: 1,
    }
    assert set(counts) == set(State)

    def names(**wanted: Any) -> list[str]:
        return [row.id for row in ledger.queued(Filter(viewer=" VERA@example", **wanted)).rows]

    assert names() == ["r1", "r2", "r3"]
    assert names(newest=True, limit=2) == ["r3", "r2"]
    assert names(offset=1, limit=1) == ["r2"]
    assert names(states=(State.HELD,)) == ["r1"]
    assert names(recipient="acme") == ["r1", "r2"]
    assert names(text='50 % "MORE"_') == names(text="%") == ["r3"]
    assert names(requester="GATE@example ") == ["r1", "r2", "r3"]
    assert names(requester="nobody") == []
    row = ledger.queued(Filter(viewer=" VERA@example")).rows[0]
    assert (row.requester, row.dataset, row.reviewers, row.review_days) == (REQUESTER, "airports", 2, DAYS)
    assert (row.votes, row.voted, row.judged_at[:10]) == (1, True, "2026-03-01")
    assert ledger.queued(Filter(viewer="x", limit=1)).total == 3
    assert ledger.queued(Filter(viewer="x")).rows[1].expires_at
