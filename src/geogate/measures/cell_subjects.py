"""How many distinct subjects are seen in each cell of ground, exactly up to as many as are enough.

Of each cell the lowest hashes of subjects are kept, up to as many as are enough: which those are depends neither on
the order of rows nor on how they are cut. All rows without an id are one subject together.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geogate.measures.cells import column_of, labels_of, row_digests
from geogate.measures.measure import MeasureId, UnmeasurableError
from geogate.measures.wkb import POINT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

    Numbers = NDArray[Any]

MOST_KEPT: Final = 1 << 22
"""The most pairs of a cell and a subject that are kept apart: 64 MB a thread."""

METRES_A_DEGREE: Final = 111_320.0
"""Of longitude at the equator; of latitude it is at most 0.7 percent less."""

LONGEST_GEOHASH: Final = 9

_MULTI_POINT: Final = 4
_SHIFT: Final = 32
_HALF: Final = 1 << 31
_BITS: Final = 5
_PAIR: Final = np.dtype([("cell", "<u8"), ("subject", "<u8")])
_WAITING: Final = 1 << 21
_LOWEST: Final = -90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CellSubjects:
    """The subjects by cells: how many cells there are with each number of subjects, which ends at ``enough``.

    ``counts[n]`` is the number of cells with ``n`` subjects. ``pairs`` packs cells and hashes of subjects.
    ``not_points`` are rows with lines or polygons, which pass through cells without a vertex; ``nowhere`` positions
    that are not finite.
    """

    enough: int
    without_column: bool = False
    not_points: int = 0
    nowhere: int = 0
    counts: tuple[int, ...] = ()
    pairs: str = ""

    def __add__(self, other: CellSubjects) -> CellSubjects:
        if self.enough != other.enough:
            raise UnmeasurableError("subjects were counted up to different numbers")
        pairs = _lowest(np.concatenate([_unpacked(self), _unpacked(other)]), self.enough)
        return replace(
            _counted(pairs, self.enough),
            without_column=self.without_column or other.without_column,
            not_points=self.not_points + other.not_points,
            nowhere=self.nowhere + other.nowhere,
        )

    def kept(self) -> CellSubjects:
        """Leave out where and by whom cells were visited."""
        return replace(self, pairs="")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectsInCells:
    """Counts the distinct values of a column in each cell: squares of ``size_m``, or geohashes of some length.

    Two ids whose hashes are the same count once, which errs to the safe side.
    """

    column: str
    size_m: float | None
    geohash: int | None
    enough: int

    @property
    def id(self) -> MeasureId:
        """Names the cells, the number and the column."""
        cell = f"{self.size_m!r}m" if self.geohash is None else f"geohash{self.geohash}"
        return MeasureId(f"cell-subjects:{cell}:{self.enough}:{self.column}")

    def empty(self) -> CellSubjects:
        """Return the measurement of no rows."""
        return _counted(np.zeros(0, _PAIR), self.enough)

    def tally(self, tools: Tools) -> Tally[CellSubjects]:
        """Begin to measure many batches."""
        del tools
        return _Tally(self)

    def of(self, batch: LayerBatch) -> CellSubjects:
        """Count in one batch.

        Raises: UnmeasurableError when a position cannot be placed, the ids have parts, or there are too many pairs.
        """
        tally = _Tally(self)
        tally.add(batch)
        return tally.measurement()

    def cells(self, lonlat: NDArray[np.float64]) -> NDArray[np.uint64]:
        """Give finite positions the numbers of their cells.

        Raises: UnmeasurableError for a latitude beyond the poles.
        """
        lon, lat = (lonlat[:, 0] + 180.0) % 360.0 - 180.0, lonlat[:, 1]
        if (np.abs(lat) > -_LOWEST).any():
            raise UnmeasurableError("positions lie beyond the Earth")
        if self.geohash is None:
            row = np.floor(lat * (METRES_A_DEGREE / self._side_m))
            middle = np.radians(np.clip((row + 0.5) * (self._side_m / METRES_A_DEGREE), _LOWEST, -_LOWEST))
            column = np.floor(lon * np.cos(middle) * (METRES_A_DEGREE / self._side_m))
        else:
            bits = _BITS * self.geohash
            row = np.minimum(np.floor((lat - _LOWEST) / 180.0 * 2 ** (bits // 2)), 2 ** (bits // 2) - 1)
            column = np.minimum(np.floor((lon + 180.0) / 360.0 * 2 ** (bits - bits // 2)), 2 ** (bits - bits // 2) - 1)
        words = ((row.astype(np.int64) + _HALF) << _SHIFT) | (column.astype(np.int64) + _HALF)
        return words.view(np.uint64)

    @property
    def _side_m(self) -> float:
        if self.size_m is None:
            raise TypeError("the cells are geohashes")
        return self.size_m


class _Tally:
    """Keeps pairs as arrays until there are many."""

    def __init__(self, measure: SubjectsInCells) -> None:
        self._measure = measure
        self._pairs = np.zeros(0, _PAIR)
        self._waiting: list[Numbers] = []
        self._held = self._not_points = self._nowhere = 0
        self._without = False

    def add(self, batch: LayerBatch, /) -> None:
        """Count in one more batch.

        Raises: UnmeasurableError.
        """
        column = column_of(batch, self._measure.column)
        self._without |= column is None and batch.rows > 0
        subjects = row_digests([] if column is None else [labels_of(column)], batch.rows)[:, 0]
        kinds = batch.geometries.kinds
        self._not_points += int(np.count_nonzero((kinds != 0) & (kinds != POINT) & (kinds != _MULTI_POINT)))
        owners = np.repeat(np.arange(batch.rows), np.diff(batch.geometries.feature_offsets))
        finite = np.isfinite(batch.lonlat).all(axis=1)
        self._nowhere += int(np.count_nonzero(~finite))
        pairs = np.zeros(int(finite.sum()), _PAIR)
        pairs["cell"] = self._measure.cells(np.asarray(batch.lonlat)[finite])
        pairs["subject"] = subjects[owners[finite]]
        self._waiting.append(_distinct(pairs))
        self._held += len(self._waiting[-1])
        if self._held > _WAITING:
            self._settle()

    def measurement(self) -> CellSubjects:
        """Return the counts of all cells."""
        self._settle()
        return replace(
            _counted(self._pairs, self._measure.enough),
            without_column=self._without,
            not_points=self._not_points,
            nowhere=self._nowhere,
        )

    def _settle(self) -> None:
        self._pairs = _lowest(np.concatenate([self._pairs, *self._waiting]), self._measure.enough)
        self._waiting, self._held = [], 0


def _distinct(pairs: Numbers) -> Numbers:
    """Sort pairs by cell and subject, and keep one of those that are the same."""
    if not len(pairs):
        return pairs
    pairs = pairs[np.lexsort((pairs["subject"], pairs["cell"]))]
    found: Numbers = pairs[
        np.r_[True, (pairs["cell"][1:] != pairs["cell"][:-1]) | (pairs["subject"][1:] != pairs["subject"][:-1])]
    ]
    return found


def _lowest(pairs: Numbers, enough: int) -> Numbers:
    """Keep of each cell the lowest hashes, up to as many as are enough.

    Raises: UnmeasurableError when there are too many.
    """
    pairs = _distinct(pairs)
    if not len(pairs):
        return pairs
    first = np.r_[True, pairs["cell"][1:] != pairs["cell"][:-1]]
    starts = np.flatnonzero(first)
    rank = np.arange(len(pairs)) - starts[np.cumsum(first) - 1]
    kept: Numbers = pairs[rank < enough]
    if len(kept) > MOST_KEPT:
        raise UnmeasurableError(
            f"more than {MOST_KEPT:,} subjects in cells cannot be kept apart; send larger cells, or the data in tiles"
        )
    return kept


def _counted(pairs: Numbers, enough: int) -> CellSubjects:
    _, subjects = np.unique(pairs["cell"], return_counts=True)
    counts: list[int] = np.bincount(subjects, minlength=enough + 1).tolist()
    packed = b64encode(pairs.tobytes()).decode("ascii")
    return CellSubjects(enough=enough, counts=tuple(counts), pairs=packed)


def _unpacked(found: CellSubjects) -> Numbers:
    pairs = np.frombuffer(b64decode(found.pairs), _PAIR)
    if not len(pairs) and any(found.counts):
        raise UnmeasurableError("subjects that were counted for keeping cannot be added up")
    return pairs
