"""A gate that lost its disk goes on from a backup, and sends nothing twice."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from backup.lasting import HELD, Lasting
from gating.files import COARSE, MIDDLE, stage
from gating.place import RULES, with_meta

from geogate.gate import restore as restoring
from geogate.gate.anchors import compare
from geogate.gate.backup import back_up, lines_of
from geogate.gate.health import health
from geogate.gate.home import initialise
from geogate.gate.keyfile import SigningKey
from geogate.gate.reopen import reopen
from geogate.gate.waivers import WaiverWish, approve_waiver, ask_waiver, revoke_waiver
from geogate.ledger.shut import ShutError
from geogate.model.errors import InputError, RefusedError, UsageError
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from gating.command import Command


def manifest_of(lasting: Lasting) -> Path:
    (found,) = (lasting.gate.root / "backups" / "backups").iterdir()
    return found


def data(lasting: Lasting, name: str) -> Path:
    return stage("CSV", lasting.gate.staged, ((8.3, 47.1), (float(len(name)), 46.1)), stem=name)


def test_what_was_sent_after_the_backup_is_not_sent_again_and_the_clear_way_works(lasting: Lasting) -> None:
    gate = lasting.gate
    gate.send(gate.clear(data(lasting, "before")))
    waiting = gate.clear(data(lasting, "cleared"))
    held = gate.hold(stage("CSV", gate.staged, MIDDLE, stem="held"))
    made = lasting.back_up()
    gate.send(waiting)  # known to the place and to the head alone, once the disk is lost
    lasting.anchor()
    before = gate.delivered()
    lasting.destroy()
    done = lasting.restore()

    assert (done.manifest, done.absent) == (made.manifest, ())
    for attempt in (
        lambda: gate.send(waiting),
        lambda: gate.submit(data(lasting, "cleared")),
        lambda: gate.approve(held, "ann"),
        gate.requests,
    ):
        with pytest.raises(ShutError, match="was restored from a backup"):
            attempt()
    shut = lasting.reopen()
    assert not shut.opened
    assert shut.doubts[0].startswith("2 entries are lost at least")
    assert shut.doubts[1:] == ("at the destinations: 1 x lies there without a clearance",)
    with pytest.raises(ShutError):
        gate.send(waiting)
    opened = lasting.reopen("the log of the outbox shows what was sent")

    assert (opened.opened, opened.ended) == (True, 2)
    with pytest.raises(RefusedError):
        gate.send(waiting)
    with pytest.raises(RefusedError):
        gate.approve(held, "ann")
    assert gate.delivered() == before
    gate.send(gate.clear(data(lasting, "afterwards")))
    assert gate.delivered().keys() - before.keys() == {"afterwards.csv"}
    gate.require_whole_ledger()
    assert sorted(gate.states()) == sorted([State.SENT, State.WITHDRAWN, State.WITHDRAWN, State.SENT])


def test_a_backup_after_which_nothing_happened_is_opened_without_a_word(lasting: Lasting) -> None:
    gate = lasting.gate
    gate.send(gate.clear(data(lasting, "before")))
    lasting.back_up()
    lasting.anchor()
    lasting.destroy()
    lasting.restore()
    opened = lasting.reopen()

    assert (opened.opened, opened.doubts, opened.ended) == (True, (), 0)
    gate.send(gate.clear(data(lasting, "after")))
    lasting.anchor()
    found = compare(house=gate.house())
    assert (found.report.problems, found.heads, found.left_behind) == ((), 2, 0)


def test_heads_over_lost_entries_are_left_behind_by_signed_words_only(lasting: Lasting) -> None:
    gate = lasting.gate
    gate.clear(data(lasting, "before"))
    lasting.back_up()
    gate.clear(data(lasting, "lost"))
    lasting.anchor()
    lasting.destroy()
    lasting.restore()

    assert "the end was cut off" in compare(house=gate.house()).report.problems[0].what
    assert lasting.reopen("seen").opened
    lasting.anchor()
    found = compare(house=gate.house())
    assert (found.report.problems, found.heads, found.left_behind) == ((), 1, 1)
    other = SigningKey.generate()
    (gate.home / "keys" / "clearance.pem").unlink()
    (gate.home / "keys" / "clearance.pub.pem").write_text(other.public.pem())
    assert compare(house=gate.house()).left_behind == 0


def test_waivers_hold_no_more_after_a_restore(on_sqlite: Lasting) -> None:
    gate = on_sqlite.gate
    rules = (RULES[0], with_meta(RULES[1], waivable=True), *RULES[2:])
    gate.policies.write_policy(rules)
    said = {"rule": "review", "recipient": "partner", "dataset": "data.*", "reason": "known", "owner": "olga"}
    asked = ask_waiver(WaiverWish(policy="test", ticket="T-1", days=10, **said), house=gate.house("will"))
    for name in ("ann", "bob"):
        approve_waiver(asked.id, house=gate.house(name))
    assert gate.submit(stage("CSV", gate.staged, MIDDLE)).state is State.CLEARED
    on_sqlite.back_up()
    revoke_waiver(asked.id, reason="a mistake", house=gate.house("olga"))  # and this word is lost
    on_sqlite.destroy()
    on_sqlite.restore()

    assert on_sqlite.reopen("no heads were kept").revoked == 1
    assert gate.submit(stage("CSV", gate.staged, MIDDLE)).state is State.HELD


def test_a_sending_that_died_is_not_taken_up_after_a_restore(on_sqlite: Lasting) -> None:
    gate = on_sqlite.gate
    nonce = gate.clear(data(on_sqlite, "dying"))
    with gate.ledger() as ledger, ledger.transaction(gate.house().actor, at=gate.house().clock()) as tx:
        tx.claim(nonce)
    on_sqlite.back_up()
    on_sqlite.anchor()
    on_sqlite.destroy()
    on_sqlite.restore()
    assert on_sqlite.reopen().opened

    with pytest.raises(RefusedError):
        gate.send(nonce)
    assert gate.states() == [State.FAILED]
    assert gate.delivered() == {}


def test_the_newest_backup_is_restored_and_only_new_bytes_are_added(on_sqlite: Lasting) -> None:
    gate = on_sqlite.gate
    gate.clear(data(on_sqlite, "one"))
    first = on_sqlite.back_up()
    gate.now = gate.house().clock() + timedelta(seconds=1)
    gate.clear(data(on_sqlite, "second"))
    second = on_sqlite.back_up()
    on_sqlite.destroy()

    assert first.added == first.manifest.objects
    assert second.added == second.manifest.objects - first.manifest.objects > 0
    assert on_sqlite.restore().manifest == second.manifest
    on_sqlite.destroy()
    assert on_sqlite.restore(first.manifest.id).manifest == first.manifest


def test_a_backup_is_never_put_over_a_ledger(lasting: Lasting) -> None:
    lasting.gate.clear(data(lasting, "one"))
    lasting.back_up()

    with pytest.raises(RefusedError, match="there is a ledger already"):
        lasting.restore()
    assert lasting.gate.states() == [State.CLEARED]


def cut(lines: list[str]) -> list[str]:
    """Take away the last entry."""
    last = max(number for number, line in enumerate(lines) if line.startswith('["entries"'))
    return lines[:last] + lines[last + 1 :]


def edited(lines: list[str]) -> list[str]:
    return [line.replace("rita", "anna") for line in lines]


def spent(lines: list[str]) -> list[str]:
    """Make a clearance unspent in its row, which no hash covers."""
    rows = [json.loads(line) for line in lines]
    for table, row in rows:
        if table == "clearances":
            row["claimed_at"] = None
    return [json.dumps(row) for row in rows]


@pytest.mark.parametrize("change", [cut, edited, spent])
def test_a_backup_that_somebody_changed_is_refused_and_leaves_no_ledger(
    on_sqlite: Lasting, change: Callable[[list[str]], list[str]]
) -> None:
    gate = on_sqlite.gate
    gate.send(gate.clear(data(on_sqlite, "one")))
    made = on_sqlite.back_up()
    path = gate.root / "backups" / "ledgers" / f"{made.manifest.id}.jsonl.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    path.chmod(0o600)
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in change(lines)).encode()))
    on_sqlite.destroy()

    with pytest.raises(RefusedError, match="not the one that was signed"):
        on_sqlite.restore()
    assert not gate.ledger_file.exists()


@pytest.mark.parametrize("change", [cut, edited, spent])
def test_rows_that_are_no_whole_ledger_are_not_kept_whoever_signed_them(
    on_sqlite: Lasting, change: Callable[[list[str]], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = on_sqlite.gate
    gate.send(gate.clear(data(on_sqlite, "one")))
    on_sqlite.back_up()
    on_sqlite.destroy()
    monkeypatch.setattr(restoring, "lines_of", lambda path: iter(change(list(lines_of(path)))))

    with pytest.raises(RefusedError, match="the backup is no whole ledger"):
        on_sqlite.restore()
    monkeypatch.undo()
    assert on_sqlite.restore().manifest.size > 0


def test_a_backup_that_another_key_signed_is_refused(on_sqlite: Lasting, tmp_path: Path) -> None:
    gate = on_sqlite.gate
    gate.clear(data(on_sqlite, "one"))
    on_sqlite.back_up()
    on_sqlite.destroy()
    keys = gate.home / "keys"
    (kept := keys / "clearance.pub.pem").rename(tmp_path / "own.pem")
    with pytest.raises(UsageError, match="there is no public key to verify the backup with"):
        on_sqlite.restore()
    kept.write_text(SigningKey.generate().public.pem())
    with pytest.raises(RefusedError, match="signed with an unknown key"):
        on_sqlite.restore()
    kept.unlink()
    (tmp_path / "own.pem").rename(kept)

    assert on_sqlite.restore().manifest


def test_sealed_bytes_that_are_missing_or_changed_are_named(on_sqlite: Lasting, geogate: Command) -> None:
    gate = on_sqlite.gate
    gate.clear(data(on_sqlite, "one"))
    objects = sorted((gate.home / "staging" / "objects").rglob("*/*"))
    objects[0].chmod(0o600)
    objects[0].write_bytes(b"something else")
    done = geogate("backup", on_sqlite.place)
    assert (done.code, f"sealed file {objects[0].name} is missing, or is not as it was sealed" in done.out) == (
        11,
        True,
    )

    other = on_sqlite.gate.root / "backups" / "objects" / objects[1].name[:2] / objects[1].name
    other.chmod(0o600)
    other.write_bytes(b"damaged")
    on_sqlite.destroy()
    assert {str(each) for each in on_sqlite.restore().absent} == {objects[0].name, objects[1].name}


def test_a_backup_without_its_ledger_is_none(on_sqlite: Lasting) -> None:
    gate = on_sqlite.gate
    made = on_sqlite.back_up()
    (gate.root / "backups" / "ledgers" / f"{made.manifest.id}.jsonl.gz").unlink()
    on_sqlite.destroy()

    with pytest.raises(InputError, match="a file of the backup is missing"):
        on_sqlite.restore()
    manifest_of(on_sqlite).unlink()
    with pytest.raises(UsageError, match="there is no such backup"):
        on_sqlite.restore()


def test_a_gate_that_is_shut_is_not_ready_and_says_what_to_do(on_sqlite: Lasting, geogate: Command) -> None:
    gate = on_sqlite.gate
    nonce = gate.clear(data(on_sqlite, "one"))
    assert geogate("backup", on_sqlite.place).code == 0
    on_sqlite.destroy()
    done = geogate("restore", on_sqlite.place)
    assert (done.code, "the gate is shut" in done.err) == (0, True)

    sent = geogate("send", nonce)
    assert (sent.code, sent.err.splitlines()[0]) == (11, HELD)
    assert geogate("init").code == 0
    assert geogate("send", nonce).code == 11
    assert not {check.name: check.well for check in health(house=gate.house()).checks}["ledger"]
    assert "geogate_ledger_up 0.0" in geogate("metrics").out
    assert geogate("ledger", "verify", "--anchors", gate.root / "heads").code == 11
    shut = geogate("reopen")
    assert (shut.code, "no head is kept elsewhere" in shut.out) == (11, True)
    assert geogate("reopen", "--confirm", "nothing was sent").code == 0
    again = geogate("reopen", "--confirm", "nothing was sent")
    assert (again.code, "the gate is not shut" in again.err) == (11, True)
    assert geogate("send", nonce).code == 11
    gate.send(gate.clear(stage("CSV", gate.staged, COARSE)))


def test_only_an_administrator_backs_up_and_reopens(on_sqlite: Lasting) -> None:
    gate = on_sqlite.gate
    on_sqlite.back_up()
    on_sqlite.destroy()
    on_sqlite.restore()
    (gate.policies.root / "roles.yaml").write_text("people:\n  - {name: adam, roles: [administrator]}\n")
    for attempt in (
        lambda: reopen(comment="let me", house=gate.house("rita")),
        lambda: back_up(on_sqlite.place, house=gate.house("rita")),
    ):
        with pytest.raises(RefusedError, match="needs the role administrator"):
            attempt()
    assert on_sqlite.reopen("no heads").opened


def test_a_head_from_before_the_backup_that_does_not_fit_keeps_the_gate_shut(on_sqlite: Lasting) -> None:
    gate = on_sqlite.gate
    gate.clear(data(on_sqlite, "of another ledger"))
    on_sqlite.anchor()
    on_sqlite.destroy()
    (gate.home / "heads" / "latest.json").unlink()
    assert list(initialise(gate.house().settings))
    gate.send(gate.clear(data(on_sqlite, "one")))
    on_sqlite.back_up()
    on_sqlite.destroy()
    on_sqlite.restore()

    with pytest.raises(RefusedError, match="the restored ledger is not whole"):
        on_sqlite.reopen("let me")
