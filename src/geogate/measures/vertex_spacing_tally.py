"""The tally of vertex spacing by compiled kernels; ``geogate.measures.vertex_spacing`` is the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geogate.kernels.inputs import read_only
from geogate.kernels.spacing import tally_chords
from geogate.measures.vertex_spacing import CLASSES, LIMITS_M, Spacing

if TYPE_CHECKING:
    from geogate.measures.batch import LayerBatch

_EXPONENTS = 2048
_BIAS = 1023
LIMITS = read_only(np.array([*LIMITS_M, np.inf]))

with np.errstate(over="ignore"):
    BELOW = read_only(np.searchsorted(LIMITS_M, np.ldexp(1.0, np.arange(_EXPONENTS) - _BIAS), side="right"))
"""For each exponent of a float64 the limits that are at most its least number."""


class SpacingTally:
    """Counts in arrays, and makes the measurement at the end."""

    def __init__(self) -> None:
        self._counts = np.zeros(CLASSES + 1, np.int64)
        self._shortest = np.full(1, np.inf)

    def add(self, batch: LayerBatch, /) -> None:
        """Measure the edges of one more batch.

        Raises: UnmeasurableError when a finite vertex has no place on the Earth.
        """
        parts = batch.geometries.parts
        if parts is None:
            return
        lon, lat = (read_only(batch.lonlat[:, axis]) for axis in range(2))
        tally_chords(lon, lat, read_only(parts.offsets), LIMITS, BELOW, self._counts, self._shortest)

    def measurement(self) -> Spacing:
        """Return the counts of all edges."""
        *counts, unmeasured = self._counts.tolist()
        shortest_m = float(self._shortest[0])
        return Spacing(
            counts=tuple(counts), shortest_m=shortest_m if np.isfinite(shortest_m) else None, unmeasured=unmeasured
        )
