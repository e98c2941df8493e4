"""Straight distances between consecutive vertices as compiled loops.

``geogate.measures.chords`` is the reference, to the bit: the same operations in the same order.
"""

from __future__ import annotations

from math import factorial, pi
from typing import TYPE_CHECKING

import numpy as np
from numba import int64, uint64

from geogate.kernels.inputs import read_only
from geogate.kernels.jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

BLOCK = 1024

FARTHEST_LON = 540.0
SEMI_MAJOR_M = 6_378_137.0
FLATTENING = 1 / 298.257223563
ECCENTRICITY_2 = FLATTENING * (2 - FLATTENING)
POLAR = 1.0 - ECCENTRICITY_2
RADIANS = pi / 180

S7, S6, S5, S4, S3, S2, S1, S0 = ((-1.0) ** k / factorial(2 * k + 1) for k in range(7, -1, -1))
C8, C7, C6, C5, C4, C3, C2, C1, C0 = ((-1.0) ** k / factorial(2 * k) for k in range(8, -1, -1))


@kernel
def _sine_and_cosine(degrees: float) -> tuple[float, float]:
    quarters = np.rint(degrees / 90.0)
    angle = (degrees - quarters * 90.0) * RADIANS
    q = angle * angle
    sine = ((((((S7 * q + S6) * q + S5) * q + S4) * q + S3) * q + S2) * q + S1) * q + S0
    cosine = (((((((C8 * q + C7) * q + C6) * q + C5) * q + C4) * q + C3) * q + C2) * q + C1) * q + C0
    sine = sine * angle
    odd = quarters - 2.0 * np.rint(quarters / 2.0) != 0
    turned = (quarters - 1.0 if odd else quarters) / 2.0
    sign = -1.0 if turned - 2.0 * np.rint(turned / 2.0) != 0 else 1.0
    return sign * (cosine if odd else sine), sign * (-sine if odd else cosine)


@kernel
def _place(lon: Floats, lat: Floats, x: Floats, y: Floats, z: Floats) -> None:
    """Turn positions into Earth-centred ones, NaN where they are none."""
    for i in range(len(lon)):
        usable = (abs(lon[i]) <= FARTHEST_LON) & (abs(lat[i]) <= 90.0)
        sin_lon, cos_lon = _sine_and_cosine(lon[i] if usable else np.nan)
        sin_lat, cos_lat = _sine_and_cosine(lat[i] if usable else np.nan)
        normal = SEMI_MAJOR_M / np.sqrt(1.0 - ECCENTRICITY_2 * sin_lat * sin_lat)
        out = normal * cos_lat
        x[i], y[i], z[i] = out * cos_lon, out * sin_lon, normal * POLAR * sin_lat


@kernel
def _measure(x: Floats, y: Floats, z: Floats, lengths: Floats) -> None:
    for i in range(len(lengths)):
        dx, dy, dz = x[i + 1] - x[i], y[i + 1] - y[i], z[i + 1] - z[i]
        lengths[i] = np.sqrt(dx * dx + dy * dy + dz * dz)


@kernel
def tally_chords(
    lon: Floats, lat: Floats, offsets: Ints, limits: Floats, below: Ints, counts: Ints, shortest: Floats
) -> None:
    """Count the edges between consecutive vertices of each part by their length, and find the shortest.

    Edges of no length count first, then those below the first limit, and so on; the last are those that have no length.
    ``below`` says for each exponent of a float64 how many limits are at most its least number, of which there must be
    at most one more up to twice that number. What is found is added to what was found before. ``lon``, ``lat``,
    ``offsets``, ``limits`` and ``below`` are read-only.

    Shape: ``lon`` and ``lat`` ``(n,)``; ``offsets`` ``(parts + 1,)`` from 0 to ``n``, ascending; ``limits`` ends with
        infinity; ``below`` ``(2048,)``; ``counts`` ``(limits + 2,)``; ``shortest`` ``(1,)``.
    Units: degrees and metres.
    """
    x, y, z = np.empty(BLOCK + 1), np.empty(BLOCK + 1), np.empty(BLOCK + 1)
    lengths = np.empty(BLOCK)
    bits = lengths.view(np.uint64)
    part = 0
    least = shortest[0]
    for first in range(0, len(lon) - 1, BLOCK):
        size = min(BLOCK, len(lon) - 1 - first)
        _place(lon[first : first + size + 1], lat[first : first + size + 1], x, y, z)
        _measure(x, y, z, lengths[:size])
        for i in range(size):
            while part + 1 < len(offsets) and offsets[part + 1] <= first + i:
                part += 1
            if part + 1 < len(offsets) and offsets[part + 1] == first + i + 1:
                continue
            length = lengths[i]
            if not length < np.inf:
                counts[len(counts) - 1] += 1
                continue
            known = below[int64(bits[i] >> uint64(52))]
            known += int64(length >= limits[known])
            counts[known + int64(length > 0)] += 1
            least = min(least, length)
    shortest[0] = least


def warm_up() -> None:
    """Compile the kernels of this module."""
    limits, below = read_only(np.array([1.0, np.inf])), read_only(np.zeros(2048, np.int64))
    ordinates, offsets = read_only(np.zeros(2)), read_only(np.array([0, 2]))
    tally_chords(ordinates, ordinates, offsets, limits, below, np.zeros(4, np.int64), np.full(1, np.inf))
