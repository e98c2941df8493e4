"""What a rule limits is limited for all layers of a release together, not for each of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from judging import CIRCUMSTANCES

from geogate.measures.inventory import LayerInventory
from geogate.measures.measure import MeasureId
from geogate.measures.raster_bands import Bands, RasterBands
from geogate.measures.raster_distance import GroundSampleDistance, SampleDistances
from geogate.measures.raster_zones import ZonePixelCounts, ZonePixels
from geogate.measures.zone_hits import ZoneHitCounts
from geogate.model.dataset import LayerKind
from geogate.model.past import MeasuredLayer
from geogate.rules.layer_inventory import InventoryParams, LayerContents
from geogate.rules.raster_many_bands import ManyBands, ManyBandsParams
from geogate.rules.raster_zones import PixelZones, PixelZonesParams
from geogate.rules.restricted_zones import RestrictedZones, ZonesParams

if TYPE_CHECKING:
    from geogate.rules.rule import Judgement

ID = MeasureId("of the zones")


def judge(rule: Any, params: Any, found: dict[Any, Any], *beside: MeasuredLayer) -> Judgement:
    judgement: Judgement = rule.judge(params, found, replace(CIRCUMSTANCES, beside=beside))
    return judgement


def layer(values: dict[Any, Any], *, rows: int = 1, kind: LayerKind = LayerKind.VECTOR, again: bool = False) -> Any:
    return MeasuredLayer(kind=kind, rows=rows, values=values, again=again)


def hits(features: int) -> dict[Any, Any]:
    return {ID: ZoneHitCounts(features=10, features_hit=features)}


@pytest.mark.parametrize(
    ("own", "others", "most", "problems"),
    [(2, [], 2, 0), (2, [1], 2, 1), (1, [1], 2, 0), (1, [1, 1], 2, 1), (0, [5], 2, 0), (1, [], 0, 1), (0, [5], 0, 0)],
)
def test_features_in_zones_add_up(own: int, others: list[int], most: int, problems: int) -> None:
    params = ZonesParams(zone_list="zones", buffer_m=0.0, max_features=most)
    assert (
        len(judge(RestrictedZones(), params, hits(own), *(layer(hits(each)) for each in others)).problems) == problems
    )


def pixels(shown: int) -> dict[Any, Any]:
    return {ID: ZonePixelCounts(windows=1, zones=(ZonePixels(zone="z", base=shown, overviews=0),) if shown else ())}


@pytest.mark.parametrize(("own", "other", "problems"), [(3, 0, 0), (2, 1, 0), (2, 2, 1), (0, 9, 0)])
def test_pixels_in_zones_add_up(own: int, other: int, problems: int) -> None:
    params = PixelZonesParams(zone_list="zones", buffer_m=0.0, max_pixels=3)
    beside = layer(pixels(other), kind=LayerKind.RASTER)
    assert len(judge(PixelZones(), params, pixels(own), beside).problems) == problems


@pytest.mark.parametrize(
    ("own", "other", "problems"),
    [(10, layer({}, rows=0), 0), (5, layer({}, rows=5), 0), (5, layer({}, rows=6), 1), (11, layer({}, rows=0), 1),
     (5, layer({}, rows=6, again=True), 0), (5, layer({}, rows=6, kind=LayerKind.RASTER), 0)],
)  # fmt: skip
def test_rows_add_up_each_of_them_once(own: int, other: MeasuredLayer, problems: int) -> None:
    params = InventoryParams.model_validate({
        "columns": "any", "min_rows": 1, "max_rows": 10, "crs": "any", "max_share_without_geometry": 0.5,
        "geometry_kinds": "any", "z_allowed": True, "m_allowed": True,
    })  # fmt: skip
    assert (
        len(
            judge(
                LayerContents(), params, {LayerInventory().id: replace(LayerInventory().empty(), rows=own)}, other
            ).problems
        )
        == problems
    )


HERE, BESIDE_IT, NEARLY = (0.0, 0.0, 1.0, 1.0), (1.0, 0.0, 2.0, 1.0), (0.9, 0.0, 1.9, 1.0)


def image(bands: int, *, gsd_m: float = 5.0, box: tuple[float, ...] = HERE, placed: bool = True) -> dict[Any, Any]:
    found = Bands(most=bands, data_types=("uint8",), interpretations=("gray",), box=box, placed=placed)
    return {RasterBands().id: found, GroundSampleDistance().id: SampleDistances(windows=1, finest_m=gsd_m)}


@pytest.mark.parametrize(
    ("other", "problems"),
    [(image(24), 0), (image(25), 1), (image(25, gsd_m=11.0), 0), (image(25, gsd_m=10.0), 1), (image(25, box=NEARLY), 1),
     (image(25, box=BESIDE_IT), 0), (image(25, box=()), 1), (image(25, placed=False), 1)],
)  # fmt: skip
def test_bands_of_the_same_ground_add_up(other: dict[Any, Any], problems: int) -> None:
    params = ManyBandsParams(bands=49, gsd_m=10.0, operator=">")
    beside = layer(other, kind=LayerKind.RASTER)
    assert len(judge(ManyBands(), params, image(25), beside).problems) == problems


def test_the_ledger_does_not_keep_where_images_lie() -> None:
    found = image(3)[RasterBands().id]
    assert found.kept().box == ()
    assert found.kept().overlaps(found)
