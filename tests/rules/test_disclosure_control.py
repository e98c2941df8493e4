"""The rules on tables, contributors, species, regions and cells of ground: parameters, limits, and what they say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import shapely
from judging import CIRCUMSTANCES, batch_of
from pydantic import ValidationError

from geogate.measures import table_recovery
from geogate.measures.measure import MeasureId, UnmeasurableError
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from geogate.rules.rule import Judgement, Params, Rule

SMALL: dict[str, Any] = {
    "columns": ["n"], "minimum": 10, "operator": ">=", "zero_allowed": False, "rounding_base": 0, "suppressed": ["*"],
    "column_required": True,
}  # fmt: skip
TABLE: dict[str, Any] = {
    "group_columns": ["a"], "value_columns": ["f", "m", "all"], "total_column": "all", "total_labels": ["Total"],
    "count_columns": [], "suppressed": ["*"], "at_least": 2,
}  # fmt: skip
DOMINANCE: dict[str, Any] = {
    "figures": {"value": "v", "contributor": "who", "groups": ["g"]},
    "largest_share": {"n": 2, "share": 0.9, "operator": "<="},
    "remaining_share": {"share": 0.1, "operator": ">="},
}
LARGEST = {"largest": "a", "second": "b", "total": "t", "suppressed": []}
SPECIES: dict[str, Any] = {
    "column": "c", "categories": [{"name": "1", "labels": ["1"], "decimals": 2}], "decimals_operator": "<=",
    "step_operator": ">=",
}  # fmt: skip
REGION: dict[str, Any] = {
    "columns": ["zip"], "digits": 3, "population": 20000, "operator": ">", "too_small": ["036"], "instead": "000",
    "column_required": True,
}  # fmt: skip
CELLS: dict[str, Any] = {"cell": {"size_m": 1000.0}, "subject_column": "id", "subjects": 3, "operator": ">="}

USES = {
    "expect_no_small_cells": SMALL,
    "expect_suppression_to_be_complementary": TABLE,
    "expect_no_dominant_contributors": DOMINANCE,
    "expect_decimals_by_category": SPECIES,
    "expect_region_population_above": REGION,
    "expect_each_cell_to_have_subjects": CELLS,
}


def use(expectation: str, **changes: Any) -> tuple[Rule[Any], Params]:
    rule = registered()[expectation]
    return rule, rule.params.model_validate_json(json.dumps(USES[expectation] | changes))


def judge(expectation: str, columns: dict[str, Any], geometries: list[Any] | None = None, **changes: Any) -> Judgement:
    crs = changes.pop("crs", "EPSG:4326")
    rule, params = use(expectation, **changes)
    (measure,) = rule.measures(params, {})
    rows = len(next(iter(columns.values())))
    batch = batch_of([shapely.Point(8, 47)] * rows if geometries is None else geometries, columns=columns, crs=crs)
    return rule.judge(params, {measure.id: measure.of(batch)}, CIRCUMSTANCES)


WRONG = [
    ("expect_no_small_cells", {"columns": []}),
    ("expect_no_small_cells", {"minimum": 0}),
    ("expect_no_small_cells", {"operator": "<"}),
    ("expect_no_small_cells", {"suppressed": ["0"]}),
    ("expect_no_small_cells", {"suppressed": ["1e3"]}),
    ("expect_no_small_cells", {"suppressed": [" *"]}),
    ("expect_no_small_cells", {"rounding_base": -5}),
    ("expect_suppression_to_be_complementary", {"group_columns": []}),
    ("expect_suppression_to_be_complementary", {"value_columns": []}),
    ("expect_suppression_to_be_complementary", {"value_columns": ["all"]}),
    ("expect_suppression_to_be_complementary", {"total_column": "sum"}),
    ("expect_suppression_to_be_complementary", {"total_column": "", "total_labels": []}),
    ("expect_suppression_to_be_complementary", {"group_columns": ["f"]}),
    ("expect_suppression_to_be_complementary", {"at_least": 1}),
    ("expect_no_dominant_contributors", {"largest_share": "any", "remaining_share": "any"}),
    ("expect_no_dominant_contributors", {"largest_share": "none"}),
    ("expect_no_dominant_contributors", {"figures": {"value": "v", "contributor": "v", "groups": []}}),
    ("expect_no_dominant_contributors", {"figures": LARGEST | {"second": "a"}}),
    ("expect_no_dominant_contributors", {"figures": LARGEST | {"value": "v"}}),
    (
        "expect_no_dominant_contributors",
        {"figures": LARGEST, "largest_share": {"n": 3, "share": 0.9, "operator": "<="}},
    ),
    ("expect_no_dominant_contributors", {"largest_share": {"n": 2, "share": 1.0, "operator": "<="}}),
    ("expect_decimals_by_category", {"categories": []}),
    ("expect_decimals_by_category", {"categories": [{"name": "1", "labels": ["1"]}]}),
    ("expect_decimals_by_category", {"categories": [{"name": "1", "labels": ["1"], "withhold": True, "decimals": 1}]}),
    ("expect_decimals_by_category", {"categories": [{"name": "1", "labels": ["1"], "exact": True, "step_m": 1}]}),
    (
        "expect_decimals_by_category",
        {"categories": [{"name": "1", "labels": ["x"], "exact": True}, {"name": "2", "labels": [" X"], "exact": True}]},
    ),
    ("expect_region_population_above", {"too_small": ["36"]}),
    ("expect_region_population_above", {"too_small": ["036", "036"]}),
    ("expect_region_population_above", {"too_small": []}),
    ("expect_region_population_above", {"too_small": ["000"]}),
    ("expect_region_population_above", {"instead": "00"}),
    ("expect_each_cell_to_have_subjects", {"subjects": 1}),
    ("expect_each_cell_to_have_subjects", {"cell": {"size_m": 0.5}}),
    ("expect_each_cell_to_have_subjects", {"cell": {"geohash": 10}}),
    ("expect_each_cell_to_have_subjects", {"cell": {"geohash": 5, "size_m": 10}}),
]


@pytest.mark.parametrize(("expectation", "changes"), WRONG)
def test_parameters_that_make_no_sense_are_refused(expectation: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        use(expectation, **changes)


@pytest.mark.parametrize("expectation", USES)
def test_other_measurements_are_an_error_and_no_rows_are_not_fine(expectation: str) -> None:
    rule, params = use(expectation)
    (measure,) = rule.measures(params, {})
    assert rule.zone_lists(params) == ()
    with pytest.raises(TypeError):
        rule.judge(params, {MeasureId(measure.id): 3}, CIRCUMSTANCES)
    assert rule.judge(params, {measure.id: measure.empty()}, CIRCUMSTANCES).problems


@pytest.mark.parametrize(
    ("expectation", "columns"),
    [
        ("expect_suppression_to_be_complementary", {"a": ["x"], "f": [10], "m": [10], "all": [20]}),
        ("expect_no_dominant_contributors", {"g": ["x"] * 4, "who": ["p", "q", "r", "s"], "v": [1, 1, 1, 1]}),
    ],
)
def test_what_the_ledger_keeps_cannot_be_taken_for_an_empty_table(expectation: str, columns: dict[str, Any]) -> None:
    rule, params = use(expectation)
    measure: Any = rule.measures(params, {})[0]
    found = measure.of(batch_of([shapely.Point(8, 47)] * len(next(iter(columns.values()))), columns=columns))
    assert not rule.judge(params, {measure.id: found}, CIRCUMSTANCES).problems
    with pytest.raises(UnmeasurableError, match="not kept"):
        rule.judge(params, {measure.id: found.kept()}, CIRCUMSTANCES)


@pytest.mark.parametrize(("operator", "count", "problems"), [(">=", 10, 0), (">=", 9, 1), (">", 10, 1), (">", 11, 0)])
def test_the_operator_decides_at_the_least_count(operator: str, count: int, problems: int) -> None:
    assert len(judge("expect_no_small_cells", {"n": [count, 20]}, operator=operator).problems) == problems


def test_negative_counts_and_fractions_are_too_few() -> None:
    (problem,) = judge("expect_no_small_cells", {"n": [-20, 0.5, 0, 12]}, zero_allowed=True).problems
    assert (problem.measured, problem.limit, problem.unit) == ("2", "0", "cells")
    (problem,) = judge("expect_no_small_cells", {"n": [-20, 0.5, 0, 12]}).problems
    assert [(each.what, each.value) for each in problem.counts] == [
        ("cells that are not >= 10", 2),
        ("cells of zero", 1),
    ]


def test_small_cells_are_settled_as_soon_as_one_is_found_and_a_missing_column_never() -> None:
    rule, params = use("expect_no_small_cells")
    measure: Any = rule.measures(params, {})[0]
    for columns, settled in (({"n": [10]}, False), ({"n": [10, 9]}, True), ({"m": [1, 1]}, False)):
        found = measure.of(batch_of([None] * len(next(iter(columns.values()))), columns=columns))
        assert rule.settled(params, {measure.id: found}) is settled


def test_codes_are_settled_as_soon_as_one_is_not_allowed() -> None:
    rule, params = use("expect_region_population_above")
    measure: Any = rule.measures(params, {})[0]
    for codes, settled in ((["100"], False), (["100", "036"], True)):
        assert (
            rule.settled(params, {measure.id: measure.of(batch_of([None] * len(codes), columns={"zip": codes}))})
            is settled
        )


@pytest.mark.parametrize(("at_least", "problems"), [(2, 0), (3, 1)])
def test_as_many_cells_as_the_policy_asks_for_protect_each_other(at_least: int, problems: int) -> None:
    columns = {"a": ["x", "y", "z", "Total"], "f": ["*", "*", "15", "45"], "m": ["20", "25", "30", "75"]}
    columns["all"] = ["", "", "45", "120"]
    found = judge("expect_suppression_to_be_complementary", columns, at_least=at_least)
    assert len([each for each in found.problems if "published total" in each.summary]) == problems
    assert found.observed == "4 of 12 cells suppressed, 7 sums"


def test_more_suppressed_cells_than_are_solved_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cube with all corners suppressed: each cell stands in three sums."""
    labels = [(a, b) for a in ("0", "1", "Total") for b in ("0", "1", "Total")]
    inner = [["*" if "Total" not in label else "40" for label in labels] for _ in range(2)]
    columns = {"a": [a for a, _ in labels], "b": [b for _, b in labels], "f": inner[0], "m": inner[1]}
    columns["all"] = ["80"] * len(labels)
    assert not judge("expect_suppression_to_be_complementary", columns, group_columns=["a", "b"]).problems
    monkeypatch.setattr(table_recovery, "MOST_UNKNOWNS", 7)
    (problem,) = judge("expect_suppression_to_be_complementary", columns, group_columns=["a", "b"]).problems
    assert problem.summary.startswith("8 suppressed cells hang together by sums")


def test_names_of_columns_that_could_be_values_are_not_repeated() -> None:
    (problem, *_) = judge("expect_suppression_to_be_complementary", {"x": [1]}, group_columns=["POINT (8 47)"]).problems
    assert "POINT" not in str(problem)
    assert problem.counts[0].value == 4


def shares(*values: float, **changes: Any) -> list[str]:
    columns = {"g": ["x"] * len(values), "who": [f"w{place}" for place in range(len(values))], "v": list(values)}
    return [problem.summary for problem in judge("expect_no_dominant_contributors", columns, **changes).problems]


@pytest.mark.parametrize(
    ("values", "too_much", "too_little"),
    [
        ((60, 30, 10), False, False),
        ((60, 30.000001, 10), True, False),
        ((60, 30, 9.999999), True, False),
        ((0.6, 0.3, 0.1), False, False),
        ((100, 50, 10), True, False),
        ((100, 50, 9.999999), True, True),
        ((100,), True, True),
        ((50, 50), True, True),
        ((1, 1, 1), False, False),
    ],
)
def test_both_rules_of_dominance_at_their_limits(values: tuple[float, ...], too_much: bool, too_little: bool) -> None:  # noqa: FBT001
    found = shares(*values)
    assert any("give too much" in each for each in found) is too_much
    assert any("give too little" in each for each in found) is too_little


def test_operators_of_dominance_decide_at_the_limit_itself() -> None:
    assert shares(60, 30, 10, largest_share={"n": 2, "share": 0.9, "operator": "<"})
    assert not shares(60, 30, 10, largest_share={"n": 2, "share": 0.9, "operator": "<="}, remaining_share="any")
    assert shares(100, 50, 10, largest_share="any", remaining_share={"share": 0.1, "operator": ">"})
    assert not shares(100, 50, 10, largest_share="any", remaining_share={"share": 0.1, "operator": ">="})
    assert shares(60, 30, 10, largest_share={"n": 3, "share": 0.99, "operator": "<="})


def test_one_contributor_with_several_rows_is_one() -> None:
    columns = {"g": ["x"] * 4, "who": ["p", "p", "p", "q"], "v": [10, 10, 10, 10]}
    assert judge("expect_no_dominant_contributors", columns).problems
    columns["who"] = ["p", None, None, None]
    assert judge("expect_no_dominant_contributors", columns).problems


@pytest.mark.parametrize(("operator", "decimals", "problems"), [("<=", 2, 0), ("<=", 3, 1), ("<", 2, 1), ("<", 1, 0)])
def test_the_operator_decides_at_the_most_decimals(operator: str, decimals: int, problems: int) -> None:
    position = shapely.Point(8, 47 + 10**-decimals)
    found = judge("expect_decimals_by_category", {"c": ["1"]}, [position], decimals_operator=operator)
    assert len(found.problems) == problems


@pytest.mark.parametrize(
    ("operator", "step", "problems"), [(">=", 100, 0), (">=", 10, 1), (">", 100, 1), (">", 1000, 0)]
)
def test_the_operator_decides_at_the_finest_step(operator: str, step: int, problems: int) -> None:
    """World Mercator on the equator, where a metre of the system is one of the ground."""
    categories = [{"name": "1", "labels": ["1"], "step_m": 100.0}]
    places = [shapely.Point(step * place, 0) for place in (0, 1, 3)]
    found = judge(
        "expect_decimals_by_category",
        {"c": ["1"] * 3},
        places,
        crs="EPSG:3395",
        categories=categories,
        step_operator=operator,
    )
    assert len(found.problems) == problems


def test_decimals_of_metres_are_not_taken_for_those_of_degrees() -> None:
    (problem,) = judge(
        "expect_decimals_by_category", {"c": ["1"]}, [shapely.Point(440000, 5270000)], crs="EPSG:32632"
    ).problems
    assert "not in degrees" in problem.summary
    (problem,) = judge("expect_decimals_by_category", {"c": ["1"]}, [shapely.Point(52, 6)], crs="EPSG:4807").problems
    assert "not in degrees" in problem.summary


def test_positions_that_are_not_finite_are_a_problem_of_their_category() -> None:
    places = [shapely.Point(8, 47), shapely.LineString([(8, 47), (float("inf"), 47)])]
    (problem,) = judge("expect_decimals_by_category", {"c": ["1", "1"]}, places).problems
    assert "not finite" in problem.summary


@pytest.mark.parametrize(("operator", "subjects", "problems"), [(">=", 3, 0), (">=", 2, 1), (">", 3, 1), (">", 4, 0)])
def test_the_operator_decides_at_the_fewest_subjects(operator: str, subjects: int, problems: int) -> None:
    columns = {"id": [f"s{place}" for place in range(subjects)] * 2}
    assert len(judge("expect_each_cell_to_have_subjects", columns, operator=operator).problems) == problems


def test_subjects_that_were_counted_up_to_another_number_are_not_judged() -> None:
    rule, params = use("expect_each_cell_to_have_subjects")
    _, others = use("expect_each_cell_to_have_subjects", subjects=4)
    found: Any = rule.measures(others, {})[0].empty()
    with pytest.raises(TypeError, match="another number"):
        rule.judge(params, {rule.measures(params, {})[0].id: found}, CIRCUMSTANCES)


def test_what_is_kept_of_cells_of_ground_can_still_be_judged() -> None:
    rule, params = use("expect_each_cell_to_have_subjects")
    measure: Any = rule.measures(params, {})[0]
    found = measure.of(batch_of([shapely.Point(8, 47)], columns={"id": ["a"]}))
    assert rule.judge(params, {measure.id: found.kept()}, CIRCUMSTANCES) == rule.judge(
        params, {measure.id: found}, CIRCUMSTANCES
    )


def test_rules_say_what_they_demand_in_a_sentence() -> None:
    said = {name: rule.sentence(params) for name in USES for rule, params in [use(name)]}
    assert said["expect_no_small_cells"].startswith(
        "Each count must be at least 10, or suppressed; zero is not allowed."
    )
    assert "all is the sum of the other columns" in said["expect_suppression_to_be_complementary"]
    assert "the 2 largest must give at most 90 % of it, and all but" in said["expect_no_dominant_contributors"]
    assert "1 (1): at most 2 decimals of degrees" in said["expect_decimals_by_category"]


@pytest.mark.parametrize(
    ("expectation", "stricter"),
    [
        ("expect_no_small_cells", {"minimum": 11}),
        ("expect_no_small_cells", {"operator": ">"}),
        ("expect_no_small_cells", {"suppressed": []}),
        ("expect_suppression_to_be_complementary", {"at_least": 3}),
        ("expect_each_cell_to_have_subjects", {"subjects": 4}),
    ],
)
def test_stricter_uses_of_a_rule_imply_looser_ones(expectation: str, stricter: dict[str, Any]) -> None:
    rule, params = use(expectation)
    _, more = use(expectation, **stricter)
    assert rule.implies(more, params)
    assert not rule.implies(params, more)


def test_what_allows_zero_implies_nothing_that_does_not() -> None:
    rule, params = use("expect_no_small_cells")
    _, looser = use("expect_no_small_cells", zero_allowed=True)
    assert rule.implies(params, looser)
    assert not rule.implies(looser, params)
    _, others = use("expect_no_small_cells", columns=["n", "m"])
    assert not rule.implies(others, params)
