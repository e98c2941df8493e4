from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from property.zone_reference import zone_list

from geogate.measures.batch import LayerBatch
from geogate.measures.tools import PLAIN, Tools
from geogate.measures.zone_hits import ZoneHits
from geogate.zones.straighten import straighten

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

LAMBERT = pyproj.CRS.from_epsg(2154)
TO_LAMBERT = pyproj.Transformer.from_crs(4326, LAMBERT, always_xy=True)
TO_LONLAT = pyproj.Transformer.from_crs(LAMBERT, 4326, always_xy=True)

BOW = shapely.Polygon([(2, 46), (2, 47), (5, 45.9), (5, 47.1)])
"""It crosses itself: one lobe lies in the west, one in the east, and its hull has more than both."""

FLAT = shapely.Polygon([(2, 47), (4, 47.5), (2, 47)])
LOOP = shapely.LineString([(2, 46), (2, 46), (5, 47), (5, 47)])
HOLED = shapely.Polygon(shapely.box(2, 45, 5, 48).exterior, [shapely.box(3, 46, 4, 47).exterior])
BENT = shapely.LineString([(-4, 48), (8, 48)])

WEST, EAST, HULL = (
    shapely.box(2.1, 46.3, 2.3, 46.7),
    shapely.box(4.5, 46.3, 4.8, 46.7),
    shapely.box(3.3, 46.85, 3.4, 46.9),
)


def projected(shape: BaseGeometry) -> BaseGeometry:
    moved: BaseGeometry = shapely.transform(shape, lambda xy: np.column_stack(TO_LAMBERT.transform(*xy.T)))
    return moved


def degrees(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack(TO_LONLAT.transform(*xy.T))


def hits(zone: BaseGeometry, shapes: list[BaseGeometry], tools: Tools) -> int:
    batch = LayerBatch(
        wkb=pa.array([shapely.to_wkb(projected(shape)) for shape in shapes], pa.binary()),
        attributes=pa.record_batch({"n": pa.array(range(len(shapes)), pa.int64())}),
        crs=LAMBERT,
    )
    batch.kernels = tools.kernels
    tally = ZoneHits.against(zone_list([zone]), buffer_m=0.0).tally(tools)
    tally.add(batch)
    return tally.measurement().features_hit


@pytest.mark.parametrize("tools", [PLAIN, Tools(kernels=True)])
@pytest.mark.parametrize("shape", [BOW, shapely.MultiPolygon([BOW]), shapely.GeometryCollection([BOW])])
@pytest.mark.parametrize("zone", [WEST, EAST, HULL])
def test_a_projected_polygon_that_crosses_itself_loses_nothing(
    zone: BaseGeometry, shape: BaseGeometry, tools: Tools
) -> None:
    assert hits(zone, [shape], tools) == 1
    assert hits(zone, [shape, BENT], tools) == 1


@pytest.mark.parametrize("tools", [PLAIN, Tools(kernels=True)])
def test_edges_that_go_there_and_back_and_vertices_that_are_repeated_are_judged(tools: Tools) -> None:
    assert hits(shapely.box(2.9, 47.2, 3.1, 47.3), [FLAT, BENT], tools) == 1
    assert hits(shapely.box(3.4, 46.4, 3.6, 46.6), [LOOP, BENT], tools) == 1


@pytest.mark.parametrize("shape", [BOW, FLAT, LOOP, HOLED, shapely.MultiPolygon([HOLED, FLAT]), shapely.Point(2, 46)])
def test_every_vertex_stays_in_its_place_and_no_ring_is_lost(shape: BaseGeometry) -> None:
    own = projected(shape)
    shapes = np.array([own, projected(BENT), own, shapely.Polygon()], dtype=object)
    found = straighten(shapes, degrees)
    assert found[0] == found[2]
    assert found[3].is_empty
    assert shapely.get_type_id(found[0]) == shapely.get_type_id(shape)
    assert shapely.is_valid(found[0]) == shapely.is_valid(shape)
    vertices = {tuple(place) for place in shapely.get_coordinates(found[0]).tolist()}
    assert {tuple(place) for place in degrees(shapely.get_coordinates(own)).tolist()} <= vertices
    assert len(_rings(found[0])) == len(_rings(shape))


def _rings(shape: BaseGeometry) -> list[BaseGeometry]:
    areas = [part for part in shapely.get_parts(shape) if isinstance(part, shapely.Polygon)]
    return [ring for area in areas for ring in (area.exterior, *area.interiors)]
