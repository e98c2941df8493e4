"""Judging layers through Great Expectations: one pass, every rule answers, and nothing odd passes."""

from __future__ import annotations

import gc
import logging
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from judging import CIRCUMSTANCES, CountingPass, batch_of, registered_rule, zone_list
from shapely import Point
from suite_rules import (
    RULES,
    SECRET,
    UNMEASURED,
    Broken,
    FactsPass,
    Idle,
    OtherTotal,
    Total,
    Unsure,
    Zoned,
    layer,
    policy,
    use,
)

from geogate.measures.source import UnreadableError
from geogate.model.errors import PolicyError, ServiceError
from geogate.model.names import LayerName, RuleId
from geogate.suites.engine import ExportBatch, GeogateExecutionEngine
from geogate.suites.judge import SuiteAnswer, SuiteRun, _odd, judge_layers, require_whole
from geogate.suites.subject import LayerUnderTest, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.policy.policy import PolicyRule
    from geogate.rules.rule import Rule
    from geogate.zones.zone import ZoneList

# isort: split
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult


def judged(
    rules: list[PolicyRule],
    *layers: LayerUnderTest,
    zone_lists: Mapping[str, ZoneList] | None = None,
    rule_book: Mapping[str, Rule[Any]] | None = RULES,
) -> SuiteAnswer:
    return judge_layers(
        policy(*rules), layers, circumstances=CIRCUMSTANCES, zone_lists=zone_lists or {}, rules=rule_book
    )


def passes(found: LayerUnderTest) -> int:
    assert isinstance(found.run, FactsPass)
    return found.run.passes


def test_each_rule_answers_on_each_layer() -> None:
    answer = judged([use("one", most=5), use("two", most=2)], layer("a", rows=3), layer("b", rows=6))
    found = {(outcome.rule, outcome.layer): bool(outcome.problems) for outcome in answer.outcomes}
    assert found == {("one", "a"): False, ("two", "a"): True, ("one", "b"): True, ("two", "b"): True}
    assert answer.findings == ()
    assert [each.facts.rows for each in answer.layers if each.facts] == [3, 6]


def test_an_outcome_carries_what_the_rule_said() -> None:
    (outcome,) = judged([use("one", most=2)], layer(rows=3)).outcomes
    assert (outcome.observed, outcome.problems[0].summary, outcome.problems[0].remedy) == (
        "3 counted",
        "too many",
        "fewer",
    )


def test_all_rules_of_a_layer_are_answered_from_one_pass() -> None:
    run = CountingPass((batch_of([Point(1, 2), Point(3, 4)]), batch_of([Point(5, 6)])))
    rules = [use("one", what="x"), use("two", what="y"), use("three", what="y", most=7)]
    answer = judged(rules, LayerUnderTest(name=LayerName("a"), run=run))
    assert [sorted(asked) for asked in run.asked] == [["x", "y"]]
    assert {outcome.observed for outcome in answer.outcomes} == {"3 counted"}


def test_a_policy_whose_rules_need_no_measure_still_reads_the_layer_once() -> None:
    found = layer()
    answer = judged([use("one", kind=Idle, what="test")], found)
    assert (passes(found), answer.findings, answer.outcomes[0].observed) == (1, (), "test")


def test_the_registered_rules_judge_real_batches() -> None:
    run = CountingPass((batch_of([Point(8.1, 50.2), Point(8.3, 50.123456)]),))
    rule = registered_rule("expect_coordinates_no_finer_than", step_m=100, operator=">=")
    answer = judged([rule], LayerUnderTest(name=LayerName("a"), run=run), rule_book=None)
    assert answer.outcomes[0].problems[0].unit == "m"


def test_a_layer_that_cannot_be_read_is_a_finding_and_is_not_read_again() -> None:
    error = UnreadableError("the file ends early", remedy="export again")
    bad, good = layer("bad", failure=error), layer("good")
    answer = judged([use("one"), use("two", most=9)], bad, good)
    (finding,) = answer.findings
    assert (finding.rule, finding.layer, finding.summary) == ("gate/unreadable", "bad", "the file ends early")
    assert {outcome.layer for outcome in answer.outcomes} == {"good"}
    assert answer.layers[0].facts is None
    assert passes(bad) == 1


def test_a_layer_that_was_measured_twice_or_never_is_a_finding() -> None:
    subject = Subject(layer=layer("a", rows=3), circumstances=CIRCUMSTANCES, measures={})
    batch = ExportBatch(GeogateExecutionEngine(), subject)
    (never,) = _odd(batch, LayerName("a"))
    batch._measure([])
    assert _odd(batch, LayerName("a")) == ()
    batch._measure([])
    (twice,) = _odd(batch, LayerName("a"))
    assert (never.rule, never.summary) == ("gate/not-measured", "the layer was measured 0 times instead of once")
    assert twice.summary == "the layer was measured 2 times instead of once"


@pytest.mark.parametrize("error", [ServiceError("the disk is full"), OSError("gone"), RuntimeError(SECRET)])
def test_any_other_end_of_a_pass_is_no_verdict_at_all(error: Exception) -> None:
    bad = layer(failure=error)
    with pytest.raises(type(error)) as raised:
        judged([use("one"), use("two", most=9)], bad)
    assert raised.value is error
    assert passes(bad) == 1


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(3)])
def test_an_interruption_is_not_swallowed(error: BaseException) -> None:
    with pytest.raises(type(error)):
        judged([use("one")], layer(failure=error))
    assert gc.get_freeze_count() == 0


def test_a_rule_that_raises_has_not_answered_and_its_text_goes_nowhere(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = judged([use("one"), use("broken", kind=Broken, most=6)], layer())
    (finding,) = answer.findings
    assert finding.rule == "gate/no-answer"
    assert finding.summary == "no answer from broken: it raised ArithmeticError"
    assert [outcome.rule for outcome in answer.outcomes] == ["one"]
    assert SECRET not in str(answer.layers[0].result.to_json_dict())
    assert SECRET not in caplog.text + "".join(capfd.readouterr())


def test_a_rule_that_finds_that_it_cannot_judge_gives_its_reason() -> None:
    answer = judged([use("unsure", kind=Unsure)], layer())
    assert answer.outcomes == ()
    assert answer.findings[0].summary == "no answer from unsure: 3 vertices are nowhere"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"rows": UNMEASURED}, "row 7 is not well-formed"),
        ({}, "the pass did not answer"),
        ({"other": Total(number=1)}, "the pass did not answer"),
        ({"rows": OtherTotal(number=1)}, "the pass answered with a measurement of another kind"),
        ({"rows": 3}, "the pass answered with a measurement of another kind"),
        ({"rows": None}, "the pass answered with a measurement of another kind"),
    ],
)
def test_a_measure_without_a_good_measurement_lets_no_rule_pass(value: dict[str, object], reason: str) -> None:
    rule = use("one", what="rows-of-x")
    values = {"rows-of-x" if name == "rows" else name: each for name, each in value.items()}
    answer = judged([rule, use("idle", kind=Idle, what="test")], layer(values=values))
    assert [finding.summary for finding in answer.findings] == [f"no answer from one: {reason}"]
    assert [outcome.rule for outcome in answer.outcomes] == ["idle"]


def test_two_layers_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="same name"):
        judged([use("one")], layer("a"), layer("a"))


def test_a_missing_zone_list_stops_the_gate() -> None:
    with pytest.raises(PolicyError, match="rule zoned of policy a-policy needs the zone list 'secret'"):
        judged([use("zoned", kind=Zoned, what="secret")], layer())
    assert judged([use("zoned", kind=Zoned, what="z")], layer(), zone_lists={"z": zone_list([])}).findings == ()


def test_a_policy_without_rules_answers_nothing() -> None:
    answer = judged([], layer())
    assert answer.outcomes == ()
    assert [finding.rule for finding in answer.findings] == ["gate/not-measured"]


def test_rules_that_differ_in_their_id_only_both_answer() -> None:
    same = use("one")
    answer = judged([same, replace(same, id=RuleId("again"))], layer())
    assert sorted(outcome.rule for outcome in answer.outcomes) == ["again", "one"]


def test_nothing_is_printed_and_logging_is_as_before(capfd: pytest.CaptureFixture[str]) -> None:
    before = logging.getLogger("great_expectations").level
    judged([use("one")], layer())
    assert capfd.readouterr() == ("", "")
    assert logging.getLogger("great_expectations").level == before


@dataclass
class LostResults:
    """Batches whose validation says that all is well and has nothing to show for it."""

    def get_batch(self, parameters: dict[str, str]) -> LostResults:
        """Find itself."""
        del parameters
        return self

    def validate(self, suite: Any, *, result_format: str) -> object:
        """Succeed."""
        del result_format
        return ExpectationSuiteValidationResult(success=True, results=[], suite_name=suite.name)


def test_a_run_that_lost_its_results_lets_no_rule_pass() -> None:
    chosen = policy(use("one"), use("two", most=9))
    run = replace(SuiteRun.of(chosen, RULES), batches=LostResults())
    answer = run.judge("layer-1", Subject(layer=layer(), circumstances=CIRCUMSTANCES, measures={}))
    assert (answer.outcomes, answer.facts, answer.result) == ((), None, None)
    said = "no answer from one, two: the results are not those of the expectations, one to one"
    assert answer.findings[0].summary == said


@pytest.mark.parametrize("kept", [[], [0], [1, 0], [0, 1, 1], [0, 0]])
def test_a_suite_that_is_not_the_policy_s_rules_in_their_order_is_refused(kept: list[int]) -> None:
    rules = [use("one"), use("two", most=9)]
    made = [SimpleNamespace(expectation_type=rule.expectation, meta={"rule": rule.id}) for rule in rules]
    require_whole(made, policy(*rules))
    with pytest.raises(ValueError, match="changed the suite"):
        require_whole([made[index] for index in kept], policy(*rules))


def test_an_expectation_that_lost_its_meta_is_refused() -> None:
    lost = SimpleNamespace(expectation_type="expect_test_most", meta=None)
    with pytest.raises(ValueError, match="changed the suite"):
        require_whole([lost], policy(use("one")))
