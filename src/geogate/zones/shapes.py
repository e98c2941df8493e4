"""Shapes of the data as zones meet them: on the map, without jumps, with their edges as short probes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geogate.zones.segments import Segments, pieces_needed, segments_of, split
from geogate.zones.unwrap import HALF_TURN, UnreadableRingError, into_the_map, line_readings, on_the_map, ring_readings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geogate.zones.raster import Raster

_STEP_DEG = 0.08
_PIECES_AT_ONCE = 250_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shapes:
    """Simple shapes within [-180, 180], each with the number of the row that it comes from.

    ``edges`` have all edges of the rows, ``areas`` all that the rows cover and perhaps more: where a polygon is
    invalid, its convex hull.

    Shape: ``areas`` and ``area_owner`` are ``(n,)``.
    """

    areas: NDArray[np.object_]
    area_owner: NDArray[np.int64]
    edges: Segments

    @classmethod
    def read(cls, shapes: NDArray[np.object_]) -> Shapes:
        """Take geometries in degrees apart, and read what jumps across the antimeridian in all ways that it may mean.

        Shape: ``(rows,)``; the owners are the numbers of the rows.
        """
        parts, owner = _simple_parts(shapes)
        bounds = shapely.bounds(parts)
        west, east = bounds[:, 0], bounds[:, 2]
        odd = (west < -HALF_TURN) | (east > HALF_TURN) | (east - west > HALF_TURN)
        readings = [_readings(part) for part in parts[odd]]
        outlines = np.array([*parts[~odd], *(r for several in readings for r in several)], dtype=object)
        again = np.repeat(owner[odd], [len(several) for several in readings])
        owner = np.concatenate([owner[~odd], again]).astype(np.int64)
        areas = outlines.copy()
        broken = (shapely.get_type_id(areas) == shapely.GeometryType.POLYGON) & ~shapely.is_valid(areas)
        # With its holes, which may lie outside its shell.
        areas[broken] = shapely.convex_hull(shapely.boundary(areas[broken]))
        return cls(areas=areas, area_owner=owner, edges=segments_of(outlines, owner))

    def probes(self, raster: Raster) -> Iterator[Segments]:
        """Cut all edges into short straight pieces, and leave out those to which no zone comes near."""
        span = np.abs(self.edges.end - self.edges.start).max(axis=1)
        steps = np.maximum(np.ceil(span / _STEP_DEG), 1).astype(np.int64)
        for block in _blocks(steps):
            short = split(self.edges[block], steps[block])
            low, high = np.minimum(short.start, short.end), np.maximum(short.start, short.end)
            near = short[raster.near_boxes(np.column_stack([low, high]))]
            yield split(near, pieces_needed(near))


def _blocks(pieces: NDArray[np.int64]) -> Iterator[slice]:
    if len(pieces) == 0:
        return
    block = (np.cumsum(pieces) - pieces) // _PIECES_AT_ONCE
    starts = np.flatnonzero(np.diff(block, prepend=-1))
    for first, last in zip(starts, [*starts[1:], len(pieces)], strict=True):
        yield slice(int(first), int(last))


def _simple_parts(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    parts, owner = shapely.force_2d(shapes), np.arange(len(shapes))
    while np.any(shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT):
        parts, part_of = shapely.get_parts(parts, return_index=True)
        owner = owner[part_of]
    there = ~(shapely.is_missing(parts) | shapely.is_empty(parts))
    return parts[there], owner[there].astype(np.int64)


def _readings(part: BaseGeometry) -> list[BaseGeometry]:
    if isinstance(part, shapely.Point):
        return [shapely.Point(on_the_map(shapely.get_coordinates(part))[0])]
    if isinstance(part, shapely.Polygon):
        readings = _polygon_readings(part)
    else:
        readings = [shapely.LineString(path) for path in line_readings(shapely.get_coordinates(part))]
    return [piece for reading in readings for piece in shapely.get_parts(into_the_map(reading))]


def _polygon_readings(polygon: shapely.Polygon) -> list[BaseGeometry]:
    """Read a polygon in all ways; a hole counts only where it can be read in one way."""
    ring = shapely.get_coordinates(polygon.exterior)
    try:
        areas: list[BaseGeometry] = [*ring_readings(ring)]
    except UnreadableRingError:
        # Its hull in each reading, so that nothing inside is missed.
        return [shapely.convex_hull(shapely.MultiPoint(path)) for path in line_readings(ring)]
    return [_without_holes(into_the_map(area), polygon) for area in areas]


def _without_holes(area: BaseGeometry, polygon: shapely.Polygon) -> BaseGeometry:
    for interior in polygon.interiors:
        try:
            holes = ring_readings(shapely.get_coordinates(interior))
        except UnreadableRingError:
            continue
        if len(holes) == 1:
            area = shapely.difference(area, into_the_map(holes[0]))
    return area
