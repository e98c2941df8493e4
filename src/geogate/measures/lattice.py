"""Effective coordinate precision: the decimal lattice that a layer's coordinates lie on; it knows no limit.

One class for each power of ten, found to the bit (``geogate.measures.decimals``), for each axis. A greatest common
divisor of the numbers would be tempting and wrong: it cannot be merged without the numbers' scale, and few rows have
a large one by chance; a single number is always its own divisor, and a precise position would pass as a coarse one.
Powers of ten are fixed before the data. For the same reason a step of two or five units is believed only with
``WITNESSES``. What is left is chance of the kind that everybody has: one position in ten thousand ends in two zeros on
both axes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from geogate.measures.decimals import COARSEST, FINER, FINEST, classify
from geogate.measures.measure import MeasureId, Summed, UnmeasurableError
from geogate.measures.reference import axis_unit

if TYPE_CHECKING:
    import pyproj
    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch
    from geogate.measures.measure import Tally
    from geogate.measures.tools import Tools

    Floats = NDArray[np.float64]

CLASSES: Final = range(COARSEST, FINER + 1)

WITNESSES: Final = 32
"""Ordinates that all have to end in an even digit, or all in five; by chance they do once in 10**11 layers."""

BEYOND_THE_POLE: Final = "some vertices have a latitude beyond the pole"

_CHUNK: Final = 65_536
"""Ordinates that stay in the processor's cache from one step to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """The bounds of the positions whose ordinates fall in a class. Not for findings: they are coordinates.

    Units: those of the layer's reference system.
    """

    min_x: float
    min_y: float
    max_x: float
    max_y: float

    def __add__(self, other: Extent) -> Extent:
        return Extent(
            min_x=min(self.min_x, other.min_x),
            min_y=min(self.min_y, other.min_y),
            max_x=max(self.max_x, other.max_x),
            max_y=max(self.max_y, other.max_y),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Decimals:
    """The ordinates of one axis in one class: on ``10**-places`` and not on a coarser power of ten.

    ``even`` and ``fives`` count those whose last digit is even, or five. ``extent`` leaves out what a step of the axis
    does not move, that is the poles where the axis is the longitude.

    Units: ``count``, ``even`` and ``fives`` in ordinates; ``places`` in decimals, ``FINER`` for more than can be told.
    """

    places: int
    count: int
    even: int
    fives: int
    extent: Extent | None

    def __add__(self, other: Decimals) -> Decimals:
        extents = [extent for extent in (self.extent, other.extent) if extent is not None]
        return Decimals(
            places=self.places,
            count=self.count + other.count,
            even=self.even + other.even,
            fives=self.fives + other.fives,
            extent=reduce(add, extents) if extents else None,
        )

    @property
    def step(self) -> float:
        """The coarsest step of 1, 2 or 5 times a power of ten that holds all ordinates of the class; 0 if none does.

        Units: those of the axis.
        """
        if self.places > FINEST:
            return 0.0
        factor = 1
        if self.count >= WITNESSES and self.even == self.count:
            factor = 2
        if self.count >= WITNESSES and self.fives == self.count:
            factor = 5
        return float(f"{factor}e{-self.places}")


Histogram = tuple[Decimals, ...]
"""The classes that an axis has, ascending; those without an ordinate are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lattice:
    """The classes of both axes over all vertices, and what is needed to turn steps into metres later.

    ``crs`` is WKT, empty where no row was seen. Vertices with an ordinate that is not finite count in ``non_finite``
    and nowhere else: a rule must not let them pass.
    """

    crs: str
    x: Histogram
    y: Histogram
    non_finite: int

    def __add__(self, other: Lattice) -> Lattice:
        if self.crs and other.crs and self.crs != other.crs:
            raise UnmeasurableError("the rows of one layer have two reference systems")
        return Lattice(
            crs=self.crs or other.crs,
            x=_merged(self.x, other.x),
            y=_merged(self.y, other.y),
            non_finite=self.non_finite + other.non_finite,
        )


def _merged(one: Histogram, other: Histogram) -> Histogram:
    found: dict[int, Decimals] = {}
    for decimals in (*one, *other):
        found[decimals.places] = found[decimals.places] + decimals if decimals.places in found else decimals
    return tuple(found[places] for places in sorted(found))


@dataclass(frozen=True, slots=True)
class CoordinateLattice:
    """Measure the lattice of every vertex of every geometry, in the numbers that the file has."""

    @property
    def id(self) -> MeasureId:
        """The measure has no parameters."""
        return MeasureId("lattice")

    def empty(self) -> Lattice:
        """Return the measurement of no rows."""
        return Lattice(crs="", x=(), y=(), non_finite=0)

    def tally(self, tools: Tools) -> Tally[Lattice]:
        """Begin to measure many batches."""
        if not tools.kernels:
            return Summed(self)
        from geogate.measures.lattice_tally import LatticeTally

        return LatticeTally()

    def of(self, batch: LayerBatch) -> Lattice:
        """Measure the vertices of one batch.

        Raises: UnmeasurableError when a latitude lies beyond a pole, or the axes have no unit.
        """
        pole = pole_of(batch.crs)
        wkt = batch.crs.to_wkt()
        xy = batch.geometries.xy
        parts = [_lattice(xy[i : i + _CHUNK], wkt, pole) for i in range(0, len(xy), _CHUNK)]
        return reduce(add, parts, Lattice(crs=wkt, x=(), y=(), non_finite=0))


def pole_of(crs: pyproj.CRS) -> float:
    """Return the latitude of the pole in the unit of the axes, infinity for a projected system.

    Raises: UnmeasurableError when the axes have no unit.
    """
    unit = axis_unit(crs)
    # Units are rounded radians: 90 and 100 must come out as themselves.
    return round(float(np.pi / 2 / unit), 9) if crs.is_geographic else np.inf


def _lattice(xy: Floats, wkt: str, pole: float) -> Lattice:
    # Adding zero turns a negative zero into the other, which bounds cannot tell apart.
    x, y = xy[:, 0] + 0.0, xy[:, 1] + 0.0
    finite = np.isfinite(x) & np.isfinite(y)
    non_finite = len(finite) - int(finite.sum())
    if non_finite:
        x, y = x[finite], y[finite]
    latitude = np.abs(y)
    if (latitude > pole).any():
        raise UnmeasurableError(BEYOND_THE_POLE)
    at_pole = latitude == pole
    return Lattice(
        crs=wkt,
        x=_histogram(x, _Bounds.of(x, y, without=at_pole)),
        y=_histogram(y, _Bounds.of(x, y)),
        non_finite=non_finite,
    )


class _Bounds(NamedTuple):
    """The positions twice, once for the least and once for the largest; infinite where they are not to count."""

    low: tuple[Floats, Floats]
    high: tuple[Floats, Floats]

    @classmethod
    def of(cls, x: Floats, y: Floats, *, without: NDArray[np.bool_] | None = None) -> _Bounds:
        if without is None or not without.any():
            return cls((x, y), (x, y))
        x_low, y_low = (np.where(without, np.inf, ordinates) for ordinates in (x, y))
        x_high, y_high = (np.where(without, -np.inf, ordinates) for ordinates in (x, y))
        return cls((x_low, y_low), (x_high, y_high))

    def extents(self, order: NDArray[np.int64], starts: NDArray[np.int64]) -> list[Extent | None]:
        low = [ordinates[order] for ordinates in self.low]
        high = low if self.high[0] is self.low[0] else [ordinates[order] for ordinates in self.high]
        least = [np.minimum.reduceat(ordinates, starts).tolist() for ordinates in low]
        largest = [np.maximum.reduceat(ordinates, starts).tolist() for ordinates in high]
        return [
            Extent(min_x=min_x, min_y=min_y, max_x=max_x, max_y=max_y) if min_x <= max_x else None
            for min_x, min_y, max_x, max_y in zip(*least, *largest, strict=True)
        ]


def _histogram(ordinates: Floats, bounds: _Bounds) -> Histogram:
    if not len(ordinates):
        return ()
    classes, digits = classify(ordinates)
    # A stable sort of bytes is a counting sort: far cheaper than a mask for each class.
    order = np.argsort(classes, kind="stable")
    counts = np.bincount(classes - np.int8(COARSEST), minlength=len(CLASSES))
    present = np.flatnonzero(counts)
    starts = (np.cumsum(counts) - counts)[present]
    last = np.abs(digits)[order]
    even = np.add.reduceat((last == 2) | (last == 4), starts, dtype=np.int64)  # noqa: PLR2004 digits
    fives = np.add.reduceat(last == 5, starts, dtype=np.int64)  # noqa: PLR2004 a digit
    extents = bounds.extents(order, starts)
    return tuple(
        Decimals(
            places=int(place) + COARSEST,
            count=int(counts[place]),
            even=int(even[i]),
            fives=int(fives[i]),
            extent=extents[i],
        )
        for i, place in enumerate(present)
    )
