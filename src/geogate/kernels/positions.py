"""Whether positions are longitudes and latitudes; ``geogate.measures.reference.on_earth`` is the reference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geogate.kernels.inputs import read_only
from geogate.kernels.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray


@kernel
def all_on_earth(lon: NDArray[np.float64], lat: NDArray[np.float64], highest: float) -> bool:
    """Say whether all longitudes are finite and no latitude is NaN or beyond ``highest``.

    Shape: read-only ``(n,)`` twice.
    """
    odd = False
    for k in range(len(lon)):
        odd |= not ((abs(lon[k]) < np.inf) & (abs(lat[k]) <= highest))
    return not odd


def warm_up() -> None:
    """Compile the kernel of this module."""
    ordinate = read_only(np.zeros(1))
    all_on_earth(ordinate, ordinate, 90.0)
