"""What a recipient may have got in the time that a restored ledger has lost counts as what it got."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from gating.files import frame
from gating.gate import at
from gating.place import DENY_M, columns, destination, precision, rule

from geogate.gate.exposure import Memory
from geogate.gate.exposure_then import Releases
from geogate.gate.place import place_of
from geogate.gate.review import withdraw
from geogate.model.lifecycle import State
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from pathlib import Path

    from backup.lasting import Lasting
    from gating.gate import Gate

LIMIT = 10
RULES = (
    precision("precision", DENY_M, ">="),
    destination(),
    columns(declared=[{"name": "device", "holds": "identity"}]),
    rule(
        "total",
        "expect_recipient_total_no_more_than",
        columns=["device"],
        window="P12M",
        operator="<=",
        limit=LIMIT,
        subjects="devices",
        data="any",
    ),
)


def devices(gate: Gate, first: int, count: int) -> Path:
    """Stage points with ids of devices from one on."""
    points = [(8.0 + place / 10, 47.0 + first / 10) for place in range(count)]
    data = frame(points, ["x"]).drop(columns="name")
    data["device"] = [f"d-{first + place}" for place in range(count)]
    path = gate.staged / f"d{first}.gpkg"
    data.to_file(path, layer="points")
    return path


@pytest.fixture
def counting(lasting: Lasting) -> Lasting:
    lasting.gate.policies.write_policy(list(RULES))
    lasting.gate.now = at("2026-06-15T12:00:00")
    return lasting


@pytest.mark.parametrize("more", [3, 4])
def test_what_was_cleared_when_the_ledger_was_backed_up_counts_after_it_was_restored(
    counting: Lasting, more: int
) -> None:
    gate = counting.gate
    waiting = gate.clear(devices(gate, 0, 7))
    counting.back_up()
    gate.send(waiting)  # of which the restored ledger knows nothing
    counting.destroy()
    counting.restore()
    gate.now = at("2026-06-16T12:00:00")
    counting.reopen("the outbox shows what was sent")
    assert gate.states() == [State.WITHDRAWN]

    gate.now = at("2026-09-16T12:00:00")
    done = gate.submit(devices(gate, 100, more))
    assert done.decision is (Decision.CLEAR if 7 + more <= LIMIT else Decision.DENY)


def test_what_was_taken_back_before_the_backup_does_not_count(counting: Lasting) -> None:
    gate = counting.gate
    nonce = gate.clear(devices(gate, 0, 7))
    withdraw(gate.clearance(nonce)[0].request, comment="not needed", house=gate.house())
    gate.now = at("2026-06-16T12:00:00")
    counting.back_up()
    counting.destroy()
    gate.now = at("2026-06-17T12:00:00")
    counting.restore()
    counting.reopen("nothing was sent")
    assert gate.submit(devices(gate, 100, LIMIT)).decision is Decision.CLEAR


def test_a_replay_counts_it_from_the_reopening_on(counting: Lasting) -> None:
    gate = counting.gate
    gate.clear(devices(gate, 0, 7))
    counting.back_up()
    counting.destroy()
    counting.restore()
    ended = gate.now = at("2026-06-20T12:00:00")
    counting.reopen("nobody knows what was sent")
    gate.now = at("2026-09-16T12:00:00")
    request = gate.request(gate.submit(devices(gate, 100, 3)).request)
    policy = place_of(gate.house()).policy("test")
    releases = Releases(gate.house())
    memory = Memory.of(policy, ended.date())

    def before(days: int) -> list[object]:
        return [each.on for each in releases.before(request, ended + timedelta(days=days), memory=memory)]

    assert before(0) == [ended.date()]
    assert before(60) == [ended.date()]
    assert before(-10) == []
