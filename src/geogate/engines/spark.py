"""The pass on Spark: executors measure the parts of all layers of a dataset; the driver checks and merges the answers.

Nothing is judged here, and nothing is believed that was not answered: each part once, with the rows that the file
claims, by executors that have the same file, libraries, reference systems and zone indexes as the driver.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from geogate.engines.spark_answers import ANSWERS
from geogate.engines.spark_job import Job
from geogate.engines.spark_layer import CutLayer
from geogate.engines.spark_plan import Portion, plan
from geogate.engines.spark_session import spark_session
from geogate.engines.spark_task import MeasureTasks
from geogate.engines.spark_tools import shared_tools
from geogate.engines.spark_work import FileWork, library_versions
from geogate.measures.source import UnreadableError
from geogate.measures.tools import PLAIN, Tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pyproj
    from pyspark.sql import SparkSession

    from geogate.engines.spark_answers import Answer
    from geogate.engines.spark_work import Opener
    from geogate.measures.measure import LayerFacts, Measure, MeasureId
    from geogate.measures.source import LayerSchema, SplitSource

LAYERS_A_JOB: Final = 256
"""Layers that one Spark job measures: the driver keeps their facts until somebody asks for them."""

SLOW: Final = (
    "kernels are not compiled on every executor: those measure with numpy, several times slower and with the same "
    "verdict; run there: geogate kernels --compile"
)

log = logging.getLogger(__name__)


@contextmanager
def spark_dataset(
    master: str, *, opener: Opener, on_rows: Callable[[int], None], tools: Tools = PLAIN
) -> Iterator[SparkDataset]:
    """Measure a dataset in a Spark session, which ends with the block unless the process had it before.

    Raises: UsageError, ServiceError as ``spark_session``.
    """
    with spark_session(master) as session:
        yield SparkDataset(session=session, opener=opener, on_rows=on_rows, tools=tools)


@dataclass(frozen=True, slots=True)
class SparkPass:
    """A ``LayerPass`` over one layer of a dataset that Spark measures.

    Raises: what ``SparkDataset.facts`` does.
    """

    dataset: SparkDataset
    number: int

    def __call__(self, measures: Sequence[Measure[Any]], /) -> LayerFacts:
        """Answer all measures from one pass."""
        return self.dataset.facts(self.number, tuple(measures))


@dataclass(slots=True, kw_only=True)
class SparkDataset:
    """The layers of a dataset that Spark measures, many in a job; register all of them before the first is measured.

    ``opener`` opens a file on an executor as the driver did; it is pickled by its name. ``on_rows`` hears of rows when
    tasks have ended.
    """

    session: SparkSession
    opener: Opener
    on_rows: Callable[[int], None]
    tools: Tools = PLAIN
    _layers: list[tuple[SplitSource, LayerSchema, pyproj.CRS]] = field(default_factory=list, init=False)
    _found: dict[tuple[int, tuple[MeasureId, ...]], LayerFacts | UnreadableError] = field(
        default_factory=dict, init=False
    )

    def layer(self, source: SplitSource, schema: LayerSchema, crs: pyproj.CRS) -> SparkPass:
        """Register a layer of an opened source, to be measured in the reference system ``crs``."""
        self._layers.append((source, schema, crs))
        return SparkPass(self, len(self._layers) - 1)

    def facts(self, number: int, measures: tuple[Measure[Any], ...]) -> LayerFacts:
        """Give the facts of a layer, once; the job measures the layers after it by the same measures as well.

        Raises: UnreadableError when the layer cannot be read as it claims; InputError when its file is gone;
            ServiceError when Spark fails, or an executor is not fit; PolicyError when a zone list cannot be compiled.
        """
        names = tuple(measure.id for measure in measures)
        if (number, names) not in self._found:
            following = range(number, min(number + LAYERS_A_JOB, len(self._layers)))
            for each, outcome in self._measure(following, measures).items():
                self._found[each, names] = outcome
        outcome = self._found.pop((number, names))
        if isinstance(outcome, UnreadableError):
            raise outcome
        return outcome

    def _measure(
        self, numbers: Sequence[int], measures: tuple[Measure[Any], ...]
    ) -> Mapping[int, LayerFacts | UnreadableError]:
        """Measure some layers in one job; one that is unreadable does not stop the others."""
        outcomes: dict[int, LayerFacts | UnreadableError] = {}
        cut: dict[int, CutLayer] = {}
        for number in numbers:
            source, schema, crs = self._layers[number]
            try:
                cut[number] = CutLayer(source, schema, crs, source.parts(schema))
            except UnreadableError as error:
                outcomes[number] = error
        work = self._work(tuple(cut.values()), measures)
        answers = self._answers(work) if work.tasks else {}
        runs = tuple(chain.from_iterable(work.tasks))
        for place, (number, layer) in enumerate(cut.items()):
            own = [run for run in runs if run.layer == place]
            try:
                outcomes[number] = layer.facts(answers.get(place), runs=own, measures=measures)
            except UnreadableError as error:
                outcomes[number] = error
        return outcomes

    def _answers(self, work: FileWork) -> Mapping[int, Answer]:
        tasks = len(work.tasks)
        rows = sum(run.rows for run in chain.from_iterable(work.tasks))
        job = Job(session=self.session, work=work, tasks=tasks, rows=rows, on_rows=self.on_rows)
        answers = job.run(lambda sent: self.session.range(0, tasks, 1, tasks).mapInArrow(MeasureTasks(sent), ANSWERS))
        if work.tools.kernels and not all(answer.kernels for answer in answers.values() if not answer.trouble):
            log.warning(SLOW)
        return answers

    def _work(self, layers: tuple[CutLayer, ...], measures: tuple[Measure[Any], ...]) -> FileWork:
        portions = [Portion(layer=place, parts=each.parts, size=each.size()) for place, each in enumerate(layers)]
        return FileWork(
            layers=tuple(layer.shared() for layer in layers),
            tasks=plan(portions, cores=self.session.sparkContext.defaultParallelism),
            measures=measures,
            opener=self.opener,
            tools=shared_tools(self.session, measures, self.tools),
            versions=library_versions(),
        )
