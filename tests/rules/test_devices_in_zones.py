"""The rule about devices in zones at its limit, and what it may say about the zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from judging import CIRCUMSTANCES, zone_list
from pydantic import ValidationError
from shapely import box

from geogate.measures.measure import MeasureId
from geogate.measures.zone_devices import DevicesInZones, ZoneDeviceCount
from geogate.rules.devices_in_zones import DevicesParams, EnoughDevicesInZones
from geogate.zones.zone import Zone

if TYPE_CHECKING:
    from geogate.rules.rule import Judgement

ID = MeasureId("zone-devices:x")
RULE = EnoughDevicesInZones()


def params(devices: int = 5) -> DevicesParams:
    return DevicesParams(zone_list="zones", buffer_m=10, device_column="device", devices=devices)


def found(*devices: int, without_column: bool = False, enough: int = 5) -> DevicesInZones:
    zones = tuple(ZoneDeviceCount(zone=f"z{at:02}", devices=count, hashes="") for at, count in enumerate(devices))
    return DevicesInZones(enough=enough, without_column=without_column, zones=zones)


def judge(given: DevicesInZones) -> Judgement:
    return RULE.judge(params(), {ID: given}, CIRCUMSTANCES)


@pytest.mark.parametrize(("devices", "problems"), [(1, 1), (4, 1), (5, 0)])
def test_each_zone_needs_as_many_devices_as_are_enough(devices: int, problems: int) -> None:
    assert len(judge(found(5, devices, 5)).problems) == problems


def test_no_zone_that_is_hit_passes_if_the_column_is_there() -> None:
    assert judge(found()).observed == "no zone is hit"
    assert not judge(found()).problems
    assert len(judge(found(without_column=True)).problems) == 1


def test_rows_without_the_column_are_a_problem_although_every_zone_has_enough_devices() -> None:
    (problem,) = judge(found(5, 5, without_column=True)).problems
    assert "has no column 'device'" in problem.summary


def test_the_ten_zones_with_the_fewest_devices_are_named() -> None:
    (problem,) = judge(found(*[3] * 12, 1)).problems
    named = [count for count in problem.counts if count.what.startswith("devices in zone ")]
    assert [count.value for count in named] == [1, *[3] * 9]
    assert named[0].what == "devices in zone z12"
    assert (problem.measured, problem.limit) == ("1", "5")


def test_a_zone_whose_id_is_no_plain_word_is_named_by_a_digest() -> None:
    zones = (ZoneDeviceCount(zone="Fort 11.05 53.77", devices=1, hashes=""),)
    (problem,) = judge(DevicesInZones(enough=5, without_column=False, zones=zones)).problems
    assert "Fort" not in str(problem)


def test_the_rule_is_never_settled_because_devices_may_still_come() -> None:
    assert not RULE.settled(params(), {ID: found(1)})


def test_the_rule_asks_for_its_list_with_all_its_parameters() -> None:
    zones = zone_list([Zone(id="z", category="test", buffer_m=0, geometry=box(8, 50, 9, 51))])
    (measure,) = RULE.measures(params(), {"zones": zones})
    assert measure.id.endswith(":10.0:5:device")
    assert RULE.zone_lists(params()) == ("zones",)
    with pytest.raises(KeyError):
        RULE.measures(params(), {"other": zones})


@pytest.mark.parametrize("devices", [0, 1, 1001])
def test_one_device_is_never_enough_and_numbers_are_bounded(devices: int) -> None:
    with pytest.raises(ValidationError):
        params(devices)


def test_other_measurements_are_an_error() -> None:
    with pytest.raises(TypeError):
        RULE.judge(params(), {ID: 3}, CIRCUMSTANCES)
    with pytest.raises(TypeError, match="another number"):
        judge(found(4, enough=4))
    with pytest.raises(ValueError, match="unpack"):
        RULE.judge(params(), {}, CIRCUMSTANCES)
