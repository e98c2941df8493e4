"""What the smuggling cases try to get out, and how one tells that it got out.

The secret is where three things stand within a restricted zone, to the centimetre. A proof reads files and gives
positions; it knows nothing of geogate. The cover is what the file pretends to be about: coarse points far away.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

Position = tuple[float, float]
"""Longitude and latitude on WGS 84, in degrees."""

SECRET: Final[tuple[Position, ...]] = (
    (14.3217734, 48.0713345),
    (14.3264918, 48.0748627),
    (14.3189273, 48.0689156),
)

ZONE: Final = [[[14.30, 48.06], [14.34, 48.06], [14.34, 48.09], [14.30, 48.09], [14.30, 48.06]]]
"""The zone around the secret."""

COVER: Final[tuple[Position, ...]] = tuple((8.0 + step / 10, 47.0 + (step * 3 % 8) / 10) for step in range(12))
"""Harmless points on a tenth of a degree, hundreds of kilometres from the zone."""

SECRET_IN_CHINA: Final[tuple[Position, ...]] = ((116.4669757, 40.1045981), (116.4671413, 40.1060524))
SECRET_IN_THE_WEST: Final[tuple[Position, ...]] = ((116.3131757, 40.1045981), (116.3129413, 40.1060524))
"""Just within 5 km of the zone; some hundred metres farther east, or west, they are without."""

ZONE_IN_CHINA: Final = [[[116.37, 40.09], [116.41, 40.09], [116.41, 40.12], [116.37, 40.12], [116.37, 40.09]]]
"""The zone around the secret in China, where positions may be written with the national offset."""

WITHIN_M: Final = 10.0
METRES_A_DEGREE: Final = 111_320.0


def distance_m(one: Position, other: Position) -> float:
    """Give the distance of two near positions, on a sphere."""
    east = (one[0] - other[0]) * math.cos(math.radians(one[1]))
    return math.hypot(east, one[1] - other[1]) * METRES_A_DEGREE


def has_secret(found: Iterable[Position], *, secret: Iterable[Position] = SECRET, within_m: float = WITHIN_M) -> bool:
    """Tell whether any of the secret positions is among those that a proof found, to within some metres."""
    known = [position for position in found if all(map(math.isfinite, position))]
    return any(distance_m(position, hidden) <= within_m for hidden in secret for position in known)
