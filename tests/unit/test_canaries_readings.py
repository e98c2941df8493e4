"""Every family of readings has its canary: one that is switched off is noticed before anything is judged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import pytest
import shapely
from judging import zone_list

from geogate.measures import readings_plan
from geogate.measures.canaries import SilentDetectorError, require_alive
from geogate.measures.canaries_readings import plants_for
from geogate.measures.readings import Family
from geogate.measures.readings_of import readings_of
from geogate.measures.tools import PLAIN
from geogate.measures.zone_readings import ZoneReadings
from geogate.zones.zone import Zone

if TYPE_CHECKING:
    from collections.abc import Collection

    import pyproj

    from geogate.measures.readings import Reading

EUROPE, CHINA = (8.0, 47.0, 9.0, 48.0), (116.3, 40.0, 116.5, 40.2)
PLACES = {
    "europe": EUROPE,
    "china": CHINA,
    "andes": (-70.1, -33.2, -70.0, -33.1),
    "pole": (10.0, 85.0, 11.0, 86.0),
    "zero": (-0.1, -0.1, 0.1, 0.1),
    "antimeridian": (179.9, 10.0, 180.0, 10.1),
    "a metre": (14.3, 48.06, 14.30001, 48.06001),
}


def measure(
    *boxes: tuple[float, float, float, float], families: Collection[Family] = tuple(Family), buffer_m: float = 0.0
) -> Any:
    zones = [
        Zone(id=str(number), category="c", buffer_m=0.0, geometry=shapely.box(*box)) for number, box in enumerate(boxes)
    ]
    return ZoneReadings.against(zone_list(zones), buffer_m=buffer_m, families=families)


def forget_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings_plan, "_plans", WeakKeyDictionary())


@pytest.mark.parametrize("place", PLACES)
def test_the_planted_positions_are_found_wherever_the_zone_is(place: str) -> None:
    require_alive([measure(PLACES[place])], PLAIN)


def test_every_family_is_planted_and_hits_where_the_zones_allow() -> None:
    plants = plants_for(measure(EUROPE, CHINA))
    assert {plant.family for plant in plants} == set(Family)
    assert all(plant.hits for plant in plants)


@pytest.mark.parametrize("family", Family)
def test_a_family_that_is_switched_off_is_noticed(family: Family, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(crs: pyproj.CRS, families: Collection[Family]) -> tuple[Reading, ...]:
        return readings_of(crs, set(families) - {family})

    forget_plans(monkeypatch)
    monkeypatch.setattr(readings_plan, "readings_of", without)
    with pytest.raises(SilentDetectorError):
        require_alive([measure(EUROPE)], PLAIN)


@pytest.mark.parametrize("reading", sorted({plant.reading for plant in plants_for(measure(EUROPE, CHINA))}))
def test_a_reading_that_is_left_out_is_noticed(reading: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def without(crs: pyproj.CRS, families: Collection[Family]) -> tuple[Reading, ...]:
        return tuple(each for each in readings_of(crs, families) if each.id != reading)

    forget_plans(monkeypatch)
    monkeypatch.setattr(readings_plan, "readings_of", without)
    with pytest.raises(SilentDetectorError):
        require_alive([measure(EUROPE, CHINA)], PLAIN)


def test_only_what_a_policy_lists_is_planted() -> None:
    assert {plant.reading for plant in plants_for(measure(EUROPE, families=[Family.RADIANS]))} == {"radians"}
    require_alive([measure(EUROPE, families=[Family.BD09])], PLAIN)
