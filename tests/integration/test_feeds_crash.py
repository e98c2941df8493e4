"""Feeds whose runners die, run twice at once, or find other policies and zones between two batches."""

from __future__ import annotations

import json
import os
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from gating.feed import Feeding, points
from gating.killed import Steps, fork, killed_at
from gating.place import DENY_M, SQUARE, precision, zones

from geogate.gate.feed_follow import Until, run
from geogate.gate.feed_ledger import StoppedError
from geogate.gate.feed_notes import BATCH
from geogate.gate.feed_run import Outcome, Runner
from geogate.model.errors import PolicyError, RefusedError
from geogate.model.lifecycle import State
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from gating.command import Command
    from gating.gate import Gate

IN_THE_ZONE = [{"lon": 20.5, "lat": 20.5}]
ELSEWHERE = [[[30.0, 30.0], [31.0, 30.0], [31.0, 31.0], [30.0, 31.0], [30.0, 30.0]]]


@pytest.fixture
def feeding(gate: Gate) -> Feeding:
    return Feeding(gate).declare()


def numbers(feeding: Feeding) -> list[tuple[int, State]]:
    """Give the number of each batch that was opened, and what became of it."""
    with feeding.gate.ledger() as ledger:
        notes = ledger.notes(kinds=(BATCH,))
        return [(json.loads(each.body)["number"], ledger.request(each.request).state) for each in notes]  # type: ignore[arg-type]


@pytest.mark.parametrize("step", [1, 3, 5, 6, 8])
def test_a_runner_that_is_killed_is_taken_up_and_each_batch_arrives_once(feeding: Feeding, step: int) -> None:
    feeding.put(1, points(4))
    feeding.put(2, points(4, start=10))
    killed_at(step, feeding.anew, steps=Steps.AFTER_COMMITS)
    assert feeding.sent() in ([], ["fleet-1.csv"], ["fleet-1.csv", "fleet-2.csv"])
    feeding.anew()
    assert feeding.sent() == ["fleet-1.csv", "fleet-2.csv"]
    sent = [number for number, state in numbers(feeding) if state is State.SENT]
    assert sent == [1, 2]
    assert {state for _, state in numbers(feeding)} <= {State.SENT, State.FAILED}
    feeding.gate.require_whole_ledger()


@pytest.mark.parametrize("step", [4])
def test_a_runner_that_is_killed_at_a_denial_leaves_the_feed_stopped(feeding: Feeding, step: int) -> None:
    feeding.put(1, IN_THE_ZONE)
    feeding.put(2, points(4))
    killed_at(step, feeding.anew, steps=Steps.AFTER_COMMITS)
    try:
        assert feeding.anew().decision is Decision.DENY
    except StoppedError as error:
        assert error.summary == "feed fleet is stopped at batch 1: the verdict denies"  # noqa: PT017 - either will do
    with pytest.raises(StoppedError):
        feeding.anew()
    assert not feeding.sent()


def test_two_runners_at_once_send_nothing_twice_and_nothing_out_of_order(feeding: Feeding) -> None:
    wanted = 6
    for number in range(1, wanted + 1):
        feeding.put(number, points(4, start=number * 10))

    def follow(actor: str) -> int:
        process = fork()
        if process == 0:
            code = 1
            try:
                run(Runner(name="fleet", house=feeding.gate.house(actor)), Until(follow=True, idle_s=3))
                code = 0
            finally:
                os._exit(code)
        return process

    processes = [follow(actor) for actor in ("rita", "remo")]
    assert [os.waitstatus_to_exitcode(os.waitpid(each, 0)[1]) for each in processes] == [0, 0]
    assert numbers(feeding) == [(number, State.SENT) for number in range(1, wanted + 1)]
    assert len(feeding.sent()) == wanted
    kinds = Counter(feeding.gate.kinds())
    assert kinds["claim"] == kinds["receive"] == wanted
    feeding.gate.require_whole_ledger()


def test_while_another_runner_is_at_work_a_run_says_so_and_touches_nothing(feeding: Feeding) -> None:
    feeding.put(1, points(4))
    runner = Runner(name="fleet", house=feeding.gate.house())
    with feeding.gate.ledger() as ledger, ledger.exclusive("feed:fleet"):
        assert runner.step().outcome is Outcome.BUSY
        with pytest.raises(Exception, match="another runner is at work"):
            run(runner, Until())
    assert not feeding.gate.requests()
    assert runner.step().outcome is Outcome.SENT


def test_what_changed_between_two_batches_judges_the_next_one(feeding: Feeding) -> None:
    """In one process that lives on: policies, zone lists and recipients."""
    gate = feeding.gate
    for number in range(1, 6):
        feeding.put(number, [{"lon": 30.5, "lat": 30.5}, *points(number)])
    assert feeding.run(batches=1).sent == 1
    gate.policies.write_zones(SQUARE, ELSEWHERE)
    assert feeding.run().decision is Decision.DENY
    feeding.resume(2)
    gate.policies.write_zones()
    gate.policies.write_policy([precision("precision", 100_000, ">="), zones()])
    assert feeding.run().last.number == 3
    feeding.resume(3)
    gate.policies.write_policy([precision("precision", DENY_M, ">="), zones()])
    gate.policies.write_recipients({"uri": "file:elsewhere/"})
    assert feeding.run().decision is Decision.DENY
    feeding.resume(4)
    gate.policies.write_recipients()
    gate.policies.write_zones(valid_until=date(2026, 1, 2))
    with pytest.raises(PolicyError):
        feeding.run()
    gate.policies.write_zones()
    assert feeding.run().sent == 1
    assert feeding.sent() == ["fleet-1.csv", "fleet-5.csv"]


def test_the_command_says_how_a_feed_stands_and_leaves_with_the_code_of_its_decision(
    feeding: Feeding, geogate: Command
) -> None:
    assert geogate("feed", "run", "fleet").code == 0
    feeding.put(1, points(4))
    feeding.put(2, IN_THE_ZONE)
    ended = geogate("feed", "run", "fleet", "--as", "rita")
    assert ended.code == 11
    assert "batch 1 sent" in ended.out
    assert "batch 2 stopped" in ended.out
    assert "somebody else than its owner and its requester" in ended.err
    assert geogate("feed", "run", "fleet", "--as", "remo").code == 11
    status = geogate("feed", "status", "fleet")
    assert (status.code, "stopped at batch 2 since" in status.out) == (0, True)
    (row,) = json.loads(geogate("feed", "list", "--format", "json").out)
    assert (row["name"], row["state"], row["last"], row["number"]) == ("fleet", "stopped", 1, 2)
    resume = ("feed", "resume", "fleet", "--batch", "2", "--choose", "drop", "--reason", "a mistake")
    assert geogate(*resume, "--as", "rita").code == 11
    assert geogate(*resume, "--as", "stella").code == 0
    assert "running" in geogate("feed", "list").out
    assert geogate("feed", "stop", "fleet", "--reason", "maintenance").code == 0
    assert geogate("feed", "run", "fleet", "--follow").code == 2
    assert geogate("feed", "run", "none").code == 2
    feeding.put(3, [{"lon": 8.31, "lat": 47.12}])
    assert (
        geogate("feed", "resume", "fleet", "--batch", "3", "--choose", "go-on", "--reason", "x", "--as", "s").code == 0
    )
    held = geogate("feed", "run", "fleet", "--format", "json", "--as", "rita")
    assert held.code == 10
    assert json.loads(held.out)["outcome"] == "stopped"


def test_a_clock_that_was_put_back_sends_nothing_and_the_batch_goes_when_it_is_right(feeding: Feeding) -> None:
    gate, now = feeding.gate, datetime.now(UTC)
    feeding.put(1, points(4))
    feeding.put(2, points(4, start=10))
    gate.now = now + timedelta(hours=1)
    assert feeding.run(batches=1).sent == 1
    gate.now = now + timedelta(minutes=50)
    with pytest.raises(RefusedError, match="clock of this machine is behind"):
        feeding.anew()
    assert feeding.sent() == ["fleet-1.csv"]
    gate.now = now + timedelta(minutes=59)
    assert feeding.anew().sent == 1
    assert numbers(feeding) == [(1, State.SENT), (2, State.FAILED), (2, State.SENT)]
