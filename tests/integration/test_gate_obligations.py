"""What refusals and releases start: entered with the step, due on a day in UTC, discharged, and heard in audits."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from gating.command import Command
from gating.files import COARSE, FINE, MIDDLE, stage
from gating.gate import at
from gating.killed import Steps, killed_at
from gating.place import RULES, precision

from geogate.gate.audit import audit
from geogate.gate.obligations import discharge, owed
from geogate.model.authority import ForbiddenError
from geogate.model.errors import PolicyError, RefusedError, UsageError

if TYPE_CHECKING:
    from gating.gate import Gate

    from geogate.gate.obligations import Owed

NOW = "2026-03-10T23:30:00"


def obligation(name: str, on: str, due: dict[str, Any], **more: Any) -> dict[str, Any]:
    basis = {"section": "28 CFR 202.1104", "source": "the code", "as_of": date(2026, 1, 1)}
    return {"id": name, "on": on, "due": due, "what": f"Report {name}.", "legal_basis": basis} | more


@pytest.fixture
def bound(gate: Gate) -> Gate:
    """A gate whose policy obliges to something in every state."""
    oblige(
        gate,
        obligation("refusal", "denied", {"days": 14}, rules=["precision"]),
        obligation("review", "held", {"days": 1}),
        obligation("records", "cleared", {"keep_years": 10}),
        obligation("yearly", "sent", {"yearly": "03-01"}),
        obligation("notice", "sent", {"days": 30}),
    )
    gate.now = at(NOW)
    return gate


def oblige(gate: Gate, *obligations: dict[str, Any], **meta: Any) -> None:
    gate.policies.write_policy(RULES, obligations=list(obligations), **meta)


def due(gate: Gate, *, everything: bool = False) -> dict[str, Owed]:
    return {each.arisen.id: each for each in owed(everything=everything, house=gate.house())}


def test_a_denial_starts_a_clock_in_the_same_transaction(bound: Gate) -> None:
    done = bound.submit(stage("GeoJSON", bound.staged, FINE))
    assert bound.kinds()[-2:] == ["move", "obligation"]
    found = due(bound)["refusal"]
    assert found.arisen.due == date(2026, 3, 24)
    assert (found.requests, found.state) == ((done.request,), "open")
    assert found.arisen.key == f"{done.request}/test/refusal"
    assert found.arisen.legal_basis == "28 CFR 202.1104, the code, as of 2026-01-01"
    bound.require_whole_ledger()


def test_another_rule_than_the_one_that_is_named_starts_nothing(bound: Gate) -> None:
    bound.submit(stage("GeoJSON", bound.staged, ((8.3, 47.1), (20.5, 20.5))))
    assert due(bound, everything=True) == {}


def test_a_held_request_and_a_cleared_one_start_their_own(bound: Gate) -> None:
    bound.hold(stage("GeoJSON", bound.staged, MIDDLE))
    assert list(due(bound, everything=True)) == ["review"]
    request = bound.hold(stage("GeoJSON", bound.staged, ((8.35, 47.12), *MIDDLE), stem="other"))
    bound.approve(request, "anna")
    bound.approve(request, "ben")
    assert list(due(bound, everything=True)) == ["review", "review", "records"][1:]


def test_sending_starts_what_the_policy_said_when_it_was_cleared(bound: Gate) -> None:
    nonce = bound.clear(stage("GeoJSON", bound.staged, COARSE))
    assert list(due(bound)) == []
    bound.policies.file("test.yaml").unlink()
    bound.send(nonce)
    assert [(key, each.arisen.due) for key, each in due(bound).items()] == [
        ("notice", date(2026, 4, 9)),
        ("yearly", date(2027, 3, 1)),
    ]
    assert bound.kinds()[-3:] == ["receive", "obligation", "obligation"]


def test_records_are_to_be_kept_and_never_overdue(bound: Gate) -> None:
    bound.clear(stage("GeoJSON", bound.staged, COARSE))
    found = due(bound, everything=True)["records"]
    assert (found.arisen.due, found.state) == (date(2036, 3, 10), "keep")
    bound.now = at("2040-01-01T00:00:00")
    assert due(bound, everything=True)["records"].state == "keep"
    with pytest.raises(RefusedError, match="kept"):
        discharge(found.arisen.key, comment="x", house=bound.house("anna"))


@pytest.mark.parametrize(("now", "overdue"), [("2026-03-24T23:59:59", 0), ("2026-03-25T00:00:00", 1)])
def test_the_audit_fails_from_the_day_after_the_last(bound: Gate, now: str, overdue: int) -> None:
    bound.submit(stage("GeoJSON", bound.staged, FINE))
    bound.now = at(now)
    report = audit(hours=1, house=bound.house())
    assert len(report.overdue) == overdue
    if overdue:
        assert report.overdue[0].summary.startswith("overdue since 2026-03-24: Report refusal.")


def test_what_was_discharged_is_not_overdue_and_the_ledger_says_by_whom(bound: Gate) -> None:
    bound.submit(stage("GeoJSON", bound.staged, FINE))
    key = due(bound)["refusal"].arisen.key
    discharge(key, comment="sent to NSD", house=bound.house("anna"))
    bound.now = at("2026-05-01T00:00:00")
    assert audit(hours=1, house=bound.house()).overdue == ()
    assert due(bound) == {}
    assert due(bound, everything=True)["refusal"].done == "2026-03-10 by anna: sent to NSD"
    with pytest.raises(RefusedError, match="already"):
        discharge(key, comment="again", house=bound.house("anna"))
    bound.require_whole_ledger()


def test_nothing_is_discharged_without_a_word_or_by_another_name(bound: Gate) -> None:
    bound.submit(stage("GeoJSON", bound.staged, FINE))
    key = due(bound)["refusal"].arisen.key
    with pytest.raises(UsageError, match="--comment"):
        discharge(key, comment="  ", house=bound.house("anna"))
    with pytest.raises(UsageError, match="no such obligation"):
        discharge(f"{key}x", comment="done", house=bound.house("anna"))


def test_one_report_a_year_is_about_all_requests_and_is_owed_again_after_it_was_too_early(bound: Gate) -> None:
    for number in range(2):
        points = (*COARSE, (9.0 + number, 48.0))
        bound.send(bound.clear(stage("GeoJSON", bound.staged, points, stem=f"s{number}")))
    found = due(bound)["yearly"]
    assert (found.arisen.key, len(found.requests)) == ("test/yearly/2027-03-01", 2)
    discharge(found.arisen.key, comment="too early", house=bound.house("anna"))
    assert "yearly" not in due(bound)
    bound.send(bound.clear(stage("GeoJSON", bound.staged, (*COARSE, (12.0, 48.0)), stem="late")))
    assert due(bound)["yearly"].state == "open"


def test_obligations_of_every_policy_that_applies_count(gate: Gate) -> None:
    oblige(gate, obligation("one", "denied", {"days": 1}))
    strict = [precision("precision", 5000, ">=")]
    gate.policies.write_policy(strict, name="strict", obligations=[
        obligation("two", "denied", {"days": 2}, rules=["precision"]),
        obligation("three", "denied", {"days": 3}, rules=["columns"]),
    ])  # fmt: skip
    gate.policies.write_policy(strict, name="far", scope={"recipient_countries": ["FR"]}, obligations=[
        obligation("four", "denied", {"days": 1})
    ])  # fmt: skip
    gate.policies.adopt("strict", "far")
    gate.submit(stage("GeoJSON", gate.staged, FINE))
    assert sorted(due(gate)) == ["one", "two"]


@pytest.mark.parametrize("step", range(12))
def test_a_death_leaves_no_denial_without_its_clock(bound: Gate, step: int) -> None:
    data = stage("GeoJSON", bound.staged, FINE)
    killed_at(step, lambda: bound.submit(data), steps=Steps.COMMITS)
    denied = [request for request in bound.requests() if request.state == "denied"]
    assert len(due(bound)) == len(denied)


def test_an_entry_that_was_edited_stops_the_list(bound: Gate) -> None:
    import sqlite3

    from geogate.model.errors import ServiceError

    bound.submit(stage("GeoJSON", bound.staged, FINE))
    with sqlite3.connect(bound.ledger_file) as database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            database.execute(f'DROP TRIGGER "{name}"')
        late = "UPDATE entries SET body = replace(body, '2026-03-24', '2126-03-24') WHERE kind = 'obligation'"
        database.execute(late)
    with pytest.raises(ServiceError, match="edited"):
        owed(house=bound.house())


@pytest.mark.parametrize(("wrong", "match"), [
    ({"due": {"days": 14, "keep_years": 2}}, "exactly one"),
    ({"due": {}}, "exactly one"),
    ({"due": {"days": 0}}, "greater than"),
    ({"due": {"yearly": "02-30"}}, "no day"),
    ({"due": {"weeks": 2}}, "unknown key"),
    ({"on": "failed"}, "denied"),
    ({"on": "sent", "rules": ["precision"]}, "only an obligation on denied or held"),
    ({"rules": ["precison"]}, "there is no rule 'precison'"),
])  # fmt: skip
def test_an_obligation_that_means_nothing_is_refused(gate: Gate, wrong: dict[str, Any], match: str) -> None:
    oblige(gate, obligation("wrong", "denied", {"days": 14}) | wrong)
    with pytest.raises(PolicyError, match=match):
        gate.screen(stage("GeoJSON", gate.staged, COARSE))


def test_two_obligations_of_one_id_are_refused(gate: Gate) -> None:
    oblige(gate, *[obligation("same", "denied", {"days": 14})] * 2)
    with pytest.raises(PolicyError, match="this id already"):
        gate.screen(stage("GeoJSON", gate.staged, COARSE))


def test_the_command_lists_discharges_and_the_audit_leaves_with_11(
    bound: Gate, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Command(capsys, monkeypatch, bound.environment)
    bound.submit(stage("GeoJSON", bound.staged, FINE))
    shown = json.loads(run("obligations", "--format", "json").out)
    assert [(each["due"], each["state"], each["what"]) for each in shown] == [
        ("2026-03-24", "overdue", "Report refusal.")
    ]
    ended = run("audit")
    assert (ended.code, "overdue since 2026-03-24" in ended.out) == (11, True)
    assert "1 open, 1 of them overdue" in run("obligations").out
    assert run("obligations", "done", shown[0]["key"], "--comment", "sent", "--as", "anna").code == 0
    assert run("audit").code == 0


def test_who_has_no_role_for_it_discharges_nothing(bound: Gate) -> None:
    bound.submit(stage("CSV", bound.staged, FINE))
    key = next(each.arisen.key for each in owed(house=bound.house()) if each.open)
    people = "people:\n  - {name: rita, roles: [requester]}\n  - {name: otto, roles: [auditor]}\n"
    bound.policies.file("roles.yaml").write_text(people)
    with pytest.raises(ForbiddenError, match="to discharge an obligation needs the role"):
        discharge(key, comment="done", house=bound.house("rita"))
    assert discharge(key, comment="done", house=bound.house("otto")).done
