"""How finely a layer's columns tell moments apart; how finely they may is for the rules to say.

A moment's class is the coarsest step on which it lies, in UTC where the column has a time zone. Texts count where they
hold a time of day, so that a format without types hides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from geogate.measures.clocks import DAY, NO_TIME, STEPS, clock_classes
from geogate.measures.measure import MeasureId, Summed, UnmeasurableError
from geogate.measures.moment_columns import leaves, ticks_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.byte_values import ByteValues
    from geogate.measures.measure import Tally
    from geogate.measures.moment_columns import Leaf
    from geogate.measures.tools import Tools

    StepCounter = Callable[[NDArray[np.int64], int], NDArray[np.int64]]
    """Counts ticks of some nanoseconds by the class of their step."""

    ClockReader = Callable[[ByteValues], NDArray[np.int8]]

CLASSES: Final = len(STEPS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnTimes:
    """The moments of one column, or of one field within it, by the coarsest of ``STEPS`` on which they lie.

    ``kind`` is ``time`` for a column of moments, dates or times of day, ``text`` for one of texts. ``nulls`` are the
    values that are missing; ``unread`` are texts that are neither a date nor hold a time of day.

    Shape: ``counts`` has an entry for each of ``STEPS``.
    """

    name: str
    kind: Literal["time", "text"]
    counts: tuple[int, ...]
    nulls: int
    unread: int

    def __add__(self, other: ColumnTimes) -> ColumnTimes:
        if (self.name, self.kind) != (other.name, other.kind):
            raise UnmeasurableError("the rows of one layer have different columns")
        return ColumnTimes(
            name=self.name,
            kind=self.kind,
            counts=tuple(one + more for one, more in zip(self.counts, other.counts, strict=True)),
            nulls=self.nulls + other.nulls,
            unread=self.unread + other.unread,
        )

    @property
    def finest(self) -> int | None:
        """The class of the finest moment; ``None`` without any."""
        return next((place for place, count in enumerate(self.counts) if count), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeResolution:
    """The columns that have moments or texts, in the layer's order; ``None`` where no batch was seen."""

    columns: tuple[ColumnTimes, ...] | None

    def __add__(self, other: TimeResolution) -> TimeResolution:
        if self.columns is None or other.columns is None:
            return other if self.columns is None else self
        if len(self.columns) != len(other.columns):
            raise UnmeasurableError("the rows of one layer have different columns")
        return TimeResolution(columns=tuple(one + more for one, more in zip(self.columns, other.columns, strict=True)))


@dataclass(frozen=True, slots=True)
class TimeSteps:
    """Measure the steps on which the moments of all columns lie."""

    @property
    def id(self) -> MeasureId:
        """The measure has no parameters."""
        return MeasureId("time-steps")

    def empty(self) -> TimeResolution:
        """Return the measurement of no rows."""
        return TimeResolution(columns=None)

    def tally(self, tools: Tools) -> Tally[TimeResolution]:
        """Begin to measure many batches."""
        if not tools.kernels:
            return Summed(self)
        from geogate.measures.time_steps_tally import TimeTally

        return TimeTally()

    def of(self, batch: LayerBatch) -> TimeResolution:
        """Measure the columns of one batch.

        Raises: UnmeasurableError when a column is of a kind whose values cannot be listed.
        """
        return TimeResolution(
            columns=tuple(column_times(leaf, _count_steps, clock_classes) for leaf in leaves(batch.attributes))
        )


def column_times(leaf: Leaf, count_steps: StepCounter, read_clocks: ClockReader) -> ColumnTimes:
    """Count the moments of one column by their class.

    Raises: UnmeasurableError when its texts do not lie within their buffer.
    """
    if leaf.kind == "time":
        moments = leaf.values.drop_null() if leaf.values.null_count else leaf.values
        counts, unread = count_steps(*ticks_of(moments)), 0
    else:
        classes = leaf.text_classes(read_clocks)
        counts = np.bincount(classes[classes != NO_TIME], minlength=CLASSES)
        unread = int(np.count_nonzero(classes == NO_TIME))
    return ColumnTimes(
        name=leaf.name, kind=leaf.kind, counts=tuple(counts.tolist()), nulls=leaf.values.null_count, unread=unread
    )


def _count_steps(ticks: NDArray[np.int64], tick_ns: int) -> NDArray[np.int64]:
    steps = [(place, step // tick_ns) for place, (_, step) in enumerate(STEPS) if step > tick_ns]
    classes = np.full(len(ticks), DAY - len(steps))
    for _, step in steps:
        # Each step is a multiple of the one before: what lies on one lies on all before it.
        classes += ticks % step == 0
    return np.bincount(classes, minlength=CLASSES)
