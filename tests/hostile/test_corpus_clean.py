"""A sample of clean data at the gate: what a person would let go is let go; ``make hostile`` tries all of it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from gating.gate import Gate
from smuggling.clean import RIGHTLY_HELD, datasets, judge, prepare

from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from pathlib import Path

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
    "placed.tif",
    "icon.png",
)

HELD = ("health-areas-with-mail.geojson", "cycling.csv")


@pytest.fixture(scope="module")
def lenient(gate_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """A gate with the policy for clean data, which compiles the zone list once."""
    gate = Gate(root=shutil.copytree(gate_template, tmp_path_factory.mktemp("clean") / "gate"))
    prepare(gate.policies)
    return gate


def test_there_are_at_least_a_hundred_clean_datasets() -> None:
    assert sum(not clean.held_because for clean in DATASETS.values()) >= 100


def test_every_reason_to_hold_is_for_some_dataset() -> None:
    reasons = {clean.held_because for clean in DATASETS.values()} - {""}

    assert reasons == {reason for _, reason in RIGHTLY_HELD}


@pytest.mark.parametrize("name", LET_GO)
def test_what_a_person_would_let_go_is_cleared(name: str, lenient: Gate) -> None:
    judged = judge(DATASETS[name], gate=lenient)

    assert judged.counts, "all of them come with the packages of the environment"
    assert judged.decision is Decision.CLEAR, judged.findings


@pytest.mark.parametrize("name", HELD)
def test_what_tells_persons_or_places_is_held(name: str, lenient: Gate) -> None:
    judged = judge(DATASETS[name], gate=lenient)

    assert judged.clean.held_because
    assert judged.decision is Decision.HOLD, judged.findings
