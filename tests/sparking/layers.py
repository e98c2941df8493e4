"""Layers for the tests of Spark: written in small row groups, measured on this machine for comparison."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import shapely
from judging import zone_list
from sparking.openers import fine

from geogate.engines.local import LocalPass
from geogate.measures.inventory import LayerInventory
from geogate.measures.lattice import CoordinateLattice
from geogate.measures.published import published
from geogate.measures.time_steps import TimeSteps
from geogate.measures.vertex_spacing import VertexSpacing
from geogate.measures.zone_devices import ZoneDevices
from geogate.measures.zone_hits import ZoneHits
from geogate.zones.zone import Zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from geogate.engines.spark import SparkDataset, SparkPass
    from geogate.measures.measure import LayerFacts, Measure
    from geogate.measures.source import Source


@cache
def measures() -> tuple[Measure[Any], ...]:
    """Give measures of every kind."""
    square = shapely.box(-1.0, 50.0, 1.0, 52.0)
    lake = shapely.box(4.0, 46.0, 6.0, 48.0).difference(shapely.box(4.5, 46.5, 5.5, 47.5))
    zones = [
        Zone(id=name, category="test", buffer_m=0.0, geometry=geometry)
        for name, geometry in (("square", square), ("lake", lake))
    ]
    keep_out = zone_list(zones, name="keep-out")
    near, within = ZoneHits.against(keep_out, buffer_m=500.0), ZoneHits.against(keep_out, buffer_m=0.0)
    devices = ZoneDevices.against(keep_out, buffer_m=500.0, column="id", enough=5)
    return CoordinateLattice(), LayerInventory(), near, within, devices, TimeSteps(), VertexSpacing()


def points(path: Path, rows: int, *, seed: int, group: int = 100, crs: int = 4326) -> Path:
    """Write points in the west of Europe, some rows without a geometry, each at a minute of its own."""
    random = np.random.default_rng(seed)
    lonlat = random.uniform((-5, 42), (9, 54), (rows, 2)).round(int(random.integers(2, 6)))
    geometry: Any = shapely.points(lonlat)
    geometry[random.random(rows) < 0.02] = None
    columns = {
        "id": np.arange(rows) // 3,
        "name": ["a", None] * (rows // 2),
        "at": np.datetime64("2026-01-01T00:00", "us") + np.arange(rows) * np.timedelta64(60, "s"),
    }
    frame = geopandas.GeoDataFrame(columns, geometry=geometry)
    frame.set_crs(4326).to_crs(crs).to_parquet(path, row_group_size=group)
    return path


def polygons(path: Path, rows: int, *, seed: int, group: int = 10) -> Path:
    """Write polygons with holes."""
    random = np.random.default_rng(seed)
    discs = shapely.buffer(shapely.points(random.uniform((-5, 42), (9, 54), (rows, 2))), 0.4, quad_segs=4)
    rings = shapely.difference(discs, shapely.buffer(shapely.centroid(discs), 0.1))
    geopandas.GeoDataFrame({"id": np.arange(rows)}, geometry=rings, crs=4326).to_parquet(path, row_group_size=group)
    return path


def opened(paths: Sequence[Path]) -> tuple[Source, ...]:
    return fine(paths)


def registered(dataset: SparkDataset, sources: Sequence[Any]) -> list[SparkPass]:
    """Register the layer of each source."""
    return [dataset.layer(source, source.layers[0], _crs(source)) for source in sources]


def measured_here(source: Source, wanted: Sequence[Measure[Any]]) -> LayerFacts:
    """Measure a layer on this machine."""
    return LocalPass(source, source.layers[0], _crs(source), lambda _rows: None)(wanted)


def _crs(source: Source) -> Any:
    stated = source.layers[0].crs
    assert stated is not None
    return published(stated)
