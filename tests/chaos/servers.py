"""The two servers that die: a store and a database, which come back on the same address with what they had kept."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psycopg
from integration import postgres

from infra.ministack import Ministack, free_port, ready, spawn, stop

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

START_S = 60.0


class ServerError(RuntimeError):
    """A server does not come up."""


class Server(Protocol):
    """Something that is killed and started again."""

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        ...

    def kill(self) -> None:
        """End it at once, with all that it started; nothing is told and nothing is written."""
        ...

    def revive(self) -> None:
        """Start it where it was, without waiting until it answers."""
        ...


class Store:
    """An S3 server that keeps its objects over a SIGKILL, and everything else as it was when ``keep`` was called.

    What it had in memory only is gone then: uploads in parts, and the sessions of roles.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.server = Ministack(port=free_port(), log=folder / "ministack.log")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process that it is now."""
        return self._process.pid if self._process is not None else 0

    def revive(self) -> None:
        """Start it where it was, without waiting until it answers."""
        _without_torn_objects(self._folder / "s3")
        self._process = spawn(self.server, folder=self._folder, lasting=True)

    def start(self) -> None:
        """Start it where it is not running, and wait until it answers."""
        if not self.alive:
            self.revive()
        if self._process is None or not ready(self.server, self._process):
            raise ServerError("the store does not start: its log says why")

    def keep(self) -> None:
        """End it in order and start it again: buckets, policies, users and keys are on the disk from now on."""
        self.stop()
        self.start()

    def kill(self) -> None:
        """Kill it with all that it started."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """End it in order."""
        if self._process is not None:
            stop(self._process)


def _without_torn_objects(data: Path) -> None:
    """Take away what a killed server was in the middle of storing and had told nobody of.

    A store keeps an object whole or not at all. This one writes the bytes and then a file about them, so that a kill in
    between leaves bytes without the marks of their clearance.
    """
    for path in [*data.rglob("*")]:
        if path.is_file() and not path.name.endswith(".meta.json") and ".versions" not in path.parts:
            about = path.with_name(f"{path.name}.meta.json")
            if path.name.endswith(".tmp") or not about.is_file():
                path.unlink()


class Database:
    """A PostgreSQL whose commits outlive a SIGKILL of all its processes; a crash of the machine could lose some."""

    def __init__(self) -> None:
        programs = postgres.installed_programs()
        if programs is None:
            raise ServerError("there is no PostgreSQL on this machine: infra/system-packages.sh installs it")
        self._programs = programs
        self._user = postgres.server_user()
        self._folder = Path(tempfile.mkdtemp(prefix="geogate-chaos-pg-"))
        self._process: subprocess.Popen[bytes] | None = None
        if self._user:
            shutil.chown(self._folder, self._user)
        line = ("initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync")
        self._run(line[0], "-D", str(self._data), *line[1:]).wait()

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def url(self, database: str, *, user: str = "postgres") -> str:
        """Give the URL of a database for SQLAlchemy."""
        return f"postgresql+psycopg://{user}@/{database}?host={self._folder}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Connect as the owner."""
        return psycopg.connect(f"postgresql://postgres@/{database}?host={self._folder}", autocommit=True)

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process that it is now."""
        return self._process.pid if self._process is not None else 0

    def revive(self) -> None:
        """Start it where it was, without waiting until it has recovered what was committed."""
        # fsync is about a crash of the machine: what a killed process has written is in the system's hands already.
        settings = ("-c", "fsync=off", "-c", "max_connections=60", "-c", "listen_addresses=")
        self._process = self._run("postgres", "-D", str(self._data), "-k", str(self._folder), *settings)

    def start(self) -> None:
        """Start it where it is not running, and wait until it answers."""
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            if not self.alive:  # it refuses to start while a process of the one before it still lives
                self.revive()
            if self._answers(until):
                return
        raise ServerError("the database does not start")

    def _answers(self, until: float) -> bool:
        while self._process is not None and self._process.poll() is None and time.monotonic() < until:
            with suppress(psycopg.OperationalError), self.connect():
                return True
            time.sleep(0.02)
        return False

    def kill(self) -> None:
        """Kill the server, and each process that serves a connection or writes for it."""
        if self._process is None:
            return
        children = [*descendants(self._process.pid)]
        for pid in (self._process.pid, *children):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it, and remove what it had."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # not a kill, which would leave its shared memory behind
            self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def connections(self) -> int:
        """Count the connections of clients besides this one's own."""
        counted = (
            "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        with self.connect() as connection:
            row = connection.execute(counted).fetchone()
        return int(row[0]) if row else -1

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [str(self._programs / program), *arguments],
                user=self._user,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


def descendants(pid: int) -> Iterator[int]:
    """Name the processes that a process started, and those that these did."""
    by_parent: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                by_parent.setdefault(int(fields[1]), []).append(int(path.parent.name))
    waiting: Sequence[int] = [pid]
    while waiting:
        waiting = [child for each in waiting for child in by_parent.get(each, ())]
        yield from waiting
