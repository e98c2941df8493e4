"""What sizes of numbers could be: degrees, radians, metres, integers of degrees; or half axes of the Earth."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from geogate.measures.hidden.numbers_readings import SIXTY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geogate.measures.hidden.numbers_subject import Column

    Floats = NDArray[np.float64]

METRIC: Final = (1_000.0, 21_000_000.0)
"""Between these lies the size of projected coordinates.

Units: metres.
"""

NARROW: Final = 0.1
"""Within this many radians numbers are places that are not far apart."""

HALF_AXES_M: Final = (6_330_000.0, 6_420_000.0)
NEAR_M: Final = 10.0
"""Between these lie the half axes of ellipsoids, and so near are variants of one."""

TURN: Final = 360.0

_TENS_KM: Final = 1.01e-2
"""The step of kilometres that say tens of metres."""


def in_degrees(column: Column) -> bool:
    """Tell whether numbers could be degrees, or degrees and a constant."""
    if column.largest <= TURN:
        return column.largest > 1.0
    metric = METRIC[0] <= column.largest <= METRIC[1]
    return not column.whole and not metric and bool(0 < np.ptp(column.known) <= TURN)


def in_radians(column: Column) -> bool:
    """Tell whether numbers could be radians of places that are not far apart; shares fill the range from 0 to 1."""
    low, high = np.quantile(column.known, (0.02, 0.98))
    return bool(column.largest <= np.pi and high - low <= NARROW and column.fine)


def in_one_number(column: Column) -> bool:
    """Tell whether all numbers could be degrees and minutes, as few of other numbers could."""
    return 100.0 <= column.largest <= 18_000.0 and bool((np.abs(column.known) % 100 < SIXTY).all())  # noqa: PLR2004


def in_metres(column: Column) -> bool:
    """Tell whether numbers with decimals could be projected coordinates."""
    return not column.whole and METRIC[0] <= column.largest <= METRIC[1]


def in_kilometres(column: Column) -> bool:
    """Tell whether numbers with two decimals or more could be projected coordinates in kilometres."""
    return not column.whole and TURN < column.largest <= METRIC[1] / 1_000 and column.step <= _TENS_KM


def in_tens_of_metres(column: Column) -> bool:
    """Tell whether integers of five digits and more could be projected coordinates in tens of metres."""
    return column.whole and 1e4 <= column.largest <= METRIC[1] / 10  # noqa: PLR2004 digits


def scaled(column: Column) -> bool:
    """Tell whether integers could be degrees times a power of ten, or metres."""
    return column.whole and 1e5 <= column.largest <= 1e11  # noqa: PLR2004 digits


def packed(column: Column) -> bool:
    """Tell whether an integer has digits enough for both axes."""
    return column.whole and column.largest >= 1e12  # noqa: PLR2004 digits


def are_half_axes(column: Column) -> bool:
    """Tell whether all numbers are half axes of published ellipsoids, nearly: of which there are a few dozen."""
    if not HALF_AXES_M[0] <= float(column.known.min()) <= column.largest <= HALF_AXES_M[1]:
        return False
    published = _half_axes()
    after = np.clip(np.searchsorted(published, column.known), 1, len(published) - 1)
    away = np.minimum(np.abs(published[after] - column.known), np.abs(column.known - published[after - 1]))
    return bool((away <= NEAR_M).all())


@cache
def _half_axes() -> Floats:
    """List the half axes of the ellipsoids that EPSG and PROJ know.

    Units: metres.
    """
    from pyproj import get_ellps_map
    from pyproj.crs import Ellipsoid  # type: ignore[attr-defined]
    from pyproj.database import get_codes
    from pyproj.enums import PJType

    found = set()
    for code in get_codes("EPSG", PJType.ELLIPSOID):
        ellipsoid = Ellipsoid.from_epsg(code)
        found |= {ellipsoid.semi_major_metre, ellipsoid.semi_minor_metre}
    for known in get_ellps_map().values():
        found |= {known["a"], known.get("b", known["a"] * (1 - 1 / known.get("rf", np.inf)))}
    return np.array(sorted(found))
