"""Reading results strictly: every way in which a result could lie is no answer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from suite_rules import use

from geogate.model.document import canonical_json
from geogate.model.finding import Problem
from geogate.model.names import LayerName
from geogate.suites.expectation import Answer
from geogate.suites.strict import InconsistentError, exceptions_of, read_result, require_consistent

if TYPE_CHECKING:
    from geogate.model.finding import Finding, Outcome
    from geogate.policy.policy import PolicyRule

# isort: split
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.expectations.metadata_types import FailureSeverity

RULE = use("one")
ASKED = {"id-1": RULE}
CLEAN = {"raised_exception": False, "exception_traceback": None, "exception_message": None}
RAISED = {"raised_exception": True, "exception_traceback": "x", "exception_message": "POINT (1 2)"}
PASSED = Answer(observed="3 counted", problems=(), unmeasured=())
FAILED = Answer(observed="9 counted", problems=(Problem(summary="too many", remedy="fewer"),), unmeasured=())


def one(answer: Answer = PASSED, **changes: Any) -> ExpectationValidationResult:
    config = {"type": RULE.expectation, "kwargs": {"batch_id": "b", "most": 5, "what": "rows"}, "id": "id-1"}
    config |= changes.pop("config", {})
    severity = config.pop("severity", FailureSeverity.CRITICAL)
    result = {"observed_value": answer.observed, "details": {"answer": canonical_json(answer)}}
    arguments = {"success": answer.success, "result": result, "exception_info": CLEAN} | changes
    configuration = ExpectationConfiguration(severity=severity, **config)
    return ExpectationValidationResult(expectation_config=configuration, **arguments)


def read(
    *results: ExpectationValidationResult, asked: dict[str, PolicyRule] = ASKED
) -> tuple[tuple[Outcome, ...], tuple[Finding, ...]]:
    return read_result(SimpleNamespace(results=list(results)), layer=LayerName("a"), asked=asked)


def silent(result: ExpectationValidationResult) -> str:
    outcomes, (finding,) = read(result)
    assert outcomes == ()
    assert (finding.rule, finding.layer) == ("gate/no-answer", "a")
    return finding.summary.removeprefix("no answer from one: ")


def test_a_good_result_is_an_outcome() -> None:
    assert [outcome.problems for outcome in read(one())[0]] == [()]
    assert [outcome.problems for outcome in read(one(FAILED))[0]] == [FAILED.problems]


@pytest.mark.parametrize("success", [False, None, 1, "False", float("nan"), 0, "yes"])
def test_success_that_is_not_the_answer_s_own_is_no_answer(success: object) -> None:
    assert silent(one(success=success)) == "the answer contradicts the result"


@pytest.mark.parametrize("success", [True, None, 1, "True"])
def test_success_in_spite_of_problems_is_no_answer(success: object) -> None:
    assert silent(one(FAILED, success=success)) == "the answer contradicts the result"


@pytest.mark.parametrize(
    "info",
    [
        RAISED,
        {"('metric', 1)": RAISED},
        {"m1": CLEAN, "m2": RAISED},
        {"m1": "text"},
        {"raised_exception": None},
        {"raised_exception": 0},
        {"raised_exception": "False"},
    ],
)
def test_an_exception_in_either_shape_is_no_answer_and_its_text_is_not_repeated(info: dict[str, Any]) -> None:
    assert silent(one(exception_info=info)) == "it ended with an exception"


def test_a_missing_word_about_exceptions_is_an_exception() -> None:
    absent: tuple[object, ...] = (None, {}, [], "no")
    for info in absent:
        assert exceptions_of(info) == [{}]


def test_the_class_of_an_exception_is_named_where_geogate_wrote_the_message() -> None:
    named = RAISED | {"exception_message": "it raised ValueError"}
    assert silent(one(exception_info=named)) == "it raised ValueError"
    forged = RAISED | {"exception_message": "it raised POINT (1 2)"}
    assert silent(one(exception_info=forged)) == "it ended with an exception"


@pytest.mark.parametrize(
    "config",
    [
        {"type": "expect_test_idle"},
        {"kwargs": {"batch_id": "b", "most": 6, "what": "rows"}},
        {"kwargs": {"batch_id": "b", "most": 5}},
        {"kwargs": {"batch_id": "b", "most": 5, "what": "rows", "mostly": 0.5}},
        {"severity": FailureSeverity.INFO},
    ],
)
def test_a_result_of_another_rule_is_no_answer(config: dict[str, Any]) -> None:
    assert silent(one(config=config)) == "the result is of another rule, or of other parameters"


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"observed_value": "3 counted"},
        {"observed_value": "3 counted", "details": None},
        {"observed_value": "3 counted", "details": {"answer": None}},
        {"observed_value": "3 counted", "details": {"answer": "{}"}},
        {"observed_value": "3 counted", "details": {"answer": '{"observed":"3 counted","problems":[]}'}},
        {"observed_value": "3 counted", "details": {"answer": canonical_json(PASSED).replace("}", ',"x":1}')}},
    ],
)
def test_an_answer_that_cannot_be_read_is_no_answer(result: dict[str, Any]) -> None:
    assert silent(one(result=result)) == "the answer cannot be read"


def test_an_answer_that_says_something_else_than_the_result_is_no_answer() -> None:
    result = {"observed_value": "2 counted", "details": {"answer": canonical_json(PASSED)}}
    assert silent(one(result=result)) == "the answer contradicts the result"


def test_a_rule_that_was_not_judged_gives_its_reasons() -> None:
    answer = Answer(observed="not measurable", problems=(), unmeasured=("row 1", "row 2"))
    assert silent(one(answer)) == "row 1; row 2"


def test_the_results_must_be_those_of_the_expectations_one_to_one() -> None:
    for results, asked in (
        ([], ASKED),
        ([one(), one()], ASKED),
        ([one(config={"id": "id-2"})], ASKED),
        ([one(config={"id": None})], ASKED),
        ([one()], ASKED | {"id-2": use("two", most=6)}),
        ([one()], {}),
    ):
        with pytest.raises(InconsistentError, match="one to one"):
            read(*results, asked=asked)


def suite_result(*results: ExpectationValidationResult, success: object = True, name: str = "s") -> Any:
    return ExpectationSuiteValidationResult(success=success, results=list(results), suite_name=name)


def test_a_consistent_result_is_accepted_whatever_it_says() -> None:
    require_consistent(suite_result(one()), suite="s")
    require_consistent(suite_result(one(FAILED), success=False), suite="s")


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (suite_result(one(), name="other"), "another suite"),
        (suite_result(one(FAILED)), "contradicts"),
        (suite_result(one(success="False")), "contradicts"),
        (suite_result(one(), success=1), "contradicts"),
        (suite_result(one(), success=False), "contradicts"),
    ],
)
def test_a_result_that_contradicts_itself_is_refused(result: Any, message: str) -> None:
    with pytest.raises(InconsistentError, match=message):
        require_consistent(result, suite="s")


def test_an_answer_succeeds_only_if_the_rule_spoke_and_found_no_problem() -> None:
    problem = Problem(summary="too many", remedy="fewer")
    assert Answer(observed="x", problems=(), unmeasured=()).success is True
    assert Answer(observed="x", problems=(problem,), unmeasured=()).success is False
    assert Answer(observed="x", problems=(), unmeasured=("row 1",)).success is False
