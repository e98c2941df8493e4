"""Ways round a review that were tried: sendings that are taken up, waivers of what was not measured, who approves."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from gating.files import COARSE, MIDDLE, frame, stage
from gating.gate import REQUESTER, at
from gating.place import DENY_M, HOLD_M, PARTNER, POLICY, destination, precision, rule, with_meta, zones

from geogate.gate import again
from geogate.gate.review import approve, reject, withdraw
from geogate.gate.reviews_notes import comment
from geogate.gate.submit import submit
from geogate.gate.waivers import WaiverWish, approve_waiver, ask_waiver, revoke_waiver
from geogate.model.errors import RefusedError, ServiceError, UsageError
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from typing import Any

    from gating.gate import Gate

    from geogate.model.names import Nonce, RequestId

NOW = at("2026-11-22T12:00:00")
LIFE = timedelta(hours=24)
HOLDING = with_meta(precision("review", HOLD_M, ">", "warning"), waivable=True)
RULES = (precision("precision", DENY_M, ">="), HOLDING, zones(), destination())


def waived(gate: Gate, rule: str = "review", approvers: tuple[str, ...] = ("anna", "bob")) -> str:
    """Ask for a waiver of everything that a rule says, and let others approve it."""
    wish = WaiverWish(
        policy=POLICY, rule=rule, recipient=PARTNER, dataset="*", reason="why", owner="olga", ticket="T-1", days=10
    )
    asked = ask_waiver(wish, house=gate.house("will"))
    for name in approvers:
        approve_waiver(asked.id, house=gate.house(name))
    return asked.id


def claim(gate: Gate, nonce: Nonce) -> RequestId:
    """Claim a clearance as a sending does that dies right after."""
    with gate.ledger() as ledger, ledger.transaction(gate.house().actor, at=gate.house().clock()) as tx:
        tx.claim(nonce)
    return gate.clearance(nonce)[0].request


def test_a_sending_that_died_does_not_go_on_after_its_waiver_was_revoked(gate: Gate) -> None:
    gate.policies.write_policy(RULES)
    waiver = waived(gate)
    nonce = gate.clear(stage("CSV", gate.staged, MIDDLE))
    claim(gate, nonce)
    revoke_waiver(waiver, reason="they moved", house=gate.house("anna"))

    with pytest.raises(RefusedError, match=r"a waiver does not hold any more.*0 of 1 files"):
        gate.send(nonce)

    assert not gate.delivered()
    assert gate.states() == [State.FAILED]


def test_a_sending_that_died_goes_on_while_its_waiver_holds(gate: Gate) -> None:
    gate.policies.write_policy(RULES)
    waived(gate)
    nonce = gate.clear(stage("CSV", gate.staged, MIDDLE))
    claim(gate, nonce)

    gate.send(nonce)

    assert gate.states() == [State.SENT]


@pytest.mark.parametrize(("back", "goes"), [(timedelta(minutes=5), True), (timedelta(minutes=5, seconds=1), False)])
def test_a_sending_that_died_does_not_go_on_with_a_clock_that_was_put_back(
    gate: Gate,
    back: timedelta,
    goes: bool,  # noqa: FBT001
) -> None:
    gate.now = NOW
    nonce = gate.clear(stage("CSV", gate.staged, COARSE))
    gate.now = NOW + timedelta(hours=1)
    request = claim(gate, nonce)
    comment(request, "what became of it?", house=gate.house("ada"))
    gate.now -= back

    if goes:
        gate.send(nonce)
    else:
        with pytest.raises(RefusedError, match="clock of this machine"):
            gate.send(nonce)

    assert bool(gate.delivered()) is goes


def test_a_sending_that_died_is_over_when_the_ledger_has_seen_the_end_of_its_clearance(gate: Gate) -> None:
    gate.now = NOW
    nonce = gate.clear(stage("CSV", gate.staged, COARSE))
    request = claim(gate, nonce)
    gate.now = NOW + LIFE
    comment(request, "what became of it?", house=gate.house("ada"))
    gate.now -= timedelta(minutes=1)

    with pytest.raises(RefusedError, match="0 of 1 files were delivered"):
        gate.send(nonce)

    assert not gate.delivered()


def test_a_row_that_says_sending_sends_nothing(gate: Gate) -> None:
    nonce = gate.clear(stage("CSV", gate.staged, COARSE))
    withdraw(gate.clearance(nonce)[0].request, comment="", house=gate.house(REQUESTER))
    with closing(sqlite3.connect(gate.ledger_file)) as rows, rows:
        rows.execute("UPDATE requests SET state = 'sending'")

    with pytest.raises(ServiceError, match="is not what the entries say"):
        gate.send(nonce)

    assert not gate.delivered()


CELLS = with_meta(
    rule(
        "cells",
        "expect_no_small_cells",
        columns=["n"],
        minimum=10,
        operator=">=",
        zero_allowed=True,
        rounding_base=0,
        suppressed=["*"],
        column_required=True,
    ),
    waivable=True,
)


@pytest.mark.parametrize(("count", "state"), [("9", State.CLEARED), ("nine", State.DENIED)])
def test_a_waiver_does_not_cover_what_could_not_be_measured(gate: Gate, count: str, state: State) -> None:
    gate.policies.write_policy((precision("precision", DENY_M, ">="), zones(), destination(), CELLS))
    waived(gate, rule="cells")
    cells = frame(COARSE, ["x"]).drop(columns="name")
    cells["n"] = [count, "12", "13"]
    path = gate.staged / "cells.gpkg"
    cells.to_file(path)

    assert gate.submit(path).state is state


@pytest.fixture
def held(gate: Gate) -> RequestId:
    return gate.hold(stage("CSV", gate.staged, MIDDLE))


def test_an_approval_of_who_asked_for_the_same_afterwards_does_not_count(gate: Gate, held: RequestId) -> None:
    gate.approve(held, "ada")
    joined = submit(gate.wish(gate.staged / "data.csv"), house=gate.house("ADA"))

    assert joined.repeated
    assert gate.approve(held, "bob").state is State.HELD
    assert gate.approve(held, "cleo").state is State.CLEARED


@pytest.mark.parametrize("unseen", ["\ufe0f", "\u034f", "\u200b"])
def test_nobody_votes_twice_or_on_the_own_request_by_a_character_that_nobody_sees(
    gate: Gate, held: RequestId, unseen: str
) -> None:
    with pytest.raises(RefusedError, match="cannot review"):
        gate.approve(held, f"ri{unseen}ta")
    gate.approve(held, "ada")
    with pytest.raises(RefusedError, match="votes once"):
        gate.approve(held, f"ada{unseen}")


def test_the_hash_of_a_vote_does_not_tell_what_it_says(gate: Gate, held: RequestId) -> None:
    gate.approve(held, "ada")
    gate.approve(held, "bob")

    with gate.ledger() as ledger:
        salts = [vote.salt for vote in ledger.votes(held)]
    assert all(len(salt) == 32 for salt in salts)
    assert len(set(salts)) == 2


@pytest.mark.parametrize("stays", [True, False])
def test_a_role_that_is_taken_while_it_is_judged_again_approves_nothing(
    gate: Gate, held: RequestId, monkeypatch: pytest.MonkeyPatch, *, stays: bool
) -> None:
    roles = gate.policies.root / "roles.yaml"
    text = "people:\n- {name: ada, roles: [reviewer]}\n- {name: bob, roles: [reviewer]}\n"
    roles.write_text(text)
    gate.approve(held, "ada")
    judged = again.judge_again

    def taking(*arguments: Any, **named: Any) -> Any:
        found = judged(*arguments, **named)
        roles.write_text(text if stays else text.replace("ada, roles: [reviewer]", "ada, roles: [auditor]"))
        return found

    monkeypatch.setattr("geogate.gate.review.judge_again", taking)

    assert gate.approve(held, "bob").state is (State.CLEARED if stays else State.HELD)


@pytest.mark.parametrize("text", ["\u200b", "\u3164 \ufe0f", "..."])
def test_a_refusal_that_says_nothing_is_refused(gate: Gate, held: RequestId, text: str) -> None:
    with pytest.raises(UsageError, match="needs a comment"):
        reject(held, comment=text, house=gate.house("ada"))


@pytest.mark.parametrize("text", ["\u200fno", "\u061cno", "a\u2028b", "a\U000e0041b"])
def test_no_comment_turns_text_round_or_hides_some(gate: Gate, held: RequestId, text: str) -> None:
    with pytest.raises(UsageError, match="no text"):
        approve(held, comment=text, house=gate.house("ada"))


@pytest.mark.parametrize("back", [timedelta(minutes=5), timedelta(minutes=6)])
def test_a_waiver_is_not_approved_with_a_clock_that_was_put_back(gate: Gate, back: timedelta) -> None:
    gate.policies.write_policy(RULES)
    gate.now = NOW
    waiver = waived(gate, approvers=("anna",))
    gate.now -= back

    if back > timedelta(minutes=5):
        with pytest.raises(RefusedError, match="clock of this machine"):
            approve_waiver(waiver, house=gate.house("bob"))
    else:
        approve_waiver(waiver, house=gate.house("bob"))


@pytest.mark.parametrize("silent", ["reason", "owner", "ticket"])
def test_a_waiver_is_not_asked_for_without_words(gate: Gate, silent: str) -> None:
    gate.policies.write_policy(RULES)
    words = {"reason": "why", "owner": "olga", "ticket": "T-1"} | {silent: "\u200b"}
    wish = WaiverWish(policy=POLICY, rule="review", recipient=PARTNER, dataset="*", days=10, **words)

    with pytest.raises(UsageError, match=f"--{silent}"):
        ask_waiver(wish, house=gate.house("will"))


def test_who_asked_for_the_same_bytes_under_another_policy_or_place_does_not_review_them(gate: Gate) -> None:
    path = stage("CSV", gate.staged, MIDDLE)
    earlier = submit(gate.wish(path, purpose="mine"), house=gate.house("ada"))
    withdraw(earlier.request, comment="", house=gate.house("ada"))
    (gate.outbox / "there").mkdir()
    submit(gate.wish(path, destination="file:outbox/there/"), house=gate.house("bob"))
    gate.policies.write_policy(version="2")
    request = gate.hold(path)

    for name in ("ada", "BOB"):
        with pytest.raises(RefusedError, match="cannot review"):
            gate.approve(request, name)
    assert gate.approve(request, "cleo").state is State.HELD


def test_who_asked_for_other_bytes_reviews_these(gate: Gate, held: RequestId) -> None:
    submit(gate.wish(stage("CSV", gate.staged, MIDDLE[:2], stem="other")), house=gate.house("ada"))

    assert gate.approve(held, "ada").votes == 1
