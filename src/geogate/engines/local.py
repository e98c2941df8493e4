"""One pass over a layer on this machine: batches read in order, measured by a few threads, in bounded memory."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geogate.measures.measure import LayerFacts, UnmeasurableError, Unmeasured
from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    import pyproj

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.measures.source import LayerSchema, Source

WORKERS = 2
"""Threads that measure; more batches than twice as many are never in memory."""


@dataclass(frozen=True, slots=True)
class LocalPass:
    """A ``LayerPass`` over one layer of an opened source; ``on_rows`` hears how many rows each batch had.

    Raises: UnreadableError when the rows cannot be read to the end, or are not as many as the file claims.
    """

    source: Source
    layer: LayerSchema
    crs: pyproj.CRS
    on_rows: Callable[[int], None]

    def __call__(self, measures: Sequence[Measure[Any]], /) -> LayerFacts:
        """Answer all measures from one pass."""
        rows = 0
        values: dict[MeasureId, Measurement | Unmeasured] = {m.id: m.empty() for m in measures}
        for count, part in _measured(self.source.batches(self.layer, crs=self.crs), measures):
            rows += count
            values = {name: _merge(values[name], part[name]) for name in values}
            self.on_rows(count)
        if self.layer.rows is not None and rows != self.layer.rows:
            raise UnreadableError(
                f"{rows} rows were read where the file claims {self.layer.rows}",
                remedy="export the file again; it is damaged or was cut short",
                layer=self.layer.name,
            )
        return LayerFacts(rows=rows, values=values)


def _merge(whole: Measurement | Unmeasured, part: Measurement | Unmeasured) -> Measurement | Unmeasured:
    if isinstance(whole, Unmeasured):
        return whole
    if isinstance(part, Unmeasured):
        return part
    try:
        return whole + part
    except UnmeasurableError as error:
        return Unmeasured(reason=str(error))


def _measure(batch: LayerBatch, measures: Sequence[Measure[Any]]) -> dict[MeasureId, Measurement | Unmeasured]:
    found: dict[MeasureId, Measurement | Unmeasured] = {}
    for measure in measures:
        try:
            found[measure.id] = measure.of(batch)
        except UnmeasurableError as error:
            found[measure.id] = Unmeasured(reason=str(error))
    return found


def _measured(
    batches: Iterator[LayerBatch], measures: Sequence[Measure[Any]]
) -> Iterator[tuple[int, Mapping[MeasureId, Measurement | Unmeasured]]]:
    """Yield the row count and the measurements of each batch in order; reading runs ahead by a few batches only."""
    pending: deque[tuple[int, Future[dict[MeasureId, Measurement | Unmeasured]]]] = deque()
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="geogate-measure") as pool:
        for batch in batches:
            pending.append((batch.rows, pool.submit(_measure, batch, measures)))
            while len(pending) > 2 * WORKERS:
                rows, future = pending.popleft()
                yield rows, future.result()
        while pending:
            rows, future = pending.popleft()
            yield rows, future.result()
