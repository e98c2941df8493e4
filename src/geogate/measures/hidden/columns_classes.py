"""Which class each column is of, as its name and its values tell: what a policy declares, recognised."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden.columns import Contents
from geogate.measures.hidden.columns_ordinates import is_ordinate
from geogate.measures.hidden.columns_pool import TAG, Pool
from geogate.measures.hidden.columns_tokens import IDENTITIES
from geogate.measures.hidden.numbers import numbers_in
from geogate.measures.hidden.numbers_names import names_a_digest, names_a_person
from geogate.measures.hidden.numbers_subject import is_moment

if TYPE_CHECKING:
    from geogate.measures.hidden.columns_facts import ColumnFacts

MOST_CODES: Final = 64
"""Distinct values that a code list may have among the rows that are looked at."""

_BYTES: Final = frozenset({"int8", "uint8"})
_BYTE: Final = 255
_MANY_BYTES: Final = 8
_READABLE: Final = 100
"""Lists of numbers of which the largest is from here to that of a byte may be bytes."""

_HALF: Final = 0.5
_NEARLY_ALL: Final = 0.9
_A_FIFTH: Final = 0.2


class ColumnClass(StrEnum):
    """What a column holds."""

    GEOMETRY = "geometry"
    POSITION = "position"
    COULD_BE_POSITION = "could be position"
    IDENTITY = "identity"
    TIME = "time"
    CODE = "code"
    NUMBER = "number"
    TEXT = "text"
    OPAQUE = "opaque"
    EMPTY = "empty"


HARMLESS: Final = frozenset(
    {ColumnClass.TIME, ColumnClass.CODE, ColumnClass.NUMBER, ColumnClass.TEXT, ColumnClass.EMPTY}
)
"""Classes of columns that by themselves tell neither a place nor a person."""

JUDGED: Final = frozenset({ColumnClass.POSITION, ColumnClass.GEOMETRY})
"""Classes of columns that the gate judges like a geometry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """A column, or a part of a nested one, and its class; ``many_digits`` of numbers that could be half a position."""

    name: str
    kind: ColumnClass
    facts: ColumnFacts

    @property
    def column(self) -> str:
        """The name of the whole column."""
        return column_of(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptContents(Contents):
    """What is kept of the columns of a layer: no rows and no values, but the class that each column was of."""

    classes: tuple[tuple[str, ColumnClass], ...]

    @classmethod
    def of(cls, contents: Contents, texts: frozenset[str]) -> KeptContents:
        """Class all columns, and leave out what tells values; ``texts`` as for ``recognise``."""
        kept = contents.kept()
        classes = tuple((column.name, column.kind) for column in recognise(contents, texts))
        return cls(rows=kept.rows, columns=kept.columns, pool=(), classes=classes)

    def recognised(self) -> tuple[Recognised, ...]:
        """Return the columns as they were classed while their values were there."""
        facts = {each.name: each for each in self.columns or ()}
        return tuple(Recognised(name=name, kind=kind, facts=facts[name]) for name, kind in self.classes)


def column_of(leaf: str) -> str:
    """Cut the name of a part of a nested column down to that of the column, which may itself have dots."""
    return leaf


@lru_cache(maxsize=8)
def recognise(contents: Contents, texts: frozenset[str] = frozenset()) -> tuple[Recognised, ...]:
    """Class all columns; ``texts`` are those in whose texts positions were found."""
    if isinstance(contents, KeptContents):
        return contents.recognised()
    numbers = numbers_in(contents)
    positions = {name for carrier in numbers.carriers for name in carrier.columns} | set(numbers.copies) | texts
    pool = Pool.read(contents.pool)
    filled = {f"{each.name[:-3]}[]": each.values for each in contents.columns or () if each.name.endswith("[0]")}
    found = []
    for facts in contents.columns or ():
        if is_ordinate(facts.name) and facts.name not in {*positions, *numbers.possible}:
            # Heights that are nothing else are looked at by the rule about what is in a layer.
            continue
        if facts.name in positions - numbers.unsure:
            kind = ColumnClass.POSITION
        elif facts.name in numbers.possible and not names_a_person(facts.name):
            kind = ColumnClass.COULD_BE_POSITION
        else:
            kind = _kind(facts, pool, filled.get(facts.name, contents.rows))
        found.append(Recognised(name=facts.name, kind=kind, facts=facts))
    return tuple(found)


def _kind(facts: ColumnFacts, pool: Pool, rows: int) -> ColumnClass:  # noqa: PLR0911 a table
    if not facts.values:
        return ColumnClass.EMPTY
    if facts.kind == "binary":
        return ColumnClass.GEOMETRY if facts.wkb == facts.values else ColumnClass.OPAQUE
    if facts.kind == "other":
        return ColumnClass.OPAQUE
    if facts.kind == "flag":
        return ColumnClass.CODE
    if facts.kind == "time":
        return ColumnClass.TIME
    if names_a_person(facts.name) or (_identifies(facts) and not _digests(facts, pool)):
        return ColumnClass.IDENTITY
    if _hides(facts, rows):
        return ColumnClass.OPAQUE
    return _text(facts, pool) if facts.kind == "text" else _number(facts, pool)


def _identifies(facts: ColumnFacts) -> bool:
    if facts.addresses:
        return True
    if facts.tokens is None or not facts.tokens.looked:
        return False
    return any(facts.tokens.share(form) >= (_HALF if form == "hash" else _A_FIFTH) for form in IDENTITIES)


def _digests(facts: ColumnFacts, pool: Pool) -> bool:
    """Tell whether a column that is called so has digests of things: whole ones, no two alike.

    Those of persons come back, or are called after them; encoded numbers do not have all digits in all places.
    """
    if facts.tokens is None or facts.addresses or not names_a_digest(facts.name):
        return False
    found = facts.tokens.unreadable
    distinct, rows = _distinct(facts.name + TAG, pool)
    return found.digests == facts.tokens.looked and found.whole_digests and distinct == rows


def _hides(facts: ColumnFacts, rows: int) -> bool:
    """Tell whether nobody can read what a column says: words like ciphers, long lists of bytes in some rows."""
    if facts.tokens is not None:
        return facts.tokens.hide
    if facts.by_row or "int" not in facts.arrow or facts.values < _MANY_BYTES * rows:
        return False
    if facts.least is None or facts.largest is None or not -_BYTE <= facts.least <= facts.largest <= _BYTE:
        return False
    return facts.largest >= _READABLE or facts.arrow in _BYTES


def _text(facts: ColumnFacts, pool: Pool) -> ColumnClass:
    if facts.tokens is not None and facts.tokens.share("moment") >= _NEARLY_ALL:
        return ColumnClass.TIME
    distinct, rows = _distinct(facts.name + TAG, pool)
    return ColumnClass.CODE if _few(distinct, rows) else ColumnClass.TEXT


def _number(facts: ColumnFacts, pool: Pool) -> ColumnClass:
    distinct, rows = _distinct(facts.name, pool)
    if facts.name in pool.columns:
        numbers = pool.columns[facts.name]
        if is_moment(numbers[np.isfinite(numbers)].astype(np.float64)):
            return ColumnClass.TIME
    return ColumnClass.CODE if _few(distinct, rows) and not facts.rich else ColumnClass.NUMBER


def _few(distinct: int, rows: int) -> bool:
    return 0 < distinct <= MOST_CODES and distinct <= max(rows // 4, 1)


def _distinct(name: str, pool: Pool) -> tuple[int, int]:
    if name not in pool.columns:
        return 0, 0
    known = pool.valid[:, list(pool.columns).index(name)]
    return len(np.unique(pool.columns[name][known])), int(known.sum())
