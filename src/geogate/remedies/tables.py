"""Cells of tables that are suppressed: small ones first, then others until none follows from the sums.

The smallest cells go first, because they cost the least; a total goes only where its parts are all suppressed. What is
suppressed is judged by the measures that the rules use, so that both say the same.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from operator import ge, gt
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from geogate.measures.cells import cells_of, is_called, plain
from geogate.measures.table_cells import NUMBER, SUPPRESSED, TOTAL, TableCells, WholeTable
from geogate.measures.table_recovery import followers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from geogate.remedies.changes import SuppressCells, TableRule
    from geogate.remedies.rows import Rows, Stream

    Key = tuple[int, ...]
    Bools = NDArray[np.bool_]

MOST_ROUNDS: Final = 200
"""Rounds after which nothing more is tried; each suppresses at least one cell, and what is left the screen finds."""


def suppressed(stream: Stream, change: SuppressCells) -> Iterator[Rows]:
    """Suppress cells; the table is read once before, as far as it has sums.

    Raises: UnmeasurableError when it is too large to look through its sums.
    """
    tables = [_Table.read(stream, change, rule) for rule in change.tables]
    changed = True
    while changed:
        # A cell that stands in two layouts is suppressed in both.
        changed = False
        gone = _together(table.protect() for table in tables)
        for table in tables:
            changed |= table.take(gone)
    gone = _together(table.empty() for table in tables)
    first = 0
    for rows in stream():
        yield emptied(rows, change, gone, first)
        first += len(rows)


def _together(several: Iterable[dict[str, set[int]]]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for each in several:
        for column, places in each.items():
            found[column] |= places
    return found


def emptied(rows: Rows, change: SuppressCells, gone: dict[str, set[int]], first: int) -> Rows:
    """Empty the cells that are too small, and those of the rows that are named by their column."""
    columns: dict[str, Any] = {}
    listed = {name for rule in change.tables for name in rule.shape.value_columns}
    for name, column in zip(rows.attributes.schema.names, rows.attributes.columns, strict=True):
        if name not in listed and not any(is_called(name, limits.columns) for limits, _ in change.small):
            continue
        mask = _small(name, column, change)
        mask[[place - first for place in gone.get(name, ()) if first <= place < first + len(rows)]] = True
        # Also where nothing is emptied, so that every batch has the same types.
        columns[name] = _without(column, mask)
    return rows.with_columns(columns)


def _without(column: Any, mask: Bools) -> Any:
    values = plain(column)
    return pa.compute.if_else(pa.array(mask), pa.scalar(None, values.type), values)


def _small(name: str, column: Any, change: SuppressCells) -> Bools:
    """Mark the cells that count too few, or say zero where they must not."""
    found = np.zeros(len(column), np.bool_)
    for limits, zero_allowed in change.small:
        if is_called(name, limits.columns):
            cells = cells_of(column, limits.suppressed)
            enough = {">=": ge, ">": gt}[limits.operator](cells.values, limits.minimum)
            found |= cells.number & ~enough & ((cells.values != 0) | (not zero_allowed))
    return found


@dataclass(slots=True, kw_only=True)
class _Table:
    """The cells of one layout in the order of the rows: states change from ``NUMBER`` to ``SUPPRESSED`` only."""

    rule: TableRule
    cells: TableCells
    table: Any
    places: dict[Key, int] = field(default_factory=dict)

    @classmethod
    def read(cls, stream: Stream, change: SuppressCells, rule: TableRule) -> _Table:
        measure = WholeTable(rule.shape)
        parts = [measure.empty().table()]
        for rows in stream():
            found, _ = measure.rows_of(rows.batch())
            found = found.copy()
            for place, name in enumerate(rule.shape.value_columns):
                if len(found):
                    small = _small(name, rows.attributes.column(name), change)
                    found["states"][:, place][small] = SUPPRESSED
            parts.append(found)
        table = np.concatenate(parts)
        return cls(
            rule=rule,
            cells=measure.empty(),
            table=table,
            places={tuple(keys): row for row, keys in enumerate(table["keys"].tolist())},
        )

    def empty(self) -> dict[str, set[int]]:
        """List the suppressed cells: rows by the name of their column."""
        names = self.rule.shape.value_columns
        return {
            name: {*np.flatnonzero(self.table["states"][:, place] == SUPPRESSED).tolist()}
            for place, name in enumerate(names)
        }

    def take(self, gone: dict[str, set[int]]) -> bool:
        """Suppress what another layout suppresses; tell whether that was anything new."""
        before = int((self.table["states"] == SUPPRESSED).sum())
        for place, name in enumerate(self.rule.shape.value_columns):
            self.table["states"][sorted(gone.get(name, ())), place] = SUPPRESSED
        return int((self.table["states"] == SUPPRESSED).sum()) > before

    def protect(self) -> dict[str, set[int]]:
        """Suppress cells until each sum has enough and none follows."""
        for _ in range(MOST_ROUNDS):
            while self._fill_sums():
                pass
            following = followers(self._measured(), total_value=self.rule.total_value)
            if not following or not self._protect(following):
                break
        return self.empty()

    def _measured(self) -> TableCells:
        rows = self.table
        return _joined(self.cells, rows)

    def _fill_sums(self) -> bool:
        """Suppress one more part of each sum that has too few, its total where no part is left."""
        changed = False
        for absent, total, parts in self._lines():
            states = [self._state(key) for key in parts]
            few = 0 < states.count(SUPPRESSED) < self.rule.at_least
            if self._state(total) == NUMBER and (few or self._leaves_out(absent, total, parts)):
                changed |= self._suppress_one(total, parts if few else ())
        return changed

    def _leaves_out(self, absent: int, total: Key, parts: list[Key]) -> bool:
        """Tell whether a row that is not there would follow."""
        if absent != 1 or any(self._state(key) != NUMBER for key in parts):
            return False
        return self._value(total) > sum(self._value(key) for key in parts)

    def _protect(self, following: frozenset[Key]) -> bool:
        """Suppress one more cell in a sum of each cell that follows."""
        changed = False
        for _, total, parts in self._lines():
            if any(key in following for key in (total, *parts)):
                changed |= self._suppress_one(total, parts)
        return changed

    def _suppress_one(self, total: Key, parts: Iterable[Key]) -> bool:
        open_parts = [key for key in parts if self._state(key) == NUMBER]
        # Zeros protect least: where nothing is left to share they follow at once.
        ranked = sorted(open_parts, key=lambda key: (self._value(key) <= 0, self._value(key), key))
        for key in (*ranked, total):
            if self._state(key) == NUMBER:
                row, place = self._at(key)
                self.table["states"][row, place] = SUPPRESSED
                return True
        return False

    def _lines(self) -> Iterator[tuple[int, Key, list[Key]]]:
        """Give every sum: how many labels have no cell in it, its total, and its parts."""
        keys = [(*row, place) for row in self.places for place in self._columns()]
        axes = len(self.rule.shape.group_columns) + (self.rule.total_value is not None)
        for axis in range(axes):
            lines: dict[Key, list[Key]] = defaultdict(list)
            for key in keys:
                lines[(*key[:axis], *key[axis + 1 :])].append(key)
            labels = len({key[axis] for key in keys} - {TOTAL})
            for line in lines.values():
                totals = [key for key in line if key[axis] == TOTAL]
                if totals and len(line) > 1:
                    yield labels - len(line) + 1, totals[0], [key for key in line if key[axis] != TOTAL]

    def _columns(self) -> list[int]:
        values = range(len(self.rule.shape.value_columns))
        return [TOTAL if place == self.rule.total_value else place + 1 for place in values]

    def _at(self, key: Key) -> tuple[int, int]:
        total = self.rule.total_value
        place = total if key[-1] == TOTAL and total is not None else key[-1] - 1
        return self.places[key[:-1]], place

    def _state(self, key: Key) -> int:
        return int(self.table["states"][self._at(key)])

    def _value(self, key: Key) -> float:
        return float(self.table["values"][self._at(key)])


def _joined(empty: TableCells, rows: Any) -> TableCells:
    """Pack rows as the measure does."""
    from base64 import b64encode

    order = sorted(range(len(rows)), key=[row.tobytes() for row in rows].__getitem__)
    return replace(empty, rows=b64encode(rows[order].tobytes()).decode("ascii"))
