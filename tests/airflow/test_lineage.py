"""Writes that code in tasks does by itself, as the ledger is told of them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from dag_runs.gate_house import COARSE, PARTNER, GateHouse, start_in

from geogate.gate.ungated import WAITING, ungated_writes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dag_runs.runs import DagRuns


@pytest.fixture
def told(house: GateHouse, runs: Callable[[str], DagRuns], monkeypatch: pytest.MonkeyPatch) -> GateHouse:
    """A house in which this process has started, and what was written before is forgotten."""
    del runs
    from airflow.sdk.lineage import get_hook_lineage_collector

    from geogate.airflow import lineage

    start_in(house.environment(), monkeypatch)
    collector = get_hook_lineage_collector()
    for kept in (collector._outputs, collector._output_counts, lineage._told):
        kept.clear()
    return house


def place_in(house: GateHouse, name: str) -> str:
    return f"file://{house.root}/outbox/{PARTNER}/{name}"


def found(house: GateHouse) -> list[tuple[str, str, int]]:
    """Give task, store and count of what was told."""
    everything = ungated_writes(house=house.as_actor("reader"))
    return [(each.by.split("/")[-2], write.store, write.times) for each in everything for write in each.writes]


def test_airflow_collects_lineage_for_us() -> None:
    from airflow.sdk.lineage import HookLineageCollector, get_hook_lineage_collector

    assert type(get_hook_lineage_collector()) is HookLineageCollector


@pytest.mark.usefixtures("told")
def test_dags_that_bear_no_listeners_are_loaded(tmp_path: Path) -> None:
    from airflow.dag_processing.dagbag import BundleDagBag

    (tmp_path / "dag.py").write_text(
        "from airflow.providers.standard.sensors.date_time import DateTimeSensorAsync\n"
        "from airflow.sdk import DAG\n"
        "with DAG('waits', schedule=None):\n"
        "    DateTimeSensorAsync(task_id='t', target_time='{{ ds }}', end_from_trigger=True)\n"
    )

    assert list(BundleDagBag(dag_folder=tmp_path, bundle_path=tmp_path, bundle_name="x").dags) == ["waits"]


@pytest.mark.parametrize("fails", [False, True])
def test_a_write_by_code_to_where_a_recipient_reads_is_told_without_its_name(
    told: GateHouse, runs: Callable[[str], DagRuns], *, fails: bool
) -> None:
    to = place_in(told, "48.1374-11.5755.txt")

    ended = runs("writing").run(to=to, fails="yes" if fails else "")

    assert ended.state == ("failed" if fails else "success")
    (written,) = ungated_writes(house=told.as_actor("reader"))
    assert written.by == f"airflow:writing/{ended.run_id}/write/-1"
    (write,) = written.writes
    assert (write.store, write.times) == (place_in(told, ""), 1)
    assert write.address_sha256 == hashlib.sha256(to.encode()).hexdigest()
    with told.as_actor("reader").ledger() as ledger:
        assert "48.1374" not in "".join(entry.body for entry in ledger.entries())
        assert ledger.verify().problems == ()


def test_a_write_to_a_folder_that_nobody_gets_is_not_told(told: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    runs("writing").run(to=f"file://{told.root}/scratch.txt", fails="")

    assert found(told) == []


def test_what_a_task_sent_with_a_clearance_is_not_told(told: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    folder = told.stage("norway", decimals=COARSE, country="NO")
    ended = runs("transferred").run(
        dataset=str(folder / "norway.parquet"),
        destination=f"file:outbox/{PARTNER}/norway/",
        to=place_in(told, "norway/norway.parquet"),
        src="",
    )

    assert ended.state == "success"
    assert found(told) == []


def test_what_cannot_be_told_now_is_told_later(told: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    away = told.ledger_file.rename(told.ledger_file.with_suffix(".away"))
    runs("writing").run(to=place_in(told, "x.txt"), fails="")
    kept = (told.ledger_file.parent / WAITING).read_text()
    away.rename(told.ledger_file)

    assert kept.count("\n") == 1
    assert found(told) == [("write", place_in(told, ""), 1)]


class Hook:
    """What a hook says about a write to S3."""

    aws_conn_id = "aws_default"


def tell(house: GateHouse, *uris: str, hook: Any = None) -> list[tuple[str, str, int]]:
    """Tell of writes as a task's process does."""
    from airflow.sdk.lineage import get_hook_lineage_collector

    from geogate.airflow.lineage import tell as tell_of

    class Instance:
        dag_id, run_id, task_id, map_index = "d", "r", "t", -1

    for uri in uris:
        get_hook_lineage_collector().add_output_asset(hook or Hook(), uri=uri)
    tell_of(Instance)
    return found(house)


def test_a_store_is_named_without_the_connection_and_each_write_is_told_once(told: GateHouse) -> None:
    assert tell(told, "s3://conn@partner/x", "gs://other/y") == [("t", "s3://partner", 1), ("t", "gs://other", 1)]
    assert len(tell(told)) == 2
    assert tell(told, "s3://conn@partner/x")[-1] == ("t", "s3://partner", 1)


def test_a_database_is_no_store_and_places_of_the_organisation_are_inside(
    told: GateHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geogate.airflow import surroundings

    monkeypatch.setattr(surroundings, "AT_START", replace(surroundings.AT_START, internal=("s3://lake/*",)))

    assert tell(told, "postgres://db:5432/a/b/c", "s3://lake/x") == []
    assert tell(told, "s3://other@lake/x") == [("t", "s3://lake", 1)]


def test_more_writes_than_airflow_counts_are_told_as_more(told: GateHouse) -> None:
    from airflow.sdk.lineage import MAX_COLLECTED_ASSETS

    tell(told, *(f"s3://partner/{number}" for number in range(MAX_COLLECTED_ASSETS + 1)))

    (written,) = ungated_writes(house=told.as_actor("reader"))
    assert written.more
    assert len(written.writes) == MAX_COLLECTED_ASSETS


def test_a_worker_without_a_house_says_so_and_harms_no_task(
    told: GateHouse, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from geogate.airflow import surroundings

    nowhere = {"GEOGATE_HOME": str(told.root / "nowhere"), "GEOGATE_POLICIES": str(told.root / "nowhere")}
    monkeypatch.setattr(surroundings, "AT_START", replace(surroundings.AT_START, environment=nowhere))

    tell(told, "s3://partner/x")

    assert "nobody could be told" in caplog.text
