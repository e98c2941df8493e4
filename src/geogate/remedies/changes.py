"""What can be changed in a layer, as values that go to the child which reads it; no change holds a coordinate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from geogate.measures.small_cells import CellLimits
    from geogate.measures.table_cells import TableShape
    from geogate.zones.zone import ZoneList


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepOut:
    """Keep out of the zones of a list.

    What touches a cell of a fixed grid that comes near to a zone is left out, or with ``clip`` cut along such cells, so
    that the hole has the outline of cells and not that of the zone. ``cell_deg`` is 0 for what touches a zone itself,
    which is what is asked last, after positions were moved by up to ``margin_m``.

    Units: metres, degrees.
    """

    zone_list: ZoneList
    buffer_m: float
    margin_m: float
    cell_deg: float
    clip: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Snap:
    """Move positions onto a lattice with these steps.

    Units: those of the layer's reference system.
    """

    x_step: float
    y_step: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapByLatitude:
    """Move longitudes and latitudes onto powers of ten that are so long on the ground, each feature by its latitude.

    ``places`` is the most decimals that are left of a degree, whatever their length.

    Units: metres.
    """

    step_m: float
    places: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapCategory:
    """Rows whose label is one of ``labels``: moved onto a lattice, left out with a position, or left as they are."""

    labels: tuple[str, ...]
    snap: Snap | SnapByLatitude | None
    withhold: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapByCategory:
    """Move positions as the category of their row asks for."""

    column: str
    categories: tuple[SnapCategory, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadVertices:
    """Leave out vertices of lines and outlines that are closer to the one before.

    Units: metres.
    """

    distance_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DropHeights:
    """Leave out heights and measures."""

    heights: bool
    measures: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DropRows:
    """Leave out rows without a geometry, and those of kinds that are not among ``kinds``, where it names any."""

    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DropColumns:
    """Leave out columns."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HashColumns:
    """Put keyed digests in the place of values; whoever has not the key cannot find out by trying."""

    names: tuple[str, ...]
    key: bytes

    def __repr__(self) -> str:
        """Leave out the key."""
        return f"HashColumns(names={self.names!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundTimes:
    """Take times back to the last full step, in all columns or in those that are named."""

    columns: tuple[str, ...] | None
    step_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundNumbers:
    """Round the numbers of a column to decimals."""

    column: str
    decimals: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRule:
    """How the sums of a table are laid out, and how many suppressed cells protect each other."""

    shape: TableShape
    total_value: int | None
    at_least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressCells:
    """Empty small cells, and others with them until none follows from the sums of the tables."""

    small: tuple[tuple[CellLimits, bool], ...]
    """The limits, and whether a cell may say zero."""

    tables: tuple[TableRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepCrowded:
    """Leave out rows in cells of ground that have too few subjects."""

    column: str
    size_m: float | None
    geohash: int | None
    enough: int


Change = (
    KeepOut
    | Snap
    | SnapByLatitude
    | SnapByCategory
    | SpreadVertices
    | DropHeights
    | DropRows
    | DropColumns
    | HashColumns
    | RoundTimes
    | RoundNumbers
    | SuppressCells
    | KeepCrowded
)
"""Every change that there is."""
