"""Inventories by compiled kernels against numpy, to the bit, and against each other however the stream is cut."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geogate.measures.batch import LayerBatch
from geogate.measures.inventory import Inventory, LayerInventory
from geogate.measures.inventory_tally import InventoryTally
from geogate.measures.measure import UnmeasurableError
from geogate.measures.tools import Tools
from geogate.model.document import canonical_json

MEASURE = LayerInventory()
DEGREES = pyproj.CRS.from_epsg(4326)

number = st.one_of(
    st.floats(-200, 200, allow_nan=False),
    st.sampled_from([0.0, -0.0, 90.0, -90.0, 180.0, -180.0, float("nan"), float("inf"), -float("inf"), 1e300]),
)
positions = st.tuples(number, number)


def line(at: list[tuple[float, float]]) -> shapely.LineString:
    # GEOS compares NaN, and the processor says so.
    with np.errstate(invalid="ignore"):
        return shapely.LineString(at)


shapes = st.one_of(
    st.none(),
    positions.map(shapely.Point),
    st.just(shapely.Polygon()),
    st.lists(positions, min_size=2, max_size=4).map(line),
    st.lists(positions, min_size=1, max_size=3).map(shapely.MultiPoint),
    positions.map(lambda at: shapely.GeometryCollection([shapely.Point(at)])),
    positions.map(lambda at: shapely.Point(*at, 7)),
)


def batch(geometries: Any, crs: pyproj.CRS = DEGREES, columns: dict[str, Any] | None = None) -> LayerBatch:
    wkb = shapely.to_wkb(np.array(geometries, object), output_dimension=4, flavor="iso")
    given_columns = {"n": pa.array([None if i % 3 else i for i in range(len(wkb))], pa.int64())}
    attributes = pa.record_batch(given_columns if columns is None else columns)
    return LayerBatch(wkb=pa.array(wkb, pa.binary()), attributes=attributes, crs=crs)


def tallied(*batches: LayerBatch) -> Inventory:
    tally = MEASURE.tally(Tools(kernels=True))
    assert isinstance(tally, InventoryTally)
    for each in batches:
        tally.add(each)
    return tally.measurement()


def same(*batches: LayerBatch) -> None:
    expected = reduce(add, map(MEASURE.of, batches), MEASURE.empty())
    assert canonical_json(tallied(*batches)) == canonical_json(expected)


@settings(deadline=None, max_examples=60)
@given(st.lists(shapes, max_size=20), st.integers(1, 6), st.sampled_from([4326, 4258, 25832, 3857]))
def test_kernels_count_what_numpy_counts_however_the_stream_is_cut(rows: list[Any], size: int, epsg: int) -> None:
    crs = pyproj.CRS.from_epsg(epsg)
    same(batch(rows, crs))
    parts = [batch(rows[i : i + size], crs) for i in range(0, len(rows), size)]
    same(*parts)
    assert reduce(add, [tallied(part) for part in parts], MEASURE.empty()) == tallied(*parts)


@pytest.mark.parametrize("strange", [None, np.nan, np.inf, 181.0, -90.000001])
def test_long_layers_are_counted_as_numpy_counts_them(strange: float | None) -> None:
    xy = np.random.default_rng(0).uniform(-90, 90, (6_000, 2))
    if strange is not None:
        xy[4_100, 1] = strange
    same(batch(shapely.points(xy)), batch([]), batch(shapely.points(xy[:5])))


def test_no_batch_gives_the_empty_inventory() -> None:
    assert tallied() == MEASURE.empty()


def test_nulls_of_sliced_columns_are_counted() -> None:
    columns = pa.record_batch({"n": pa.array([None, 1, None, 2, None], pa.int8()), "all": pa.nulls(5)}).slice(1, 3)
    some = batch([None] * 3, columns={})
    some.attributes = columns
    assert [column.nulls for column in tallied(some, some).columns or ()] == [2, 6]


@pytest.mark.parametrize("kernels", [True, False])
@pytest.mark.parametrize(
    ("columns", "crs", "message"),
    [
        ({"n": pa.array([1.0])}, DEGREES, "different columns"),
        ({"m": pa.array([1])}, DEGREES, "different columns"),
        ({"n": pa.array([1]), "m": pa.array([1])}, DEGREES, "different columns"),
        ({"n": pa.array([1])}, pyproj.CRS.from_epsg(3857), "two reference systems"),
        ({"n": pa.array([1, 2])}, DEGREES, "differ in number"),
    ],
)
def test_batches_that_do_not_fit_together_are_refused(
    kernels: bool,  # noqa: FBT001
    columns: dict[str, Any],
    crs: pyproj.CRS,
    message: str,
) -> None:
    tally = MEASURE.tally(Tools(kernels=kernels))
    tally.add(batch([shapely.Point(1, 2)], columns={"n": pa.array([1])}))
    tally.add(batch([shapely.Point(1, 2)], pyproj.CRS.from_epsg(4326), columns={"n": pa.array([None], pa.int64())}))
    with pytest.raises(UnmeasurableError, match=message):
        tally.add(batch([shapely.Point(1, 2)], crs, columns=columns))


@pytest.mark.parametrize("kernels", [True, False])
def test_positions_of_a_system_that_is_not_of_the_earth_are_refused(kernels: bool) -> None:  # noqa: FBT001
    moon = pyproj.CRS.from_user_input("IAU_2015:30100")
    with pytest.raises(UnmeasurableError, match="not that of the Earth"):
        MEASURE.tally(Tools(kernels=kernels)).add(batch([shapely.Point(1, 2)], moon))
