"""The finite numbers of a batch as readings take them, and which of them may lie near to zones."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

from geogate.measures.measure import UnmeasurableError
from geogate.measures.readings_plan import Picture
from geogate.measures.reference import positions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.reading_systems import Box
    from geogate.measures.readings import Fit
    from geogate.measures.readings_plan import Laid

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_POINT_KINDS: Final = (0, 1, 4)
"""No geometry, Point, MultiPoint: all that they have is in their vertices."""


class Numbers:
    """The file's own numbers, or the declared positions on WGS 84; those that are not finite are left out."""

    def __init__(self, batch: LayerBatch, *, declared: bool) -> None:
        """Take the numbers of a batch.

        Raises: UnmeasurableError when the reference system has no way to WGS 84.
        """
        self._batch, self._declared = batch, declared
        self._all = self._declared_positions() if declared else batch.geometries.xy
        self.bounds, finite = _bounds(self._all)
        self._vertex = None if finite is None else np.flatnonzero(finite)
        self.xy = self._all if self._vertex is None else self._all[self._vertex]
        self._fitting: dict[int, int] = {}

    def _declared_positions(self) -> Floats:
        try:
            return self._batch.lonlat
        except UnmeasurableError:
            # Some positions have no place on the Earth, which denies elsewhere; the others are read.
            return positions(self._batch.geometries.xy, self._batch.crs)

    def fitting(self, fit: Fit) -> int:
        """Count the vertices that fit; several readings share what they fit."""
        found = self._fitting.get(id(fit))
        if found is None:
            found = fit.count(self.xy, self.bounds) if len(self.xy) else 0
            self._fitting[id(fit)] = found
        return found

    def vertices_near(self, several: Sequence[Floats]) -> list[Ints]:
        """Find the vertices in each of several sets of boxes, and perhaps some beside; the numbers are of ``xy``."""
        none = np.empty(0, np.int64)
        some = [number for number, boxes in enumerate(several) if len(boxes)]
        found = [none] * len(several)
        if some:
            for number, which in zip(some, self._picture.positions_in([several[n] for n in some]), strict=True):
                found[number] = which
        return found

    @cached_property
    def _picture(self) -> Picture:
        return Picture(self.xy, self.bounds)

    @property
    def edged(self) -> bool:
        """Whether there are lines or polygons, which can hit with none of their vertices."""
        return len(self._edged_rows) > 0

    @cached_property
    def _edged_rows(self) -> Ints:
        """The rows that are not points alone and have vertices."""
        geometries = self._batch.geometries
        if geometries.parts is None:
            return np.empty(0, np.int64)
        some = np.diff(geometries.feature_offsets) > 0
        return np.flatnonzero(~np.isin(geometries.kinds, _POINT_KINDS) & some)

    @cached_property
    def _row_boxes(self) -> tuple[Floats, Ints]:
        """The boxes of ``_edged_rows``, and these rows; those with a vertex that is not finite have no reading."""
        offsets, rows, xy = self._batch.geometries.feature_offsets, self._edged_rows, self._all
        # Every second of the runs lies between two rows, and is dropped.
        bounds = np.stack([offsets[rows], offsets[rows + 1]], axis=1).reshape(-1)
        bounds = bounds[:-1] if bounds[-1] == len(xy) else bounds
        low = [np.minimum.reduceat(xy[:, axis], bounds)[::2] for axis in (0, 1)]
        high = [np.maximum.reduceat(xy[:, axis], bounds)[::2] for axis in (0, 1)]
        boxes = np.stack([*low, *high], axis=1)
        finite = np.isfinite(boxes).all(axis=1)
        return boxes[finite], rows[finite]

    def rows_near(self, laid: Laid, *, some: bool) -> Ints:
        """Find the rows with edges that lie near to zones under a reading, and those too large to tell.

        ``some`` says that boxes of the reading are within the bounds of all numbers.
        """
        x0, y0, x1, y1 = self.bounds
        if not len(self._edged_rows) or not (some or max(x1 - x0, y1 - y0) > laid.large):
            return np.empty(0, np.int64)
        boxes, rows = self._row_boxes
        near = np.flatnonzero(np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]) > laid.large)
        if some:
            near = np.concatenate([near, laid.near_rows(boxes)])
        return rows[np.unique(near)]

    def shapes(self, rows: Ints) -> NDArray[np.object_]:
        """Make shapely geometries of some rows, with these numbers.

        Raises: UnmeasurableError when GEOS does not accept a geometry.
        """
        shapes = self._batch.geometries.shapes(rows)
        if not self._declared:
            return shapes
        return np.asarray(shapely.transform(shapes, lambda xy: positions(xy, self._batch.crs)))

    def rows_of(self, vertices: Ints) -> Ints:
        """Return the rows of some of the vertices."""
        number = vertices if self._vertex is None else self._vertex[vertices]
        rows: Ints = np.searchsorted(self._batch.geometries.feature_offsets, number, side="right") - 1
        return rows


def _bounds(xy: Floats) -> tuple[Box, NDArray[np.bool_] | None]:
    """Return the bounds of the finite positions, and which are finite where not all are."""
    x, y = xy[:, 0], xy[:, 1]
    if not len(xy):
        return (0.0, 0.0, 0.0, 0.0), None
    bounds = (float(x.min()), float(y.min()), float(x.max()), float(y.max()))
    if np.isfinite(bounds).all():
        return bounds, None
    finite = np.isfinite(x) & np.isfinite(y)
    return _bounds(xy[finite])[0], finite
