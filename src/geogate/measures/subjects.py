"""How many distinct subjects the ids of a layer name, as a sketch that adds up over layers and over releases.

The sketch keeps the lowest keyed hashes. Up to as many as it keeps, the number of subjects is exact; above, it is the
upper end of an estimate, so that too many are counted rather than too few.
"""

from __future__ import annotations

import math
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from geogate.measures.cells import is_called, labels_of, plain
from geogate.measures.measure import MeasureId
from geogate.measures.subjects_hash import hashes_of, key_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

    Words = NDArray[np.uint64]
    Bools = NDArray[np.bool_]

EXACT: Final = 1 << 14
"""Up to so many distinct subjects are counted exactly."""

_KEPT: Final = EXACT + 1
_SIGMAS: Final = 3.0
_WAITING: Final = 1 << 18
_MULTI: Final = 4
"""Kinds of geometries with parts, in WKB and with GEOS: from MultiPoint."""

_NO_ID: Final = r"^[\s0:{}()-]*$|^(?i:nan|null|none|nil|n/?a|unknown|undefined)$"
"""What stands where there is no id: nothing, zeros (as of a device that opted out), or a word for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """The subjects of some rows: hashes of their ids, and how many those without an id may be: each part somebody.

    ``hashes`` packs the lowest hashes in their order.
    """

    rows: int = 0
    unnamed: int = 0
    hashes: str = ""

    def __add__(self, other: Subjects) -> Subjects:
        return together((self, other))

    @property
    def exact(self) -> bool:
        """Whether the ids were counted one by one."""
        return len(self.words) <= EXACT

    @property
    def most(self) -> int:
        """The number of distinct subjects; where it is not exact, one that is too low in one case of 700."""
        words = self.words
        if len(words) <= EXACT:
            return len(words) + self.unnamed
        share = (int(words[-1]) + 1) / 2.0**64
        return math.ceil((_KEPT + _SIGMAS * math.sqrt(_KEPT)) / share) + self.unnamed

    @property
    def words(self) -> Words:
        """The hashes.

        Raises: ValueError when they cannot be read, or are not in their order.
        """
        words = np.frombuffer(b64decode(self.hashes, validate=True), "<u8").astype(np.uint64)
        if len(words) > _KEPT or (words[1:] <= words[:-1]).any():
            raise ValueError("the hashes of subjects are not what is kept of them")
        return words


def together(parts: Iterable[Subjects]) -> Subjects:
    """Count the subjects of several layers or releases, each of them once.

    Raises: ValueError when one of them cannot be read.
    """
    rows = unnamed = 0
    words = np.zeros(0, np.uint64)
    for part in parts:
        rows, unnamed = rows + part.rows, unnamed + part.unnamed
        if part.hashes:
            words = np.unique(np.concatenate([words, part.words]))[:_KEPT]
    return Subjects(rows=rows, unnamed=unnamed, hashes=_packed(words))


def nameless(rows: int) -> Subjects:
    """Count rows of which it is not known whose they are: each may be of another subject."""
    return Subjects(rows=rows, unnamed=rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectCount:
    """Counts the distinct values of all columns that some patterns name; a subject with two ids counts twice.

    A row without a value in any of them counts as a subject of its own, or as many as its geometry has points, lines or
    polygons, and so does each row of a layer without such a column.
    """

    columns: tuple[str, ...]

    @property
    def id(self) -> MeasureId:
        """Names the columns."""
        return MeasureId(f"subjects:{','.join(self.columns)}")

    def empty(self) -> Subjects:
        """Return the measurement of no rows."""
        return Subjects()

    def tally(self, tools: Tools) -> Tally[Subjects]:
        """Begin to measure many batches."""
        return _Tally(self, key_of(tools.pepper))

    def of(self, batch: LayerBatch) -> Subjects:
        """Count in one batch, with hashes that have no secret.

        Raises: UnmeasurableError when ids have parts.
        """
        tally = _Tally(self, key_of(b""))
        tally.add(batch)
        return tally.measurement()


class _Tally:
    """Keeps hashes as arrays until there are many."""

    def __init__(self, measure: SubjectCount, key: bytes) -> None:
        self._measure, self._key = measure, key
        self._words = np.zeros(0, np.uint64)
        self._waiting: list[Words] = []
        self._rows = self._unnamed = 0

    def add(self, batch: LayerBatch, /) -> None:
        """Count in one more batch.

        Raises: UnmeasurableError.
        """
        named = np.zeros(batch.rows, np.bool_)
        for column in self._columns(batch):
            rows, texts = _ids(column)
            named |= rows
            words = hashes_of(texts, self._key)
            # Once as many as are kept were seen, only lower ones matter.
            self._waiting.append(words if len(self._words) < _KEPT else words[words < self._words[-1]])
        self._rows += batch.rows
        self._unnamed += _parts(batch, np.flatnonzero(~named))
        if sum(map(len, self._waiting)) > _WAITING:
            self._settle()

    def measurement(self) -> Subjects:
        """Return the subjects of all rows."""
        self._settle()
        return Subjects(rows=self._rows, unnamed=self._unnamed, hashes=_packed(self._words))

    def _columns(self, batch: LayerBatch) -> Iterator[Any]:
        schema = batch.attributes.schema
        for place, name in enumerate(schema.names):
            if is_called(name, self._measure.columns):
                yield batch.attributes.column(place)

    def _settle(self) -> None:
        self._words = np.unique(np.concatenate([self._words, *self._waiting]))[:_KEPT]
        self._waiting = []


def _parts(batch: LayerBatch, rows: NDArray[np.int64]) -> int:
    """Count the points, lines and polygons of some rows, at least one a row.

    Raises: UnmeasurableError when a geometry cannot be read.
    """
    if not len(rows):
        return 0
    several = rows[batch.geometries.kinds[rows] >= _MULTI]
    if not len(several):
        return len(rows)
    waiting, row = batch.geometries.shapes(several), np.arange(len(several))
    found = np.zeros(len(several), np.int64)
    while len(waiting):
        waiting, of = shapely.get_parts(waiting, return_index=True)
        row, nested = row[of], shapely.get_type_id(waiting) >= _MULTI
        found += np.bincount(row[~nested], minlength=len(found))
        waiting, row = waiting[nested], row[nested]
    return len(rows) - len(several) + int(np.maximum(found, 1).sum())


def _ids(column: Any) -> tuple[Bools, pa.LargeStringArray]:
    """Tell which rows have an id, and give the distinct ids as texts.

    Raises: UnmeasurableError.
    """
    column = plain(column)
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), None, column)
    encoded = pc.cast(labels_of(column), pa.large_string()).dictionary_encode()
    texts = encoded.dictionary
    codes = encoded.indices.cast(pa.int64()).fill_null(len(texts)).to_numpy(zero_copy_only=False)
    # Ids are told apart to the byte: two that differ in their case alone may be two subjects.
    none = pc.match_substring_regex(texts, _NO_ID).to_numpy(zero_copy_only=False).astype(np.bool_)
    named: Bools = np.append(~none, False)[codes]
    return named, texts.filter(pa.array(~none))


def _packed(words: Words) -> str:
    return b64encode(words.astype("<u8").tobytes()).decode("ascii")
