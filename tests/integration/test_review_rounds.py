"""Returned, continued and withdrawn: a changed artefact loses its votes, and what happened before is not forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from gating.files import FINE, MIDDLE, stage
from gating.gate import REQUESTER, at

from geogate.gate.review import reject, send_back, withdraw
from geogate.gate.reviews_actions import Step
from geogate.gate.reviews_notes import comment
from geogate.gate.reviews_release import release
from geogate.gate.submit import submit
from geogate.model.errors import RefusedError, UsageError
from geogate.model.lifecycle import State
from geogate.model.names import RequestId
from geogate.model.release import Choice

if TYPE_CHECKING:
    from gating.gate import Gate

    from geogate.gate.reviews_release import Release

NOW = at("2026-11-22T12:00:00")
OTHER = ((8.31, 47.12), (8.44, 47.23), (-0.51, 51.43))


@pytest.fixture
def held(gate: Gate) -> RequestId:
    gate.now = NOW
    return gate.hold(stage("CSV", gate.staged, MIDDLE))


def returned(gate: Gate, held: RequestId) -> None:
    gate.approve(held, "anna")
    assert send_back(held, comment="leave the third point out", house=gate.house("bob")).state is State.RETURNED


def seen(gate: Gate, request: RequestId, name: str) -> Release:
    return release(request, house=gate.house(name))


def possible(gate: Gate, request: RequestId, name: str) -> set[Step]:
    return {each.step for each in seen(gate, request, name).actions if each.enabled}


def test_a_returned_request_is_continued_with_no_vote_left_and_its_rounds_are_shown(
    gate: Gate, held: RequestId
) -> None:
    returned(gate, held)
    changed = stage("CSV", gate.staged, OTHER)
    again = gate.hold(changed, continues=held)
    assert (gate.request(held).state, gate.request(again).continues) == (State.CONTINUED, held)
    shown = seen(gate, again, "carl")
    assert (shown.votes, shown.hidden_votes) == ((), 0)
    assert [(each.request, each.state) for each in shown.rounds] == [(held, "continued"), (again, "held")]
    assert [vote.choice for vote in shown.rounds[0].votes] == [Choice.APPROVE, Choice.RETURN]
    assert [each.request for each in seen(gate, held, "carl").rounds] == [held, again]
    assert [gate.approve(again, name).state for name in ("anna", "bob")] == ["held", "cleared"]
    gate.require_whole_ledger()


def test_a_request_is_continued_once_by_its_requester_and_for_its_recipient(gate: Gate, held: RequestId) -> None:
    other = stage("CSV", gate.staged, OTHER, stem="other")
    with pytest.raises(RefusedError, match="was returned, or ended"):
        gate.submit(other, continues=held)
    returned(gate, held)
    with pytest.raises(RefusedError, match="only its requester"):
        submit(gate.wish(other, continues=held), house=gate.house("eve"))
    assert gate.request(held).state is State.RETURNED
    with pytest.raises(RefusedError, match="was returned, or ended"):
        gate.submit(other, continues=RequestId("nobody-knows"))
    submit(gate.wish(other, continues=held), house=gate.house(" RITA"))
    with pytest.raises(RefusedError, match="was returned, or ended"):
        gate.submit(other, continues=held)
    gate.require_whole_ledger()


def test_what_was_returned_or_is_continued_takes_no_votes_and_never_leaves(gate: Gate, held: RequestId) -> None:
    returned(gate, held)
    for _ in range(2):
        with pytest.raises(RefusedError, match="takes no votes"):
            gate.approve(held, "carl")
        if gate.request(held).state is State.RETURNED:
            gate.hold(stage("CSV", gate.staged, OTHER), continues=held)


@pytest.mark.parametrize("approves_last", [True, False])
def test_a_rejection_outweighs_a_return_whoever_votes_last(gate: Gate, held: RequestId, *, approves_last: bool) -> None:
    gate.policies.write_policy(reviewers=3)
    request = gate.hold(gate.staged / "data.csv")
    send_back(request, comment="change it", house=gate.house("anna"))
    reject(request, comment="never", house=gate.house("bob"))
    assert gate.request(request).state is State.HELD
    if approves_last:
        gate.approve(request, "carl")
    else:
        send_back(request, comment="change it", house=gate.house("carl"))
    assert gate.request(request).state is State.REJECTED
    assert gate.request(held).state is State.HELD


def test_a_rejected_release_can_be_continued_so_that_reviewers_know_of_it(gate: Gate, held: RequestId) -> None:
    reject(held, comment="too fine", house=gate.house("anna"))
    gate.approve(held, "bob")
    again = gate.hold(stage("CSV", gate.staged, OTHER), continues=held)
    shown = seen(gate, again, "carl")
    assert [each.state for each in shown.rounds] == [State.REJECTED, State.HELD]
    assert [vote.comment for vote in shown.rounds[0].votes] == ["too fine", "looked at it"]


def test_reviewers_see_what_else_the_recipient_got_or_did_not_get(gate: Gate, held: RequestId) -> None:
    gate.submit(stage("CSV", gate.staged, FINE, stem="fine"))
    gate.approve(held, "anna")
    nonce = gate.approve(held, "bob").clearance
    assert nonce is not None
    gate.send(nonce)
    again = gate.hold(gate.staged / "data.csv", purpose="once more")
    earlier = {each.dataset: (each.state, each.same) for each in seen(gate, again, "anna").earlier}
    assert earlier == {"fine.csv": (State.DENIED, False), "data.csv": (State.SENT, True)}


def test_only_its_requester_withdraws_a_request_until_it_is_sent(gate: Gate, held: RequestId) -> None:
    with pytest.raises(RefusedError, match="only its requester"):
        withdraw(held, comment="", house=gate.house("anna"))
    gate.approve(held, "anna")
    nonce = gate.approve(held, "bob").clearance
    assert nonce is not None
    assert withdraw(held, comment="a mistake", house=gate.house("Rita")) is State.WITHDRAWN
    with pytest.raises(RefusedError):
        gate.send(nonce)
    assert not gate.delivered()


def test_what_was_sent_is_not_withdrawn(gate: Gate) -> None:
    nonce = gate.clear(stage("CSV", gate.staged))
    gate.send(nonce)
    with pytest.raises(RefusedError, match="sent cannot become withdrawn"):
        withdraw(gate.requests()[0].id, comment="", house=gate.house())


@pytest.mark.parametrize("text", ["", " \n", "x" * 2001, "a\x00b", "a\x1b[2J", "\u202eno"])
def test_a_comment_is_text_of_some_length(gate: Gate, held: RequestId, text: str) -> None:
    with pytest.raises(UsageError):
        comment(held, text, house=gate.house("anna"))
    assert seen(gate, held, "anna").comments == ()


@pytest.mark.parametrize("vote", [reject, send_back])
def test_no_vote_takes_a_comment_that_nobody_would_read(gate: Gate, held: RequestId, vote: object) -> None:
    assert callable(vote)
    for text in ("", " ", "x" * 2001):
        with pytest.raises(UsageError, match="comment"):
            vote(held, comment=text, house=gate.house("anna"))
    with pytest.raises(UsageError, match="comment"):
        gate_approve_long(gate, held)
    assert seen(gate, held, "bob").hidden_votes == 0


def gate_approve_long(gate: Gate, held: RequestId) -> None:
    from geogate.gate.review import approve

    approve(held, comment="x" * 2001, house=gate.house("anna"))


def test_comments_without_a_vote_are_for_everybody(gate: Gate, held: RequestId) -> None:
    comment(held, "what are these points?", house=gate.house("anna"))
    comment(held, "<b>wells</b>", house=gate.house())
    found = [(each.by, each.text) for each in seen(gate, held, "bob").comments]
    assert found == [("anna", "what are these points?"), (REQUESTER, "<b>wells</b>")]
    assert gate.approve(held, "anna").votes == 1


def test_what_can_be_done_depends_on_who_looks_and_says_why_not(gate: Gate, held: RequestId) -> None:
    every = {Step.APPROVE, Step.RETURN, Step.REJECT, Step.COMMENT, Step.UNMASK}
    assert possible(gate, held, "anna") == every
    assert possible(gate, held, REQUESTER) == {Step.COMMENT, Step.WITHDRAW, Step.UNMASK}
    gate.approve(held, "anna")
    assert possible(gate, held, "anna") == {Step.COMMENT, Step.UNMASK}
    why = {each.step: each.why_not for each in seen(gate, held, "anna").actions}
    assert why[Step.APPROVE] == "you have voted; each reviewer votes once"
    assert why[Step.WITHDRAW] == "only its requester can withdraw it"
    assert why[Step.SEND] == "the request is held"
    gate.approve(held, "bob")
    assert Step.SEND in possible(gate, held, "carl")


def test_whoever_asked_for_the_same_release_is_told_that_a_vote_is_not_possible(gate: Gate, held: RequestId) -> None:
    again = submit(gate.wish(gate.staged / "data.csv"), house=gate.house("yves"))
    assert again.request == held
    why = {each.step: each.why_not for each in seen(gate, held, "yves").actions}
    assert why[Step.APPROVE] == "who asked for a release cannot review it"
    for vote in (reject, send_back):
        assert vote is not None
    assert "asked for" in why[Step.REJECT]


def test_a_policy_with_one_reviewer_is_content_with_one_who_did_not_ask(gate: Gate) -> None:
    gate.policies.write_policy(reviewers=1)
    held = gate.hold(stage("CSV", gate.staged, MIDDLE))
    with pytest.raises(RefusedError, match="requester cannot review"):
        gate.approve(held, REQUESTER)
    assert gate.approve(held, "anna").state is State.CLEARED
    gate.require_whole_ledger()
