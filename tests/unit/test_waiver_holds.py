"""The one function that says whether a waiver holds: each reason against it alone is enough."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from integration.ledger_cases import verdict

from geogate.model.finding import Effect, Finding
from geogate.model.names import Actor, LayerName, PolicyName, RecipientId, RuleId, Sha256
from geogate.model.verdict import Decision
from geogate.model.waiver import LONGEST, Approval, Exempted, Waiver, WaiverStanding, WaiverState, ended, why_not

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TICK = timedelta(microseconds=1)
DIGEST = Sha256("a" * 64)

WAIVER = Waiver(
    id="w1",
    policy=PolicyName("baseline"),
    rule=RuleId("zones"),
    rule_digest=DIGEST,
    recipient=RecipientId("acme"),
    dataset="dams-*.parquet",
    zone_class="dam",
    reason="they built it",
    owner=Actor("olga"),
    ticket="T-1",
    asked_by=Actor("rita"),
    asked_at=NOW - timedelta(days=1),
    expires_at=NOW + timedelta(days=1),
)
FINDING = Finding(
    rule=RuleId("zones"),
    layer=LayerName("dams"),
    effect=Effect.DENY,
    summary="features are in zones",
    remedy="leave them out",
    measured="3",
    operator="<=",
    limit="0",
)


def standing(*approvers: str, **changes: Any) -> WaiverStanding:
    approvals = tuple(Approval(by=Actor(name), at=NOW) for name in approvers)
    return WaiverStanding(waiver=replace(WAIVER, **changes), approvals=approvals)


HELD = standing("anna", "bob")
ABOUT = Exempted(
    finding=FINDING,
    policy=PolicyName("baseline"),
    rule=RuleId("zones"),
    rule_digest=DIGEST,
    waivable=True,
    recipient=RecipientId("acme"),
    dataset="dams-2026.parquet",
    zone_classes=frozenset({"dam"}),
    requester="requester",
)


def finding(**changes: Any) -> Exempted:
    return replace(ABOUT, finding=replace(FINDING, **changes))


def test_a_waiver_that_fits_holds() -> None:
    assert why_not(HELD, ABOUT, now=NOW) == ""
    assert why_not(HELD, finding(effect=Effect.HOLD), now=NOW) == ""


@pytest.mark.parametrize(
    ("about", "why"),
    [
        (replace(ABOUT, waivable=False), "does not let"),
        (replace(ABOUT, policy=PolicyName("other")), "another policy"),
        (replace(ABOUT, rule=RuleId("zones2")), "another policy"),
        (replace(ABOUT, recipient=RecipientId("acme2")), "another policy"),
        (replace(ABOUT, rule_digest=Sha256("b" * 64)), "has changed"),
        (replace(ABOUT, dataset="roads.parquet"), "another name"),
        (replace(ABOUT, dataset="dams-2026.PARQUET"), "another name"),
        (replace(ABOUT, dataset=""), "another name"),
        (replace(ABOUT, zone_classes=frozenset({"dam", "barracks"})), "another class"),
        (replace(ABOUT, zone_classes=frozenset({"barracks"})), "another class"),
        (replace(ABOUT, zone_classes=frozenset()), "another class"),
        (replace(ABOUT, zone_classes=None), "another class"),
        (replace(ABOUT, requester="anna"), "has approved"),
        (replace(ABOUT, requester="ANNA "), "has approved"),
        (finding(rule=RuleId("gate/canary")), "the gate itself"),
        (finding(rule=RuleId("gate/no-answer")), "the gate itself"),
        (finding(effect=Effect.NOTE), "stands against nothing"),
        (finding(measured=""), "not measured"),
        (finding(limit=""), "not measured"),
        (finding(measured="not finite"), "not measured"),
        (finding(measured="nan"), "not measured"),
    ],
)
def test_each_reason_against_a_waiver_is_enough(about: Exempted, why: str) -> None:
    assert why in why_not(HELD, about, now=NOW)


def test_a_class_of_zones_is_for_rules_about_zones_only() -> None:
    plain = standing("anna", "bob", zone_class="")
    assert why_not(plain, replace(ABOUT, zone_classes=None), now=NOW) == ""
    assert "another class" in why_not(plain, ABOUT, now=NOW)


@pytest.mark.parametrize(
    ("approvers", "state"),
    [
        ((), WaiverState.ASKED),
        (("anna",), WaiverState.ASKED),
        (("anna", "Anna "), WaiverState.ASKED),
        (("anna", "rita"), WaiverState.ASKED),
        (("anna", "OLGA"), WaiverState.ASKED),
        (("rita", "olga"), WaiverState.ASKED),
        (("anna", "bob"), WaiverState.HOLDS),
        (("anna", "rita", "bob"), WaiverState.HOLDS),
    ],
)
def test_two_others_than_who_asks_and_who_owns_it_approve(approvers: tuple[str, ...], state: WaiverState) -> None:
    assert standing(*approvers).state(NOW) is state


@pytest.mark.parametrize(
    ("now", "state"),
    [
        (WAIVER.asked_at - TICK, WaiverState.EXPIRED),
        (WAIVER.asked_at, WaiverState.HOLDS),
        (WAIVER.expires_at - TICK, WaiverState.HOLDS),
        (WAIVER.expires_at, WaiverState.EXPIRED),
    ],
)
def test_a_waiver_holds_from_when_it_was_asked_for_until_it_expires(now: datetime, state: WaiverState) -> None:
    assert HELD.state(now) is state
    assert (why_not(HELD, ABOUT, now=now) == "") == (state is WaiverState.HOLDS)


def test_no_waiver_holds_for_longer_than_ninety_days_whatever_it_says() -> None:
    long = standing("anna", "bob", expires_at=NOW + timedelta(days=400))
    assert long.state(WAIVER.asked_at + LONGEST - TICK) is WaiverState.HOLDS
    assert long.state(WAIVER.asked_at + LONGEST) is WaiverState.EXPIRED


def test_a_revoked_waiver_does_not_hold() -> None:
    assert "is revoked" in why_not(replace(HELD, revoked="by anna"), ABOUT, now=NOW)


def test_waivers_that_are_over_or_unknown_are_named() -> None:
    assert ended([HELD], frozenset({"w1"}), now=NOW) == ()
    assert ended([HELD], frozenset({"w1", "w2"}), now=NOW) == ("w2",)
    assert ended([HELD], frozenset({"w1"}), now=WAIVER.expires_at) == ("w1",)
    assert ended([replace(HELD, revoked="x")], frozenset({"w1"}), now=NOW) == ("w1",)
    assert ended([], frozenset(), now=NOW) == ()


@pytest.mark.parametrize(
    ("rule", "decision"), [("coordinate-precision", Decision.CLEAR), ("gate/canary", Decision.DENY)]
)
def test_no_verdict_believes_that_a_finding_of_the_gate_is_waived(rule: str, decision: Decision) -> None:
    found = replace(FINDING, rule=RuleId(rule), waived="w1")
    judged = verdict(Decision.CLEAR)
    assert replace(judged, findings=(found,)).decision is decision
    assert replace(judged, findings=(replace(found, waived=""),)).decision is Decision.DENY
