"""From outcomes to the verdict: worst wins, and silence, noise and emptiness deny."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from judging import BASIS, case_of, policy_of, registered_rule, summary

from geogate.model.finding import Count, Effect, Finding, Outcome, Problem, Severity
from geogate.model.names import LayerName, RuleId, Sha256
from geogate.model.verdict import Decision
from geogate.policy.decide import decide, gate_finding, no_answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.model.verdict import LayerSummary, Verdict
    from geogate.policy.policy import Policy, PolicyRule

PROBLEM = Problem(summary="too fine", remedy="round", measured="1", operator=">=", limit="100", unit="m")


def rule(rule_id: str, severity: Severity = Severity.CRITICAL, step_m: float = 1.0) -> PolicyRule:
    found = registered_rule("expect_coordinates_no_finer_than", rule_id, step_m=step_m, operator=">=")
    return replace(found, severity=severity)


def outcome(rule_id: str, layer: str, *problems: Problem) -> Outcome:
    return Outcome(rule=RuleId(rule_id), layer=LayerName(layer), observed="seen", problems=problems)


POLICY = policy_of(rule("one"), rule("two", Severity.WARNING, 2.0), rule("three", Severity.INFO, 3.0))
ALL = [outcome(each, layer) for layer in ("a", "b") for each in ("one", "two", "three")]
LAYERS = [summary("a"), summary("b")]


def verdict(
    outcomes: Sequence[Outcome] = ALL,
    *,
    policy: Policy = POLICY,
    layers: Sequence[LayerSummary] = LAYERS,
    gate: Sequence[Finding] = (),
) -> Verdict:
    return decide(case_of(policy), policy=policy, layers=layers, outcomes=outcomes, gate_findings=gate)


def with_problem(rule_id: str, *, layer: str = "a") -> list[Outcome]:
    wanted = (rule_id, layer)
    return [replace(each, problems=(PROBLEM,)) if (each.rule, each.layer) == wanted else each for each in ALL]


def test_every_rule_satisfied_on_every_layer_clears() -> None:
    found = verdict()
    assert (found.decision, found.findings) == (Decision.CLEAR, ())
    assert len(found.checks) == 6
    assert all(check.satisfied for check in found.checks)


@pytest.mark.parametrize(
    ("rule_id", "decision", "effect"),
    [
        ("one", Decision.DENY, Effect.DENY),
        ("two", Decision.HOLD, Effect.HOLD),
        ("three", Decision.CLEAR, Effect.NOTE),
    ],
)
def test_severity_gives_the_effect(rule_id: str, decision: Decision, effect: Effect) -> None:
    found = verdict(with_problem(rule_id))
    assert found.decision is decision
    assert [finding.effect for finding in found.findings] == [effect]


def test_the_worst_effect_wins_and_stands_first() -> None:
    outcomes = [replace(each, problems=(PROBLEM,)) for each in ALL]
    found = verdict(outcomes)
    assert found.decision is Decision.DENY
    assert [finding.effect for finding in found.findings] == [Effect.DENY] * 2 + [Effect.HOLD] * 2 + [Effect.NOTE] * 2


def test_the_check_of_a_rule_that_found_a_problem_is_not_satisfied() -> None:
    checks = verdict(with_problem("one")).checks
    assert [(check.rule, check.layer) for check in checks if not check.satisfied] == [("one", "a")]


def test_a_finding_carries_what_the_rule_measured_and_what_the_policy_says() -> None:
    problem = replace(PROBLEM, counts=(Count(what="vertices", value=3),))
    (finding,) = verdict([outcome("one", "a", problem), *ALL[1:]]).findings
    assert finding == Finding(
        rule=RuleId("one"),
        layer=LayerName("a"),
        effect=Effect.DENY,
        summary="too fine",
        remedy="round; do as the policy says",
        measured="1",
        operator=">=",
        limit="100",
        unit="m",
        counts=(Count(what="vertices", value=3),),
        legal_basis=(BASIS,),
    )


def test_a_rule_without_an_answer_on_one_layer_denies_and_is_named() -> None:
    found = verdict(ALL[:-1])
    assert found.decision is Decision.DENY
    assert [(finding.rule, finding.layer) for finding in found.findings] == [("gate/no-answer", "b")]
    assert found.findings[0].summary == "no answer from three: there is not exactly one answer"


def test_two_answers_of_one_rule_on_one_layer_deny() -> None:
    found = verdict([*ALL, ALL[0]])
    assert found.decision is Decision.DENY
    assert [finding.rule for finding in found.findings] == ["gate/no-answer"]


@pytest.mark.parametrize("stranger", [outcome("four", "a"), outcome("one", "c")])
def test_an_answer_that_nobody_asked_for_denies(stranger: Outcome) -> None:
    found = verdict([*ALL, stranger])
    assert found.decision is Decision.DENY
    assert [finding.rule for finding in found.findings] == ["gate/unexpected-answer"]


def test_no_layers_deny() -> None:
    found = verdict([], layers=[])
    assert (found.decision, found.findings[0].rule) == (Decision.DENY, "gate/no-layers")


def test_no_rules_deny() -> None:
    found = verdict([], policy=policy_of())
    assert (found.decision, found.findings[0].rule) == (Decision.DENY, "gate/no-rules")


def test_a_layer_without_rows_denies() -> None:
    found = verdict(layers=[summary("a"), summary("b", rows=0)])
    assert [(finding.rule, finding.layer) for finding in found.findings] == [("gate/empty", "b")]
    assert found.decision is Decision.DENY


def test_a_layer_that_the_gate_denies_has_that_reason_and_no_other() -> None:
    unreadable = gate_finding("unreadable", layer=LayerName("b"), summary="cut short", remedy="export again")
    found = verdict(ALL[:3], layers=[summary("a"), summary("b", rows=0)], gate=[unreadable])
    assert found.findings == (unreadable,)
    assert found.decision is Decision.DENY


def test_what_the_gate_found_on_one_layer_excuses_no_silence_on_another() -> None:
    unreadable = gate_finding("unreadable", layer=LayerName("b"), summary="cut short", remedy="export again")
    found = verdict(ALL[:2], gate=[unreadable])
    assert [(finding.rule, finding.layer) for finding in found.findings] == [
        ("gate/no-answer", "a"),
        ("gate/unreadable", "b"),
    ]


def test_a_finding_of_the_gate_always_denies_whatever_effect_it_claims() -> None:
    mild = replace(no_answer(LayerName("a"), rules=[RuleId("one")], reason="x"), effect=Effect.NOTE)
    assert verdict(gate=[mild]).decision is Decision.DENY


def test_the_name_of_a_gate_finding_is_a_plain_word() -> None:
    with pytest.raises(ValueError, match="plain word"):
        gate_finding("No Answer", summary="", remedy="")


def test_a_case_of_another_policy_is_refused() -> None:
    other = replace(POLICY, digest=Sha256("f" * 64))
    with pytest.raises(ValueError, match="another policy"):
        decide(case_of(POLICY), policy=other, layers=LAYERS, outcomes=ALL, gate_findings=())


def test_a_check_that_is_not_satisfied_and_has_no_finding_denies() -> None:
    whole = verdict()
    checks = (replace(whole.checks[0], satisfied=False), *whole.checks[1:])
    assert replace(whole, checks=checks).decision is Decision.DENY


def test_a_verdict_about_nothing_denies() -> None:
    whole = verdict()
    assert replace(whole, rules=(), layers=(), checks=()).decision is Decision.DENY
    assert replace(whole, layers=(), checks=()).decision is Decision.DENY
    assert replace(whole, rules=(), checks=()).decision is Decision.DENY


def test_a_verdict_repeats_its_case() -> None:
    case, found = case_of(POLICY), verdict()
    assert (found.subject, found.basis, found.destination) == (case.subject, case.basis, case.destination)
    assert found.rules == ("one", "two", "three")
