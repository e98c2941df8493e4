"""Spark's pass without Spark: how parts are dealt out, what an executor refuses, and which answers make facts."""

from __future__ import annotations

import os
import random
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyproj
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sparking.layers import measured_here, measures, points
from sparking.openers import fine, touching

from geogate.engines.spark_answers import Answer, RunRows, Unreadable, merge, readable
from geogate.engines.spark_layer import CutLayer
from geogate.engines.spark_plan import MOST_TASKS, Portion, plan
from geogate.engines.spark_task import measure_run
from geogate.engines.spark_tools import missing_tools, received_tools, shared_tools
from geogate.engines.spark_work import FileWork, SharedFile, SharedTools, identity, library_versions
from geogate.engines.worker import Failure
from geogate.kernels import state
from geogate.measures.measure import Unmeasured
from geogate.measures.source import LayerSchema, Part, UnreadableError
from geogate.measures.tools import PLAIN, Tools
from geogate.model.errors import ServiceError

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.engines.spark_work import Run

WGS84 = pyproj.CRS.from_epsg(4326)


def part(number: int, rows: int) -> Part:
    return Part(number=number, first_row=number * rows, rows=rows, span=(number, number + 1))


def portion(layer: int, parts: int, *, size: int = 1 << 26, rows: int = 1_000) -> Portion:
    return Portion(layer=layer, parts=tuple(part(number, rows) for number in range(parts)), size=size)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 1 << 32)), max_size=12), st.integers(1, 512))
def test_every_part_is_dealt_out_once_and_in_order(layers: list[tuple[int, int]], cores: int) -> None:
    portions = [portion(layer, parts, size=size) for layer, (parts, size) in enumerate(layers)]

    runs = list(chain.from_iterable(plan(portions, cores=cores)))

    dealt = [(run.layer, each) for run in runs for each in run.parts]
    assert dealt == [(each.layer, given) for each in portions for given in each.parts]
    assert [run.number for run in runs] == list(range(len(runs)))


def test_large_parts_are_a_task_each() -> None:
    assert [len(task) for task in plan([portion(0, 10, size=10 << 26)], cores=8)] == [1] * 10


def test_small_files_share_tasks() -> None:
    tasks = plan([portion(layer, 1, size=1_000) for layer in range(1_000)], cores=2)

    assert 6 <= len(tasks) <= 8
    assert sum(map(len, tasks)) == 1_000


def test_there_are_never_many_more_tasks_than_the_driver_can_keep() -> None:
    assert len(plan([portion(0, 3 * MOST_TASKS, size=1 << 50)], cores=100_000)) <= MOST_TASKS + 1


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return points(tmp_path_factory.mktemp("staged") / "places.parquet", 500, seed=1)


def cut(path: Path) -> CutLayer:
    source: Any = fine([path])[0]
    schema: LayerSchema = source.layers[0]
    crs = schema.crs
    assert crs is not None
    return CutLayer(source, schema, crs, source.parts(schema))


def work_on(layer: CutLayer, **changes: Any) -> FileWork:
    work = FileWork(
        layers=(layer.shared(),),
        tasks=plan([Portion(layer=0, parts=layer.parts, size=1 << 30)], cores=2),
        measures=measures(),
        opener=fine,
        tools=SharedTools(),
        versions=library_versions(),
    )
    return replace(work, **changes)


def runs_of(work: FileWork) -> list[Run]:
    return list(chain.from_iterable(work.tasks))


def answered(work: FileWork) -> list[Answer]:
    return [Answer.read(measure_run(run, work).text(), work.measures) for run in runs_of(work)]


@pytest.mark.parametrize("seed", range(4))
def test_facts_do_not_depend_on_how_answers_merge(places: Path, seed: int) -> None:
    layer = cut(places)
    work = work_on(layer)
    answers = answered(work)
    assert len(answers) == 5
    order = random.Random(seed)
    while len(answers) > 1:
        order.shuffle(answers)
        answers[:2] = merge(answers[:2]).values()

    assert layer.facts(answers[0], runs=runs_of(work), measures=work.measures) == replace(
        measured_here(layer.source, measures()), claimed=500
    )


def test_an_executor_with_other_libraries_is_not_fit(places: Path) -> None:
    other = tuple((name, "0.0.1") for name, _ in library_versions())
    assert_unfit(places, "other versions of geogate", versions=other)


def test_an_executor_with_another_description_of_the_reference_system_is_not_fit(places: Path) -> None:
    shared = cut(places).shared()
    changed = replace(shared, crs=replace(shared.crs, wkt=shared.crs.wkt.replace("WGS", "XXX")))
    assert_unfit(places, "describes a reference system in another way", layers=(changed,))


def test_an_executor_without_the_file_is_not_fit(places: Path, tmp_path: Path) -> None:
    moved = replace(cut(places).shared(), path=tmp_path / "elsewhere.parquet")
    assert_unfit(places, "a file is missing on an executor", layers=(moved,))


def test_an_executor_with_another_file_is_not_fit(places: Path, tmp_path: Path) -> None:
    other = points(tmp_path / "places.parquet", 500, seed=2)
    assert_unfit(
        places, "is not the one that this machine has opened", layers=(replace(cut(places).shared(), path=other),)
    )


def test_an_executor_without_the_index_is_not_fit(places: Path, tmp_path: Path) -> None:
    tools = SharedTools(indexes=(SharedFile(name="a.zones", sha256="0" * 64),), folder=tmp_path)
    assert_unfit(places, "a compiled zone index did not reach an executor", tools=tools)


def assert_unfit(path: Path, said: str, **changes: Any) -> None:
    layer = cut(path)
    work = work_on(layer, **changes)
    runs = runs_of(work)

    answer = measure_run(runs[0], work)

    assert said in answer.trouble
    with pytest.raises(ServiceError, match=said):
        layer.facts(answer, runs=runs, measures=work.measures)


def test_trouble_outlives_merging(places: Path) -> None:
    work = work_on(cut(places))
    answers = [*answered(work), Answer(layer=0, trouble="not fit")]

    assert merge(answers)[0].trouble == "not fit"


def test_a_file_that_changes_while_it_is_measured_is_trouble(tmp_path: Path) -> None:
    work = work_on(cut(points(tmp_path / "places.parquet", 200, seed=3)), opener=touching)

    assert "is not the one" in measure_run(runs_of(work)[0], work).trouble


def test_a_layer_that_looks_different_there_is_unreadable(places: Path) -> None:
    shared = cut(places).shared()
    work = work_on(cut(places), layers=(replace(shared, schema=replace(shared.schema, geometry_type="Polygon")),))

    refusal = measure_run(runs_of(work)[0], work).unreadable

    assert refusal is not None
    assert refusal.summary == "an executor reads another layer in the file"


@pytest.mark.parametrize("change", ["missing", "twice", "none", "of nothing"])
def test_facts_need_each_run_exactly_once(places: Path, change: str) -> None:
    layer = cut(places)
    work = work_on(layer)
    answers = answered(work)
    given = {"missing": answers[1:], "twice": [*answers, answers[0]]}.get(change, answers)
    merged: Answer | None = merge(given)[0]
    runs = runs_of(work)
    if change == "none":
        merged = None
    if change == "of nothing":
        runs = []

    with pytest.raises(ServiceError, match="did not answer for each part exactly once"):
        layer.facts(merged, runs=runs, measures=work.measures)


@pytest.mark.parametrize("rows", [(99,), (101,), (), (50, 50)])
def test_facts_need_the_rows_that_each_part_claims(places: Path, rows: tuple[int, ...]) -> None:
    layer = cut(places)
    work = work_on(layer)
    first, *others = answered(work)
    changed = replace(first, runs=(RunRows(run=0, rows=rows),))

    with pytest.raises(UnreadableError, match="a part of the layer has other rows than the file claims"):
        layer.facts(merge([changed, *others])[0], runs=runs_of(work), measures=work.measures)


def test_parts_that_are_not_the_whole_layer_are_unreadable(places: Path) -> None:
    layer = cut(places)
    short = replace(layer, parts=layer.parts[:-1])
    work = work_on(short)

    with pytest.raises(UnreadableError, match="400 rows were read where the file claims 500"):
        layer.facts(merge(answered(work))[0], runs=runs_of(work), measures=work.measures)


def test_of_several_refusals_the_one_in_the_lowest_rows_is_told() -> None:
    refusals = [Unreadable(run=run, summary=f"in run {run}", remedy="", layer="") for run in (7, 3, 5)]
    answers = [Answer(layer=0, runs=(RunRows(run=each.run, rows=()),), unreadable=each) for each in refusals]

    assert merge(answers)[0].unreadable == refusals[1]


def test_of_several_reasons_the_one_in_the_lowest_rows_is_told(places: Path) -> None:
    lattice = measures()[0]
    whole = answered(work_on(cut(places), measures=(lattice,)))[0].found[0]
    found = [Failure(300, "late"), Failure(0, "early"), whole]
    answers = [Answer(layer=0, runs=(RunRows(run=run, rows=(1,)),), found=(each,)) for run, each in enumerate(found)]

    assert merge(answers)[0].found == (Failure(0, "early"),)


def test_measurements_that_cannot_be_added_are_unmeasured(tmp_path: Path) -> None:
    inventory = measures()[1]
    layers = [cut(points(tmp_path / f"{crs}.parquet", 100, seed=1, crs=crs)) for crs in (4326, 25832)]
    one, two = (answered(work_on(layer, measures=(inventory,)))[0] for layer in layers)

    found = merge([one, replace(two, runs=(RunRows(run=1, rows=(100,)),))])[0].found[0]

    assert isinstance(found, Failure)
    assert "two reference systems" in found.reason


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("{", ""),
        ('"layer":0', '"layer":0.5'),
        ('"layer":0', '"layer":0,"more":1'),
        ('"kernels":false,', ""),
        ('"facts":[', '"facts":[{"first_row":0,"measurement":null,"reason":""},'),
        ('\\"non_finite\\":0', '\\"non_finite\\":0.5'),
        ('\\"non_finite\\":0', '\\"non_finite\\":0,\\"more\\":0'),
        ('\\"non_finite\\":0', '\\"non_finite\\":NaN'),
        ('\\"places\\":', '\\"count\\":'),
    ],
)
def test_a_text_that_is_not_exactly_an_answer_is_none(places: Path, old: str, new: str) -> None:
    lattice = measures()[:1]
    text = answered(work_on(cut(places), measures=lattice))[0].text()
    assert old in text
    assert Answer.read(text, lattice).text() == text

    with pytest.raises(ServiceError, match="an answer that cannot be read"), readable():
        Answer.read(text.replace(old, new, 1), lattice)


def test_an_answer_about_other_measures_is_none(places: Path) -> None:
    text = answered(work_on(cut(places), measures=measures()[:2]))[0].text()

    for others in (measures()[:1], measures()[:3], measures()[1::-1]):
        with pytest.raises(ServiceError, match="an answer that cannot be read"), readable():
            Answer.read(text, others)


def test_what_cannot_be_measured_keeps_its_reason(places: Path) -> None:
    layer = cut(places)
    work = work_on(layer, measures=measures()[:1])
    merged = replace(merge(answered(work))[0], found=(Failure(9, "why"),))

    facts = layer.facts(Answer.read(merged.text(), work.measures), runs=runs_of(work), measures=work.measures)

    assert facts.values == {"lattice": Unmeasured(reason="why")}


@pytest.mark.parametrize("change", ["time", "size", "footer"])
def test_a_file_that_was_written_again_has_another_identity(places: Path, tmp_path: Path, change: str) -> None:
    path = tmp_path / "copy.parquet"
    path.write_bytes(places.read_bytes())
    before, info = identity(path), path.stat()
    content = bytearray(path.read_bytes())
    if change == "size":
        content[4:4] = b"\0"
    if change == "footer":
        content[-20] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(info.st_atime_ns, info.st_mtime_ns + (change == "time")))

    assert identity(path) != before


@pytest.mark.parametrize("content", [b"", b"PAR1", b"x" * 100_000, b"\xff\xff\xff\xffPAR1"])
def test_anything_has_an_identity(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    assert identity(path) == identity(path)


def test_plain_tools_stay_plain_on_executors() -> None:
    assert shared_tools(None, measures(), PLAIN) == SharedTools()
    assert received_tools(SharedTools()) == PLAIN


def test_kernels_are_used_where_they_are_ready() -> None:
    assert shared_tools(None, (), Tools(kernels=True)) == SharedTools(kernels=True)
    assert received_tools(SharedTools(kernels=True)) == Tools(kernels=state.ready())


def test_an_index_that_is_as_it_was_sent_is_not_missing(tmp_path: Path) -> None:
    import hashlib

    (tmp_path / "a.zones").write_bytes(b"index")
    right = SharedFile(name="a.zones", sha256=hashlib.sha256(b"index").hexdigest())
    wrong = replace(right, sha256=hashlib.sha256(b"other").hexdigest())

    assert missing_tools(SharedTools(kernels=True, indexes=(right,), folder=tmp_path)) == ""
    assert missing_tools(SharedTools(kernels=True, indexes=(right, wrong), folder=tmp_path)) != ""
