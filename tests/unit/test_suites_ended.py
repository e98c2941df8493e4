"""Answers about a layer that was not read to its end: they deny, or they do not count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from judging import CIRCUMSTANCES, case_of, summary
from suite_rules import RULES, UNMEASURED, Certain, Hasty, Most, Shaky, layer, policy, use

from geogate.model.verdict import Decision, Verdict
from geogate.policy.decide import decide
from geogate.suites.judge import SuiteAnswer, judge_layers

if TYPE_CHECKING:
    from geogate.policy.policy import PolicyRule


def judged(*rules: PolicyRule, complete: bool = False, **facts: object) -> SuiteAnswer:
    found = layer("a.csv", complete=complete, **facts)
    return judge_layers(policy(*rules), [found], circumstances=CIRCUMSTANCES, zone_lists={}, rules=RULES)


def verdict(*rules: PolicyRule, complete: bool = False) -> Verdict:
    answer = judged(*rules, complete=complete, rows=3)
    chosen = policy(*rules)
    return decide(
        case_of(chosen),
        policy=chosen,
        layers=[summary("a.csv", rows=3)],
        outcomes=answer.outcomes,
        gate_findings=answer.findings,
    )


def test_a_denial_that_no_row_can_change_counts_and_says_at_least() -> None:
    (outcome,) = judged(use("one", kind=Certain, most=2), rows=3).outcomes
    assert (outcome.observed, outcome.problems[0].summary) == ("at least 3 counted", "at least: too many")


@pytest.mark.parametrize(
    "rule",
    [
        use("satisfied", kind=Certain, most=3),
        use("settled-and-satisfied", kind=Hasty, most=3),
        use("never-settled", kind=Most, most=2),
        use("cannot-say", kind=Shaky, most=2),
        use("warning", kind=Certain, most=2),
    ],
)
def test_anything_else_is_no_answer_and_denies(rule: PolicyRule) -> None:
    assert judged(rule, rows=3).outcomes == ()
    found = verdict(rule)
    assert found.decision is Decision.DENY
    assert [finding.rule for finding in found.findings] == ["gate/no-answer"]


def test_what_could_not_be_measured_is_no_answer() -> None:
    answer = judged(use("one", kind=Certain, most=2), rows=3, values={"rows": UNMEASURED})
    assert answer.outcomes == ()
    assert [finding.rule for finding in answer.findings] == ["gate/no-answer"]


def test_a_complete_pass_is_heard_as_it_is() -> None:
    (outcome,) = judged(use("one", kind=Certain, most=2), complete=True, rows=3).outcomes
    assert outcome.problems[0].summary == "too many"
    assert verdict(use("one", kind=Certain, most=3), complete=True).decision is Decision.CLEAR


def test_satisfied_rules_beside_a_certain_denial_do_not_count_as_satisfied() -> None:
    found = verdict(use("one", kind=Certain, most=2), use("two", kind=Certain, most=3))
    assert found.decision is Decision.DENY
    assert [(check.rule, check.satisfied) for check in found.checks] == [("one", False)]
    assert {str(finding.rule) for finding in found.findings} == {"one", "gate/no-answer"}
