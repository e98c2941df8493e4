"""What a manifest expects of all zones together: how many each class has, and the box in which they lie."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geogate.readers.zone_files.errors import ZoneListError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from geogate.readers.zone_files.manifest import ZoneListFacts
    from geogate.zones.zone import Zone


def check_counts(zones: Sequence[Zone], facts: ZoneListFacts, *, file: str) -> None:
    """Compare the zones of each class with the numbers that the manifest expects; a class without one is an error.

    Raises: ZoneListError.
    """
    if facts.counts is None:
        return
    found = Counter(zone.category for zone in zones)
    for category in sorted({*found, *facts.counts}):
        if found[category] != facts.counts.get(category, 0):
            expected = facts.counts.get(category, 0)
            reason = f"it has {found[category]} zones of class {category!r}, and {expected} are expected"
            raise ZoneListError(file, reason, place="key 'counts'")


def check_within(zones: Sequence[Zone], facts: ZoneListFacts, *, file: str) -> None:
    """Refuse a zone that leaves the box of the list, and say so where swapped axes would explain it.

    Raises: ZoneListError.
    """
    if facts.within is None:
        return
    bounds = shapely.bounds(np.array([zone.geometry for zone in zones], dtype=object))
    inside = _inside(bounds, facts.within)
    if inside.all():
        return
    if _inside(bounds[:, [1, 0, 3, 2]], facts.within).all():
        raise ZoneListError(
            file, "all zones lie within the list's box once latitude and longitude are swapped", place="key 'within'"
        )
    number = int(np.flatnonzero(~inside)[0])
    reason = f"{np.count_nonzero(~inside)} zones leave the list's box, the first of them is zone {number + 1}"
    raise ZoneListError(file, reason, place="key 'within'")


def _inside(bounds: NDArray[np.float64], box: Sequence[float]) -> NDArray[np.bool_]:
    """Tell which zones lie in a box; one whose west is larger than its east crosses the antimeridian."""
    west, south, east, north = box
    left, bottom, right, top = bounds.T
    tall = (bottom >= south) & (top <= north)
    if west <= east:
        return np.asarray(tall & (left >= west) & (right <= east))
    return np.asarray(tall & ((left >= west) | (right <= east) | ((left == -180) & (right == 180))))  # noqa: PLR2004 - the map
