"""From the zones that vertices hit to the zones that features hit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geogate.kernels.inputs import read_only
from geogate.kernels.jit import kernel

if TYPE_CHECKING:
    from geogate.kernels.shapes_tables import Ints


@kernel
def rows_of(owner: Ints, zone: Ints, start: Ints, zones: int) -> tuple[Ints, Ints, int]:
    """Gather pairs of a vertex and a zone, sorted by vertex, into pairs of a row and a zone without repetition.

    Row ``i`` has the vertices ``start[i]`` to ``start[i + 1]``. Return where each row's zones begin in a list, the
    list, sorted in each row, and its length. Zones are less than ``zones``, and vertices belong to a row.
    """
    rows = len(start) - 1
    first, kept, met = np.zeros(rows + 1, np.int64), np.empty(len(zone), np.int64), np.full(zones, -1, np.int64)
    k = used = 0
    for row in range(rows):
        while k < len(owner) and owner[k] < start[row + 1]:
            if met[zone[k]] != row:
                met[zone[k]], kept[used] = row, zone[k]
                used += 1
            k += 1
        if used - first[row] > 1:
            kept[first[row] : used].sort()
        first[row + 1] = used
    return first, kept, used


def warm_up() -> None:
    """Compile the kernels of this module for the types that they are used with."""
    nothing = read_only(np.zeros(0, np.int64))
    rows_of(nothing, nothing, read_only(np.zeros(2, np.int64)), 1)
