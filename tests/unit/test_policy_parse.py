"""Policy files: the good one is read whole, and every bad one is refused with file, line and key."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from geogate.model.dataset import Encoding, Format
from geogate.model.errors import PolicyError
from geogate.model.finding import Effect, Severity
from geogate.policy.parse import parse_policy
from geogate.rules.registry import parameter_models

if TYPE_CHECKING:
    from geogate.policy.policy import Policy

BASELINE = Path(__file__).parents[2] / "expectations" / "baseline.yaml"

GOOD = """\
name: good
meta:
  title: Good
  jurisdiction: [DE, NO]
  as_of: 2026-11-01
  version: "1"
  description: For tests.
  encoding: canonical
  shapefile_as: GeoPackage
  reviewers: 2
  review_days: 14
  clearance_hours: 24
expectations:
  - type: expect_coordinates_no_finer_than
    kwargs: {step_m: 100, operator: ">="}
    severity: critical
    meta:
      rule: precision
      legal_basis:
        - {section: art. 1, source: the act, as_of: 2026-01-01}
      remedy: round
"""

COLUMNS = """\
  - type: expect_columns_to_be_declared
    kwargs: {columns: [], undeclared: harmless}
    severity: warning
    meta: {rule: columns, remedy: drop them, legal_basis: [{section: none, source: a test, as_of: 2026-01-01}]}
"""
"""What every policy needs; the tests put it behind what they are about."""


def parse(text: str, file: str = "good.yaml") -> Policy:
    return parse_as_it_is(text + COLUMNS, file)


def parse_as_it_is(text: str, file: str = "good.yaml") -> Policy:
    return parse_policy(text.encode(), file=file, rules=parameter_models())


def refused(text: str, message: str, file: str = "good.yaml") -> None:
    refused_as_it_is(text + COLUMNS, message, file)


def refused_as_it_is(text: str, message: str, file: str = "good.yaml") -> None:
    with pytest.raises(PolicyError) as error:
        parse_as_it_is(text, file)
    assert str(error.value).startswith(message), str(error.value)


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def test_a_policy_is_read_whole() -> None:
    policy = parse(GOOD)
    assert (policy.name, policy.title, policy.version, policy.as_of) == ("good", "Good", "1", date(2026, 11, 1))
    assert (policy.encoding, policy.shapefile_as) == (Encoding.CANONICAL, Format.GEOPACKAGE)
    assert (policy.reviewers, policy.review_days, policy.clearance_hours) == (2, 14, 24)
    rule, columns = policy.rules
    assert columns.expectation == "expect_columns_to_be_declared"
    assert (rule.id, rule.severity, rule.effect) == ("precision", Severity.CRITICAL, Effect.DENY)
    assert rule.params_json == '{"step_m":100.0,"operator":">="}'
    assert (rule.legal_basis[0].section, rule.legal_basis[0].as_of) == ("art. 1", date(2026, 1, 1))


def test_norway_is_a_country_and_not_false() -> None:
    assert parse(GOOD).jurisdiction == ("DE", "NO")


def test_a_policy_is_identified_by_the_digest_of_its_bytes() -> None:
    assert parse(GOOD).digest == hashlib.sha256((GOOD + COLUMNS).encode()).hexdigest()
    assert parse(GOOD + "# a comment\n").digest != parse(GOOD).digest


def test_the_baseline_is_valid_and_has_a_legal_basis_for_each_rule() -> None:
    policy = parse_policy(BASELINE.read_bytes(), file="baseline.yaml", rules=parameter_models())
    assert {rule.severity for rule in policy.rules} == {Severity.CRITICAL, Severity.WARNING}
    assert {rule.expectation for rule in policy.rules} <= set(parameter_models())
    assert all(rule.legal_basis and rule.remedy for rule in policy.rules)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: good", "name: better", "good.yaml:1: name: the policy and its file have different names"),
        ("name: good", "Name: good", "good.yaml:1: Name: unknown key (did you mean 'name'?)"),
        ("  title: Good\n", "", "good.yaml:2: meta.title: the key is missing"),
        (
            "  title: Good\n",
            "  title: Good\n  titel: Good\n",
            "good.yaml:4: meta.titel: unknown key (did you mean 'title'?)",
        ),
        ("  title: Good\n", "  title: Good\n  title: Bad\n", "good.yaml:4: meta.title: the key stands twice"),
        ("[DE, NO]", "[DE, XX]", "good.yaml:4: meta.jurisdiction[1]: there is no country 'XX'"),
        ("[DE, NO]", "[]", "good.yaml:4: meta.jurisdiction: List should have at least 1 item"),
        ("[DE, NO]", "DE", "good.yaml:4: meta.jurisdiction: Input should be a valid array"),
        ("as_of: 2026-11-01", "as_of: yesterday", "good.yaml:5: meta.as_of: a day is written as YYYY-MM-DD"),
        ('version: "1"', "version: 1", "good.yaml:6: meta.version: Input should be a valid string"),
        (
            "encoding: canonical",
            "encoding: raw",
            "good.yaml:8: meta.encoding: Input should be 'canonical' or 'verbatim'",
        ),
        ("shapefile_as: GeoPackage", "shapefile_as: CSV", "good.yaml:9: meta.shapefile_as: Input should be"),
        ("reviewers: 2", "reviewers: 0", "good.yaml:10: meta.reviewers: Input should be greater than or equal to 1"),
        ("reviewers: 2", 'reviewers: "2"', "good.yaml:10: meta.reviewers: Input should be a valid integer"),
        ("reviewers: 2", "reviewers: true", "good.yaml:10: meta.reviewers: Input should be a valid integer"),
        ("reviewers: 2", "reviewers: 2.5", "good.yaml:10: meta.reviewers: Input should be a valid integer"),
        ("review_days: 14", "review_days: 0", "good.yaml:11: meta.review_days: Input should be greater"),
        ("clearance_hours: 24", "clearance_hours: 721", "good.yaml:12: meta.clearance_hours: Input should be less"),
        (
            "type: expect_coordinates_no_finer_than",
            "type: expect_coordinates_no_finer_then",
            "good.yaml:14: expectations[0].type: there is no rule 'expect_coordinates_no_finer_then' (did you mean",
        ),
        (
            "type: expect_coordinates_no_finer_than",
            "type: expect_table_row_count_to_equal",
            "good.yaml:14: expectations[0].type: there is no rule",
        ),
        ("step_m: 100", 'step_m: "100"', "good.yaml:15: expectations[0].kwargs.step_m: Input should be a valid number"),
        ("step_m: 100", "step_m: true", "good.yaml:15: expectations[0].kwargs.step_m: Input should be a valid number"),
        ("step_m: 100", "step_m: .nan", "good.yaml:15: expectations[0].kwargs.step_m: not a plain number"),
        ("step_m: 100", "step_m: -.inf", "good.yaml:15: expectations[0].kwargs.step_m: not a plain number"),
        ("step_m: 100", "step_m: 1e400", "good.yaml:15: expectations[0].kwargs.step_m: not a plain number"),
        ("step_m: 100", "step_m: 0x64", "good.yaml:15: expectations[0].kwargs.step_m: not a plain number"),
        ("step_m: 100", "step_m: 1_00", "good.yaml:15: expectations[0].kwargs.step_m: not a plain number"),
        ("step_m: 100", "step_m: ~", "good.yaml:15: expectations[0].kwargs.step_m: there is no value"),
        ("step_m: 100", "step_m: 0", "good.yaml:15: expectations[0].kwargs.step_m: Input should be greater than 0"),
        ("step_m: 100, ", "", "good.yaml:15: expectations[0].kwargs.step_m: the key is missing"),
        (
            "step_m: 100",
            "step_m: 100, steps: 1",
            "good.yaml:15: expectations[0].kwargs.steps: unknown key (did you mean 'step_m'?)",
        ),
        (
            "step_m: 100",
            "step_m: {$PARAMETER: x}",
            "good.yaml:15: expectations[0].kwargs.step_m: Input should be a valid number",
        ),
        (
            'operator: ">="',
            'operator: "<"',
            "good.yaml:15: expectations[0].kwargs.operator: Input should be '>=' or '>'",
        ),
        (
            'kwargs: {step_m: 100, operator: ">="}',
            "kwargs: [100]",
            "good.yaml:15: expectations[0].kwargs: Input should be an object",
        ),
        (
            '    kwargs: {step_m: 100, operator: ">="}\n',
            "",
            "good.yaml:14: expectations[0].kwargs: the key is missing",
        ),
        (
            "severity: critical",
            "severity: Critical",
            "good.yaml:16: expectations[0].severity: Input should be 'critical'",
        ),
        ("severity: critical", "severty: critical", "good.yaml:16: expectations[0].severty: unknown key"),
        ("    severity: critical\n", "", "good.yaml:14: expectations[0].severity: the key is missing"),
        ("rule: precision", "rule: gate/precision", "good.yaml:18: expectations[0].meta.rule: String should match"),
        ("rule: precision", "rule: Precision", "good.yaml:18: expectations[0].meta.rule: String should match"),
        (
            "      legal_basis:\n        - {section: art. 1, source: the act, as_of: 2026-01-01}\n",
            "",
            "good.yaml:17: expectations[0].meta.legal_basis: the key is missing",
        ),
        (
            "legal_basis:\n        - {section: art. 1, source: the act, as_of: 2026-01-01}\n",
            "legal_basis: []\n",
            "good.yaml:19: expectations[0].meta.legal_basis: List should have at least 1 item",
        ),
        ("section: art. 1", "section: ''", "good.yaml:20: expectations[0].meta.legal_basis[0].section: String should"),
        ("      remedy: round\n", "", "good.yaml:17: expectations[0].meta.remedy: the key is missing"),
    ],
)
def test_one_wrong_value_refuses_the_file_with_its_line_and_key(old: str, new: str, message: str) -> None:
    refused(changed(old, new), message)


def test_a_policy_without_expectations_is_refused() -> None:
    head = GOOD[: GOOD.index("expectations:")]
    refused_as_it_is(head + "expectations: []\n", "good.yaml:13: expectations: List should have at least 1 item")
    refused_as_it_is(head + "expectations:\n", "good.yaml:13: expectations: there is no value")
    refused_as_it_is(head, "good.yaml:1: expectations: the key is missing")


def test_a_policy_without_a_rule_about_columns_is_refused_with_one_to_paste() -> None:
    with pytest.raises(PolicyError, match="no rule denies or holds by expect_columns_to_be_declared") as error:
        parse_as_it_is(GOOD)
    assert "good.yaml" in str(error.value)
    _, _, example = error.value.hint.partition("\n")
    assert parse_as_it_is(GOOD + example + "\n").rules[-1].expectation == "expect_columns_to_be_declared"


def test_a_note_about_columns_is_not_enough() -> None:
    refused_as_it_is(GOOD + COLUMNS.replace("warning", "info"), "good.yaml:13: expectations: no rule denies or holds")
    assert parse_as_it_is(GOOD + COLUMNS.replace("warning", "critical")).rules


@pytest.mark.parametrize("severity", ["critical", "info"])
def test_two_rules_with_one_id_are_refused(severity: str) -> None:
    second = GOOD[GOOD.index("  - type:") :].replace("step_m: 100", "step_m: 200")
    second = second.replace("severity: critical", f"severity: {severity}")
    refused(GOOD + second, "good.yaml:26: expectations[1].meta.rule: expectation 0 has this id already")


def test_a_rule_that_repeats_another_is_refused_because_great_expectations_would_drop_one() -> None:
    second = GOOD[GOOD.index("  - type:") :].replace("rule: precision", "rule: again").replace("100,", "100.0,")
    refused(GOOD + second, "good.yaml:23: expectations[1].kwargs: rule precision asks for the same already")


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ("min_rows: 5, max_rows: 4", "good.yaml:15: expectations[0].kwargs: min_rows is more than max_rows"),
        ("min_rows: 0, max_rows: 4", "good.yaml:15: expectations[0].kwargs.min_rows: Input should be greater"),
    ],
)
def test_contradictory_parameters_are_refused(kwargs: str, message: str) -> None:
    rest = (
        "columns: any, crs: any, max_share_without_geometry: 0, geometry_kinds: any, z_allowed: true, m_allowed: true"
    )
    text = changed('{step_m: 100, operator: ">="}', f"{{{kwargs}, {rest}}}").replace(
        "expect_coordinates_no_finer_than", "expect_layer_inventory"
    )
    refused(text, message)
