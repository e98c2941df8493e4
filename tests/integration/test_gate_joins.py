"""A submission joins an earlier request only where that one could still be answered the same today."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from gating.files import stage
from gating.place import RULES, destination

from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from gating.gate import Gate

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("hours", "joins"), [(23, True), (24, False)])
def test_a_clearance_that_has_expired_is_not_given_out_again(gate: Gate, hours: int, *, joins: bool) -> None:
    gate.now = NOW
    dataset = stage("CSV", gate.staged)
    first = gate.submit(dataset)
    gate.now = NOW + timedelta(hours=hours)
    second = gate.submit(dataset)
    assert (second.state, second.repeated) == (State.CLEARED, joins)
    assert (second.clearance == first.clearance) is joins


def test_a_release_that_is_held_today_does_not_join_a_clearance_of_before(gate: Gate) -> None:
    contract = destination(contract_min_days_left=10) | {"severity": "warning"}
    gate.policies.write_policy([*RULES[:3], contract], clearance_hours=720)
    gate.policies.write_recipients(contract={"reference": "C-1", "ends": date(2026, 12, 12)})
    gate.now = NOW
    dataset = stage("CSV", gate.staged)
    assert gate.submit(dataset).state is State.CLEARED
    gate.now = NOW + timedelta(days=4)
    done = gate.submit(dataset)
    assert (done.state, done.clearance, done.repeated) == (State.HELD, None, False)
