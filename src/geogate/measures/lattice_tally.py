"""The tally of coordinate lattices by compiled kernels; ``geogate.measures.lattice`` is the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geogate.kernels import lattice as kernels
from geogate.kernels.inputs import read_only
from geogate.kernels.lattice_marks import COARSEST, COUNT, EVEN, FIVES
from geogate.measures.lattice import BEYOND_THE_POLE, Decimals, Extent, Lattice, pole_of
from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.lattice import Histogram


class LatticeTally:
    """Counts in arrays, and makes the measurement at the end."""

    def __init__(self) -> None:
        self._counts, self._extents, self._strange, self._guesses = kernels.new_counts()
        self._crs: pyproj.CRS | None = None
        self._wkt = ""
        self._pole = np.inf

    def add(self, batch: LayerBatch, /) -> None:
        """Count the vertices of one more batch.

        Raises: UnmeasurableError when a latitude lies beyond a pole, the axes have no unit, or batches have different
            reference systems.
        """
        if batch.crs is not self._crs:
            self._refer_to(batch.crs)
        x, y = (read_only(batch.geometries.xy[:, axis]) for axis in range(2))
        kernels.tally_lattice(x, y, self._pole, self._counts, self._extents, self._strange, self._guesses)
        if self._strange[kernels.BEYOND]:
            raise UnmeasurableError(BEYOND_THE_POLE)

    def measurement(self) -> Lattice:
        """Return the classes of all vertices."""
        x, y = (_histogram(self._counts[axis], self._extents[axis]) for axis in range(2))
        return Lattice(crs=self._wkt, x=x, y=y, non_finite=int(self._strange[kernels.NON_FINITE]))

    def _refer_to(self, crs: pyproj.CRS) -> None:
        pole, wkt = pole_of(crs), crs.to_wkt()
        if self._wkt and wkt != self._wkt:
            raise UnmeasurableError("the rows of one layer have two reference systems")
        self._crs, self._wkt, self._pole = crs, wkt, pole


def _histogram(counts: NDArray[np.int64], extents: NDArray[np.float64]) -> Histogram:
    return tuple(
        Decimals(
            places=int(place) + COARSEST,
            count=int(counts[place, COUNT]),
            even=int(counts[place, EVEN]),
            fives=int(counts[place, FIVES]),
            extent=_extent(*extents[place].tolist()),
        )
        for place in np.flatnonzero(counts[:, COUNT])
    )


def _extent(min_x: float, min_y: float, max_x: float, max_y: float) -> Extent | None:
    """Return the bounds, ``None`` where nothing has widened them."""
    return Extent(min_x=min_x, min_y=min_y, max_x=max_x, max_y=max_y) if min_x <= max_x else None
