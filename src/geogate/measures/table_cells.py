"""All cells of a table with what tells them apart, so that its sums can be looked through; bounded, or not at all."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.cells import cells_of, column_of, labels_of, row_digests
from geogate.measures.measure import MeasureId, UnmeasurableError
from geogate.model.document import canonical_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

    Numbers = NDArray[Any]

MOST_CELLS: Final = 250_000
"""The most cells of one table; what has more is not looked through, and a rule that needs it cannot pass."""

NUMBER: Final = 0
SUPPRESSED: Final = 1
UNREAD: Final = 2

TOTAL: Final = 0
"""Stands for the label of totals in place of a digest."""

_DIGEST: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TableShape:
    """How a table is laid out: the columns whose labels tell rows apart, those with values, and marks.

    ``total_labels`` stand in a group column for all of its labels. ``suppressed`` are marks besides an empty cell.
    """

    group_columns: tuple[str, ...]
    value_columns: tuple[str, ...]
    total_labels: tuple[str, ...]
    suppressed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableCells:
    """The cells of a table, row by row, in an order of their own; ``missing`` are columns that there are not.

    ``rows`` packs for each row a word for each group column, ``TOTAL`` for a label of totals, and for each value column
    the number and what it is: ``NUMBER``, ``SUPPRESSED`` or ``UNREAD``. ``withheld`` says that they were left out.
    """

    groups: int
    values: int
    missing: tuple[str, ...] = ()
    rows: str = ""
    withheld: bool = False

    def __add__(self, other: TableCells) -> TableCells:
        if (self.groups, self.values) != (other.groups, other.values):
            raise UnmeasurableError("tables of different layouts cannot be put together")
        both = np.concatenate([self.table(), other.table()])
        missing = tuple(sorted({*self.missing, *other.missing}))
        return TableCells(groups=self.groups, values=self.values, missing=missing, rows=_packed(both, self.values))

    def table(self) -> Numbers:
        """Unpack the rows as a structured array with ``keys``, ``values`` and ``states``.

        Raises: UnmeasurableError when they were not kept.
        """
        if self.withheld:
            raise UnmeasurableError("the cells of the table were not kept")
        return np.frombuffer(b64decode(self.rows), _layout(self.groups, self.values))

    def kept(self) -> TableCells:
        """Leave out what the cells say."""
        return replace(self, rows="", withheld=True)


@dataclass(frozen=True, slots=True)
class WholeTable:
    """Collects the cells of a table."""

    shape: TableShape

    @property
    def id(self) -> MeasureId:
        """Names the layout by its digest."""
        return MeasureId(f"table-cells:{hashlib.sha256(canonical_json(self.shape).encode()).hexdigest()[:_DIGEST]}")

    def empty(self) -> TableCells:
        """Return the measurement of no rows."""
        return TableCells(groups=len(self.shape.group_columns), values=len(self.shape.value_columns))

    def tally(self, tools: Tools) -> Tally[TableCells]:
        """Begin to measure many batches."""
        del tools
        return _Tally(self)

    def of(self, batch: LayerBatch) -> TableCells:
        """Collect the cells of one batch.

        Raises: UnmeasurableError when labels have parts, or the table is too large.
        """
        rows, missing = self.rows_of(batch)
        return replace(self.empty(), missing=missing, rows=_packed(rows, len(self.shape.value_columns)))

    def rows_of(self, batch: LayerBatch) -> tuple[Numbers, tuple[str, ...]]:
        """Give the rows of one batch, none where columns are missing, and the names of those.

        Raises: UnmeasurableError.
        """
        shape = self.shape
        groups = [column_of(batch, name) for name in shape.group_columns]
        values = [column_of(batch, name) for name in shape.value_columns]
        names = zip((*shape.group_columns, *shape.value_columns), (*groups, *values), strict=True)
        missing = tuple(sorted({name for name, column in names if column is None}))
        rows = np.zeros(0 if missing else batch.rows, _layout(len(groups), len(values)))
        if missing:
            return rows, missing
        for place, column in enumerate(groups):
            rows["keys"][:, place] = self._keys(labels_of(column))
        for place, column in enumerate(values):
            cells = cells_of(column, shape.suppressed)
            rows["values"][:, place] = cells.values
            rows["states"][:, place] = np.where(cells.number, NUMBER, np.where(cells.suppressed, SUPPRESSED, UNREAD))
        return rows, ()

    def _keys(self, labels: pa.Array) -> Numbers:
        """Give each label a word, the same whatever the case of its letters and the blanks around it."""
        folded = pc.utf8_lower(pc.utf8_trim_whitespace(labels))
        totals = [label.strip().lower() for label in self.shape.total_labels]
        is_total = pc.is_in(folded, value_set=pa.array(totals, folded.type)).to_numpy(zero_copy_only=False)
        return np.where(is_total, np.uint64(TOTAL), row_digests([folded], len(labels))[:, 0] | np.uint64(1))


class _Tally:
    """Keeps rows as arrays until they are asked for."""

    def __init__(self, measure: WholeTable) -> None:
        self._measure = measure
        self._rows: list[Numbers] = []
        self._missing: set[str] = set()
        self._count = 0

    def add(self, batch: LayerBatch, /) -> None:
        """Collect the cells of one more batch.

        Raises: UnmeasurableError.
        """
        rows, missing = self._measure.rows_of(batch)
        self._count += len(rows)
        _require_few(self._count * len(self._measure.shape.value_columns))
        self._rows.append(rows)
        self._missing |= {*missing}

    def measurement(self) -> TableCells:
        """Return all cells."""
        empty = self._measure.empty()
        rows = np.concatenate([empty.table(), *self._rows])
        return replace(empty, missing=tuple(sorted(self._missing)), rows=_packed(rows, empty.values))


def _layout(groups: int, values: int) -> np.dtype[Any]:
    return np.dtype([("keys", "<u8", (groups,)), ("values", "<f8", (values,)), ("states", "u1", (values,))])


def _require_few(cells: int) -> None:
    if cells > MOST_CELLS:
        raise UnmeasurableError(f"the table has more than {MOST_CELLS:,} cells, too many to look through its sums")


def _packed(rows: Numbers, values: int) -> str:
    """Sort and pack rows, so that equal tables give equal text."""
    _require_few(len(rows) * values)
    order = sorted(range(len(rows)), key=[row.tobytes() for row in rows].__getitem__)
    return b64encode(rows[order].tobytes()).decode("ascii")
