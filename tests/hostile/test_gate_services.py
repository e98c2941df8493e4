"""Services that fail: the ledger, the disk, the signing key, and files that somebody writes to meanwhile."""

from __future__ import annotations

import codecs
import os
import random
import resource
import shutil
import signal
import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from gating.files import COARSE, FINE, stage
from gating.killed import fork
from gating.place import precision
from integration.forks import become_nobody, in_a_fork

from geogate.gate.home import initialise
from geogate.gate.progress import Progress
from geogate.gate.screen import screen
from geogate.gate.submit import submit
from geogate.ledger import ledger as ledger_module
from geogate.model.errors import GeogateError, InputError, ServiceError, UsageError
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gating.command import Command
    from gating.gate import Gate

    from geogate.model.names import Nonce

FOR = ("--policy", "test", "--recipient", "partner", "--to", "outbox/")

WORDS = (
    "old", "mill", "bridge", "garden", "north", "south", "meadow", "river", "stone", "church", "village", "path",
    "lake", "forest", "hill", "farm", "school", "market", "square", "tower", "orchard", "station", "harbour",
    "castle", "valley", "spring", "field", "corner", "chapel", "quarry",
)  # fmt: skip


@pytest.fixture
def quick_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a writer wait for another one for a tenth of a second, not for half a minute."""
    for name in ("create", "open"):
        method = getattr(ledger_module.Ledger, name).__func__
        monkeypatch.setitem(method.__kwdefaults__, "busy_timeout_s", 0.1)


@pytest.fixture
def locked(gate: Gate, quick_ledger: None) -> Iterator[None]:
    del quick_ledger
    other = sqlite3.connect(gate.ledger_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield
    other.close()


@pytest.mark.usefixtures("locked")
def test_nothing_goes_on_while_the_ledger_is_locked(gate: Gate, geogate: Command) -> None:
    dataset = stage("CSV", gate.staged)
    for arguments in (("submit", dataset, *FOR), ("send", "0" * 32), ("review", "list"), ("audit",), ("init",)):
        ended = geogate(*arguments)
        assert ended.code == 5
        assert "the ledger is locked" in ended.err
        assert "Traceback" not in ended.err
    assert geogate("screen", dataset, *FOR).code == 0  # a screening keeps nothing


def test_a_ledger_that_is_locked_in_the_middle_of_a_sending_is_taken_up_later(gate: Gate, quick_ledger: None) -> None:
    del quick_ledger
    nonce = gate.clear(stage("CSV", gate.staged))
    house = gate.house()
    other = sqlite3.connect(gate.ledger_file, isolation_level=None)

    def clock() -> object:
        # The clock is read before each step, so before the receipt too, when the files lie there already.
        if gate.delivered() and not other.in_transaction:
            other.execute("BEGIN IMMEDIATE")
        return house.clock()

    from geogate.gate.send import send_by_nonce

    with pytest.raises(ServiceError, match="locked"):
        send_by_nonce(nonce, house=replace(house, clock=clock))  # type: ignore[arg-type]
    other.execute("ROLLBACK")
    other.close()
    assert gate.states() == [State.SENDING]
    assert gate.delivered()
    gate.send(nonce)
    assert gate.states() == [State.SENT]
    assert [kind for kind in gate.kinds() if kind in {"claim", "receive"}] == ["claim", "receive"]


@pytest.mark.parametrize("content", [b"", b"no database at all", None])
def test_a_ledger_that_is_none_stops_everything(gate: Gate, geogate: Command, content: bytes | None) -> None:
    gate.ledger_file.unlink()
    if content is not None:
        gate.ledger_file.write_bytes(content)
    dataset = stage("CSV", gate.staged)
    for arguments in (("submit", dataset, *FOR), ("send", "0" * 32), ("review", "list"), ("ledger", "verify")):
        ended = geogate(*arguments)
        assert ended.code == 5, ended.err
        assert str(gate.root) not in ended.err
    assert gate.ledger_file.exists() is (content is not None)
    assert not gate.delivered()


def as_nobody(gate: Gate, act: Callable[[], object]) -> int:
    """Run as a user for whom read-only means something; give the exit code of the error, 0 without one."""

    def run() -> None:
        become_nobody()
        try:
            act()
        except GeogateError as error:
            os._exit(error.exit_code)

    for path in (gate.root, *gate.root.parents):
        if path.stat().st_mode & 0o001 == 0 and path != path.parent:
            path.chmod(path.stat().st_mode | 0o055)
    for path in gate.root.rglob("*"):
        os.chown(path, 65534, 65534)
    return in_a_fork(run)


@pytest.fixture
def everything_imported(gate: Gate) -> Path:
    dataset = stage("CSV", gate.staged)
    gate.screen(dataset)
    codecs.lookup("ascii")  # of keys; nobody may not be able to read the library of this Python
    return dataset


def test_an_ordinary_user_can_do_it(gate: Gate, everything_imported: Path) -> None:
    # Who may not run this Python, as in a home of root, cannot start readers of their own.
    gate.policies.write_policy(isolation="none")
    assert as_nobody(gate, lambda: gate.send(gate.clear(everything_imported))) == 0


def test_nothing_leaves_when_the_ledger_is_read_only(gate: Gate, everything_imported: Path) -> None:
    nonce = gate.clear(everything_imported)

    def act() -> None:
        gate.ledger_file.chmod(0o400)
        gate.home.chmod(0o500)
        gate.send(nonce)

    assert as_nobody(gate, act) == 5
    gate.home.chmod(0o700)
    gate.ledger_file.chmod(0o600)
    assert not gate.delivered()


def test_an_outbox_that_cannot_be_written_is_a_service_that_is_down(gate: Gate, everything_imported: Path) -> None:
    os.chown(gate.outbox, 65534, 65534)  # before it is judged: nothing is sent to a place that got another owner
    nonce = gate.clear(everything_imported)

    def act() -> None:
        gate.outbox.chmod(0o500)
        gate.send(nonce)

    assert as_nobody(gate, act) == 5
    assert not gate.delivered()
    gate.outbox.chmod(0o700)
    assert gate.states() == [State.SENDING]
    gate.send(nonce)
    assert gate.states() == [State.SENT]


def test_a_file_and_a_folder_that_cannot_be_read_end_the_submission(gate: Gate, everything_imported: Path) -> None:
    def unreadable_file() -> None:
        everything_imported.chmod(0)
        gate.submit(everything_imported)

    assert as_nobody(gate, unreadable_file) == 3
    everything_imported.chmod(0o600)

    def unreadable_folder() -> None:
        folder = gate.staged / "folder"
        folder.mkdir(mode=0)
        gate.submit(gate.staged)

    assert as_nobody(gate, unreadable_folder) == 3
    assert gate.states() == [State.FAILED, State.FAILED]


def test_an_outbox_that_is_not_there_is_a_service_that_is_down(gate: Gate, geogate: Command) -> None:
    dataset = stage("CSV", gate.staged)
    gate.outbox.rmdir()
    ended = geogate("submit", dataset, *FOR)
    assert ended.code == 5
    assert "the destination directory" in ended.err
    assert not gate.outbox.exists()


def limited(gate: Gate, act: Callable[[], object], size: int) -> str:
    """Run in a process whose files cannot grow beyond a size, as on a full disk; give the error of a service."""
    said = gate.root / "said"

    def run() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        try:
            act()
        except ServiceError as error:
            said.write_text(error.summary)

    assert in_a_fork(run) == 0
    return said.read_text()


def large(gate: Gate, kind: str) -> Path:
    """Stage a dataset of more than 300,000 bytes, also where they are compressed."""
    points = [(number / 10, 47.1) for number in range(1500)]
    chance = random.Random(1500)
    most = 250 if kind == "Shapefile" else 1000
    names = [" ".join(chance.choices(WORDS, k=150))[:most].strip() for _ in points]
    return stage(kind, gate.staged, points, names=names)


@pytest.mark.parametrize("kind", ["CSV", "GeoPackage", "GeoParquet", "FlatGeobuf", "GeoJSON"])
@pytest.mark.parametrize("limit", [0.4, 0.99])
def test_a_full_disk_while_staging_is_a_service_that_is_down_and_leaves_nothing(
    gate: Gate, kind: str, limit: float
) -> None:
    dataset = large(gate, kind)
    gate.clear(stage("CSV", gate.staged, stem="small"))
    objects = set((gate.home / "staging" / "objects").rglob("*"))
    size = dataset.stat().st_size
    assert size > 350_000
    # A ledger that cannot grow would end it too; this one is smaller than what is staged.
    assert gate.ledger_file.stat().st_size < 0.4 * size
    assert "staging failed while copying" in limited(gate, lambda: gate.submit(dataset), int(limit * size))
    assert set((gate.home / "staging" / "objects").rglob("*")) == objects
    assert not [path for path in (gate.home / "staging" / "work").rglob("*") if path.is_file()]
    assert gate.states() == [State.CLEARED, State.FAILED]
    assert gate.submit(dataset).state is State.CLEARED


@pytest.mark.parametrize("kind", ["CSV", "Shapefile"])
def test_a_full_disk_while_the_artefact_is_written_is_a_service_that_is_down(gate: Gate, kind: str) -> None:
    dataset = large(gate, kind)
    done = gate.submit(dataset)
    request = gate.request(done.request)
    assert request.dataset is not None
    assert request.artefact is not None
    largest = max(file.size for file in request.dataset.files)
    assert request.artefact.size > largest
    said = limited(gate, lambda: gate.submit(dataset, purpose="again"), (largest + request.artefact.size) // 2)
    assert "staging" in said or "the artefact cannot be written" in said
    assert gate.states() == [State.CLEARED, State.FAILED]
    assert gate.submit(dataset, purpose="again").state is State.CLEARED


def test_a_full_disk_at_the_destination_is_taken_up_when_there_is_room(gate: Gate) -> None:
    gate.policies.write_policy([precision("precision", 100, ">=")])
    nonce = gate.clear(large(gate, "CSV"))
    assert "the destination directory" in limited(gate, lambda: gate.send(nonce), 300_000)
    assert not gate.delivered()
    assert gate.states() == [State.SENDING]
    gate.send(nonce)
    assert gate.states() == [State.SENT]


def change(path: Path) -> None:
    path.write_text("name,lon,lat\nx,8.30931,47.12011\n")


def replace_file(path: Path) -> None:
    other = path.with_name("other")
    change(other)
    other.replace(path)


@pytest.mark.parametrize("how", [change, replace_file, lambda path: path.unlink()])
def test_a_file_that_changes_while_it_is_screened_gets_no_verdict(gate: Gate, how: Callable[[Path], None]) -> None:
    path = stage("CSV", gate.staged)
    with pytest.raises(InputError, match=r"changed while|cannot be read"):
        screen(gate.wish(path), house=gate.house(), progress=Progress(on_rows=lambda _: how(path)))


@pytest.mark.parametrize("how", [change, replace_file, lambda path: path.unlink()])
def test_a_file_that_changes_after_it_was_sealed_does_not_matter(gate: Gate, how: Callable[[Path], None]) -> None:
    path = stage("CSV", gate.staged)
    done = submit(gate.wish(path), house=gate.house(), progress=Progress(on_rows=lambda _: how(path)))
    assert done.clearance is not None
    gate.send(done.clearance)
    assert b"8.30931" not in gate.delivered()["data.csv"]


def test_a_file_that_is_touched_while_it_is_sealed_ends_the_submission(gate: Gate) -> None:
    path = gate.staged / "data.csv"
    path.write_bytes(bytes(64 << 20))  # so much that the other process gets its turn while it is copied
    writer = fork()
    if writer == 0:
        while True:
            os.utime(path)
    try:
        with pytest.raises(InputError, match="changed while it was copied"):
            gate.submit(path)
    finally:
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
    assert gate.states() == [State.FAILED]
    assert gate.submit(path).state is State.DENIED  # it is no table, but nobody touches it now


def test_a_pipe_among_the_files_ends_the_submission(gate: Gate) -> None:
    path = stage("CSV", gate.staged)
    os.mkfifo(gate.staged / "pipe.csv")
    for dataset in ((gate.staged,), (path, gate.staged / "pipe.csv")):
        with pytest.raises(InputError, match="no regular file"):
            gate.submit(*dataset)
    assert gate.states() == [State.FAILED, State.FAILED]


def no_key(gate: Gate) -> None:
    gate.house().settings.signing_key.unlink()


def open_key(gate: Gate) -> None:
    gate.house().settings.signing_key.chmod(0o644)


def broken_key(gate: Gate) -> None:
    gate.house().settings.signing_key.write_text("-----BEGIN NOTHING-----")


def linked_key(gate: Gate) -> None:
    key = gate.house().settings.signing_key
    key.rename(gate.root / "elsewhere.pem")
    key.symlink_to(gate.root / "elsewhere.pem")


@pytest.mark.parametrize("damage", [no_key, open_key, broken_key, linked_key])
def test_a_signing_key_that_cannot_be_trusted_stops_the_gate_before_it_begins(
    gate: Gate, geogate: Command, damage: Callable[[Gate], None]
) -> None:
    dataset = stage("CSV", gate.staged)
    damage(gate)
    ended = geogate("submit", dataset, *FOR)
    assert ended.code == 2
    assert "signing key" in ended.err
    assert not gate.requests()


def test_a_reviewer_does_not_vote_where_the_key_is_missing(gate: Gate) -> None:
    gate.policies.write_policy([precision("review", 1_000_000, ">=", "warning")])
    request = gate.hold(stage("CSV", gate.staged))
    no_key(gate)
    with pytest.raises(UsageError, match="signing key"):
        gate.approve(request, "anna")
    with gate.ledger() as ledger:
        assert not ledger.votes(request)


def test_a_public_key_that_is_missing_sends_nothing(gate: Gate) -> None:
    nonce: Nonce = gate.clear(stage("CSV", gate.staged))
    gate.house().settings.public_key.unlink()
    with pytest.raises(UsageError, match="public key"):
        gate.send(nonce)
    assert gate.states() == [State.CLEARED]
    list(initialise(gate.house().settings))
    gate.send(nonce)


def test_staging_that_is_lost_sends_nothing(gate: Gate, geogate: Command) -> None:
    nonce = gate.clear(stage("CSV", gate.staged, COARSE))
    shutil.rmtree(gate.home / "staging")
    assert geogate("send", nonce).code == 11
    assert gate.states() == [State.CLEARED]
    assert not gate.delivered()
    assert gate.submit(stage("CSV", gate.staged, FINE)).state is State.DENIED
