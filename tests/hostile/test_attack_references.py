"""Reference systems in which degrees, metres or edges are not what they seem; each made fine or forbidden data pass."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyogrio
import pyproj
import pytest
import shapely
from gating.files import frame

from geogate.measures.batch import LayerBatch
from geogate.measures.lattice import CoordinateLattice
from geogate.measures.lattice_metres import finest_step
from geogate.measures.measure import UnmeasurableError
from geogate.measures.reference import to_lonlat
from geogate.measures.zone_hits import ZoneHits
from geogate.model.names import Sha256, ZoneListName
from geogate.readers import open_source
from geogate.zones.zone import Zone, ZoneList

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from geogate.measures.lattice_metres import Step
    from geogate.measures.zone_hits import ZoneHitCounts

GIANT = "+proj=longlat +R=6371000000000 +towgs84=0,0,0"
"""A million times as large as the Earth: a metre of the Earth is a thousand kilometres there."""

STRETCHED = """GEOGCRS["stretched",BASEGEOGCRS["WGS 84",DATUM["World Geodetic System 1984",
ELLIPSOID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0]],
DERIVINGCONVERSION["s",METHOD["Affine parametric transformation",ID["EPSG",9624]],
PARAMETER["A0",-47000,ANGLEUNIT["degree",0.0174532925199433],ID["EPSG",8623]],
PARAMETER["A1",1000,SCALEUNIT["coefficient",1],ID["EPSG",8624]],
PARAMETER["A2",0,SCALEUNIT["coefficient",1],ID["EPSG",8625]],
PARAMETER["B0",-8000,ANGLEUNIT["degree",0.0174532925199433],ID["EPSG",8639]],
PARAMETER["B1",0,SCALEUNIT["coefficient",1],ID["EPSG",8640]],
PARAMETER["B2",1000,SCALEUNIT["coefficient",1],ID["EPSG",8641]]],
CS[ellipsoidal,2],AXIS["lon",east],AXIS["lat",north],ANGLEUNIT["degree",0.0174532925199433]]"""
"""A thousand of its degrees are one of the Earth's."""

TURNED_CONE = "+proj=ob_tran +o_proj=lcc +lat_1=30 +o_lat_p=47.1 +o_lon_p=0 +lon_0=188 +datum=WGS84"
"""Its apex, where steps shrink without limit, lies at a place of one's own."""

TURNED_POLE = "+proj=ob_tran +o_proj=longlat +o_lat_p=39.25 +o_lon_p=0 +lon_0=18 +datum=WGS84"
"""Edges that are straight in it are not straight in longitude and latitude."""

ROUND_WORLD = "+proj=merc +R=6366197.723675813 +towgs84=0,0,0"
"""Once round the Earth are forty million metres."""


def batch(geometries: Sequence[shapely.Geometry], crs: str) -> LayerBatch:
    wkb = pa.array(list(shapely.to_wkb(geometries, flavor="iso", byte_order=1)), pa.binary())
    rows = pa.record_batch([pa.array(range(len(wkb)))], names=["a"])
    return LayerBatch(wkb=wkb, attributes=rows, crs=pyproj.CRS.from_user_input(crs))


def finest(crs: str, *positions: tuple[float, float]) -> Step | None:
    return finest_step(CoordinateLattice().of(batch([shapely.Point(*each) for each in positions], crs)))


def hits(crs: str, *geometries: shapely.Geometry) -> ZoneHitCounts:
    zone = Zone(id="z", category="c", buffer_m=0.0, geometry=shapely.box(60.0, 40.0, 61.0, 41.0))
    zones = ZoneList(
        name=ZoneListName("z"),
        title="t",
        source="s",
        licence="l",
        as_of=date(2026, 1, 1),
        valid_until=date(2999, 1, 1),
        digest=Sha256("0" * 64),
        zones=(zone,),
    )
    return ZoneHits.against(zones, buffer_m=0.0).of(batch(geometries, crs))


@pytest.mark.parametrize(
    "crs", [GIANT, "+proj=merc +R=6371000000000 +towgs84=0,0,0", "+proj=longlat +a=6378137 +b=5e6"]
)
def test_an_ellipsoid_that_is_not_the_earth_s_makes_nothing_coarse(crs: str) -> None:
    with pytest.raises(UnmeasurableError, match="not that of the Earth"):
        finest(crs, (8.123456, 47.123456))
    with pytest.raises(UnmeasurableError, match="not that of the Earth"):
        to_lonlat(np.array([[8.123456, 47.123456]]), pyproj.CRS.from_user_input(crs))


@pytest.mark.parametrize("crs", ["+proj=longlat +R=6367470 +towgs84=0,0,0", "EPSG:4277", "EPSG:4745", "EPSG:4267"])
def test_every_ellipsoid_that_stands_for_the_earth_is_measured(crs: str) -> None:
    step = finest(crs, (8.1, 47.1))
    assert step is not None
    assert 7_000 < step.metres < 8_000


@pytest.mark.parametrize("crs", [STRETCHED, TURNED_CONE, TURNED_POLE])
def test_a_system_that_bends_another_one_is_not_measured(crs: str) -> None:
    with pytest.raises(UnmeasurableError, match="bends another one"):
        finest(crs, (12.3, 65.4))
    with pytest.raises(UnmeasurableError, match="bends another one"):
        hits(crs, shapely.LineString([(12.3, 65.4), (12.4, 65.5)]))


def test_the_rim_of_a_projection_is_not_left_out_where_steps_shrink() -> None:
    # 2 km from the antipode of its middle, a kilometre across the radius is a tenth of a metre on the ground.
    near_the_rim, far = (-4000.0, 20_013_000.0), [(-12_751e3, 1001e3), (11_249e3, 1e3), (11_249e3, -19e3)]
    with pytest.raises(UnmeasurableError, match="outside the projection"):
        finest("ESRI:53032", near_the_rim, *far)
    alone = finest("ESRI:53032", near_the_rim)
    assert alone is not None
    assert alone.metres < 1


def test_longitudes_at_a_pole_carry_no_digits_out() -> None:
    step = finest("EPSG:4326", (8.1234567, 90.0), (47.7654321, -90.0), (8.0, 47.0))
    assert step is not None
    assert step.metres < 1
    antarctica = finest("EPSG:4326", (-180.0, -90.0), (180.0, -90.0), (180.0, -80.0), (-180.0, -80.0))
    assert antarctica is not None
    assert antarctica.metres > 100_000


def test_an_edge_round_the_whole_earth_hits_what_it_crosses_although_it_ends_where_it_began() -> None:
    x, y = 2_000_000.0, 4_900_000.0
    once, none = (shapely.LineString([(x, y), (x + length, y)]) for length in (40_000_000.0, 1000.0))
    assert [hits(ROUND_WORLD, line).features_hit for line in (once, none)] == [1, 0]
    assert hits(ROUND_WORLD, none, once, none).features_hit == 1


@pytest.mark.parametrize(("driver", "extension"), [("GPKG", "gpkg"), ("FlatGeobuf", "fgb")])
def test_a_projection_that_is_called_unknown_is_not_replaced_by_a_stated_one(
    driver: str, extension: str, tmp_path: Path
) -> None:
    crs = "+proj=tmerc +lon_0=9.5 +k=0.9996 +x_0=500000 +datum=WGS84"
    path = tmp_path / f"data.{extension}"
    pyogrio.write_dataframe(frame([(550_000.0, 5_370_000.0)], ["x"], crs), path, driver=driver)
    (layer,) = open_source(path, ()).layers
    assert layer.crs is not None
    assert layer.crs.is_projected
