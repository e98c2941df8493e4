from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import shapely
from property.zone_features import features, hits_of
from property.zone_reference import GEOD, zone_list

from geogate.zones.compiled import CompiledIndex
from geogate.zones.compiled_shapes import _judged, near_boxes, near_rows, rows_hit, vertices_within
from geogate.zones.compiled_tables import read_only
from geogate.zones.exact import OffGlobeError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

HOLED = shapely.Polygon(shapely.box(4, 44, 5, 45).exterior, [shapely.box(4.3, 44.3, 4.7, 44.7).exterior])
ISLES = shapely.MultiPolygon([shapely.box(6, 44, 6.1, 44.1), shapely.box(6.5, 44, 6.6, 44.1)])
ZONES = [shapely.box(2, 46, 2.1, 46.1), HOLED, ISLES]
SQUARE, RING, ISLE = 0, 1, 2


@pytest.fixture(scope="module")
def index() -> CompiledIndex:
    return CompiledIndex.build(zone_list(ZONES), buffer_m=0.0)


def hit(index: CompiledIndex, *shapes: BaseGeometry) -> list[list[int]]:
    """The zones that each shape hits."""
    found = hits_of(index, shapes)
    return [found.zone[found.owner == row].tolist() for row in range(len(shapes))]


def asked(index: CompiledIndex, shapes: list[BaseGeometry]) -> set[int]:
    """The rows that kernels alone do not decide."""
    from geogate.kernels.shapes_tables import HIT

    taken = features(shapes)
    rows = near_rows(index, taken)
    vertices = vertices_within(index, taken, rows=rows)
    known = rows_hit(vertices, taken.start, zones=len(index.zone_list.zones))
    row, _, answer = _judged(index, taken, rows, known)
    return set(row[answer != HIT].tolist())


@pytest.mark.parametrize(
    ("shape", "zones"),
    [
        (shapely.LineString([(1.9, 46.05), (2.2, 46.06)]), [SQUARE]),
        (shapely.LineString([(1.9, 46.2), (2.2, 46.15)]), []),
        (shapely.box(1.9, 45.9, 2.2, 46.2), [SQUARE]),
        (shapely.box(2.04, 46.04, 2.05, 46.05), [SQUARE]),
        (shapely.box(4.4, 44.4, 4.6, 44.6), []),
        (shapely.box(4.2, 44.2, 4.8, 44.8), [RING]),
        (shapely.box(5.9, 43.9, 6.3, 44.3), [ISLE]),
        (shapely.box(6.2, 43.9, 6.4, 44.3), []),
        (shapely.Polygon(shapely.box(1, 45, 3, 47).exterior, [shapely.box(1.9, 45.9, 2.2, 46.2).exterior]), []),
        (shapely.Polygon([(1.9, 45.9), (2.2, 46.2), (2.2, 45.9), (1.9, 46.2)]), [SQUARE]),
        # Crosses itself, and holds the square by its hull alone.
        (shapely.Polygon([(1, 45), (3, 47), (1, 47), (3, 45), (1, 45)]), [SQUARE]),
        (shapely.Polygon([(1.5, 45), (3, 45), (3, 48), (1.5, 48), (2.9, 46.9), (2.9, 45.1)]), []),
        (shapely.Polygon([(1.5, 45), (3, 45), (3, 48), (1.5, 48), (2.9, 46.9), (2.9, 45.1), (3.1, 45.1)]), [SQUARE]),
        (shapely.LineString([(-60, 45.9), (70, 46.2)]), [SQUARE]),
        (shapely.box(-60, 20, 70, 60), [SQUARE, RING, ISLE]),
        (shapely.LineString([(2, 46), (2, 46.1)]), [SQUARE]),
        (shapely.LineString([(1.9, 46.1), (2.0, 46.1)]), [SQUARE]),
        (shapely.GeometryCollection([shapely.Point(2.05, 46.05), shapely.LineString([(0, 0), (1, 1)])]), [SQUARE]),
        (shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(1.9, 45.9, 2.2, 46.2)]), [SQUARE]),
        (shapely.LineString([(179, 46.05), (-179, 46.05)]), []),
        (shapely.LineString([(361.9, 46.05), (362.2, 46.05)]), [SQUARE]),
    ],
)
def test_a_feature_hits_the_zones_that_it_touches_holds_or_lies_in(
    index: CompiledIndex, shape: BaseGeometry, zones: list[int]
) -> None:
    assert hit(index, shape) == [zones]


@pytest.mark.parametrize("shape", [shapely.LineString, shapely.Polygon])
def test_many_vertices_are_judged_edge_by_edge(
    index: CompiledIndex, shape: type[shapely.LineString | shapely.Polygon]
) -> None:
    turn = np.linspace(0, 2 * np.pi, 200_000)[:-1]

    def circle(lon: float, lat: float, radius: float) -> BaseGeometry:
        path = np.column_stack([lon + radius * np.cos(turn), lat + radius * np.sin(turn)])
        return shape(np.concatenate([path, path[:1]]))

    holds = [SQUARE, RING, ISLE] if shape is shapely.Polygon else []
    assert hit(index, circle(4, 45, 3.5), circle(2, 46, 0.05), circle(2.05, 46.05, 0.01)) == [
        holds,
        [SQUARE],
        [SQUARE],
    ]


@pytest.mark.parametrize(("away_m", "hits"), [(0.004, True), (0.009, True), (0.02, False), (0.2, False)])
def test_an_edge_that_passes_beside_a_zone_hits_it_within_a_centimetre(
    index: CompiledIndex, away_m: float, *, hits: bool
) -> None:
    lat = 46.1 + away_m / 111_150
    assert hit(index, shapely.LineString([(1.99, lat), (2.11, lat)])) == [[SQUARE] if hits else []]


@pytest.mark.parametrize(("away_m", "hits"), [(400.0, True), (500.0, True), (500.05, False), (501.0, False)])
def test_an_edge_hits_a_zone_within_its_distance(away_m: float, *, hits: bool) -> None:
    zones = [shapely.Point(2, 46), shapely.LineString([(3, 46), (3.1, 46)]), shapely.box(4, 45.9, 4.1, 46)]
    index = CompiledIndex.build(zone_list(zones, buffer_m=500.0), buffer_m=0.0)
    _, lat, _ = GEOD.fwd(2, 46, 0, away_m)
    lines = [shapely.LineString([(lon - 0.02, lat), (lon + 0.02, lat)]) for lon in (2, 3.05, 4.05)]
    assert hit(index, *lines) == [[zone] if hits else [] for zone in range(3)]


@pytest.mark.parametrize("far", [np.nan, np.inf, 541.0])
def test_a_vertex_off_the_globe_is_an_error(index: CompiledIndex, far: float) -> None:
    taken = features([shapely.LineString([(lon, 0), (lon, 1), (lon, 2)]) for lon in (0, 20, 30)])
    lonlat = taken.lonlat.copy(order="F")
    lonlat[1, 0] = far
    taken = replace(taken, lonlat=lonlat)
    with pytest.raises(OffGlobeError, match="1 of 9 positions"):
        vertices_within(index, taken, rows=near_rows(index, taken))


def test_nearly_all_features_are_decided_by_the_kernels(index: CompiledIndex) -> None:
    random = np.random.default_rng(5)
    steps = random.normal(0, 0.004, (4_000, 12, 2))
    start = random.uniform((1.5, 43.5), (7, 46.5), (4_000, 1, 2))
    lines = [shapely.LineString(path) for path in start + np.cumsum(steps, axis=1)]
    turn = np.linspace(0, 2 * np.pi, 12)[:-1]
    star = np.column_stack([np.cos(turn), np.sin(turn)])[None] * random.uniform(0.01, 0.03, (4_000, 11, 1))
    polygons = [shapely.Polygon(path) for path in start + star]
    assert len(asked(index, [*lines, *polygons])) <= 4


def test_the_kernels_are_compiled_once_for_indexes_from_memory_and_from_a_file(tmp_path: Path) -> None:
    from geogate.kernels.shapes import judge

    tmp_path.chmod(0o700)
    listed = zone_list(ZONES)
    opened = [CompiledIndex.open(listed, buffer_m=0.0, folder=tmp_path) for _ in range(2)]
    for index in (*opened, CompiledIndex.build(listed, buffer_m=0.0)):
        assert hit(index, shapely.box(1.9, 45.9, 2.2, 46.2)) == [[SQUARE]]
    assert len(judge.signatures) == 1


def test_a_box_is_near_where_a_zone_is_and_where_it_is_odd(index: CompiledIndex) -> None:
    boxes: NDArray[np.float64] = np.array(
        [
            [1.99, 45.99, 2.01, 46.01],
            [0.0, 0.0, 0.1, 0.1],
            [-179.0, -80.0, 179.0, 80.0],
            [np.nan, 0.0, 1.0, 1.0],
            [179.0, 0.0, 181.0, 1.0],
        ]
    )
    assert near_boxes(index, boxes).tolist() == [True, False, True, True, True]


@pytest.fixture(scope="module")
def wide() -> CompiledIndex:
    """An index with a zone that covers whole blocks."""
    return CompiledIndex.build(zone_list([*ZONES, shapely.box(-40, -40, 0, 40)]), buffer_m=0.0)


def noise_like(array: NDArray[Any], seed: int) -> NDArray[Any]:
    """Random bits; from the seed 0 ones only."""
    bits = np.random.default_rng(seed).integers(0, 256, array.nbytes, dtype=np.uint8)
    return read_only((bits if seed else np.full_like(bits, 255)).view(array.dtype).reshape(array.shape))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "table", ["top", "bits", "base", "cell_start", "entry", "whole_start", "whole_zone", "head", "start", "edge"]
)
def test_damaged_tables_are_never_read_beyond_their_ends(wide: CompiledIndex, table: str, seed: int) -> None:
    from geogate.kernels import shapes_boxes as boxes
    from geogate.kernels.shapes import judge
    from geogate.kernels.shapes_tables import Features, Known, Near
    from geogate.zones.compiled_shapes_tables import grid_tables, zone_tables

    zones, grid = zone_tables(wide), grid_tables(wide)
    if table in grid.cells._fields:
        grid = grid._replace(cells=grid.cells._replace(**{table: noise_like(getattr(grid.cells, table), seed)}))
    else:
        damaged = {table: noise_like(getattr(zones.polygons, table), seed)}
        zones = zones._replace(polygons=zones.polygons._replace(**damaged))
    random = np.random.default_rng(seed)
    shapes = [shapely.LineString(path) for path in random.uniform((-60, 30), (10, 50), (100, 5, 2))]
    shapes += [shapely.box(lon, lat, lon + 0.1, lat + 0.1) for lon, lat in random.uniform((1, 43), (7, 47), (100, 2))]
    taken = features(shapes)
    arrays = (taken.lonlat[:, 0], taken.lonlat[:, 1], taken.offsets, taken.kinds, taken.first)
    none = read_only(np.zeros(len(shapes) + 1, np.int64))
    plain = Features(*(read_only(array) for array in arrays))
    rows = Near(*(read_only(array) for array in boxes.near_rows(plain, len(zones.fences), grid)))
    answers, used = judge(plain, rows, Known(none, none[:0]), zones, grid)
    assert set(answers.row[:used].tolist()) <= set(range(len(shapes)))
    assert set(answers.zone[:used].tolist()) <= set(range(-1, 4))


@pytest.mark.parametrize(("count", "listed"), [(32, 32), (33, 0)])
def test_zones_near_a_row_are_listed_up_to_a_number_and_found_all_the_same(count: int, listed: int) -> None:
    zones = [shapely.box(2 + k * 0.01, 46, 2.004 + k * 0.01, 46.004) for k in range(count)]
    index = CompiledIndex.build(zone_list(zones), buffer_m=0.0)
    line = shapely.LineString([(1.999, 46.002), (2.0 + count * 0.01, 46.003)])
    near = near_rows(index, features([line]))
    assert (near.row.tolist(), len(near.zone)) == ([0], listed)
    assert hit(index, line) == [list(range(count))]
