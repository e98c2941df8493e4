"""Where the positions of a dataset are, in coarse cells, or exactly for those who may see them; done in the child.

It must not decide, and coarse cells are never finer than ``FINEST_DEG``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geogate.gate.reading import OPENED
from geogate.measures.measure import UnmeasurableError
from geogate.measures.source import UnreadableError
from geogate.measures.tools import PLAIN
from geogate.measures.zone_indexes import vertex_hits, zone_index
from geogate.model.dataset import LayerKind
from geogate.model.errors import GeogateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.gate.opening import Opened, OpenedLayer
    from geogate.measures.batch import LayerBatch
    from geogate.sandbox import Inside
    from geogate.zones.zone import ZoneList

FINEST_DEG: Final = 0.1
STEPS_DEG: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
MOST_CELLS: Final = 20_000
MOST_EXACT: Final = 5_000
DRAWN: Final = frozenset({LayerKind.VECTOR, LayerKind.POINT_CLOUD, LayerKind.PHOTO})
_TENTHS: Final = 10
_COLUMNS: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell by its corner in the south-west, with the positions in it, and those of them that hit a zone.

    Units: degrees.
    """

    west: float
    south: float
    positions: int
    in_zones: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Where positions are; ``undrawn`` counts layers that have none to draw, or whose positions cannot be read.

    ``exact`` are longitudes and latitudes, only where they were asked for.
    """

    step_deg: float = FINEST_DEG
    cells: tuple[Cell, ...] = ()
    positions: int = 0
    layers: int = 0
    undrawn: int = 0
    exact: tuple[tuple[float, float], ...] = ()


@dataclass(slots=True)
class _Sums:
    """Positions and hits by the number of their cell of a tenth of a degree."""

    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 3), np.int64))
    hits: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    others: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))

    def add(self, lonlat: NDArray[np.float64], hit: NDArray[np.bool_], *, exactly: bool) -> None:
        """Count positions in their cells."""
        column = np.floor((lonlat[:, 0] + 180.0) % 360.0 * _TENTHS).astype(np.int64).clip(0, _COLUMNS - 1)
        row = np.floor((lonlat[:, 1] + 90.0) * _TENTHS).astype(np.int64).clip(0, 1799)
        cell, place = np.unique(row * _COLUMNS + column, return_inverse=True)
        hits = np.bincount(place, weights=hit, minlength=len(cell)).astype(np.int64)
        mine = np.column_stack((cell, np.bincount(place, minlength=len(cell)), hits))
        self.counts = _summed(np.concatenate((self.counts, mine)))
        if exactly:
            self.hits = _more(self.hits, lonlat[hit])
            self.others = _more(self.others, lonlat[~hit])

    def exact(self) -> tuple[tuple[float, float], ...]:
        """Give positions in zones first, which is what reviewers look for, and others as far as there is room."""
        return tuple((float(lon), float(lat)) for lon, lat in _more(self.hits, self.others).tolist())


def _more(some: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate((some, others[: MOST_EXACT - len(some)]))


def draw(inside: Inside, zone_lists: tuple[tuple[ZoneList, float], ...], *, exactly: bool) -> Drawing:
    """Count the positions of what is open in coarse cells; ``exactly`` gives some of them too."""
    opened: Opened = inside.kept[OPENED]
    sums, layers, undrawn = _Sums(), 0, 0
    for layer in opened.layers:
        layers += 1
        try:
            drawn = layer.schema.kind in DRAWN and _add(layer, zone_lists, sums, exactly=exactly)
        except (UnreadableError, UnmeasurableError, GeogateError):
            drawn = False
        undrawn += not drawn
    step, cells = _coarse(sums.counts)
    return Drawing(
        step_deg=step,
        cells=tuple(cells),
        positions=int(sums.counts[:, 1].sum()),
        layers=layers,
        undrawn=undrawn,
        exact=sums.exact(),
    )


def _add(layer: OpenedLayer, zone_lists: tuple[tuple[ZoneList, float], ...], sums: _Sums, *, exactly: bool) -> bool:
    for batch in layer.source.batches(layer.schema, crs=layer.crs):
        lonlat = batch.lonlat
        hit = _hit(batch, zone_lists, len(lonlat))
        good = np.isfinite(lonlat).all(axis=1)
        sums.add(lonlat[good], hit[good], exactly=exactly)
    return True


def _hit(batch: LayerBatch, zone_lists: tuple[tuple[ZoneList, float], ...], positions: int) -> NDArray[np.bool_]:
    hit = np.zeros(positions, np.bool_)
    for zone_list, buffer_m in zone_lists:
        try:
            owners: Any = vertex_hits(batch, zone_index(zone_list, buffer_m, PLAIN)).owner
        except UnmeasurableError:
            continue
        hit[np.asarray(owners)] = True
    return hit


def _summed(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    cell, place = np.unique(counts[:, 0], return_inverse=True)
    sums = [np.bincount(place, weights=counts[:, n], minlength=len(cell)).astype(np.int64) for n in (1, 2)]
    return np.column_stack((cell, *sums))


def _coarse(counts: NDArray[np.int64]) -> tuple[float, Iterator[Cell]]:
    """Make cells larger until there are few enough of them to be looked at."""
    for step in STEPS_DEG:
        tenths = round(step * _TENTHS)
        row, column = counts[:, 0] // _COLUMNS // tenths, counts[:, 0] % _COLUMNS // tenths
        larger = _summed(np.column_stack((row * _COLUMNS + column, counts[:, 1:])))
        if len(larger) <= MOST_CELLS or step == STEPS_DEG[-1]:
            break
    return step, (
        Cell(
            west=round(cell % _COLUMNS * step - 180.0, 6),
            south=round(cell // _COLUMNS * step - 90.0, 6),
            positions=positions,
            in_zones=in_zones,
        )
        for cell, positions, in_zones in larger.tolist()
    )
