"""The kernels of the measures serve every caller in the one form that set-up compiles."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from judging import zone_list

from geogate.kernels import devices, inventory, lattice, spacing, time_steps
from geogate.measures.batch import LayerBatch
from geogate.measures.inventory import LayerInventory
from geogate.measures.lattice import CoordinateLattice
from geogate.measures.time_steps import TimeSteps
from geogate.measures.tools import Tools
from geogate.measures.vertex_spacing import VertexSpacing
from geogate.measures.zone_devices import ZoneDevices
from geogate.zones.zone import Zone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from geogate.measures.measure import Measure

ZONES = zone_list([Zone(id="z", category="test", buffer_m=0, geometry=shapely.box(8, 50, 9, 51))])


def forms(module: ModuleType) -> dict[str, list[Any]]:
    kernels = inspect.getmembers(module, lambda value: hasattr(value, "nopython_signatures"))
    return {name: list(kernel.nopython_signatures) for name, kernel in kernels}


def batches() -> Iterator[LayerBatch]:
    """Make batches whose buffers are the file's own, were copied, are sliced, or empty, in two kinds of units."""
    shapes = [shapely.Point(8.5, 50.5), None, shapely.LineString([(8.5, 50.5), (7, 50)]), shapely.Point(200, 10)]
    columns = {
        "t": pa.array([1, None, 3, 4], pa.timestamp("ms")),
        "d": pa.array([1, 2, 3, 4], pa.date32()),
        "s": pa.array(["10:30", None, "", "2026-05-01"]),
        "e": pa.array(["10:30", None, "", "2026-05-01"], pa.large_string()).dictionary_encode(),
        "id": pa.array([1, None, 3, 4]),
    }
    whole = pa.record_batch(columns)
    wkb = pa.array(shapely.to_wkb(np.array(shapes, object)), pa.binary())
    for epsg in (4326, 3857):
        for rows in (slice(0, 4), slice(1, 3), slice(0, 1), slice(0, 0)):
            size = rows.stop - rows.start
            attributes = whole.slice(rows.start, size)
            batch = LayerBatch(wkb=wkb.slice(rows.start, size), attributes=attributes, crs=pyproj.CRS.from_epsg(epsg))
            batch.geometries.xy.flags.writeable = epsg == 4326
            yield batch


@pytest.mark.parametrize(
    ("module", "measure"),
    [
        (lattice, CoordinateLattice()),
        (inventory, LayerInventory()),
        (spacing, VertexSpacing()),
        (time_steps, TimeSteps()),
        (devices, ZoneDevices.against(ZONES, buffer_m=10, column="id", enough=2)),
        (devices, ZoneDevices.against(ZONES, buffer_m=10, column="s", enough=2)),
    ],
    ids=lambda value: getattr(value, "__name__", getattr(value, "id", "")),
)
def test_nothing_is_compiled_after_set_up(module: Any, measure: Measure[Any]) -> None:
    module.warm_up()
    before = forms(module)
    assert any(before.values())
    for batch in batches():
        tally = measure.tally(Tools(kernels=True))
        tally.add(batch)
        assert tally.measurement() == measure.of(batch)
    assert forms(module) == before
