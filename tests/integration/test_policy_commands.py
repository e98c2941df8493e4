"""Policies explained, compared, listed and replayed from the command line."""

from __future__ import annotations

import csv
import io
import json
import shutil
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from gating.files import COARSE, FINE, MIDDLE, stage
from gating.place import RULES, destination, precision, with_meta, zones

if TYPE_CHECKING:
    from pathlib import Path

    from gating.command import Command
    from gating.gate import Gate


@pytest.fixture
def other(gate: Gate) -> Path:
    """A draft beside the gate's policy: looser, stricter, one rule gone, one new, one in shadow."""
    written = [
        precision("precision", 50, ">="),
        precision("review", 2000, ">", "warning"),
        with_meta(zones(), status="shadow", shadow_until=date(2999, 1, 1)),
        precision("new", 10, ">", "info"),
    ]
    gate.policies.write_policy(written, name="other", reviewers=3, scope={"origins": ["EU"]})
    return gate.policies.file("other.yaml")


def test_a_policy_is_explained_in_sentences_with_law_and_remedy(geogate: Command) -> None:
    said = geogate("policy", "explain", "test")
    text = " ".join(said.out.split())
    assert said.code == 0
    assert "where it is shortest on the ground, must be at least 100 m." in text
    assert "must be more than 1,000 m." in text
    assert "At most 0 features, of all layers together, may lie in zones of keep-out or within 0 m of them." in text
    assert "basis: a test (this file, as of 2026-01-01)" in text
    assert "to fix: send something else" in text
    assert "It applies to every release." in text


def test_scope_and_shadow_are_explained(geogate: Command, other: Path) -> None:
    text = " ".join(geogate("policy", "explain", other).out.split())
    assert "It applies to releases of data collected in EU, or where that is not declared." in text
    assert "In shadow until 2999-01-01" in text


@pytest.mark.parametrize("arguments", [(), ("test", "--request", "x")])
def test_either_a_policy_or_a_request_is_explained(geogate: Command, arguments: tuple[str, ...]) -> None:
    assert geogate("policy", "explain", *arguments).code == 2


def test_a_verdict_is_explained_by_what_was_measured_and_why_the_decision_follows(gate: Gate, geogate: Command) -> None:
    request = gate.submit(stage("GeoJSON", gate.staged, FINE)).request
    text = " ".join(geogate("policy", "explain", "--request", request).out.split())
    assert "DENY. It must not leave, because 1 of its findings deny, and one is enough." in text
    assert "Demanded: The finest step" in text
    assert "it would have to be at least 100 m." in text
    assert "47.1" not in text


def test_a_verdict_by_a_policy_that_changed_is_explained_by_what_it_says_itself(gate: Gate, geogate: Command) -> None:
    request = gate.hold(stage("GeoJSON", gate.staged, MIDDLE))
    gate.policies.replace("test.yaml", "version: '1'", "version: '2'")
    text = " ".join(geogate("policy", "explain", "--request", request).out.split())
    assert "The policy has changed since" in text
    assert "HOLD. It waits for reviewers" in text
    assert "Demanded:" not in text


def test_policies_are_compared_rule_by_rule(geogate: Command, other: Path) -> None:
    found = json.loads(geogate("policy", "diff", "test", other, "--format", "json").out)
    changes = {each["what"]: each["change"] for each in found["changes"]}
    assert changes == {
        "reviewers": "stricter",
        "scope": "looser",
        "rule precision": "looser",
        "rule review": "stricter",
        "rule zones": "looser",
        "rule destination": "removed",
        "rule new": "added",
    }
    text = geogate("policy", "diff", "test", other).out
    assert "step_m: 100 m to 50 m" in text
    assert "2 stricter, 3 looser, 1 removed, 1 added" in text


def test_two_places_are_compared_policy_by_policy_with_their_numbers(
    gate: Gate, geogate: Command, tmp_path: Path
) -> None:
    gate.policies.write_policy([precision("fine", 100, ">="), zones()], name="other")
    before = tmp_path / "before"
    shutil.copytree(gate.policies.root, before)
    gate.policies.write_policy([precision("fine", 250, ">="), zones()], name="other")
    gate.policies.file("test.yaml").unlink()
    places = ("policy", "diff", str(before), str(gate.policies.root))
    text = geogate(*places).out
    assert "step_m: 100 m to 250 m" in text
    assert "removed   policy test" in text
    (other,) = json.loads(geogate(*places, "--policy", "other", "--format", "json").out)
    (change,) = other["changes"]
    assert (change["change"], change["what"]) == ("stricter", "rule fine")
    number = {"parameter": "step_m", "operator": ">=", "before": 100, "after": 250, "unit": "m"}
    assert change["numbers"] == [number]
    assert "neither place has a policy 'absent'" in geogate(*places, "--policy", "absent").err
    assert geogate("policy", "diff", str(before), "other").code == 2


def duty(**changes: Any) -> dict[str, Any]:
    basis = {"section": "28 CFR 202.1104", "source": "a test", "as_of": date(2026, 1, 1)}
    given = {"id": "report", "on": "denied", "due": {"days": 14}, "what": "Report it.", "legal_basis": basis}
    return given | changes


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        ([duty()], [], "removed"),
        ([], [duty()], "added"),
        ([duty()], [duty(due={"days": 3650})], "looser"),
        ([duty(due={"days": 15})], [duty()], "stricter"),
        ([duty(due={"keep_years": 10})], [duty(due={"keep_years": 3})], "looser"),
        ([duty()], [duty(rules=["precision"])], "looser"),
        ([duty()], [duty(on="sent")], "other"),
    ],
)
def test_obligations_are_compared(
    gate: Gate, geogate: Command, before: list[dict[str, Any]], after: list[dict[str, Any]], change: str
) -> None:
    for name, obligations in (("one", before), ("two", after)):
        gate.policies.write_policy(RULES, name=name, obligations=obligations)
    found = json.loads(geogate("policy", "diff", "one", "two", "--format", "json").out)
    assert [(each["what"], each["change"]) for each in found["changes"]] == [("obligation report", change)]


def test_a_shadow_that_lasts_longer_is_looser(gate: Gate, geogate: Command) -> None:
    for name, until in (("one", date(2998, 1, 1)), ("two", date(2999, 1, 1))):
        shadow = with_meta(precision("precision", 100, ">="), status="shadow", shadow_until=until)
        gate.policies.write_policy([shadow, zones()], name=name)
    found = json.loads(geogate("policy", "diff", "one", "two", "--format", "json").out)
    assert [each["change"] for each in found["changes"]] == ["looser"]


def test_a_policy_does_not_differ_from_itself(geogate: Command) -> None:
    assert "no difference in what is decided" in geogate("policy", "diff", "test", "test").out


def test_changes_that_go_both_ways_are_neither_stricter_nor_looser(gate: Gate, geogate: Command) -> None:
    limits = [{"countries": ["KP"], "share": 0.4}]
    gate.policies.write_policy([destination(owner_limits=limits, contract_min_days_left=10)], name="mixed")
    gate.policies.write_policy([destination()], name="plain")
    found = json.loads(geogate("policy", "diff", "plain", "mixed", "--format", "json").out)
    assert [each["change"] for each in found["changes"]] == ["other"]


def test_every_number_is_listed_with_its_source(geogate: Command) -> None:
    rows = list(csv.DictReader(io.StringIO(geogate("policy", "sources", "test", "--format", "csv").out)))
    found = [(row["rule"], row["parameter"], row["operator"], row["value"], row["unit"]) for row in rows]
    assert found == [
        ("precision", "step_m", ">=", "100.0", "m"),
        ("review", "step_m", ">", "1000.0", "m"),
        ("zones", "buffer_m", ">", "0.0", "m"),
        ("zones", "max_features", "<=", "0", "features"),
        ("destination", "owner_limits[0].share", "<", "0.5", "share"),
        ("destination", "contract_min_days_left", ">=", "30", "days"),
    ]
    assert {(row["section"], row["source"], row["as_of"]) for row in rows} == {("a test", "this file", "2026-01-01")}
    assert json.loads(geogate("policy", "sources", "--format", "json").out)[0]["effect"] == "deny"
    assert max(map(len, geogate("policy", "sources").out.splitlines())) <= 120


def test_replay_prints_what_would_change(gate: Gate, geogate: Command) -> None:
    gate.submit(stage("GeoJSON", gate.staged, COARSE))
    gate.policies.write_policy([precision("precision", 50_000, ">="), *RULES[1:]])
    ended = geogate("policy", "replay", "--policy", gate.policies.file("test.yaml"))
    assert ended.code == 0
    assert "now finds: precision" in ended.out
    assert "1  clear to deny" in ended.out
    found = json.loads(geogate("policy", "replay", "--policy", "test", "--format", "json").out)
    assert found["summary"]["clear to deny"] == 1
    assert [each["after"] for each in found["releases"]] == ["deny"]
    assert "0  judged again" in geogate("policy", "replay", "--policy", "test", "--since", "2999-01-01").out


def test_check_ends_with_4_for_a_contradiction_and_strict_for_a_warning_too(gate: Gate, geogate: Command) -> None:
    gate.policies.write_policy([precision("strict", 1000, ">="), precision("loose", 100, ">=")])
    file = gate.policies.file("test.yaml")
    ended = geogate("policy", "check", file)
    assert (ended.code, "warning: test.yaml:" in ended.out) == (0, True)
    assert geogate("policy", "check", "--strict", file).code == 4
    sale = {"transactions": ["sale"]}
    gate.policies.write_policy([with_meta(precision("a", 100, ">="), when=sale)], scope={"transactions": ["research"]})
    ended = geogate("policy", "check")
    assert (ended.code, "error: test.yaml:" in ended.out) == (4, True)
