"""What is measured of point clouds does not depend on how the stream of points is cut, nor on the order of merging."""

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

from geogate.measures.batch import LayerBatch
from geogate.measures.measure import UnmeasurableError
from geogate.measures.point_cloud_density import Density, PointDensity
from geogate.measures.point_cloud_values import PointTurns, PointValues
from geogate.measures.tools import PLAIN

if TYPE_CHECKING:
    from collections.abc import Sequence

WGS84 = pyproj.CRS.from_epsg(4326)
SIDE = 10 / 111_320

Row = tuple[int, int, float]


def batch(rows: Sequence[Row], *, first_row: int = 0) -> LayerBatch:
    """Give points in the middle of cells on the equator, with a value each."""
    wkb = [shapely.to_wkb(shapely.Point((x + 0.5) * SIDE, (y + 0.5) * SIDE)) for x, y, _ in rows]
    values = pa.record_batch({"z": pa.array([value for *_, value in rows], pa.float64())})
    return LayerBatch(wkb=pa.array(wkb, pa.binary()), attributes=values, crs=WGS84, first_row=first_row)


def cut(rows: Sequence[Row], size: int) -> list[LayerBatch]:
    return [batch(rows[start : start + size], first_row=start) for start in range(0, len(rows), size)]


many = st.lists(
    st.tuples(st.integers(-3, 3), st.integers(-3, 3), st.floats(-1e6, 1e6, allow_nan=False)), min_size=1, max_size=60
)


@settings(deadline=None)
@given(rows=many, size=st.integers(1, 70))
def test_density_does_not_depend_on_how_the_stream_is_cut(rows: list[Row], size: int) -> None:
    whole = PointDensity().of(batch(rows))
    parts = [PointDensity().of(part) for part in cut(rows, size)]
    assert reduce(add, parts, Density()) == whole
    assert reduce(add, reversed(parts), Density()) == whole
    tally = PointDensity().tally(PLAIN)
    for part in cut(rows, size):
        tally.add(part)
    assert tally.measurement() == whole


@settings(deadline=None)
@given(rows=many)
def test_density_is_that_of_counting_each_cell(rows: list[Row]) -> None:
    found = PointDensity().of(batch(rows))
    cells = [(x, y) for x, y, _ in rows]
    assert found.densest == max(cells.count(cell) for cell in cells)
    assert found.points == len(rows)
    assert found.kept().cells == ""


@settings(deadline=None)
@given(rows=many, size=st.integers(1, 70))
def test_turns_do_not_depend_on_how_the_stream_is_cut(rows: list[Row], size: int) -> None:
    whole = PointValues().of(batch(rows))
    parts = [PointValues().of(part) for part in cut(rows, size)]
    assert reduce(add, parts, PointTurns()) == whole
    assert reduce(add, reversed(parts), PointTurns()) == whole


@pytest.mark.parametrize("latitude", [-80.0, 0.0, 47.0, 60.0, 85.0])
def test_cells_are_ten_metres_wide_on_the_ground_wherever_they_lie(latitude: float) -> None:
    """A point each metre on a square of 60 metres gives one on a square metre, but for a percent or two."""
    geod = pyproj.Geod(ellps="WGS84")
    east, north = (np.ravel(axis) for axis in np.meshgrid(np.arange(0.5, 60), np.arange(0.5, 60)))
    lon, lat, _ = geod.fwd(np.full(3600, 5.0), np.full(3600, latitude), np.zeros(3600), north)
    lon, lat, _ = geod.fwd(lon, lat, np.full(3600, 90.0), east)
    wkb = pa.array(list(shapely.to_wkb(shapely.points(lon, lat))), pa.binary())
    rows = LayerBatch(wkb=wkb, attributes=pa.record_batch({"z": pa.array(east)}), crs=WGS84)
    assert PointDensity().of(rows).densest_per_m2 == pytest.approx(1.0, rel=0.22)


def test_numbers_in_turn_are_separated_and_measured_ones_are_not() -> None:
    turns = [(0, 0, (8.31, 47.12)[n % 2] + n / 1e4) for n in range(200)]
    (found,) = PointValues().of(batch(turns)).columns or ()
    assert found.separation == 1.0
    drawn = np.random.default_rng(1).normal(400, 20, 2_000)
    (found,) = PointValues().of(batch([(0, 0, float(value)) for value in drawn])).columns or ()
    assert found.separation < 0.2


def test_layers_with_other_columns_are_not_added_up() -> None:
    one = PointValues().of(batch([(0, 0, 1.0)]))
    other = LayerBatch(wkb=batch([(0, 0, 1.0)]).wkb, attributes=pa.record_batch({"other": pa.array([1.0])}), crs=WGS84)
    with pytest.raises(UnmeasurableError, match="different columns"):
        _ = one + PointValues().of(other)
