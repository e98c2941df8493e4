"""Ways round a feed that is stopped: a sending that was begun, another tool's transfer, a batch that was dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from gating.feed import Feeding, points

from geogate.gate.feed_ledger import StoppedError
from geogate.gate.feed_run import wish_of
from geogate.gate.feed_series import BatchSeries
from geogate.gate.feeds import stop
from geogate.gate.place import place_of
from geogate.gate.submit import submit
from geogate.gate.transfers import Part, permit
from geogate.model.errors import RefusedError
from geogate.model.feed import Choice
from geogate.model.lifecycle import State
from geogate.model.names import Sha256

if TYPE_CHECKING:
    from gating.gate import Gate

    from geogate.model.names import Nonce

TASK = "airflow:fleet/run/transfer/-1"


@pytest.fixture
def feeding(gate: Gate) -> Feeding:
    return Feeding(gate).declare()


def cleared(feeding: Feeding) -> Nonce:
    """Clear batch 1 as a runner does that dies before it sends."""
    gate = feeding.gate
    feeding.put(1, points(4))
    declared = place_of(gate.house()).feed("fleet")
    series = BatchSeries(feed=declared, number=1, sha256=Sha256("0" * 64), house=gate.house(), before=())
    done = submit(wish_of(declared, str(feeding.folder / "fleet-1.csv")), house=gate.house(), series=series)
    assert done.clearance is not None
    return done.clearance


def part_of(gate: Gate, nonce: Nonce) -> Part:
    clearance, _ = gate.clearance(nonce)
    (file,) = clearance.files
    return Part(uri=clearance.destination + file.name, file=gate.house().staging().open(file.sha256))


def test_a_sending_that_died_is_not_gone_on_with_while_the_feed_is_stopped(feeding: Feeding) -> None:
    gate, nonce = feeding.gate, cleared(feeding)
    house = gate.house()
    with house.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as tx:
        tx.claim(nonce)
    stop("fleet", reason="a rumour", house=gate.house("anybody"))

    with pytest.raises(StoppedError, match="a rumour"):
        gate.send(nonce)
    assert (gate.states(), feeding.sent()) == ([State.SENDING], [])

    feeding.resume(1, Choice.GO_ON)
    assert feeding.run().sent == 1
    assert feeding.sent() == ["fleet-1.csv"]


def test_another_tool_sends_no_batch_of_a_feed_that_is_stopped_or_went_on_without_it(feeding: Feeding) -> None:
    gate, nonce = feeding.gate, cleared(feeding)
    part = part_of(gate, nonce)
    stop("fleet", reason="a rumour", house=gate.house("anybody"))
    with pytest.raises(StoppedError, match="a rumour"):
        permit((part,), by=TASK, house=gate.house("airflow"))
    assert gate.states() == [State.CLEARED]

    feeding.resume(1, Choice.DROP)
    with pytest.raises(RefusedError, match="went on without batch 1"):
        permit((part,), by=TASK, house=gate.house("airflow"))
    assert gate.states() == [State.CLEARED]


def test_another_tool_does_not_try_again_while_the_feed_is_stopped(feeding: Feeding) -> None:
    gate, nonce = feeding.gate, cleared(feeding)
    part = part_of(gate, nonce)
    permit((part,), by=TASK, house=gate.house("airflow"))
    stop("fleet", reason="a rumour", house=gate.house("anybody"))

    with pytest.raises(StoppedError, match="a rumour"):
        permit((part,), by=TASK, house=gate.house("airflow"))

    feeding.resume(1, Choice.GO_ON)
    assert permit((part,), by=TASK, house=gate.house("airflow")).nonce == nonce
