"""A coarse picture of the globe that says where surely no zone is; it errs towards "perhaps" only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from geogate.zones.unwrap import HALF_TURN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

CELLS_A_DEGREE = 10
ROWS, COLUMNS = 180 * CELLS_A_DEGREE, 360 * CELLS_A_DEGREE
_MARGIN_DEG = 1e-7
_SMALL_DEG = 0.9 / CELLS_A_DEGREE


class Raster:
    """Cells of a tenth of a degree that zones touch or come near to.

    One row and one column more than the globe has take latitude 90 and longitude 180.
    """

    def __init__(self, *, boxes: NDArray[np.float64], polygons: Sequence[shapely.Polygon]) -> None:
        """Mark all cells that ``boxes`` touch and all whose centre a polygon covers.

        The boxes hold the polygons' boundaries, so that a cell that no box touches is wholly inside or wholly
        outside. Longitudes of boxes may leave [-180, 180]; a box 360 degrees wide is a whole band.

        Shape: ``(n, 4)``, west, south, east, north.
        """
        cells = np.zeros((ROWS + 1, COLUMNS + 1), dtype=np.bool_)
        _mark_boxes(cells, boxes)
        for polygon in polygons:
            _mark_inside(cells, polygon)
        cells[ROWS] |= cells[ROWS - 1]
        cells[:, COLUMNS] = cells[:, 0]
        cells.setflags(write=False)
        self._cells = cells
        self._flat = cells.reshape(-1)

    def near(self, lonlat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell for each position whether a zone may reach it.

        Shape: ``(n, 2)`` to ``(n,)``; longitudes within [-180, 180].
        """
        row = ((lonlat[:, 1] + 90.0) * CELLS_A_DEGREE).astype(np.int32)
        column = ((lonlat[:, 0] + 180.0) * CELLS_A_DEGREE).astype(np.int32)
        row *= COLUMNS + 1
        row += column
        found: NDArray[np.bool_] = self._flat.take(row)
        return found

    def near_boxes(self, boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Tell for each box whether a zone may reach it; boxes larger than a cell or off the globe always may.

        Shape: ``(n, 4)`` to ``(n,)``.
        """
        small = (boxes[:, 2] - boxes[:, 0] <= _SMALL_DEG) & (boxes[:, 3] - boxes[:, 1] <= _SMALL_DEG)
        small &= (boxes[:, 0] >= -HALF_TURN) & (boxes[:, 2] <= HALF_TURN)
        near = ~small
        inside = boxes[small]
        found = np.zeros(len(inside), dtype=np.bool_)
        for corner in ([0, 1], [0, 3], [2, 1], [2, 3]):
            found |= self.near(inside[:, corner])
        near[small] = found
        return near


def _mark_boxes(cells: NDArray[np.bool_], boxes: NDArray[np.float64]) -> None:
    grown = boxes + np.array([-_MARGIN_DEG, -_MARGIN_DEG, _MARGIN_DEG, _MARGIN_DEG])
    south = np.clip(np.floor((grown[:, 1] + 90) * CELLS_A_DEGREE), 0, ROWS).astype(np.int64)
    north = np.clip(np.floor((grown[:, 3] + 90) * CELLS_A_DEGREE), 0, ROWS).astype(np.int64)
    west = np.floor((grown[:, 0] + 180) * CELLS_A_DEGREE).astype(np.int64)
    wide = np.minimum(np.floor((grown[:, 2] + 180) * CELLS_A_DEGREE).astype(np.int64) - west + 1, COLUMNS)
    for row0, row1, column, width in zip(south, north + 1, west % COLUMNS, wide, strict=True):
        end = column + width
        cells[row0:row1, column : min(end, COLUMNS)] = True
        if end > COLUMNS:
            cells[row0:row1, : end - COLUMNS] = True


def _mark_inside(cells: NDArray[np.bool_], polygon: shapely.Polygon) -> None:
    west, south, east, north = polygon.bounds
    column = np.arange(max(int((west + 180) * CELLS_A_DEGREE), 0), min(int((east + 180) * CELLS_A_DEGREE) + 1, COLUMNS))
    lon = (column + 0.5) / CELLS_A_DEGREE - 180
    for row in range(max(int((south + 90) * CELLS_A_DEGREE), 0), min(int((north + 90) * CELLS_A_DEGREE) + 1, ROWS)):
        todo = ~cells[row, column]
        if todo.any():
            lat = np.full(int(todo.sum()), (row + 0.5) / CELLS_A_DEGREE - 90)
            cells[row, column[todo]] = shapely.intersects_xy(polygon, lon[todo], lat)
