"""Heights and measures are searched for positions like columns of numbers, however batches are cut."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely

from geogate.measures.batch import LayerBatch
from geogate.measures.hidden.columns import ColumnContents, Contents
from geogate.measures.hidden.columns_classes import recognise
from geogate.measures.hidden.columns_ordinates import HEIGHT, MEASURE
from geogate.measures.hidden.numbers import numbers_in
from geogate.measures.hidden.source import said_by
from geogate.measures.measure import UnmeasurableError
from geogate.measures.tools import Tools

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.measures.hidden.carrier import Carrier

DRAWN = np.random.default_rng(1)
LON, LAT = DRAWN.uniform(8, 9, 200).round(6), DRAWN.uniform(47, 48, 200).round(6)
X, Y = np.round(LON, 1), np.round(LAT, 1)


def batch_of(shapes: Any, first_row: int = 0, **columns: Any) -> LayerBatch:
    wkb = [shapely.to_wkb(shape, flavor="iso", output_dimension=4) for shape in shapes]
    rows = {"id": pa.array(np.arange(len(wkb))), **{name: pa.array(values) for name, values in columns.items()}}
    return LayerBatch(
        wkb=pa.array(wkb, pa.binary()),
        attributes=pa.record_batch(rows),
        crs=pyproj.CRS.from_epsg(4326),
        first_row=first_row,
    )


def contents(*batches: LayerBatch) -> Contents:
    return reduce(add, (ColumnContents().of(batch) for batch in batches), ColumnContents().empty())


def found(*batches: LayerBatch) -> tuple[Carrier, ...]:
    return numbers_in(contents(*batches)).carriers


def with_measures() -> list[shapely.Geometry]:
    rows = zip(X, Y, LON, LAT, strict=True)
    return [shapely.from_wkt(f"POINT ZM ({x} {y} {lon} {lat})") for x, y, lon, lat in rows]


def lines(first: Sequence[float], second: Sequence[float]) -> list[shapely.Geometry]:
    rows = zip(X, Y, first, second, strict=True)
    return [shapely.LineString([(x, y, p), (x + 0.1, y, q)]) for x, y, p, q in rows]


def test_a_finer_position_in_height_and_measure_is_found_and_read() -> None:
    batch = batch_of(with_measures())
    (carrier,) = found(batch)
    assert carrier.columns == (HEIGHT, MEASURE)
    rows, lonlat = said_by(carrier, batch)
    assert len(rows) == len(LON)
    np.testing.assert_allclose(lonlat, np.stack([LON, LAT], axis=1), atol=1e-9)


def test_a_height_and_a_column_are_two_axes() -> None:
    (carrier,) = found(batch_of(shapely.points(X, Y, LON), quality=LAT))
    assert set(carrier.columns) == {HEIGHT, "quality"}


def test_the_heights_of_two_vertices_are_two_axes() -> None:
    (carrier,) = found(batch_of(lines(list(LON), list(LAT))))
    assert set(carrier.columns) == {f"{HEIGHT}[0]", f"{HEIGHT}[1]"}


def test_real_heights_are_no_positions_and_no_columns() -> None:
    heights = DRAWN.uniform(300, 400, len(LON)).round(2)
    said = contents(batch_of(shapely.points(LON, LAT, heights), t=heights / 7))
    assert not numbers_in(said).carriers
    assert not numbers_in(said).possible
    assert [column.name for column in recognise(said)] == ["id", "t"]


def test_heights_of_slopes_with_many_digits_are_no_list_of_two_axes() -> None:
    heights = DRAWN.uniform(300, 350, len(LON))
    said = contents(batch_of(lines(list(heights), list(heights + DRAWN.normal(0, 2, len(LON))))))
    assert numbers_in(said).possible == ()
    far = contents(batch_of(lines(list(LON + 40.5), list(DRAWN.uniform(20, 21, len(LON))))))
    assert set(numbers_in(far).possible) == {f"{HEIGHT}[0]", f"{HEIGHT}[1]"}


def test_the_result_does_not_depend_on_which_batches_have_heights() -> None:
    flat, deep = batch_of(shapely.points(X, Y)), batch_of(shapely.points(X, Y, LON), first_row=len(X))
    assert contents(flat, deep) == contents(deep, flat)
    tally = ColumnContents().tally(Tools())
    for batch in (flat, deep):
        tally.add(batch)
    assert tally.measurement() == contents(flat, deep)
    names = [column.name for column in contents(flat, deep).columns or ()]
    assert names[:2] == ["id", HEIGHT]
    assert [column.name for column in contents(flat).columns or ()] == ["id"]


def test_a_column_called_like_the_heights_cannot_take_their_place() -> None:
    with pytest.raises(UnmeasurableError, match="called like"):
        contents(batch_of(shapely.points(X, Y, LON), 0, **{HEIGHT: X}))
