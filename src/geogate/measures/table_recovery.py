"""Which suppressed cells of a table follow from its sums; pure arithmetic on cells, which are never told to anybody.

A sum is a total that is published or suppressed, and its parts. What one sum leaves open, several together can close:
cells are freed from sums one by one first, then whatever hangs together is solved as a system of linear equations, or,
where it is large and each cell stands in two sums, as a graph.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geogate.measures.table_bridges import bridges
from geogate.measures.table_cells import NUMBER, SUPPRESSED, TOTAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from geogate.measures.table_cells import TableCells

    Key = tuple[int, ...]

MOST_UNKNOWNS: Final = 400
"""The most suppressed cells that hang together and are solved as one system; more are looked at as a graph."""

_PRIMES: Final = (2_147_483_629, 2_147_483_587)
"""Below 2**31, so that products fit. A cell counts as recovered if it is by either: chance errs to the safe side."""

_NEARLY: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What follows from the sums of a table.

    ``sums`` are those with a total and parts; ``lone`` those with a published total and fewer suppressed parts than
    wanted, but some; ``recovered`` suppressed cells that can be computed; ``left_out`` rows that are not there and can
    be; ``unsolved`` suppressed cells that hang together in too large a number; ``repeated`` cells that stand twice.
    """

    cells: int
    suppressed: int
    sums: int
    lone: int
    recovered: int
    left_out: int
    unsolved: int
    repeated: int


@dataclass(slots=True)
class Sum:
    """A total and its parts: ``residual`` is what known ones leave to unknown parts, less an unknown total."""

    unknown: dict[int, int] = field(default_factory=dict)
    residual: float = 0.0
    scale: float = 0.0
    positive: bool = True
    published: bool = False
    suppressed_parts: int = 0
    parts: int = 0


def recovery(found: TableCells, *, total_value: int | None, at_least: int) -> Recovery:
    """Look through the sums of a table.

    ``total_value`` is the place of the value column that is the sum of the others. ``at_least`` suppressed parts are
    wanted in each sum with a published total that has any.
    """
    cells, repeated = _cells(found, total_value)
    sums = list(_sums(cells, across=total_value is not None))
    every = [each for _, each in sums]
    lone = sum(each.published and 0 < each.suppressed_parts < at_least for each in every)
    left_out = sum(_leaves_out(each, absent) for absent, each in sums)
    recovered, unsolved = _recovered(every)
    return Recovery(
        cells=len(cells),
        suppressed=sum(state == SUPPRESSED for _, state in cells.values()),
        sums=len(every),
        lone=lone,
        recovered=len(recovered),
        left_out=left_out,
        unsolved=unsolved,
        repeated=repeated,
    )


def followers(found: TableCells, *, total_value: int | None) -> frozenset[tuple[int, ...]]:
    """Name the suppressed cells that follow from the sums: the words of their row, and the place of their column.

    The place counts value columns from one; ``TOTAL`` is the one that is the sum of the others. For remedies, which
    suppress others beside them; these names are told to nobody.
    """
    cells, _ = _cells(found, total_value)
    recovered, _ = _recovered([each for _, each in _sums(cells, across=total_value is not None)])
    keys = list(cells)
    return frozenset(keys[number] for number in recovered)


def _recovered(every: Sequence[Sum]) -> tuple[set[int], int]:
    """Name the suppressed cells that follow, and count those that hang together in too large a number."""
    recovered = _peel(every)
    unsolved = 0
    for component in _components(every):
        unknown = {name for each in component for name in each.unknown}
        follow = _solved(component, sorted(unknown)) if len(unknown) <= MOST_UNKNOWNS else bridges(component)
        if follow is None:
            unsolved += len(unknown)
        else:
            recovered |= follow
    return recovered, unsolved


def _cells(found: TableCells, total_value: int | None) -> tuple[dict[Key, tuple[float, int]], int]:
    """Give each cell its key: a number for each group column, and one for the value column."""
    table = found.table()
    cells: dict[Key, tuple[float, int]] = {}
    repeated = 0
    for keys, values, states in zip(
        table["keys"].tolist(), table["values"].tolist(), table["states"].tolist(), strict=True
    ):
        for place, (value, state) in enumerate(zip(values, states, strict=True)):
            key = (*keys, TOTAL if place == total_value else place + 1)
            repeated += key in cells
            cells[key] = (value, state)
    return cells, repeated


def _sums(cells: dict[Key, tuple[float, int]], *, across: bool) -> Iterator[tuple[int, Sum]]:
    """Make every sum of the table, along each group column and, if asked for, across the value columns.

    With each comes the number of labels of the column that have no cell in it.
    """
    numbers = {key: number for number, key in enumerate(cells)}
    dimensions = len(next(iter(cells), ()))
    for axis in range(dimensions if across else dimensions - 1):
        lines: dict[Key, list[Key]] = defaultdict(list)
        for key in cells:
            lines[(*key[:axis], *key[axis + 1 :])].append(key)
        labels = len({key[axis] for key in cells} - {TOTAL})
        for line in lines.values():
            if len(line) > 1 and any(key[axis] == TOTAL for key in line):
                yield labels - len(line) + 1, _sum(line, axis, cells, numbers)


def _sum(line: Sequence[Key], axis: int, cells: dict[Key, tuple[float, int]], numbers: dict[Key, int]) -> Sum:
    found = Sum(parts=len(line) - 1)
    for key in line:
        value, state = cells[key]
        total = key[axis] == TOTAL
        if state == NUMBER:
            found.residual += value if total else -value
            found.scale += abs(value)
            found.positive &= value >= 0
            found.published |= total
        else:
            found.unknown[numbers[key]] = -1 if total else 1
            found.suppressed_parts += not total
    return found


def _leaves_out(each: Sum, absent: int) -> bool:
    """Tell whether one row that is not there must hold what the parts lack."""
    return each.published and not each.unknown and absent == 1 and each.residual > _NEARLY * each.scale


def _peel(sums: Sequence[Sum]) -> set[int]:
    """Take what follows from one sum alone, and again with what is known then; the sums keep what is left."""
    holders: dict[int, list[int]] = defaultdict(list)
    for place, each in enumerate(sums):
        for name in each.unknown:
            holders[name].append(place)
    recovered: set[int] = set()
    waiting = list(range(len(sums)))
    while waiting:
        each = sums[waiting.pop()]
        for name, value in tuple(_follow(each)):
            recovered.add(name)
            for place in holders[name]:
                other = sums[place]
                sign = other.unknown.pop(name, 0)
                other.residual -= sign * value
                other.scale += abs(value)
                waiting.append(place)
    return recovered


def _follow(each: Sum) -> Iterator[tuple[int, float]]:
    """Name what a sum tells: its only unknown; or that all are zero, where nothing is left for counts to share."""
    if len(each.unknown) == 1:
        ((name, sign),) = each.unknown.items()
        yield name, sign * each.residual
    elif each.positive and each.published and each.unknown and each.residual <= _NEARLY * each.scale:
        yield from ((name, 0.0) for name in each.unknown)


def _components(sums: Iterable[Sum]) -> Iterator[list[Sum]]:
    """Put together the sums that share unknown cells."""
    open_sums = [each for each in sums if each.unknown]
    holders: dict[int, list[int]] = defaultdict(list)
    for place, each in enumerate(open_sums):
        for name in each.unknown:
            holders[name].append(place)
    seen: set[int] = set()
    for start in range(len(open_sums)):
        if start in seen:
            continue
        seen.add(start)
        component, waiting = [], [start]
        while waiting:
            each = open_sums[waiting.pop()]
            component.append(each)
            near = {place for name in each.unknown for place in holders[name]} - seen
            seen |= near
            waiting += near
        yield component


def _solved(component: Sequence[Sum], unknown: Sequence[int]) -> set[int]:
    """Name the unknown cells that a system determines: those that stand alone in a row of its reduced form."""
    places = {name: place for place, name in enumerate(unknown)}
    matrix = np.zeros((len(component), len(unknown)), np.int64)
    for row, each in enumerate(component):
        for name, sign in each.unknown.items():
            matrix[row, places[name]] = sign
    alone: set[int] = set()
    for prime in _PRIMES:
        reduced = _reduced(matrix % prime, prime)
        single = np.count_nonzero(reduced, axis=1) == 1
        alone |= {int(place) for place in np.flatnonzero(reduced[single].any(axis=0))}
    return {unknown[place] for place in alone}


def _reduced(matrix: NDArray[Any], prime: int) -> NDArray[Any]:
    """Bring a matrix into reduced row echelon form over the integers modulo a prime."""
    row = 0
    for column in range(matrix.shape[1]):
        below = np.flatnonzero(matrix[row:, column])
        if not len(below):
            continue
        pivot = row + int(below[0])
        matrix[[row, pivot]] = matrix[[pivot, row]]
        matrix[row] = matrix[row] * pow(int(matrix[row, column]), -1, prime) % prime
        others = np.flatnonzero(matrix[:, column])
        others = others[others != row]
        matrix[others] = (matrix[others] - matrix[others, column][:, None] * matrix[row]) % prime
        row += 1
        if row == len(matrix):
            break
    return matrix
