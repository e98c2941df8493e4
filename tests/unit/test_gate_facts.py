"""What the ledger keeps of measurements, and that it can be read back."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from judging import CIRCUMSTANCES

from geogate.gate.facts import kept_facts, read_facts
from geogate.measures.hidden.columns import ColumnContents, Contents
from geogate.measures.hidden.columns_classes import ColumnClass, recognise
from geogate.measures.hidden.columns_facts import ColumnFacts
from geogate.measures.measure import LayerFacts, MeasureId, Unmeasured
from geogate.measures.zone_devices import DevicesInZones, ZoneDeviceCount
from geogate.model.dataset import LayerKind

if TYPE_CHECKING:
    from geogate.suites.judge import SuiteAnswer

HASHES = "00112233445566778899aabbccddeeff"
DEVICES = DevicesInZones(
    enough=5, without_column=False, zones=(ZoneDeviceCount(zone="depot", devices=1, hashes=HASHES),)
)
BINARY = ColumnFacts(name="blob", arrow="binary", kind="binary", by_row=True, values=2)


def text(**values: Any) -> str:
    found = {MeasureId(name.replace("_", "-")): value for name, value in values.items()}
    facts = LayerFacts(rows=3, values=found)
    answer = SimpleNamespace(layers=(SimpleNamespace(layer="tracks", facts=facts, kind=LayerKind.VECTOR),))
    return kept_facts(cast("SuiteAnswer", answer), CIRCUMSTANCES)


def test_the_ledger_keeps_how_many_devices_were_in_a_zone_and_not_which() -> None:
    kept = json.loads(text(devices=DEVICES))["layers"]["tracks"]["values"]["devices"]
    assert HASHES not in text(devices=DEVICES)
    assert [(zone["zone"], zone["devices"]) for zone in kept["zones"]] == [("depot", 1)]


def test_the_ledger_keeps_why_something_could_not_be_measured() -> None:
    assert "no reference" in text(devices=Unmeasured(reason="no reference"))


def test_what_is_kept_of_columns_tells_their_classes_and_no_row() -> None:
    contents = Contents(rows=2, columns=(BINARY,), pool=())
    kept = read_facts(text(column_contents=contents))
    assert kept is not None
    found = kept.layers[0].value(ColumnContents())
    assert isinstance(found, Contents)
    assert [(column.name, column.kind) for column in recognise(found)] == [("blob", ColumnClass.OPAQUE)]


def test_circumstances_are_read_back_as_they_were() -> None:
    kept = read_facts(text())
    assert kept is not None
    assert kept.circumstances == CIRCUMSTANCES
    assert (kept.layers[0].kind, kept.layers[0].rows) == (LayerKind.VECTOR, 3)


def test_releases_to_the_same_place_keep_their_own_day_and_size() -> None:
    for size, today in ((1, date(2026, 1, 2)), (2, date(2026, 3, 4)), (1, date(2026, 3, 4))):
        own = replace(CIRCUMSTANCES, subject_size=size, today=today)
        kept = read_facts(kept_facts(None, own))
        assert kept is not None
        assert kept.circumstances == own


@pytest.mark.parametrize(
    "changed", [{"subject_size": "7"}, {"subject_size": None}, {"today": "2026-13-01"}, {"new": 1}]
)
def test_circumstances_that_are_not_exactly_such_are_not_read(changed: dict[str, Any]) -> None:
    document = json.loads(text())
    document["circumstances"] |= changed
    with pytest.raises(ValueError, match=r"exactly|validation error"):
        read_facts(json.dumps(document))


@pytest.mark.parametrize("name", ["subject_size", "today", "recipient"])
def test_circumstances_that_lack_something_are_not_read(name: str) -> None:
    document = json.loads(text())
    del document["circumstances"][name]
    with pytest.raises(ValueError, match=r"exactly|validation error"):
        read_facts(json.dumps(document))


def test_what_an_earlier_version_kept_is_not_guessed_from() -> None:
    assert read_facts('{"schema":1,"layers":{}}') is None
