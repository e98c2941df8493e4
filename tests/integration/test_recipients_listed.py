"""Recipients as managed data: what ends, is missing or is bound to nothing is said before it stops a release."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from gating.place import RULES, rule

if TYPE_CHECKING:
    from gating.command import Command
    from gating.gate import Gate


def in_days(days: int) -> date:
    return datetime.now(UTC).date() + timedelta(days=days)


@pytest.mark.parametrize(("days", "said"), [(30, "ends in 30 days"), (0, "ends in 0 days"), (-1, "ended on"), (32, "")])
def test_a_contract_is_warned_of_before_it_ends_and_after(gate: Gate, geogate: Command, days: int, said: str) -> None:
    gate.policies.write_recipients(contract={"reference": "C-1", "ends": in_days(days)})
    ended = geogate("recipients", "check")
    assert ended.code == 0, ended.err
    assert ("the contract" in ended.out) is bool(said)
    assert said in ended.out
    assert geogate("recipients", "check", "--strict").code in ({4} if said else {0, 4})


def test_a_policy_that_there_is_not_is_a_problem(gate: Gate, geogate: Command) -> None:
    gate.policies.write_recipients(policies=["test", "gone"])
    ended = geogate("recipients", "check")
    assert ended.code == 4
    assert "it is bound to policy 'gone', which there is not" in ended.out
    assert "'test'" not in ended.out
    assert geogate("recipients", "list").code == 4


@pytest.mark.parametrize(("share", "said"), [(1.0, False), (0.99, True)])
def test_owners_below_the_whole_are_warned_of(gate: Gate, geogate: Command, share: float, said: bool) -> None:  # noqa: FBT001
    gate.policies.write_recipients(owners=[{"country": "DE", "share": share}])
    assert ("its known owners hold 99.00% of it" in geogate("recipients", "check").out) is said
    (row,) = json.loads(geogate("recipients", "list", "--format", "json").out)
    assert row["owned"] == share


def test_a_recipient_without_a_country_is_refused_by_file_line_and_key(gate: Gate, geogate: Command) -> None:
    gate.policies.write_recipients(without=["country"])
    for command in ("list", "check"):
        ended = geogate("recipients", command)
        assert ended.code == 4
        assert "recipients.yaml:" in ended.err
        assert "country: the key is missing" in ended.err


@pytest.mark.parametrize(
    ("asked", "held", "code"),
    [("covered-person", "covered-person", 0), ("covered-person", "covered-persons", 4), ("", "covered-persons", 0)],
)
def test_a_designation_that_no_policy_asks_for_is_a_problem(
    gate: Gate, geogate: Command, asked: str, held: str, code: int
) -> None:
    control = rule("control", "expect_recipient_not_to_be_controlled", countries=["CN"], share=0.5, operator="<",
                   domicile=True, designations=[asked])  # fmt: skip
    gate.policies.write_policy([*RULES, control] if asked else RULES)
    gate.policies.write_recipients(designations=[held])
    ended = geogate("recipients", "check")
    assert ended.code == code, ended.err
    assert ("no policy asks for its designation" in ended.out) is bool(code)
