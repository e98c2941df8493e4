"""Times of reviews: what waits too long ends, who must act is told once a step, and no clock approves anything."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from gating.files import MIDDLE, stage
from gating.gate import at

from geogate.gate.audit import audit
from geogate.gate.review import send_back
from geogate.gate.reviews_queue import Wanted, queue
from geogate.gate.reviews_times import Step, expire, remind
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State
from geogate.model.release import ReleaseRequest

if TYPE_CHECKING:
    from gating.gate import Gate

    from geogate.model.names import RequestId

NOW = at("2026-11-22T12:00:00")
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
REVIEW = 14 * DAY


@pytest.fixture
def held(gate: Gate) -> RequestId:
    gate.now = NOW
    return gate.hold(stage("CSV", gate.staged, MIDDLE))


def expired(gate: Gate) -> list[tuple[str, State]]:
    return [(each.request, each.state) for each in expire(house=gate.house("cron"))]


def test_a_review_expires_when_its_days_are_over_and_not_before(gate: Gate, held: RequestId) -> None:
    gate.approve(held, "anna")
    gate.now = NOW + REVIEW - TICK
    assert expired(gate) == []
    gate.now = NOW + REVIEW
    assert queue(Wanted(), house=gate.house()).rows[0].overdue
    assert expired(gate) == [(held, State.EXPIRED)]
    assert expired(gate) == []
    with pytest.raises(RefusedError, match="takes no votes"):
        gate.approve(held, "bob")
    gate.require_whole_ledger()


def test_an_audit_ends_what_waited_too_long(gate: Gate, held: RequestId) -> None:
    gate.now = NOW + REVIEW
    assert [each.request for each in audit(hours=1, house=gate.house()).ended] == [held]
    assert gate.states() == [State.EXPIRED]


def test_a_returned_request_and_an_unused_clearance_expire(gate: Gate, held: RequestId) -> None:
    send_back(held, comment="change it", house=gate.house("anna"))
    gate.approve(held, "bob")
    gate.clear(stage("CSV", gate.staged, stem="other"))
    gate.now = NOW + DAY - TICK
    assert expired(gate) == []
    gate.now = NOW + DAY
    assert [state for _, state in expired(gate)] == [State.EXPIRED]
    assert gate.request(held).state is State.RETURNED
    gate.now = NOW + REVIEW
    assert expired(gate) == [(held, State.EXPIRED)]


def test_what_the_gate_did_not_go_on_with_has_failed_after_a_week(gate: Gate) -> None:
    gate.now = NOW
    house = gate.house()
    request = ReleaseRequest(
        id=house.new_request_id(),
        requester=house.actor,
        recipient="partner",  # type: ignore[arg-type]
        destination="file:outbox/",
        purpose="",
        policy="test",  # type: ignore[arg-type]
        assume_crs="",
        created_at=NOW,
        state=State.DRAFT,
    )
    with gate.ledger() as ledger, ledger.transaction(house.actor, at=NOW) as tx:
        tx.open_request(request)
    gate.now = NOW + 7 * DAY - TICK
    assert expired(gate) == []
    gate.now = NOW + 7 * DAY
    assert expired(gate) == [(request.id, State.FAILED)]


def steps(gate: Gate) -> list[Step]:
    return [each.step for each in remind(house=gate.house("cron"))]


def test_who_must_act_is_reminded_once_a_step(gate: Gate, held: RequestId) -> None:
    gate.now = NOW + REVIEW / 2 - TICK
    assert steps(gate) == []
    gate.now = NOW + REVIEW / 2
    found = remind(house=gate.house("cron"))
    assert [(each.request, each.acts, each.deadline) for each in found] == [(held, "reviewers", NOW + REVIEW)]
    assert steps(gate) == []
    gate.now = NOW + REVIEW - DAY
    assert (steps(gate), steps(gate)) == ([Step.LAST_DAY], [])
    gate.now = NOW + REVIEW
    assert (steps(gate), steps(gate)) == ([Step.OVER], [])
    gate.require_whole_ledger()


def test_a_clock_that_was_put_back_reopens_no_review_and_reminds_of_nothing_again(gate: Gate, held: RequestId) -> None:
    gate.approve(held, "anna")
    gate.now = NOW + REVIEW
    assert steps(gate) == [Step.OVER]
    gate.now = NOW + DAY
    assert steps(gate) == []
    with pytest.raises(RefusedError, match="review has expired"):
        gate.approve(held, "bob")
    assert gate.states() == [State.EXPIRED]


def test_a_clock_that_ran_ahead_while_it_was_judged_extends_no_review(gate: Gate) -> None:
    gate.now = NOW + 400 * DAY
    held = gate.hold(stage("CSV", gate.staged, MIDDLE))
    gate.now = NOW
    with pytest.raises(RefusedError, match="clock of this machine is behind"):
        gate.approve(held, "anna")
    assert gate.states() == [State.HELD]


def test_the_queue_says_how_old_what_is_until_when_and_who_must_act(gate: Gate, held: RequestId) -> None:
    gate.approve(held, "anna")
    gate.now = NOW + 2 * DAY
    found = queue(Wanted(), house=gate.house("anna"))
    row = found.rows[0]
    assert (row.age, row.deadline, row.overdue) == (2 * DAY, NOW + REVIEW, False)
    assert (row.votes, row.needed, row.voted, row.mine) == (1, 2, True, False)
    assert (row.acts, row.next) == ("reviewers", "1 more must vote")
    assert dict(found.counts)[State.HELD] == 1
    assert row.document()["age"] == 2 * 86_400
    assert queue(Wanted(states=(State.SENT,)), house=gate.house("anna")).rows == ()
