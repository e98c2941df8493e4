"""How densely the points of a cloud lie on the ground; which density is too high is for the rules to say."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.measure import MeasureId, UnmeasurableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

CELL_M: Final = 10.0
"""The side of a cell.

Units: metres.
"""

MOST_CELLS: Final = 4_000_000
"""More than 400 square kilometres are not measured at once."""

_METRES_A_DEGREE: Final = 111_320.0
"""Of longitude at the equator; of latitude it is at most 0.7 percent less."""

_SHIFT: Final = 23
_ROWS: Final = 1 << 21
_COLUMNS: Final = 1 << 22
_WAITING: Final = 1 << 21


@dataclass(frozen=True, slots=True, kw_only=True)
class Density:
    """How many points lie in each cell of ten metres; ``cells`` are the numbers of cells and their points, packed.

    Cells are cut along parallels and meridians, so that they are squares wherever they lie.

    Units: points; ``densest_per_m2`` in points per square metre, to within one percent.
    """

    points: int = 0
    elsewhere: int = 0
    densest: int = 0
    cells: str = ""

    def __add__(self, other: Density) -> Density:
        """Add the points of other rows, cell by cell.

        Raises: UnmeasurableError when there are too many cells.
        """
        if not other.points:
            return replace(self, elsewhere=self.elsewhere + other.elsewhere)
        numbers = [_unpacked(each.cells) for each in (self, other)]
        keys, counts = (np.concatenate([pair[place] for pair in numbers]) for place in range(2))
        return _density(keys, counts, elsewhere=self.elsewhere + other.elsewhere)

    @property
    def densest_per_m2(self) -> float:
        """The density in the cell with the most points."""
        return self.densest / CELL_M**2

    def kept(self) -> Density:
        """Leave out where points lie."""
        return replace(self, cells="")


@dataclass(frozen=True, slots=True)
class PointDensity:
    """Counts points by cells."""

    @property
    def id(self) -> MeasureId:
        """The measure has no parameters."""
        return MeasureId("point-density")

    def empty(self) -> Density:
        """Return the measurement of no points."""
        return Density()

    def tally(self, tools: Tools) -> Tally[Density]:
        """Begin to measure many batches."""
        del tools
        return _Tally()

    def of(self, batch: LayerBatch) -> Density:
        """Count the points of one batch.

        Raises: UnmeasurableError when a position cannot be placed.
        """
        keys = _keys(batch.lonlat)
        return _density(keys, np.ones(len(keys), np.int64), elsewhere=len(batch.lonlat) - len(keys))


class _Tally:
    """Keeps cells as arrays until they are asked for."""

    def __init__(self) -> None:
        self._waiting: list[NDArray[np.int64]] = []
        self._keys, self._counts = np.empty(0, np.int64), np.empty(0, np.int64)
        self._elsewhere = self._held = 0

    def add(self, batch: LayerBatch, /) -> None:
        """Count the points of one more batch.

        Raises: UnmeasurableError.
        """
        keys = _keys(batch.lonlat)
        self._elsewhere += len(batch.lonlat) - len(keys)
        self._waiting.append(keys)
        self._held += len(keys)
        if self._held >= _WAITING:
            self._settle()

    def measurement(self) -> Density:
        """Return the counts of all cells."""
        self._settle()
        return _density(self._keys, self._counts, elsewhere=self._elsewhere)

    def _settle(self) -> None:
        new = np.concatenate([np.empty(0, np.int64), *self._waiting])
        keys, counts = np.concatenate([self._keys, new]), np.concatenate([self._counts, np.ones(len(new), np.int64)])
        self._keys, self._counts = _summed(keys, counts)
        self._waiting, self._held = [], 0


def _keys(lonlat: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the numbers of the cells of the positions that are finite."""
    some = lonlat[np.isfinite(lonlat).all(axis=1)]
    row = np.floor(some[:, 1] * (_METRES_A_DEGREE / CELL_M))
    middle = np.radians(np.clip((row + 0.5) * (CELL_M / _METRES_A_DEGREE), -90, 90))
    column = np.floor(some[:, 0] * np.cos(middle) * (_METRES_A_DEGREE / CELL_M))
    if (np.abs(row) >= _ROWS).any() or (np.abs(column) >= _COLUMNS).any():
        raise UnmeasurableError("points lie beyond the Earth")
    keys: NDArray[np.int64] = ((row.astype(np.int64) + _ROWS) << _SHIFT) | (column.astype(np.int64) + _COLUMNS)
    return keys


def _summed(keys: NDArray[np.int64], counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    found, place = np.unique(keys, return_inverse=True)
    if len(found) > MOST_CELLS:
        raise UnmeasurableError("the points cover too much ground for their density to be measured; send it in tiles")
    total = np.zeros(len(found), np.int64)
    np.add.at(total, place, counts)
    return found, total


def _density(keys: NDArray[np.int64], counts: NDArray[np.int64], *, elsewhere: int) -> Density:
    if not len(keys):
        return Density(elsewhere=elsewhere)
    found, total = _summed(keys, counts)
    return Density(
        points=int(total.sum()),
        elsewhere=elsewhere,
        densest=int(total.max()),
        cells=b64encode(np.stack([found, total]).astype("<i8").tobytes()).decode("ascii"),
    )


def _unpacked(cells: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    both = np.frombuffer(b64decode(cells), "<i8").astype(np.int64).reshape(2, -1)
    return both[0], both[1]
