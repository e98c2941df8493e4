"""What one pass finds in each column besides the geometry: counts and bounds, from which its class follows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.byte_values import ByteValues
from geogate.measures.hidden.columns_leaves import Kind, Leaf, numbers_of, valid_of
from geogate.measures.hidden.columns_tokens import Tokens  # noqa: TC001  # read at run time by geogate.model.document
from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MANY_DIGITS: Final = 10_000
"""Integers from here on have so many digits that two of them tell places apart."""

_HUNDRED: Final = 100.0
_BLOCK: Final = 16_384
_SHORTEST_WKB: Final = 9
_DIGITS: Final = 10
_ADDRESS: Final = r"[\w.+-]@(?:[\w-]+\.)+(?:[^\W\d_]{2,}|xn--[\w-]+)"
"""An e-mail address; that of a host ends in letters, as the version of a package in a link does not."""

_NUMBER_TEXT: Final = (4, 40)
"""Bytes that a text has which may be a number with many digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFacts:
    """One column, or one part of a nested column.

    ``values`` are those that are not null, ``rich`` those of them with many digits: more than two decimals, or integers
    from ``MANY_DIGITS``; of texts those that may be such numbers. ``same_x`` and ``same_y`` count the rows in which the
    number is that of the row's point, to the bit. ``by_row`` is false for the values of longer lists. ``wkb`` counts
    binaries that begin like geometries, ``addresses`` texts with an e-mail address; ``tokens`` has the rest of what
    texts look like, in a few rows.
    """

    name: str
    arrow: str
    kind: Kind
    by_row: bool
    values: int
    non_finite: int = 0
    rich: int = 0
    same_x: int = 0
    same_y: int = 0
    least: float | None = None
    largest: float | None = None
    wkb: int = 0
    addresses: int = 0
    tokens: Tokens | None = None

    def __add__(self, other: ColumnFacts) -> ColumnFacts:
        if (self.name, self.arrow) != (other.name, other.arrow):
            raise UnmeasurableError("the rows of one layer have different columns")
        least = [each for each in (self.least, other.least) if each is not None]
        largest = [each for each in (self.largest, other.largest) if each is not None]
        tokens = [each for each in (self.tokens, other.tokens) if each is not None]
        return replace(
            self,
            values=self.values + other.values,
            non_finite=self.non_finite + other.non_finite,
            rich=self.rich + other.rich,
            same_x=self.same_x + other.same_x,
            same_y=self.same_y + other.same_y,
            least=min(least, default=None),
            largest=max(largest, default=None),
            wkb=self.wkb + other.wkb,
            addresses=self.addresses + other.addresses,
            tokens=tokens[0] + tokens[1] if len(tokens) > 1 else tokens[0] if tokens else None,
        )

    def kept(self) -> ColumnFacts:
        """Leave out what tells values."""
        tokens = None if self.tokens is None else self.tokens.kept()
        return replace(self, least=None, largest=None, tokens=tokens)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looked:
    """The facts of one leaf in one batch, its numbers where it has any, and marks at those with many digits.

    ``numbers`` is ``None`` for texts, whose numbers are read in the rows that are chosen.
    """

    facts: ColumnFacts
    numbers: NDArray[Any] | None
    valid: NDArray[np.bool_] | None
    rich: NDArray[np.bool_] | None


def look(leaf: Leaf, axes: tuple[NDArray[np.float64], NDArray[np.float64]] | None) -> Looked:
    """Count what is in one leaf; ``axes`` are x and y of the rows' points where each row is one.

    Raises: UnmeasurableError when values do not lie within their buffer.
    """
    facts = ColumnFacts(
        name=leaf.name,
        arrow=str(leaf.values.type),
        kind=leaf.kind,
        by_row=leaf.rows is None,
        values=len(leaf.values) - leaf.values.null_count,
    )
    if leaf.kind in {"number", "time"}:
        return _numbers(leaf, facts, axes)
    try:
        if leaf.kind == "text":
            return _texts(leaf, facts)
        if leaf.kind == "binary":
            return Looked(facts=replace(facts, wkb=_wkb(leaf.values)), numbers=None, valid=None, rich=None)
    except ValueError as error:
        raise UnmeasurableError(str(error)) from None
    return Looked(facts=facts, numbers=None, valid=None, rich=None)


def _numbers(leaf: Leaf, facts: ColumnFacts, axes: tuple[NDArray[np.float64], NDArray[np.float64]] | None) -> Looked:
    numbers, valid = numbers_of(leaf.values), valid_of(leaf.values)
    whole = numbers.dtype == np.int64
    rich = _many_digits(numbers) if leaf.kind == "number" else np.zeros(len(numbers), np.bool_)
    if valid is not None:
        rich &= valid
    known = numbers
    if whole:
        known = numbers if valid is None else numbers[valid]
    elif len(numbers) and not np.isfinite(numbers.min() + numbers.max()):
        known = numbers[np.isfinite(numbers)]
    same_x, same_y = (0, 0) if whole or axes is None or leaf.rows is not None else _same(numbers, axes)
    bounds = (float(known.min()) + 0.0, float(known.max()) + 0.0) if len(known) else (None, None)
    found = replace(
        facts,
        non_finite=0 if whole else facts.values - len(known),
        rich=int(np.count_nonzero(rich)),
        same_x=same_x,
        same_y=same_y,
        least=bounds[0],
        largest=bounds[1],
    )
    return Looked(facts=found, numbers=numbers, valid=valid, rich=rich)


def _many_digits(numbers: NDArray[Any]) -> NDArray[np.bool_]:
    found = np.empty(len(numbers), np.bool_)
    for first in range(0, len(numbers), _BLOCK):
        some, marks = numbers[first : first + _BLOCK], found[first : first + _BLOCK]
        if numbers.dtype == np.int64:
            np.greater_equal(some, MANY_DIGITS, out=marks)
            marks |= some <= -MANY_DIGITS
        else:
            _many_decimals(some, marks)
    return found


def _many_decimals(numbers: NDArray[np.float64], marks: NDArray[np.bool_]) -> None:
    """Mark the finite numbers of a block, small enough to stay near the processor, that have a third decimal."""
    with np.errstate(over="ignore", invalid="ignore"):
        hundred = numbers * _HUNDRED
        np.rint(hundred, out=hundred)
        hundred /= _HUNDRED
        np.not_equal(hundred, numbers, out=marks)
        marks &= np.isfinite(numbers)


def _same(numbers: NDArray[Any], axes: tuple[NDArray[np.float64], NDArray[np.float64]]) -> tuple[int, int]:
    x, y = axes
    return int(np.count_nonzero(numbers == x)), int(np.count_nonzero(numbers == y))


def _texts(leaf: Leaf, facts: ColumnFacts) -> Looked:
    texts = leaf.values
    found = ByteValues.of(texts)
    starts, lengths = found.offsets[:-1], np.diff(found.offsets)
    first, last = int(found.offsets[0]), int(found.offsets[-1])
    rich = (lengths >= _NUMBER_TEXT[0]) & (lengths <= _NUMBER_TEXT[1])
    if last > first:
        head = found.data[np.minimum(starts, last - 1)]
        rich &= (head - np.uint8(ord("0")) < _DIGITS) | (head == ord("-")) | (head == ord("+"))
    valid = valid_of(texts)
    if valid is not None:
        rich &= valid
    counted = replace(facts, rich=int(np.count_nonzero(rich)), addresses=_addresses(texts, found))
    return Looked(facts=counted, numbers=None, valid=valid, rich=rich)


def _addresses(texts: pa.Array, found: ByteValues) -> int:
    """Count the texts that have an e-mail address; those without its sign are not read."""
    first, last = int(found.offsets[0]), int(found.offsets[-1])
    signs = first + np.flatnonzero(found.data[first:last] == ord("@"))
    if not len(signs):
        return 0
    some = texts.take(pa.array(np.unique(np.searchsorted(found.offsets[1:], signs, side="right"))))
    return int(pc.sum(pc.match_substring_regex(pc.cast(some, pa.large_binary()), _ADDRESS)).as_py() or 0)


def _wkb(values: pa.Array) -> int:
    """Count the values that begin as WKB does: an order of bytes, and a kind of geometry."""
    if pa.types.is_null(values.type):
        return 0
    found = ByteValues.of(values)
    starts, lengths = found.offsets[:-1], np.diff(found.offsets)
    valid = valid_of(values)
    long = lengths >= _SHORTEST_WKB if valid is None else (lengths >= _SHORTEST_WKB) & valid
    heads = starts[long]
    little, big = found.data[heads] == 1, found.data[heads] == 0
    kind = np.where(little, found.data[heads + 1], found.data[heads + 4])
    high = np.where(little, found.data[heads + 3], found.data[heads + 2])
    return int(np.count_nonzero((little | big) & (high == 0) & (kind > 0)))
