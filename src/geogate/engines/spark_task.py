"""What runs in an executor: open the file with geogate's own reader, measure the parts of a run, answer in JSON.

What the driver has to know travels as a value. An exception means that the task is to be tried again, elsewhere if
possible, and that there is no verdict when it keeps failing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from geogate.engines.spark_answers import Answer, Fact, RunRows, Unreadable, merge
from geogate.engines.spark_tools import missing_tools, received_tools
from geogate.engines.spark_work import identity, library_versions
from geogate.engines.worker import Worker
from geogate.measures.source import SplitSource, UnreadableError
from geogate.model.document import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import pyarrow as pa
    import pyproj

    from geogate.engines.spark_work import Run, SharedLayer, Work
    from geogate.measures.measure import Measure

ANSWERS: Final = "bucket bigint, answer string"
"""The columns in which answers travel; what is in one bucket is merged in one task."""

FAULT: Final = "report this: it is a fault of geogate"


@dataclass(frozen=True, slots=True)
class MeasureTasks:
    """Measures the tasks whose numbers come in, for ``mapInArrow``; ``work`` is Spark's broadcast of the ``Work``."""

    work: Any
    bucket: int

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Answer every run of every task."""
        import pyarrow as pa

        # Spark gives a task one core: more threads of Arrow's would run on another task's.
        pa.set_cpu_count(1)
        work: Work = self.work.value
        for batch in batches:
            for task in batch.column(0).to_pylist():
                yield _sent((measure_run(run, work) for run in work.tasks[task]), bucket=self.bucket)


@dataclass(frozen=True, slots=True)
class MergeAnswers:
    """Merges all answers that come in, for ``mapInArrow``."""

    work: Any
    bucket: int

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Give one answer a layer."""
        texts = (text for batch in batches for text in batch.column(1).to_pylist())
        merged = merge(map(Answer.read, texts), self.work.value.measures)
        yield _sent(merged.values(), bucket=self.bucket)


def _sent(answers: Iterable[Answer], *, bucket: int) -> pa.RecordBatch:
    import pyarrow as pa

    given = list(answers)
    buckets = pa.array([answer.first_run // bucket for answer in given], pa.int64())
    return pa.record_batch([buckets, pa.array([each.text() for each in given], pa.string())], ["bucket", "answer"])


def measure_run(run: Run, work: Work) -> Answer:
    """Measure the parts of a run in their order, if the file is the driver's, before and after."""
    layer = work.layers[run.layer]
    trouble = _unfit(layer, work)
    if trouble:
        return Answer(layer=run.layer, trouble=trouble)
    tools = received_tools(work.tools)
    worker = Worker(work.measures, tools)
    rows: list[int] = []
    unreadable = None
    try:
        for part_rows in _measured(run, work, worker):
            rows.append(part_rows)  # noqa: PERF402 - what was read before a refusal is kept
    except UnreadableError as error:
        unreadable = Unreadable(run=run.number, summary=error.summary, remedy=error.remedy, layer=error.layer)
    if _identity(layer.path) != layer.identity:
        return Answer(layer=run.layer, trouble="a file changed while it was measured")
    return Answer(
        layer=run.layer,
        runs=(RunRows(run=run.number, rows=tuple(rows)),),
        facts=() if unreadable else facts_of(worker, work.measures),
        unreadable=unreadable,
        kernels=tools.kernels,
    )


def facts_of(worker: Worker, measures: Sequence[Measure[Any]]) -> tuple[Fact, ...]:
    """Write what a worker found, in the order of the measures."""
    facts = []
    for measure in measures:
        failure = worker.failures.get(measure.id)
        if failure is None:
            facts.append(Fact(measurement=canonical_json(worker.value(measure.id))))
        else:
            facts.append(Fact(measurement=None, reason=failure.reason, first_row=failure.first_row))
    return tuple(facts)


def _measured(run: Run, work: Work, worker: Worker) -> Iterator[int]:
    """Yield the rows that were read of each part.

    Raises: UnreadableError, also where the reader here sees another layer or other parts than the driver's.
    """
    layer = work.layers[run.layer]
    (source,) = work.opener((layer.path,))
    schema = source.layers[layer.number]
    if not isinstance(source, SplitSource) or replace(schema, crs=None) != layer.schema:
        raise UnreadableError("an executor reads another layer in the file", remedy=FAULT)
    parts = set(source.parts(schema))
    for part in run.parts:
        if part not in parts:
            raise UnreadableError("an executor cuts the layer into other parts", remedy=FAULT)
        before = worker.rows
        for batch in source.part_batches(schema, part, crs=crs_of(layer.crs)):
            worker.add(batch)
        yield worker.rows - before


def _unfit(layer: SharedLayer, work: Work) -> str:
    """Say why this executor cannot answer as the driver would, if so."""
    if library_versions() != work.versions:
        return "an executor has other versions of geogate or its libraries than this machine"
    if crs_of(layer.crs).to_wkt() != layer.crs_wkt:
        return "an executor describes a reference system in another way than this machine"
    if _identity(layer.path) != layer.identity:
        return "a file is missing on an executor, or is not the same as on this machine"
    return missing_tools(work.tools)


def _identity(path: Path) -> str:
    try:
        return identity(path)
    except OSError:
        return ""


@cache
def crs_of(text: str) -> pyproj.CRS:
    """Read a reference system from PROJ's JSON."""
    import pyproj

    return pyproj.CRS.from_json(text)
