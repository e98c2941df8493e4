"""Positions in columns of numbers: readings are proposed and tested by what the layer shows; it knows no limit.

A reading is believed for its relation to the rows' own geometries, for the names of the columns, or because all of it
lies where the layer lies. What has digits enough for a position and nothing to explain it is possible.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden import Strength
from geogate.measures.hidden.codes_in_columns import codes_in_columns
from geogate.measures.hidden.columns_pool import Pool
from geogate.measures.hidden.numbers_alone import cells, geocentric, in_the_region, named
from geogate.measures.hidden.numbers_functions import functions_of_the_place, offsets
from geogate.measures.hidden.numbers_in_texts import texts_with_positions
from geogate.measures.hidden.numbers_parts import by_sixtieths, parts_of_numbers
from geogate.measures.hidden.numbers_polar import distances_and_bearings
from geogate.measures.hidden.numbers_possible import Lone, lone, possible
from geogate.measures.hidden.numbers_related import related
from geogate.measures.hidden.numbers_rows import Rows
from geogate.measures.hidden.numbers_seconds import seconds_with_positions
from geogate.measures.hidden.numbers_subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from geogate.measures.hidden.carrier import Carrier
    from geogate.measures.hidden.columns import Contents
    from geogate.measures.hidden.columns_facts import ColumnFacts

    Search = Callable[[Subject], Iterator[Carrier]]

WITH_COPIES: Final = (related, named)
"""How positions are looked for where one axis may be a copy of the geometry's and the other one finer."""

IN_FINE_ROWS: Final = (geocentric, cells, in_the_region)
"""Those of the searches that look also at the rows of a column that have far more digits than the others."""

SEARCHES: Final = (geocentric, cells, functions_of_the_place, offsets, in_the_region)
"""How they are looked for then, the surest way first; a column that was found is left out by those that follow."""


TOGETHER: Final = (
    texts_with_positions,
    codes_in_columns,
    distances_and_bearings,
    seconds_with_positions,
    parts_of_numbers,
)
"""Searches for columns that could be positions together, or by the digits within them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What the numbers of a layer may say of positions.

    ``carriers`` are certain or likely. ``possible`` are columns any two of which could tell a place and that nothing
    explains, or each of which could tell both axes. ``copies`` have in every row a number of the row's own point, which
    is judged already. ``lone`` are columns that could be one axis while the other is in another layer.
    ``unsure`` are possible columns, whatever carriers read in some of them.
    """

    carriers: tuple[Carrier, ...]
    possible: tuple[str, ...]
    copies: tuple[str, ...]
    lone: tuple[Lone, ...] = ()
    unsure: frozenset[str] = frozenset()


@lru_cache(maxsize=32)
@np.errstate(over="ignore", invalid="ignore")
def numbers_in(contents: Contents) -> Numbers:
    """Look for positions in the numbers of a layer."""
    columns = {column.name: column for column in contents.columns or ()}
    copies = tuple(name for name, facts in columns.items() if is_copy(facts))
    pool = Pool.read(contents.pool)
    if not len(pool):
        return Numbers(carriers=(), possible=(), copies=copies)
    rows = Rows.of(pool)
    facts = {name: columns[name] for name in rows.numbers}
    subject = Subject.of(rows, facts, whole=contents.rows <= len(rows))
    found, subject = _found(subject, WITH_COPIES)
    found = [carrier for carrier in found if not set(carrier.columns) <= set(copies)]
    subject = subject.without(copies)
    sixtieths = list(by_sixtieths(subject))
    more, subject = _found(subject, SEARCHES)
    found += more
    unsure = [name for six in sixtieths if not any(set(six) <= set(each.columns) for each in found) for name in six]
    perhaps, alone = [*possible(subject), *_together(subject)], [*lone(subject, ())]
    if (fine := subject.fine_rows()) is not None:
        # A few rows with many digits among coarse ones are looked at by themselves.
        more, fine = _found(fine, [search for search in SEARCHES if search in IN_FINE_ROWS])
        found += more
        perhaps += possible(fine)
        alone += lone(fine, perhaps)
    perhaps += [name for carrier in found if carrier.strength < Strength.LIKELY for name in carrier.columns]
    return Numbers(
        carriers=tuple(carrier for carrier in found if carrier.strength >= Strength.LIKELY),
        possible=tuple(dict.fromkeys((*unsure, *perhaps))),
        unsure=frozenset(unsure),
        copies=copies,
        lone=tuple(alone),
    )


def _together(subject: Subject) -> Iterator[str]:
    """Name the columns that could be positions together with each other, or by what stands within them."""
    for search in TOGETHER:
        yield from search(subject)


def _found(subject: Subject, searches: Iterable[Search]) -> tuple[list[Carrier], Subject]:
    """Search in several ways; return what was found and what is left."""
    found: list[Carrier] = []
    for search in searches:
        for carrier in search(subject):
            position = None if carrier.position is None else carrier.position.settled(subject.raw)
            found.append(replace(carrier, position=position))
            subject = subject.without(carrier.columns)
    return found, subject


def is_copy(facts: ColumnFacts) -> bool:
    """Tell whether a column has in every row the x or the y of the row's own point, to the bit."""
    return bool(facts.values) and facts.values in {facts.same_x, facts.same_y}
