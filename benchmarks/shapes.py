"""Irregular polygons and lines made of random numbers with a fixed seed: the same on every machine; writes no file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Shapes = NDArray[np.object_]

PLACES: Final = 7
"""Decimals of all coordinates, which is about a centimetre."""

METRES_PER_DEGREE: Final = 111_320.0

_ROUGH: Final = 0.25
"""How much the corners of a polygon leave its circle."""

_HOLE: Final = 0.4
_BESIDE: Final = 3.5
"""How many radii the second part of a multipolygon lies east of the first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A region in degrees."""

    west: float
    south: float
    east: float
    north: float

    @property
    def area(self) -> float:
        """Square degrees."""
        return (self.east - self.west) * (self.north - self.south)

    def positions(self, rng: np.random.Generator, count: int) -> Floats:
        """Draw positions evenly.

        Shape: ``(count, 2)``.
        Units: degrees.
        """
        return rng.uniform((self.west, self.south), (self.east, self.north), (count, 2))


FRANCE: Final = Box(west=-4.5, south=42.5, east=8.0, north=51.0)
"""A box as large as metropolitan France; EPSG:2154 is made for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stars:
    """Polygons whose rings go once round their centres, so that they are valid whatever their corners are.

    Shape: ``centre`` ``(n, 2)``, ``radius`` ``(n,)``, ``corners`` ``(n,)``; ``holed`` and ``double`` ``(n,)``.
    Units: ``centre`` in degrees, ``radius`` in degrees of latitude.
    """

    centre: Floats
    radius: Floats
    corners: Ints
    holed: NDArray[np.bool_]
    double: NDArray[np.bool_]

    def polygons(self, rng: np.random.Generator) -> Shapes:
        """Draw the corners: polygons, some with a hole, some with a second part beside them."""
        owner = np.repeat(np.arange(len(self.corners)), self.corners)
        first = np.repeat(np.cumsum(self.corners) - self.corners, self.corners)
        turn = (np.arange(len(owner)) - first + rng.uniform(0.1, 0.9, len(owner))) / self.corners[owner]
        reach = self.radius[owner] * rng.uniform(1 - _ROUGH, 1 + _ROUGH, len(owner))
        arms = np.column_stack([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)]) * reach[:, None]
        arms[:, 0] /= np.cos(np.radians(self.centre[owner, 1]))
        outer = _rings(self.centre[owner] + arms, owner)
        with_hole = np.isin(owner, np.flatnonzero(self.holed))
        inner = _rings((self.centre[owner] + _HOLE * arms)[with_hole], owner[with_hole])
        rings = np.concatenate([outer, inner])
        ring_of = np.concatenate([np.arange(len(outer)), np.flatnonzero(self.holed)])
        order = np.argsort(ring_of, kind="stable")
        polygons = shapely.polygons(rings[order], indices=ring_of[order])
        return self._doubled(np.asarray(polygons))

    def _doubled(self, polygons: Shapes) -> Shapes:
        which = np.flatnonzero(self.double)
        shift = _BESIDE * self.radius[which] / np.cos(np.radians(self.centre[which, 1]))
        moved = shapely.get_coordinates(polygons[which])
        moved[:, 0] += np.repeat(shift, shapely.get_num_coordinates(polygons[which]))
        second = shapely.set_coordinates(polygons[which].copy(), np.round(moved, PLACES))
        both = np.column_stack([polygons[which], second])
        result = polygons.copy()
        result[which] = shapely.multipolygons(both)
        return result


def _rings(xy: Floats, owner: Ints) -> Shapes:
    return np.asarray(shapely.linearrings(np.round(xy, PLACES), indices=np.unique(owner, return_inverse=True)[1]))


def walks(rng: np.random.Generator, *, box: Box, count: int, vertices: int, step_m: float) -> tuple[Floats, Ints]:
    """Draw lines that wander: as many as ``count``, with ``vertices`` vertices on average, four at least.

    Shape: all vertices ``(sum of lengths, 2)``, and the length of each line ``(count,)``.
    Units: degrees.
    """
    lengths = rng.integers(4, 2 * vertices - 3, count)
    owner = np.repeat(np.arange(count), lengths)
    start = box.positions(rng, count)
    heading = np.repeat(rng.uniform(0, 2 * np.pi, count), lengths) + np.cumsum(rng.normal(0, 0.4, len(owner)))
    step = rng.uniform(0.5, 1.5, len(owner)) * step_m / METRES_PER_DEGREE
    moves = np.column_stack([np.cos(heading), np.sin(heading)]) * step[:, None]
    path = np.cumsum(moves, axis=0)
    first = np.cumsum(lengths) - lengths
    path -= np.repeat(path[first], lengths, axis=0)
    path[:, 0] /= np.cos(np.radians(start[owner, 1]))
    return np.round(start[owner] + path, PLACES), lengths
