"""Counts what hits zones under other readings: by boxes what may hit, exactly what does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import shapely
from shapely.errors import ShapelyError

from geogate.measures.measure import UnmeasurableError
from geogate.measures.readings import ALMOST_DEGREES, holds
from geogate.measures.readings_numbers import Numbers
from geogate.measures.readings_plan import plan_for
from geogate.measures.zone_hits import ZoneCount, ZoneHitCounts
from geogate.measures.zone_indexes import zone_index
from geogate.measures.zone_readings import ReadingCount, ZoneReadingCounts
from geogate.zones.boundary import Hits
from geogate.zones.compiled import CompiledIndex

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.readings import Reading
    from geogate.measures.readings_plan import Laid, Plan
    from geogate.measures.tools import Tools
    from geogate.measures.zone_readings import ZoneReadings
    from geogate.zones.index import ZoneIndex
    from geogate.zones.zone import ZoneList

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_ROWS_AT_ONCE: Final = 8_192
_WAITING: Final = 16_384
"""Vertices near to zones that wait at most: to ask about a few costs as much as to ask about thousands."""

WIDE_AREA_DEG: Final = 2.0
"""Areas wider or higher than this count by their vertices under readings that are possible for much honest data.

Where areas cover the land, some lie over some zone under almost every reading.
"""


class _Counted:
    """What was counted so far under one reading, by the numbers of the zones, and the vertices that wait for it.

    Of a vertex that waits its numbers are kept, and that of its row in all batches.
    """

    def __init__(self, reading: Reading, *, zones: int) -> None:
        self.reading = reading
        self.fitting = self.features = self.vertices = 0
        self.rows_in, self.vertices_in = np.zeros((2, zones), np.int64)
        self._waiting: list[tuple[Floats, Ints]] = []
        self._number = 0

    def wait(self, xy: Floats, rows: Ints, index: ZoneIndex | CompiledIndex) -> None:
        """Keep vertices near to zones until there are enough to ask about."""
        self._waiting.append((xy, rows))
        self._number += len(rows)
        if self._number > _WAITING:
            self.settle(index)

    def settle(self, index: ZoneIndex | CompiledIndex) -> None:
        """Ask about the vertices that wait; a row has all its vertices in one batch."""
        if not self._waiting:
            return
        xy, rows = (np.concatenate(arrays) for arrays in zip(*self._waiting, strict=True))
        self._waiting, self._number = [], 0
        self.add(Hits.none(), vertex_hits(self.reading, xy, index), rows)

    def add(self, shapes: Hits, vertices: Hits, rows: Ints) -> None:
        """Count the hits of shapes, whose owners are rows, and those of vertices, which have these rows."""
        if not (len(shapes.owner) or len(vertices.owner)):
            return
        both = Hits.union([Hits.of(rows[vertices.owner], vertices.zone), shapes])
        self.features += len(np.unique(both.owner))
        self.vertices += len(np.unique(vertices.owner))
        np.add.at(self.rows_in, both.zone, 1)
        np.add.at(self.vertices_in, vertices.zone, 1)

    def count(self, zone_list: ZoneList) -> ReadingCount:
        """Name the zones that are hit; several with one id count together."""
        zones = ZoneHitCounts()
        for number in np.flatnonzero(self.rows_in).tolist():
            features, vertices = int(self.rows_in[number]), int(self.vertices_in[number])
            one = ZoneCount(zone=zone_list.zones[number].id, features=features, vertices=vertices)
            zones += ZoneHitCounts(zones=(one,))
        return ReadingCount(
            reading=self.reading.id,
            strange=self.reading.strange,
            fitting=self.fitting,
            features=self.features,
            vertices=self.vertices,
            zones=zones.zones,
        )


class ReadingsTally:
    """Counts by reading; what was counted is told only after the tables of the index were found to be sound."""

    def __init__(self, measure: ZoneReadings, tools: Tools) -> None:
        """Begin with an index of the measure's list."""
        self._measure = measure
        self._index = zone_index(measure.zone_list, measure.buffer_m, tools)
        self._counted: dict[str, _Counted] = {}
        self._features = self._vertices = 0
        self._crs: pyproj.CRS | None = None
        self._plan: Plan | None = None

    def add(self, batch: LayerBatch, /) -> None:
        """Count the hits of one more batch under each reading.

        Raises: UnmeasurableError when a reference system has no way to WGS 84, or GEOS refuses a geometry.
        """
        plan = self._plan_of(batch.crs)
        numbers = Numbers(batch, declared=False)
        degrees = holds(ALMOST_DEGREES, numbers.bounds)
        self._count(plan.raw if degrees else plan.raw + plan.beyond, numbers, self._features)
        if plan.declared and len(numbers.xy):
            self._count(plan.declared, Numbers(batch, declared=True), self._features)
        self._features += batch.rows
        self._vertices += len(numbers.xy)

    def measurement(self) -> ZoneReadingCounts:
        """Return the counts.

        Raises: ServiceError when the index turns out to be damaged.
        """
        if isinstance(self._index, CompiledIndex):
            self._index.verified()
        names, zones = sorted(self._counted), self._measure.zone_list
        for counted in self._counted.values():
            counted.settle(self._index)
        return ZoneReadingCounts(
            features=self._features,
            vertices=self._vertices,
            readings=tuple([self._counted[name].count(zones) for name in names]),
        )

    def _plan_of(self, crs: pyproj.CRS) -> Plan:
        # All batches of a layer share one reference system; to compare two takes long.
        if self._plan is None or self._crs is not crs:
            self._plan, self._crs = plan_for(self._measure, self._index, crs), crs
        return self._plan

    def _count(self, laid: tuple[Laid, ...], numbers: Numbers, first_row: int) -> None:
        possible = [(each, fitting) for each in laid if (fitting := numbers.fitting(each.reading.fit))]
        near = [each.near(numbers.bounds) for each, _ in possible]
        for (each, fitting), boxes, which in zip(possible, near, numbers.vertices_near(near), strict=True):
            counted = self._counted_under(each.reading)
            counted.fitting += fitting
            xy, rows = numbers.xy[which], numbers.rows_of(which) + first_row
            if numbers.edged:
                found = self._shapes_under(each.reading, numbers, numbers.rows_near(each, some=len(boxes) > 0))
                shapes = Hits(owner=found.owner + first_row, zone=found.zone)
                counted.add(shapes, vertex_hits(each.reading, xy, self._index), rows)
            elif len(which):
                counted.wait(xy, rows, self._index)

    def _counted_under(self, reading: Reading) -> _Counted:
        if reading.id not in self._counted:
            self._counted[reading.id] = _Counted(reading, zones=len(self._measure.zone_list.zones))
        return self._counted[reading.id]

    def _shapes_under(self, reading: Reading, numbers: Numbers, rows: Ints) -> Hits:
        if not len(rows):
            return Hits.none()
        blocks = (rows[first : first + _ROWS_AT_ONCE] for first in range(0, len(rows), _ROWS_AT_ONCE))
        return Hits.union(self._some_shapes(reading, numbers, some) for some in blocks)

    def _some_shapes(self, reading: Reading, numbers: Numbers, rows: Ints) -> Hits:
        index = self._index.reference if isinstance(self._index, CompiledIndex) else self._index
        which, shapes = read_shapes(reading, numbers.shapes(rows))
        if not reading.strange:
            telling = ~are_wide_areas(shapes)
            which, shapes = which[telling], shapes[telling]
        try:
            hits = index.shapes_within(shapes)
        except ShapelyError:
            # What GEOS says can hold coordinates.
            raise UnmeasurableError("GEOS refuses to judge a geometry under another reading") from None
        return Hits(owner=rows[which[hits.owner]], zone=hits.zone)


def vertex_hits(reading: Reading, xy: Floats, index: ZoneIndex | CompiledIndex) -> Hits:
    """Find the zones that vertices hit under a reading; the owners are the numbers of the vertices."""
    if not len(xy):
        return Hits.none()
    lonlat = reading.lonlat(xy)
    there = np.flatnonzero(np.isfinite(lonlat[:, 0]))
    hits = index.points_within(lonlat[there])
    return Hits(owner=there[hits.owner], zone=hits.zone)


def are_wide_areas(shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Tell which shapes are areas like a country's, that lie around places and lead to none; their vertices do."""
    areas = np.isin(shapely.get_type_id(shapes), (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON))
    west, south, east, north = shapely.bounds(shapes).T
    return np.asarray(areas & (np.maximum(east - west, north - south) > WIDE_AREA_DEG))


def read_shapes(reading: Reading, shapes: NDArray[np.object_]) -> tuple[Ints, NDArray[np.object_]]:
    """Read shapes: the numbers of those whose vertices the reading all fits, and these in degrees."""
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    lonlat = reading.lonlat(xy)
    lost = np.bincount(owner[~np.isfinite(lonlat[:, 0])], minlength=len(shapes)) > 0
    which = np.flatnonzero(~lost)
    return which, shapely.set_coordinates(shapes[which], lonlat[~lost[owner]])
