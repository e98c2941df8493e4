"""The contract between measures and whatever runs the pass: values with ``empty()``, ``of(batch)`` and ``+``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NewType, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from geogate.measures.batch import LayerBatch

MeasureId = NewType("MeasureId", str)
"""Names a measure with its parameters, short and stable: ``lattice``, ``zone-hits:<list digest>:<buffer_m>``."""


class Measurement(Protocol):
    """What a measure found in some rows: a frozen dataclass of plain data, JSON-able by ``geogate.model.document``.

    ``+`` is associative and commutative and ``Measure.empty()`` is neutral, to the bit: the result does not depend
    on how the stream is cut nor in which order the parts merge.
    """

    def __add__(self, other: Self, /) -> Self:
        """Merge with the measurement of other rows of the same layer."""
        ...


M = TypeVar("M", bound=Measurement)
M_co = TypeVar("M_co", bound=Measurement, covariant=True)


class Measure(Protocol[M_co]):
    """How to measure a batch; frozen, hashable by ``id``, safe to use from several threads at once."""

    @property
    def id(self) -> MeasureId:
        """The measure's name with its parameters."""
        ...

    def empty(self) -> M_co:
        """Return the measurement of no rows."""
        ...

    def of(self, batch: LayerBatch) -> M_co:
        """Measure the rows of one batch.

        Raises: UnmeasurableError when the rows cannot be measured; never returns a guess.
        """
        ...


class UnmeasurableError(Exception):
    """Rows that a measure cannot judge; the gate denies. The message has counts and row numbers, no coordinate."""
