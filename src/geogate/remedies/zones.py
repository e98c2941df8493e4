"""Rows that keep out of zones; the hole that is left has the outline of cells of a fixed grid, not that of a zone.

The grid is the same for every release, so that releases together draw no finer hole than one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyproj
import shapely

from geogate.measures.batch import LayerBatch
from geogate.measures.reference import is_wgs84, to_lonlat
from geogate.measures.zone_indexes import feature_hits, zone_index
from geogate.remedies.rows import without_columns, wkb_of

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from geogate.measures.tools import Tools
    from geogate.remedies.changes import KeepOut
    from geogate.remedies.rows import Rows
    from geogate.zones.compiled import CompiledIndex
    from geogate.zones.index import ZoneIndex

    Bools = NDArray[np.bool_]
    Floats = NDArray[np.float64]
    Cell = tuple[int, int]

MOST_CELLS: Final = 1_024
"""The most cells that the box of a feature may have for it to be looked at cell by cell."""

MOST_CELLS_CUT: Final = 65_536
"""The same where a feature is cut; one with more is left out as a whole."""

WGS84: Final = pyproj.CRS.from_epsg(4326)
_NORTH, _EAST = 90.0, 180.0
_WIDEST: Final = 64
_NARROWEST: Final = 1e-6
_CURVED_DEG: Final = 0.01


@dataclass(slots=True)
class Guard:
    """Leaves out, or cuts, what comes near to zones; it remembers which cells do."""

    change: KeepOut
    tools: Tools
    _index: ZoneIndex | CompiledIndex = field(init=False)
    _wide: ZoneIndex | CompiledIndex = field(init=False)
    _near: dict[Cell, bool] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        change = self.change
        self._index = zone_index(change.zone_list, change.buffer_m, self.tools)
        self._wide = zone_index(change.zone_list, change.buffer_m + change.margin_m, self.tools)

    def keep(self, rows: Rows) -> Rows:
        """Keep what does not come near.

        Raises: UnmeasurableError when a vertex is not on the globe, or an edge cannot be followed.
        """
        if not len(rows):
            return rows
        if not self.change.cell_deg:
            return rows.only(~_hit(rows.batch(), self._index))
        hit = _hit(rows.batch(), self._wide)
        boxes = self._boxes(rows)
        touching = self._touching(rows, boxes, hit)
        if not self.change.clip:
            return rows.only(~(hit | touching))
        return self._cut(rows, boxes, hit | touching)

    def _boxes(self, rows: Rows) -> Floats:
        """Give the bounds of each row in degrees; NaN without a position.

        Shape: ``(rows, 4)``.
        """
        if is_wgs84(rows.crs):
            return np.asarray(shapely.bounds(rows.shapes))
        return np.asarray(shapely.bounds(_in_degrees(rows.shapes, rows.crs)))

    def _touching(self, rows: Rows, boxes: Floats, hit: Bools) -> Bools:
        """Mark the rows that touch a cell which comes near to a zone."""
        touching, columns, lines = self._in_one_cell(boxes)
        whole = touching.copy()
        for place in np.flatnonzero(~whole & ~hit).tolist():
            own = self._cells(boxes[place], most=MOST_CELLS)
            self._look(set(own))
            near = [cell for cell in own if self._near[cell]]
            touching[place] = bool(near) and self._touches(rows, place, near)
        cells, which = np.unique(np.column_stack([columns, lines])[whole], axis=0, return_inverse=True)
        known: list[Cell] = [(column, line) for column, line in cells.tolist()]
        self._look(set(known))
        near_cells: Bools = np.fromiter((self._near[cell] for cell in known), np.bool_, count=len(known))
        touching[whole] = near_cells[which.reshape(-1)]
        return touching

    def _in_one_cell(self, boxes: Floats) -> tuple[Bools, NDArray[np.int64], NDArray[np.int64]]:
        """Mark the rows that lie in one cell, and name it by its column and its row."""
        size = self.change.cell_deg
        finite: Bools = np.logical_and.reduce(np.isfinite(boxes), axis=1)
        known = np.where(finite[:, None], boxes, 0.0)
        south, north = (np.floor(known[:, side] / size).astype(np.int64) for side in (1, 3))
        widths = self._widths(south)
        west, east = (np.floor(known[:, side] / widths).astype(np.int64) for side in (0, 2))
        whole: Bools = np.logical_and.reduce([finite, south == north, west == east])
        return whole, west, south

    def _touches(self, rows: Rows, place: int, near: list[Cell]) -> bool:
        shape = rows.shapes[place]
        if not is_wgs84(rows.crs):
            (shape,) = _in_degrees(np.array([shape], object), rows.crs)
        return bool(shapely.intersects(shape, np.array([self._square(cell) for cell in near])).any())

    def _cut(self, rows: Rows, boxes: Floats, near: Bools) -> Rows:
        """Cut lines and polygons along cells, leave out points, and whatever comes near to a zone even so."""
        shapes = np.array(rows.shapes, object)
        gone = near & (shapely.get_dimensions(shapes) == 0)
        for place in np.flatnonzero(near & ~gone).tolist():
            shapes[place] = self._remainder(shapes[place], boxes[place], rows.crs)
            gone[place] = shapes[place] is None
        left = rows.with_shapes(shapes).only(~gone)
        return left.only(~_hit(left.batch(), self._wide)) if len(left) else left

    def _remainder(self, shape: Any, box: Floats, crs: pyproj.CRS) -> Any:
        cells = self._cells(box, most=MOST_CELLS_CUT)
        self._look(set(cells))
        squares = [self._square(cell) for cell in cells if self._near[cell]]
        if not squares:
            return None
        hole = shapely.union_all(squares)
        if not is_wgs84(crs):
            hole = _from_degrees(hole, crs)
        left = shapely.difference(shapely.make_valid(shape), hole)
        wanted = shapely.get_dimensions(shape)
        parts = [part for part in shapely.get_parts(left) if shapely.get_dimensions(part) == wanted]
        if not parts:
            return None
        if len(parts) == 1:
            return parts[0]
        return shapely.multilinestrings(parts) if wanted == 1 else shapely.multipolygons(parts)

    def _cells(self, box: Floats, *, most: int) -> tuple[Cell, ...]:
        """List the cells of a box, none where it has too many."""
        if not np.isfinite(box).all():
            return ()
        size = self.change.cell_deg
        south, north = (int(np.floor(each / size)) for each in (box[1], box[3]))
        found: list[Cell] = []
        for row in range(south, north + 1):
            width = self._width(row)
            west, east = (int(np.floor(each / width)) for each in (box[0], box[2]))
            if len(found) + east - west + 1 > most:
                return ()
            found += [(column, row) for column in range(west, east + 1)]
        return tuple(found)

    def _width(self, row: int) -> float:
        """Give the cells of a row their width in degrees."""
        return float(self._widths(np.array([row]))[0])

    def _widths(self, lines: NDArray[np.int64]) -> Floats:
        """Give cells a width in degrees that keeps them about as wide as high."""
        size = self.change.cell_deg
        narrowing = np.cos(np.radians(np.minimum(np.abs(lines + 0.5) * size, _NORTH - size / 2)))
        doublings = np.round(-np.log2(np.maximum(narrowing, _NARROWEST)))
        widths: Floats = size * np.minimum(2.0**doublings, _WIDEST)
        return widths

    def _square(self, cell: Cell) -> Any:
        column, row = cell
        width, size = self._width(row), self.change.cell_deg
        return shapely.box(
            max(column * width, -_EAST),
            max(row * size, -_NORTH),
            min((column + 1) * width, _EAST),
            min((row + 1) * size, _NORTH),
        )

    def _look(self, cells: set[Cell]) -> None:
        """Find out which cells come near to a zone."""
        new = sorted(cells - self._near.keys())
        if not new:
            return
        squares = np.array([self._square(cell) for cell in new], object)
        # A cell beyond the antimeridian or a pole has no inside; such positions are judged by themselves.
        real = shapely.area(squares) > 0
        near = np.zeros(len(new), np.bool_)
        if real.any():
            near[real] = _hit(_as_batch(squares[real]), self._wide)
        self._near.update(zip(new, near.tolist(), strict=True))


def _hit(batch: LayerBatch, index: ZoneIndex | CompiledIndex) -> Bools:
    found = np.zeros(batch.rows, np.bool_)
    found[feature_hits(batch, index).owner] = True
    return found


def _as_batch(shapes: NDArray[Any]) -> LayerBatch:
    wkb: pa.Array = wkb_of(shapes)
    return LayerBatch(wkb=wkb, attributes=without_columns(len(shapes)), crs=WGS84)


def _in_degrees(shapes: NDArray[Any], crs: pyproj.CRS) -> NDArray[Any]:
    flat = shapely.force_2d(shapes)
    return np.asarray(shapely.transform(flat, lambda xy: np.asarray(to_lonlat(xy, crs))), object)


def _from_degrees(hole: Any, crs: pyproj.CRS) -> Any:
    """Bring cells into a projection; their sides are cut into short pieces, because they bend there."""
    to_own = pyproj.Transformer.from_crs(WGS84, crs, always_xy=True)
    dense = shapely.segmentize(hole, _CURVED_DEG)
    return shapely.transform(dense, lambda xy: np.column_stack(to_own.transform(xy[:, 0], xy[:, 1])))
