"""The pass on Spark in local mode: the same facts as on this machine, whatever fails on the way, or no facts at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from gating.files import stage
from gating.gate import OUTBOX
from gating.place import PARTNER, POLICY
from sparking.layers import measured_here, measures, points, polygons, registered
from sparking.openers import dying_once, failing, failing_once, fine, other_parts, touching
from sparking.sessions import session_of_tests

from geogate.engines.spark import SparkDataset
from geogate.engines.spark_session import spark_session
from geogate.gate.engine import Engine
from geogate.gate.submit import submit
from geogate.kernels import state
from geogate.measures.measure import Unmeasured
from geogate.measures.source import UnreadableError
from geogate.measures.tools import PLAIN, Tools
from geogate.model.errors import InputError, ServiceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from gating.command import Command
    from gating.gate import Gate

    from geogate.measures.source import Source

MASTER = "local[2]"


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    with session_of_tests(MASTER) as begun:
        yield begun


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Layers of several kinds, in degrees and in metres, one without rows."""
    folder = tmp_path_factory.mktemp("staged")
    return (
        points(folder / "places.parquet", 1_000, seed=1),
        polygons(folder / "areas.parquet", 80, seed=2),
        points(folder / "nothing.parquet", 0, seed=3),
        points(folder / "metres.parquet", 300, seed=4, crs=25832),
    )


@pytest.fixture
def places(staged: tuple[Path, ...], tmp_path: Path) -> Path:
    """A copy of a layer for a test that does something to it."""
    copy = tmp_path / "places.parquet"
    copy.write_bytes(staged[0].read_bytes())
    return copy


def dataset(
    session: Any,
    *,
    opener: Callable[[Sequence[Path]], tuple[Source, ...]] = fine,
    on_rows: Callable[[int], None] = lambda _rows: None,
    tools: Tools = PLAIN,
) -> SparkDataset:
    return SparkDataset(session=session, opener=opener, on_rows=on_rows, tools=tools)


def jobs(session: Any) -> int:
    """Count the jobs that geogate has had run in this session."""
    store = session.sparkContext._jsc.sc().statusStore()
    return int(store.jobsList(None).size())


def test_facts_are_those_of_this_machine_to_the_bit(session: Any, staged: tuple[Path, ...]) -> None:
    sources = fine(staged)
    passes = registered(dataset(session), sources)

    found = [each(measures()) for each in passes]

    assert found == [measured_here(source, measures()) for source in sources]
    assert [facts.rows for facts in found] == [1_000, 80, 0, 300]
    zones = found[0].values[measures()[2].id]
    assert getattr(zones, "features_hit", 0) > 0


def test_facts_do_not_depend_on_kernels_and_sent_indexes(
    session: Any, staged: tuple[Path, ...], tmp_path: Path
) -> None:
    tools = Tools(kernels=state.ready(), indexes=tmp_path / "indexes")
    sources = fine(staged)

    found = [each(measures()) for each in registered(dataset(session, tools=tools), sources)]

    assert found == [measured_here(source, measures()) for source in sources]


def test_one_job_measures_all_layers_of_a_dataset(session: Any, staged: tuple[Path, ...]) -> None:
    passes = registered(dataset(session), fine(staged))
    passes[0](measures())
    before = jobs(session)

    for each in passes[1:]:
        each(measures())

    assert jobs(session) == before


def test_answers_of_many_tasks_are_merged_before_they_are_collected(session: Any, tmp_path: Path) -> None:
    sources = fine([points(tmp_path / "many.parquet", 300, seed=5, group=4)])
    assert len(sources[0].parts(sources[0].layers[0])) == 75  # type: ignore[attr-defined]
    (only,) = registered(dataset(session), sources)

    assert only(measures()) == measured_here(sources[0], measures())


def test_progress_hears_of_all_rows(session: Any, staged: tuple[Path, ...]) -> None:
    heard: list[int] = []
    passes = registered(dataset(session, on_rows=heard.append), fine(staged))

    for each in passes:
        each(measures())

    assert sum(heard) == 1_380


@pytest.mark.parametrize("opener", [failing_once, dying_once], ids=["a task", "a Python worker"])
def test_one_failure_changes_nothing(
    session: Any, places: Path, opener: Callable[[Sequence[Path]], tuple[Source, ...]]
) -> None:
    sources = fine([places])
    (only,) = registered(dataset(session, opener=opener), sources)

    assert only(measures()) == measured_here(sources[0], measures())
    assert len([path for path in places.parent.iterdir() if path.suffix in {".failed", ".died"}]) == 1


def test_a_task_that_keeps_failing_is_no_verdict(session: Any, tmp_path: Path) -> None:
    path = points(tmp_path / "one-task.parquet", 100, seed=6)
    (only,) = registered(dataset(session, opener=failing), fine([path]))

    with pytest.raises(ServiceError, match="a Spark task failed for good"):
        only(measures())


def test_a_damaged_layer_is_unreadable_in_the_same_words_and_the_others_are_measured(
    session: Any, places: Path, staged: tuple[Path, ...]
) -> None:
    content = bytearray(places.read_bytes())
    middle = len(content) // 3
    content[middle : middle + 64] = b"\xff" * 64
    places.write_bytes(content)
    sources = fine([places, staged[1]])
    damaged, whole = registered(dataset(session), sources)

    with pytest.raises(UnreadableError) as there:
        damaged(measures())
    with pytest.raises(UnreadableError) as here:
        measured_here(sources[0], measures())

    assert (there.value.summary, there.value.remedy, there.value.layer) == (
        here.value.summary,
        here.value.remedy,
        here.value.layer,
    )
    assert whole(measures()) == measured_here(sources[1], measures())


def test_what_cannot_be_measured_has_the_same_reason(session: Any, tmp_path: Path) -> None:
    import geopandas
    import shapely

    coordinates = [[1.0 + row / 100, 45.0] for row in range(400)]
    coordinates[250], coordinates[390] = [1.0, 95.0], [2.0, 99.0]
    path = tmp_path / "beyond.parquet"
    geopandas.GeoDataFrame(geometry=shapely.points(coordinates), crs=4326).to_parquet(path, row_group_size=50)
    sources = fine([path])

    found = registered(dataset(session), sources)[0](measures())

    assert found == measured_here(sources[0], measures())
    assert any(isinstance(value, Unmeasured) for value in found.values.values())


def test_a_file_that_changes_meanwhile_is_no_verdict(session: Any, places: Path) -> None:
    (only,) = registered(dataset(session, opener=touching), fine([places]))

    with pytest.raises(ServiceError, match="is not the one that this machine has opened"):
        only(measures())


def test_a_file_that_was_removed_is_no_verdict(session: Any, places: Path) -> None:
    sources = fine([places])
    assert sources[0].layers
    (only,) = registered(dataset(session), sources)
    places.unlink()

    with pytest.raises(InputError, match="cannot be read any more"):
        only(measures())


def test_an_executor_that_cuts_the_file_otherwise_is_unreadable(session: Any, places: Path) -> None:
    (only,) = registered(dataset(session, opener=other_parts), fine([places]))

    with pytest.raises(UnreadableError, match="an executor cuts the layer into other parts"):
        only(measures())


def test_a_running_session_is_taken_and_left_running(session: Any) -> None:
    with spark_session(MASTER) as same, spark_session() as again:
        assert same is session
        assert again is session
    assert session.range(3).count() == 3


def test_another_master_than_the_running_one_is_wrong_usage(session: Any) -> None:
    assert session.sparkContext.master == "local[2,4]"
    with pytest.raises(UsageError, match="with another master"), spark_session("local[3]"):
        pass


def verdict_of(geogate: Command, folder: Path, *options: str) -> tuple[int, Any]:
    """Screen at the command line; what the clock says is left out."""
    ended = geogate("screen", folder, "-p", POLICY, "-r", PARTNER, "-t", OUTBOX, "--format", "json", *options)
    verdict = json.loads(ended.out)
    verdict.pop("judged_at")
    verdict.pop("isolation")
    return ended.code, verdict


def test_screen_gives_the_same_verdict_on_spark(
    session: Any, gate: Gate, geogate: Command, staged: tuple[Path, ...]
) -> None:
    del session
    gate.policies.write_policy(isolation="none")
    for path in staged:
        (gate.staged / path.name).write_bytes(path.read_bytes())
    (gate.staged / "more.csv").write_text("name,lon,lat\na,8.31,47.12\n")

    there = verdict_of(geogate, gate.staged, "--engine", "spark", "--master", MASTER)

    assert there == verdict_of(geogate, gate.staged)
    assert there[0] == 11
    assert len(there[1]["layers"]) == 5


def test_screen_on_spark_clears_what_may_leave(session: Any, gate: Gate, geogate: Command) -> None:
    del session
    gate.policies.write_policy(isolation="none")
    stage("GeoParquet", gate.staged)

    assert verdict_of(geogate, gate.staged, "--engine", "spark")[0] == 0


def test_executors_are_not_isolated_which_a_policy_has_to_allow(gate: Gate, geogate: Command) -> None:
    stage("GeoParquet", gate.staged)

    ended = geogate("screen", gate.staged, "-p", POLICY, "-r", PARTNER, "-t", OUTBOX, "--engine", "spark")

    assert ended.code == 4
    assert "demands that readers are isolated, and Spark's executors are not" in ended.err


@pytest.mark.parametrize(
    ("options", "said"),
    [(("--master", MASTER), "only Spark has a master"), (("--engine", "cloud"), "'cloud' is not one of")],
)
def test_an_engine_that_cannot_be_is_wrong_usage(
    gate: Gate, geogate: Command, options: tuple[str, ...], said: str
) -> None:
    ended = geogate("screen", gate.staged, "-p", POLICY, "-r", PARTNER, "-t", OUTBOX, *options)

    assert ended.code == 2
    assert said in ended.err


def test_without_pyspark_the_engine_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark", None)

    with pytest.raises(UsageError, match="pip install 'geogate\\[spark\\]'"):
        Engine.named("spark")


def test_a_submission_measured_on_spark_is_cleared_and_sent(session: Any, gate: Gate) -> None:
    del session
    gate.policies.write_policy(isolation="none")
    house = replace(gate.house(), engine=Engine.named("spark", master=MASTER))

    done = submit(gate.wish(stage("GeoParquet", gate.staged)), house=house)

    assert done.clearance is not None, done.verdict.findings
    gate.send(done.clearance)
    assert list(gate.delivered()) == ["data.parquet"]


def test_a_submission_that_spark_cannot_measure_fails(
    session: Any, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session.sparkContext, "pythonExec", "/bin/false")
    gate.policies.write_policy(isolation="none")
    house = replace(gate.house(), engine=Engine.named("spark"))

    with pytest.raises(ServiceError, match="a Spark task failed for good"):
        submit(gate.wish(stage("GeoParquet", gate.staged)), house=house)

    assert gate.states() == ["failed"]


def begun_apart(environment: dict[str, str], *, before: str = "") -> subprocess.CompletedProcess[str]:
    """Begin a session in a Python that runs a text."""
    program = f"{before}\nfrom geogate.engines.spark_session import spark_session\nwith spark_session(): pass"
    changed = {**os.environ, **environment}
    return subprocess.run([sys.executable, "-c", program], env=changed, capture_output=True, text=True, check=False)


def test_without_java_spark_does_not_begin(tmp_path: Path) -> None:
    ended = begun_apart({"JAVA_HOME": str(tmp_path)})

    assert ended.returncode == 1
    assert "ServiceError: Spark does not begin (it needs Java 17 or later" in ended.stderr


def test_pyspark_does_not_end_the_process_as_if_all_were_well() -> None:
    ended = begun_apart({"SPARK_REMOTE": "sc://127.0.0.1:1"}, before="import sys; sys.modules['grpc'] = None")

    assert ended.returncode == 1
    assert "ServiceError: pyspark would have ended the process" in ended.stderr
