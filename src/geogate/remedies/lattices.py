"""The lattice on which positions would pass: chosen by the measure that judges, so that both say the same."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Final

import pyproj

from geogate.measures.decimals import COARSEST, FINEST
from geogate.measures.lattice import WITNESSES
from geogate.measures.lattice_metres import steps
from geogate.measures.measure import UnmeasurableError
from geogate.measures.reference import axis_unit
from geogate.remedies.changes import Snap, SnapByLatitude
from geogate.remedies.positions import MARGIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.measures.lattice import Histogram, Lattice

MANY: Final = 1_000
"""With fewer ordinates a step of two or five units could be too few for the measure to believe it."""

DEGREE_M: Final = 111_694.0
"""The longest degree of latitude, by which decimals of a degree are those of other units."""

_STRETCHED: Final = 1.2
"""A projected metre may be longer on the ground by so much, in projections that people use where they are meant for."""

_FARTHEST: Final = 75.0
"""Nearer to a pole than this one step for a whole layer would be coarse out of measure where the layer is not."""


def lattice_change(lattice: Lattice, *, step_m: float, places: int, again: bool) -> tuple[Snap | SnapByLatitude, str]:
    """Choose the lattice for a layer, and say in words what it does.

    ``places`` is the most decimals that may be left, whatever their length; ``again`` that a first choice did not do.

    Units: metres.
    Raises: UnmeasurableError when no lattice would pass.
    """
    crs = pyproj.CRS.from_wkt(lattice.crs)
    if not crs.is_geographic and places < FINEST:
        step_m, places = max(step_m, DEGREE_M * 10.0**-places), FINEST
    unit = "°" if crs.is_geographic else f" {crs.axis_info[0].unit_name}s"
    if crs.is_geographic and (again or _few(lattice) or _farthest(lattice) > _FARTHEST):
        change = SnapByLatitude(step_m=step_m, places=places)
        said = f"round positions to {step_m:,.6g} m or coarser, in powers of ten of a degree by latitude"
        return change, said if step_m else f"round positions to {places} decimals of a degree"
    chosen = [_step(lattice, axis, step_m, places, plain=again or _few(lattice)) for axis in ("x", "y")]
    words = " by ".join(f"{each:.15g}{unit}" for each in dict.fromkeys(chosen))
    return Snap(x_step=chosen[0], y_step=chosen[1]), f"round positions to {words}"


def farthest_move_m(change: Snap | SnapByLatitude, lattice: Lattice) -> float:
    """Say how far positions may be moved, generously.

    Units: metres.
    """
    crs = pyproj.CRS.from_wkt(lattice.crs)
    if isinstance(change, SnapByLatitude):
        # A power of ten may be nearly ten times as long as asked for.
        return max(change.step_m * 10.0, DEGREE_M * 10.0**-change.places)
    unit_m = axis_unit(crs) * (DEGREE_M * 180 / math.pi if crs.is_geographic else _STRETCHED)
    return math.hypot(change.x_step, change.y_step) / 2 * unit_m


def _few(lattice: Lattice) -> bool:
    return sum(each.count for each in lattice.x) < MANY


def _farthest(lattice: Lattice) -> float:
    extents = [each.extent for each in (*lattice.x, *lattice.y) if each.extent is not None]
    return max((max(abs(each.min_y), abs(each.max_y)) for each in extents), default=90.0)


def _step(lattice: Lattice, axis: str, step_m: float, places: int, *, plain: bool) -> float:
    """Give the finest step of an axis that would pass."""
    for step, wanted in _candidates(places, plain=plain):
        own = lattice.x if axis == "x" else lattice.y
        moved = _all_on(own, *wanted)
        there = replace(lattice, x=moved, y=()) if axis == "x" else replace(lattice, x=(), y=moved)
        if all(each.metres >= step_m * MARGIN for each in steps(there)):
            return step
    raise UnmeasurableError("no step is coarse enough")


def _candidates(places: int, *, plain: bool) -> Iterator[tuple[float, tuple[int, int]]]:
    for decimals in range(min(places, FINEST), COARSEST - 1, -1):
        for factor in (1,) if plain else (1, 2, 5):
            yield float(f"{factor}e{-decimals}"), (decimals, factor)


def _all_on(histogram: Histogram, places: int, factor: int) -> Histogram:
    """Give the class in which all ordinates would be."""
    if not histogram:
        return ()
    every = reduce(add, (replace(each, places=places) for each in histogram))
    count = max(every.count, WITNESSES)
    even, fives = (count if factor == each else 0 for each in (2, 5))
    return (replace(every, count=count, even=even, fives=fives),)
