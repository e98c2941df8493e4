"""Each thing that the gate needs is really taken away, and health says which, what to do, and to whom."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from consoling.desk import console
from consoling.tokens import token_for
from telemetry.looked import looked_at

from geogate.console import health as asked
from geogate.gate.health import KEPT, QUICK, _kept, health
from geogate.measures import canaries
from geogate.model.authority import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from gating.command import Command
    from gating.gate import Gate

NAMES = ["ledger", "staging", "keys", "policies", "isolation", "kernels", "detectors"]


def no_ledger(gate: Gate) -> None:
    gate.ledger_file.unlink()


def no_staging(gate: Gate) -> None:
    (gate.home / "staging").rmdir()
    (gate.home / "staging").write_text("a file")


def open_key(gate: Gate) -> None:
    (gate.home / "keys" / "clearance.pem").chmod(0o644)


def other_key(gate: Gate) -> None:
    from geogate.gate.keyfile import SigningKey

    (gate.home / "keys" / "clearance.pub.pem").write_text(SigningKey.generate().public.pem())


def bad_policy(gate: Gate) -> None:
    (gate.policies.root / "other.yaml").write_text("name: other")


def no_policy(gate: Gate) -> None:
    for path in gate.policies.root.glob("*.yaml"):
        path.unlink()


def stale_zones(gate: Gate) -> None:
    gate.now = datetime(3001, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("take", "name"),
    [
        (no_ledger, "ledger"),
        (no_staging, "staging"),
        (open_key, "keys"),
        (other_key, "keys"),
        (bad_policy, "policies"),
        (no_policy, "policies"),
        (stale_zones, "policies"),
    ],
)
def test_what_is_down_is_named_with_its_fix(gate: Gate, take: Callable[[Gate], None], name: str) -> None:
    take(gate)
    if name in QUICK:
        looked_at(gate)
    found = health(house=gate.house(), anew=name not in QUICK)
    down = {check.name: check for check in found.checks if not check.well}

    assert name in down
    assert not found.ready
    assert down[name].fix
    assert str(gate.root) not in str(down)


def test_a_gate_that_needs_nothing_is_ready(geogate: Command) -> None:
    done = geogate("doctor", "--format", "json")
    said = json.loads(done.out)

    assert [each["check"] for each in said["checks"]] == NAMES
    assert [each for each in said["checks"] if not each["well"]] == []
    assert (done.code, said["ready"]) == (0, True)
    assert {"zone-hits", "coordinate-lattice", "text-scan", "derived-positions"} <= set(said["detectors"])
    assert set(said["detectors"].values()) == {True}


def test_a_detector_that_is_silent_is_down(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its planted case lies where there is no zone, as if it had lost them.
    monkeypatch.setattr(canaries, "_within", lambda _zone_list: (0.0, 0.0))
    found = health(house=gate.house(), anew=True)

    assert not found.ready
    assert found.detectors["zone-hits"] is False
    assert "zone-hits" in next(check.wrong for check in found.checks if check.name == "detectors")


def test_what_takes_seconds_is_looked_at_again_when_its_answer_is_too_old(gate: Gate) -> None:
    gate.now = datetime(2026, 11, 22, 10, tzinfo=UTC)
    looked_at(gate)
    first = health(house=gate.house())
    bad_policy(gate)
    gate.now += KEPT - timedelta(seconds=1)
    young = health(house=gate.house())
    gate.now += timedelta(seconds=1)
    old = health(house=gate.house())
    (gate.policies.root / "other.yaml").unlink()
    repaired = health(house=gate.house())

    assert [each.ready for each in (first, young, old, repaired)] == [True, True, False, True]
    assert young.at == first.at


def test_the_doctor_ends_with_5_and_says_what_to_do(gate: Gate, geogate: Command) -> None:
    bad_policy(gate)
    no_ledger(gate)
    done = geogate("doctor")

    assert done.code == 5
    assert "ledger: there is no ledger at this place\n  run geogate init\n" in done.out
    assert "policies: " in done.out


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"at": "2026-11-22T10:00:00+00:00", "checks": [], "found": {}}'])
def test_an_answer_that_was_damaged_is_not_believed(gate: Gate, text: str) -> None:
    looked_at(gate)
    assert _kept(gate.house()) is not None
    (gate.home / "health.json").write_text(text)

    assert _kept(gate.house()) is None


def test_anybody_may_ask_whether_the_gate_is_ready_and_hears_one_word(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at(gate)
    monkeypatch.setattr(asked, "SECONDS", 0.0)
    monkeypatch.setattr(asked, "_LAST", asked._Last())
    with console(gate) as desk, desk.visitor("") as anybody:
        good = {"authorization": f"Bearer {token_for(gate, Role.MONITOR, name='prometheus')}"}
        live, ready = anybody.get("/health/live"), anybody.get("/health/ready")
        more = anybody.http.get("/health", headers=good)
        refused = [anybody.get("/health").status_code]
        bad_policy(gate)
        (gate.home / "health.json").unlink()
        not_ready, still = anybody.get("/health/ready"), anybody.get("/health/live")

    assert [(each.status_code, each.text) for each in (live, ready, not_ready, still)] == [
        (200, "ok\n"),
        (200, "ok\n"),
        (503, "not ok\n"),
        (200, "ok\n"),
    ]
    assert refused == [401]
    assert [each["check"] for each in more.json()["checks"]] == NAMES
