"""The rule about times at its limit, and what it may say about columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from judging import CIRCUMSTANCES
from pydantic import ValidationError

from geogate.measures.clocks import STEPS
from geogate.measures.measure import MeasureId
from geogate.measures.time_steps import CLASSES, ColumnTimes, TimeResolution, TimeSteps
from geogate.rules.time_resolution import TimeParams, TimeResolutionAllowed

if TYPE_CHECKING:
    from geogate.rules.rule import Judgement

ID = TimeSteps().id
RULE = TimeResolutionAllowed()


def column(*places: int, name: str = "t", kind: Any = "time", unread: int = 0) -> ColumnTimes:
    counts = [0] * CLASSES
    for place in places:
        counts[place] += 1
    return ColumnTimes(name=name, kind=kind, counts=tuple(counts), nulls=0, unread=unread)


def params(step_seconds: float = 60, *, operator: Any = ">=", columns: Any = "any") -> TimeParams:
    return TimeParams(columns=columns, step_seconds=step_seconds, operator=operator)


def judge(given: TimeParams, *columns: ColumnTimes) -> Judgement:
    return RULE.judge(given, {ID: TimeResolution(columns=columns)}, CIRCUMSTANCES)


@pytest.mark.parametrize("place", range(CLASSES - 1))
def test_the_operator_decides_at_the_limit_itself(place: int) -> None:
    step_seconds = float(STEPS[place][1] / 1e9)
    assert not judge(params(step_seconds), column(place)).problems
    assert judge(params(step_seconds, operator=">"), column(place)).problems
    assert not judge(params(step_seconds, operator=">"), column(place + 1)).problems
    assert judge(params(step_seconds * 1.001), column(place)).problems


def test_one_fine_moment_among_many_is_found_and_counted() -> None:
    (problem,) = judge(params(), column(*[7] * 1000, 5, 3, name="a"), column(9, name="b"), column(6, name="c")).problems
    assert (problem.measured, problem.limit, problem.unit) == ("0.01", "60", "s")
    assert problem.summary == "times are as fine as 10 ms in a, c"
    assert [(count.what, count.value) for count in problem.counts] == [
        ("columns with finer times", 2),
        ("times on 10 ms", 1),
        ("times on 1 s", 1),
        ("times on 10 s", 1),
    ]


def test_names_that_could_be_values_are_not_repeated() -> None:
    (problem,) = judge(params(), column(5, name="POINT (11.05 53.77)"), column(5, name="a.b")).problems
    assert problem.summary == "times are as fine as 1 s"


def test_fields_within_a_listed_column_are_judged_and_others_not() -> None:
    given = params(columns=("a",))
    assert judge(given, column(5, name="a.b")).problems
    assert judge(given, column(5, name="a[]")).problems
    assert not judge(given, column(7, name="a"), column(5, name="ab")).problems


def test_texts_that_are_no_times_are_a_problem_in_listed_columns_only() -> None:
    texts = column(9, kind="text", unread=3)
    assert not judge(params(), texts).problems
    (problem,) = judge(params(columns=("t",)), texts).problems
    assert problem.counts[0].value == 3


def test_a_layer_without_times_passes_unless_columns_are_listed() -> None:
    assert judge(params()).observed == "no times"
    assert not judge(params()).problems
    assert len(judge(params(columns=("a", "b"))).problems) == 2
    assert RULE.judge(params(columns=("a",)), {ID: TimeSteps().empty()}, CIRCUMSTANCES).problems


def test_the_rule_is_settled_as_soon_as_a_moment_is_too_fine() -> None:
    for columns, settled in (((), False), ((column(7),), False), ((column(7), column(6)), True)):
        assert RULE.settled(params(), {ID: TimeResolution(columns=columns)}) is settled
    assert not RULE.settled(params(columns=("other",)), {ID: TimeResolution(columns=(column(0),))})


@pytest.mark.parametrize(
    "wrong",
    [
        {"step_seconds": 86_401.0},
        {"step_seconds": 0.0},
        {"step_seconds": 86_400.0, "operator": ">"},
        {"columns": ()},
        {"columns": ("a", "a")},
        {"columns": "all"},
    ],
)
def test_parameters_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TimeParams.model_validate({"columns": "any", "step_seconds": 60.0, "operator": ">="} | wrong)


def test_other_measurements_are_an_error() -> None:
    with pytest.raises(TypeError):
        RULE.judge(params(), {MeasureId(ID): 3}, CIRCUMSTANCES)
