"""A task of Airflow writes the gate's lines into its file, and its own log goes on as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dag_runs.gate_house import FINE, PARTNER, airports, start_in

from geogate.telemetry import logs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from dag_runs.gate_house import GateHouse
    from dag_runs.runs import DagRuns


def test_a_task_logs_in_json_besides_its_own_log_and_neither_has_anything_of_the_data(
    house: GateHouse,
    runs: Callable[[str], DagRuns],
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    start_in({"GEOGATE_LOG": str(tmp_path / "log")}, monkeypatch)
    folder = house.stage("norway", decimals=FINE, country="NO")
    try:
        runs("one_gate").run(dataset=str(folder / "norway.parquet"), destination=f"file:outbox/{PARTNER}/norway/")
    finally:
        logs.end()
    text, own = (tmp_path / "log").read_text(), "".join(capfd.readouterr())
    lines = [json.loads(line) for line in text.splitlines()]
    (request,) = house.requests()
    (judged,) = (line for line in lines if line["event"] == "judged")

    assert (judged["request"], judged["decision"]) == (request.id, "deny")
    assert "coordinate-precision" in judged["rules"]
    assert f"DENY for {PARTNER}" in own
    data = airports("NO", FINE)
    written = {*data["name"], *map(str, data.geometry.x), *map(str, data.geometry.y), "norway", PARTNER}
    assert {value for value in written if value in text} == set()
