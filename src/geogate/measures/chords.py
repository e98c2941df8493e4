"""Straight distances between positions on the WGS 84 ellipsoid, the same to the bit on every machine.

Sines and cosines of libraries differ in their last bit from one processor to another. These are made of additions,
multiplications, divisions and square roots alone, which IEEE 754 fixes; ``geogate.kernels.spacing`` repeats them in the
same order.
"""

from __future__ import annotations

from math import factorial, pi
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.zones.ellipsoid import ECCENTRICITY_2, SEMI_MAJOR_M

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FARTHEST_LON: Final = 540.0
"""Longitudes beyond a turn and a half are no positions. Units: degrees."""

RADIANS: Final = pi / 180

SINE: Final = tuple((-1.0) ** k / factorial(2 * k + 1) for k in range(7, -1, -1))
COSINE: Final = tuple((-1.0) ** k / factorial(2 * k) for k in range(8, -1, -1))
"""The Taylor series, the highest term first; up to an eighth of a turn what is left out is below half a bit."""


def chords_m(lonlat: Floats) -> Floats:
    """Measure the straight distance through the Earth from each position to the next.

    A chord is never longer than the geodesic, and shorter by less than a millionth up to 30 km; rounding adds less than
    20 nanometres. NaN where either position is not finite, or its longitude is beyond ``FARTHEST_LON``.

    Shape: ``(n, 2)`` to ``(max(n - 1, 0),)``.
    Units: degrees to metres.
    """
    x, y, z = _ecef(lonlat)
    dx, dy, dz = x[1:] - x[:-1], y[1:] - y[:-1], z[1:] - z[:-1]
    chords: Floats = np.sqrt(dx * dx + dy * dy + dz * dz)
    return chords


def _ecef(lonlat: Floats) -> tuple[Floats, Floats, Floats]:
    usable = (np.abs(lonlat[:, 0]) <= FARTHEST_LON) & (np.abs(lonlat[:, 1]) <= 90.0)  # noqa: PLR2004 a latitude
    lon, lat = (np.where(usable, lonlat[:, axis], np.nan) for axis in range(2))
    sin_lon, cos_lon = _sine_and_cosine(lon)
    sin_lat, cos_lat = _sine_and_cosine(lat)
    normal = SEMI_MAJOR_M / np.sqrt(1.0 - ECCENTRICITY_2 * sin_lat * sin_lat)
    out = normal * cos_lat
    return out * cos_lon, out * sin_lon, normal * (1.0 - ECCENTRICITY_2) * sin_lat


def _sine_and_cosine(degrees: Floats) -> tuple[Floats, Floats]:
    """Turn by whole quarters to within an eighth of a turn, which is exact, and sum the series there."""
    quarters = np.rint(degrees / 90.0)
    angle = (degrees - quarters * 90.0) * RADIANS
    square = angle * angle
    sine, cosine = np.full_like(angle, SINE[0]), np.full_like(angle, COSINE[0])
    for term in SINE[1:]:
        sine = sine * square + term
    for term in COSINE[1:]:
        cosine = cosine * square + term
    sine = sine * angle
    odd = quarters - 2.0 * np.rint(quarters / 2.0) != 0
    # Whole half turns change both signs.
    turned = np.where(odd, quarters - 1.0, quarters) / 2.0
    sign = np.where(turned - 2.0 * np.rint(turned / 2.0) != 0, -1.0, 1.0)
    return sign * np.where(odd, cosine, sine), sign * np.where(odd, -sine, cosine)
