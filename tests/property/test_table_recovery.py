"""What follows from the sums of a table against a slow reference: a cell follows if no other table fits."""

from __future__ import annotations

from fractions import Fraction
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyproj
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geogate.measures import table_cells, table_recovery
from geogate.measures.batch import LayerBatch
from geogate.measures.measure import UnmeasurableError
from geogate.measures.table_cells import TableCells, TableShape, WholeTable
from geogate.measures.table_recovery import recovery
from geogate.measures.tools import PLAIN
from geogate.model.document import canonical_json, from_json

if TYPE_CHECKING:
    from collections.abc import Iterator

WGS84 = pyproj.CRS.from_epsg(4326)
MEASURE = WholeTable(
    TableShape(group_columns=("a", "b"), value_columns=("n",), total_labels=("Total",), suppressed=("*",))
)

Cell = tuple[str, str, str]


def batch(rows: list[Cell]) -> LayerBatch:
    columns = {name: pa.array([row[place] for row in rows], pa.string()) for place, name in enumerate("abn")}
    return LayerBatch(wkb=pa.nulls(len(rows), pa.binary()), attributes=pa.record_batch(columns), crs=WGS84)


def judged(rows: list[Cell]) -> Any:
    return recovery(MEASURE.of(batch(rows)), total_value=None, at_least=2)


def published(numbers: list[list[int]], hidden: set[tuple[int, int]]) -> list[Cell]:
    """Publish a table with all its totals, some cells hidden; the totals stand last."""
    rows = [*numbers, [sum(column) for column in zip(*numbers, strict=True)]]
    whole = [[*row, sum(row)] for row in rows]
    return [
        (
            "Total" if i == len(numbers) else f"a{i}",
            "Total" if j == len(numbers[0]) else f"b{j}",
            "*" if (i, j) in hidden else str(value),
        )
        for i, row in enumerate(whole)
        for j, value in enumerate(row)
    ]


def fixed(rows: int, columns: int, hidden: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Name the hidden cells that the sums determine, by exact fractions: the rank does not grow with the cell."""
    unknown = sorted(hidden)
    sums: list[list[Fraction]] = []
    for lines in (
        [[(i, j) for j in range(columns + 1)] for i in range(rows + 1)],
        [[(i, j) for i in range(rows + 1)] for j in range(columns + 1)],
    ):
        sums += [[Fraction((cell in line) * (-1 if cell == line[-1] else 1)) for cell in unknown] for line in lines]
    base = rank(sums)
    units = {cell: [Fraction(other == cell) for other in unknown] for cell in unknown}
    return {cell for cell in unknown if rank([*sums, units[cell]]) == base}


def rank(matrix: list[list[Fraction]]) -> int:
    rows, found = [row[:] for row in matrix], 0
    for column in range(len(matrix[0]) if matrix else 0):
        pivot = next((row for row in rows[found:] if row[column]), None)
        if pivot is None:
            continue
        rows.remove(pivot)
        rows.insert(found, pivot)
        for row in rows[found + 1 :]:
            share = row[column] / pivot[column]
            row[:] = [one - share * other for one, other in zip(row, pivot, strict=True)]
        found += 1
    return found


@st.composite
def tables(draw: Any) -> tuple[list[list[int]], set[tuple[int, int]]]:
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    numbers = [[draw(st.integers(1, 50)) for _ in range(columns)] for _ in range(rows)]
    cells = [(i, j) for i in range(rows + 1) for j in range(columns + 1)]
    return numbers, set(draw(st.lists(st.sampled_from(cells), max_size=12)))


@settings(deadline=None, max_examples=300)
@given(tables())
def test_a_suppressed_cell_follows_exactly_if_the_sums_determine_it(
    table: tuple[list[list[int]], set[tuple[int, int]]],
) -> None:
    numbers, hidden = table
    found = judged(published(numbers, hidden))
    assert found.suppressed == len(hidden)
    assert found.recovered == len(fixed(len(numbers), len(numbers[0]), hidden))
    assert (found.unsolved, found.repeated, found.left_out) == (0, 0, 0)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(table=tables())
def test_large_tables_are_judged_as_small_ones_are(
    table: tuple[list[list[int]], set[tuple[int, int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a graph instead of as equations, which only tables with more than two kinds of sums need."""
    numbers, hidden = table
    with monkeypatch.context() as patch:
        patch.setattr(table_recovery, "MOST_UNKNOWNS", 0)
        found = judged(published(numbers, hidden))
    assert found.unsolved == 0
    assert found.recovered == len(fixed(len(numbers), len(numbers[0]), hidden))


@settings(deadline=None, max_examples=60)
@given(tables(), st.integers(1, 5), st.randoms(use_true_random=False))
def test_the_table_does_not_depend_on_cuts_and_their_order(table: Any, size: int, random: Any) -> None:
    rows = published(*table)
    whole = MEASURE.of(batch(rows))
    parts = [batch(rows[i : i + size]) for i in range(0, len(rows), size)]
    random.shuffle(parts)
    assert reduce(add, map(MEASURE.of, parts), MEASURE.empty()) == whole
    tally = MEASURE.tally(PLAIN)
    for part in parts:
        tally.add(part)
    assert tally.measurement() == whole
    assert from_json(TableCells, canonical_json(whole)) == whole


def three_by_three(hidden: set[tuple[int, int]]) -> list[Cell]:
    return published([[10, 20, 30], [40, 50, 60], [70, 80, 90]], hidden)


@pytest.mark.parametrize(
    ("hidden", "lone", "recovered"),
    [
        (set(), 0, 0),
        ({(0, 0)}, 2, 1),
        ({(0, 0), (0, 1)}, 2, 2),
        ({(0, 0), (0, 1), (1, 0)}, 2, 3),
        ({(0, 0), (0, 1), (1, 0), (1, 1)}, 0, 0),
        ({(0, 0), (1, 1), (2, 2)}, 6, 3),
        ({(0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (2, 0)}, 0, 0),
        ({(0, 3)}, 1, 1),
        ({(0, 3), (1, 3)}, 0, 2),
    ],
)
def test_patterns_of_suppression(hidden: set[tuple[int, int]], lone: int, recovered: int) -> None:
    found = judged(three_by_three(hidden))
    assert (found.lone, found.recovered) == (lone, recovered)


BLOCKS = {(i, j) for i in range(2) for j in range(2)} | {(i, j) for i in (2, 3) for j in (2, 3)}
"""Two blocks of a table of four by four, which protect their cells each by itself."""


@pytest.mark.parametrize("bridge", [(0, 2), (1, 3), (2, 0), (3, 1)])
def test_what_several_sums_tell_together_follows(bridge: tuple[int, int]) -> None:
    """A cell between the blocks: two rows less two columns leave it, though each of its sums has two others."""
    numbers = [[10 * i + j + 11 for j in range(4)] for i in range(4)]
    assert judged(published(numbers, BLOCKS)).recovered == 0
    found = judged(published(numbers, BLOCKS | {bridge}))
    assert (found.lone, found.recovered) == (0, 1)
    assert judged(published(numbers, BLOCKS | {bridge, bridge[::-1]})).recovered == 0


def test_where_nothing_is_left_to_share_all_are_zero() -> None:
    hidden = {(0, 0), (0, 1), (1, 0), (1, 1)}
    assert judged(published([[0, 0, 5], [7, 9, 5]], hidden)).recovered == 4
    assert judged(published([[0, 1, 5], [7, 9, 5]], hidden)).recovered == 0


def test_an_empty_cell_is_suppressed_too() -> None:
    rows = [(a, b, "" if n == "*" else n) for a, b, n in three_by_three({(0, 0)})]
    assert judged(rows).recovered == 1


def test_more_sums_of_three_columns_are_looked_through() -> None:
    """A cube, in which a suppressed corner needs seven others."""
    corners = {f"{a}{b}{c}" for a in "01" for b in "01" for c in "01"}
    assert cube(corners).recovered == 0
    assert cube(corners - {"111"}).recovered == 7
    assert cube({"000", "110", "101", "011"}).lone == 12


CUBE = WholeTable(
    TableShape(group_columns=("a", "b", "c"), value_columns=("n",), total_labels=("t",), suppressed=("*",))
)


def cube(hidden: set[str]) -> Any:
    rows = list(_cube(hidden))
    columns = {name: pa.array([row[place] for row in rows]) for place, name in enumerate("abcn")}
    own = LayerBatch(wkb=pa.nulls(len(rows), pa.binary()), attributes=pa.record_batch(columns), crs=WGS84)
    return recovery(CUBE.of(own), total_value=None, at_least=2)


def _cube(hidden: set[str]) -> Iterator[tuple[str, ...]]:
    for a in "01t":
        for b in "01t":
            for c in "01t":
                weight = [("01t".index(each) == 2) * 1 for each in (a, b, c)]
                yield a, b, c, "*" if a + b + c in hidden else str(10 * 2 ** sum(weight))


def test_a_row_that_was_left_out_is_seen_only_where_one_can_hold_what_is_missing() -> None:
    rows = three_by_three(set())
    without = [row for row in rows if row[:2] != ("a0", "b0")]
    assert judged(without).left_out == 2
    two = [row for row in without if row[:2] not in {("a0", "b1"), ("a1", "b0"), ("a1", "b1")}]
    assert judged(two).left_out == 0
    zero = [row for row in published([[0, 20, 30], [40, 50, 60]], set()) if row[:2] != ("a0", "b0")]
    assert judged(zero).left_out == 0


def test_too_many_that_hang_together_in_three_kinds_of_sums_are_said_to_be_unsolved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    corners = {f"{a}{b}{c}" for a in "01" for b in "01" for c in "01"}
    monkeypatch.setattr(table_recovery, "MOST_UNKNOWNS", 7)
    assert (cube(corners).unsolved, cube(corners).recovered) == (8, 0)
    monkeypatch.setattr(table_recovery, "MOST_UNKNOWNS", 8)
    assert cube(corners).unsolved == 0


def test_a_bridge_between_large_blocks_is_found() -> None:
    numbers = [[i * j + 11 for j in range(60)] for i in range(60)]
    hidden = {(i, j) for i in range(60) for j in range(60) if (i < 30) == (j < 30)}
    assert judged(published(numbers, hidden)).recovered == 0
    found = judged(published(numbers, hidden | {(3, 40)}))
    assert (found.recovered, found.unsolved, found.lone) == (1, 0, 0)


def test_a_table_with_too_many_cells_is_not_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_cells, "MOST_CELLS", 16)
    whole = MEASURE.of(batch(three_by_three(set())))
    with pytest.raises(UnmeasurableError, match="more than 16 cells"):
        _ = whole + MEASURE.of(batch([("x", "y", "1")]))
    tally = MEASURE.tally(PLAIN)
    tally.add(batch(three_by_three(set())))
    with pytest.raises(UnmeasurableError, match="more than 16 cells"):
        tally.add(batch([("x", "y", "1")]))


def test_what_is_kept_has_no_cells_and_cannot_be_looked_through() -> None:
    kept = MEASURE.of(batch(three_by_three(set()))).kept()
    assert not kept.rows
    with pytest.raises(UnmeasurableError, match="not kept"):
        recovery(kept, total_value=None, at_least=2)
    with pytest.raises(UnmeasurableError, match="not kept"):
        _ = kept + kept


def test_tables_of_other_layouts_are_not_put_together() -> None:
    with pytest.raises(UnmeasurableError, match="different layouts"):
        _ = TableCells(groups=1, values=1) + TableCells(groups=2, values=1)


def test_columns_that_are_missing_are_named_and_one_that_stands_twice_is_refused() -> None:
    own = LayerBatch(wkb=pa.nulls(1, pa.binary()), attributes=pa.record_batch({"a": ["x"]}), crs=WGS84)
    assert MEASURE.of(own).missing == ("b", "n")
    twice = pa.RecordBatch.from_arrays([pa.array(["x"])] * 2, names=["a", "a"])
    with pytest.raises(UnmeasurableError, match="several columns"):
        MEASURE.of(LayerBatch(wkb=pa.nulls(1, pa.binary()), attributes=twice, crs=WGS84))
