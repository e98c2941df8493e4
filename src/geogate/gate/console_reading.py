"""Where the positions of a dataset are, in coarse cells, or exactly for those who may see them; done in the child.

It must not decide, and coarse cells are never finer than ``FINEST_DEG``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from geogate.gate.console_rasters import sampled
from geogate.gate.derived import derived_layers
from geogate.gate.reading import OPENED, PASSES
from geogate.measures.measure import UnmeasurableError
from geogate.measures.source import UnreadableError
from geogate.measures.tools import PLAIN
from geogate.measures.zone_indexes import vertex_hits, zone_index
from geogate.model.dataset import LayerKind
from geogate.model.errors import GeogateError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.gate.derived import DerivedLayer
    from geogate.gate.opening import Opened, OpenedLayer
    from geogate.gate.passes import Passes
    from geogate.measures.batch import LayerBatch
    from geogate.sandbox import Inside
    from geogate.zones.zone import ZoneList

FINEST_DEG: Final = 0.1
STEPS_DEG: Final = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
MOST_CELLS: Final = 20_000
MOST_EXACT: Final = 5_000
_TENTHS: Final = 10
_COLUMNS: Final = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell by its corner in the south-west, with the positions in it, those that hit a zone, and those that hide.

    Units: degrees.
    """

    west: float
    south: float
    positions: int
    in_zones: int
    hidden: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Where positions are; ``undrawn`` counts layers that have none to draw, or whose positions cannot be read.

    ``positions`` are those of geometries, ``pixels`` those of images that show anything, and ``hidden`` those that were
    found in texts, numbers and names; cells count all of them. ``exact`` are longitudes and latitudes, only where they
    were asked for; of images the corners of their windows.
    """

    step_deg: float = FINEST_DEG
    cells: tuple[Cell, ...] = ()
    positions: int = 0
    pixels: int = 0
    hidden: int = 0
    layers: int = 0
    undrawn: int = 0
    exact: tuple[tuple[float, float], ...] = ()


@dataclass(slots=True)
class _Sums:
    """Positions, hits and those that hide by the number of their cell of a tenth of a degree."""

    exactly: bool
    counts: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 4)))
    first: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))
    others: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 2)))

    def add(self, lonlat: NDArray[np.float64], count: Any, hits: Any, hidden: Any) -> None:
        """Count positions in their cells; the last three are numbers for each of them."""
        column = np.floor((lonlat[:, 0] + 180.0) % 360.0 * _TENTHS).astype(np.int64).clip(0, _COLUMNS - 1)
        row = np.floor((lonlat[:, 1] + 90.0) * _TENTHS).astype(np.int64).clip(0, 1799)
        cell, place = np.unique(row * _COLUMNS + column, return_inverse=True)
        each = [
            np.bincount(place, weights=np.broadcast_to(some, len(place)), minlength=len(cell))
            for some in (count, hits, hidden)
        ]
        self.counts = _summed(np.concatenate((self.counts, np.column_stack((cell, *each)))))

    def keep(self, lonlat: NDArray[np.float64], *, first: Any) -> None:
        """Keep exact positions where they are wanted, those that reviewers look for first."""
        if self.exactly:
            chosen = np.broadcast_to(first, len(lonlat))
            self.first = _more(self.first, lonlat[chosen])
            self.others = _more(self.others, lonlat[~chosen])

    def exact(self) -> tuple[tuple[float, float], ...]:
        """Give positions in zones and hidden ones first, and others as far as there is room."""
        return tuple((float(lon), float(lat)) for lon, lat in _more(self.first, self.others).tolist())


def _more(some: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate((some, others[: MOST_EXACT - len(some)]))


def draw(
    inside: Inside, zone_lists: tuple[tuple[ZoneList, float], ...], *, exactly: bool, hidden: bool = False
) -> Drawing:
    """Count the positions of what is open in coarse cells; ``exactly`` gives some of them too.

    With ``hidden`` positions are looked for that hide, which takes as long as to judge what is open.
    """
    opened: Opened = inside.kept[OPENED]
    sums, layers, undrawn = _Sums(exactly=exactly), 0, 0
    totals = {"positions": 0, "pixels": 0, "hidden": 0}
    every: list[tuple[str, OpenedLayer | DerivedLayer]] = [
        ("pixels" if layer.schema.kind is LayerKind.RASTER else "positions", layer)
        for layer in opened.layers
        if layer.schema.kind is not LayerKind.RASTER_VALUES
    ]
    if hidden:
        found, lost = _hidden(inside, opened)
        every += [("hidden", each) for each in found]
        undrawn += lost
    for what, layer in every:
        layers += 1
        try:
            totals[what] += _add(what, layer, zone_lists, sums)
        except (UnreadableError, UnmeasurableError, GeogateError):
            undrawn += 1
    step, cells = _coarse(sums.counts)
    return Drawing(step_deg=step, cells=tuple(cells), **totals, layers=layers, undrawn=undrawn, exact=sums.exact())


def _hidden(inside: Inside, opened: Opened) -> tuple[tuple[DerivedLayer, ...], int]:
    """Find the layers of positions that hide, as they are found when they are judged; and how many cannot be said."""
    passes: Passes = inside.kept[PASSES]
    try:
        for layer in opened.layers:
            layer.run((), passes=passes)
        found, findings = derived_layers(opened.layers, names=tuple(opened.names.values()))
    except (UnreadableError, UnmeasurableError, GeogateError):
        return (), 1
    return found, len(findings)


def _add(
    what: str, layer: OpenedLayer | DerivedLayer, zone_lists: tuple[tuple[ZoneList, float], ...], sums: _Sums
) -> int:
    """Add the positions of a layer, and say how many there are.

    Raises: UnreadableError, UnmeasurableError.
    """
    total = 0
    for batch in layer.source.batches(layer.schema, crs=layer.crs):
        if what == "pixels":
            total += _add_pixels(batch, zone_lists, sums)
            continue
        lonlat = batch.lonlat
        hit = _hit(batch, zone_lists, len(lonlat))
        good = np.isfinite(lonlat).all(axis=1)
        hides = what == "hidden"
        sums.add(lonlat[good], 1, hit[good], int(hides))
        sums.keep(lonlat[good], first=hit[good] | hides)
        total += int(good.sum())
    return total


def _add_pixels(batch: LayerBatch, zone_lists: tuple[tuple[ZoneList, float], ...], sums: _Sums) -> int:
    total = 0.0
    for window in sampled(batch, zone_lists):
        sums.add(window.lonlat, window.pixels, window.hits, 0)
        sums.keep(window.corners, first=bool(window.hits.any()))
        total += float(window.pixels.sum())
    return round(total)


def _hit(batch: LayerBatch, zone_lists: tuple[tuple[ZoneList, float], ...], positions: int) -> NDArray[np.bool_]:
    hit = np.zeros(positions, np.bool_)
    for zone_list, buffer_m in zone_lists:
        try:
            owners: Any = vertex_hits(batch, zone_index(zone_list, buffer_m, PLAIN)).owner
        except UnmeasurableError:
            continue
        hit[np.asarray(owners)] = True
    return hit


def _summed(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    cell, place = np.unique(counts[:, 0], return_inverse=True)
    sums = [np.bincount(place, weights=counts[:, n], minlength=len(cell)) for n in (1, 2, 3)]
    return np.column_stack((cell, *sums))


def _coarse(counts: NDArray[np.float64]) -> tuple[float, Iterator[Cell]]:
    """Make cells larger until there are few enough of them to be looked at."""
    cells = counts[:, 0].astype(np.int64)
    for step in STEPS_DEG:
        tenths = round(step * _TENTHS)
        row, column = cells // _COLUMNS // tenths, cells % _COLUMNS // tenths
        larger = _summed(np.column_stack((row * _COLUMNS + column, counts[:, 1:])))
        if len(larger) <= MOST_CELLS or step == STEPS_DEG[-1]:
            break
    return step, (
        Cell(
            west=round(int(cell) % _COLUMNS * step - 180.0, 6),
            south=round(int(cell) // _COLUMNS * step - 90.0, 6),
            positions=ceil(round(positions, 6)),
            in_zones=ceil(round(in_zones, 6)),
            hidden=ceil(round(hidden, 6)),
        )
        for cell, positions, in_zones, hidden in larger.tolist()
    )
