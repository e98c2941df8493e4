"""Ways round a review that were tried: sendings that are taken up, waivers of what was not measured, who approves."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from gating.files import COARSE, MIDDLE, stage
from gating.gate import REQUESTER, at
from gating.place import DENY_M, HOLD_M, PARTNER, POLICY, destination, precision, with_meta, zones

from geogate.gate.review import withdraw
from geogate.gate.reviews_notes import comment
from geogate.gate.waivers import WaiverWish, approve_waiver, ask_waiver, revoke_waiver
from geogate.model.errors import RefusedError, ServiceError
from geogate.model.lifecycle import State

if TYPE_CHECKING:
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
