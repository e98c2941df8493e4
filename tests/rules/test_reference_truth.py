"""The rule about other readings at its limits, and what it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from judging import CIRCUMSTANCES, zone_list
from pydantic import ValidationError
from shapely import Point

from geogate.measures.measure import MeasureId
from geogate.measures.reading_systems import epsg
from geogate.measures.readings import FAMILIES, Family
from geogate.measures.readings_of import readings_of
from geogate.measures.zone_hits import ZoneCount
from geogate.measures.zone_readings import ReadingCount, ZoneReadingCounts
from geogate.rules.reference_truth import ReferenceParams, ReferenceTruth, words_of
from geogate.zones.zone import Zone

if TYPE_CHECKING:
    from geogate.rules.rule import Judgement

ID = MeasureId("zone-readings:x")
ZONES = zone_list([Zone(id="z", category="test", buffer_m=100, geometry=Point(8, 50))])


def params(**changes: Any) -> ReferenceParams:
    usual = {"zone_list": "zones", "buffer_m": 100, "max_features": 2, "max_share": 0.1, "min_share_fitting": 0.9}
    return ReferenceParams.model_validate_json(json.dumps(usual | {"readings": "all"} | changes))


def count(features: int, *, fitting: int = 100, strange: bool = False, reading: str = "swapped-axes") -> ReadingCount:
    zones = (ZoneCount(zone="z", features=features, vertices=features),) if features else ()
    return ReadingCount(
        reading=reading, strange=strange, fitting=fitting, features=features, vertices=features, zones=zones
    )


def judge(*counts: ReadingCount, features: int = 10, **changes: Any) -> Judgement:
    found = ZoneReadingCounts(features=features, vertices=100, readings=counts)
    return ReferenceTruth().judge(params(**changes), {ID: found}, CIRCUMSTANCES)


@pytest.mark.parametrize(("features", "problems"), [(2, 0), (3, 1)])
def test_more_features_than_allowed_are_a_problem(features: int, problems: int) -> None:
    assert len(judge(count(features)).problems) == problems


@pytest.mark.parametrize(("features", "problems"), [(30, 0), (29, 1)])
def test_no_larger_share_of_the_features_than_allowed_is_no_problem(features: int, problems: int) -> None:
    assert len(judge(count(3), features=features).problems) == problems


@pytest.mark.parametrize(("fitting", "problems"), [(89, 0), (90, 1)])
def test_a_reading_counts_where_it_fits_enough_of_the_vertices(fitting: int, problems: int) -> None:
    assert len(judge(count(3, fitting=fitting)).problems) == problems


def test_a_reading_of_numbers_that_are_hardly_what_they_are_called_always_counts() -> None:
    assert judge(count(3, fitting=3, strange=True, reading="degrees")).problems


def test_each_reading_has_a_problem_of_its_own_that_says_which_worst_first() -> None:
    several = [
        count(3, reading="EPSG:32632"),
        count(5, reading="degrees-e7-swapped"),
        count(4, reading="gcj02-as-wgs84"),
    ]
    worst, second, third = judge(*several).problems
    assert worst.summary.startswith("read as degrees times 10,000,000, with x and y swapped, 5 features")
    assert second.summary.startswith("read as GCJ-02 that is called WGS 84, 4 features")
    assert "Chinese map" in second.remedy
    assert third.summary.startswith("read as EPSG:32632, 3 features")
    assert "Chinese map" not in third.remedy


def test_a_problem_counts_features_vertices_and_zones() -> None:
    (problem,) = judge(count(3)).problems
    assert {each.what: each.value for each in problem.counts} == {
        "features in zones": 3,
        "vertices in zones": 3,
        "zones": 1,
        "features of the layer": 10,
        "vertices that fit the reading": 100,
        "vertices of the layer": 100,
        "features in zone z": 3,
    }


@pytest.mark.parametrize("crs", [4326, 4267, 25832, 32733])
def test_every_reading_has_words(crs: int) -> None:
    for reading in readings_of(epsg(crs), tuple(Family)):
        assert words_of(reading.id) != f"as {reading.id}" or reading.id.startswith("EPSG:") or reading.id == "radians"


def test_every_family_has_a_reading_and_words() -> None:
    assert set(FAMILIES) == set(Family)
    systems = (epsg(4267), epsg(32733), epsg(31467))
    assert all(any(readings_of(crs, {family}) for crs in systems) for family in Family)


def test_the_rule_asks_for_its_list_its_buffer_and_its_readings() -> None:
    rule = ReferenceTruth()
    (measure,) = rule.measures(params(readings=["utm", "gcj02"]), {"zones": ZONES})
    assert measure.id.endswith(":100.0:gcj02+utm")
    (everything,) = rule.measures(params(), {"zones": ZONES})
    assert everything.id.count("+") == len(Family) - 1
    assert rule.zone_lists(params()) == ("zones",)


@pytest.mark.parametrize(
    "wrong", [{"readings": []}, {"readings": "some"}, {"readings": ["mars"]}, {"max_share": 1.1}, {"max_features": -1}]
)
def test_a_policy_cannot_ask_for_what_there_is_not(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        params(**wrong)


@pytest.mark.parametrize("measurements", [{}, {ID: 3}])
def test_other_measurements_than_the_one_are_an_error(measurements: dict[MeasureId, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        ReferenceTruth().judge(params(), measurements, CIRCUMSTANCES)  # type: ignore[arg-type]
