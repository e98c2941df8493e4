"""Which of two uses of a rule is stricter, and which two nothing satisfies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from geogate.policy.lint import Overlap, overlap
from geogate.policy.parse import parse_policy
from geogate.policy.scope import Scope
from geogate.rules.registry import parameter_models, registered
from geogate.rules.words import numbers_of

SHIPPED = Path(__file__).resolve().parents[2] / "expectations"
POLICIES = sorted(path.stem for path in SHIPPED.glob("*.yaml") if path.stem not in {"recipients", "adopted"})

STEP = "expect_coordinates_no_finer_than"
ZONES = "expect_no_position_in_restricted_zones"
PLACE = "expect_destination_to_be_allowed"
NUMBER = "expect_declared_number"
LAYER = "expect_layer_inventory"
DEVICES = "expect_enough_devices_in_zones"
COLUMNS = "expect_columns_to_be_declared"


def params(expectation: str, values: dict[str, Any]) -> Any:
    return registered()[expectation].params.model_validate_json(json.dumps(values))


def implies(expectation: str, one: dict[str, Any], other: dict[str, Any]) -> tuple[bool, bool]:
    rule = registered()[expectation]
    first, second = params(expectation, one), params(expectation, other)
    return rule.implies(first, second), rule.implies(second, first)


def zones(buffer_m: float, features: int, zone_list: str = "a") -> dict[str, Any]:
    return {"zone_list": zone_list, "buffer_m": buffer_m, "max_features": features}


def place(**changes: Any) -> dict[str, Any]:
    kwargs = {
        "countries": ["DE", "FR"],
        "regions": ["eu-*"],
        "owner_limits": [{"countries": ["KP", "CN"], "share": 0.5}],
        "contract_required": True,
        "contract_min_days_left": 30,
    }
    return kwargs | changes


def layer(**changes: Any) -> dict[str, Any]:
    kwargs = {
        "columns": "any",
        "min_rows": 1,
        "max_rows": 10,
        "crs": "any",
        "max_share_without_geometry": 0.5,
        "geometry_kinds": "any",
        "z_allowed": False,
        "m_allowed": False,
    }
    return kwargs | changes


def devices(count: int, buffer_m: float) -> dict[str, Any]:
    return {"zone_list": "a", "buffer_m": buffer_m, "device_column": "id", "devices": count}


@pytest.mark.parametrize(
    ("expectation", "one", "other", "expected"),
    [
        (STEP, {"step_m": 100, "operator": ">="}, {"step_m": 99, "operator": ">"}, (True, False)),
        (STEP, {"step_m": 100, "operator": ">"}, {"step_m": 100, "operator": ">="}, (True, False)),
        (STEP, {"step_m": 100, "operator": ">"}, {"step_m": 101, "operator": ">="}, (False, True)),
        (ZONES, zones(1000, 0), zones(500, 0), (True, False)),
        (ZONES, zones(1000, 1), zones(500, 0), (False, False)),
        (ZONES, zones(1000, 0), zones(500, 0, "b"), (False, False)),
        (PLACE, place(countries=["DE"]), place(), (True, False)),
        (PLACE, place(regions=["eu-west-1"]), place(), (True, False)),
        (PLACE, place(regions=["us-*"]), place(), (False, False)),
        (PLACE, place(owner_limits=[]), place(), (False, True)),
        (PLACE, place(owner_limits=[{"countries": ["KP"], "share": 0.5}]), place(), (False, True)),
        (PLACE, place(owner_limits=[{"countries": ["KP"], "share": 0.2}]), place(), (False, False)),
        (PLACE, place(contract_required=False, contract_min_days_left=0), place(), (False, True)),
        (LAYER, layer(max_rows=9), layer(), (True, False)),
        (LAYER, layer(columns=["a"]), layer(), (True, False)),
        (LAYER, layer(columns=["a"]), layer(columns=["a", "b"]), (True, False)),
        (LAYER, layer(z_allowed=True, max_rows=9), layer(), (False, False)),
        (COLUMNS, {"columns": [], "undeclared": "none"}, {"columns": [], "undeclared": "readable"}, (True, False)),
        # A wider zone has more devices in it, so that neither is sure.
        (DEVICES, devices(10, 0), devices(10, 100), (False, False)),
        (DEVICES, devices(11, 0), devices(10, 0), (True, False)),
        (
            NUMBER,
            {"key": "age_days", "operator": ">", "limit": 5},
            {"key": "age_days", "operator": "<", "limit": 9},
            (False, False),
        ),
        (
            NUMBER,
            {"key": "age_days", "operator": "<", "limit": 5},
            {"key": "age_days", "operator": "<=", "limit": 5},
            (True, False),
        ),
    ],
)
def test_one_use_implies_another_only_where_that_is_sure(
    expectation: str, one: dict[str, Any], other: dict[str, Any], expected: tuple[bool, bool]
) -> None:
    assert implies(expectation, one, other) == expected


@pytest.mark.parametrize(
    ("expectation", "one", "other", "expected"),
    [
        (LAYER, layer(), layer(min_rows=11, max_rows=12), True),
        (LAYER, layer(), layer(min_rows=10, max_rows=12), False),
        (LAYER, layer(columns=["a"]), layer(columns=["b"]), False),
        (PLACE, place(countries=["DE"]), place(countries=["FR"]), True),
        (PLACE, place(regions=["us-*"]), place(), False),
        (
            NUMBER,
            {"key": "age_days", "operator": ">", "limit": 5},
            {"key": "age_days", "operator": "<=", "limit": 5},
            True,
        ),
        # Numbers of different things.
        (
            NUMBER,
            {"key": "age_days", "operator": ">", "limit": 5},
            {"key": "age_years", "operator": "<=", "limit": 5},
            False,
        ),
    ],
)
def test_two_uses_exclude_each_other_only_where_that_is_sure(
    expectation: str, one: dict[str, Any], other: dict[str, Any], *, expected: bool
) -> None:
    rule = registered()[expectation]
    assert rule.excludes(params(expectation, one), params(expectation, other)) is expected
    assert rule.excludes(params(expectation, other), params(expectation, one)) is expected


@pytest.mark.parametrize("name", POLICIES)
def test_every_shipped_rule_implies_itself_has_a_sentence_and_says_what_its_limits_are(name: str) -> None:
    policy = parse_policy((SHIPPED / f"{name}.yaml").read_bytes(), file=f"{name}.yaml", rules=parameter_models())
    for use in policy.rules:
        rule = registered()[use.expectation]
        assert rule.implies(use.params, use.params)
        assert not rule.excludes(use.params, use.params)
        assert rule.sentence(use.params).endswith(".")
        assert "{" not in rule.sentence(use.params)
        for number in numbers_of(rule, use.params):
            assert number.operator in {"", "<", "<=", ">", ">="}


def test_scopes_that_share_no_recipient_never_apply_together() -> None:
    one, other = Scope(recipients=("a",)), Scope(recipients=("b",))
    assert overlap(one, other) is Overlap.NONE
    assert overlap(one, None) is Overlap.ALL
    # A release can come from several countries.
    assert overlap(Scope(origins=("DE",)), Scope(origins=("FR",))) is Overlap.SOME
