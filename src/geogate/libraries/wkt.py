"""Geometries as WKT, in the one spelling that geogate writes and knows again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from numpy.typing import NDArray

DECIMALS: Final = 40
"""More than any double needs that GEOS writes without an exponent; GEOS writes the fewest digits that suffice."""


def wkt_of(geometries: Any) -> NDArray[Any]:
    """Spell geometries, ``None`` where one is missing."""
    import shapely

    texts: NDArray[Any] = shapely.to_wkt(geometries, rounding_precision=DECIMALS, trim=True, output_dimension=3)
    return texts
