from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from dag_runs.gate_house import COARSE, FINE, PARTNER, POLICY
from sparking.sessions import session_of_tests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dag_runs.gate_house import GateHouse
    from dag_runs.runs import DagRuns, Ended

MASTER = "local[1]"


@pytest.fixture(scope="module", autouse=True)
def _session() -> Iterator[None]:
    """Let the tasks of this module share a session."""
    with session_of_tests(MASTER):
        yield


def gate(house: GateHouse, runs: Callable[[str], DagRuns], *, decimals: int, master: str = MASTER) -> Ended:
    """Stage the airports of Norway and run a DAG whose gate measures on Spark."""
    house.write_policy(POLICY.replace("clearance_hours: 24", "clearance_hours: 24\n  isolation: none"))
    folder = house.stage("norway", decimals=decimals, country="NO")
    return runs("spark_gate").run(
        dataset=str(folder / "norway.parquet"), destination=f"file:outbox/{PARTNER}/norway/", master=master
    )


def test_a_gate_on_spark_clears_what_may_leave(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    ended = gate(house, runs, decimals=COARSE)

    assert ended.state == "success"
    assert house.clearance(ended.xcoms["gate", -1]["clearance_id"]).recipient == PARTNER


def test_a_gate_on_spark_denies_what_may_not(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    ended = gate(house, runs, decimals=FINE)

    assert ended.state == "failed"
    assert "is denied by coordinate-precision" in ended.message("gate")


def test_a_master_that_cannot_be_used_ends_the_task(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    ended = gate(house, runs, decimals=COARSE, master="local[3]")

    assert ended.message("gate") == "Spark is running in this process with another master (leave --master away)"
    assert [request.state for request in house.requests()] == ["failed"]
