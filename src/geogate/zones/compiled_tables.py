"""The tables of a compiled zone index, as plain arrays; ``geogate.kernels`` says how they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stripes:
    """The polygon rings of all zones, and the edges by stripes of latitude; see ``geogate.kernels.stripes``.

    ``zone_bounds`` are those of the whole zone, its lines and points included.
    """

    xy: NDArray[np.float64]
    ring_start: NDArray[np.int64]
    zone_ring: NDArray[np.int64]
    zone_bounds: NDArray[np.float64]
    stripe_head: NDArray[np.float64]
    stripe_start: NDArray[np.int64]
    stripe_edge: NDArray[np.int32]
