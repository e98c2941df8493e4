"""The gate with its ledger in PostgreSQL, also when the server goes away in the middle."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING

import pytest
from gating.files import COARSE, MIDDLE, stage
from gating.killed import Steps, killed_at
from gating.place import RULES, rule
from integration import postgres
from integration.fixtures_postgres import as_writer

from geogate.gate.home import initialise
from geogate.gate.obligations import discharge, owed
from geogate.gate.progress import Progress
from geogate.gate.submit import submit
from geogate.model.errors import ServiceError
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gating.command import Command
    from gating.gate import Gate

FOR = ("--policy", "test", "--recipient", "partner", "--to", "outbox/")


@pytest.fixture
def kept(gate: Gate, new_database: Callable[[str], str]) -> Gate:
    """A gate whose ledger is in PostgreSQL, and that runs with a writer's rights."""
    gate.settings["GEOGATE_LEDGER"] = as_writer(new_database("template_ledger"))
    gate.ledger_file.unlink()
    assert list(initialise(gate.house().settings))
    return gate


def test_everything_goes_its_way(kept: Gate, geogate: Command) -> None:
    held = kept.hold(stage("CSV", kept.staged, MIDDLE, stem="held"))
    kept.approve(held, "anna")
    nonce = kept.approve(held, "bob").clearance
    assert nonce is not None
    assert geogate("send", nonce).code == 0
    assert geogate("send", nonce).code == 11
    assert geogate("submit", stage("CSV", kept.staged), *FOR).code == 0
    assert geogate("review", "list", "--all").code == 0
    assert geogate("audit").code == 0
    assert geogate("ledger", "verify").code == 0
    assert not kept.ledger_file.exists()
    assert sorted(kept.states()) == [State.CLEARED, State.SENT]


def test_totals_and_obligations_are_kept_there_too(kept: Gate) -> None:
    total = rule(
        "total",
        "expect_recipient_total_no_more_than",
        columns=["device"],
        window="P12M",
        operator="<=",
        limit=5,
        subjects="devices",
        data="any",
    )
    basis = {"section": "a test", "source": "this file", "as_of": date(2026, 1, 1)}
    report = {"id": "report", "on": "denied", "due": {"days": 14}, "what": "Report it.", "legal_basis": basis}
    kept.policies.write_policy([*RULES, total], obligations=[report | {"rules": ["total"]}])
    kept.send(kept.clear(stage("CSV", kept.staged)))
    other = stage("CSV", kept.staged, ((9.3, 47.1), (9.4, 47.2), (9.5, 51.4)), stem="other")
    assert kept.submit(other).state is State.DENIED
    (found,) = owed(house=kept.house())
    discharge(found.arisen.key, comment="reported", house=kept.house("anna"))
    assert owed(house=kept.house()) == ()
    kept.require_whole_ledger()


def test_after_a_kill_at_a_step_of_a_sending_the_next_one_ends_it(kept: Gate) -> None:
    state, states = State.SENT, set()
    for step in range(40):
        if state is State.SENT:  # else the clearance of the last step is still good
            nonce = kept.clear(stage("CSV", kept.staged, COARSE[:1], stem=f"step{step}"))
        request = kept.clearance(nonce)[0].request
        died = killed_at(step, partial(kept.send, nonce), steps=Steps.COMMITS)
        state = kept.request(request).state
        states.add(state)
        if state is State.SENDING:
            kept.send(nonce)
            state = kept.request(request).state
        if not died:
            break
    assert not died
    assert state is State.SENT
    assert states == {"cleared", "sending", "sent"}
    assert kept.kinds().count("receive") == kept.kinds().count("claim") == len(kept.delivered())
    kept.require_whole_ledger()


@pytest.fixture
def own_server(gate: Gate) -> Iterator[postgres.PostgresServer]:
    """A server of the test's own, which it may stop."""
    server = postgres.start()
    gate.settings["GEOGATE_LEDGER"] = server.url("postgres")
    assert list(initialise(gate.house().settings))
    stopped: list[bool] = []
    stop, server.stop = server.stop, lambda: stopped.append(True) or stop()  # type: ignore[func-returns-value]
    yield server
    if not stopped:
        server.stop()


def test_nothing_leaves_when_the_server_is_gone(
    gate: Gate, geogate: Command, own_server: postgres.PostgresServer
) -> None:
    dataset: Path = stage("CSV", gate.staged)
    nonce = gate.clear(dataset)
    own_server.stop()
    for arguments in (("submit", dataset, *FOR), ("send", nonce), ("review", "list"), ("ledger", "verify"), ("audit",)):
        ended = geogate(*arguments)
        assert ended.code == 5
        assert "the ledger" in ended.err
        assert "postgres" not in ended.err.lower()
        assert "Traceback" not in ended.err
    assert not gate.delivered()


def test_a_server_that_stops_while_data_is_judged_ends_the_submission(
    gate: Gate, own_server: postgres.PostgresServer
) -> None:
    stops = iter([own_server.stop])
    wish = gate.wish(stage("CSV", gate.staged))
    with pytest.raises(ServiceError, match="the ledger's database does not answer"):
        submit(wish, house=gate.house(), progress=Progress(on_rows=lambda _: next(stops, lambda: None)()))
    assert not gate.delivered()
