"""The destination rule at its limits: each unknown is a problem."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from judging import TODAY, circumstances
from pydantic import ValidationError

from geogate.model.parties import Contract, Owner, Posture
from geogate.rules.destination import DestinationAllowed, DestinationParams

PARAMS: dict[str, Any] = {
    "countries": ("DE", "FR"),
    "regions": ("eu-*", "me-central-1"),
    "owner_limits": ({"countries": ("RU", "CN"), "share": 0.5},),
    "contract_required": True,
    "contract_min_days_left": 30,
}


def judge(params: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    chosen = DestinationParams.model_validate(PARAMS | (params or {}))
    found = DestinationAllowed().judge(chosen, {}, circumstances(**changes))
    assert all(problem.remedy for problem in found.problems)
    return [problem.summary for problem in found.problems]


def contract(days: int) -> Contract:
    return Contract(reference="C-1", ends=TODAY + timedelta(days=days))


def test_what_is_allowed_has_no_problem() -> None:
    assert judge() == []


@pytest.mark.parametrize(
    ("days", "problem"), [(30, []), (29, ["the contract ends too soon"]), (-1, ["the contract has ended"])]
)
def test_the_contract_must_hold_for_the_days_that_are_asked_for(days: int, problem: list[str]) -> None:
    assert judge(contract=contract(days)) == problem


@pytest.mark.parametrize(("days", "problem"), [(0, []), (-1, ["the contract has ended"])])
def test_without_such_days_a_contract_holds_to_the_end_of_its_last_day(days: int, problem: list[str]) -> None:
    assert judge({"contract_min_days_left": 0}, contract=contract(days)) == problem


def test_a_contract_cannot_end_after_the_end_of_time() -> None:
    assert judge(contract=Contract(reference="C-1", ends=date.max), today=date.max) == ["the contract ends too soon"]


def test_a_contract_is_needed_where_one_is_required() -> None:
    assert judge(contract=None) == ["the recipient has no contract"]
    assert judge({"contract_required": False, "contract_min_days_left": 0}, contract=None) == []


@pytest.mark.parametrize(
    ("owners", "count"),
    [
        ([("RU", 0.5)], 1),
        ([("RU", 0.499999), ("DE", 0.500001)], 0),
        ([("RU", 0.2), ("CN", 0.3)], 1),
        ([("RU", 0.1)] * 5, 1),
        ([("RU", 0.2), ("US", 0.8)], 0),
        ([("RU", float("nan"))], 1),
    ],
)
def test_shares_of_listed_countries_count_together_and_deny_from_the_limit_on(
    owners: list[tuple[str, float]], count: int
) -> None:
    held = tuple(Owner(country=country, share=share) for country, share in owners)
    assert len(judge(owners=held)) == count


@pytest.mark.parametrize(
    ("owners", "count"),
    [
        ([], 1),
        ([("DE", 0.5)], 1),
        ([("DE", 0.500001)], 0),
        ([("RU", 0.2), ("DE", 0.5)], 1),
        ([("RU", 0.2), ("DE", 0.7)], 0),
    ],
)
def test_shares_that_nobody_registered_count_as_held_where_it_is_worst(
    owners: list[tuple[str, float]], count: int
) -> None:
    held = tuple(Owner(country=country, share=share) for country, share in owners)
    found = judge(owners=held)
    assert len(found) == count
    assert all("is not registered" in summary for summary in found)


@pytest.mark.parametrize(
    ("destination", "posture", "problems"),
    [
        ("s3://egress/partner/", Posture(region="me-central-1", country="DE"), 0),
        ("s3://egress/partner/", Posture(region="eu-west-3", country="FR"), 0),
        ("s3://egress/partner/", Posture(region="eu", country="FR"), 1),
        ("s3://egress/partner/", Posture(region="us-east-1", country="DE"), 1),
        ("s3://egress/partner/", Posture(region=None, country="DE"), 1),
        ("s3://egress/partner/", Posture(region="", country="DE"), 1),
        ("s3://egress/partner/", Posture(region="local", country="DE"), 1),
        ("s3://egress/partner/", Posture(region="eu-west-3", country=None), 1),
        ("s3://egress/partner/", Posture(region=None, country=None), 2),
        ("file:///srv/outbox/partner/", Posture(region="local", country="DE"), 0),
        ("file:///srv/outbox/partner/", Posture(region="local", country=None), 1),
        ("file:///srv/outbox/partner/", Posture(region="elsewhere", country="DE"), 1),
    ],
)
def test_the_place_must_say_where_it_is(destination: str, posture: Posture, problems: int) -> None:
    assert len(judge(destination=destination, posture=posture)) == problems


def test_no_region_is_allowed_where_none_is_listed() -> None:
    assert judge({"regions": ()}) == ["the region of the place is eu-central-1, which the policy does not allow"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"countries": ()},
        {"countries": ("XX",)},
        {"countries": ("de",)},
        {"countries": ("DE", "DE")},
        {"regions": ("*",)},
        {"regions": ("eu-[a]",)},
        {"regions": ("e*",)},
        {"owner_limits": ({"countries": ("RU",), "share": 0.0},)},
        {"owner_limits": ({"countries": ("RU",), "share": 1.1},)},
        {"owner_limits": ({"countries": (), "share": 0.5},)},
        {"owner_limits": ({"countries": ("DE", "FR"), "share": 1.0},)},
        {"contract_min_days_left": -1},
        {"contract_required": False},
    ],
)
def test_parameters_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DestinationParams.model_validate(PARAMS | wrong)
