"""Distances on the ellipsoid to the edges of zones, as bounds that decide all but what is within centimetres of a limit.

The edges of a zone are cut into pieces, and runs of pieces into chunks (``Balls`` in ``geogate.zones.compiled_tables``):

``corner``       float64 ``(3 * corners,)``   ends of pieces in Earth-centred metres
``chunk_start``  int64 ``(chunks + 1,)``      chunk ``c`` is the path along the corners ``chunk_start[c]:chunk_start[c + 1]``
``ball``         float64 ``(chunks, 4)``      a ball that holds the chunk on the ellipsoid: its middle and its radius
``zone_chunk``   int64 ``(zones + 1,)``       zone ``z`` has the chunks ``zone_chunk[z]:zone_chunk[z + 1]``
``reach``        float64 ``(zones, 4)``       see ``LIMIT``, ``SURE2``, ``BEYOND2`` and ``FAR``; ``LIMIT`` is 0 for none
``near_list``    int32 ``(entries,)``         for cells of the grid: how many chunks may matter, and their numbers

Distances are seen in the tangent plane of the position: lengths along normal sections, shorter than on the ellipsoid by
what the section's radius of curvature says, which lies between that of the meridian at the equator and that at a pole.
"""

from __future__ import annotations

import numpy as np

from geogate.kernels.jit import kernel
from geogate.kernels.stripes import ASK, IN, OUT

LIMIT, SURE2, BEYOND2, FAR = 0, 1, 2, 3
"""The zone's distance, tolerance included; what is seen nearer than the root of SURE2 is surely within, what is seen
farther than the root of BEYOND2 surely not; chunks farther than FAR need not be looked at."""

SEMI_MAJOR_M = 6_378_137.0
ECCENTRICITY_2 = 0.0066943799901413165
SMALLEST_RADIUS_M = 6_335_439.0
GREATEST_RADIUS_M = 6_399_594.0
_RADIAN = np.pi / 180.0

UNSURE_M = 0.05
UNSURE_SHARE = 1e-6
"""Distances as near to the limit as this are not decided here; the tangent plane errs by less."""


@kernel
def place(lon, lat):
    """Turn a position into Earth-centred metres; sines and cosines of longitude and latitude follow."""
    sin_lon, cos_lon = np.sin(lon * _RADIAN), np.cos(lon * _RADIAN)
    sin_lat, cos_lat = np.sin(lat * _RADIAN), np.cos(lat * _RADIAN)
    normal = SEMI_MAJOR_M / np.sqrt(1.0 - ECCENTRICITY_2 * sin_lat * sin_lat)
    z = normal * (1.0 - ECCENTRICITY_2) * sin_lat
    return normal * cos_lat * cos_lon, normal * cos_lat * sin_lon, z, sin_lon, cos_lon, sin_lat, cos_lat


@kernel
def reach_of(limit_m, reach):
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
def seen2(at, chunk, corner, chunk_start, enough):
    """Return the square of the least distance to a chunk seen in the tangent plane; stop at one of at most ``enough``.

    Not a number where the tables are damaged.
    """
    first, last = chunk_start[chunk], chunk_start[chunk + 1]
    if first < 0 or last - first < 2 or 3 * last > len(corner):
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
                return least
        east0, north0 = east1, north1
    return least


@kernel
def within_reach(at, zone, first, balls):
    """Tell whether a position is within a zone's distance of its edges, by the chunks of a cell: IN, OUT or ASK."""
    corner, chunk_start, ball, reach, near_list = balls
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
        if chunk < 0 or chunk >= len(chunk_start) - 1:
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
