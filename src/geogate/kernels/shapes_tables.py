"""The arrays that the kernels for lines and polygons read and write, gathered under names; there are no loops here."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from geogate.kernels.grid_build_sort import Cells
    from geogate.kernels.grid_probe import Scale
    from geogate.kernels.stripes import Stripes

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Box: TypeAlias = tuple[float, float, float, float]
"""West, south, east, north."""

POINT, LINE, RING = 1, 2, 3
"""The kinds of the parts of features."""

NO, HIT, ASK, IF_INVALID = 0, 1, 2, 3
"""Answers for a feature and a zone, the first three like those of ``geogate.kernels.edges``: it hits the zone, only the
reference can say, or it does not unless one of its polygons is invalid.
"""

WEST, SOUTH, EAST, NORTH = 0, 1, 2, 3
"""Columns of a zone's fence: the box of the zone with all that is in its reach. It has all longitudes where the zone
reaches over the antimeridian.
"""

REACH_X, REACH_Y = 4, 5
"""How many degrees the zone reaches at most; REACH_X is infinite for a zone whose edges the kernels do not judge."""

OUT2, IN2 = 6, 7
"""Squares of metres: what is farther than OUT2 from an edge is surely out of reach, what is at most IN2 away surely
within; IN2 is negative for a zone without a distance.
"""

LEAST_X, LEAST_Y, MOST_X, MOST_Y = 8, 9, 10, 11
"""Bounds of the metres in a degree within the box."""

COLUMNS = 12


class Features(NamedTuple):
    """Longitudes and latitudes of all vertices, and the parts of rows; see ``geogate.measures.geometries.Parts``."""

    xs: Floats
    ys: Floats
    offsets: Ints
    kinds: NDArray[np.uint8]
    first: Ints


class Known(NamedTuple):
    """The zones that features are known to hit; those of row ``i`` are ``zone[first[i]:first[i + 1]]``."""

    first: Ints
    zone: Ints


class Near(NamedTuple):
    """Rows that zones may come near to; ``zone[first[k]:first[k + 1]]`` have cells in the box of the row ``row[k]``.

    No zone is named where the box is too large or too odd to say.
    """

    row: Ints
    first: Ints
    zone: Ints


class Loose(NamedTuple):
    """The edges that belong to no polygon; those of zone ``z`` are ``ends[first[z]:first[z + 1]]``.

    Shape: ``ends`` ``(n, 4)``, both ends of each edge, equal for a point; ``first`` ``(zones + 1,)``.
    """

    ends: Floats
    first: Ints


class Anchors(NamedTuple):
    """A vertex of each ring, line and point of the zones; those of zone ``z`` are ``xy[first[z]:first[z + 1]]``.

    Shape: ``xy`` ``(n, 2)``, ``first`` ``(zones + 1,)``.
    """

    xy: Floats
    first: Ints


class Zones(NamedTuple):
    """What lines and polygons are compared with: a fence for each zone, all edges, and the anchors."""

    fences: Floats
    polygons: Stripes
    loose: Loose
    anchors: Anchors


class Grid(NamedTuple):
    """Where cells are, and what they say of the zones."""

    scale: Scale
    cells: Cells


class Marks(NamedTuple):
    """What is noted of each zone: the last row and the last edge that met it, and its answer for that row.

    ``near_row`` and ``near_edge`` list the zones that the row and the edge at work have met.
    """

    row: Ints
    edge: Ints
    answer: NDArray[np.uint8]
    near_row: Ints
    near_edge: Ints


class Answers(NamedTuple):
    """What is known of rows and zones in the end."""

    row: Ints
    zone: Ints
    answer: NDArray[np.uint8]
