"""Runs of positions into WKB that has room for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.kernels.jit import kernel
from geogate.kernels.raw import store_float64, store_uint32

if TYPE_CHECKING:
    from numpy.typing import NDArray

ORDINATE: Final = 8
HEAD: Final = 5


@kernel
def write_runs(
    data: NDArray[np.uint8],
    at: NDArray[np.int64],
    counts: NDArray[np.int64],
    code: int,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
) -> bool:
    """Write ``counts[i]`` positions from byte ``at[i]``, each after the head of a point if ``code`` is not 0.

    Returns whether there was room for all, and there were as many positions as the counts say.
    """
    size = ORDINATE * (3 if len(z) else 2) + (HEAD if code else 0)
    n = 0
    for run in range(len(at)):
        here, count = at[run], counts[run]
        if here < 0 or count < 0 or count > len(x) - n or count > (len(data) - here) // size:
            return False
        for k in range(n, n + count):
            if code:
                data[here] = 1
                store_uint32(data, here + 1, np.uint32(code))
                here += HEAD
            store_float64(data, here, x[k])
            store_float64(data, here + ORDINATE, y[k])
            here += 2 * ORDINATE
            if len(z):
                store_float64(data, here, z[k])
                here += ORDINATE
        n += count
    return n == len(x)


def warm_up() -> None:
    """Compile the kernel for ordinates that cannot be written to."""
    x = np.frombuffer(bytes(8), np.float64)
    write_runs(np.empty(21, np.uint8), np.zeros(1, np.int64), np.ones(1, np.int64), 1, x, x, x[:0])
