"""Where the positions of a CSV are, by the names of its columns; exactly one reading must fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGITUDES = frozenset({"lon", "lng", "long", "longitude"})
LATITUDES = frozenset({"lat", "latitude"})
WKT = frozenset({"wkt", "geom", "geometry", "the_geom"})
PAIRS = (("x", "y"), ("easting", "northing"))
REMEDY = "name the positions lon and lat, or x and y, or give one WKT column named wkt, and no two of these"


@dataclass(frozen=True, slots=True, kw_only=True)
class Positions:
    """The columns of the positions: two of numbers, x before y, or one of WKT.

    ``geographic`` where the names state WGS 84.
    """

    columns: tuple[str, ...]
    geographic: bool

    @property
    def is_wkt(self) -> bool:
        """Whether the positions are geometries as text."""
        return len(self.columns) == 1


def _named(header: Sequence[str], names: frozenset[str]) -> list[str]:
    return [name for name in header if name.casefold() in names]


def find_positions(header: Sequence[str]) -> Positions:
    """Choose the one reading of the header that fits.

    Raises: UnreadableError when none or more than one does.
    """
    candidates = [
        (_named(header, LONGITUDES), _named(header, LATITUDES), True),
        *((_named(header, frozenset({x})), _named(header, frozenset({y})), False) for x, y in PAIRS),
    ]
    texts = _named(header, WKT)
    involved = sum(len(xs) + len(ys) for xs, ys, _ in candidates) + len(texts)
    fits = [Positions(columns=(xs[0], ys[0]), geographic=g) for xs, ys, g in candidates if len(xs) == len(ys) == 1]
    fits += [Positions(columns=(text,), geographic=False) for text in texts]
    # A lone or a second column of these names is a second place for positions, and nobody can tell which one counts.
    if len(fits) != 1 or involved != len(fits[0].columns):
        why = "has no columns of positions" if not involved else "can be read in more than one way"
        raise UnreadableError(f"the CSV {why}", remedy=REMEDY)
    return fits[0]
