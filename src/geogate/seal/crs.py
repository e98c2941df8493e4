"""The description of a CRS as it leaves: the authority's own, and nothing that a file says about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geogate.measures.published import published
from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    import pyproj


def canonical_crs(crs: pyproj.CRS) -> pyproj.CRS:
    """Return the published CRS that is the same.

    Raises: UnreadableError when there is none: its parameters could be anything that somebody wrote there.
    """
    known = published(crs)
    if known is None:
        raise UnreadableError(
            "the coordinate reference system is not one that an authority publishes",
            remedy="reproject the layer to a published one, for example EPSG:4326",
        )
    return known
