"""Metrics say what the ledger says, also of what other processes did, and name neither requests nor people."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from consoling.desk import console
from consoling.tokens import token_for
from gating.files import FINE, MIDDLE, stage
from gating.gate import Gate
from telemetry.looked import looked_at
from telemetry.scraped import Scraped

from geogate.console.desk import ATTEMPTS
from geogate.gate.anchors import anchor
from geogate.gate.audit import audit
from geogate.gate.metrics import exposition
from geogate.gate.metrics_tally import MOST_LABELS, Tally, counted
from geogate.model.authority import Role

if TYPE_CHECKING:
    from pathlib import Path

    from gating.command import Command

START = datetime(2026, 11, 22, 10, tzinfo=UTC)


def scraped(gate: Gate) -> Scraped:
    looked_at(gate)
    return Scraped.of(exposition(house=gate.house()).decode())


@pytest.fixture(scope="module")
def worked_template(gate_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A gate that sent one release, held one and denied one."""
    gate = Gate(root=shutil.copytree(gate_template, tmp_path_factory.mktemp("worked") / "gate"))
    gate.now = START
    gate.send(gate.clear(stage("CSV", gate.staged)))
    gate.hold(stage("CSV", gate.staged, MIDDLE, stem="middle"))
    assert gate.submit(stage("CSV", gate.staged, FINE, stem="fine")).decision == "deny"
    return gate.root


@pytest.fixture
def done(worked_template: Path, gate: Gate) -> Gate:
    """A copy of it, of the test's own, in the place of the test's gate."""
    shutil.rmtree(gate.root)
    shutil.copytree(worked_template, gate.root)
    gate.now = START
    return gate


def test_decisions_findings_and_bytes_are_counted_from_the_ledger(done: Gate) -> None:
    gate = done
    size = sum(map(len, gate.delivered().values()))
    found = scraped(gate)

    assert {
        each: found("geogate_decisions_total", policy="test", decision=each) for each in ("clear", "hold", "deny")
    } == {
        "clear": 1,
        "hold": 1,
        "deny": 1,
    }
    assert found("geogate_sent_total", policy="test") == 1
    assert found("geogate_sent_bytes_total", policy="test") == size
    assert found("geogate_findings_total", rule="precision", effect="deny") == 1
    assert found("geogate_findings_total", rule="review", effect="hold") == 2
    assert (found("geogate_ledger_up"), found("geogate_ledger_entries")) == (1, len(gate.kinds()))


def test_a_step_takes_the_time_between_its_entries(gate: Gate) -> None:
    gate.now = START
    request = gate.hold(stage("CSV", gate.staged, MIDDLE))
    gate.now = START + timedelta(hours=5)
    gate.approve(request, "ann")
    gate.approve(request, "bob")
    found = scraped(gate)

    assert found("geogate_step_seconds_count", step="reviewing") == 1
    assert found("geogate_step_seconds_sum", step="reviewing") == 5 * 3600
    assert found("geogate_step_seconds_bucket", step="reviewing", le="14400.0") == 0
    assert found("geogate_step_seconds_bucket", step="reviewing", le="86400.0") == 1
    assert found("geogate_step_seconds_count", step="judging") == 1


def test_what_waits_is_counted_with_the_age_of_the_oldest(gate: Gate) -> None:
    gate.now = START
    gate.hold(stage("CSV", gate.staged, MIDDLE))
    gate.now = START + timedelta(hours=2)
    gate.hold(stage("CSV", gate.staged, MIDDLE, stem="later"))
    gate.now = START + timedelta(hours=3)
    found = scraped(gate)

    assert found("geogate_requests", state="held") == 2
    assert found("geogate_oldest_waiting_seconds", state="held") == 3 * 3600
    assert found("geogate_oldest_waiting_seconds", state="cleared") == 0


def test_counting_goes_on_where_it_stopped_and_begins_anew_with_another_ledger(done: Gate) -> None:
    gate = done
    with gate.ledger() as ledger:
        whole = counted(ledger, Tally())
        again = counted(ledger, Tally.read(whole.document()))
        half = Tally()
        for entry in ledger.entries(limit=5):
            half.count(entry)
        resumed = counted(ledger, Tally.read(half.document()))
        forged = counted(ledger, replace(Tally.read(whole.document()), last="0" * 64, sent={"test": 99}))
    other = Tally.read(json.dumps(json.loads(whole.document()) | {"version": 0}))

    assert whole == again == resumed == forged
    assert (other, Tally.read("[]"), Tally.read("not json")) == (Tally(), Tally(), Tally())


def test_an_entry_that_cannot_be_read_is_counted_as_such_and_stops_nothing(done: Gate) -> None:
    gate = done
    with gate.ledger() as ledger:
        tally = counted(ledger, Tally())
        (screen, *_) = (entry for entry in ledger.entries() if entry.kind == "screen")
    for body in ("", "[]", "null", '{"verdict": {"findings": [8.123457]}}', '{"verdict": {"findings": [{}]}}'):
        tally.count(replace(screen, body=body))

    assert tally.errors == {"screen": 5}


def test_labels_are_bounded_whatever_rules_are_called(done: Gate) -> None:
    gate = done
    with gate.ledger() as ledger:
        (screen, *_) = (entry for entry in ledger.entries() if entry.kind == "screen")
    tally = Tally()
    for number in range(2 * MOST_LABELS):
        findings = [{"rule": f"rule-{number}", "effect": "deny"}, {"rule": "at 8.123457", "effect": "deny"}]
        tally.count(replace(screen, body=json.dumps({"verdict": {"findings": findings}})))

    assert len(tally.findings) == MOST_LABELS
    assert tally.findings["other deny"] > MOST_LABELS
    assert not [each for each in tally.findings if "8.12" in each]


def test_no_label_names_a_request_a_recipient_a_person_a_file_or_a_place(done: Gate) -> None:
    gate = done
    looked_at(gate)
    text = exposition(house=gate.house()).decode()

    for word in ("rita", "partner", "outbox", "middle", "data.csv", "keep-out", str(gate.root)):
        assert word not in text
    assert not re.search(r"\d{8}-[0-9a-f]{12}", text)
    # What this process did for other tests before is counted too.
    assert len([line for line in text.splitlines() if "geogate_process_" not in line]) < 400


def test_anchoring_and_audits_show_their_age(done: Gate) -> None:
    gate = done
    assert scraped(gate)("geogate_ledger_anchored_entries") == 0
    gate.now = START + timedelta(hours=1)
    (gate.root / "elsewhere").mkdir()
    assert scraped(gate)("geogate_ledger_unanchored_seconds") == 3600
    anchor(str(gate.root / "elsewhere"), house=gate.house())
    report = audit(house=gate.house())
    gate.now = START + timedelta(hours=4)
    found = scraped(gate)

    assert found("geogate_ledger_anchored_timestamp_seconds") == (START + timedelta(hours=1)).timestamp()
    assert found("geogate_ledger_unanchored_seconds") == 3 * 3600
    assert found("geogate_audit_timestamp_seconds") == (START + timedelta(hours=1)).timestamp()
    assert found("geogate_audit_findings") == len(report.changes) + len(report.overdue)


def test_a_ledger_that_does_not_answer_is_a_metric_and_no_counter_goes_back(done: Gate) -> None:
    gate = done
    scraped(gate)
    gate.ledger_file.rename(gate.root / "away")
    found = scraped(gate)

    assert found("geogate_ledger_up") == 0
    assert found("geogate_check", check="ledger") == 0
    assert found("geogate_decisions_total", policy="test", decision="clear") is None


def test_a_link_that_somebody_laid_where_the_metrics_are_begun_is_not_written_through(
    done: Gate, geogate: Command
) -> None:
    path, other = done.root / "geogate.prom", done.root / "other"
    other.write_text("mine")
    for number in range(os.getpid(), os.getpid() + 500):
        (done.root / f".geogate.prom.{number}").symlink_to(other)
    assert geogate("metrics", "--write", path).code == 0
    assert (other.read_text(), path.is_symlink()) == ("mine", False)


def test_a_textfile_for_the_node_exporter_is_written_whole(done: Gate, geogate: Command) -> None:
    gate = done
    gate.now = None
    looked_at(gate)
    path = gate.root / "geogate.prom"
    assert geogate("metrics", "--write", path).code == 0

    assert Scraped.of(path.read_text())("geogate_sent_total", policy="test") == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert not list(gate.root.glob(".geogate.prom*"))
    assert geogate("metrics", "--write", gate.root / "nowhere" / "x.prom").code == 5
    assert Scraped.of(geogate("metrics").out)("geogate_ledger_up") == 1


def test_the_console_gives_metrics_to_a_token_for_it_and_to_nobody_else(done: Gate) -> None:
    gate = done
    gate.now = None
    looked_at(gate)
    with console(gate) as desk, desk.visitor("") as anybody, desk.visitor("ada", "administrators") as signed_in:
        good = {"authorization": f"Bearer {token_for(gate, Role.MONITOR, name='prometheus')}"}
        others = [
            {"authorization": f"Bearer {token_for(gate, Role.REQUESTER, Role.REVIEWER)}"},
            {"authorization": f"Bearer {token_for(gate, Role.MONITOR)}"},  # whose name roles.yaml does not make one
            {"authorization": "Bearer gg_0_made-up"},
        ]
        found = anybody.http.get("/metrics", headers=good)
        codes = [anybody.http.get("/metrics", headers=each).status_code for each in others]
        bare = [anybody.http.get("/metrics").status_code, signed_in.http.get("/metrics").status_code]
        beyond = [anybody.http.get(path, headers=good).status_code for path in ("/api/v1/releases", "/api/v1/ledger")]

    assert found.status_code == 200
    assert found.headers["content-type"].startswith("text/plain; version=0.0.4")
    scrape = Scraped.of(found.text)
    assert scrape("geogate_sent_total", policy="test") == 1
    assert scrape("geogate_process_ledger_write_seconds_count") is not None
    assert (codes, bare, beyond) == ([403, 403, 401], [401, 401], [403, 403])
    assert ATTEMPTS > 3


def test_what_the_console_does_itself_is_timed(gate: Gate) -> None:
    request = gate.hold(stage("CSV", gate.staged, MIDDLE))
    looked_at(gate)
    good = {"authorization": f"Bearer {token_for(gate, Role.MONITOR, name='prometheus')}"}
    with console(gate) as desk, desk.reviewer("ada") as ada, desk.reviewer("ben") as ben:
        before = Scraped.of(ada.http.get("/metrics", headers=good).text)
        ada.vote(request, "approve")
        ben.vote(request, "approve")
        after = Scraped.of(ada.http.get("/metrics", headers=good).text)
    name = "geogate_process_ledger_write_seconds_count"

    assert (after(name) or 0) >= (before(name) or 0) + 2
    assert after("geogate_process_stage_seconds_count", stage="judging", outcome="done")
