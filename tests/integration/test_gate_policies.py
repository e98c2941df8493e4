"""Which policies and rules judge a release: those that are adopted and in scope; what is not known excuses nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from gating.files import COARSE, FINE, INSIDE, MIDDLE, stage
from gating.gate import at
from gating.place import RULES, destination, precision, rule, with_meta, zones

from geogate.model.declaration import DataKind, Declaration, Subjects, Transaction
from geogate.model.errors import PolicyError, RefusedError, UsageError
from geogate.model.finding import Effect
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate

STRICT = "strict"
FROM_US = {"origins": ["US"]}
ABROAD = Declaration(origins=("FR",))
AT_HOME = Declaration(origins=("US",))


@pytest.fixture
def strict(gate: Gate) -> Gate:
    """A gate that adopted a policy on data from the United States, which denies what the other one holds."""
    gate.policies.write_policy([precision("precision", 5000, ">=")], name=STRICT, scope=FROM_US, reviewers=3)
    gate.policies.adopt(STRICT)
    return gate


def middle(gate: Gate) -> Path:
    return stage("GeoJSON", gate.staged, MIDDLE)


def test_an_adopted_policy_judges_beside_the_named_one_and_the_worst_wins(strict: Gate) -> None:
    verdict = strict.screen(middle(strict), declaration=AT_HOME)
    effects = {str(finding.rule): finding.effect for finding in verdict.findings}
    assert effects == {"test/review": Effect.HOLD, "strict/precision": Effect.DENY}
    assert verdict.decision is Decision.DENY
    assert [(use.name, use.applied, use.why) for use in verdict.basis.policies] == [
        ("test", True, "applies to every release"),
        ("strict", True, "applies: origin US"),
    ]


def test_a_policy_out_of_scope_does_not_judge_and_the_verdict_says_why(strict: Gate) -> None:
    verdict = strict.screen(middle(strict), declaration=ABROAD)
    assert verdict.decision is Decision.HOLD
    assert [use.why for use in verdict.basis.policies if not use.applied] == ["does not apply: origin is FR"]
    assert not [rule for rule in verdict.rules if rule.startswith(STRICT)]


def test_what_nobody_declared_excuses_from_nothing(strict: Gate) -> None:
    verdict = strict.screen(middle(strict))
    assert verdict.decision is Decision.DENY
    assert "applies: origin is not declared" in {use.why for use in verdict.basis.policies}


def test_adopted_policies_judge_where_none_is_named(strict: Gate) -> None:
    assert strict.screen(middle(strict), policy="").decision is Decision.DENY
    assert strict.screen(stage("GeoJSON", strict.staged, COARSE), policy="").decision is Decision.CLEAR


def test_where_no_policy_applies_nothing_leaves(strict: Gate) -> None:
    verdict = strict.screen(stage("GeoJSON", strict.staged, COARSE), policy="", declaration=ABROAD)
    assert verdict.decision is Decision.DENY
    assert "gate/no-rules" in {finding.rule for finding in verdict.findings}


def test_a_named_policy_out_of_its_scope_clears_nothing(gate: Gate) -> None:
    gate.policies.write_policy(RULES, scope=FROM_US)
    coarse = stage("GeoJSON", gate.staged, COARSE)
    assert gate.screen(coarse, declaration=AT_HOME).decision is Decision.CLEAR
    verdict = gate.screen(coarse, declaration=ABROAD)
    assert verdict.decision is Decision.DENY
    assert [use.applied for use in verdict.basis.policies] == [False]


def test_without_a_policy_there_is_no_verdict(gate: Gate) -> None:
    with pytest.raises(UsageError, match="no policy is named"):
        gate.screen(middle(gate), policy="")


def test_who_is_bound_to_policies_cannot_leave_them_by_naming_none(strict: Gate) -> None:
    strict.policies.write_recipients(policies=["test"])
    with pytest.raises(RefusedError, match="does not get data under policy none"):
        strict.screen(middle(strict), policy="")


def test_rules_that_two_policies_share_are_answered_for_both(gate: Gate) -> None:
    gate.policies.write_policy([zones(), destination(), precision("same", 1000, ">")], name=STRICT)
    gate.policies.adopt(STRICT)
    verdict = gate.screen(stage("GeoJSON", gate.staged, INSIDE))
    denying = {str(finding.rule) for finding in verdict.findings if finding.effect is Effect.DENY}
    assert denying == {"test/zones", "strict/zones"}
    held = gate.screen(middle(gate))
    effects = {str(finding.rule): finding.effect for finding in held.findings}
    assert effects == {"test/review": Effect.HOLD, "strict/same": Effect.DENY}


def test_the_strictest_of_all_options_counts(strict: Gate) -> None:
    strict.policies.write_policy([precision("precision", 5000, ">=", "warning")], name=STRICT, reviewers=3)
    held = strict.hold(middle(strict))
    assert strict.approve(held, "anna").needed == 3
    assert strict.approve(held, "bob").state == "held"
    assert strict.approve(held, "carl").state == "cleared"


def test_an_approval_is_void_when_an_adopted_policy_changed_since(strict: Gate) -> None:
    held = strict.hold(middle(strict), declaration=ABROAD)
    strict.policies.replace(f"{STRICT}.yaml", "version: '1'", "version: '2'")
    with pytest.raises(RefusedError, match="the policy"):
        strict.approve(held, "anna")


def test_a_request_is_judged_again_by_what_was_declared_for_it(strict: Gate) -> None:
    held = strict.hold(middle(strict), declaration=ABROAD)
    assert strict.request(held).declaration == ABROAD
    strict.approve(held, "anna")
    assert strict.approve(held, "bob").state == "cleared"


def test_the_same_data_declared_otherwise_is_another_release(strict: Gate) -> None:
    strict.policies.write_policy([precision("precision", 5000, ">=", "warning")], name=STRICT, scope=FROM_US)
    first = strict.hold(middle(strict), declaration=ABROAD)
    assert strict.hold(middle(strict), declaration=ABROAD) == first
    assert strict.hold(middle(strict), declaration=replace(ABROAD, data=(DataKind.POSITIONS,))) != first


def test_a_rule_applies_only_to_the_releases_that_it_says(gate: Gate) -> None:
    sale = {"transactions": ["sale"], "unless_consent": True}
    gate.policies.write_policy([*RULES, with_meta(precision("sold", 5000, ">="), when=sale)])
    path = middle(gate)
    sold = Declaration(transaction=Transaction.SALE)
    assert gate.screen(path, declaration=sold).decision is Decision.DENY
    assert gate.screen(path).decision is Decision.DENY
    assert gate.screen(path, declaration=replace(sold, consent=False)).decision is Decision.DENY
    for excused in (Declaration(transaction=Transaction.RESEARCH), replace(sold, consent=True)):
        verdict = gate.screen(path, declaration=excused)
        assert verdict.decision is Decision.HOLD
        assert [passed.rule for passed in verdict.basis.passed_over] == ["sold"]


def test_a_disabled_rule_is_not_asked_and_the_verdict_says_so(gate: Gate) -> None:
    unsure = with_meta(precision("unsure", 5000, ">="), status="disabled", confidence="M-H")
    sure = [with_meta(each, confidence="F1") for each in RULES]
    columns_too = with_meta(gate_columns(), confidence="F1")
    gate.policies.write_policy([*sure, unsure, columns_too], min_confidence="F2")
    verdict = gate.screen(middle(gate))
    assert verdict.decision is Decision.HOLD
    assert [(each.rule, each.why) for each in verdict.basis.passed_over] == [
        ("unsure", "disabled: its source is M-H, the policy wants F2")
    ]


def test_a_rule_less_sure_than_the_policy_wants_has_to_be_disabled(gate: Gate) -> None:
    sure = [with_meta(each, confidence="F1") for each in (*RULES, gate_columns())]
    gate.policies.write_policy(
        [*sure, with_meta(precision("unsure", 5000, ">="), confidence="M-H")], min_confidence="F2"
    )
    with pytest.raises(PolicyError, match=r"test.yaml:\d+: expectations\[5\].meta.confidence: M-H is less sure"):
        gate.screen(middle(gate))


def test_a_rule_in_shadow_notes_until_its_last_day_and_denies_from_the_next(gate: Gate) -> None:
    shadow = with_meta(precision("new", 5000, ">="), status="shadow", shadow_until=date(2026, 5, 31))
    gate.policies.write_policy([*RULES, shadow])
    path = middle(gate)
    gate.now = at("2026-05-31 23:59")
    verdict = gate.screen(path)
    assert verdict.decision is Decision.HOLD
    (note,) = [finding for finding in verdict.findings if finding.rule == "new"]
    assert note.effect is Effect.NOTE
    assert note.summary.startswith("in shadow until 2026-05-31, would deny: positions are as fine as")
    gate.now = at("2026-06-01 00:00")
    assert gate.screen(path).decision is Decision.DENY


def test_rules_in_shadow_alone_clear_nothing(gate: Gate) -> None:
    shadow = {"status": "shadow", "shadow_until": date(2999, 1, 1)}
    gate.policies.write_policy([with_meta(gate_columns(), **shadow)])
    with pytest.raises(PolicyError, match="no rule denies or holds by expect_columns_to_be_declared"):
        gate.screen(stage("GeoJSON", gate.staged, COARSE))


def test_the_fine_is_denied_whatever_is_declared(strict: Gate) -> None:
    path = stage("GeoJSON", strict.staged, FINE)
    said = Declaration(origins=("FR",), subjects=(Subjects.NONE,), consent=True, transaction=Transaction.PUBLICATION)
    assert strict.screen(path, declaration=said).decision is Decision.DENY


def test_an_adopted_policy_that_there_is_not_stops_the_gate(strict: Gate) -> None:
    strict.policies.adopt(STRICT, "missing")
    with pytest.raises(PolicyError, match=r"adopted.yaml:\d+: adopted\[1\].policy: there is no policy 'missing'"):
        strict.screen(middle(strict))


def gate_columns() -> dict[str, object]:
    from gating.place import columns

    return columns()


RASTER = "images"


def image(gate: Gate) -> Path:
    """Stage an image of four bytes a side, with pixels of 30 m."""
    path = gate.staged / "image.tif"
    profile = {"driver": "GTiff", "width": 4, "height": 4, "count": 1, "dtype": "uint8", "crs": "EPSG:25832"}
    with rasterio.open(path, "w", transform=rasterio.Affine(30, 0, 500_000, 0, -30, 5_700_000), **profile) as file:
        file.write(np.full((1, 4, 4), 7, np.uint8))
    return path


def distance(name: str, gsd_m: float, severity: str = "critical") -> dict[str, object]:
    kind = "expect_ground_sample_distance_no_finer_than"
    return rule(name, kind, severity, gsd_m=gsd_m, operator=">=")


def test_a_policy_that_is_adopted_too_lets_no_further_kind_of_layer_leave(gate: Gate) -> None:
    path = image(gate)
    gate.policies.write_policy([distance("gsd", 10)], name=RASTER, kinds=["raster"], scope={"origins": ["DE"]})
    assert gate.screen(path, policy=RASTER).decision is Decision.CLEAR
    gate.policies.adopt(RASTER)
    verdict = gate.screen(path)
    assert "gate/kind-not-covered" in {finding.rule for finding in verdict.findings}
    assert gate.screen(path, policy=RASTER).decision is Decision.CLEAR
    gate.policies.adopt("test", RASTER)
    assert gate.screen(path, policy=RASTER).decision is Decision.DENY


def test_a_law_that_applies_and_asks_nothing_of_a_kind_of_layer_denies_it(strict: Gate) -> None:
    both = [precision("precision", 5000, ">="), distance("gsd", 10)]
    strict.policies.write_policy(both, name=RASTER, kinds=["vector", "raster"])
    silent = strict.screen(image(strict), policy=RASTER, declaration=AT_HOME)
    assert {finding.rule for finding in silent.findings} == {"gate/silent-policy"}
    assert strict.screen(image(strict), policy=RASTER, declaration=ABROAD).decision is Decision.CLEAR
    strict.policies.write_policy([*both, zones()], name=STRICT, scope=FROM_US, kinds=["vector"])
    assert strict.screen(image(strict), policy=RASTER, declaration=AT_HOME).decision is Decision.CLEAR


def test_a_named_policy_that_does_not_apply_leaves_no_others_to_judge_in_its_place(gate: Gate) -> None:
    path = stage("CSV", gate.staged)
    gate.policies.write_policy(list(RULES), name=STRICT, scope=FROM_US)
    gate.policies.adopt("test")
    assert gate.screen(path, policy=STRICT, declaration=AT_HOME).decision is Decision.CLEAR
    verdict = gate.screen(path, policy=STRICT, declaration=ABROAD)
    assert {finding.rule for finding in verdict.findings} == {"gate/named-policy-out"}
    gate.policies.adopt(STRICT)
    assert gate.screen(path, declaration=ABROAD).decision is Decision.CLEAR


def test_kinds_are_those_of_the_named_policy_also_where_it_has_a_scope(gate: Gate) -> None:
    both = [precision("precision", 1, ">="), distance("gsd", 10), zones()]
    gate.policies.write_policy(both, kinds=["vector", "raster"])
    gate.policies.adopt("test")
    gate.policies.write_policy(both, kinds=["vector", "raster"], name=RASTER, scope={"origins": ["DE"]})
    assert gate.screen(image(gate), policy=RASTER).decision is Decision.CLEAR
    gate.policies.write_policy(both, kinds=["vector"], name=RASTER, scope={"origins": ["DE"]})
    denied = gate.screen(image(gate), policy=RASTER)
    assert {finding.rule for finding in denied.findings} == {"gate/kind-not-covered"}


@pytest.mark.parametrize("name", ["adopted.yml", "Adopted.yaml", "adopted.YAML", "law.yml", "Recipients.yaml"])
def test_a_file_that_would_be_passed_over_stops_the_gate(gate: Gate, name: str) -> None:
    path = middle(gate)
    gate.policies.file(name).write_text("adopted: []\n")
    with pytest.raises(PolicyError, match="would be passed over"):
        gate.screen(path)


@pytest.mark.parametrize("target", ["missing.yaml", "adopted.yaml"])
def test_a_list_of_adopted_policies_that_cannot_be_reached_stops_the_gate(gate: Gate, target: str) -> None:
    path = middle(gate)
    gate.policies.file("adopted.yaml").symlink_to(target)
    with pytest.raises(PolicyError, match="cannot be read"):
        gate.screen(path)


@pytest.mark.parametrize("meta", [{"status": "shadow", "shadow_until": date(2999, 1, 1)}, {}])
def test_a_rule_that_only_notes_does_not_look_at_a_kind_of_layer(gate: Gate, meta: dict[str, object]) -> None:
    looked = distance("gsd", 10, "critical" if meta else "info")
    gate.policies.write_policy([RULES[0], with_meta(looked, **meta)], kinds=["vector", "raster"])
    verdict = gate.screen(image(gate))
    assert verdict.decision is Decision.DENY
    assert "gate/kind-not-covered" in {finding.rule for finding in verdict.findings}


def test_a_rule_in_shadow_does_not_answer_for_one_that_decides(gate: Gate) -> None:
    """Where both cannot be measured, there is no answer, which denies; and not a note, nor a hold."""
    shadow = with_meta(precision("same", 5000, ">=", "info"), status="shadow", shadow_until=date(2999, 1, 1))
    gate.policies.write_policy([shadow])
    gate.policies.write_policy([precision("same", 5000, ">=", "info")], name=STRICT)
    gate.policies.adopt(STRICT)
    path = gate.staged / "derived.csv"
    path.write_text("name,lon,lat\nx,8.3,95.0\n")
    silent = [f for f in gate.screen(path).findings if f.rule == "gate/no-answer"]
    assert any("strict/same" in finding.summary for finding in silent)
