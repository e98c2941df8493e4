"""What executors answer: it travels as JSON text that is read strictly, and answers about the same layer merge."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Final

from geogate.engines.spark_work import SAME
from geogate.engines.worker import Failure
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
class Unreadable:
    """A reader's refusal, word for word, and the run in which it came up."""

    run: int
    summary: str
    remedy: str
    layer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What executors found in some runs of a layer; ``found`` follows the measures.

    ``trouble`` is not empty where an executor was not fit to answer; then nothing else counts. ``kernels`` says that
    all of them measured with compiled kernels.
    """

    layer: int
    runs: tuple[RunRows, ...] = ()
    found: tuple[Measurement | Failure, ...] = ()
    unreadable: Unreadable | None = None
    trouble: str = ""
    kernels: bool = False

    @classmethod
    def read(cls, text: str, measures: Sequence[Measure[Any]]) -> Answer:
        """Read an answer about these measures.

        Raises: ValueError when the text is not exactly one, or a measurement not of its measure's kind.
        """
        sent = from_json(_Sent, text)
        if sent.trouble or sent.unreadable is not None:
            return cls(layer=sent.layer, runs=sent.runs, unreadable=sent.unreadable, trouble=sent.trouble)
        found = tuple(_read(measure, fact) for measure, fact in zip(measures, sent.facts, strict=True))
        return cls(layer=sent.layer, runs=sent.runs, found=found, kernels=sent.kernels)

    def text(self) -> str:
        """Write the answer."""
        sent = _Sent(
            layer=self.layer,
            runs=self.runs,
            facts=tuple(map(_written, self.found)),
            unreadable=self.unreadable,
            trouble=self.trouble,
            kernels=self.kernels,
        )
        return canonical_json(sent)

    @property
    def first_run(self) -> int:
        """The lowest number of the runs that it is about, 0 where there is none."""
        return min((each.run for each in self.runs), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fact:
    """What one measure found: its measurement as JSON, or why there is none and from which row on."""

    measurement: str | None
    reason: str = ""
    first_row: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """An answer as it travels."""

    layer: int
    runs: tuple[RunRows, ...]
    facts: tuple[_Fact, ...]
    unreadable: Unreadable | None
    trouble: str
    kernels: bool


def _written(found: Measurement | Failure) -> _Fact:
    if isinstance(found, Failure):
        return _Fact(measurement=None, reason=found.reason, first_row=found.first_row)
    return _Fact(measurement=canonical_json(found))


def _read(measure: Measure[Any], fact: _Fact) -> Measurement | Failure:
    if fact.measurement is None:
        return Failure(fact.first_row, fact.reason)
    found: Measurement = from_json(type(measure.empty()), fact.measurement)
    return found


@dataclass(frozen=True, slots=True)
class MergeAnswers:
    """Merges all answers that come in, for ``mapInArrow``; ``work`` is Spark's broadcast of the ``Work``."""

    work: Any
    bucket: int

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Give one answer a layer."""
        measures = self.work.value.measures
        texts = (text for batch in batches for text in batch.column(1).to_pylist())
        yield sent(merge(Answer.read(text, measures) for text in texts).values(), bucket=self.bucket)


def sent(answers: Iterable[Answer], *, bucket: int = TOGETHER) -> pa.RecordBatch:
    """Put answers into the columns in which they travel; those of so many runs in a row share a bucket."""
    import pyarrow as pa

    given = list(answers)
    buckets = pa.array([answer.first_run // bucket for answer in given], pa.int64())
    return pa.record_batch([buckets, pa.array([each.text() for each in given], pa.string())], ["bucket", "answer"])


@contextmanager
def readable() -> Iterator[None]:
    """Tell answers that are none from all other errors; what is wrong in them may be a coordinate, and is not told.

    Raises: ServiceError.
    """
    try:
        yield
    except ValueError:
        raise ServiceError("an executor gave an answer that cannot be read", hint=SAME) from None


def found_by(worker: Worker, measures: Sequence[Measure[Any]]) -> tuple[Measurement | Failure, ...]:
    """Take what a worker found, in the order of the measures."""
    return tuple(worker.failures.get(measure.id) or worker.value(measure.id) for measure in measures)


def values_of(answer: Answer, measures: Sequence[Measure[Any]]) -> dict[Any, Measurement | Unmeasured]:
    """Make of an answer what a pass on this machine would have found."""
    pairs = zip(measures, answer.found, strict=True)
    return {measure.id: Unmeasured(reason=v.reason) if isinstance(v, Failure) else v for measure, v in pairs}


def merge(answers: Iterable[Answer]) -> dict[int, Answer]:
    """Merge what is known of each layer, by the number of the layer.

    Raises: ValueError when two answers are about different measures.
    """
    by_layer: dict[int, list[Answer]] = defaultdict(list)
    for answer in answers:
        by_layer[answer.layer].append(answer)
    return {
        layer: found[0] if len(found) == 1 else _merged(sorted(found, key=lambda each: each.first_run))
        for layer, found in by_layer.items()
    }


def _merged(answers: Sequence[Answer]) -> Answer:
    layer = answers[0].layer
    runs = tuple(sorted(run for answer in answers for run in answer.runs))
    troubles = [answer.trouble for answer in answers if answer.trouble]
    if troubles:
        return Answer(layer=layer, runs=runs, trouble=troubles[0])
    refusals = [answer.unreadable for answer in answers if answer.unreadable is not None]
    if refusals:
        return Answer(layer=layer, runs=runs, unreadable=min(refusals, key=lambda refusal: refusal.run))
    found = tuple(map(_sum, zip(*(answer.found for answer in answers), strict=True)))
    return Answer(layer=layer, runs=runs, found=found, kernels=all(answer.kernels for answer in answers))


def _sum(found: Sequence[Any]) -> Measurement | Failure:
    """Merge what a measure found; of several reasons why it could not, the one with the lowest row stays."""
    failures = [each for each in found if isinstance(each, Failure)]
    if failures:
        return min(failures)
    try:
        total: Measurement = reduce(add, found)
    except UnmeasurableError as error:
        return Failure(0, str(error))
    return total
