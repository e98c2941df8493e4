"""The contract between measures and whatever runs the pass: values with ``empty()``, ``of(batch)`` and ``+``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NewType, Protocol, Self, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geogate.measures.batch import LayerBatch
    from geogate.measures.tools import Tools

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


@runtime_checkable
class Sparing(Protocol):
    """A measurement that says more than the ledger keeps: what cells count, who gives what, or who was where."""

    def kept(self) -> Measurement:
        """Return what may be kept; a rule that needs more of it cannot be judged by it, and says so."""
        ...


M = TypeVar("M", bound=Measurement)
M_co = TypeVar("M_co", bound=Measurement, covariant=True)


class Tally(Protocol[M_co]):
    """What one worker has measured so far; it belongs to one thread. Tallies of several workers merge by ``+``."""

    def add(self, batch: LayerBatch, /) -> None:
        """Measure the rows of one more batch.

        Raises: UnmeasurableError when the rows cannot be measured; the tally is worthless then.
        """
        ...

    def measurement(self) -> M_co:
        """Return the measurement of all rows that were added."""
        ...


@runtime_checkable
class Joint(Protocol[M_co]):
    """A tally that can measure together with those of other workers, where that is cheaper than to merge by ``+``."""

    def together(self, others: Sequence[Self], /) -> M_co:
        """Return the measurement of all rows that were added to this tally and to others of the same measure.

        Nothing is changed, and it is what their measurements give by ``+``, to the bit.
        """
        ...


class Measure(Protocol[M_co]):
    """How to measure a batch; frozen, hashable by ``id``, pickled to other processes, safe to use from several threads.

    It is light: what takes long to make, such as a compiled zone index, is made for a tally.
    """

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

    def tally(self, tools: Tools) -> Tally[M_co]:
        """Begin to measure many batches.

        Raises: PolicyError, ServiceError when what is needed for it cannot be had.
        """
        ...


class Summed(Generic[M]):
    """The tally of a measure whose measurements are small: the sum of what each batch gives."""

    def __init__(self, measure: Measure[M]) -> None:
        self._measure = measure
        self._sum = measure.empty()

    def add(self, batch: LayerBatch, /) -> None:
        """Measure one more batch.

        Raises: UnmeasurableError.
        """
        self._sum = self._sum + self._measure.of(batch)

    def measurement(self) -> M:
        """Return the sum."""
        return self._sum


class UnmeasurableError(Exception):
    """Rows that a measure cannot judge; the gate denies. The message has counts and row numbers, no coordinate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmeasured:
    """Why a measure has no measurement of a layer; a rule that needs it cannot pass."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFacts:
    """What one pass over a layer found: the rows that were read, and one value for each measure that was asked for.

    ``complete`` is false where the pass ended before the last row, because what it had found denies already; such facts
    can do nothing but deny. ``claimed`` are the rows that the file claims, ``None`` where it makes no claim.
    """

    rows: int
    values: Mapping[MeasureId, Measurement | Unmeasured]
    complete: bool = True
    claimed: int | None = None


class LayerPass(Protocol):
    """Something that can measure a layer: a pass over its rows, or facts that were kept from an earlier one."""

    def __call__(self, measures: Sequence[Measure[Any]], /) -> LayerFacts:
        """Answer all measures from one pass.

        Raises: geogate.measures.source.UnreadableError when the rows cannot be read to the end.
        """
        ...
