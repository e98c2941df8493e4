"""A clearance ends with the contract, the attestations and the zone lists that its verdict rests on."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from gating.files import stage
from gating.gate import Gate, at
from gating.place import FAR, RULES, destination, rule, with_meta

from geogate.gate.clear import Terms
from geogate.gate.question import ask
from geogate.model.declaration import Declaration
from geogate.model.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

TODAY = date(2026, 3, 1)
ENDS = date(2026, 3, 4)
LAST = datetime(2026, 3, 5, tzinfo=UTC)
LONG = 720


def attested(*kinds: str, needed: str = "all", days: int = 0) -> dict[str, Any]:
    return rule("permit", "expect_attestations_to_be_held", kinds=list(kinds), needed=needed, min_days_left=days)


def holding(*ends: date, kind: str = "permit") -> list[dict[str, Any]]:
    return [{"kind": f"{kind}-{n}", "reference": "P", "since": TODAY, "ends": end} for n, end in enumerate(ends, 1)]


@pytest.fixture
def lasting(gate: Gate) -> Gate:
    gate.now = at("2026-03-01T23:59:00")
    return gate


def expiry(gate: Gate, rules: Sequence[dict[str, Any]], **meta: Any) -> datetime:
    gate.policies.write_policy([*RULES[:3], *rules], clearance_hours=LONG, **meta)
    return gate.clearance(gate.clear(stage("CSV", gate.staged)))[0].expires_at


@pytest.mark.parametrize(
    ("needed", "ends", "expires"),
    [("all", (ENDS, FAR), LAST), ("any", (ENDS, FAR), None), ("any", (ENDS,), LAST), ("all", (FAR, FAR), None)],
)
def test_a_clearance_ends_with_what_its_verdict_rests_on(
    lasting: Gate, needed: str, ends: tuple[date, ...], expires: datetime | None
) -> None:
    lasting.policies.write_recipients(attestations=holding(*ends))
    kinds = [f"permit-{n}" for n in range(1, 3 if needed == "any" else len(ends) + 1)]
    assert lasting.now is not None
    whole = lasting.now + timedelta(hours=LONG)
    assert expiry(lasting, [attested(*kinds, needed=needed)]) == (expires or whole)


def test_nothing_is_sent_after_the_last_day(lasting: Gate) -> None:
    lasting.policies.write_recipients(attestations=holding(ENDS))
    lasting.policies.write_policy([*RULES[:3], attested("permit-1")], clearance_hours=LONG)
    nonce, late = lasting.clear(stage("CSV", lasting.staged)), lasting.clear(stage("CSV", lasting.staged, stem="b"))
    lasting.now = LAST - timedelta(seconds=1)
    lasting.send(nonce)
    lasting.now = LAST
    with pytest.raises(RefusedError, match="expired"):
        lasting.send(late)


def test_a_contract_counts_where_a_rule_requires_it(lasting: Gate) -> None:
    lasting.policies.write_recipients(contract={"reference": "C", "ends": ENDS})
    assert expiry(lasting, [destination(contract_min_days_left=0)]) == LAST


def test_a_contract_that_no_rule_asks_for_does_not(lasting: Gate) -> None:
    lasting.policies.write_recipients(contract={"reference": "C", "ends": ENDS})
    assert expiry(lasting, [destination(contract_required=False, contract_min_days_left=0)]) > LAST


def test_a_zone_list_counts_with_its_last_day(lasting: Gate) -> None:
    lasting.policies.write_zones(valid_until=ENDS)
    assert expiry(lasting, []) == LAST


def test_a_rule_that_is_disabled_or_does_not_apply_asks_for_nothing(lasting: Gate) -> None:
    lasting.policies.write_recipients(attestations=holding(ENDS))
    elsewhere = with_meta(attested("permit-1"), when={"origins": ["CN"]})
    lasting.policies.write_policy([*RULES[:3], elsewhere], clearance_hours=LONG)
    nonce = lasting.clear(stage("CSV", lasting.staged), declaration=Declaration(origins=("DE",)))
    assert lasting.clearance(nonce)[0].expires_at > LAST


def test_parts_of_a_joint_rule_count_too(lasting: Gate) -> None:
    lasting.policies.write_recipients(attestations=holding(ENDS))
    parts = [
        {"type": each["type"], "kwargs": each["kwargs"]}
        for each in (attested("permit-1"), rule("x", "expect_recipient_outside_countries", countries=["DE"]))
    ]
    joint = rule("joint", "expect_no_joint_breach", breaches=parts, because="a test")
    assert expiry(lasting, [joint]) == LAST


def test_a_day_without_a_next_one_ends_nothing(lasting: Gate) -> None:
    assert lasting.now is not None
    terms = Terms(hours=1, recipient=ask(lasting.wish("x.csv"), house=lasting.house()).recipient, last_day=date.max)
    assert terms.expires(lasting.now) == lasting.now + timedelta(hours=1)
