"""Where clean data ends: each thing that is let go for being ordinary, beside what is like it and is not let go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas
import numpy as np
import pyarrow as pa
import pyproj
import pytest
import rasterio
import shapely
from judging import zone_list
from numbering import found
from rasterio import Affine
from smuggling.clean import CLEAN, prepare

from geogate.measures.batch import LayerBatch
from geogate.measures.readings import Family
from geogate.measures.zone_readings import ZoneReadings
from geogate.model.verdict import Decision
from geogate.zones.zone import Zone

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

ZONES = zone_list([Zone(id="z", category="test", buffer_m=5_000, geometry=shapely.Point(10, 50))])
ROWS = 200


def rates(*, rows: int = ROWS, least: float = 1.0, decimals: int = 3) -> dict[str, Any]:
    """Two columns, one of which differs as rates do."""
    random = np.random.default_rng(7)
    rate = np.concatenate([[least] * (rows // 10), random.uniform(least + 0.001, 8.0, rows - rows // 10)])
    return {"rate": rate.round(decimals), "age": random.uniform(40, 85, rows).round(decimals)}


@pytest.mark.parametrize(
    ("changes", "possible"),
    [
        ({}, False),
        ({"rows": ROWS - 10}, True),
        ({"least": 2.5}, True),
        ({"least": -1.0}, True),
        ({"decimals": 4}, True),
    ],
)
def test_many_positive_numbers_of_different_sizes_with_few_decimals_are_rates(
    changes: dict[str, Any], *, possible: bool
) -> None:
    assert bool(found(None, rates(**changes)).possible) is possible


def swapped_hits(shape: BaseGeometry) -> tuple[int, int]:
    """Count features and vertices that hit the zone with x and y swapped."""
    layer = LayerBatch(
        wkb=pa.array([shapely.to_wkb(shape)], pa.binary()),
        attributes=pa.record_batch({"n": pa.array([0], pa.int8())}),
        crs=pyproj.CRS.from_epsg(4326),
    )
    measure = ZoneReadings.against(ZONES, buffer_m=5_000, families=[Family("swapped-axes")])
    (count,) = measure.of(layer).readings
    return count.features, count.vertices


@pytest.mark.parametrize(
    ("shape", "hits"),
    [
        (shapely.box(49.0, 9.0, 51.0, 11.0), (1, 0)),
        (shapely.box(48.9, 9.0, 51.0, 11.0), (0, 0)),
        (shapely.MultiPolygon([shapely.box(48.9, 9.0, 51.0, 11.0)]), (0, 0)),
        (shapely.box(40.0, 2.0, 50.0, 10.0), (1, 1)),
        (shapely.LineString([(40.0, 10.0), (60.0, 10.0)]), (1, 0)),
    ],
    ids=["an area as wide as a region", "a wider one", "several", "a corner in the zone", "a line through it"],
)
def test_wide_areas_reach_zones_under_another_reading_by_their_vertices_only(
    shape: BaseGeometry, hits: tuple[int, int]
) -> None:
    assert swapped_hits(shape) == hits


@pytest.mark.parametrize(
    ("text", "decision"),
    [
        ("https://example.org/npm/vega-datasets@v3.2.1/data.csv", Decision.CLEAR),
        ("anna@example.org", Decision.HOLD),
        ("write to anna@mail.example.co.uk.", Decision.HOLD),
        ("anna@example.xn--p1ai", Decision.HOLD),
    ],
)
def test_the_version_of_a_package_is_no_address_of_mail(text: str, decision: Decision, gate: Gate) -> None:
    prepare(gate.policies)
    points = geopandas.points_from_xy([8.1, 8.2, 8.3], [47.1, 47.2, 47.3])
    frame = geopandas.GeoDataFrame({"about": [text, "none", "none"]}, geometry=points, crs=4326)
    frame.to_parquet(gate.staged / "places.parquet")

    verdict = gate.screen(gate.staged / "places.parquet", policy=CLEAN)

    assert verdict.decision is decision, verdict.findings


def image(path: Path, shown: NDArray[np.bool_]) -> None:
    """Write an image with pixels that show nothing."""
    values = np.where(shown, np.arange(shown.size).reshape(shown.shape) % 200 + 1, 0).astype(np.uint8)
    with rasterio.open(
        path, "w", driver="GTiff", width=shown.shape[1], height=shown.shape[0], count=1, dtype=np.uint8,
        crs="EPSG:4326", transform=Affine(0.01, 0.0, 8.0, 0.0, -0.01, 48.0), nodata=0,
    ) as file:  # fmt: skip
        file.write(values, 1)


def test_which_pixels_of_an_image_show_something_is_not_read_as_a_text(gate: Gate) -> None:
    prepare(gate.policies)
    random = np.random.default_rng(1)
    image(gate.staged / "image.tif", np.sort(random.random((300, 300)), axis=1) > 0.3)

    verdict = gate.screen(gate.staged / "image.tif", policy=CLEAN)

    assert verdict.decision is Decision.CLEAR, verdict.findings


def test_a_longitude_that_reckoning_moved_beyond_180_is_one(gate: Gate) -> None:
    prepare(gate.policies)
    for name, east, decision in (("dust", 180.00000000000006, Decision.CLEAR), ("more", 180.001, Decision.DENY)):
        frame = geopandas.GeoDataFrame({"n": [1]}, geometry=[shapely.box(179.0, 70.0, east, 71.0)], crs=4326)
        frame.to_parquet(gate.staged / f"{name}.parquet")

        verdict = gate.screen(gate.staged / f"{name}.parquet", policy=CLEAN)

        assert verdict.decision is decision, verdict.findings
