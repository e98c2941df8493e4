"""What the ledger keeps of measurements."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from geogate.gate.facts import kept_facts
from geogate.measures.measure import LayerFacts, MeasureId, Unmeasured
from geogate.measures.zone_devices import DevicesInZones, ZoneDeviceCount

if TYPE_CHECKING:
    from geogate.suites.judge import SuiteAnswer

HASHES = "00112233445566778899aabbccddeeff"
DEVICES = DevicesInZones(
    enough=5, without_column=False, zones=(ZoneDeviceCount(zone="depot", devices=1, hashes=HASHES),)
)


def text(**values: Any) -> str:
    facts = LayerFacts(rows=3, values={MeasureId(name): value for name, value in values.items()})
    answer = SimpleNamespace(layers=(SimpleNamespace(layer="tracks", facts=facts),))
    return kept_facts(cast("SuiteAnswer", answer))


def test_the_ledger_keeps_how_many_devices_were_in_a_zone_and_not_which() -> None:
    kept = json.loads(text(devices=DEVICES))["layers"]["tracks"]["values"]["devices"]
    assert HASHES not in text(devices=DEVICES)
    assert [(zone["zone"], zone["devices"]) for zone in kept["zones"]] == [("depot", 1)]


def test_the_ledger_keeps_why_something_could_not_be_measured() -> None:
    assert "no reference" in text(devices=Unmeasured(reason="no reference"))
