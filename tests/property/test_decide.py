"""Decisions under all combinations: more findings never help, order never matters, silence never clears."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import assume, given
from hypothesis import strategies as st
from judging import case_of, policy_of, registered_rule, summary

from geogate.model.finding import Effect, Finding, Outcome, Problem, Severity
from geogate.model.names import LayerName, RuleId
from geogate.model.verdict import Decision, Verdict
from geogate.policy.decide import decide, gate_finding

if TYPE_CHECKING:
    from random import Random

    from geogate.policy.policy import Policy

    Trial = tuple[Policy, int, list[Outcome], list[Finding]]

SCALE = [Decision.CLEAR, Decision.HOLD, Decision.DENY]

problems = st.sampled_from("abc").map(lambda text: Problem(summary=text, remedy=""))
gate = st.builds(
    lambda name, layer, effect: replace(
        gate_finding(name, layer=LayerName(layer), summary="", remedy=""), effect=effect
    ),
    st.sampled_from(["unreadable", "no-reference"]),
    st.sampled_from(["", "0", "1"]),
    st.sampled_from(Effect),
)


@st.composite
def trials(draw: st.DrawFn) -> Trial:
    severities = draw(st.lists(st.sampled_from(Severity), min_size=1, max_size=3))
    rules = [
        replace(
            registered_rule("expect_coordinates_no_finer_than", f"r{i}", step_m=float(i + 1), operator=">="),
            severity=each,
        )
        for i, each in enumerate(severities)
    ]
    layers = draw(st.integers(1, 3))
    outcomes = [
        Outcome(
            rule=RuleId(f"r{rule}"),
            layer=LayerName(str(layer)),
            observed="",
            problems=tuple(draw(st.lists(problems, max_size=1))),
        )
        for rule in range(len(rules))
        for layer in range(layers)
    ]
    return policy_of(*rules), layers, outcomes, draw(st.lists(gate, max_size=1))


def judged(policy: Policy, layers: int, outcomes: list[Outcome], findings: list[Finding]) -> Verdict:
    summaries = [summary(str(layer)) for layer in range(layers)]
    return decide(case_of(policy), policy=policy, layers=summaries, outcomes=outcomes, gate_findings=findings)


def rank(verdict: Verdict) -> int:
    return SCALE.index(verdict.decision)


@given(trials(), st.data())
def test_one_more_problem_never_makes_the_decision_milder(trial: Trial, data: st.DataObject) -> None:
    policy, layers, outcomes, findings = trial
    before = judged(policy, layers, outcomes, findings)
    index = data.draw(st.integers(0, len(outcomes) - 1))
    worse = replace(outcomes[index], problems=(*outcomes[index].problems, data.draw(problems)))
    after = judged(policy, layers, [*outcomes[:index], worse, *outcomes[index + 1 :]], findings)
    assert rank(after) >= rank(before)


@given(trials(), gate)
def test_any_finding_of_the_gate_denies(trial: Trial, finding: Finding) -> None:
    policy, layers, outcomes, findings = trial
    assert judged(policy, layers, outcomes, [*findings, finding]).decision is Decision.DENY


@given(trials(), st.randoms(use_true_random=False))
def test_the_verdict_does_not_depend_on_the_order_in_which_answers_come(trial: Trial, random: Random) -> None:
    policy, layers, outcomes, findings = trial
    shuffled, turned = list(outcomes), list(findings)
    random.shuffle(shuffled)
    random.shuffle(turned)
    assert judged(policy, layers, shuffled, turned) == judged(policy, layers, outcomes, findings)


@given(trials(), st.data())
def test_removing_any_answer_denies(trial: Trial, data: st.DataObject) -> None:
    policy, layers, outcomes, findings = trial
    index = data.draw(st.integers(0, len(outcomes) - 1))
    found = judged(policy, layers, outcomes[:index] + outcomes[index + 1 :], findings)
    assert found.decision is Decision.DENY
    assert any(finding.effect is Effect.DENY for finding in found.findings)


@given(trials(), st.data())
def test_removing_any_check_from_a_verdict_denies(trial: Trial, data: st.DataObject) -> None:
    found = judged(*trial)
    index = data.draw(st.integers(0, len(found.checks) - 1))
    assert replace(found, checks=found.checks[:index] + found.checks[index + 1 :]).decision is Decision.DENY


@given(trials())
def test_a_verdict_clears_only_when_nothing_worse_than_a_note_was_found(trial: Trial) -> None:
    policy, _, outcomes, findings = trial
    severities = {rule.id: rule.severity for rule in policy.rules}
    broken = {severities[outcome.rule] for outcome in outcomes if outcome.problems}
    expected = Decision.CLEAR
    if Severity.WARNING in broken:
        expected = Decision.HOLD
    if Severity.CRITICAL in broken or findings:
        expected = Decision.DENY
    assert judged(*trial).decision is expected


@given(trials())
def test_every_denial_and_every_hold_has_a_finding_that_says_why(trial: Trial) -> None:
    found = judged(*trial)
    assume(found.decision is not Decision.CLEAR)
    effect = Effect.DENY if found.decision is Decision.DENY else Effect.HOLD
    assert any(finding.effect is effect for finding in found.findings)


def spoken_slowly(
    policy: Policy, layers: int, outcomes: list[Outcome]
) -> tuple[set[tuple[RuleId, LayerName]], list[str]]:
    """Find by comparing each with each: which rules did not answer once on which layers, and who spoke out of turn."""
    pairs = [(rule.id, LayerName(str(layer))) for rule in policy.rules for layer in range(layers)]
    silent = {pair for pair in pairs if [(each.rule, each.layer) for each in outcomes].count(pair) != 1}
    return silent, sorted(str(each.rule) for each in outcomes if (each.rule, each.layer) not in pairs)


@given(trials(), st.data())
def test_who_did_not_speak_or_spoke_out_of_turn_is_found_as_by_comparing_each_with_each(
    trial: Trial, data: st.DataObject
) -> None:
    policy, layers, outcomes, _ = trial
    strangers = [
        Outcome(rule=RuleId(rule), layer=LayerName(layer), observed="", problems=())
        for rule, layer in data.draw(
            st.lists(st.tuples(st.sampled_from(["r0", "r9"]), st.sampled_from("03")), max_size=3)
        )
    ]
    heard = data.draw(st.lists(st.sampled_from(outcomes), max_size=9)) + strangers
    found = judged(policy, layers, heard, [])
    silent, strange = spoken_slowly(policy, layers, heard)
    odd = [each for each in found.findings if each.rule == "gate/unexpected-answer"]
    silent = {pair for pair in silent if pair[1] not in {each.layer for each in odd}}
    said = [each for each in found.findings if each.rule == "gate/no-answer"]
    assert {(rule, each.layer) for each in said for rule in _named(each.summary)} == silent
    assert sorted(each.summary.split()[4].rstrip(",") for each in odd) == strange


def _named(summary_: str) -> list[str]:
    return summary_.removeprefix("no answer from ").split(":")[0].split(", ")
