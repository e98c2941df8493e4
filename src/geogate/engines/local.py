"""One pass over a layer on this machine: all cores, bounded memory, facts that do not depend on the threads.

Parts of a layer are read and measured by one thread each. A layer that cannot be read in parts is read in the caller's
thread, because some libraries report their errors to the thread that reads, and measured by a few others.
"""

from __future__ import annotations

import gc
import os
import threading
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from geogate.engines.ending import ends
from geogate.engines.worker import Crew, merged
from geogate.measures.measure import LayerFacts
from geogate.measures.source import SplitSource, UnreadableError
from geogate.measures.tools import PLAIN, Tools

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future

    import pyproj

    from geogate.engines.ending import Ending
    from geogate.engines.worker import Worker
    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Measure
    from geogate.measures.source import LayerSchema, Part, Source

MOST_BEHIND_ONE_READER = 4
"""Threads that measure what one thread reads; more would wait for it."""

BATCHES_BETWEEN_LOOKS = 8
"""After so many batches a worker looks whether the pass may end."""


def cores() -> int:
    """Count the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class LocalPass:
    """A ``LayerPass`` over one layer of an opened source; ``on_rows`` hears of the rows of each batch, one call a time.

    ``endings`` name the denials that end the pass early; the facts are not complete then.

    Raises: UnreadableError when the rows cannot be read to the end, or are not as many as the file claims. Of several
    errors the one in the lowest part of the layer is raised, whatever the threads.
    """

    source: Source
    layer: LayerSchema
    crs: pyproj.CRS
    on_rows: Callable[[int], None]
    tools: Tools = PLAIN
    workers: int = field(default_factory=cores)
    endings: tuple[Ending, ...] = ()

    def __call__(self, measures: Sequence[Measure[Any]], /) -> LayerFacts:
        """Answer all measures from one pass."""
        # Reading allocates objects; each few hundred would make the collector walk all that the libraries made before.
        gc.freeze()
        try:
            return self._measured(measures)
        finally:
            gc.unfreeze()

    def _measured(self, measures: Sequence[Measure[Any]]) -> LayerFacts:
        parts = self.source.parts(self.layer) if isinstance(self.source, SplitSource) else ()
        if isinstance(self.source, SplitSource) and len(parts) > 1:
            with Crew(measures, self.tools, min(self.workers, len(parts))) as crew:
                complete = _InParts(self, self.source, crew).measure(parts)
        else:
            with Crew(measures, self.tools, min(self.workers, MOST_BEHIND_ONE_READER)) as crew:
                complete = self._measure_stream(crew)
        rows = sum(worker.rows for worker in crew.workers)
        if complete and self.layer.rows is not None and rows != self.layer.rows:
            raise UnreadableError(
                f"{rows} rows were read where the file claims {self.layer.rows}",
                remedy="export the file again; it is damaged or was cut short",
                layer=self.layer.name,
            )
        values = merged(crew.workers, measures)
        return LayerFacts(rows=rows, values=values, complete=complete, claimed=self.layer.rows)

    def _measure_stream(self, crew: Crew) -> bool:
        """Read here and let the crew measure, a few batches ahead of it; tell whether all rows were measured."""
        pending: deque[Future[int]] = deque()
        add = partial(self._add, crew)
        for number, batch in enumerate(self.source.batches(self.layer, crs=self.crs), start=1):
            pending.append(crew.submit(add, batch, look=number % BATCHES_BETWEEN_LOOKS == 0))
            del batch
            while len(pending) > len(crew.workers) + 1:
                self.on_rows(pending.popleft().result())
            if crew.over.is_set():
                break
        ended = crew.over.is_set()
        while pending:
            self.on_rows(pending.popleft().result())
        return not ended

    def _add(self, crew: Crew, worker: Worker, batch: LayerBatch, *, look: bool) -> int:
        worker.add(batch)
        if look and self.endings and ends(worker, self.endings):
            crew.over.set()
        return batch.rows


@dataclass(slots=True)
class _InParts:
    """The parts of a layer on their way through a crew."""

    run: LocalPass
    source: SplitSource
    crew: Crew
    lowest_failure: float = float("inf")
    telling: threading.Lock = field(default_factory=threading.Lock)

    def measure(self, parts: Sequence[Part]) -> bool:
        """Measure every part once; tell whether all rows were measured."""
        futures = [self.crew.submit(self._measure, part) for part in parts]
        for part, future in zip(parts, futures, strict=True):
            future.add_done_callback(partial(self._note, part))
        # In the order of the parts, so that the lowest failure is raised.
        read = [future.result() for future in futures]
        if None in read:
            return False
        if [*read] != [part.rows for part in parts]:
            raise UnreadableError(
                "a part of the layer was not measured exactly once", remedy="report this: it is a fault of geogate"
            )
        return True

    def _note(self, part: Part, future: Future[int | None]) -> None:
        if not future.cancelled() and future.exception() is not None:
            with self.telling:
                self.lowest_failure = min(self.lowest_failure, part.number)

    def _measure(self, worker: Worker, part: Part) -> int | None:
        """Read and measure a part; return its rows, or ``None`` when the pass ended meanwhile."""
        rows, endings = 0, self.run.endings
        stream = self.source.part_batches(self.run.layer, part, crs=self.run.crs)
        for number, batch in enumerate(stream, start=1):
            # What lies above a failure is not looked at; what lies below may fail too, and goes on.
            if self.crew.over.is_set() or part.number > self.lowest_failure:
                return None
            worker.add(batch)
            rows += batch.rows
            with self.telling:
                self.run.on_rows(batch.rows)
            # Not in memory any more while the next one is read.
            del batch
            if endings and number % BATCHES_BETWEEN_LOOKS == 0 and ends(worker, endings):
                self.crew.over.set()
        if endings and ends(worker, endings):
            self.crew.over.set()
        return rows
