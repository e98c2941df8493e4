from __future__ import annotations

import pickle
from dataclasses import replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from property.zone_positions import listed

from geogate.measures import zone_indexes
from geogate.measures.batch import LayerBatch
from geogate.measures.measure import UnmeasurableError
from geogate.measures.tools import PLAIN, Tools
from geogate.measures.zone_hits import ZoneHitCounts, ZoneHits, ZoneTally
from geogate.measures.zone_indexes import feature_hits, vertex_hits, zone_index
from geogate.model.errors import PolicyError, ServiceError
from geogate.zones.compiled import CompiledIndex
from geogate.zones.index import ZoneIndex

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry


KERNELS = Tools(kernels=True)
ZONES = listed(
    [
        shapely.box(10, 50, 10.1, 50.1),
        shapely.Point(10.2, 50.2),
        shapely.box(10.05, 50, 10.3, 50.08),
        shapely.box(0, 0, 1, 1),
    ],
    [0.0, 3_000.0, 200.0, 0.0],
    digest="a" * 64,
)


def batch(shapes: list[BaseGeometry | None], *, first_row: int = 0) -> LayerBatch:
    made = LayerBatch(
        wkb=pa.array(shapely.to_wkb(np.array(shapes, dtype=object)), pa.binary()),
        attributes=pa.record_batch({"n": pa.array(range(len(shapes)), pa.int64())}),
        crs=pyproj.CRS.from_epsg(4326),
        first_row=first_row,
    )
    made.kernels = True
    return made


def points(lonlat: NDArray[np.float64]) -> list[BaseGeometry | None]:
    return [shapely.Point(*position) for position in lonlat]


def tallied(measure: ZoneHits, tools: Tools, batches: list[LayerBatch]) -> ZoneHitCounts:
    tally = measure.tally(tools)
    for each in batches:
        tally.add(each)
    return tally.measurement()


LONLAT = np.random.default_rng(5).uniform([9.95, 49.95], [10.4, 50.3], (3_000, 2))
MIXED: list[BaseGeometry | None] = [
    *points(LONLAT[:200]),
    None,
    shapely.LineString([(9.9, 50.05), (10.4, 50.05)]),
    shapely.MultiPoint(LONLAT[200:220]),
    shapely.Polygon(),
    shapely.box(9, 49, 11, 51),
    shapely.GeometryCollection([shapely.Point(10.05, 50.05), shapely.LineString([(10.3, 50.3), (10.5, 50.5)])]),
]


@pytest.mark.parametrize("shapes", [points(LONLAT), MIXED])
@pytest.mark.parametrize("size", [1_000_000, 997, 64])
@pytest.mark.parametrize("buffer_m", [0.0, 800.0])
def test_kernels_count_what_numpy_counts_however_the_rows_are_cut(
    shapes: list[BaseGeometry | None], size: int, buffer_m: float
) -> None:
    measure = ZoneHits.against(ZONES, buffer_m=buffer_m)
    expected = measure.of(batch(shapes))
    cut = [batch(shapes[first : first + size], first_row=first) for first in range(0, len(shapes), size)]
    assert tallied(measure, KERNELS, cut) == expected
    assert tallied(measure, PLAIN, cut) == expected
    assert reduce(add, [tallied(measure, KERNELS, [each]) for each in cut], measure.empty()) == expected


@pytest.mark.parametrize("tools", [KERNELS, PLAIN])
def test_tallies_count_together_what_their_counts_add_up_to(tools: Tools) -> None:
    measure = ZoneHits.against(ZONES, buffer_m=800.0)
    tallies = [ZoneTally(measure, tools) for _ in range(3)]
    for number, tally in enumerate(tallies):
        tally.add(batch(MIXED[number::3]))
    first, *others = tallies
    assert first.together(others) == reduce(add, [tally.measurement() for tally in tallies])
    assert first.together(others) == first.together(others) == measure.of(batch(MIXED))


def test_zones_of_one_id_count_together() -> None:
    twins = replace(ZONES, zones=tuple(replace(zone, id="twin") for zone in ZONES.zones))
    (count,) = ZoneHits.against(twins, buffer_m=0.0).of(batch(points(LONLAT))).zones
    several = ZoneHits.against(ZONES, buffer_m=0.0).of(batch(points(LONLAT))).zones
    assert len(several) > 1
    assert (count.zone, count.features) == ("twin", sum(each.features for each in several))


def test_a_measure_is_light_and_travels_to_other_processes() -> None:
    measure = ZoneHits.against(ZONES, buffer_m=300.0)
    there = pickle.loads(pickle.dumps(measure))
    assert there == measure
    assert hash(there) == hash(measure)
    assert there != ZoneHits.against(ZONES, buffer_m=301.0)
    assert tallied(there, KERNELS, [batch(MIXED)]) == measure.of(batch(MIXED))


def test_a_list_that_cannot_protect_is_refused_before_anything_is_compiled() -> None:
    with pytest.raises(PolicyError, match="zone z0 of list list has a point or a line and no distance"):
        ZoneHits.against(listed([shapely.Point(1, 2)]), buffer_m=0.0)
    with pytest.raises(PolicyError, match="a buffer is not between"):
        ZoneHits.against(ZONES, buffer_m=-1.0)


@pytest.mark.parametrize("tools", [PLAIN, KERNELS])
def test_a_position_off_the_globe_cannot_be_measured(tools: Tools) -> None:
    tally = ZoneHits.against(ZONES, buffer_m=0.0).tally(tools)
    with pytest.raises(UnmeasurableError, match="in rows from 70: 1 of 2 positions are not finite or not on the globe"):
        tally.add(batch([shapely.Point(1, 2), shapely.Point(600, 1)], first_row=70))


def test_what_a_batch_hits_is_found_once_for_all_measures() -> None:
    index, rows = zone_index(ZONES, 0.0, KERNELS), batch(MIXED)
    assert vertex_hits(rows, index) is vertex_hits(rows, index)
    assert feature_hits(rows, index) is feature_hits(rows, index)
    of_points = batch(points(LONLAT))
    assert feature_hits(of_points, index) is vertex_hits(of_points, index)
    before = len(zone_indexes._kept)
    del rows, of_points
    assert len(zone_indexes._kept) == before - 2


def test_an_index_is_made_once_for_a_list_a_distance_and_tools(tmp_path: Path) -> None:
    again = pickle.loads(pickle.dumps(ZONES))
    other = listed([shapely.box(0, 0, 1, 1)], digest="a" * 64)
    index = zone_index(ZONES, 0.0, KERNELS)
    assert isinstance(index, CompiledIndex)
    assert zone_index(ZONES, 0.0, KERNELS) is index
    assert zone_index(again, 0.0, KERNELS) is index
    assert zone_index(other, 0.0, KERNELS) is not index
    assert zone_index(ZONES, 1.0, KERNELS) is not index
    assert isinstance(zone_index(ZONES, 0.0, PLAIN), ZoneIndex)
    assert not list(tmp_path.iterdir())
    kept = zone_index(ZONES, 0.0, Tools(kernels=True, indexes=tmp_path / "indexes"))
    assert kept is not index
    assert len(list((tmp_path / "indexes").iterdir())) == 1


@pytest.fixture
def damaged_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "indexes"
    CompiledIndex.open(ZONES, buffer_m=450.0, folder=folder).verified()
    (path,) = folder.iterdir()
    content = bytearray(path.read_bytes())
    at = content.rindex(np.float64(10.1).tobytes())
    content[at] ^= 1
    path.write_bytes(content)
    return folder


def test_what_a_damaged_index_counted_is_not_told(damaged_folder: Path) -> None:
    tally = ZoneTally(ZoneHits.against(ZONES, buffer_m=450.0), Tools(kernels=True, indexes=damaged_folder))
    tally.add(batch(points(LONLAT)))
    with pytest.raises(ServiceError, match="nothing that it was used for counts"):
        tally.measurement()
    sound = ZoneTally(ZoneHits.against(ZONES, buffer_m=450.0), KERNELS)
    with pytest.raises(ServiceError, match="nothing that it was used for counts"):
        sound.together([tally])
