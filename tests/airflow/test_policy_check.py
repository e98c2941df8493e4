"""The check that goes with an outbound task to the worker, in real runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from dag_runs.gate_house import COARSE, FINE, PARTNER, GateHouse, start_in

from geogate.gate.house import Wish
from geogate.gate.submit import submit
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from dag_runs.runs import DagRuns, Ended

NONE = "no open clearance for exactly these bytes at this place"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """One staged dataset in a house, and how it is sent with an operator that is not geogate's own."""

    house: GateHouse
    dags: Callable[[str], DagRuns]
    sealed: str = ""

    @property
    def staged(self) -> str:
        return str(self.house.outgoing / "norway" / "norway.parquet")

    def conf(self, **conf: str) -> dict[str, str]:
        place = self.house.root / "outbox" / PARTNER / "norway"
        return {
            "dataset": self.staged,
            "destination": f"file:outbox/{PARTNER}/norway/",
            "to": f"file://{place}/norway.parquet",
            # Airflow keeps what an earlier run in this process was given.
            "src": "",
            **conf,
        }

    def run(self, dag: str = "transferred", **conf: str) -> Ended:
        return self.dags(dag).run(**self.conf(**conf))

    def mark_gate(self, dag: str = "transferred", **conf: str) -> Ended:
        """Run while somebody marks the gate as success instead of running it."""
        return self.dags(dag).run_marking("gate", **self.conf(**{"src": self.sealed, **conf}))

    def refused(self, ended: Ended, why: str) -> None:
        """Say that the transfer failed at once, for good, and that nothing arrived."""
        places = [place for place in ended.tasks if place[0] == "transfer"]
        assert [(ended.tasks[place].state, ended.tasks[place].tries) for place in places] == [("failed", 1)]
        assert why in str(ended.errors[places[0]][-1])
        assert self.house.delivered() == {}


def started(house: GateHouse, patch: pytest.MonkeyPatch, **changes: object) -> None:
    """Let this process have started in a house."""
    from geogate.airflow import surroundings

    start_in(house.environment(), patch)
    patch.setattr(surroundings, "AT_START", replace(surroundings.AT_START, **changes))  # type: ignore[arg-type]


@pytest.fixture
def export(house: GateHouse, runs: Callable[[str], DagRuns], monkeypatch: pytest.MonkeyPatch) -> Export:
    """An export that nobody has judged yet."""
    started(house, monkeypatch)
    house.stage("norway", decimals=COARSE, country="NO")
    return Export(house=house, dags=runs)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, dag_runs: Callable[[str], DagRuns]) -> Export:
    """An export with a clearance that nobody has used."""
    house = GateHouse(root=tmp_path_factory.mktemp("judged") / "house")
    house.build()
    export = Export(house=house, dags=dag_runs)
    house.stage("norway", decimals=COARSE, country="NO")
    wish = Wish(
        dataset=(export.staged,), policy="baseline", recipient=PARTNER, destination=export.conf()["destination"]
    )
    nonce = submit(wish, house=house.as_actor("carol")).clearance
    assert nonce is not None
    sealed = house.as_actor("carol").staging().open(house.clearance(nonce).files[0].sha256)
    return replace(export, sealed=str(sealed))


@pytest.fixture
def cleared(judged: Export, monkeypatch: pytest.MonkeyPatch) -> Export:
    """An export that is cleared, and stays so."""
    started(judged.house, monkeypatch)
    return judged


def test_the_sealed_file_goes_to_the_cleared_place(export: Export) -> None:
    ended = export.run()

    (request,) = export.house.requests()
    name = export.house.clearance(ended.xcoms["gate", -1]["clearance_id"]).files[0].name
    assert (ended.state, request.state) == ("success", State.SENT)
    assert list(export.house.delivered()) == [f"{PARTNER}/norway/{name}"]


def test_a_mapped_transfer_is_checked_and_sends_once(export: Export) -> None:
    ended = export.run("transferred_mapped")
    clearance = export.house.clearance(ended.xcoms["gate", -1]["clearance_id"])
    (arrived,) = export.house.delivered()
    (export.house.root / "outbox" / arrived).unlink()
    sealed = export.house.as_actor("carol").staging().open(clearance.files[0].sha256)

    again = export.mark_gate("transferred_mapped", src=str(sealed))

    assert ended.state == "success"
    export.refused(again, NONE)


def test_a_task_whose_own_code_changes_what_it_sends_is_stopped_and_nobody_else_has_its_clearance(
    export: Export,
) -> None:
    ended = export.run("transferred_swapped")
    clearance = export.house.clearance(ended.xcoms["gate", -1]["clearance_id"])
    sealed = export.house.as_actor("carol").staging().open(clearance.files[0].sha256)

    export.refused(ended, "changed its own 'src' after it was checked")
    export.refused(export.mark_gate(src=str(sealed)), "claimed by another transfer")


def test_a_denied_gate_that_is_then_marked_as_success_lets_nothing_out(
    house: GateHouse, runs: Callable[[str], DagRuns], monkeypatch: pytest.MonkeyPatch
) -> None:
    started(house, monkeypatch)
    house.stage("norway", decimals=FINE, country="NO")
    export = Export(house=house, dags=runs)
    assert export.run().tasks["gate", -1].state == "failed"

    marked = export.mark_gate(src=export.staged)

    assert marked.tasks["gate", -1].state == "success"
    export.refused(marked, NONE)


def test_the_file_from_which_the_sealed_one_was_made_does_not_go(cleared: Export) -> None:
    cleared.refused(cleared.mark_gate(src=cleared.staged), "send the sealed file")


def test_a_cleared_file_does_not_go_elsewhere(cleared: Export) -> None:
    elsewhere = cleared.house.root / "outbox" / PARTNER / "norway.parquet"

    cleared.refused(cleared.mark_gate(to=f"file://{elsewhere}"), NONE)


def test_a_hook_that_changes_what_is_sent_runs_before_the_check(cleared: Export) -> None:
    cleared.refused(cleared.mark_gate("transferred_hooked"), NONE)


def test_a_dag_file_that_moves_the_house_moves_nothing(
    export: Export, monkeypatch: pytest.MonkeyPatch, judged: Export
) -> None:
    monkeypatch.setenv("GEOGATE_HOME", judged.house.environment()["GEOGATE_HOME"])
    monkeypatch.setenv("GEOGATE_POLICIES", judged.house.environment()["GEOGATE_POLICIES"])

    place = judged.conf()["to"]
    export.refused(export.mark_gate(src=judged.sealed, to=place), NONE)
    assert judged.house.delivered() == {}


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AIRFLOW_CONN_ELSEWHERE"])
def test_a_dag_file_that_leads_a_connection_elsewhere_sends_nothing(
    cleared: Export, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "http://elsewhere.example")
    place = cleared.conf()["to"].replace("file://", "file://elsewhere@")

    cleared.refused(cleared.mark_gate(to=place), "changed after this process started")


def test_a_dag_file_cannot_set_the_mode(cleared: Export, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__GEOGATE__OUTBOUND_POLICY", "off")

    cleared.refused(cleared.mark_gate(src=cleared.staged), NONE)


@pytest.mark.parametrize("mode", ["off", "warn"])
def test_only_the_modes_off_and_warn_let_an_uncleared_file_go(
    export: Export, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geogate.airflow.surroundings import Mode

    started(export.house, monkeypatch, mode=Mode.named(mode))

    assert export.mark_gate(src=export.staged).state == "success"
    assert len(export.house.delivered()) == 1


def test_a_place_of_the_organisation_needs_no_clearance_and_no_way_leads_out_of_it(
    export: Export, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = export.house.root / "lake"
    lake.mkdir()
    started(export.house, monkeypatch, internal=(f"file://{lake}/*",))

    inside = export.mark_gate(src=export.staged, to=f"file://{lake}/x")
    climbing = export.mark_gate(src=export.staged, to=f"file://{lake}/../outbox/{PARTNER}/x")

    assert (inside.state, (lake / "x").exists()) == ("success", True)
    export.refused(climbing, NONE)


def test_a_ledger_that_is_away_keeps_a_transfer_from_sending(export: Export) -> None:
    export.house.ledger_file.unlink()

    ended = export.mark_gate(src=export.staged)

    assert [type(error).__name__ for error in ended.errors["transfer", -1]] == ["ServiceDownError"]
    assert export.house.delivered() == {}
