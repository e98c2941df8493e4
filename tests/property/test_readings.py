"""What hits zones under other readings, against a slow reference: all vertices read, and the exact index."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from property.zone_positions import listed

from geogate.measures.batch import LayerBatch
from geogate.measures.readings import Family
from geogate.measures.readings_of import readings_of
from geogate.measures.reference import positions
from geogate.measures.tools import PLAIN, Tools
from geogate.measures.zone_readings import ReadingCount, ZoneReadingCounts, ZoneReadings
from geogate.measures.zone_readings_tally import are_wide_areas, read_shapes
from geogate.zones.boundary import Hits
from geogate.zones.index import ZoneIndex

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from geogate.measures.readings import Reading
    from geogate.zones.zone import ZoneList

EPSG = (4326, 4258, 4267, 4807, 25832, 32733, 3857, 2056, 27700, 5514, 3035, 28992)
SYSTEMS = {code: pyproj.CRS.from_epsg(code) for code in EPSG} | {
    1: pyproj.CRS.from_wkt(pyproj.CRS.from_epsg(25832).to_wkt("WKT1_ESRI")),
    2: pyproj.CRS.from_proj4("+proj=utm +zone=33 +ellps=bessel +towgs84=9000,100,400 +units=m"),
    3: pyproj.CRS.from_proj4("+proj=longlat +ellps=bessel +towgs84=20000,100,400"),
    4: pyproj.CRS.from_wkt('LOCAL_CS["site",UNIT["metre",1]]'),
    5: pyproj.CRS.from_proj4("+proj=lcc +lat_1=48 +lat_2=52 +lon_0=10 +datum=WGS84"),
}
SMALL, LARGE = 0.02, 30.0


def zones_of(random: np.random.Generator) -> ZoneList:
    """Points, boxes and a polygon, near each other, some in China and at the antimeridian."""
    lon, lat = random.choice([8.0, 116.0, 179.9, -3.0, 100.0]), random.choice([47.0, 39.0, -20.0, 0.0, 30.0])
    places = np.clip(np.column_stack([lon + random.normal(0, 0.5, 5), lat + random.normal(0, 0.5, 5)]), -180, 179)
    zones: list[BaseGeometry] = [shapely.Point(*place) for place in places[:3]]
    zones.append(shapely.box(*places[3], *(places[3] + random.choice([0.01, 1.0]))))
    return listed(zones, random.choice([10.0, 3_000.0, 20_000.0], 4), digest=f"{random.integers(1 << 60):064d}")


def numbers_near(
    random: np.random.Generator, zones: ZoneList, crs: pyproj.CRS, reading: Reading
) -> NDArray[np.float64]:
    """Numbers that a reading brings near to zones, if it can: found by trying what undoes it."""
    zone = zones.zones[int(random.integers(len(zones.zones)))].geometry.centroid
    lonlat = np.column_stack([zone.x + random.normal(0, 0.05, 12), zone.y + random.normal(0, 0.05, 12)])
    lonlat[:, 1] = np.clip(lonlat[:, 1], -89, 89)
    lonlat[:, 0] -= reading.turn
    system = crs if reading.declared else reading.crs
    try:
        back = pyproj.Transformer.from_crs(4326, system, always_xy=True)
        xy = np.column_stack(back.transform(*lonlat.T))
        xy = np.where(np.isfinite(xy), xy, lonlat)
    except pyproj.exceptions.ProjError:
        return lonlat
    xy = xy / np.array(reading.scale)
    xy = np.round(xy) if reading.fit.whole else xy
    return np.asarray(xy[:, ::-1] if reading.swap else xy)


def shapes_of(random: np.random.Generator, xy: NDArray[np.float64]) -> list[BaseGeometry | None]:
    spread = float(np.nanmax(np.abs(xy), initial=1.0)) * 1e-3
    shapes: list[BaseGeometry | None] = [shapely.Point(*place) for place in xy[:6]]
    shapes.append(shapely.LineString(xy[:3]) if len(xy) > 2 else None)
    shapes += [shapely.box(*(place - spread * random.uniform(0.1, 30)), *(place + spread)) for place in xy[6:9]]
    shapes += [None, shapely.MultiPoint(xy[9:12]) if len(xy) > 9 else None, shapely.Point(np.nan, np.nan)]
    return shapes


def batch_of(shapes: list[BaseGeometry | None], crs: pyproj.CRS) -> LayerBatch:
    return LayerBatch(
        wkb=pa.array(shapely.to_wkb(np.array(shapes, dtype=object)), pa.binary()),
        attributes=pa.record_batch({"n": pa.array(np.zeros(len(shapes), np.int8))}),
        crs=crs,
    )


def slowly(batch: LayerBatch, measure: ZoneReadings) -> ZoneReadingCounts:
    """Read everything under every reading, and ask the exact index."""
    index = ZoneIndex.build(measure.zone_list, buffer_m=measure.buffer_m)
    geometries, crs = batch.geometries, batch.crs
    found = []
    finite = np.isfinite(geometries.xy).all(axis=1)
    row_of = np.repeat(np.arange(batch.rows), np.diff(geometries.feature_offsets))
    for reading in readings_of(crs, measure.families):
        xy = positions(geometries.xy, crs) if reading.declared else geometries.xy
        fitting = int(reading.fit.of(xy[np.isfinite(xy).all(axis=1)]).sum())
        lonlat = reading.lonlat(xy)
        there = np.flatnonzero(np.isfinite(lonlat[:, 0]))
        hits = index.points_within(lonlat[there])
        vertices = Hits(owner=there[hits.owner], zone=hits.zone)
        edged = np.flatnonzero(~np.isin(geometries.kinds, (0, 1, 4)) & (np.diff(geometries.feature_offsets) > 0))
        shapes = geometries.shapes(edged)
        if reading.declared:
            shapes = shapely.transform(shapes, lambda xy: positions(xy, crs))
        which, read = read_shapes(reading, shapes)
        telling = np.flatnonzero(reading.strange | ~are_wide_areas(read))
        which, read = which[telling], read[telling]
        by_shape = index.shapes_within(read)
        rows = Hits.union(
            [
                Hits.of(row_of[vertices.owner], vertices.zone),
                Hits(owner=edged[which[by_shape.owner]], zone=by_shape.zone),
            ]
        )
        if fitting:
            found.append(
                ReadingCount(
                    reading=reading.id,
                    strange=reading.strange,
                    fitting=fitting,
                    features=len(set(rows.owner.tolist())),
                    vertices=len(set(vertices.owner.tolist())),
                )
            )
    return ZoneReadingCounts(
        features=batch.rows, vertices=int(finite.sum()), readings=tuple(sorted(found, key=lambda each: each.reading))
    )


def without_zones(counts: ZoneReadingCounts) -> list[tuple[object, ...]]:
    return [(each.reading, each.strange, each.fitting, each.features, each.vertices) for each in counts.readings]


@pytest.mark.parametrize("kernels", [False, True])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), system=st.sampled_from(sorted(SYSTEMS)))
def test_what_hits_zones_is_what_a_slow_reference_finds(seed: int, system: int, *, kernels: bool) -> None:
    random, crs = np.random.default_rng(seed), SYSTEMS[system]
    zones = zones_of(random)
    measure = ZoneReadings.against(zones, buffer_m=0.0, families=tuple(Family))
    possible = readings_of(crs, tuple(Family))
    aimed = [possible[int(n)] for n in random.integers(0, len(possible), 3)]
    shapes = [shape for reading in aimed for shape in shapes_of(random, numbers_near(random, zones, crs, reading))]
    batch = batch_of(shapes, crs)

    tally = measure.tally(Tools(kernels=kernels))
    tally.add(batch)
    found, expected = tally.measurement(), slowly(batch, measure)

    assert without_zones(found) == without_zones(expected)
    assert (found.features, found.vertices) == (expected.features, expected.vertices)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), system=st.sampled_from(sorted(SYSTEMS)), size=st.integers(1, 9))
def test_the_result_does_not_depend_on_how_the_stream_is_cut_nor_on_the_order(
    seed: int, system: int, size: int
) -> None:
    random, crs = np.random.default_rng(seed), SYSTEMS[system]
    zones = zones_of(random)
    measure = ZoneReadings.against(zones, buffer_m=0.0, families=tuple(Family))
    possible = readings_of(crs, tuple(Family))
    aimed = [possible[int(n)] for n in random.integers(0, len(possible), 2)]
    shapes = [shape for reading in aimed for shape in shapes_of(random, numbers_near(random, zones, crs, reading))]
    whole = measure.of(batch_of(shapes, crs))

    cut = [batch_of(shapes[first : first + size], crs) for first in range(0, len(shapes), size)]
    assert reduce(add, (measure.of(batch) for batch in cut), measure.empty()) == whole
    tally = measure.tally(PLAIN)
    for number in random.permutation(len(cut)):
        tally.add(cut[number])
    assert tally.measurement() == whole
