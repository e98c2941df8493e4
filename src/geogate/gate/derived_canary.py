"""A planted dataset with positions in names and columns: each search must make a layer of what was planted for it.

The measures have canaries of their own; this one is for what follows them, up to the positions that rules are given.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import pyproj
import shapely

from geogate.gate.opening import OpenedLayer
from geogate.measures.batch import LayerBatch
from geogate.measures.hidden.columns import ColumnContents
from geogate.measures.hidden.text import TextScan
from geogate.measures.inventory import LayerInventory
from geogate.measures.measure import LayerFacts
from geogate.measures.source import LayerSchema
from geogate.model.dataset import Format
from geogate.model.errors import ServiceError
from geogate.model.names import LayerName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from geogate.gate.derived import DerivedLayer
    from geogate.model.dataset import FilePart
    from geogate.model.finding import Finding

    Derive = Callable[..., tuple[tuple[DerivedLayer, ...], tuple[Finding, ...]]]

_LAT: Final = 47.654321
_LONS: Final = {
    "a file": 8.123451,
    "a layer": 8.123452,
    "a column": 8.123453,
    "a field": 8.123454,
    "a geometry column": 8.123455,
    "a text": 8.123461,
    "two texts": 8.123462,
    "two numbers": 8.123471,
    "two heights": 8.123481,
}
"""Where positions are planted, each with a longitude of its own."""

_ROWS: Final = 12
_FILE: Final = f"plan {_LAT} {_LONS['a file']}.parquet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """A source of one layer in memory."""

    batch: LayerBatch
    schema: LayerSchema
    format: Format = Format.GEOPARQUET
    path: Path = Path("planted.parquet")

    @property
    def layers(self) -> tuple[LayerSchema, ...]:
        """The one layer."""
        return (self.schema,)

    @property
    def contents(self) -> tuple[FilePart, ...]:
        """None."""
        return ()

    def batches(self, layer: LayerSchema, *, crs: pyproj.CRS) -> Iterator[LayerBatch]:
        """Give all rows."""
        del layer, crs
        yield self.batch


def require_found(derive: Derive) -> None:
    """Let the searches for hidden positions find what is planted.

    Raises: ServiceError when one does not: what the searches say of the data is worth nothing.
    """
    layers, findings = derive((planted(),), names=(_FILE,))
    found = {(round(lon, 6), round(lat, 6)) for layer in layers for lon, lat in _positions(layer)}
    silent = [place for place, lon in _LONS.items() if (lon, _LAT) not in found]
    if silent or findings:
        raise ServiceError(
            "a search for hidden positions did not find what was planted for it, so that there is no verdict",
            hint=f"install geogate again; what was not found stood in {silent[0] if silent else 'no place'}",
        )


def _positions(layer: DerivedLayer) -> Iterator[tuple[float, float]]:
    for batch in layer.source.batches(layer.schema, crs=layer.crs):
        yield from map(tuple, shapely.get_coordinates(shapely.from_wkb(batch.wkb.to_numpy(zero_copy_only=False))))


def planted() -> OpenedLayer:
    """Make the layer as it is when its pass is over."""
    batch, facts = _measured()
    schema = LayerSchema(
        name=f"at {_LAT} {_LONS['a layer']}",
        crs=batch.crs,
        geometry_column=f"g {_LAT} {_LONS['a geometry column']}",
        geometry_type="Point",
        attributes=batch.attributes.schema,
        rows=batch.rows,
    )
    layer = OpenedLayer(LayerName("planted"), Planted(batch=batch, schema=schema), schema, batch.crs)
    layer.facts = facts
    return layer


@lru_cache(maxsize=1)
def _measured() -> tuple[LayerBatch, LayerFacts]:
    """Measure the rows, which the canaries of the measures do each time anyway."""
    batch = LayerBatch(
        wkb=pa.array(list(shapely.to_wkb(shapely.points(*_coarse(), _fine("two heights")[0]))), pa.binary()),
        attributes=pa.record_batch(_columns()),
        crs=pyproj.CRS.from_epsg(4326),
    )
    measures: Sequence[Any] = (LayerInventory(), ColumnContents(), TextScan())
    return batch, LayerFacts(rows=batch.rows, values={measure.id: measure.of(batch) for measure in measures})


def _coarse() -> tuple[Any, Any]:
    lon, lat = _fine("two numbers")
    return np.round(lon, 1), np.round(lat, 1)


def _fine(place: str) -> tuple[Any, Any]:
    """Give positions that differ, the first of which is the one that is looked for."""
    rows = np.arange(_ROWS)
    return np.round(_LONS[place] + rows * 7919 % 997 / 2e3, 6), np.round(_LAT + rows * 104_729 % 991 / 2e3, 6)


def _columns() -> dict[str, pa.Array]:
    texts = [f"at {_LAT}, {_LONS['a text']}"] + ["nothing"] * (_ROWS - 1)
    north, east = [f"go N{_LAT}"] + ["nothing"] * (_ROWS - 1), [f"then E{_LONS['two texts']}"] + ["on"] * (_ROWS - 1)
    lon, lat = _fine("two numbers")
    field = {f"f {_LAT} {_LONS['a field']}": 1}
    return {
        f"v {_LAT} {_LONS['a column']}": pa.array([field] * _ROWS),
        "remark": pa.array(texts),
        "north": pa.array(north),
        "east": pa.array(east),
        "p": pa.array(lon),
        "q": pa.array(lat),
        "r": pa.array(_fine("two heights")[1]),
    }
