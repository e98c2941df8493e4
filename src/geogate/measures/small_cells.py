"""How many cells of the count columns of a table are small, zero, not rounded, suppressed or no numbers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from operator import ge, gt
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from geogate.measures.cells import cells_of, is_called
from geogate.measures.hidden.columns_leaves import leaves
from geogate.measures.measure import MeasureId, Summed, UnmeasurableError
from geogate.model.document import canonical_json

if TYPE_CHECKING:
    from geogate.measures.batch import LayerBatch
    from geogate.measures.cells import Cells
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

UNROUNDED: Final = 0
"""The base of numbers that need not be rounded."""

_DIGEST: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class CellLimits:
    """Which columns have counts, and what a cell is compared with; ``suppressed`` are marks besides an empty cell."""

    columns: tuple[str, ...]
    minimum: int
    operator: Literal[">=", ">"]
    rounding_base: int
    suppressed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCounts:
    """The cells of all count columns; ``columns`` is how many there are, ``None`` where no batch was seen.

    ``small`` are numbers below the minimum, negative ones among them, but zeros. ``unrounded`` are no multiples of the
    base. ``unread`` are neither numbers nor suppressed.
    """

    columns: int | None = None
    numbers: int = 0
    small: int = 0
    zeros: int = 0
    unrounded: int = 0
    suppressed: int = 0
    unread: int = 0

    def __add__(self, other: CellCounts) -> CellCounts:
        if None not in {self.columns, other.columns} and self.columns != other.columns:
            raise UnmeasurableError("the rows of one layer have different columns")
        return CellCounts(
            columns=other.columns if self.columns is None else self.columns,
            numbers=self.numbers + other.numbers,
            small=self.small + other.small,
            zeros=self.zeros + other.zeros,
            unrounded=self.unrounded + other.unrounded,
            suppressed=self.suppressed + other.suppressed,
            unread=self.unread + other.unread,
        )


@dataclass(frozen=True, slots=True)
class SmallCells:
    """Counts the cells of the columns whose names fit."""

    limits: CellLimits

    @property
    def id(self) -> MeasureId:
        """Names the limits by their digest."""
        return MeasureId(f"small-cells:{hashlib.sha256(canonical_json(self.limits).encode()).hexdigest()[:_DIGEST]}")

    def empty(self) -> CellCounts:
        """Return the measurement of no rows."""
        return CellCounts()

    def tally(self, tools: Tools) -> Tally[CellCounts]:
        """Begin to measure many batches."""
        del tools
        return Summed(self)

    def of(self, batch: LayerBatch) -> CellCounts:
        """Count the cells of one batch.

        Raises: UnmeasurableError when a column cannot be looked into.
        """
        own = [leaf for leaf in leaves(batch.attributes) if is_called(leaf.name, self.limits.columns)]
        found = CellCounts(columns=len(own))
        for leaf in own:
            found += self._counted(cells_of(leaf.values, self.limits.suppressed), len(own))
        return found

    def _counted(self, cells: Cells, columns: int) -> CellCounts:
        values = cells.values[cells.number]
        zero = values == 0
        enough = {">=": ge, ">": gt}[self.limits.operator](values, self.limits.minimum)
        base = self.limits.rounding_base
        return CellCounts(
            columns=columns,
            numbers=len(values),
            small=int(np.count_nonzero(~enough & ~zero)),
            zeros=int(np.count_nonzero(zero)),
            unrounded=0 if base == UNROUNDED else int(np.count_nonzero(np.fmod(values, base) != 0)),
            suppressed=int(np.count_nonzero(cells.suppressed)),
            unread=int(np.count_nonzero(cells.unread)),
        )
