"""The zone rule at its limit, and what it may say about the zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from judging import CIRCUMSTANCES, zone_list
from shapely import Point, box

from geogate.measures.measure import MeasureId
from geogate.measures.zone_hits import ZoneCount, ZoneHitCounts
from geogate.rules.restricted_zones import RestrictedZones, ZonesParams
from geogate.zones.zone import Zone

if TYPE_CHECKING:
    from geogate.rules.rule import Judgement

ID = MeasureId("zone-hits:x")


def judge(hits: ZoneHitCounts, *, max_features: int = 0) -> Judgement:
    params = ZonesParams(zone_list="zones", buffer_m=100, max_features=max_features)
    return RestrictedZones().judge(params, {ID: hits}, CIRCUMSTANCES)


def counts(features: int, *zones: ZoneCount) -> ZoneHitCounts:
    return ZoneHitCounts(features=10, features_hit=features, vertices_hit=features, zones=zones)


@pytest.mark.parametrize(("features", "problems"), [(2, 0), (3, 1)])
def test_more_features_than_allowed_are_a_problem(features: int, problems: int) -> None:
    assert len(judge(counts(features), max_features=2).problems) == problems


@pytest.mark.parametrize(("features", "settled"), [(2, False), (3, True)])
def test_the_rule_is_settled_as_soon_as_there_are_too_many(features: int, settled: bool) -> None:  # noqa: FBT001
    params = ZonesParams(zone_list="zones", buffer_m=100, max_features=2)
    assert RestrictedZones().settled(params, {ID: counts(features)}) is settled


def test_features_of_one_zone_are_never_fewer_than_features_in_all() -> None:
    assert judge(counts(0, ZoneCount(zone="z", features=1, vertices=0))).problems


def test_the_ten_zones_with_most_features_are_named_with_their_counts() -> None:
    zones = [ZoneCount(zone=f"z{i:02}", features=i, vertices=i) for i in range(1, 13)]
    (problem,) = judge(counts(40, *zones)).problems
    named = [count for count in problem.counts if count.what.startswith("features in zone ")]
    assert [count.value for count in named] == [12, 11, 10, 9, 8, 7, 6, 5, 4, 3]
    assert named[0].what == "features in zone z12"
    assert next(count.value for count in problem.counts if count.what == "zones") == 12


@pytest.mark.parametrize("zone", ["Fort 11.05 53.77", "<b>", "ä", "a" * 41, ""])
def test_a_zone_whose_id_is_no_plain_word_is_named_by_a_digest(zone: str) -> None:
    (problem,) = judge(counts(1, ZoneCount(zone=zone, features=1, vertices=1))).problems
    name = problem.counts[-1].what.removeprefix("features in zone ")
    assert len(name) == 12
    assert name != zone
    int(name, 16)


def test_the_rule_asks_for_its_list_with_its_buffer() -> None:
    rule, params = RestrictedZones(), ZonesParams(zone_list="zones", buffer_m=250, max_features=0)
    assert rule.zone_lists(params) == ("zones",)
    zones = zone_list([Zone(id="z", category="test", buffer_m=0, geometry=box(8, 50, 9, 51))])
    (measure,) = rule.measures(params, {"zones": zones})
    assert measure.id.endswith(":250.0")
    with pytest.raises(KeyError):
        rule.measures(params, {"other": zones})


def test_the_zones_themselves_are_not_in_the_problem() -> None:
    (problem,) = judge(counts(1, ZoneCount(zone="z1", features=1, vertices=1))).problems
    assert "POLYGON" not in str(problem)
    assert Point(8, 50).wkt not in str(problem)


@pytest.mark.parametrize("measurements", [{}, {ID: 3}, {ID: counts(0), MeasureId("other"): counts(0)}])
def test_other_measurements_than_the_one_are_an_error(measurements: dict[MeasureId, object]) -> None:
    params = ZonesParams(zone_list="zones", buffer_m=0, max_features=0)
    with pytest.raises((TypeError, ValueError)):
        RestrictedZones().judge(params, measurements, CIRCUMSTANCES)  # type: ignore[arg-type]
