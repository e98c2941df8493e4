from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from dag_runs.gate_house import COARSE, FINE, PARTNER, POLICY, airports, start_in

from geogate.gate.house import House, Wish
from geogate.gate.send import send_by_nonce
from geogate.gate.submit import submit
from geogate.model.lifecycle import State
from geogate.model.names import Nonce

if TYPE_CHECKING:
    from collections.abc import Callable

    from dag_runs.gate_house import GateHouse
    from dag_runs.runs import DagRuns, Ended


def gate(house: GateHouse, runs: Callable[[str], DagRuns], *, decimals: int) -> Ended:
    """Stage the airports of Norway and run a DAG that has nothing but their gate."""
    folder = house.stage("norway", decimals=decimals, country="NO")
    return runs("one_gate").run(dataset=str(folder / "norway.parquet"), destination=f"file:outbox/{PARTNER}/norway/")


def send(runs: Callable[[str], DagRuns], clearance: str) -> Ended:
    return runs("one_send").run(clearance=clearance)


def test_a_missing_ledger_is_retried_and_then_fails(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    house.ledger_file.unlink()

    ended = gate(house, runs, decimals=COARSE)

    assert (ended.state, ended.tasks["gate", -1].tries) == ("failed", 3)
    assert [type(error).__name__ for error in ended.errors["gate", -1]] == ["ServiceDownError"] * 3
    assert ended.message("gate") == "there is no ledger at this place (run geogate init)"


def test_a_ledger_that_comes_back_between_two_tries_lets_the_task_succeed(
    house: GateHouse, runs: Callable[[str], DagRuns]
) -> None:
    away = house.ledger_file.rename(house.ledger_file.with_suffix(".away"))
    dag = runs("one_gate")
    dag.after_each_failure = lambda: away.rename(house.ledger_file)
    folder = house.stage("norway", decimals=COARSE, country="NO")

    ended = dag.run(dataset=str(folder / "norway.parquet"), destination=f"file:outbox/{PARTNER}/norway/")

    assert (ended.state, ended.tasks["gate", -1].tries) == ("success", 2)


def test_a_destination_that_is_not_mounted_is_not_retried(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    folder = house.stage("norway", decimals=COARSE, country="NO")

    ended = runs("one_gate").run(
        dataset=str(folder / "norway.parquet"), destination=f"file:outbox/{PARTNER}/elsewhere/"
    )

    assert (ended.state, ended.tasks["gate", -1].tries) == ("failed", 1)


def test_a_policy_that_is_invalid_is_not_retried(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    house.write_policy(POLICY.replace("severity: critical", "severity: catastrophic", 1))

    ended = gate(house, runs, decimals=COARSE)

    assert ended.tasks["gate", -1].tries == 1
    assert re.match(r"baseline\.yaml:\d+: expectations\[0\]\.severity: ", ended.message("gate"))


def test_a_misspelt_setting_stops_the_gate(
    house: GateHouse, runs: Callable[[str], DagRuns], monkeypatch: pytest.MonkeyPatch
) -> None:
    start_in({"GEOGATE_POLICY": str(house.root)}, monkeypatch)

    ended = gate(house, runs, decimals=COARSE)

    assert ended.tasks["gate", -1].tries == 1
    assert "unknown setting GEOGATE_POLICY" in ended.message("gate")


@pytest.mark.parametrize(
    "variable",
    [
        "GEOGATE_POLICIES",
        "GEOGATE_SFTP_KEYS",
        "AWS_ENDPOINT_URL_S3",
        "AWS_CONFIG_FILE",
        "AZURE_STORAGE_ENDPOINT",
        "SERVICE_ACCOUNT",
        "STORAGE_EMULATOR_HOST",
        "SSL_CERT_FILE",
        "https_proxy",
    ],
)
def test_a_setting_that_changes_after_the_start_stops_the_gate(
    house: GateHouse, runs: Callable[[str], DagRuns], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(house.root / "elsewhere"))

    ended = gate(house, runs, decimals=COARSE)

    assert ended.tasks["gate", -1].tries == 1
    assert f"{variable} changed after the process of this task had started" in ended.message("gate")
    assert not house.requests()


def test_the_log_shows_the_verdict_and_nothing_of_the_data(
    house: GateHouse, runs: Callable[[str], DagRuns], capfd: pytest.CaptureFixture[str]
) -> None:
    gate(house, runs, decimals=FINE)

    log = "".join(capfd.readouterr())
    assert f"DENY for {PARTNER}" in log
    assert re.search(r"deny +coordinate-precision +norway\.parquet +positions are as fine as ", log)
    assert re.search(r"ok +destination +norway\.parquet +recipient in DE", log)
    data = airports("NO", FINE)
    written = {*data["name"], *map(str, data.geometry.x), *map(str, data.geometry.y)}
    assert len(written) > 100
    assert {value for value in written if value in log} == set()


def test_a_clearance_sends_once_and_the_second_time_is_refused(
    house: GateHouse, runs: Callable[[str], DagRuns]
) -> None:
    clearance = gate(house, runs, decimals=COARSE).xcoms["gate", -1]["clearance_id"]

    first, second = send(runs, clearance), send(runs, clearance)

    assert (first.state, second.state) == ("success", "failed")
    assert second.tasks["send", -1].tries == 1
    assert len(house.delivered()) == 1
    assert [request.state for request in house.requests()] == [State.SENT]


def test_a_try_after_one_that_delivered_and_died_finds_its_receipt(
    house: GateHouse, runs: Callable[[str], DagRuns]
) -> None:
    clearance = gate(house, runs, decimals=COARSE).xcoms["gate", -1]["clearance_id"]
    away = house.ledger_file.rename(house.ledger_file.with_suffix(".away"))

    def deliver_and_die() -> None:
        away.rename(house.ledger_file)
        send_by_nonce(Nonce(clearance), house=House.from_environment())

    dag = runs("one_send")
    dag.after_each_failure = deliver_and_die

    ended = dag.run(clearance=clearance)

    assert (ended.state, ended.tasks["send", -1].tries) == ("success", 2)
    assert ended.xcoms["send", -1]["clearance_id"] == clearance
    assert len(house.delivered()) == 1


@pytest.mark.parametrize("made_up", ["0" * 32, "../../keys/clearance.pem", "{'clearance_id': 'x'}", ""])
def test_a_clearance_that_is_made_up_sends_nothing(
    house: GateHouse, runs: Callable[[str], DagRuns], made_up: str
) -> None:
    ended = send(runs, made_up)

    assert (ended.state, ended.tasks["send", -1].tries) == ("failed", 1)
    assert [type(error).__name__ for error in ended.errors["send", -1]] == ["StoppedError"]
    assert house.delivered() == {}


def test_sending_waits_for_a_ledger_that_is_away(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    clearance = gate(house, runs, decimals=COARSE).xcoms["gate", -1]["clearance_id"]
    away = house.ledger_file.rename(house.ledger_file.with_suffix(".away"))
    dag = runs("one_send")
    dag.after_each_failure = lambda: away.rename(house.ledger_file)

    ended = dag.run(clearance=clearance)

    assert (ended.state, ended.tasks["send", -1].tries) == ("success", 2)
    assert len(house.delivered()) == 1


def test_an_audit_of_releases_that_would_leave_today_is_green(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    send(runs, gate(house, runs, decimals=COARSE).xcoms["gate", -1]["clearance_id"])

    ended = runs("nightly_audit").run()

    assert ended.state == "success"
    assert ended.xcoms["judge", 0]["audited"] == 1
    assert ended.xcoms["judge", 0]["found"] == 0


def test_an_audit_lists_the_releases_that_would_not_leave_today(
    house: GateHouse, runs: Callable[[str], DagRuns]
) -> None:
    send(runs, gate(house, runs, decimals=COARSE).xcoms["gate", -1]["clearance_id"])
    (request,) = house.requests()
    house.write_policy(POLICY.replace("step_m: 100,", "step_m: 5000,"))

    ended = runs("one_audit").run()

    assert (ended.state, ended.tasks["audit", -1].tries) == ("failed", 1)
    assert ended.message("audit").startswith(f"1 of 1 releases would not leave today: {request.id}: left on clear")
    assert "coordinate-precision" in ended.message("audit")


def test_an_audit_that_cannot_happen_is_retried_and_then_fails(
    house: GateHouse, runs: Callable[[str], DagRuns]
) -> None:
    house.ledger_file.unlink()

    ended = runs("one_audit").run()

    assert (ended.state, ended.tasks["audit", -1].tries) == ("failed", 3)


@pytest.mark.usefixtures("airflow_home")
def test_constructors_only_store() -> None:
    from geogate.airflow.operators import AuditOperator, GateOperator, SendOperator

    nowhere = "/not/there"
    made = GateOperator(task_id="gate", dataset=nowhere, policy="x", recipient="y", destination="z")
    SendOperator(task_id="send", clearance="not a clearance")
    AuditOperator(task_id="audit", hours=24)

    assert (made.dataset, made.purpose, made.assume_crs, made.problem) == (nowhere, "", "", "")
    assert not Path(nowhere).exists()


@pytest.mark.usefixtures("airflow_home")
def test_an_export_with_a_problem_is_not_submitted_though_it_has_files() -> None:
    from geogate.airflow.failures import StoppedError
    from geogate.airflow.operators import GateOperator

    made = GateOperator(
        task_id="gate", dataset="/not/there", policy="x", recipient="y", destination="z", problem="no recipient"
    )
    with pytest.raises(StoppedError, match="no recipient"):
        made.execute({})


@pytest.mark.usefixtures("airflow_home")
@pytest.mark.parametrize("handed", [None, "", 5, {}, {"clearance_id": None}, {"clearance_id": ""}, {"request_id": "r"}])
def test_what_is_no_id_of_a_clearance_is_never_asked_about(handed: object) -> None:
    from geogate.airflow.failures import StoppedError
    from geogate.airflow.operators import clearance_id

    with pytest.raises(StoppedError, match="no clearance came from the gate"):
        clearance_id(handed)


def test_a_request_that_is_not_cleared_hands_nothing_over(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    del runs
    from geogate.airflow.failures import StoppedError
    from geogate.airflow.operators import GateOperator

    folder = house.stage("norway", decimals=COARSE, country="NO")
    to = f"file:outbox/{PARTNER}/norway/"
    operator = GateOperator(
        task_id="gate", dataset=str(folder / "norway.parquet"), policy="baseline", recipient=PARTNER, destination=to
    )
    wish = Wish(dataset=(str(folder / "norway.parquet"),), policy="baseline", recipient=PARTNER, destination=to)
    cleared = submit(wish, house=house.as_actor("carol"))
    assert cleared.state is State.CLEARED

    odd = [replace(cleared, state=state) for state in State if state not in {State.CLEARED, State.HELD, State.DENIED}]
    for submission in (*odd, replace(cleared, clearance=None)):
        with pytest.raises(StoppedError, match="has no clearance"):
            operator.handed_over(submission)


def test_a_rule_that_did_not_speak_is_named_in_the_log_and_in_the_denial(
    house: GateHouse, runs: Callable[[str], DagRuns]
) -> None:
    del runs
    from geogate.airflow.report import denying_rules, verdict_lines

    folder = house.stage("norway", decimals=COARSE, country="NO")
    wish = Wish(
        dataset=(str(folder / "norway.parquet"),),
        policy="baseline",
        recipient=PARTNER,
        destination=f"file:outbox/{PARTNER}/norway/",
    )
    verdict = submit(wish, house=house.as_actor("carol")).verdict
    silent = replace(verdict, checks=tuple(check for check in verdict.checks if check.rule != "destination"))

    assert denying_rules(silent) == ("destination",)
    assert any(
        re.match(r"silence +destination +norway\.parquet +the rule did not answer", x) for x in verdict_lines(silent)
    )
