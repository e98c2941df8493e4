"""A sample of clean data at the gate: what a person would let go is let go; ``make hostile`` tries all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from smuggling.clean import RIGHTLY_HELD, datasets, judge, prepare

from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from gating.gate import Gate

DATASETS = datasets()

LET_GO = (
    "countries-asia.geojson",
    "us-counties-CA.parquet",
    "airports-CH.xlsx",
    "airports-DE.csv",
    "cities-africa.gpx",
    "time-zones.csv.zip",
    "time-zones-now.kml",
    "areas-of-use-utm.gml",
    "race-track.parquet",
    "emissions.shp",
    "population.fgb",
    "SampleSuperstore.csv",
    "elements.gpkg",
    "image.tif",
    "icon.png",
)

HELD = ("titanic_all.csv", "cycling.csv")


def test_there_are_at_least_a_hundred_clean_datasets() -> None:
    assert sum(not clean.held_because for clean in DATASETS.values()) >= 100


def test_every_reason_to_hold_is_for_some_dataset() -> None:
    reasons = {clean.held_because for clean in DATASETS.values()} - {""}

    assert reasons == {reason for _, reason in RIGHTLY_HELD}


@pytest.mark.parametrize("name", LET_GO)
def test_what_a_person_would_let_go_is_cleared(name: str, gate: Gate) -> None:
    prepare(gate.policies)

    judged = judge(DATASETS[name], gate=gate)

    if judged.decision is None:
        pytest.skip(f"{name}: {', '.join(judged.findings)}")
    assert judged.counts
    assert judged.decision is Decision.CLEAR, judged.findings


@pytest.mark.parametrize("name", HELD)
def test_what_tells_persons_or_places_is_held(name: str, gate: Gate) -> None:
    prepare(gate.policies)

    judged = judge(DATASETS[name], gate=gate)

    assert judged.clean.held_because
    assert judged.decision is Decision.HOLD, judged.findings
