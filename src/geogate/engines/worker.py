"""What one thread of a pass measures: a tally for each measure, fed with batches, merged with those of the others."""

from __future__ import annotations

import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

from geogate.measures.measure import Joint, UnmeasurableError, Unmeasured

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future
    from types import TracebackType

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Measure, MeasureId, Measurement, Tally
    from geogate.measures.tools import Tools

Args = ParamSpec("Args")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class Failure:
    """Why a measure cannot measure a layer, and the first row of the batch in which it turned out."""

    first_row: int
    reason: str


class Worker:
    """The tallies of one thread; ``rows`` counts those that it was given.

    Batches come in the order of their rows, so that the first failure of a measure is the one with the lowest row.
    """

    def __init__(self, measures: Sequence[Measure[Any]], tools: Tools) -> None:
        self._tallies: dict[MeasureId, Tally[Any]] = {measure.id: measure.tally(tools) for measure in measures}
        self._kernels = tools.kernels
        self.failures: dict[MeasureId, Failure] = {}
        self.rows = 0

    def add(self, batch: LayerBatch) -> None:
        """Measure a batch; a measure that cannot is asked no more."""
        batch.kernels = self._kernels
        for name, tally in tuple(self._tallies.items()):
            try:
                tally.add(batch)
            except UnmeasurableError as error:
                self.failures[name] = Failure(batch.first_row, str(error))
                del self._tallies[name]
        self.rows += batch.rows

    def values(self, names: Sequence[MeasureId]) -> dict[MeasureId, Measurement] | None:
        """Return what some measures found so far, ``None`` where one of them cannot measure."""
        if any(name not in self._tallies for name in names):
            return None
        return {name: self._tallies[name].measurement() for name in names}

    def value(self, name: MeasureId) -> Measurement:
        """Return what a measure found.

        Raises: KeyError when it could not measure.
        """
        found: Measurement = self.tally(name).measurement()
        return found

    def tally(self, name: MeasureId) -> Tally[Any]:
        """Return the tally of a measure.

        Raises: KeyError when it could not measure.
        """
        return self._tallies[name]


def merged(workers: Sequence[Worker], measures: Sequence[Measure[Any]]) -> dict[MeasureId, Measurement | Unmeasured]:
    """Merge what all workers found; of several reasons why a measure could not, the one with the lowest row stays."""
    return {measure.id: _merged(workers, measure) for measure in measures}


def _merged(workers: Sequence[Worker], measure: Measure[Any]) -> Measurement | Unmeasured:
    failures = [worker.failures[measure.id] for worker in workers if measure.id in worker.failures]
    if failures:
        return Unmeasured(reason=min(failures).reason)
    tallies: list[Any] = [worker.tally(measure.id) for worker in workers]
    first, *others = tallies
    try:
        found: Measurement = (
            first.together(others)
            if isinstance(first, Joint)
            else reduce(add, (tally.measurement() for tally in tallies))
        )
    except UnmeasurableError as error:
        return Unmeasured(reason=str(error))
    return found


class Crew:
    """Threads with a worker each; tasks begin in the order in which they are given.

    At the end of the block tasks that have not begun are dropped, and ``over`` is set for those that have.
    """

    def __init__(self, measures: Sequence[Measure[Any]], tools: Tools, size: int) -> None:
        # Made one after the other: what the first compiles, such as an index of zones, serves the others.
        self.workers = tuple(Worker(measures, tools) for _ in range(size))
        self.over = threading.Event()
        self._own = threading.local()
        free: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in self.workers:
            free.put(worker)
        self._pool = ThreadPoolExecutor(
            size, thread_name_prefix="geogate-measure", initializer=self._begin, initargs=(free,)
        )

    def _begin(self, free: queue.SimpleQueue[Worker]) -> None:
        self._own.worker = free.get_nowait()

    def submit(
        self, task: Callable[Concatenate[Worker, Args], T], *args: Args.args, **kwargs: Args.kwargs
    ) -> Future[T]:
        """Let the next free thread run a task with its worker."""
        return self._pool.submit(lambda: task(self._own.worker, *args, **kwargs))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._pool.shutdown(cancel_futures=True)
