"""Harmless data to hide something in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas
import shapely
from smuggling.secret import COVER

if TYPE_CHECKING:
    from smuggling.secret import Position


def cover(**columns: Any) -> geopandas.GeoDataFrame:
    """Give the cover as points with some columns."""
    geometry = geopandas.points_from_xy(*zip(*COVER, strict=True))
    return geopandas.GeoDataFrame(
        {"name": [f"place {n}" for n in range(len(COVER))], **columns}, geometry=geometry, crs=4326
    )


def spread(values: list[Any], fill: Any = None) -> list[Any]:
    """Put values into the first rows of a column of the cover."""
    return values + [fill] * (len(COVER) - len(values))


def position(geometry: Any) -> Position:
    """Give the position of a point."""
    return float(shapely.get_x(geometry)), float(shapely.get_y(geometry))
