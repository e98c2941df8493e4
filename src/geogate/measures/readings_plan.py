"""Where a layer's numbers would have to lie to hit zones under each reading: found once for a list and a system."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import numpy as np
import shapely

from geogate.measures.readings_boxes import boxes_for, large_extent, zone_boxes
from geogate.measures.readings_of import readings_of
from geogate.measures.reference import is_wgs84

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyproj
    from numpy.typing import NDArray

    from geogate.measures.reading_systems import Box
    from geogate.measures.readings import Reading
    from geogate.measures.zone_readings import ZoneReadings
    from geogate.zones.compiled import CompiledIndex
    from geogate.zones.index import ZoneIndex

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CELLS: Final = 256
"""Cells of the picture that is made of a batch, in either axis."""

_BITS: Final = 32
_MANY: Final = 2_000
_FINITE: Final = 1e300
_PLANS: Final = 16


class Laid:
    """One reading, with the boxes of the numbers that it brings near to zones; they are made when somebody asks."""

    def __init__(self, reading: Reading, zones: Floats) -> None:
        """Take a reading and the boxes of zones."""
        self.reading = reading
        self._zones = zones

    @cached_property
    def boxes(self) -> Floats:
        """The boxes.

        Shape: ``(n, 4)``.
        """
        return np.clip(boxes_for(self.reading, self._zones), -_FINITE, _FINITE)

    @cached_property
    def large(self) -> float:
        """How large a shape may be without its edges leaving the box of its vertices.

        Units: those of the layer's numbers.
        """
        return large_extent(self.reading)

    @cached_property
    def _tree(self) -> shapely.STRtree:
        return shapely.STRtree(np.asarray(shapely.box(*self.boxes.T)))

    def near(self, bounds: Box) -> Floats:
        """Find the boxes that numbers within some bounds can lie in."""
        if len(self.boxes) > _MANY:
            few: Floats = self.boxes[self._tree.query(shapely.box(*bounds))]
            return few
        x0, y0, x1, y1 = self.boxes.T
        inside: Floats = self.boxes[(x0 <= bounds[2]) & (x1 >= bounds[0]) & (y0 <= bounds[3]) & (y1 >= bounds[1])]
        return inside

    def near_rows(self, boxes: Floats) -> Ints:
        """Find which of the boxes of rows touch a box, some perhaps several times."""
        rows: Ints = self._tree.query(shapely.box(*boxes.T))[0]
        return rows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """The readings of a layer: those of the file's numbers, and those of the positions that the layer declares.

    ``beyond`` are readings of the file's numbers that fit nothing that is a degree as it stands.
    """

    raw: tuple[Laid, ...]
    beyond: tuple[Laid, ...]
    declared: tuple[Laid, ...]


@dataclass(slots=True, kw_only=True, eq=False)
class _Plans:
    """The plans for one index; all share the boxes of its zones."""

    zones: Floats
    made: dict[tuple[str, str], Plan] = field(default_factory=dict)


_plans: WeakKeyDictionary[ZoneIndex | CompiledIndex, _Plans] = WeakKeyDictionary()
_lock = Lock()


def plan_for(measure: ZoneReadings, index: ZoneIndex | CompiledIndex, crs: pyproj.CRS) -> Plan:
    """Get the plan of a measure for layers with a reference system, made once in this process.

    Raises: UnmeasurableError when a reference system has no way to WGS 84.
    """
    key = (measure.id, crs.to_wkt())
    with _lock:
        if index not in _plans:
            _plans[index] = _Plans(zones=zone_boxes(measure.zone_list, measure.buffer_m))
        made, zones = _plans[index].made, _plans[index].zones
        if key not in made:
            while len(made) >= _PLANS:
                del made[next(iter(made))]
            made[key] = _made(measure, zones, crs)
        return made[key]


def _made(measure: ZoneReadings, zones: Floats, crs: pyproj.CRS) -> Plan:
    laid = [Laid(reading, zones) for reading in readings_of(crs, measure.families)]
    # On WGS 84 the declared positions are the file's numbers.
    same = any(each.reading.declared for each in laid) and is_wgs84(crs)
    raw = [each for each in laid if same or not each.reading.declared]
    return Plan(
        raw=tuple([each for each in raw if not each.reading.fit.beyond_degrees]),
        beyond=tuple([each for each in raw if each.reading.fit.beyond_degrees]),
        declared=tuple([each for each in laid if not same and each.reading.declared]),
    )


class Picture:
    """A batch's numbers in cells, to find those that lie in boxes; it errs towards "in a box" only."""

    def __init__(self, xy: Floats, bounds: Box) -> None:
        """Lay cells over the bounds of positions, which are finite.

        Shape: ``(n, 2)``.
        """
        self._low, high = np.array(bounds[:2]), np.array(bounds[2:])
        with np.errstate(over="ignore"):
            wide = high - self._low
        self._scale = np.divide(CELLS - 0.01, wide, out=np.zeros(2), where=(wide > 1 / _FINITE) & (wide < _FINITE))
        cell = ((xy[:, 1] - self._low[1]) * self._scale[1]).astype(np.int32)
        cell *= CELLS
        cell += ((xy[:, 0] - self._low[0]) * self._scale[0]).astype(np.int32)
        self._cell = cell

    def positions_in(self, several: Sequence[Floats]) -> list[Ints]:
        """Find the positions that lie in each of several sets of boxes, and perhaps some beside them.

        Shape: ``(n, 4)`` each.
        """
        groups = [several[first : first + _BITS] for first in range(0, len(several), _BITS)]
        return [found for group in groups for found in self._positions_in(group)]

    def _positions_in(self, several: Sequence[Floats]) -> list[Ints]:
        marked = self._marked(several)
        which = np.flatnonzero(marked.take(self._cell))
        bits = marked[self._cell[which]]
        return [which[bits & np.uint32(1 << number) != 0] for number in range(len(several))]

    def _marked(self, several: Sequence[Floats]) -> NDArray[np.uint32]:
        """Give each cell a bit for each set of boxes of which one touches it."""
        boxes = np.concatenate(several)
        bits = np.repeat(1 << np.arange(len(several)), [len(some) for some in several]).tolist()
        with np.errstate(over="ignore"):
            low = np.clip((boxes[:, :2] - self._low) * self._scale - 1e-3, 0, CELLS - 1).astype(np.int64)
            high = np.clip((boxes[:, 2:] - self._low) * self._scale + 1e-3, 0, CELLS - 1).astype(np.int64) + 1
        marked = np.zeros((CELLS, CELLS), np.uint32)
        for (x0, y0), (x1, y1), bit in zip(low.tolist(), high.tolist(), bits, strict=True):
            marked[y0:y1, x0:x1] |= np.uint32(bit)
        return marked.reshape(-1)
