"""The gate killed at each step of a sending and of a submission, and then run again."""

from __future__ import annotations

import os
import shutil
import signal
from functools import partial
from typing import TYPE_CHECKING

import pytest
from gating.files import COARSE, stage
from gating.gate import Gate, sha256
from gating.killed import Steps, fork, killed_at

from geogate.gate.reviews_queue import Wanted, queue
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.model.names import Nonce

MOST_STEPS = 150


@pytest.fixture
def cleared(gate: Gate) -> Nonce:
    return make_cleared(gate)


def make_cleared(gate: Gate) -> Nonce:
    """Get a clearance for two files, one of them in a folder."""
    folder = gate.staged / "export"
    (folder / "sub").mkdir(parents=True)
    stage("CSV", folder, stem="a")
    stage("CSV", folder / "sub", COARSE[:1], stem="b")
    return gate.clear(folder)


def test_after_a_kill_at_any_step_of_a_sending_the_next_one_delivers_each_file_once(
    gate_template: Path, tmp_path: Path
) -> None:
    # The destination is part of the clearance, so that each step gets a gate of its own that is made anew in one place.
    root = tmp_path / "gate"
    gate = Gate(root=shutil.copytree(gate_template, root))
    nonce = make_cleared(gate)
    saved = shutil.copytree(root, tmp_path / "saved")
    expected = {file.name: file.sha256 for file in gate.clearance(nonce)[0].files}
    seen: set[tuple[str, int]] = set()
    for step in range(MOST_STEPS):
        died = killed_at(step, lambda: gate.send(nonce))
        state, before = gate.states()[0], visible(gate)
        seen.add((state, len(before)))
        assert before.items() <= expected.items()
        if state is State.SENT:
            with pytest.raises(RefusedError, match="used before"):
                gate.send(nonce)
        else:
            gate.send(nonce)
        assert {name: sha256(content) for name, content in gate.delivered().items()} == expected
        assert [kind for kind in gate.kinds() if kind in {"claim", "receive"}] == ["claim", "receive"]
        assert gate.states() == [State.SENT]
        gate.require_whole_ledger()
        if not died:
            break
        shutil.rmtree(root)
        shutil.copytree(saved, root)
    assert not died
    # Before the claim, after it, between the files, after the last one, and after the receipt.
    assert seen == {("cleared", 0), ("sending", 0), ("sending", 1), ("sending", 2), ("sent", 2)}


def visible(gate: Gate) -> dict[str, str]:
    """Name what a recipient would take for a file; what is being written is hidden."""
    return {name: sha256(content) for name, content in gate.delivered().items() if not name.endswith(".part")}


def test_after_a_kill_at_any_step_of_a_submission_the_next_one_is_cleared_and_the_first_is_to_be_seen(
    gate: Gate,
) -> None:
    dataset = stage("CSV", gate.staged)
    gate.submit(dataset, purpose="to have everything imported before the forks")
    states: set[str] = set()
    for step in range(MOST_STEPS):
        purpose = f"step {step}"
        died = killed_at(step, partial(gate.submit, dataset, purpose=purpose), steps=Steps.AFTER_COMMITS)
        left = [request for request in gate.requests() if request.purpose == purpose]
        states |= {request.state for request in left}
        listed = {row.request: row.state for row in queue(Wanted(states=tuple(State)), house=gate.house()).rows}
        assert {request.id: request.state for request in left}.items() <= listed.items()
        assert not gate.delivered()
        again = gate.submit(dataset, purpose=purpose)
        assert again.state is State.CLEARED
        assert [r.state for r in gate.requests() if r.purpose == purpose].count(State.CLEARED) == 1
        gate.require_whole_ledger()
        if not died:
            break
    assert not died
    assert states == {"draft", "sealed", "screened", "cleared"}


def test_a_submission_that_was_killed_leaves_nothing_that_could_be_sent(gate: Gate) -> None:
    dataset = stage("CSV", gate.staged)
    gate.submit(dataset, purpose="to have everything imported before the fork")
    before = gate.kinds().count("clear")
    for step in range(4):
        killed_at(step, lambda: gate.submit(dataset), steps=Steps.AFTER_COMMITS)
    assert gate.kinds().count("clear") == before


def test_two_processes_with_one_clearance_deliver_it_once(gate: Gate, cleared: Nonce) -> None:
    gate.clearance(cleared)
    read, write = os.pipe()
    children = []
    for _ in range(3):
        process = fork()
        if process == 0:
            os.close(write)
            os.read(read, 1)  # ends when the parent closes its side
            code = 1
            try:
                gate.send(cleared)
                code = 0
            finally:
                os._exit(code)
        children.append(process)
    os.close(read)
    os.close(write)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert sorted(codes) == [0, 1, 1]
    assert [kind for kind in gate.kinds() if kind in {"claim", "receive"}] == ["claim", "receive"]
    assert signal.SIGKILL not in codes
