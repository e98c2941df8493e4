"""Whether the values of a point's dimensions take turns from row to row, as longitudes and latitudes would.

A dimension has one number a point. Who hides positions in it writes two numbers in turn, or three; values that were
measured have no reason to differ between even and odd rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from geogate.measures.measure import MeasureId, Summed, UnmeasurableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

PERIODS: Final = (2, 3)
TURNS: Final = 6
"""Rows are told apart by their number modulo this, from which both periods follow."""

FEWEST: Final = 30
"""With fewer values in a turn nothing is said."""

_SMALL: Final = 10_000
"""Whole numbers up to this are codes and colours."""

_STEPS: Final = 32
_LEAST, _MOST = -64, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """The values of one dimension by their size, each size with the rows in which it was met, by turn.

    ``sizes`` are signs, powers of two and sixteenths of them, ascending; ``counts[i]`` has ``TURNS`` counts of rows.
    """

    name: str
    sizes: tuple[int, ...] = ()
    counts: tuple[tuple[int, ...], ...] = ()

    def __add__(self, other: Turns) -> Turns:
        """Add the values of other rows."""
        if self.name != other.name:
            raise UnmeasurableError("the rows of one layer have different columns")
        found = dict(zip(self.sizes, self.counts, strict=True))
        for size, counts in zip(other.sizes, other.counts, strict=True):
            mine = found.get(size, (0,) * TURNS)
            found[size] = tuple(one + more for one, more in zip(mine, counts, strict=True))
        sizes = sorted(found)
        return Turns(name=self.name, sizes=tuple(sizes), counts=tuple(found[size] for size in sizes))

    @property
    def separation(self) -> float:
        """How far the sizes of two turns differ, from 0 for not at all to 1 for no size in common."""
        counts = np.array(self.counts, np.int64).reshape(-1, TURNS)
        return max((_separation(counts, period) for period in PERIODS), default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PointTurns:
    """The dimensions of a layer; ``None`` before the first row."""

    columns: tuple[Turns, ...] | None = None

    def __add__(self, other: PointTurns) -> PointTurns:
        """Add other rows."""
        if self.columns is None or other.columns is None:
            return other if self.columns is None else self
        if len(self.columns) != len(other.columns):
            raise UnmeasurableError("the rows of one layer have different columns")
        return PointTurns(columns=tuple(one + more for one, more in zip(self.columns, other.columns, strict=True)))


@dataclass(frozen=True, slots=True)
class PointValues:
    """Looks how the values of each dimension take turns."""

    @property
    def id(self) -> MeasureId:
        """The measure has no parameters."""
        return MeasureId("point-values")

    def empty(self) -> PointTurns:
        """Return the measurement of no rows."""
        return PointTurns()

    def tally(self, tools: Tools) -> Tally[PointTurns]:
        """Begin to measure many batches."""
        del tools
        return Summed(self)

    def of(self, batch: LayerBatch) -> PointTurns:
        """Look at the dimensions of one batch.

        Raises: UnmeasurableError when batches differ in their columns.
        """
        attributes = batch.attributes
        turn = (np.arange(attributes.num_rows) + batch.first_row) % TURNS
        return PointTurns(
            columns=tuple(
                _turns(field.name, column, turn)
                for field, column in zip(attributes.schema, attributes.columns, strict=True)
                if pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
            )
        )


def _turns(name: str, column: Any, turn: NDArray[np.int64]) -> Turns:
    values = np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
    some = np.isfinite(values) & (values != 0)
    if pa.types.is_integer(column.type):
        some &= np.abs(values) > _SMALL
    share, power = np.frexp(np.abs(values[some]))
    size = (np.clip(power, _LEAST, _MOST).astype(np.int64) * _STEPS + (share * _STEPS).astype(np.int64)) * 2
    size += values[some] < 0
    found, place = np.unique(size, return_inverse=True)
    counts = np.zeros((len(found), TURNS), np.int64)
    np.add.at(counts, (place, turn[some]), 1)
    return Turns(name=name, sizes=tuple(found.tolist()), counts=tuple(map(tuple, counts.tolist())))


def _separation(counts: NDArray[np.int64], period: int) -> float:
    """Compare every two turns of a period; the most different ones count."""
    turns = [counts[:, start::period].sum(axis=1) for start in range(period)]
    if any(turn.sum() < FEWEST for turn in turns):
        return 0.0
    shares = [turn / turn.sum() for turn in turns]
    return max(
        1.0 - float(np.minimum(one, other).sum()) for place, one in enumerate(shares) for other in shares[place + 1 :]
    )
