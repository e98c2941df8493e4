"""Layers with positions in their numbers, for tests: places, ways to write them, and what is found of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyproj
import shapely

from geogate.measures.batch import LayerBatch
from geogate.measures.hidden.columns import ColumnContents, Contents
from geogate.measures.hidden.numbers import Numbers, numbers_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def places(rows: int, *, seed: int = 3) -> Floats:
    """Give places in the middle of Europe, to about a centimetre."""
    rng = np.random.default_rng(seed)
    return np.round(rng.uniform((6, 47), (15, 55), (rows, 2)), 7)


def noise(rows: int, *, seed: int = 5) -> dict[str, Any]:
    """Give columns as ordinary layers have them."""
    rng = np.random.default_rng(seed)
    return {
        "temperature": rng.normal(12, 5, rows).round(1),
        "inhabitants": rng.integers(0, 100_000, rows),
        "kind": rng.integers(0, 5, rows),
        "year": rng.integers(1990, 2020, rows),
    }


def batch(lonlat: Floats | None, columns: dict[str, Any], *, decimals: int = 1, first_row: int = 0) -> LayerBatch:
    """Make a batch of coarse points with columns; without places no row has a geometry."""
    rows = len(next(iter(columns.values())))
    if lonlat is None:
        wkb = pa.nulls(rows, pa.binary())
    else:
        wkb = pa.array(shapely.to_wkb(shapely.points(np.round(lonlat, decimals))), pa.binary())
    return LayerBatch(wkb=wkb, attributes=pa.record_batch(columns), crs=pyproj.CRS.from_epsg(4326), first_row=first_row)


def contents(lonlat: Floats | None, columns: dict[str, Any], *, decimals: int = 1) -> Contents:
    """Look at the columns of such a batch."""
    return ColumnContents().of(batch(lonlat, columns, decimals=decimals))


def found(lonlat: Floats | None, columns: dict[str, Any], *, decimals: int = 1) -> Numbers:
    """Look for positions in such a batch."""
    return numbers_in(contents(lonlat, columns, decimals=decimals))
