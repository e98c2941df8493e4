"""What rasters are measured to be does not depend on how the stream of their windows is cut."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from operator import add
from typing import Any

import pyarrow as pa
import pyproj
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from judging import zone_list
from rastering import raster_columns

from geogate.measures.batch import LayerBatch
from geogate.measures.raster_bands import RasterBands
from geogate.measures.raster_distance import GroundSampleDistance, ZoneSampleDistance
from geogate.measures.raster_zones import RasterZonePixels
from geogate.measures.tools import PLAIN
from geogate.zones.zone import Zone

ZONES = zone_list(
    [
        Zone(id="a", category="test", buffer_m=100.0, geometry=shapely.box(8.0003, 49.999, 8.0012, 49.9998)),
        Zone(id="b", category="test", buffer_m=0.0, geometry=shapely.box(8.001, 49.9, 8.1, 50.1)),
    ]
)
MEASURES: tuple[Any, ...] = (
    GroundSampleDistance(),
    RasterBands(),
    ZoneSampleDistance.within(ZONES, buffer_m=20.0),
    RasterZonePixels.against(ZONES, buffer_m=20.0),
)
windows = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(["base", "overview"]),
        st.one_of(st.none(), st.floats(0.1, 100.0)),
        st.integers(0, 2**16 - 1),
        st.booleans(),
    ),
    min_size=1,
    max_size=8,
)


def batch_of(some: list[Any]) -> LayerBatch:
    """Put windows of four by four pixels beside one another."""
    west = [8 + 0.0004 * place for place, *_ in some]
    rings = [[(x, 50.0), (x + 0.0004, 50.0), (x + 0.0004, 49.9996), (x, 49.9996)] for x in west]
    bits = [f"{bits:016b}" for *_, bits, _ in some]
    columns = raster_columns(
        len(some),
        {
            "image": [image for _, image, *_ in some],
            "gsd_x_m": [gsd for _, _, gsd, *_ in some],
            "shown": bits,
            "shown_pixels": [each.count("1") for each in bits],
            "gridded": [gridded for *_, gridded in some],
        },
    )
    wkb = pa.array(shapely.to_wkb([shapely.Polygon(ring) for ring in rings]), pa.binary())
    return LayerBatch(wkb=wkb, attributes=pa.record_batch(columns), crs=pyproj.CRS.from_epsg(4326))


@settings(deadline=None, max_examples=40)
@given(windows, st.lists(st.integers(0, 8), max_size=3))
def test_the_result_does_not_depend_on_how_the_windows_are_cut(some: list[Any], cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(some)) for cut in cuts), len(some)]
    parts = [some[start:end] for start, end in pairwise(places) if end > start]
    for measure in MEASURES:
        whole = measure.of(batch_of(some))
        for order in (parts, parts[::-1]):
            assert reduce(add, (measure.of(batch_of(part)) for part in order), measure.empty()) == whole
        tally = measure.tally(PLAIN)
        for part in parts:
            tally.add(batch_of(part))
        assert tally.measurement() == whole


def test_measures_are_known_by_their_id() -> None:
    same = (ZoneSampleDistance.within(ZONES, buffer_m=20.0), RasterZonePixels.against(ZONES, buffer_m=20.0))
    other = (ZoneSampleDistance.within(ZONES, buffer_m=21.0), RasterZonePixels.against(ZONES, buffer_m=21.0))
    assert same == MEASURES[2:]
    assert hash(same) == hash(MEASURES[2:])
    assert all(one != another for one, another in zip(same, other, strict=True))
