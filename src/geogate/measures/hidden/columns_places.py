"""Where the geometries of some rows are: the middle of each, and how far it reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geogate.measures.inventory import lonlat_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch


def middles(batch: LayerBatch, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the middle of the box of each row's geometry, NaN where there is none, and half the diagonal of the box.

    Shape: ``(n, 2)`` and ``(n,)``.
    Units: degrees.
    Raises: UnmeasurableError when the reference system has no way to WGS 84.
    """
    lonlat = lonlat_of(batch)
    offsets = batch.geometries.feature_offsets
    starts, counts = offsets[rows], offsets[rows + 1] - offsets[rows]
    middle, reach = np.full((len(rows), 2), np.nan), np.zeros(len(rows))
    some = np.flatnonzero(counts)
    if not len(some):
        return middle, reach
    first = np.cumsum(counts[some]) - counts[some]
    vertices = np.repeat(starts[some] - first, counts[some]) + np.arange(int(counts[some].sum()))
    corners = lonlat[vertices]
    low, high = np.minimum.reduceat(corners, first, axis=0), np.maximum.reduceat(corners, first, axis=0)
    middle[some] = (low + high) / 2
    reach[some] = np.hypot(*(high - low).T) / 2
    return middle, np.where(np.isfinite(reach), reach, 0.0)


def point_axes(batch: LayerBatch) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Give x and y of every row where each row is a point, in the numbers of the file."""
    geometries = batch.geometries
    if geometries.parts is not None or len(geometries.xy) != batch.rows:
        return None
    return geometries.xy[:, 0], geometries.xy[:, 1]
