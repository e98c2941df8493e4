"""Each registered rule, judged through Great Expectations on fixtures that clear and fixtures that deny."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from judging import CountingPass, batch_of, case_of, circumstances, policy_of, registered_rule, summary, zone_list
from rastering import raster_columns
from ruamel.yaml import YAML

from geogate.model.dataset import LayerKind
from geogate.model.names import LayerName
from geogate.model.parties import Attestation, Circumstances, Contract, Owner, Posture
from geogate.model.past import MeasuredLayer, PastRelease
from geogate.model.verdict import Decision
from geogate.policy.decide import decide
from geogate.policy.declaration import declaration_from
from geogate.rules.registry import registered
from geogate.suites.judge import judge_layers
from geogate.suites.subject import LayerUnderTest
from geogate.zones.zone import Zone, ZoneList

HERE = Path(__file__).parent

FINDS_EVERYTHING = "expect_release_not_to_be_prohibited"
"""The rule that no release satisfies; to which ones it applies its policy says."""


@dataclass(frozen=True)
class Fixture:
    """A file that says what a rule is given and what it has to find."""

    path: Path

    @property
    def expectation(self) -> str:
        return self.path.parents[1].name

    @property
    def clears(self) -> bool:
        return self.path.parent.name == "clears"

    def __str__(self) -> str:
        return f"{self.expectation}-{self.path.parent.name}-{self.path.stem}"


FIXTURES = [Fixture(path) for path in sorted(HERE.glob("*/*/*.yaml"))]


def read(fixture: Fixture) -> dict[str, Any]:
    said = YAML(typ="safe", pure=True).load(fixture.path)
    assert set(said) <= {"why", "kwargs", "layer", "zones", "circumstances", "problems"}
    assert said["why"]
    return dict(said)


def layer_of(said: dict[str, Any]) -> LayerUnderTest:
    usual = {"wkt": ["POINT (1 2)"], "crs": "EPSG:4326", "columns": None, "kind": LayerKind.VECTOR}
    layer = usual | said.get("layer", {})
    kind = LayerKind(layer["kind"])
    geometries = [None if text is None else shapely.from_wkt(text) for text in layer["wkt"]]
    columns = layer["columns"]
    if kind is LayerKind.RASTER:
        columns = raster_columns(len(geometries), columns or {})
    whole = batch_of(geometries, crs=layer["crs"], columns=columns)
    return LayerUnderTest(name=LayerName("layer"), run=CountingPass((whole,)), kind=kind)


def circumstances_of(said: dict[str, Any]) -> Circumstances:
    given = dict(said.get("circumstances", {}))
    if "owners" in given:
        given["owners"] = tuple(Owner(**owner) for owner in given["owners"])
    if "contract" in given:
        given["contract"] = Contract(**given["contract"] | {"ends": date.fromisoformat(given["contract"]["ends"])})
    if "posture" in given:
        traits = tuple(sorted(given["posture"].pop("traits", {}).items()))
        given["posture"] = Posture(**given["posture"], traits=traits)
    if "attestations" in given:
        given["attestations"] = tuple(_attestation(each) for each in given["attestations"])
    if "designations" in given:
        given["designations"] = tuple(given["designations"])
    if "history" in given:
        given["history"] = tuple(_past(each) for each in given["history"])
    if "declaration" in given:
        given["declaration"] = declaration_from(given["declaration"])
    return circumstances(**given, zone_lists=zones_of(said))


def _past(said: dict[str, Any]) -> PastRelease:
    """Read a release of which only its rows are known, or not even they."""
    layer = MeasuredLayer(kind=LayerKind.VECTOR, rows=said["rows"] or 0, values={})
    declared = declaration_from({"data": said["data"]} if "data" in said else {})
    return PastRelease(on=said["on"], declaration=declared, layers=None if said["rows"] is None else (layer,))


def _attestation(said: dict[str, str]) -> Attestation:
    days = {name: date.fromisoformat(said[name]) for name in ("since", "ends")}
    return Attestation(kind=said["kind"], reference="A-1", since=days["since"], ends=days["ends"])


def zones_of(said: dict[str, Any]) -> dict[str, ZoneList]:
    zones = [
        Zone(id=zone["id"], category="test", buffer_m=zone.get("buffer_m", 0.0), geometry=shapely.from_wkt(zone["wkt"]))
        for zone in said.get("zones", [])
    ]
    return {"zones": zone_list(zones)} if zones else {}


@pytest.mark.parametrize("fixture", FIXTURES, ids=str)
def test_a_rule_finds_what_its_fixture_says(fixture: Fixture) -> None:
    said = read(fixture)
    policy = policy_of(registered_rule(fixture.expectation, **said["kwargs"]))
    answer = judge_layers(policy, [layer_of(said)], circumstances=circumstances_of(said), zone_lists=zones_of(said))
    verdict = decide(
        case_of(policy),
        policy=policy,
        layers=[summary("layer", rows=facts.rows) for each in answer.layers if (facts := each.facts)],
        outcomes=answer.outcomes,
        gate_findings=answer.findings,
    )
    assert verdict.decision is (Decision.CLEAR if fixture.clears else Decision.DENY)
    assert answer.findings == ()
    (outcome,) = answer.outcomes
    expected = said.get("problems", [])
    assert len(outcome.problems) == len(expected), outcome.problems
    for problem, start in zip(outcome.problems, expected, strict=True):
        assert problem.summary.startswith(start), problem.summary
        assert problem.remedy


@pytest.mark.parametrize("expectation", registered())
def test_every_registered_rule_has_a_fixture_that_clears_and_one_that_denies(expectation: str) -> None:
    own = [fixture for fixture in FIXTURES if fixture.expectation == expectation]
    assert any(fixture.clears for fixture in own) or expectation == FINDS_EVERYTHING
    assert any(not fixture.clears for fixture in own)


def test_every_fixture_belongs_to_a_registered_rule_and_says_how_it_ends() -> None:
    folders = {path.name for path in HERE.iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert folders == set(registered())
    assert {fixture.path.parent.name for fixture in FIXTURES} == {"clears", "denies"}
