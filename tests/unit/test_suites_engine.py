"""The wrapped rules as expectations, and what the engine refuses."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from judging import CIRCUMSTANCES, registered_rule
from suite_rules import RULES, Counting, FactsPass, Most, Total, layer

from geogate.measures.measure import MeasureId, Unmeasured
from geogate.model.names import LayerName
from geogate.rules.registry import registered
from geogate.suites.engine import ROWS, ExportBatch, GeogateExecutionEngine
from geogate.suites.expectation import expectation_class, expectation_name, sentence_of
from geogate.suites.gx import great_expectations, new_context
from geogate.suites.subject import LayerUnderTest, Subject

# isort: split
from great_expectations.compatibility.pydantic import ValidationError
from great_expectations.exceptions.exceptions import BuildBatchRequestError, ExecutionEngineError
from great_expectations.expectations.registry import get_expectation_impl, get_renderer_impl
from great_expectations.expectations.row_conditions import Column

SUBJECT = Subject(layer=layer(), circumstances=CIRCUMSTANCES, measures={})


@pytest.fixture
def asset() -> Any:
    return new_context().data_sources.add_geogate_export(name="export").add_geo_export_asset(name="layers")


@pytest.mark.parametrize("expectation", registered())
def test_every_registered_rule_is_an_expectation_of_its_name_with_its_parameters(expectation: str) -> None:
    rule = registered()[expectation]
    made = expectation_class(rule)
    assert get_expectation_impl(expectation) is made
    assert made.__name__ == expectation_name(expectation)
    assert set(rule.params.model_fields) <= set(made.__fields__)
    assert made.__doc__ == type(rule).__doc__
    assert expectation_class(rule) is made


def test_the_name_of_a_class_follows_from_the_type() -> None:
    assert expectation_name("expect_coordinates_no_finer_than") == "ExpectCoordinatesNoFinerThan"


@pytest.mark.parametrize(
    "kwargs",
    [
        {"most": "5", "what": "x"},
        {"most": True, "what": "x"},
        {"most": 5},
        {"most": None, "what": "x"},
        {"most": float("nan"), "what": "x"},
        {"most": {"$PARAMETER": "most"}, "what": "x"},
        {"most": 5, "what": "x", "mostly": 0.5},
        {"most": 5, "what": "x", "row_condition": "a > 1"},
        {"most": 5, "what": "x", "severity": "Critical"},
    ],
)
def test_an_expectation_takes_its_parameters_as_strictly_as_a_policy(kwargs: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        expectation_class(Most())(**kwargs)


def test_an_expectation_says_what_it_expects() -> None:
    use = registered_rule("expect_coordinates_no_finer_than", step_m=100, operator=">=")
    config = expectation_class(registered()[use.expectation])(**use.params.model_dump()).configuration
    assert (
        sentence_of(config) == "Positions tell places apart no finer than the policy allows (step_m 100, operator >=)"
    )
    _, prescribe = get_renderer_impl(use.expectation, "renderer.prescriptive")
    (content,) = prescribe(configuration=config)
    assert content.to_json_dict()["string_template"]["params"]["sentence"] == sentence_of(config)


def test_a_list_of_tables_in_the_parameters_is_written_out() -> None:
    params = {"countries": ["DE"], "regions": [], "owner_limits": [{"countries": ["RU"], "share": 0.5}]}
    rule = registered()["expect_destination_to_be_allowed"]
    config = expectation_class(rule)(**params, contract_required=True, contract_min_days_left=30).configuration
    assert "regions none, owner_limits countries RU share 0.5, contract_required True" in sentence_of(config)


@pytest.mark.parametrize("run_id", ["", "A", "a/b", "../a", "a" * 81, "ü"])
def test_a_run_id_that_could_not_be_a_file_name_is_refused_before_the_run(asset: Any, run_id: str) -> None:
    with pytest.raises(BuildBatchRequestError):
        asset.offer(run_id, SUBJECT)


def test_a_run_id_is_used_once(asset: Any) -> None:
    asset.offer("a", SUBJECT)
    with pytest.raises(BuildBatchRequestError):
        asset.offer("a", SUBJECT)


@pytest.mark.parametrize("options", [None, {}, {"run_id": "b"}, {"run_id": "a", "path": "x"}, {"path": "a"}])
def test_only_an_offered_layer_can_be_asked_for(asset: Any, options: dict[str, str] | None) -> None:
    asset.offer("a", SUBJECT)
    assert asset.build_batch_request({"run_id": "a"})
    with pytest.raises(BuildBatchRequestError):
        asset.build_batch_request(options)
    with pytest.raises(BuildBatchRequestError):
        asset.build_batch_request({"run_id": "a"}, partitioner=object())


@pytest.mark.parametrize(
    "domain", [{}, {"batch_id": None}, {"batch_id": "x", "row_condition": "a > 1"}, {"table": "t"}]
)
def test_a_domain_is_a_whole_layer(domain: dict[str, object]) -> None:
    with pytest.raises(ExecutionEngineError):
        GeogateExecutionEngine().get_domain_records(domain)
    with pytest.raises(ExecutionEngineError):
        GeogateExecutionEngine().get_compute_domain(domain, "table")


def test_row_conditions_are_refused() -> None:
    with pytest.raises(ExecutionEngineError, match="whole layer"):
        GeogateExecutionEngine().condition_to_filter_clause(Column("a") > 1)


def test_the_expectations_run_on_the_engine_of_geogate_only() -> None:
    expectation = expectation_class(Most())(most=1, what="x")
    with pytest.raises(TypeError, match="geogate's execution engine"):
        expectation.get_validation_dependencies(execution_engine=None)


def test_the_suite_is_of_a_version_that_was_tested() -> None:
    major, minor, *_ = map(int, great_expectations.__version__.split(".")[:2])
    assert (1, 8) <= (major, minor) < (1, 25)
    assert set(RULES) > {"expect_test_most"}


def test_a_measure_that_is_asked_for_after_the_pass_gets_no_second_pass() -> None:
    run = FactsPass()
    subject = Subject(
        layer=LayerUnderTest(name=LayerName("a"), run=run),
        circumstances=CIRCUMSTANCES,
        measures={("x", ""): (Counting("x"),), ("y", ""): (Counting("y"),)},
    )
    batch = ExportBatch(GeogateExecutionEngine(), subject)
    assert batch.answer([ROWS, MeasureId("x")]) == {ROWS: 3, "x": Total(number=3)}
    assert batch.answer([MeasureId("y")]) == {"y": Unmeasured(reason="the pass did not answer")}
    assert (run.passes, batch.passes) == (1, 1)


def test_a_batch_is_the_layer_that_was_offered(asset: Any) -> None:
    asset.offer("a", SUBJECT)
    request = asset.build_batch_request({"run_id": "a"})
    assert asset.get_batch_identifiers_list(request) == [{"run_id": "a"}]
    assert asset.get_batch(request).data.subject is SUBJECT
    assert asset.get_batch_parameters_keys() == ("run_id",)


def test_an_observed_value_is_escaped_where_the_library_would_not() -> None:
    _, render = get_renderer_impl("expect_layer_inventory", "renderer.diagnostic.observed_value")
    result = SimpleNamespace(result={"observed_value": "<script>"})
    assert render(result=result) == "&lt;script&gt;"
    assert render(result=SimpleNamespace(result={})) == "--"


class Misnamed(Most):
    """Has a name that the library would write in another way."""

    expectation = "expect__test"


def test_a_rule_that_the_library_would_call_otherwise_is_refused() -> None:
    with pytest.raises(ValueError, match="would call expect__test expect_test"):
        expectation_class(Misnamed())


def test_data_sources_have_nothing_to_connect_to(asset: Any) -> None:
    asset.test_connection()
    asset.datasource.test_connection()
