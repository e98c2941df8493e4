"""The rules about rasters at their limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from judging import CIRCUMSTANCES
from pydantic import ValidationError

from geogate.measures.measure import MeasureId
from geogate.measures.raster_bands import Bands
from geogate.measures.raster_distance import SampleDistances
from geogate.measures.raster_zones import ZonePixelCounts, ZonePixels
from geogate.model.dataset import LayerKind
from geogate.rules.raster_bands import AllowedBands, BandsParams
from geogate.rules.raster_elevation_posting import ElevationPosting, PostingParams
from geogate.rules.raster_sample_distance import SampleDistance, SampleDistanceParams, is_finer
from geogate.rules.raster_sample_distance_in_zones import SampleDistanceInZones, ZoneDistanceParams
from geogate.rules.raster_zones import PixelZones, PixelZonesParams
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from geogate.rules.rule import Judgement

ID = MeasureId("what was measured")
LIMITS_M = (0.25, 0.4, 0.5, 2.5, 30.0, 90.0, 100.0)
"""Those of the laws that the product knows."""

ZONE_PARAMS = PixelZonesParams(zone_list="zones", buffer_m=0.0, max_pixels=3)


def judge(rule: Any, params: Any, found: Any) -> Judgement:
    judgement: Judgement = rule.judge(params, {ID: found}, CIRCUMSTANCES)
    assert rule.settled(params, {ID: found}) <= bool(judgement.problems)
    return judgement


def distances(finest_m: float | None, **changes: Any) -> SampleDistances:
    return SampleDistances(**({"windows": 1, "finest_m": finest_m} | changes))


@pytest.mark.parametrize("limit_m", LIMITS_M)
@pytest.mark.parametrize(("share", "operator", "broken"), [
    (0.99999, ">=", True), (1.0, ">=", False), (1.00001, ">=", False),
    (0.99999, ">", True), (1.0, ">", True), (1.00001, ">", False),
])  # fmt: skip
def test_the_limit_itself_may_leave_only_where_the_operator_says_so(
    limit_m: float, share: float, operator: Any, *, broken: bool
) -> None:
    found = distances(share * limit_m, elevation_m=share * limit_m, elevation_windows=1)
    assert is_finer(share * limit_m, limit_m, operator) is broken
    everywhere = SampleDistanceParams(gsd_m=limit_m, operator=operator)
    assert bool(judge(SampleDistance(), everywhere, found).problems) is broken
    near = ZoneDistanceParams(gsd_m=limit_m, operator=operator, zone_list="zones", buffer_m=0.0)
    assert bool(judge(SampleDistanceInZones(), near, found).problems) is broken
    for images in ("all", "possible heights"):
        heights = PostingParams.model_validate({"posting_m": limit_m, "operator": operator, "images": images})
        assert bool(judge(ElevationPosting(), heights, found).problems) is broken


def test_a_broken_limit_is_settled_before_the_last_window() -> None:
    params = SampleDistanceParams(gsd_m=2.5, operator=">")
    assert SampleDistance().settled(params, {ID: distances(2.5)})
    assert not SampleDistance().settled(params, {ID: distances(None)})
    assert PixelZones().settled(ZONE_PARAMS, {ID: pixels(4, 0)})
    assert not PixelZones().settled(ZONE_PARAMS, {ID: pixels(3, 3)})


def test_fine_pictures_are_no_fine_heights() -> None:
    found = distances(0.1, elevation_m=90.0, elevation_windows=1)
    some = PostingParams(posting_m=90.0, operator=">=", images="possible heights")
    assert not judge(ElevationPosting(), some, found).problems
    every = PostingParams(posting_m=90.0, operator=">=", images="all")
    assert judge(ElevationPosting(), every, found).problems


@pytest.mark.parametrize("rule", [SampleDistance(), ElevationPosting()])
def test_a_window_without_a_distance_is_a_problem(rule: Any) -> None:
    params = (
        SampleDistanceParams(gsd_m=0.4, operator=">=")
        if isinstance(rule, SampleDistance)
        else PostingParams(posting_m=0.4, operator=">=", images="all")
    )
    (problem,) = judge(rule, params, distances(30.0, windows=5, unmeasured=2)).problems
    assert problem.counts[0].value == 2


def test_a_raster_without_windows_is_a_problem_for_every_rule() -> None:
    nothing = SampleDistances()
    assert judge(SampleDistance(), SampleDistanceParams(gsd_m=0.4, operator=">="), nothing).problems
    assert judge(AllowedBands(), bands_params(3), Bands()).problems
    assert judge(PixelZones(), ZONE_PARAMS, ZonePixelCounts()).problems


def bands_params(most: int) -> BandsParams:
    return BandsParams(max_bands=most, data_types=("uint8",), interpretations=("red", "gray"))


@pytest.mark.parametrize(("bands", "problems"), [(49, 0), (50, 1)])
def test_one_band_too_many_is_a_problem(bands: int, problems: int) -> None:
    found = Bands(most=bands, data_types=("uint8",), interpretations=("gray",))
    assert len(judge(AllowedBands(), bands_params(49), found).problems) == problems


def test_what_is_not_listed_is_a_problem() -> None:
    found = Bands(most=1, data_types=("float32",), interpretations=("undefined",))
    assert len(judge(AllowedBands(), bands_params(1), found).problems) == 2


def pixels(base: int, overviews: int) -> ZonePixelCounts:
    return ZonePixelCounts(windows=1, zones=(ZonePixels(zone="z1", base=base, overviews=overviews),))


@pytest.mark.parametrize(("base", "overviews", "problems"), [(3, 3, 0), (4, 0, 1), (0, 4, 1), (0, 0, 0)])
def test_pixels_of_the_base_image_and_of_overviews_are_limited_each(base: int, overviews: int, problems: int) -> None:
    assert len(judge(PixelZones(), ZONE_PARAMS, pixels(base, overviews)).problems) == problems


def test_a_problem_names_zones_by_their_ids_and_the_worst_first() -> None:
    zones = tuple(ZonePixels(zone=f"z{n:02}", base=n, overviews=0) for n in range(1, 13))
    (problem,) = judge(PixelZones(), ZONE_PARAMS, ZonePixelCounts(windows=1, zones=zones)).problems
    assert [count.what for count in problem.counts[3:5]] == ["pixels in zone z12", "pixels in zone z11"]
    assert len(problem.counts) == 13


def test_the_rules_about_rasters_judge_no_other_layers() -> None:
    own = [rule for rule in registered().values() if type(rule).__module__.startswith("geogate.rules.raster_")]
    assert len(own) == 8
    assert {kind for rule in own for kind in rule.kinds} == {LayerKind.RASTER, LayerKind.RASTER_VALUES}


@pytest.mark.parametrize("gsd_m", [0.0, -1.0, float("nan"), float("inf"), 2e6])
def test_impossible_limits_are_refused(gsd_m: float) -> None:
    with pytest.raises(ValidationError):
        SampleDistanceParams(gsd_m=gsd_m, operator=">")


@pytest.mark.parametrize(
    ("rule", "params"),
    [
        (SampleDistance(), SampleDistanceParams(gsd_m=1.0, operator=">")),
        (SampleDistanceInZones(), ZoneDistanceParams(gsd_m=1.0, operator=">", zone_list="z", buffer_m=0.0)),
        (ElevationPosting(), PostingParams(posting_m=1.0, operator=">", images="all")),
        (AllowedBands(), bands_params(1)),
        (PixelZones(), ZONE_PARAMS),
    ],
)
def test_other_measurements_are_an_error(rule: Any, params: Any) -> None:
    assert not rule.settled(params, {ID: 3})
    with pytest.raises(TypeError):
        rule.judge(params, {ID: 3}, CIRCUMSTANCES)
