"""The check that goes with an outbound task to the worker, in real runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from dag_runs.gate_house import COARSE, FINE, PARTNER, GateHouse

from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dag_runs.runs import DagRuns, Ended


@pytest.fixture
def house(house: GateHouse, monkeypatch: pytest.MonkeyPatch, airflow_home: Path) -> GateHouse:
    """Let this process have started in the house of the test."""
    del airflow_home
    from geogate.airflow import surroundings

    started = surroundings.Surroundings(environment=house.environment())
    monkeypatch.setattr(surroundings, "AT_START", started)
    return house


class Try:
    """One export of an operator that is not geogate's own."""

    def __init__(self, house: GateHouse, runs: Callable[[str], DagRuns], *, decimals: int = COARSE) -> None:
        self.house, self.runs = house, runs
        folder = house.stage("norway", decimals=decimals, country="NO")
        self.staged = folder / "norway.parquet"
        self.place = house.root / "outbox" / PARTNER / "norway"
        self.conf = {
            "dataset": str(self.staged),
            "destination": f"file:outbox/{PARTNER}/norway/",
            "to": f"file://{self.place}/norway.parquet",
        }

    def run(self, dag: str = "transferred", **conf: str) -> Ended:
        return self.runs(dag).run(**{**self.conf, **conf})

    def run_marking(self, task: str, **conf: str) -> Ended:
        return self.runs("transferred").run_marking(task, **{**self.conf, **conf})


@pytest.fixture
def export(house: GateHouse, runs: Callable[[str], DagRuns]) -> Try:
    return Try(house, runs)


def refused(ended: Ended, house: GateHouse, why: str) -> None:
    """Say that a transfer failed at once, for good, and that nothing arrived."""
    places = [place for place in ended.tasks if place[0] == "transfer"]
    for place in places:
        assert (ended.tasks[place].state, ended.tasks[place].tries) == ("failed", 1)
        assert why in str(ended.errors[place][-1])
    assert places
    assert house.delivered() == {}


@pytest.mark.parametrize("dag", ["transferred", "transferred_mapped"])
def test_the_sealed_file_goes_to_the_cleared_place_once(export: Try, house: GateHouse, dag: str) -> None:
    ended = export.run(dag)

    assert ended.state == "success"
    (request,) = house.requests()
    assert request.state is State.SENT
    clearance = house.clearance(ended.xcoms["gate", -1]["clearance_id"])
    assert list(house.delivered()) == [f"{PARTNER}/norway/{clearance.files[0].name}"]


def test_a_gate_that_was_marked_as_success_lets_nothing_out(export: Try, house: GateHouse) -> None:
    ended = export.run_marking("gate", src=str(export.staged))

    assert ended.tasks["gate", -1].state == "success"
    refused(ended, house, "no open clearance for exactly these bytes at this place")
    assert house.requests() == []


def test_a_denied_export_that_is_then_marked_lets_nothing_out(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    export = Try(house, runs, decimals=FINE)
    assert export.run(src=str(export.staged)).tasks["gate", -1].state == "failed"

    refused(export.run_marking("gate", src=str(export.staged)), house, "no open clearance")


def test_the_file_from_which_the_sealed_one_was_made_does_not_go(export: Try, house: GateHouse) -> None:
    refused(export.run(src=str(export.staged)), house, "send the sealed file")


def test_a_cleared_file_does_not_go_elsewhere(export: Try, house: GateHouse) -> None:
    elsewhere = house.root / "outbox" / PARTNER / "norway.parquet"

    refused(export.run(to=f"file://{elsewhere}"), house, "no open clearance")


def test_a_clearance_that_a_transfer_spent_sends_nothing_more(export: Try, house: GateHouse) -> None:
    ended = export.run()
    nonce = ended.xcoms["gate", -1]["clearance_id"]
    (arrived,) = house.delivered()
    (house.root / "outbox" / arrived).unlink()
    sealed = house.as_actor("x").staging().open(house.clearance(nonce).files[0].sha256)

    refused(export.run_marking("gate", src=str(sealed)), house, "no open clearance")


def test_a_clearance_that_another_transfer_claimed_sends_nothing(export: Try, house: GateHouse) -> None:
    export.run(to=f"file://{house.root}/nowhere/norway.parquet")
    (request,) = house.requests()
    with house.as_actor("x").ledger() as ledger:
        clearance, _ = ledger.clearance_of(request.id) or pytest.fail("no clearance")
        with ledger.transaction(house.as_actor("x").actor, at=house.as_actor("x").clock()) as tx:
            tx.claim(clearance.nonce)
    sealed = house.as_actor("x").staging().open(clearance.files[0].sha256)

    refused(export.run_marking("gate", src=str(sealed)), house, "claimed by another transfer")


@pytest.mark.parametrize("dag", ["transferred_swapped", "transferred_hooked"])
def test_a_task_that_changes_what_it_sends_is_stopped(export: Try, house: GateHouse, dag: str) -> None:
    ended = export.run(dag)

    assert ended.tasks["transfer", -1].state == "failed"
    assert "hostname" not in "".join(house.delivered())
    assert house.delivered() == {}


def test_a_dag_file_that_moves_the_house_moves_nothing(
    export: Try, house: GateHouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = GateHouse(root=tmp_path / "other")
    other.build()
    monkeypatch.setenv("GEOGATE_HOME", other.environment()["GEOGATE_HOME"])

    refused(export.run_marking("gate", src=str(export.staged)), house, "no open clearance")


def test_a_dag_file_that_sets_a_connection_sends_nothing(
    export: Try, house: GateHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://elsewhere.example")

    refused(export.run(), house, "an endpoint was changed after this process started")


def test_a_dag_file_cannot_set_the_mode(export: Try, house: GateHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__GEOGATE__OUTBOUND_POLICY", "off")

    refused(export.run_marking("gate", src=str(export.staged)), house, "no open clearance")


@pytest.mark.parametrize("mode", ["off", "warn"])
def test_only_the_modes_off_and_warn_let_an_uncleared_file_go(
    export: Try, house: GateHouse, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geogate.airflow import surroundings

    started = replace(surroundings.AT_START, mode=surroundings.Mode.named(mode))
    monkeypatch.setattr(surroundings, "AT_START", started)

    assert export.run_marking("gate", src=str(export.staged)).state == "success"
    assert len(house.delivered()) == 1


def test_a_place_of_the_organisation_needs_no_clearance_and_no_way_leads_out_of_it(
    export: Try, house: GateHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geogate.airflow import surroundings

    lake = house.root / "lake"
    lake.mkdir()
    started = replace(surroundings.AT_START, internal=(f"file://{lake}/*",))
    monkeypatch.setattr(surroundings, "AT_START", started)

    inside = export.run_marking("gate", src=str(export.staged), to=f"file://{lake}/x")
    climbing = export.run_marking("gate", src=str(export.staged), to=f"file://{lake}/../outbox/{PARTNER}/x")

    assert (inside.state, (lake / "x").exists()) == ("success", True)
    refused(climbing, house, "no open clearance")


def test_a_ledger_that_is_away_keeps_a_transfer_waiting(export: Try, house: GateHouse) -> None:
    house.ledger_file.unlink()

    ended = export.run_marking("gate", src=str(export.staged))

    assert ended.tasks["transfer", -1].state == "failed"
    assert [type(error).__name__ for error in ended.errors["transfer", -1]] == ["ServiceDownError"]
    assert house.delivered() == {}
