"""Distances on the ellipsoid to the edges of zones, as bounds that decide all but what is close to a limit.

Edges are cut into pieces and seen in the tangent plane of the position: lengths along normal sections, shorter than on
the ellipsoid by what the section's radius of curvature says, which lies between that of the meridian at the equator
and that at a pole. ``geogate.zones.ellipsoid`` and ``geogate.zones.boundary`` are the reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geogate.kernels.inputs import read_only
from geogate.kernels.jit import kernel
from geogate.kernels.stripes import ASK, IN, OUT, SMALLEST_RADIUS_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Place = tuple[float, float, float, float, float, float, float]

LIMIT, SURE2, BEYOND2, FAR = 0, 1, 2, 3
"""Columns of ``Balls.reach``: the zone's distance, tolerance included, 0 where it has none; what is seen nearer than
the root of SURE2 is surely within, what is seen farther than the root of BEYOND2 surely not; chunks farther than FAR
need not be looked at.
"""

SEMI_MAJOR_M = 6_378_137.0
ECCENTRICITY_2 = 0.0066943799901413165
GREATEST_RADIUS_M = 6_399_594.0
"""The greatest radius of curvature of the ellipsoid, rounded up."""

UNSURE_M = 0.01
UNSURE_SHARE = 1e-6
"""Distances as near to the limit as this are not decided here; the tangent plane errs by a tenth of it up to 100 km."""

_RADIAN = np.pi / 180.0


class Balls(NamedTuple):
    """The edges of the zones that have a distance, in pieces; runs of joined pieces of one zone are chunks.

    Chunk ``c`` is the path along the corners ``chunk_start[c]:chunk_start[c + 1]``, Earth-centred, and lies in a ball
    whose middle and radius are ``ball[c]``. ``reach`` has the distances of all zones. ``near_list`` has for cells of
    the grid how many chunks may matter there, and their numbers.

    Shape: ``corner`` ``(3 * corners,)``, ``chunk_start`` ``(chunks + 1,)``, ``ball`` ``(chunks, 4)``, ``reach``
        ``(zones, 4)``.
    Units: metres.
    """

    corner: Floats
    chunk_start: Ints
    ball: Floats
    reach: Floats
    near_list: NDArray[np.int32]


@kernel
def place(lon: float, lat: float) -> Place:
    """Turn a position into Earth-centred metres; sines and cosines of longitude and latitude follow."""
    sin_lon, cos_lon = np.sin(lon * _RADIAN), np.cos(lon * _RADIAN)
    sin_lat, cos_lat = np.sin(lat * _RADIAN), np.cos(lat * _RADIAN)
    normal = SEMI_MAJOR_M / np.sqrt(1.0 - ECCENTRICITY_2 * sin_lat * sin_lat)
    z = normal * (1.0 - ECCENTRICITY_2) * sin_lat
    return normal * cos_lat * cos_lon, normal * cos_lat * sin_lon, z, sin_lon, cos_lon, sin_lat, cos_lat


@kernel
def reach_of(limit_m: float, reach: Floats) -> None:
    """Fill in a zone's row of ``reach`` for its distance, tolerance included."""
    unsure = UNSURE_M + UNSURE_SHARE * limit_m
    sure, beyond = limit_m - unsure, limit_m + unsure
    reach[LIMIT] = limit_m
    seen = SMALLEST_RADIUS_M * np.sin(sure / SMALLEST_RADIUS_M)
    reach[SURE2] = seen * seen if sure > 0.0 else -1.0
    seen = GREATEST_RADIUS_M * np.sin(beyond / GREATEST_RADIUS_M)
    reach[BEYOND2] = seen * seen
    reach[FAR] = beyond


@kernel
def seen2(at: Place, chunk: int, corner: Floats, chunk_start: Ints, enough: float) -> float:
    """Return the square of the least distance to a chunk seen in the tangent plane; stop at one of at most ``enough``.

    Not a number where the tables are damaged.
    """
    first, last = chunk_start[chunk], chunk_start[chunk + 1]
    if not 0 <= first < last <= len(corner) // 3 or last - first < 2:
        return np.nan
    x, y, z, sin_lon, cos_lon, sin_lat, cos_lat = at
    dx, dy, dz = corner[3 * first] - x, corner[3 * first + 1] - y, corner[3 * first + 2] - z
    east0 = cos_lon * dy - sin_lon * dx
    north0 = cos_lat * dz - sin_lat * (cos_lon * dx + sin_lon * dy)
    least = np.inf
    for k in range(3 * first + 3, 3 * last, 3):
        dx, dy, dz = corner[k] - x, corner[k + 1] - y, corner[k + 2] - z
        east1 = cos_lon * dy - sin_lon * dx
        north1 = cos_lat * dz - sin_lat * (cos_lon * dx + sin_lon * dy)
        east, north = east1 - east0, north1 - north0
        length2 = east * east + north * north
        along = -(east0 * east + north0 * north)
        if along <= 0.0:
            found = east0 * east0 + north0 * north0
        elif along >= length2:
            found = east1 * east1 + north1 * north1
        else:
            aside = east0 * north - north0 * east
            found = aside * aside / length2
        # Also where it is not a number.
        if not found >= least:
            least = found
            if not least > enough:
                return least  # type: ignore[no-any-return]
        east0, north0 = east1, north1
    return least


@kernel
def within_reach(
    at: Place,
    zone: int,
    first: int,
    corner: Floats,
    chunk_start: Ints,
    ball: Floats,
    reach: Floats,
    near_list: NDArray[np.int32],
) -> int:
    """Tell whether a position is within a zone's distance of its edges, by the chunks of a cell: IN, OUT or ASK."""
    if first < 0 or first >= len(near_list):
        return ASK
    last = first + 1 + np.int64(near_list[first])
    if last <= first or last > len(near_list):
        return ASK
    x, y, z = at[0], at[1], at[2]
    far, sure2, beyond2 = reach[zone, FAR], reach[zone, SURE2], reach[zone, BEYOND2]
    answer = OUT
    for k in range(first + 1, last):
        chunk = np.int64(near_list[k])
        if chunk < 0 or chunk >= len(ball):
            return ASK
        dx, dy, dz = ball[chunk, 0] - x, ball[chunk, 1] - y, ball[chunk, 2] - z
        apart = far + ball[chunk, 3]
        if dx * dx + dy * dy + dz * dz > apart * apart:
            continue
        seen = seen2(at, chunk, corner, chunk_start, sure2)
        if seen <= sure2:
            return IN
        if not seen > beyond2:
            answer = ASK
    return answer


def small_line() -> Balls:
    """Make the tables of a line with a distance to compile kernels with."""
    reach = np.zeros((1, 4))
    reach_of(100.0, reach[0])
    return Balls(
        corner=read_only(np.array([SEMI_MAJOR_M, 0.0, 0.0, SEMI_MAJOR_M, 100.0, 0.0])),
        chunk_start=read_only(np.array([0, 2], np.int64)),
        ball=read_only(np.array([[SEMI_MAJOR_M, 50.0, 0.0, 50.1]])),
        reach=read_only(reach),
        near_list=read_only(np.array([1, 0], np.int32)),
    )


def warm_up() -> None:
    """Compile the kernels of this module for the types that they are used with."""
    small_line()
