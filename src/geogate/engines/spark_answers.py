"""What executors answer, as JSON text that is read strictly; answers about the same layer merge."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Final

from geogate.engines.spark_work import SAME
from geogate.measures.measure import UnmeasurableError, Unmeasured
from geogate.model.document import canonical_json, from_json
from geogate.model.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa

    from geogate.engines.worker import Worker
    from geogate.measures.measure import Measure, Measurement


ANSWERS: Final = "bucket bigint, answer string"
"""The columns in which answers travel; those of one bucket are merged in one task."""

TOGETHER: Final = 64
"""Answers that one task merges; as many may come to the driver."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RunRows:
    """The rows that were read of each part of a run."""

    run: int
    rows: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What one measure found: its measurement as canonical JSON, or the reason why there is none.

    ``first_row`` is that of the batch in which the reason turned out.
    """

    measurement: str | None
    reason: str = ""
    first_row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A reader's refusal, word for word, and the run in which it came up."""

    run: int
    summary: str
    remedy: str
    layer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What executors found in some runs of a layer; ``facts`` follow the measures.

    ``trouble`` is not empty where an executor was not fit to answer; then nothing else counts. ``kernels`` says that
    all of them measured with compiled kernels.
    """

    layer: int
    runs: tuple[RunRows, ...] = ()
    facts: tuple[Fact, ...] = ()
    unreadable: Unreadable | None = None
    trouble: str = ""
    kernels: bool = False

    @classmethod
    def read(cls, text: str) -> Answer:
        """Read an answer.

        Raises: ValueError when the text is not exactly one.
        """
        return from_json(cls, text)

    def text(self) -> str:
        """Write the answer."""
        return canonical_json(self)

    @property
    def first_run(self) -> int:
        """The lowest number of the runs that it is about, 0 where there is none."""
        return min((each.run for each in self.runs), default=0)


@dataclass(frozen=True, slots=True)
class MergeAnswers:
    """Merges all answers that come in, for ``mapInArrow``; ``work`` is Spark's broadcast of the ``Work``."""

    work: Any
    bucket: int

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Give one answer a layer."""
        texts = (text for batch in batches for text in batch.column(1).to_pylist())
        yield sent(merge(map(Answer.read, texts), self.work.value.measures).values(), bucket=self.bucket)


def sent(answers: Iterable[Answer], *, bucket: int = TOGETHER) -> pa.RecordBatch:
    """Put answers into the columns in which they travel; those of so many runs in a row share a bucket."""
    import pyarrow as pa

    given = list(answers)
    buckets = pa.array([answer.first_run // bucket for answer in given], pa.int64())
    return pa.record_batch([buckets, pa.array([each.text() for each in given], pa.string())], ["bucket", "answer"])


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


@contextmanager
def readable() -> Iterator[None]:
    """Tell answers that are none from all other errors; what is wrong in them may be a coordinate, and is not told.

    Raises: ServiceError.
    """
    try:
        yield
    except ValueError:
        raise ServiceError("an executor gave an answer that cannot be read", hint=SAME) from None


def merge(answers: Iterable[Answer], measures: Sequence[Measure[Any]]) -> dict[int, Answer]:
    """Merge what is known of each layer, by the number of the layer.

    Raises: ValueError when a measurement is not of its measure's kind, or is missing.
    """
    by_layer: dict[int, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_layer[answer.layer].append(answer)
    return {
        layer: found[0] if len(found) == 1 else _merged(sorted(found, key=lambda each: each.first_run), measures)
        for layer, found in by_layer.items()
    }


def _merged(answers: Sequence[Answer], measures: Sequence[Measure[Any]]) -> Answer:
    layer = answers[0].layer
    runs = tuple(sorted(run for answer in answers for run in answer.runs))
    troubles = [answer.trouble for answer in answers if answer.trouble]
    if troubles:
        return Answer(layer=layer, runs=runs, trouble=troubles[0])
    refusals = [answer.unreadable for answer in answers if answer.unreadable is not None]
    if refusals:
        return Answer(layer=layer, runs=runs, unreadable=min(refusals, key=lambda refusal: refusal.run))
    columns = zip(*(answer.facts for answer in answers), strict=True)
    facts = tuple(_fact(measure, column) for measure, column in zip(measures, columns, strict=True))
    return Answer(layer=layer, runs=runs, facts=facts, kernels=all(answer.kernels for answer in answers))


def _fact(measure: Measure[Any], facts: Sequence[Fact]) -> Fact:
    """Merge what a measure found; of several reasons why it could not, the one with the lowest row stays."""
    failed = [fact for fact in facts if fact.measurement is None]
    if failed:
        return min(failed, key=lambda fact: (fact.first_row, fact.reason))
    try:
        found = reduce(add, (measurement(measure, fact) for fact in facts))
    except UnmeasurableError as error:
        return Fact(measurement=None, reason=str(error))
    return Fact(measurement=canonical_json(found))


def measurement(measure: Measure[Any], fact: Fact) -> Measurement:
    """Read a measurement, which must be exactly of the kind that the measure gives.

    Raises: ValueError.
    """
    if fact.measurement is None:
        raise ValueError(f"no measurement of {measure.id}")
    found: Measurement = from_json(type(measure.empty()), fact.measurement)
    return found


def value(measure: Measure[Any], fact: Fact) -> Measurement | Unmeasured:
    """Make of a fact what a pass on this machine would have found.

    Raises: ValueError as ``measurement``.
    """
    return Unmeasured(reason=fact.reason) if fact.measurement is None else measurement(measure, fact)
