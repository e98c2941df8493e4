"""Waivers on the way of a release: judged, cleared, sent and audited by them, and by nothing that is over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from gating.files import FINE, MIDDLE, stage
from gating.gate import REQUESTER, at
from gating.place import DENY_M, HOLD_M, PARTNER, POLICY, destination, precision, with_meta, zones

from geogate.gate.audit import audit
from geogate.gate.waivers import WaiverWish, approve_waiver, ask_waiver, revoke_waiver, waiver, waivers
from geogate.gate.waivers_ledger import APPROVED, Approved
from geogate.model.authority import ForbiddenError
from geogate.model.errors import RefusedError, UsageError
from geogate.model.lifecycle import State
from geogate.model.names import Sha256
from geogate.model.verdict import Decision
from geogate.model.waiver import WaiverState

if TYPE_CHECKING:
    from gating.gate import Gate

NOW = at("2026-11-22T12:00:00")
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
DENYING = with_meta(precision("precision", DENY_M, ">="), waivable=True)
HOLDING = with_meta(precision("review", HOLD_M, ">", "warning"), waivable=True)
RULES = (DENYING, HOLDING, zones(), destination())


@pytest.fixture
def place(gate: Gate) -> Gate:
    gate.now = NOW
    gate.policies.write_policy(RULES)
    return gate


def wish(**changes: Any) -> WaiverWish:
    said: dict[str, Any] = {
        "policy": POLICY,
        "rule": "review",
        "recipient": PARTNER,
        "dataset": "data.*",
        "reason": "they know the places",
        "owner": "olga",
        "ticket": "T-1",
        "days": 10,
    }
    return WaiverWish(**(said | changes))


def waived(gate: Gate, **changes: Any) -> str:
    """Ask for a waiver and let two people approve it."""
    asked = ask_waiver(wish(**changes), house=gate.house("will"))
    for name in ("anna", "bob"):
        approve_waiver(asked.id, house=gate.house(name))
    return asked.id


def test_a_waived_hold_is_cleared_sent_and_stays_in_the_verdict(place: Gate) -> None:
    name = waived(place)
    done = place.submit(stage("CSV", place.staged, MIDDLE))
    assert (done.state, done.decision) == (State.CLEARED, Decision.CLEAR)
    assert [(f.rule, f.effect, f.waived) for f in done.verdict.findings] == [("review", "hold", name)]
    assert done.clearance is not None
    place.send(done.clearance)
    assert place.delivered()
    assert not audit(hours=24, house=place.house()).changes
    place.require_whole_ledger()


def test_a_waiver_lets_only_its_own_rule_go(place: Gate) -> None:
    waived(place)
    fine = stage("CSV", place.staged, FINE)
    assert place.submit(fine).state is State.DENIED
    name = waived(place, rule="precision")
    done = place.submit(fine)
    assert done.state is State.CLEARED
    assert {f.rule for f in done.verdict.findings if f.waived == name} == {"precision"}


@pytest.mark.parametrize("approvers", [(), ("anna",)])
def test_a_waiver_that_is_not_approved_by_two_covers_nothing(place: Gate, approvers: tuple[str, ...]) -> None:
    asked = ask_waiver(wish(), house=place.house("will"))
    for name in approvers:
        approve_waiver(asked.id, house=place.house(name))
    assert place.submit(stage("CSV", place.staged, MIDDLE)).state is State.HELD


@pytest.mark.parametrize("name", ["will", "WILL ", "olga", "anna", "Anna"])
def test_who_asked_owns_or_has_approved_a_waiver_does_not_approve_it(place: Gate, name: str) -> None:
    asked = ask_waiver(wish(), house=place.house("will"))
    approve_waiver(asked.id, house=place.house("anna"))
    with pytest.raises(RefusedError, match=r"cannot approve it|approves once"):
        approve_waiver(asked.id, house=place.house(name))
    assert waiver(asked.id, house=place.house()).state is WaiverState.ASKED


def test_who_approved_a_waiver_cannot_ask_for_a_release_by_it(place: Gate) -> None:
    asked = ask_waiver(wish(), house=place.house("will"))
    for name in (REQUESTER, "bob"):
        approve_waiver(asked.id, house=place.house(name))
    assert place.submit(stage("CSV", place.staged, MIDDLE)).state is State.HELD


@pytest.mark.parametrize("stem", ["data2", "other"])
def test_a_waiver_is_for_datasets_of_its_name(place: Gate, stem: str) -> None:
    waived(place)
    assert place.submit(stage("CSV", place.staged, MIDDLE, stem=stem)).state is State.HELD


def test_a_waiver_is_not_for_a_rule_that_changed_since(place: Gate) -> None:
    waived(place)
    changed = with_meta(precision("review", HOLD_M + 1, ">", "warning"), waivable=True)
    place.policies.write_policy((DENYING, changed, zones(), destination()))
    assert place.submit(stage("CSV", place.staged, MIDDLE)).state is State.HELD


def test_a_waiver_ends_when_the_policy_lets_the_rule_not_be_waived_any_more(place: Gate) -> None:
    waived(place)
    place.policies.write_policy((DENYING, precision("review", HOLD_M, ">", "warning"), zones(), destination()))
    assert place.submit(stage("CSV", place.staged, MIDDLE)).state is State.HELD


@pytest.mark.parametrize("over", ["expires", "revoked"])
def test_what_a_waiver_cleared_is_not_sent_after_it_is_over(place: Gate, over: str) -> None:
    name = waived(place, days=1)
    place.now = NOW + DAY - timedelta(hours=1)
    nonce = place.clear(stage("CSV", place.staged, MIDDLE))
    assert place.clearance(nonce)[0].expires_at == NOW + DAY, "a clearance ends with the waiver that it rests on"
    if over == "expires":
        place.now = NOW + DAY
    else:
        revoke_waiver(name, reason="they do not know them", house=place.house("anna"))
    with pytest.raises(RefusedError, match=r"has expired|does not hold any more"):
        place.send(nonce)
    assert not place.delivered()


def test_a_waiver_that_is_over_voids_the_last_approval(place: Gate) -> None:
    """One finding is waived, another one holds: when the waiver ends, reviewers have seen another verdict."""
    contract = destination(contract_min_days_left=3650) | {"severity": "warning"}
    place.policies.write_policy((DENYING, HOLDING, zones(), contract), review_days=300)
    place.policies.write_recipients(contract={"reference": "C-1", "ends": at("2027-12-12T00:00:00").date()})
    name = waived(place)
    held = place.hold(stage("CSV", place.staged, MIDDLE))
    assert {f.waived for f in place.request(held).verdict.findings} == {name, ""}  # type: ignore[union-attr]
    place.approve(held, "carl")
    revoke_waiver(name, reason="no", house=place.house("anna"))
    with pytest.raises(RefusedError, match="differs from the one that reviewers were shown"):
        place.approve(held, "dora")
    assert place.request(held).state is State.HELD


def test_an_audit_judges_again_by_the_waivers_of_today_and_names_those_that_ended(place: Gate) -> None:
    name = waived(place, rule="precision", days=1)
    waived(place)
    place.send(place.clear(stage("CSV", place.staged, FINE)))
    place.now = NOW + DAY - TICK
    report = audit(hours=48, house=place.house())
    assert (report.changes, report.waivers) == ((), ())
    place.now = NOW + DAY
    report = audit(hours=48, house=place.house())
    assert ["would be deny today" in change.summary for change in report.changes] == [True]
    assert [name in change.summary for change in report.waivers] == [True]


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"rule": "destination"}, "does not let rule destination be waived"),
        ({"rule": "zones"}, "does not let rule zones be waived"),
        ({"rule": "nothing"}, "has no rule"),
        ({"rule": "gate/canary"}, "has no rule"),
        ({"policy": "nothing"}, "there is no policy"),
        ({"recipient": "nobody"}, "there is no recipient"),
        ({"days": 91}, "90 days at most"),
        ({"days": 0}, "a day or more"),
        ({"zone_class": "test"}, "class of zones"),
        ({"reason": " "}, "say --reason"),
        ({"ticket": ""}, "say --ticket"),
        ({"owner": ""}, "say --owner"),
        ({"dataset": ""}, "say --dataset"),
        ({"reason": "x" * 2001}, "say --reason"),
    ],
)
def test_what_cannot_be_waived_cannot_be_asked_for(place: Gate, changes: dict[str, Any], match: str) -> None:
    with pytest.raises((RefusedError, UsageError), match=match):
        ask_waiver(wish(**changes), house=place.house("will"))
    assert not waivers(everything=True, house=place.house())


def test_a_policy_says_for_how_long_its_rules_are_waived_at_most(place: Gate) -> None:
    place.policies.write_policy(RULES, waiver_days=7)
    with pytest.raises(RefusedError, match="7 days at most"):
        ask_waiver(wish(days=8), house=place.house("will"))
    assert ask_waiver(wish(days=7), house=place.house("will")).expires_at == NOW + 7 * DAY


def test_a_rule_about_zones_is_waived_for_their_class(place: Gate) -> None:
    place.policies.write_policy((DENYING, HOLDING, with_meta(zones(), waivable=True), destination()))
    with pytest.raises(UsageError, match="class of zones"):
        ask_waiver(wish(rule="zones"), house=place.house("will"))
    name = waived(place, rule="zones", zone_class="test")
    done = place.submit(stage("CSV", place.staged, ((8.3, 47.1), (20.5, 20.5))))
    assert done.state is State.CLEARED
    assert [f.waived for f in done.verdict.findings] == [name]


def test_an_approval_that_names_another_asking_counts_for_nothing(place: Gate) -> None:
    asked = ask_waiver(wish(), house=place.house("will"))
    approve_waiver(asked.id, house=place.house("anna"))
    house = place.house("bob")
    with place.ledger() as ledger, ledger.transaction(house.actor, at=NOW) as tx:
        tx.note(APPROVED, Approved(id=asked.id, asked=Sha256("f" * 64)))
    assert waiver(asked.id, house=place.house()).state is WaiverState.ASKED


def test_a_revoked_waiver_is_over_and_is_listed_only_among_all(place: Gate) -> None:
    name = waived(place)
    with pytest.raises(UsageError, match="say --reason"):
        revoke_waiver(name, reason="", house=place.house("anna"))
    revoke_waiver(name, reason="no", house=place.house("anna"))
    assert waivers(house=place.house()) == ()
    assert [row.state for row in waivers(everything=True, house=place.house())] == [WaiverState.REVOKED]
    with pytest.raises(RefusedError, match="revoked already"):
        revoke_waiver(name, reason="again", house=place.house("anna"))
    with pytest.raises(RefusedError, match="the waiver is revoked"):
        approve_waiver(name, house=place.house("carl"))
    assert place.submit(stage("CSV", place.staged, MIDDLE)).state is State.HELD


def test_a_clock_that_was_put_back_gives_a_waiver_no_more_time(place: Gate) -> None:
    waived(place, days=1)
    place.now = NOW + 2 * DAY
    ask_waiver(wish(), house=place.house("will"))
    place.now = NOW + timedelta(hours=1)
    assert place.submit(stage("CSV", place.staged, MIDDLE)).state is State.HELD


def test_roles_decide_who_asks_approves_and_revokes(place: Gate) -> None:
    (place.policies.root / "roles.yaml").write_text(
        "people:\n"
        "  - {name: will, roles: [requester]}\n"
        "  - {name: anna, roles: [policy-owner]}\n"
        "  - {name: bob, roles: [reviewer]}\n"
    )
    asked = ask_waiver(wish(), house=place.house("will"))
    for name in ("bob", "nobody"):
        with pytest.raises(ForbiddenError, match="to approve a waiver needs the role policy-owner"):
            approve_waiver(asked.id, house=place.house(name))
    approve_waiver(asked.id, house=place.house("anna"))
    with pytest.raises(ForbiddenError, match="to revoke a waiver needs"):
        revoke_waiver(asked.id, reason="x", house=place.house("will"))
    revoke_waiver(asked.id, reason="x", house=place.house("bob"))
    with pytest.raises(ForbiddenError, match="to ask for a waiver needs"):
        ask_waiver(wish(), house=place.house("nobody"))
    with pytest.raises(ForbiddenError, match="to see waivers needs"):
        waivers(house=place.house("nobody"))
