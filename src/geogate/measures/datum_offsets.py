"""The offsets that maps of China carry, GCJ-02 and BD-09: both ways between them and WGS 84; no zone is known here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FARTHEST_M: Final = 2_500.0
"""No offset in China, of any of the six kinds, moves a position farther than this.

Units: metres.
"""

_A_M: Final = 6_378_245.0
_EE: Final = 0.006_693_421_622_965_943_23
"""The ellipsoid of Krassowsky, on which the offsets are defined."""

_BD_STEP: Final = np.pi * 3_000.0 / 180.0
_BD_LON: Final = 0.0065
_BD_LAT: Final = 0.006

_ROUNDS: Final = 16
_NEAR_ENOUGH_DEG: Final = 1e-12

_IN: Final = (
    (79.446200, 42.889900, 96.330000, 49.220400),
    (109.687200, 39.374200, 135.000200, 54.141500),
    (73.124600, 29.529700, 124.143255, 42.889900),
    (82.968400, 26.718600, 97.035200, 29.529700),
    (97.025300, 20.414096, 124.367395, 29.529700),
    (107.975793, 17.871542, 111.744104, 20.414096),
)
_OUT: Final = (
    (119.921265, 21.785006, 122.497559, 25.398623),
    (101.865200, 20.098800, 106.665000, 22.284000),
    (106.452500, 20.487800, 108.051000, 21.542200),
    (109.032300, 50.325700, 119.127000, 55.817500),
    (127.456800, 49.557400, 137.022700, 55.817500),
    (131.266200, 42.569200, 137.022700, 44.892200),
)

EXTENT: Final = (73.1246, 17.871542, 135.0002, 54.1415)
"""What holds all of China: west, south, east, north.

Units: degrees.
"""


def in_china(lonlat: Floats) -> NDArray[np.bool_]:
    """Tell which positions lie where the offsets are used: in China, roughly and generously, Taiwan left out.

    Shape: ``(n, 2)`` to ``(n,)``.
    Source: the rectangles that public converters for Chinese maps share.
    """
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    found = np.zeros(len(lonlat), np.bool_)
    for boxes, inside in ((_IN, True), (_OUT, False)):
        for west, south, east, north in boxes:
            found[(lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)] = inside
    return found


def wgs84_to_gcj02(lonlat: Floats) -> Floats:
    """Add the offset of GCJ-02, wherever the position is.

    Shape: ``(n, 2)`` in and out.
    Units: degrees.
    Source: the formula that became public in 2009 and that all open converters have (eviltransform, coordtransform).
    """
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    east, north = _metres(lon - 105.0, lat - 35.0)
    phi = np.radians(lat)
    curve = 1.0 - _EE * np.sin(phi) ** 2
    dlat = north * 180.0 / (_A_M * (1.0 - _EE) / (curve * np.sqrt(curve)) * np.pi)
    dlon = east * 180.0 / (_A_M / np.sqrt(curve) * np.cos(phi) * np.pi)
    return np.column_stack([lon + dlon, lat + dlat])


def _metres(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Give the offset to the east and to the north."""
    root = np.sqrt(np.abs(x))
    both = _waves(20.0, 6.0 * x) + _waves(20.0, 2.0 * x)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += both + _waves(20.0, x) + _waves(40.0, x / 3.0) + _waves(150.0, x / 12.0) + _waves(300.0, x / 30.0)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += both + _waves(20.0, y) + _waves(40.0, y / 3.0) + _waves(160.0, y / 12.0) + _waves(320.0, y / 30.0)
    return east, north


def _waves(height: float, turns: Floats) -> Floats:
    waves: Floats = height * np.sin(turns * np.pi) * 2.0 / 3.0
    return waves


def gcj02_to_bd09(lonlat: Floats) -> Floats:
    """Add what BD-09 adds to GCJ-02.

    Shape: ``(n, 2)`` in and out.
    Units: degrees.
    Source: the formula that open converters have (coordtransform).
    """
    x, y = lonlat[:, 0], lonlat[:, 1]
    length = np.hypot(x, y) + 2e-5 * np.sin(y * _BD_STEP)
    angle = np.arctan2(y, x) + 3e-6 * np.cos(x * _BD_STEP)
    return np.column_stack([length * np.cos(angle) + _BD_LON, length * np.sin(angle) + _BD_LAT])


def wgs84_to_bd09(lonlat: Floats) -> Floats:
    """Add the offsets of GCJ-02 and of BD-09."""
    return gcj02_to_bd09(wgs84_to_gcj02(lonlat))


def gcj02_to_wgs84(lonlat: Floats) -> Floats:
    """Take the offset of GCJ-02 away, to less than a billionth of a degree."""
    return _undone(wgs84_to_gcj02, lonlat)


def bd09_to_gcj02(lonlat: Floats) -> Floats:
    """Take away what BD-09 adds to GCJ-02, to less than a billionth of a degree."""
    return _undone(gcj02_to_bd09, lonlat)


def bd09_to_wgs84(lonlat: Floats) -> Floats:
    """Take the offsets of BD-09 and of GCJ-02 away, to less than a billionth of a degree."""
    return gcj02_to_wgs84(bd09_to_gcj02(lonlat))


def _undone(forward: Callable[[Floats], Floats], lonlat: Floats) -> Floats:
    """Find the positions that ``forward`` moves to these; an offset changes so slowly that each round gains a digit.

    Each position has its own rounds, so that what becomes of it does not depend on the others.
    """
    found = lonlat.copy()
    open_ = np.arange(len(lonlat))
    for _ in range(_ROUNDS):
        missing = forward(found[open_]) - lonlat[open_]
        found[open_] -= missing
        open_ = open_[np.abs(missing).max(axis=1, initial=0.0) > _NEAR_ENOUGH_DEG]
        if not len(open_):
            break
    return found
