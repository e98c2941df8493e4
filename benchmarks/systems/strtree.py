"""Shapely's STRtree over the zones, asked batch by batch from threads."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.parquet as pq
import shapely

from benchmarks.question import GEOMETRY, Pairs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path

    import pyarrow as pa

    from benchmarks.question import Ints, Question

BATCH_ROWS = 65_536


def read_zones(path: Path) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Read the zones as shapely geometries, in the order of their numbers."""
    return np.asarray(shapely.from_wkb(pq.read_table(path).column(GEOMETRY).to_numpy()))


class STRtree:
    """Bounded memory: a batch a thread, and as many again that were read ahead."""

    def __init__(self, question: Question) -> None:
        self._question = question

    def counts(self) -> Ints:
        """Count the pairs of each zone."""
        counts = np.zeros(self._question.zone_count, np.int64)
        for _, found in self._found():
            counts += np.bincount(found[1], minlength=len(counts))
        return counts

    def pairs(self) -> Pairs:
        """Collect the pairs of all batches."""
        found = [(first + rows, zones) for first, (rows, zones) in self._found()]
        rows, zones = (np.concatenate(parts).astype(np.int64) for parts in zip(*found, strict=True))
        return Pairs(row=rows, zone=zones)

    def _found(self) -> Iterator[tuple[int, Ints]]:
        tree = shapely.STRtree(read_zones(self._question.planar_zones))
        pending: deque[tuple[int, Future[Ints]]] = deque()
        first = 0
        with (
            pq.ParquetFile(self._question.planar_layer) as file,
            ThreadPoolExecutor(self._question.threads) as pool,
        ):
            for batch in file.iter_batches(BATCH_ROWS, columns=[GEOMETRY]):
                pending.append((first, pool.submit(self._query, tree, batch)))
                first += batch.num_rows
                while len(pending) > 2 * self._question.threads:
                    yield pending[0][0], pending.popleft()[1].result()
            while pending:
                yield pending[0][0], pending.popleft()[1].result()

    def _query(self, tree: shapely.STRtree, batch: pa.RecordBatch) -> Ints:
        shapes = np.asarray(shapely.from_wkb(batch.column(0).to_numpy(zero_copy_only=False)))
        if self._question.within_m:
            return np.asarray(tree.query(shapes, predicate="dwithin", distance=self._question.within_m))
        return np.asarray(tree.query(shapes, predicate="intersects"))
