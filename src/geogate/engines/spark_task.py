"""What runs in an executor: open the file with geogate's own reader, measure the parts of a run, answer in JSON.

What the driver has to know travels as a value. An exception means that the task is to be tried again, elsewhere if
possible, and that there is no verdict when it keeps failing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from geogate.engines.spark_answers import Answer, RunRows, Unreadable, found_by, sent
from geogate.engines.spark_tools import missing_tools, received_tools
from geogate.engines.spark_work import identity, library_versions
from geogate.engines.worker import Worker
from geogate.measures.source import SplitSource, UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa
    import pyproj

    from geogate.engines.spark_work import FileWork, Run, SharedCRS, Work

_FAULT: Final = "report this: it is a fault of geogate"


@dataclass(frozen=True, slots=True)
class MeasureTasks:
    """Measures the tasks whose numbers come in, for ``mapInArrow``; ``work`` is the ``FileWork`` as Spark sent it."""

    work: Any

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Answer every run of every task."""
        one_core()
        work: FileWork = self.work.value
        for batch in batches:
            for task in batch.column(0).to_pylist():
                yield sent(measure_run(run, work) for run in work.tasks[task])


def measure_run(run: Run, work: FileWork) -> Answer:
    """Measure the parts of a run in their order, if the file is the driver's, before and after."""
    layer = work.layers[run.layer]
    trouble = unfit(work, layer.crs) or _another_file(layer.path, layer.identity)
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
    trouble = _another_file(layer.path, layer.identity)
    if trouble:
        return Answer(layer=run.layer, trouble=trouble)
    return Answer(
        layer=run.layer,
        runs=(RunRows(run=run.number, rows=tuple(rows)),),
        found=() if unreadable else found_by(worker, work.measures),
        unreadable=unreadable,
        kernels=tools.kernels,
    )


def _measured(run: Run, work: FileWork, worker: Worker) -> Iterator[int]:
    """Yield the rows that were read of each part.

    Raises: UnreadableError, also where the reader here sees another layer or other parts than the driver's.
    """
    layer = work.layers[run.layer]
    (source,) = work.opener((layer.path,))
    schema = source.layers[layer.number]
    if not isinstance(source, SplitSource) or replace(schema, crs=None) != layer.schema:
        raise UnreadableError("an executor reads another layer in the file", remedy=_FAULT)
    parts = set(source.parts(schema))
    for part in run.parts:
        if part not in parts:
            raise UnreadableError("an executor cuts the layer into other parts", remedy=_FAULT)
        before = worker.rows
        for batch in source.part_batches(schema, part, crs=crs_of(layer.crs)):
            worker.add(batch)
        yield worker.rows - before


def one_core() -> None:
    """Keep Arrow to the one core that Spark gives a task; more of its threads would run on another task's."""
    import pyarrow as pa

    pa.set_cpu_count(1)


def unfit(work: Work, crs: SharedCRS) -> str:
    """Say why this executor cannot answer as the driver would, if so."""
    if library_versions() != work.versions:
        return "an executor has other versions of geogate or its libraries than this machine"
    if crs_of(crs).to_wkt() != crs.wkt:
        return "an executor describes a reference system in another way than this machine"
    return missing_tools(work.tools)


@cache
def crs_of(shared: SharedCRS) -> pyproj.CRS:
    """Make a reference system of its description."""
    import pyproj

    return pyproj.CRS.from_json(shared.json)


def _another_file(path: Path, known: str) -> str:
    try:
        same = identity(path) == known
    except OSError:
        same = False
    return "" if same else "a file is missing on an executor, or is not the one that this machine has opened"
