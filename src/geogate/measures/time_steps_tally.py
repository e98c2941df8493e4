"""The tally of time steps by compiled kernels; ``geogate.measures.time_steps`` is the reference."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from geogate.kernels.inputs import read_only
from geogate.kernels.time_steps import class_clocks, count_steps, divisor_of, surely_no_times
from geogate.measures.clocks import STEPS
from geogate.measures.moment_columns import leaves
from geogate.measures.time_steps import CLASSES, ColumnTimes, TimeResolution, column_times

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.byte_values import ByteValues
    from geogate.measures.moment_columns import Leaf


class TimeTally:
    """Adds what each batch has; what is kept of a batch is small."""

    def __init__(self) -> None:
        self._sum = TimeResolution(columns=None)
        self._guesses: dict[int, int] = {}

    def add(self, batch: LayerBatch, /) -> None:
        """Measure the columns of one more batch.

        Raises: UnmeasurableError when a column is of a kind whose values cannot be listed, or batches differ.
        """
        columns = tuple(self._column(leaf) for leaf in leaves(batch.attributes))
        self._sum = self._sum + TimeResolution(columns=columns)

    def measurement(self) -> TimeResolution:
        """Return the sum."""
        return self._sum

    def _column(self, leaf: Leaf) -> ColumnTimes:
        if leaf.kind == "text" and _surely_no_times(leaf.values):
            nulls = leaf.values.null_count
            return ColumnTimes(
                name=leaf.name, kind=leaf.kind, counts=(0,) * CLASSES, nulls=nulls, unread=len(leaf.values) - nulls
            )
        return column_times(leaf, self._count_steps, _classes)

    def _count_steps(self, ticks: NDArray[np.int64], tick_ns: int) -> NDArray[np.int64]:
        divisors = _divisors(tick_ns)
        counts = np.zeros(CLASSES, np.int64)
        own = counts[CLASSES - 1 - len(divisors) :]
        guess = self._guesses.get(tick_ns, 0)
        self._guesses[tick_ns] = int(count_steps(read_only(ticks), divisors, own, guess))
        return counts


@lru_cache
def _divisors(tick_ns: int) -> NDArray[np.uint64]:
    steps = [divisor_of(step // tick_ns) for _, step in STEPS if step > tick_ns]
    return read_only(np.array(steps, np.uint64).reshape(-1, 3))


def _classes(texts: ByteValues) -> NDArray[np.int8]:
    classes = np.empty(len(texts.offsets) - 1, np.int8)
    class_clocks(texts.data, texts.offsets, classes)
    return classes


def _surely_no_times(texts: pa.Array) -> bool:
    """Tell whether texts that are no dictionary surely have no times; the texts of null rows count too."""
    kind = texts.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return False
    _, offsets, data = texts.buffers()
    if offsets is None or data is None:
        return False
    every = np.frombuffer(offsets, np.int32 if pa.types.is_string(kind) else np.int64)
    own = every[texts.offset : texts.offset + len(texts) + 1]
    whole = len(own) == len(texts) + 1
    return whole and bool(surely_no_times(read_only(np.frombuffer(data, np.uint8)), read_only(own)))
