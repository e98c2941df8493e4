"""Several processes at one ledger: the chain never forks, locks exclude, and who dies leaves nothing behind."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from integration.ledger_cases import GATE, NOW, draft

from geogate.ledger.chain import GENESIS
from geogate.ledger.failures import BusyError
from geogate.model.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.ledger.ledger import Ledger

_WRITER = Path(__file__).with_name("ledger_writer.py")


def start(url: str, *task: str) -> subprocess.Popen[str]:
    """Start a writer in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(_WRITER.parents[1])}
    command = [sys.executable, str(_WRITER), url, *task]
    return subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@contextmanager
def waiting(url: str, *task: str) -> Iterator[subprocess.Popen[str]]:
    """Start a writer and wait until it says that it has what it came for; it is killed at the latest at the end."""
    with start(url, *task) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
            yield writer
        finally:
            writer.kill()


def test_processes_that_append_at_once_make_one_chain(ledger: Ledger, ledger_url: str) -> None:
    writers = [start(ledger_url, "notes", name, "40") for name in ("one", "two", "three")]
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0, 0, 0]
    entries = list(ledger.entries())
    assert Counter(entry.actor for entry in entries) == {"one": 40, "two": 40, "three": 40}
    assert [entry.prev for entry in entries] == [GENESIS, *(entry.hash for entry in entries[:-1])]
    assert ledger.verify().whole


def test_a_writer_killed_inside_a_transaction_leaves_no_trace_and_no_lock(ledger: Ledger, ledger_url: str) -> None:
    with waiting(ledger_url, "hang", "victim") as writer:
        with (
            pytest.raises(ServiceError, match="locked") as refusal,
            ledger.transaction(GATE, at=NOW) as steps,
        ):
            steps.note("tick", {})
        assert refusal.value.retryable
        writer.kill()
        writer.wait()
        _until_free(ledger)
    assert [entry.kind for entry in ledger.entries()] == ["open"]
    assert ledger.verify().whole


def _until_free(ledger: Ledger) -> None:
    # PostgreSQL notices that its client died when it next looks; the lock's own timeout is the pause between tries.
    for _ in range(20):
        try:
            with ledger.transaction(GATE, at=NOW) as steps:
                steps.open_request(draft())
        except ServiceError:
            continue
        return
    raise AssertionError("the lock of a dead process was never freed")


def test_readers_read_while_somebody_writes(ledger: Ledger, ledger_url: str) -> None:
    with waiting(ledger_url, "hang", "writer"):
        assert ledger.head() == (0, GENESIS)
        assert ledger.verify().whole


def test_an_exclusive_lock_excludes_other_processes_until_its_holder_dies(ledger: Ledger, ledger_url: str) -> None:
    with waiting(ledger_url, "hold", "send:1") as holder:
        with pytest.raises(BusyError, match="another process is at work"), ledger.exclusive("send:1"):
            pass
        with ledger.exclusive("send:2"):
            pass
        with ledger.transaction(GATE, at=NOW) as steps:
            steps.note("tick", {})
        holder.kill()
        holder.wait()
        _until_held(ledger)
    assert ledger.head()[0] == 1


def _until_held(ledger: Ledger) -> None:
    for _ in range(200):
        try:
            with ledger.exclusive("send:1"):
                return
        except BusyError:
            ledger.verify()  # gives the server time to notice
    raise AssertionError("the lock of a dead process was never freed")


def test_an_exclusive_lock_excludes_its_own_process_too(ledger: Ledger) -> None:
    with ledger.exclusive("a"), ledger.exclusive("b"):
        with pytest.raises(BusyError), ledger.exclusive("a"):
            pass
        with pytest.raises(BusyError), ledger.exclusive("b"):
            pass
    with ledger.exclusive("a"):
        pass


def test_an_exclusive_lock_is_free_again_after_an_error(ledger: Ledger) -> None:
    with pytest.raises(InterruptedError), ledger.exclusive("a"):
        raise InterruptedError
    with ledger.exclusive("a"):
        pass


def test_a_lock_file_that_cannot_be_made_is_a_service_error(sqlite_ledger: Ledger, sqlite_file: Path) -> None:
    name = hashlib.sha256(b"a").hexdigest()[:32]
    (sqlite_file.parent / f"{sqlite_file.name}.{name}.lock").symlink_to("/dev/null")
    with pytest.raises(ServiceError, match="lock file cannot be made"), sqlite_ledger.exclusive("a"):
        pass


def test_lock_files_do_not_pile_up(sqlite_ledger: Ledger, sqlite_file: Path) -> None:
    for name in ("a", "b", "../c", "a"):
        with sqlite_ledger.exclusive(name):
            assert len(list(sqlite_file.parent.glob("*.lock"))) == 1
    assert list(sqlite_file.parent.glob("*.lock")) == []
