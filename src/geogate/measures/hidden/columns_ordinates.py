"""Heights and measures of geometries as columns of numbers: they can hold a longitude and a latitude like any other.

Layers without them have no such column. Of points each row has one number; of other geometries the first vertices are
like the first values of a list, and all vertices like the list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import shapely

from geogate.measures.hidden.columns_leaves import Leaf
from geogate.measures.measure import UnmeasurableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geogate.measures.batch import LayerBatch

    Floats = NDArray[np.float64]

HEIGHT: Final = "height of the geometry"
MEASURE: Final = "measure of the geometry"

ORDINATES: Final = tuple(name + place for name in (HEIGHT, MEASURE) for place in ("", "[0]", "[1]", "[]"))
"""The names of all columns of ordinates, in their order behind all others."""

_WITH_Z_AND_M: Final = 4


def is_ordinate(name: str) -> bool:
    """Tell whether a column is one of ordinates of the geometry."""
    return name in ORDINATES


def ordinates(batch: LayerBatch) -> Iterator[Leaf]:
    """List the columns of heights and measures, all or none.

    Raises: UnmeasurableError where a column of the layer is called like one, or measures cannot be read.
    """
    if any(is_ordinate(name.partition("[")[0]) for name in batch.attributes.schema.names):
        raise UnmeasurableError("a column is called like the heights or measures of geometries")
    if not _deep(batch):
        return
    for name, values in ((HEIGHT, batch.geometries.z), (MEASURE, _measures(batch))):
        yield from _leaves(name, values, batch)


def _deep(batch: LayerBatch) -> bool:
    geometries = batch.geometries
    return (geometries.has_z and geometries.z is not None) or geometries.has_m


def _measures(batch: LayerBatch) -> Floats | None:
    """Give the M of all vertices, ``None`` where there is none; the decoder leaves it out, and few layers have one."""
    if not batch.geometries.has_m:
        return None
    shapes = shapely.from_wkb(batch.wkb.to_numpy(zero_copy_only=False), on_invalid="ignore")
    found = shapely.get_coordinates(shapes, include_z=True, include_m=True)
    xy = batch.geometries.xy
    # GEOS counts vertices as the decoder does, or nobody knows which measure is whose.
    if found.shape != (len(xy), _WITH_Z_AND_M) or not np.array_equal(found[:, :2], xy, equal_nan=True):
        raise UnmeasurableError("the measures of geometries cannot be read")
    return np.ascontiguousarray(found[:, 3])


def _leaves(name: str, values: Floats | None, batch: LayerBatch) -> Iterator[Leaf]:
    geometries, none = batch.geometries, pa.nulls(batch.rows, pa.float64())
    if values is None or not len(values):
        for place in ("", "[0]", "[1]"):
            yield Leaf(name=name + place, kind="number", values=none)
        yield Leaf(name=f"{name}[]", kind="number", values=none[:0], rows=np.empty(0, np.int64))
        return
    offsets = geometries.feature_offsets
    counts = np.diff(offsets)
    # Where no row has a second vertex the first one is the row's own.
    single = geometries.parts is None and int(counts.max(initial=0)) <= 1
    first = _at(values, offsets[:-1], counts > 0)
    yield Leaf(name=name, kind="number", values=first if single else none)
    yield Leaf(name=f"{name}[0]", kind="number", values=none if single else first)
    yield Leaf(name=f"{name}[1]", kind="number", values=none if single else _at(values, offsets[:-1] + 1, counts > 1))
    rows = np.repeat(np.arange(batch.rows), counts)
    every = (none[:0], rows[:0]) if single else (_known(values), rows)
    yield Leaf(name=f"{name}[]", kind="number", values=every[0], rows=every[1])


def _at(values: Floats, places: NDArray[np.int64], some: NDArray[np.bool_]) -> pa.Array:
    found = values if len(values) == len(places) and some.all() else values[np.minimum(places, len(values) - 1)]
    return pa.array(found, mask=~some | np.isnan(found))


def _known(values: Floats) -> pa.Array:
    return pa.array(values, from_pandas=True)
