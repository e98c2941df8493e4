"""What the bands of images are, and when images were taken, is the same however the layer is cut."""

from __future__ import annotations

from datetime import date
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import pytest
import shapely
from judging import batch_of
from rastering import raster_columns

from geogate.measures.raster_bands import Bands, RasterBands

if TYPE_CHECKING:
    from collections.abc import Sequence

OLD, NEW = date(2020, 1, 1), date(2026, 6, 10)


def bands(days: Sequence[date | None]) -> Bands:
    columns = raster_columns(len(days), {"day": list(days)})
    return RasterBands().of(batch_of([shapely.box(8, 47, 9, 48)] * len(days), crs="EPSG:4326", columns=columns))


@pytest.mark.parametrize("parts", [[[OLD, None, NEW, OLD]], [[OLD], [None], [NEW], [OLD]], [[NEW, None], [OLD, OLD]]])
def test_the_newest_day_counts_and_windows_without_one_are_counted(parts: list[list[date | None]]) -> None:
    found = reduce(add, map(bands, parts))
    assert (found.newest, found.undated) == (NEW, 1)


def test_a_layer_without_any_day_has_none() -> None:
    assert (bands([None, None]).newest, bands([None, None]).undated) == (None, 2)
