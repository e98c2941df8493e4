"""Held releases: who may vote, what a vote is about, and what makes it worthless."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from gating.files import MIDDLE, stage
from gating.gate import REQUESTER, at, sha256
from gating.place import RULES, destination, precision

from geogate.gate.history import history
from geogate.gate.review import approve, reject
from geogate.gate.reviews_release import release
from geogate.gate.submit import submit
from geogate.model.errors import PolicyError, RefusedError, UsageError
from geogate.model.lifecycle import State
from geogate.model.names import RequestId

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate

NOW = at("2026-11-22T12:00:00")


@pytest.fixture
def held(gate: Gate) -> RequestId:
    gate.now = NOW
    return gate.hold(stage("CSV", gate.staged, MIDDLE))


def test_two_reviewers_clear_what_is_held_and_then_it_is_sent(gate: Gate, held: RequestId) -> None:
    first = gate.approve(held, "anna")
    assert (first.state, first.votes, first.needed, first.clearance) == (State.HELD, 1, 2, None)
    second = gate.approve(held, "bob")
    assert (second.state, second.votes) == (State.CLEARED, 2)
    assert second.clearance is not None
    gate.send(second.clearance)
    assert sha256(gate.delivered()["data.csv"]) == gate.clearance(second.clearance)[0].artefact
    assert gate.kinds()[-6:] == ["vote", "vote", "move", "clear", "claim", "receive"]
    gate.require_whole_ledger()


def test_a_policy_that_asks_for_three_is_not_content_with_two(gate: Gate) -> None:
    gate.policies.write_policy(reviewers=3)
    held = gate.hold(stage("CSV", gate.staged, MIDDLE))
    assert [gate.approve(held, name).state for name in ("anna", "bob", "carl")] == ["held", "held", "cleared"]


@pytest.mark.parametrize("name", [REQUESTER, "Rita", "RITA", " rita", "rita ", "\uff52ita", "rita\u2003"])
def test_the_requester_cannot_vote_however_the_name_is_written(gate: Gate, held: RequestId, name: str) -> None:
    with pytest.raises(RefusedError, match="requester cannot review"):
        gate.approve(held, name)
    with pytest.raises(RefusedError, match="requester cannot review"):
        reject(held, comment="no", house=gate.house(name))
    assert gate.states() == [State.HELD]


@pytest.mark.parametrize("name", ["anna", "Anna", " anna ", "\uff41nna"])
def test_each_reviewer_votes_once_however_the_name_is_written(gate: Gate, held: RequestId, name: str) -> None:
    gate.approve(held, "anna")
    with pytest.raises(RefusedError, match="votes once"):
        gate.approve(held, name)
    assert gate.states() == [State.HELD]


@pytest.mark.parametrize("comment", ["", " ", "\n\t"])
def test_a_rejection_needs_a_comment(gate: Gate, held: RequestId, comment: str) -> None:
    with pytest.raises(UsageError, match="needs a comment"):
        reject(held, comment=comment, house=gate.house("anna"))
    assert gate.states() == [State.HELD]


@pytest.mark.parametrize("rejects_first", [True, False])
def test_one_rejection_rejects_when_as_many_have_voted_as_the_policy_asks_for(
    gate: Gate, held: RequestId, *, rejects_first: bool
) -> None:
    if rejects_first:
        first = reject(held, comment="too fine", house=gate.house("bob"))
        assert (first.state, first.votes, first.needed) == (State.HELD, 1, 2)
        assert gate.approve(held, "anna").state is State.REJECTED
    else:
        gate.approve(held, "anna")
        assert reject(held, comment="too fine", house=gate.house("bob")).state is State.REJECTED
    with pytest.raises(RefusedError, match="takes no votes"):
        gate.approve(held, "carl")
    with pytest.raises(RefusedError, match="takes no votes"):
        reject(held, comment="me too", house=gate.house("dora"))
    assert gate.states() == [State.REJECTED]
    gate.require_whole_ledger()


def test_what_is_not_held_takes_no_votes(gate: Gate) -> None:
    done = gate.submit(stage("CSV", gate.staged))
    with pytest.raises(RefusedError, match="takes no votes"):
        gate.approve(done.request, "anna")
    with pytest.raises(UsageError, match="no request"):
        gate.approve(RequestId("nobody-knows"), "anna")


def _policy(gate: Gate) -> None:
    gate.policies.write_policy(version="2")


def _recipients(gate: Gate) -> None:
    gate.policies.write_recipients(name="Partner AG")


def _zones(gate: Gate) -> None:
    gate.policies.write_zones(buffer_m=1.0)


@pytest.mark.parametrize("change", [_policy, _recipients, _zones])
@pytest.mark.parametrize("earlier", [0, 1])
def test_an_approval_by_other_rules_than_those_of_the_verdict_is_refused_until_it_is_submitted_again(
    gate: Gate, held: RequestId, change: object, earlier: int
) -> None:
    assert callable(change)
    for number in range(earlier):
        gate.approve(held, f"early{number}")
    change(gate)
    with pytest.raises(RefusedError, match="changed since the release was judged"):
        gate.approve(held, "anna")
    again = gate.hold(gate.staged / "data.csv")
    assert again != held
    assert [gate.approve(again, name).state for name in ("anna", "bob")] == ["held", "cleared"]


def test_a_policy_that_cannot_be_read_any_more_stops_the_approval(gate: Gate, held: RequestId) -> None:
    gate.policies.replace("test.yaml", "critical", "grave")
    with pytest.raises(PolicyError):
        gate.approve(held, "anna")
    assert gate.states() == [State.HELD]


def test_an_approval_counts_only_while_the_contract_holds(gate: Gate) -> None:
    gate.now = NOW
    gate.policies.write_policy([*RULES[:3], destination(contract_min_days_left=0)], review_days=300)
    gate.policies.write_recipients(contract={"reference": "C-1", "ends": date(2026, 12, 24)})
    held = gate.hold(stage("CSV", gate.staged, MIDDLE))
    gate.approve(held, "anna")
    gate.now = at("2026-12-25T00:00:00")
    with pytest.raises(RefusedError, match="would be denied today: destination"):
        gate.approve(held, "bob")
    assert gate.states() == [State.HELD]
    gate.now = at("2026-12-24T23:59:59")
    assert gate.approve(held, "bob").state is State.CLEARED


def test_a_review_ends_after_the_days_that_the_policy_gives(gate: Gate, held: RequestId) -> None:
    gate.now = NOW + timedelta(days=14) - timedelta(microseconds=1)
    assert gate.approve(held, "anna").state is State.HELD
    gate.now = NOW + timedelta(days=14)
    with pytest.raises(RefusedError, match="review has expired"):
        gate.approve(held, "bob")
    assert gate.states() == [State.EXPIRED]
    again = gate.hold(gate.staged / "data.csv")
    assert gate.request(again).state is State.HELD


def test_a_submission_does_not_join_a_review_that_has_expired(gate: Gate, held: RequestId) -> None:
    gate.now = NOW + timedelta(days=14)
    assert gate.hold(gate.staged / "data.csv") != held


def test_a_submission_joins_the_review_that_goes_on(gate: Gate, held: RequestId) -> None:
    gate.now = NOW + timedelta(days=14) - timedelta(microseconds=1)
    done = gate.submit(gate.staged / "data.csv")
    assert (done.request, done.state, done.repeated) == (held, State.HELD, True)


def sealed(gate: Gate, request: RequestId) -> Path:
    artefact = gate.request(request).artefact
    assert artefact is not None
    return gate.home / "staging" / "objects" / artefact.digest[:2] / artefact.digest


def change(path: Path) -> None:
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content.replace(b"8.31", b"8.32"))


def test_an_artefact_that_changes_before_the_last_approval_is_not_cleared(gate: Gate, held: RequestId) -> None:
    gate.approve(held, "anna")
    change(sealed(gate, held))
    with pytest.raises(RefusedError, match="has changed since it was sealed"):
        gate.approve(held, "bob")
    assert gate.states() == [State.HELD]


@pytest.mark.parametrize("damage", [change, lambda path: path.unlink()])
def test_an_artefact_that_changes_after_the_approval_is_not_sent(gate: Gate, held: RequestId, damage: object) -> None:
    gate.approve(held, "anna")
    nonce = gate.approve(held, "bob").clearance
    assert nonce is not None
    assert callable(damage)
    copy = shutil.copy(sealed(gate, held), gate.root / "copy")
    damage(sealed(gate, held))
    with pytest.raises(RefusedError, match=r"has changed|is missing"):
        gate.send(nonce)
    assert not gate.delivered()
    assert gate.states() == [State.CLEARED]
    shutil.copy(copy, sealed(gate, held))
    gate.send(nonce)
    assert gate.delivered()


def test_reviewers_do_not_see_votes_while_the_review_goes_on(gate: Gate, held: RequestId) -> None:
    gate.approve(held, "anna")
    seen = release(held, house=gate.house("bob"))
    assert (seen.votes, seen.hidden_votes) == ((), 1)
    assert "anna" not in str(seen.document())
    assert [vote.reviewer for vote in release(held, house=gate.house("Anna")).votes] == ["anna"]
    gate.approve(held, "bob")
    assert [vote.reviewer for vote in release(held, house=gate.house("bob")).votes] == ["anna", "bob"]


def test_a_house_with_another_clock_for_the_vote_is_the_same_person(gate: Gate, held: RequestId) -> None:
    late = replace(gate.house("anna"), clock=lambda: NOW + timedelta(hours=1))
    approve(held, comment="", house=late)
    with pytest.raises(RefusedError, match="votes once"):
        gate.approve(held, "anna")


def test_the_last_of_two_approvals_at_the_same_moment_has_to_be_given_again(gate: Gate, held: RequestId) -> None:
    calls = iter(range(100))

    def clock() -> datetime:
        # The fourth look at the clock comes after the votes were counted and before the own one is cast.
        if next(calls) == 3:
            gate.approve(held, "anna")
        return NOW

    with pytest.raises(RefusedError, match="approved at the same moment"):
        approve(held, comment="", house=replace(gate.house("bob"), clock=clock))
    assert gate.states() == [State.HELD]
    assert gate.approve(held, "bob").state is State.CLEARED


def test_a_verdict_that_denies_cannot_be_voted_away(gate: Gate) -> None:
    gate.policies.write_policy([precision("precision", 1000, ">=")])
    done = gate.submit(stage("CSV", gate.staged, MIDDLE))
    assert done.state is State.DENIED
    with pytest.raises(RefusedError, match="takes no votes"):
        gate.approve(done.request, "anna")


def test_what_a_vote_says_is_not_shown_before_the_review_is_over(gate: Gate, held: RequestId) -> None:
    approve(held, comment="a telling comment", house=gate.house("anna"))
    votes = [entry for entry in history(request=held, house=gate.house()) if entry.kind == "vote"]
    assert [entry.actor for entry in votes] == ["anna"]
    assert "telling" not in str([entry.document() for entry in votes])
    assert "approve" not in str([entry.document() for entry in votes])

    gate.approve(held, "bob")
    assert "a telling comment" in str([entry.document() for entry in history(request=held, house=gate.house())])


def test_a_recipient_is_served_only_under_the_policies_that_it_is_bound_to(gate: Gate) -> None:
    gate.policies.write_policy(name="lenient")
    staged = stage("CSV", gate.staged, MIDDLE)
    gate.policies.write_recipients(policies=["test"])
    assert gate.submit(staged).state is State.HELD
    for judge in (gate.screen, gate.submit):
        with pytest.raises(RefusedError, match="does not get data under policy lenient"):
            judge(staged, policy="lenient")
    gate.policies.write_recipients(policies=["test", "lenient"])
    assert gate.submit(staged, policy="lenient").state is State.HELD


@pytest.mark.parametrize("name", ["yves", "Yves "])
def test_whoever_asked_for_the_same_release_cannot_review_it(gate: Gate, held: RequestId, name: str) -> None:
    again = submit(gate.wish(gate.staged / "data.csv"), house=gate.house("yves"))
    assert (again.request, again.repeated) == (held, True)
    with pytest.raises(RefusedError, match="requester cannot review"):
        gate.approve(held, name)
    assert gate.approve(held, "anna").votes == 1
    assert gate.approve(held, "bob").state is State.CLEARED
