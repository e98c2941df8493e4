"""What the columns of a layer hold besides the geometry; it knows no limit, and finds no position itself.

The measurement has rows in it, by which positions are looked for when the pass is over; ``kept`` leaves them out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geogate.measures.hidden.columns_facts import ColumnFacts, Looked, look
from geogate.measures.hidden.columns_leaves import Leaf, leaves
from geogate.measures.hidden.columns_ordinates import is_ordinate, ordinates
from geogate.measures.hidden.columns_places import middles, point_axes
from geogate.measures.hidden.columns_pool import HEAD, MARK, RARE, ROWS, TAG, Pool, chosen, row_hashes
from geogate.measures.hidden.columns_tokens import rows_looked_at, tokens_of
from geogate.measures.measure import MeasureId, UnmeasurableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

MOST_LEAVES: Final = 2_000
"""A layer with more columns than this is not looked into."""

HEAD_BYTES: Final = 96
MOST_HEADS: Final = 128
"""In a layer with more columns of texts less of each is kept."""

_SHORT_HEAD_BYTES: Final = 16
_LONGEST_NUMBER: Final = 40

_AXIS = re.compile(
    r"\s*([NSEWO])?\s*([+-]?\d+(?:[.,]\d+)?)\s*(?:[°dº:]\s*|\s+|$|(?=[NSEWO]))(?:(\d+(?:[.,]\d+)?)\s*(?:['\u2032\u2019m:]\s*|\s+|$))?"
    r"(?:(\d+(?:[.,]\d+)?)\s*(?:[\"\u2033\u201ds]|'')?\s*)?([NSEWO])?\s*",
    re.IGNORECASE,
)

_WITH_UNIT = re.compile(
    r"\s*(?:[A-Za-z€$£¥]{1,4}\s?)?([+-]?\d[\d'.,_\u00a0\u2009\u2019\u202f]{0,30}[.,]\d{1,20})\s?(?:[A-Za-z€$£¥%‰µ²³/]{1,6}\s*)?"
)
"""A number with decimals and its unit, in front of it or behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The columns of a layer; ``None`` where no batch was seen. ``pool`` has some rows, see ``Pool``."""

    rows: int
    columns: tuple[ColumnFacts, ...] | None
    pool: tuple[tuple[str, str], ...]

    def __add__(self, other: Contents) -> Contents:
        return Contents(
            rows=self.rows + other.rows,
            columns=_summed(self.columns, other.columns),
            pool=Pool.read(self.pool).joined(Pool.read(other.pool)).text(),
        )

    def kept(self) -> Contents:
        """Leave out what tells values."""
        columns = None if self.columns is None else tuple(column.kept() for column in self.columns)
        return replace(self, columns=columns, pool=())


def _summed(
    one: tuple[ColumnFacts, ...] | None, other: tuple[ColumnFacts, ...] | None
) -> tuple[ColumnFacts, ...] | None:
    if one is None or other is None:
        return other if one is None else one
    if len(one) != len(other):
        one, other = _with_ordinates(one, other), _with_ordinates(other, one)
    if len(one) != len(other):
        raise UnmeasurableError("the rows of one layer have different columns")
    return tuple(mine + more for mine, more in zip(one, other, strict=True))


def _with_ordinates(one: tuple[ColumnFacts, ...], other: tuple[ColumnFacts, ...]) -> tuple[ColumnFacts, ...]:
    """Add the columns of heights and measures, which rows of other batches have."""
    names = {column.name for column in one}
    more = (column for column in other if is_ordinate(column.name) and column.name not in names)
    return (*one, *(replace(column, values=0, rich=0, non_finite=0, least=None, largest=None) for column in more))


@dataclass(frozen=True, slots=True)
class ColumnContents:
    """Measure what the columns of a layer hold."""

    @property
    def id(self) -> MeasureId:
        """The measure has no parameters."""
        return MeasureId("column-contents")

    def empty(self) -> Contents:
        """Return the measurement of no rows."""
        return Contents(rows=0, columns=None, pool=())

    def of(self, batch: LayerBatch) -> Contents:
        """Look at the columns of one batch.

        Raises: UnmeasurableError when a column cannot be looked into.
        """
        tally = ContentsTally()
        tally.add(batch)
        return tally.measurement()

    def tally(self, tools: Tools) -> Tally[Contents]:
        """Begin to measure many batches."""
        del tools
        return ContentsTally()


class ContentsTally:
    """Looks at batches; belongs to one thread."""

    def __init__(self) -> None:
        self._rows = 0
        self._columns: tuple[ColumnFacts, ...] | None = None
        self._pool = Pool.nothing()

    def add(self, batch: LayerBatch, /) -> None:
        """Look at one more batch.

        Raises: UnmeasurableError.
        """
        parts = (*leaves(batch.attributes), *ordinates(batch))
        if len(parts) > MOST_LEAVES:
            raise UnmeasurableError(f"the layer has more than {MOST_LEAVES} columns, which are not looked into")
        _require_names([leaf.name for leaf in parts])
        self._rows += batch.rows
        axes = point_axes(batch) if parts else None
        hashes = row_hashes(batch.first_row, batch.rows)
        looked = [self._look(leaf, axes, hashes, batch.first_row) for leaf in parts]
        self._columns = _summed(self._columns, tuple(each.facts for each in looked))
        if any(_in_pool(leaf) for leaf in parts):
            self._pool = self._pool.joined(self._chosen(batch, hashes, parts, looked))

    def measurement(self) -> Contents:
        """Return what was found in all batches."""
        return Contents(rows=self._rows, columns=self._columns, pool=self._pool.text() if len(self._pool) else ())

    @staticmethod
    def _look(leaf: Leaf, axes: Any, hashes: NDArray[np.uint64], first_row: int) -> Looked:
        found = look(leaf, axes)
        if leaf.kind != "text":
            return found
        some = rows_looked_at(hashes, first_row)
        texts = leaf.values.take(pa.array(some)) if leaf.rows is None else leaf.values[:1024]
        return replace(found, facts=replace(found.facts, tokens=tokens_of(texts)))

    def _chosen(
        self, batch: LayerBatch, hashes: NDArray[np.uint64], parts: Sequence[Leaf], looked: Sequence[Looked]
    ) -> Pool:
        own = [(leaf, each) for leaf, each in zip(parts, looked, strict=True) if _in_pool(leaf)]
        marks = [np.zeros(batch.rows, np.bool_) if each.rich is None else each.rich for _, each in own]
        some = self._candidates(hashes, marks)
        some = some[chosen(hashes[some], [each[some] for each in marks])]
        middle, reach = middles(batch, some)
        columns: dict[str, NDArray[Any]] = {}
        valid, rich = [], []
        texts = sum(leaf.kind == "text" for leaf, _ in own)
        for leaf, each in own:
            for name, values, known in _values(
                leaf, each, some, HEAD_BYTES if texts <= MOST_HEADS else _SHORT_HEAD_BYTES
            ):
                columns[name] = values
                valid.append(known)
                rich.append(np.zeros(len(some), np.bool_) if each.rich is None else each.rich[some])
        places = {"row": (batch.first_row + some).astype(np.float64), "lon": middle[:, 0], "lat": middle[:, 1]}
        return Pool(
            hashes=hashes[some],
            places={**places, "reach": reach},
            columns=columns,
            valid=np.stack(valid, axis=1),
            rich=np.stack(rich, axis=1),
        )

    def _candidates(self, hashes: NDArray[np.uint64], marks: Sequence[NDArray[np.bool_]]) -> NDArray[np.int64]:
        """Leave out rows that the pool would not keep; it makes no difference but to the time."""
        pool = self._pool
        if len(pool) < ROWS:
            return np.arange(len(hashes))
        limit = pool.hashes[ROWS - 1]
        picked = hashes < limit
        # A text has several columns in the pool, so that marks are found by their place among the leaves.
        for index, each in enumerate(marks):
            kept = pool.hashes[pool.rich[:, self._places[index]]] if index < len(self._places) else pool.hashes[:0]
            if len(kept) < RARE:
                picked |= each
            elif kept[RARE - 1] > limit:
                picked |= each & (hashes < kept[RARE - 1])
        return np.flatnonzero(picked)

    @property
    def _places(self) -> list[int]:
        return [index for index, name in enumerate(self._pool.columns) if MARK not in name]


def _require_names(names: Sequence[str]) -> None:
    """Let no column hide behind the name of another one, or of what is kept of it.

    Raises: UnmeasurableError.
    """
    if len(set(names)) < len(names):
        raise UnmeasurableError("two columns, or parts of columns, have one name")
    if any(MARK in name for name in names):
        raise UnmeasurableError("the name of a column has a character that no name has")


def _in_pool(leaf: Leaf) -> bool:
    return leaf.rows is None and leaf.kind in {"number", "time", "text"}


def _values(
    leaf: Leaf, looked: Looked, some: NDArray[np.int64], head_bytes: int
) -> list[tuple[str, NDArray[Any], NDArray[np.bool_]]]:
    """Give the numbers of some rows; for texts those that they are, tags, and how they begin."""
    if looked.numbers is not None:
        numbers = looked.numbers[some]
        valid = np.isfinite(numbers) if looked.valid is None else looked.valid[some] & np.isfinite(numbers)
        return [(leaf.name, numbers, valid)]
    chosen_texts = leaf.values.take(pa.array(some))
    texts, read = _bytes(chosen_texts), numbers_of_texts(chosen_texts)
    tags = np.array([0 if text is None else crc32(text) for text in texts], np.int64)
    known = np.array([text is not None for text in texts], np.bool_)
    heads = np.array([b"" if text is None else text[:head_bytes] for text in texts], f"S{head_bytes}")
    return [(leaf.name, read, np.isfinite(read)), (leaf.name + TAG, tags, known), (leaf.name + HEAD, heads, known)]


def numbers_of_texts(texts: pa.Array) -> NDArray[np.float64]:
    """Read texts that are numbers or angles; others are not a number."""
    # What is no UTF-8 has characters that no number has.
    read = (np.nan if text is None else number_in(text.decode(errors="replace")) for text in _bytes(texts))
    return np.fromiter(read, np.float64, len(texts))


_THOUSANDS = re.compile(
    r"[+-]?\d{1,3}(?:(['\u2019_\u00a0\u2009\u202f])\d{3}(?:\1\d{3})*|([.,])\d{3}(?:\2\d{3})+)(?:[.,]\d+)?"
)


def _without_marks(text: str) -> str:
    """Take off what stands between the thousands of a number."""
    match = _THOUSANDS.fullmatch(text.strip()) if len(text) <= _LONGEST_NUMBER else None
    return text if match is None else text.strip().replace(match.group(1) or match.group(2), "")


def _bytes(texts: pa.Array) -> list[bytes | None]:
    found: list[bytes | None] = pc.cast(texts, pa.large_binary()).to_pylist()
    return found


def number_in(text: str) -> float:
    """Read a text that is one number, perhaps with a unit, or one angle in degrees, minutes and seconds; else NaN."""
    if not 0 < len(text) <= _LONGEST_NUMBER or not any(c.isdigit() for c in text):
        return np.nan
    match = _AXIS.fullmatch(_without_marks(text))
    if match is None:
        bare = _WITH_UNIT.fullmatch(text)
        return number_in(bare.group(1)) if bare is not None and bare.group(1) != text else np.nan
    before, degrees, minutes, seconds, after = match.groups()
    number = float(degrees.replace(",", "."))
    rest = float((minutes or "0").replace(",", ".")) / 60 + float((seconds or "0").replace(",", ".")) / 3600
    number = number - rest if degrees.startswith("-") else number + rest
    return -number if (before or after or "").upper() in {"S", "W"} else number
