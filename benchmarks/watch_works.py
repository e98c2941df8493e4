"""What the watch looks at: each kernel's work on one batch, made ready so that nothing but the work is counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.cases import WITHIN_M
from benchmarks.store import ZoneSpec
from benchmarks.systems.ours import DEVICE, ENOUGH_DEVICES, zone_list
from geogate.kernels.state import ready
from geogate.measures.batch import LayerBatch
from geogate.measures.inventory import LayerInventory
from geogate.measures.lattice import CoordinateLattice
from geogate.measures.time_steps import TimeSteps
from geogate.measures.tools import Tools
from geogate.measures.vertex_spacing import VertexSpacing
from geogate.measures.zone_devices import ZoneDevices
from geogate.measures.zone_hits import ZoneHits
from geogate.readers.dataset import open_source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.store import Store
    from geogate.measures.measure import Measure

ROWS = 20_000
ZONES = ZoneSpec(count=1_000, share=0.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """``prepare`` makes a fresh batch ready, and returns what is counted: the work on it, once."""

    name: str
    rows: int
    prepare: Callable[[], Callable[[], None]]


def works(store: Store) -> Iterator[Work]:
    """Give all works, with the kernels and the indexes loaded.

    Raises: RuntimeError where the kernels are not compiled.
    """
    if not ready():
        raise RuntimeError("the kernels are not compiled; run: geogate kernels --compile")
    tools = Tools(kernels=True, indexes=store.indexes())
    zones = zone_list(store.zones(ZONES))
    here, near = ZoneHits.against(zones, buffer_m=0.0), ZoneHits.against(zones, buffer_m=WITHIN_M)
    layers = {"points": store.points(ROWS), "lines": store.lines(ROWS), "polygons": store.polygons(ROWS)}
    for layer, path in layers.items():
        batch = _batch(path)
        yield Work(name=f"decode {layer}", rows=ROWS, prepare=_decoding(batch))
        yield Work(name=f"precision of {layer}", rows=ROWS, prepare=_measuring(batch, CoordinateLattice(), tools))
        yield Work(name=f"inventory of {layer}", rows=ROWS, prepare=_measuring(batch, LayerInventory(), tools))
        yield Work(name=f"zones of {layer}", rows=ROWS, prepare=_measuring(batch, here, tools))
    devices = ZoneDevices.against(zones, buffer_m=0.0, column=DEVICE, enough=ENOUGH_DEVICES)
    spacing = _measuring(_batch(layers["lines"]), VertexSpacing(), tools)
    yield Work(name="spacing of lines", rows=ROWS, prepare=spacing)
    points = _batch(store.points(ROWS, attributes=True))
    yield Work(name="zones within 500 m of points", rows=ROWS, prepare=_measuring(points, near, tools))
    yield Work(name="devices in zones", rows=ROWS, prepare=_measuring(points, devices, tools))
    yield Work(name="time steps", rows=ROWS, prepare=_measuring(points, TimeSteps(), tools))


def _batch(path: Path) -> LayerBatch:
    source = open_source(path, ())
    (layer,) = source.layers
    assert layer.crs is not None
    (batch,) = source.batches(layer, crs=layer.crs)
    assert batch.rows == ROWS
    return batch


def _fresh(batch: LayerBatch) -> LayerBatch:
    again = LayerBatch(wkb=batch.wkb, attributes=batch.attributes, crs=batch.crs)
    again.kernels = True
    return again


def _decoding(batch: LayerBatch) -> Callable[[], Callable[[], None]]:
    def prepare() -> Callable[[], None]:
        again = _fresh(batch)

        def work() -> None:
            assert again.geometries.rows == ROWS

        return work

    return prepare


def _measuring(batch: LayerBatch, measure: Measure[Any], tools: Tools) -> Callable[[], Callable[[], None]]:
    # An index that was opened is verified by a thread, which must not be counted.
    measure.tally(tools).measurement()

    def prepare() -> Callable[[], None]:
        again, tally = _fresh(batch), measure.tally(tools)
        assert again.geometries.rows == ROWS
        assert len(again.lonlat) == len(again.geometries.xy)

        def work() -> None:
            tally.add(again)

        return work

    return prepare
