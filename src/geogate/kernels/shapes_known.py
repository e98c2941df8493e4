"""From features to their vertices, and from the zones that vertices hit to the zones that features hit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geogate.kernels.inputs import read_only
from geogate.kernels.jit import kernel

if TYPE_CHECKING:
    from geogate.kernels.shapes_tables import Floats, Ints


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


@kernel
def vertices_of(rows: Ints, start: Ints, xs: Floats, ys: Floats) -> tuple[Ints, Floats, Floats]:
    """Gather the vertices of some rows: their numbers, longitudes and latitudes."""
    count = 0
    for row in rows:
        count += start[row + 1] - start[row]
    number, lon, lat = np.empty(count, np.int64), np.empty(count), np.empty(count)
    count = 0
    for row in rows:
        for v in range(start[row], start[row + 1]):
            number[count], lon[count], lat[count] = v, xs[v], ys[v]
            count += 1
    return number, lon, lat


def warm_up() -> None:
    """Compile the kernels of this module for the types that they are used with."""
    nothing = read_only(np.zeros(0, np.int64))
    start, floats = read_only(np.zeros(2, np.int64)), read_only(np.zeros(0))
    rows_of(nothing, nothing, start, 1)
    vertices_of(nothing, start, floats, floats)
