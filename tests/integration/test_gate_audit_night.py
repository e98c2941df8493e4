"""A night's audit: recalls for what would be denied, nothing judged twice, taken up after death, one report for all."""

from __future__ import annotations

import inspect
import json
import os
import shutil
import signal
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from gating.files import MIDDLE, stage
from gating.place import RULES, SQUARE, destination, precision

from geogate.gate import audit_judging, audit_parts, audit_run
from geogate.gate.audit import accept, audit
from geogate.gate.audit_basis import DAILY
from geogate.gate.audit_findings import Kind
from geogate.gate.audit_report import latest, page_of
from geogate.gate.audit_run import begin, forget, judge_part
from geogate.gate.heads import current_head
from geogate.gate.recall import Word, open_recall, recalls, say
from geogate.gate.recall_notice import notices
from geogate.gate.submit import submit
from geogate.model.errors import RefusedError, UsageError
from geogate.model.lifecycle import State
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from pathlib import Path

    from gating.command import Command
    from gating.gate import Gate

    from geogate.gate.audit import AuditReport
    from geogate.model.names import RequestId

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def sent(gate: Gate, *stems: str) -> list[RequestId]:
    return [
        gate.send(gate.clear(stage("CSV", gate.staged, coarse(n), stem=stem))).request for n, stem in enumerate(stems)
    ]


def coarse(number: int) -> list[tuple[float, float]]:
    return [(8.3 + number / 10, 47.1), (8.4, 47.2), (-0.5, 51.4)]


def kinds(report: AuditReport) -> list[tuple[Kind, str]]:
    return [(each.kind, each.about) for each in report.report.urgent]


def stricter(gate: Gate) -> None:
    gate.policies.write_policy([precision("precision", 50_000, ">="), *RULES[1:]])


def test_what_would_be_denied_today_is_recalled_and_followed_to_its_end(gate: Gate) -> None:
    gate.now = NOW
    first, second = sent(gate, "a", "b")
    assert not audit(house=gate.house()).report.urgent
    stricter(gate)
    assert set(kinds(audit(house=gate.house()))) == {(Kind.CHANGED, first), (Kind.CHANGED, second)}
    assert {each.request for each in recalls(house=gate.house())} == {first, second}
    (notice,) = notices(house=gate.house())
    assert notice.recipient == "partner"
    assert all(each.files[0].uri in notice.text and each.files[0].sha256 in notice.text for each in notice.releases)
    assert "precision" in notice.text
    assert not any(text in notice.text for text in ("47.1", "8.3", "51.4"))
    with pytest.raises(UsageError, match="--comment"):
        say(first, Word.NOTIFIED, comment=" ", house=gate.house())
    say(first, Word.NOTIFIED, comment="by mail", house=gate.house())
    say(first, Word.CONFIRMED, comment="deleted, says their officer", house=gate.house("olga"))
    assert gate.request(first).state is State.RECALLED
    with pytest.raises(RefusedError, match="no recall"):
        say(first, Word.FAILED, comment="again", house=gate.house())
    # What was confirmed and still lies there is found, the other one is overdue after a week.
    gate.now = NOW + timedelta(days=8)
    found = kinds(audit(house=gate.house()))
    assert sorted(found) == sorted(
        [(Kind.CHANGED, second), (Kind.STILL_THERE, f"file://{gate.outbox}/a.csv"), (Kind.RECALL, second)]
    )
    (gate.outbox / "a.csv").unlink()
    say(second, Word.FAILED, comment="their backup keeps it", house=gate.house())
    assert (Kind.RECALL, second) in kinds(audit(house=gate.house()))
    (gate.outbox / "b.csv").unlink()
    say(second, Word.CONFIRMED, comment="deleted after all", house=gate.house("olga"))
    assert kinds(audit(house=gate.house())) == []
    gate.require_whole_ledger()


def test_a_recall_that_people_withdraw_is_not_opened_again_for_the_same(gate: Gate) -> None:
    (request,) = sent(gate, "a")
    stricter(gate)
    assert kinds(audit(house=gate.house())) == [(Kind.CHANGED, request)]
    with pytest.raises(RefusedError, match="who asked for a release cannot"):
        say(request, Word.WITHDRAWN, comment="a permit of the ministry", house=gate.house("Rita"))
    say(request, Word.WITHDRAWN, comment="a permit of the ministry", house=gate.house("olga"))
    assert kinds(audit(house=gate.house())) == []
    gate.policies.write_policy([precision("other", 60_000, ">="), *RULES[1:]])
    assert kinds(audit(house=gate.house())) == [(Kind.CHANGED, request)]
    assert [each.open for each in recalls(house=gate.house())] == [True]


@pytest.mark.parametrize("word", [Word.CONFIRMED, Word.WITHDRAWN])
@pytest.mark.parametrize("name", ["rita", "RITA", " rita", "r\u00adita", "\uff52ita"])
def test_who_asked_for_a_release_does_not_end_its_recall_however_the_name_is_written(
    name: str, word: Word, gate: Gate
) -> None:
    (request,) = sent(gate, "a")
    open_recall(request, reason="sent by mistake", house=gate.house("olga"))
    say(request, Word.NOTIFIED, comment="by mail", house=gate.house(name))
    with pytest.raises(RefusedError, match="who asked for a release cannot end its recall"):
        say(request, word, comment="deleted, I am sure", house=gate.house(name))
    assert gate.request(request).state is State.SENT
    assert [each.open for each in recalls(house=gate.house())] == [True]
    # Whoever opened it may end it: that somebody gives back what they had is not theirs to wish for.
    assert not say(request, word, comment="their officer says so", house=gate.house("olga")).open


def test_who_asked_for_the_same_bytes_again_does_not_end_the_recall_of_the_first_request(gate: Gate) -> None:
    (request,) = sent(gate, "a")
    again = submit(gate.wish(gate.staged / "a.csv"), house=gate.house("otto"))
    assert again.request != request
    open_recall(request, reason="sent by mistake", house=gate.house("olga"))
    with pytest.raises(RefusedError, match="who asked for a release cannot end its recall"):
        say(request, Word.CONFIRMED, comment="deleted", house=gate.house("otto"))


def test_only_what_was_sent_can_be_recalled_and_only_once(gate: Gate) -> None:
    nonce = gate.clear(stage("CSV", gate.staged))
    request = gate.clearance(nonce)[0].request
    with pytest.raises(RefusedError, match="only what was sent"):
        open_recall(request, reason="wrong", house=gate.house())
    gate.send(nonce)
    open_recall(request, reason="wrong", house=gate.house())
    with pytest.raises(RefusedError, match="open already"):
        open_recall(request, reason="wrong", house=gate.house())


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Name the releases whose bytes an audit reads."""
    read: list[str] = []
    whole = audit_judging._from_bytes

    def told(sent: audit_judging.Sent, **named: Any) -> Any:
        read.append(str(sent.request.id))
        return whole(sent, **named)

    monkeypatch.setattr(audit_judging, "_from_bytes", told)
    return read


@pytest.fixture
def judging(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Name the releases that an audit judges."""
    judged: list[str] = []
    whole = audit_judging.judge_sent

    def told(sent: audit_judging.Sent, *each: Any, **named: Any) -> Any:
        judged.append(str(sent.request.id))
        return whole(sent, *each, **named)

    monkeypatch.setattr(audit_run, "judge_sent", told)
    return judged


def test_what_was_measured_suffices_until_other_zones_ask_more(gate: Gate, reading: list[str]) -> None:
    first, second = sent(gate, "a", "b")
    assert kinds(audit(house=gate.house())) == []
    assert reading == []
    # A zone around the positions of both: their bytes are read, once, also where the sealed copy of one is gone.
    gate.policies.write_zones(SQUARE, [[[8.0, 47.0], [9.0, 47.0], [9.0, 48.0], [8.0, 48.0], [8.0, 47.0]]])
    (gate.home / "staging" / "objects").rename(gate.root / "aside")
    assert kinds(audit(house=gate.house())) == [(Kind.CHANGED, first), (Kind.CHANGED, second)]
    assert reading == [first, second]
    assert kinds(audit(house=gate.house())) == [(Kind.CHANGED, first), (Kind.CHANGED, second)]
    assert reading == [first, second]


def test_bytes_that_are_nowhere_whole_cannot_be_judged_again(gate: Gate) -> None:
    (request,) = sent(gate, "a")
    gate.policies.write_zones(SQUARE, [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]])
    (gate.home / "staging" / "objects").rename(gate.root / "aside")
    (gate.outbox / "a.csv").chmod(0o640)
    (gate.outbox / "a.csv").write_text("lon,lat\n0,0\n")
    assert [kind for kind, _ in kinds(audit(house=gate.house()))] == [Kind.UNSAID, Kind.ALTERED]
    assert latest(gate.house()).findings[0].about == request  # type: ignore[union-attr]  # there is one


def test_what_has_not_changed_is_not_judged_again(gate: Gate, judging: list[str]) -> None:
    first, second = sent(gate, "a", "b")
    gate.policies.write_recipients(contract={"reference": "C-1", "ends": date(2999, 1, 1)})
    audit(house=gate.house())
    assert judging == [first, second]
    report = audit(house=gate.house())
    assert (report.report.counts.same, len(judging)) == (2, 2)
    (third,) = sent(gate, "c")
    audit(house=gate.house())
    assert judging[2:] == [third]
    # Another policy, another contract, and a day after the contract's last: each is another question.
    gate.policies.write_policy([*RULES[:3], destination(contract_min_days_left=10)])
    audit(house=gate.house())
    assert judging[3:] == [first, second, third]
    gate.policies.write_recipients(contract={"reference": "C-1", "ends": date(2030, 1, 1)})
    audit(house=gate.house())
    assert judging[6:] == [first, second, third]
    gate.now = datetime(2030, 1, 3, tzinfo=UTC)
    assert {kind for kind, _ in kinds(audit(house=gate.house()))} >= {Kind.CHANGED}
    assert judging[9:] == [first, second, third]


class KilledError(BaseException):
    """Stands for the end of the process."""


def test_an_audit_that_was_killed_goes_on_where_it_was(
    gate: Gate, judging: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = sent(gate, "a", "b", "c")
    monkeypatch.setattr(audit_run, "KEPT_EVERY", 1)
    with monkeypatch.context() as patch:
        whole = audit_run.__dict__["judge_sent"]

        def dies(sent: audit_judging.Sent, *each: Any, **named: Any) -> Any:
            if sent.request.id == requests[2]:
                raise KilledError
            return whole(sent, *each, **named)

        patch.setattr(audit_run, "judge_sent", dies)
        with pytest.raises(KilledError):
            audit(house=gate.house())
    assert judging == requests[:2]
    assert latest(gate.house()) is None
    run = begin(house=gate.house())
    assert audit(house=gate.house()).report.run == run.id
    assert judging == requests


def several_months(gate: Gate, patch: pytest.MonkeyPatch) -> None:
    """Send in four months, of which an audit judges the parts in three processes."""
    for month in range(4):
        gate.now = NOW + timedelta(days=31 * month)
        sent(gate, f"month-{month}")
    stricter(gate)
    patch.setattr(audit_parts, "_processes", lambda *_: 3)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # of newer Pythons, for the idle threads of the tests
def test_parts_that_several_processes_judge_give_the_same(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    several_months(gate, monkeypatch)
    run = begin(house=gate.house())
    assert len(run.parts) == 4
    pids = gate.root / "pids"
    whole = audit_run.__dict__["judge_sent"]

    def told(*each: Any, **named: Any) -> Any:
        with pids.open("a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(0.3)  # so that each process finds a part that is not taken
        return whole(*each, **named)

    with monkeypatch.context() as patch:
        patch.setattr(audit_run, "judge_sent", told)
        together = audit_parts.ended(run, house=gate.house())
    assert len(set(pids.read_text().split())) == 3
    assert len(pids.read_text().split()) == 4
    forget(house=gate.house())
    shutil.rmtree(gate.home / "audit")
    alone = tuple(judge_part(part, run=begin(house=gate.house()), house=gate.house()) for part in run.parts)
    assert together == alone
    assert [finding.kind for part in alone for finding in part.findings] == [Kind.CHANGED] * 4


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("how", ["killed", "raises"])
def test_what_another_process_could_not_judge_is_judged_by_the_first(
    how: str, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    several_months(gate, monkeypatch)
    first, whole = os.getpid(), audit_run.__dict__["judge_sent"]

    def fails(*each: Any, **named: Any) -> Any:
        if os.getpid() != first and how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if os.getpid() != first:
            raise KilledError
        time.sleep(0.3)
        return whole(*each, **named)

    monkeypatch.setattr(audit_run, "judge_sent", fails)
    report = audit(house=gate.house()).report
    assert report.counts.audited == 4
    assert [each.kind for each in report.findings] == [Kind.CHANGED] * 4


def test_parts_are_judged_by_themselves_and_gathered(gate: Gate, judging: list[str]) -> None:
    requests = sent(gate, "a")
    run = begin(house=gate.house())
    (part,) = run.parts
    assert requests[0].startswith(part)
    assert judge_part(part, run=run, house=gate.house()).audited == 1
    assert audit(house=gate.house()).report.counts.audited == 1
    assert judging == requests
    with pytest.raises(UsageError):
        judge_part("../../x", run=run, house=gate.house())


def test_what_people_accept_stays_accepted_until_it_changes(gate: Gate, geogate: Command) -> None:
    sent(gate, "a")
    (gate.outbox / "readme.txt").write_text("hello")
    ended = geogate("audit")
    assert ended.code == 11
    key = latest(gate.house()).urgent[0].key  # type: ignore[union-attr]  # there is one
    assert key in ended.out
    assert geogate("audit", "accept", key, "--comment", "our own readme").code == 0
    assert geogate("audit").code == 0
    (gate.outbox / "readme2.txt").write_text("hello")
    assert geogate("audit").code == 11
    with pytest.raises(UsageError, match="nothing by that id"):
        accept("0" * 12, comment="x", house=gate.house())


def test_what_would_be_denied_cannot_be_accepted(gate: Gate) -> None:
    sent(gate, "a")
    stricter(gate)
    (finding,) = audit(house=gate.house()).report.urgent
    with pytest.raises(RefusedError, match="cannot be accepted"):
        accept(finding.key, comment="never mind", house=gate.house())


def test_the_ledger_and_the_log_name_no_object(gate: Gate) -> None:
    (gate.outbox / "47.123456_8.654321.csv").write_text("x")
    report = audit(house=gate.house())
    assert "47.123456" in report.report.urgent[0].about
    with gate.ledger() as ledger:
        (entry,) = ledger.notes(kinds=("audited",))
    assert "47.123456" not in entry.body
    assert json.loads(entry.body)["report"] == report.report.digest


def test_the_page_tells_the_trend_and_a_coarse_map_without_coordinates(gate: Gate) -> None:
    sent(gate, "a")
    audit(house=gate.house())
    stricter(gate)
    page = page_of(audit(house=gate.house()).report, house=gate.house())
    assert "1 thing needs somebody" in page
    assert "The last 2 audits" in page
    # The squares of 8 to 9 degrees east, 47 north, and of 0.5 west, 51 north.
    assert 'x="360" y="80" width="20"' in page
    assert 'x="340" y="60" width="20"' in page
    assert not any(text in page for text in ("47.1", "8.3", "51.4"))
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_a_ledger_whose_head_nobody_keeps_elsewhere_is_found(gate: Gate, tmp_path: Path) -> None:
    from geogate.gate.anchors import anchor

    heads = tmp_path / "heads"
    heads.mkdir()
    gate.settings["GEOGATE_LEDGER_ANCHOR"] = str(heads)
    gate.now = NOW
    sent(gate, "a")
    assert [kind for kind, _ in kinds(audit(house=gate.house()))] == [Kind.ANCHOR]
    anchor(house=gate.house())
    assert kinds(audit(house=gate.house())) == []
    gate.now = NOW + timedelta(days=3)
    assert [kind for kind, _ in kinds(audit(house=gate.house()))] == [Kind.ANCHOR]
    assert current_head(house=gate.house()).head.size


def test_writes_that_lineage_saw_need_somebody(gate: Gate) -> None:
    from geogate.gate.ungated import note_ungated

    note_ungated([("s3://elsewhere/x.csv", 2)], by="airflow:a/b/c/-1", more=False, house=gate.house())
    (finding,) = audit(house=gate.house()).report.urgent
    assert (finding.kind, finding.about) == (Kind.UNGATED, "airflow:a/b/c/-1")
    assert "2 times to s3://elsewhere" in finding.summary


def test_what_people_approved_and_would_be_held_today_is_no_change(gate: Gate) -> None:
    request = gate.hold(stage("CSV", gate.staged, MIDDLE))
    gate.approve(request, "ann")
    nonce = gate.approve(request, "bob").clearance
    assert nonce is not None
    gate.send(nonce)
    assert kinds(audit(house=gate.house())) == []


def test_the_commands_of_a_recall(gate: Gate, geogate: Command) -> None:
    (request,) = sent(gate, "a")
    assert geogate("recalls", "open", request, "--comment", "sent by mistake").code == 0
    assert "1 open, 0 of them overdue" in geogate("recalls").out
    assert request in geogate("recalls", "notices").out
    assert json.loads(geogate("recalls", "notices", "--format", "json").out)[0]["recipient"] == "partner"
    assert geogate("recalls", "notified", request, "--comment", "by mail").code == 0
    own = geogate("recalls", "confirm", request, "--comment", "deleted", "--as", "rita")
    assert own.code == 11
    assert "who asked for a release cannot end its recall" in own.err
    assert geogate("recalls", "confirm", request, "--comment", "deleted").code == 0
    assert json.loads(geogate("recalls", "--all", "--format", "json").out)[0]["state"] == "confirmed"
    assert geogate("recalls", "confirm", request, "--comment", "deleted").code == 11
    assert geogate("audit", "--last").code == 2
    assert geogate("audit", "--format", "json").code == 11
    assert json.loads(geogate("audit", "--last", "--format", "json").out)["kinds"] == {str(Kind.STILL_THERE): 1}


def test_a_recipient_who_is_none_any_more_cannot_be_judged(gate: Gate) -> None:
    (request,) = sent(gate, "a")
    gate.policies.replace("recipients.yaml", "id: partner", "id: partner-two")
    assert (Kind.UNSAID, request) in kinds(audit(house=gate.house()))


def test_every_rule_that_asks_for_the_day_is_asked_anew_each_day() -> None:
    for name, rule in registered().items():
        source = inspect.getsource(inspect.getmodule(type(rule)) or type(rule))
        # Those that need no data are answered anew in any case.
        if ".today" in source or "holds_until" in source:
            assert name in DAILY | {"expect_destination_to_be_allowed", "expect_attestations_to_be_held"}, name


def test_what_was_accepted_is_another_finding_when_something_else_lies_there(gate: Gate) -> None:
    gate.now = NOW
    sent(gate, "a")
    (gate.outbox / "README").write_text("hello")
    (finding,) = audit(house=gate.house()).report.urgent
    accept(finding.key, comment="a readme", house=gate.house())
    assert not audit(house=gate.house()).report.urgent
    (gate.outbox / "README").write_text("lon,lat\n")
    assert [each.kind for each in audit(house=gate.house()).report.urgent] == [Kind.UNCLEARED]


def test_a_place_that_is_gone_hides_nothing_else_and_is_accepted_for_a_while_only(gate: Gate) -> None:
    gate.now = NOW
    gate.policies.write_recipients({"uri": "file:outbox/"}, {"uri": "file:other/"})
    (gate.root / "other").mkdir()
    (request,) = sent(gate, "a")
    other = gate.send(gate.clear(stage("CSV", gate.staged, coarse(1), stem="b"), destination="file:other/")).request
    (gate.root / "other").rename(gate.root / "elsewhere")
    stricter(gate)
    found = audit(house=gate.house()).report.urgent
    assert {(each.kind, each.about) for each in found} >= {(Kind.CHANGED, request), (Kind.UNSAID, other)}
    gone = [each for each in found if each.kind is Kind.UNREADABLE]
    assert gone
    for each in gone:
        accept(each.key, comment="they closed it", house=gate.house())
    assert Kind.UNREADABLE not in dict(audit(house=gate.house()).report.kinds)
    gate.now = NOW + timedelta(days=31)
    assert dict(audit(house=gate.house()).report.kinds)[Kind.UNREADABLE] == len(gone)
