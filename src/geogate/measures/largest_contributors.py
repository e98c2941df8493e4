"""Tables that say of each total what the largest and the second largest contributor give: how many cells are dominated.

Whether a cell is dominated is decided exactly, on the decimals that the table has, and not on binary fractions of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from geogate.measures.cells import cells_of, column_of
from geogate.measures.measure import MeasureId, Summed
from geogate.model.document import canonical_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]

_DIGEST: Final = 16
_NEAR: Final = 1e-9
"""Cells that are as close to a limit are compared again, exactly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLimit:
    """The (n,k) rule: how the share of the ``n`` largest must compare with ``share``."""

    n: int
    share: float
    operator: Literal["<=", "<"]

    def holds(self, largest: Sequence[Fraction | int], total: Fraction | int) -> bool:
        """Tell whether the largest contributions keep to the limit."""
        return bool({"<=": le, "<": lt}[self.operator](sum(largest[: self.n]), Fraction(repr(self.share)) * total))


@dataclass(frozen=True, slots=True, kw_only=True)
class RestLimit:
    """The p% rule: how what all but the two largest give must compare with ``share`` of the largest."""

    share: float
    operator: Literal[">=", ">"]

    def holds(self, largest: Sequence[Fraction | int], total: Fraction | int) -> bool:
        """Tell whether the largest contributions keep to the limit."""
        first = largest[0] if largest else 0
        return bool({">=": ge, ">": gt}[self.operator](total - sum(largest[:2]), Fraction(repr(self.share)) * first))


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestColumns:
    """The columns with the largest, the second largest contribution and the total, and what they must keep to."""

    largest: str
    second: str
    total: str
    suppressed: tuple[str, ...]
    share: ShareLimit | None
    rest: RestLimit | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dominated:
    """The cells of a table: how many break each limit.

    ``empty`` have a total of zero, ``contradictory`` contributions that cannot be those of the total, ``unread`` values
    that are no numbers. ``suppressed`` cells have no value at all.
    """

    missing: tuple[str, ...] = ()
    cells: int = 0
    beyond_share: int = 0
    beyond_rest: int = 0
    empty: int = 0
    contradictory: int = 0
    suppressed: int = 0
    unread: int = 0

    def __add__(self, other: Dominated) -> Dominated:
        return Dominated(
            missing=tuple(sorted({*self.missing, *other.missing})),
            cells=self.cells + other.cells,
            beyond_share=self.beyond_share + other.beyond_share,
            beyond_rest=self.beyond_rest + other.beyond_rest,
            empty=self.empty + other.empty,
            contradictory=self.contradictory + other.contradictory,
            suppressed=self.suppressed + other.suppressed,
            unread=self.unread + other.unread,
        )


@dataclass(frozen=True, slots=True)
class LargestContributors:
    """Counts the dominated cells of a table."""

    columns: LargestColumns

    @property
    def id(self) -> MeasureId:
        """Names the columns and limits by their digest."""
        digest = hashlib.sha256(canonical_json(self.columns).encode()).hexdigest()[:_DIGEST]
        return MeasureId(f"largest-contributors:{digest}")

    def empty(self) -> Dominated:
        """Return the measurement of no rows."""
        return Dominated()

    def tally(self, tools: Tools) -> Tally[Dominated]:
        """Begin to measure many batches."""
        del tools
        return Summed(self)

    def of(self, batch: LayerBatch) -> Dominated:
        """Count in one batch.

        Raises: UnmeasurableError when there are several columns of one name.
        """
        own = self.columns
        found = {name: column_of(batch, name) for name in (own.largest, own.second, own.total)}
        missing = tuple(sorted(name for name, column in found.items() if column is None))
        if missing:
            return Dominated(missing=missing)
        first, second, total = (cells_of(column, own.suppressed) for column in found.values())
        numbers = first.number & second.number & total.number
        suppressed = first.suppressed & second.suppressed & total.suppressed
        values = [cells.values[numbers] for cells in (first, second, total)]
        return self._counted(values, suppressed=int(suppressed.sum()), unread=int((~(numbers | suppressed)).sum()))

    def _counted(self, values: Sequence[Floats], *, suppressed: int, unread: int) -> Dominated:
        first, second, total = values
        wrong = (second < 0) | (second > first) | (first + second > total * (1 + _NEAR))
        some = ~wrong & (total > 0)
        kept = [each[some] for each in values]
        return Dominated(
            cells=len(total),
            beyond_share=0 if self.columns.share is None else _beyond_share(self.columns.share, *kept),
            beyond_rest=0 if self.columns.rest is None else _beyond_rest(self.columns.rest, *kept),
            empty=int((~wrong & (total == 0)).sum()),
            contradictory=int(wrong.sum()),
            suppressed=suppressed,
            unread=unread,
        )


def _beyond_share(limit: ShareLimit, first: Floats, second: Floats, total: Floats) -> int:
    margin = limit.share * total - (first + second if limit.n > 1 else first)
    return _beyond(limit, margin, (first, second, total))


def _beyond_rest(limit: RestLimit, first: Floats, second: Floats, total: Floats) -> int:
    return _beyond(limit, total - first - second - limit.share * first, (first, second, total))


def _beyond(limit: ShareLimit | RestLimit, margin: Floats, values: tuple[Floats, Floats, Floats]) -> int:
    near = np.abs(margin) <= _NEAR * values[2]
    found = int(np.count_nonzero((margin < 0) & ~near))
    for first, second, total in zip(*(each[near].tolist() for each in values), strict=True):
        largest = (Fraction(repr(first)), Fraction(repr(second)))
        found += not limit.holds(largest, Fraction(repr(total)))
    return found
