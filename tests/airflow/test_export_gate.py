from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

import pytest
from dag_runs.gate_house import COARSE, FINE, MIDDLE, PARTNER, GateHouse, start_in

from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from dag_runs.runs import DagRuns, Ended

EXPORTS = ("denied", "held", "misspelt", "norway", "with-policy")
"""What the mixed run below has staged, in the order of its mapped tasks."""


@pytest.fixture(scope="module")
def mixed_house(tmp_path_factory: pytest.TempPathFactory, airflow_home: Path) -> Iterator[GateHouse]:
    del airflow_home
    house = GateHouse(root=tmp_path_factory.mktemp("mixed") / "house")
    house.build()
    house.stage("norway", decimals=COARSE, country="NO", purpose="{{ 7 * 191 }} maps")
    house.stage("denied", decimals=FINE, country="ES")
    house.stage("held", decimals=MIDDLE, country="FR")
    house.stage("misspelt", decimals=COARSE, country="NO", recipent=PARTNER)
    house.stage("with-policy", decimals=COARSE, country="NO", policy="lenient")
    with pytest.MonkeyPatch.context() as patch:
        start_in(house.environment(), patch)
        yield house


@pytest.fixture(scope="module")
def mixed(mixed_house: GateHouse, dag_runs: Callable[[str], DagRuns]) -> Ended:
    return dag_runs("export_gate").run(staged=str(mixed_house.outgoing), when_held="fail")


def test_only_the_cleared_export_arrives_with_the_bytes_of_its_clearance(mixed_house: GateHouse, mixed: Ended) -> None:
    delivered = mixed_house.delivered()

    assert list(delivered) == [f"{PARTNER}/norway/norway.parquet"]
    clearance = mixed_house.clearance(mixed.xcoms["release.send", EXPORTS.index("norway")]["clearance_id"])
    assert hashlib.sha256(*delivered.values()).hexdigest() == clearance.artefact


def test_one_that_does_not_leave_stops_no_other_and_turns_the_run_red(mixed: Ended) -> None:
    assert mixed.state == "failed"
    assert mixed.states("release.gate") == ["success" if name == "norway" else "failed" for name in EXPORTS]
    assert mixed.states("release.send") == ["success" if name == "norway" else "upstream_failed" for name in EXPORTS]


def test_no_verdict_is_retried(mixed: Ended) -> None:
    assert {end.tries for (task, _), end in mixed.tasks.items() if task == "release.gate"} == {1}


def test_the_grid_names_each_export_and_each_request(mixed_house: GateHouse, mixed: Ended) -> None:
    sent = mixed.xcoms["release.send", EXPORTS.index("norway")]["request_id"]

    assert [mixed.tasks["release.gate", i].label for i in range(len(EXPORTS))] == list(EXPORTS)
    assert mixed.tasks["release.send", EXPORTS.index("norway")].label == sent
    assert sent in {request.id for request in mixed_house.requests()}


def test_a_denial_names_its_request_its_rules_and_its_destination(mixed_house: GateHouse, mixed: Ended) -> None:
    denied = next(request for request in mixed_house.requests() if request.state is State.DENIED)

    assert mixed.message("release.gate", EXPORTS.index("denied")) == (
        f"request {denied.id} to file:outbox/{PARTNER}/denied/ is denied by coordinate-precision"
    )


def test_a_hold_says_how_the_run_goes_on(mixed_house: GateHouse, mixed: Ended) -> None:
    held = next(request for request in mixed_house.requests() if request.state is State.HELD)

    message = mixed.message("release.gate", EXPORTS.index("held"))

    assert f"request {held.id} to file:outbox/{PARTNER}/held/ waits for review" in message
    assert "because of coordinate-precision-review" in message
    assert f"'geogate review approve {held.id}'" in message
    assert "clear this task" in message


@pytest.mark.parametrize(
    ("export", "said"),
    [("misspelt", "recipent: unknown key (did you mean 'recipient'?)"), ("with-policy", "policy: unknown key")],
)
def test_an_export_that_is_described_wrongly_fails_on_its_own(mixed: Ended, export: str, said: str) -> None:
    message = mixed.message("release.gate", EXPORTS.index(export))

    assert message.startswith(f"staged export '{export}': release.yaml:")
    assert said in message


def test_between_gate_and_send_go_ids_and_nothing_else(mixed: Ended) -> None:
    handed = {task: value for (task, _), value in mixed.xcoms.items() if task != "staged"}

    assert set(handed) == {"release.gate", "release.send"}
    assert handed["release.gate"] == handed["release.send"]
    assert set(handed["release.gate"]) == {"request_id", "clearance_id"}
    assert re.fullmatch(r"\d{8}-[0-9a-f]{12}", handed["release.gate"]["request_id"])
    assert re.fullmatch(r"[0-9a-f]{32}", handed["release.gate"]["clearance_id"])


def test_what_an_export_says_is_never_rendered_as_a_template(mixed_house: GateHouse, mixed: Ended) -> None:
    sent = mixed.xcoms["release.send", EXPORTS.index("norway")]["request_id"]

    request = next(request for request in mixed_house.requests() if request.id == sent)

    assert request.purpose == "{{ 7 * 191 }} maps"


def test_a_run_with_nothing_but_cleared_exports_is_green(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    house.stage("norway", decimals=COARSE, country="NO")
    house.stage("iceland", decimals=COARSE, country="IS")

    ended = runs("export_gate").run(staged=str(house.outgoing))

    assert ended.state == "success"
    assert len(house.delivered()) == 2


def test_after_two_approvals_the_cleared_task_lets_the_run_go_on(
    house: GateHouse, runs: Callable[[str], DagRuns]
) -> None:
    house.stage("france", decimals=MIDDLE, country="FR")
    dag = runs("export_gate")
    before = dag.run(staged=str(house.outgoing), when_held="fail")
    (held,) = house.requests()

    house.approve(held.id, "carol")
    house.approve(held.id, "dave")
    after = dag.clear_and_go_on(before, "release.gate", 0)

    assert (before.state, after.state) == ("failed", "success")
    assert after.xcoms["release.send", 0]["request_id"] == held.id
    assert list(house.delivered()) == [f"{PARTNER}/france/france.parquet"]


def test_after_one_approval_the_cleared_task_still_waits(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    house.stage("france", decimals=MIDDLE, country="FR")
    dag = runs("export_gate")
    before = dag.run(staged=str(house.outgoing), when_held="fail")
    (held,) = house.requests()

    house.approve(held.id, "carol")
    after = dag.clear_and_go_on(before, "release.gate", 0)

    assert after.state == "failed"
    assert f"request {held.id} " in after.message("release.gate", 0)
    assert house.delivered() == {}


def test_data_that_changed_after_its_approval_is_held_again(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    folder = house.stage("france", decimals=MIDDLE, country="FR")
    dag = runs("export_gate")
    before = dag.run(staged=str(house.outgoing), when_held="fail")
    (held,) = house.requests()
    house.approve(held.id, "carol")
    house.approve(held.id, "dave")

    house.airports_into(folder / "france.parquet", decimals=MIDDLE, country="DE")
    after = dag.clear_and_go_on(before, "release.gate", 0)

    assert after.state == "failed"
    assert f"request {held.id} " not in after.message("release.gate", 0)
    assert house.delivered() == {}


def test_who_triggered_the_run_is_the_requester_and_cannot_review_it(
    house: GateHouse, runs: Callable[[str], DagRuns]
) -> None:
    house.stage("france", decimals=MIDDLE, country="FR")
    runs("export_gate").run(staged=str(house.outgoing), when_held="fail")
    (held,) = house.requests()

    with pytest.raises(RefusedError, match="requester"):
        house.approve(held.id, held.requester)

    assert held.requester == "dag_test"


def test_a_gate_that_is_marked_as_success_sends_nothing(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    house.stage("spain", decimals=FINE, country="ES")

    ended = runs("export_gate").run_marking("release.gate", staged=str(house.outgoing))

    assert ended.tasks["release.gate", 0].state == "success"
    assert ended.tasks["release.send", 0].state == "failed"
    assert "no clearance came from the gate" in ended.message("release.send", 0)
    assert house.delivered() == {}


def test_a_folder_that_is_not_there_fails_at_once(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    ended = runs("export_gate").run(staged=str(house.root / "not-there"))

    assert ended.state == "failed"
    assert ended.tasks["staged", -1].tries == 1
    assert ended.message("staged") == "the folder 'not-there' cannot be listed: No such file or directory"


def test_an_empty_folder_sends_nothing(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    ended = runs("export_gate").run(staged=str(house.outgoing))

    assert {task: end.state for (task, _), end in ended.tasks.items()} == {
        "staged": "success",
        "release.gate": "skipped",
        "release.send": "skipped",
    }
    assert house.requests() == []
