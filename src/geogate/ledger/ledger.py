"""The ledger as the gate sees it: transactions that change state, and reads that do not."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from geogate.ledger import audit, chain
from geogate.ledger.dump import fill
from geogate.ledger.engine import parse, reading, sqlite_path, writing
from geogate.ledger.failures import translated
from geogate.ledger.laws import Act
from geogate.ledger.locks import file_lock, session_lock
from geogate.ledger.reads import Reads, latest_time
from geogate.ledger.roles import let_write
from geogate.ledger.schema import migrate, require_current
from geogate.ledger.shared import give_back, take_engine
from geogate.ledger.shut import RESTORED, require_open
from geogate.ledger.transaction import Transaction
from geogate.model.errors import RefusedError, ServiceError
from geogate.telemetry import meters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from types import TracebackType

    from sqlalchemy import Connection, Engine

    from geogate.ledger.audit import KnownHead
    from geogate.model.names import Actor

BUSY_TIMEOUT_S = 30.0


class Ledger(Reads):
    """An open ledger; make it with ``create`` or ``open``, and close it or use it in a ``with`` statement.

    It may be shared between threads, and carried over a fork.
    """

    def __init__(self, engine: Engine, *, url: str) -> None:
        self._engine = engine
        self._url = parse(url)
        self._process = os.getpid()
        self._closed = False

    @classmethod
    def create(cls, url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Self:
        """Make the ledger, or bring an older one up to date; one that is up to date stays as it is.

        Raises: ServiceError.
        """
        return cls._start(url, create=True, busy_timeout_s=busy_timeout_s)

    @classmethod
    def open(cls, url: str, *, busy_timeout_s: float = BUSY_TIMEOUT_S, even_shut: bool = False) -> Self:
        """Open a ledger that is there, up to date and can be written; never makes or changes one.

        Only who settles what a restored ledger lacks, or looks at it, opens it ``even_shut``.

        Raises: ServiceError; ShutError after it was restored.
        """
        return cls._start(url, create=False, busy_timeout_s=busy_timeout_s, even_shut=even_shut)

    @classmethod
    def fill(cls, url: str, lines: Iterable[str], *, head: KnownHead, actor: Actor, at: datetime, said: Any) -> Self:
        """Make a ledger of the rows of a backup, with a note at its end by which it is shut; or make nothing.

        ``head`` is what it has to be.

        Raises: RefusedError when there is one, or the rows are no whole ledger; InputError for what is no row;
            ServiceError.
        """
        engine = take_engine(parse(url), create=True, busy_timeout_s=BUSY_TIMEOUT_S)
        try:
            # One transaction: an empty ledger that was left here would be one that forgot what was sent.
            with translated(), writing(engine) as connection:
                migrate(connection)
                require_current(connection)
                fill(connection, lines)
                _require_whole(connection, head)
                act = Act(actor=actor, at=at, latest=latest_time(connection))
                Transaction(connection=connection, act=act).note(RESTORED, said)
        except BaseException:
            give_back(engine)
            raise
        return cls(engine, url=url)

    @classmethod
    def _start(cls, url: str, *, create: bool, busy_timeout_s: float, even_shut: bool = False) -> Self:
        engine = take_engine(parse(url), create=create, busy_timeout_s=busy_timeout_s)
        try:
            with translated(), writing(engine) as connection:
                if create:
                    migrate(connection)
                require_current(connection)
                if not create and not even_shut:
                    require_open(connection)
        except BaseException:
            give_back(engine)
            raise
        return cls(engine, url=url)

    def close(self) -> None:
        """Close all connections that no other ledger of this process uses."""
        if not self._closed:
            self._closed = True
            give_back(self._engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def transaction(self, actor: Actor, *, at: datetime) -> Iterator[Transaction]:
        """Do one or more steps as ``actor`` at ``at``: all of them happen, or none.

        A ``ServiceError`` on the way out may mean that the connection broke while the database committed: read the
        request before trying again.

        Raises: ServiceError when the ledger is locked, gone or cannot be written; UsageError for a time not in UTC.
        """
        chain.timestamp(at)
        began = time.perf_counter()
        with translated(), writing(self._own_engine()) as connection:
            act = Act(actor=actor, at=at, latest=latest_time(connection))
            steps = Transaction(connection=connection, act=act)
            yield steps
            if steps.half_done:
                raise ServiceError("a step was left half done", hint="nothing of the transaction was kept")
        meters.wrote(time.perf_counter() - began)

    @contextmanager
    def exclusive(self, name: str) -> Iterator[None]:
        """Hold a lock by name across processes, until the end of the block or of the process.

        Raises: BusyError when somebody else holds it.
        """
        path = sqlite_path(self._url)
        lock = file_lock(path, name=name) if path else session_lock(self._own_engine(), name=name)
        with translated(), lock:
            yield

    def let_write(self, role: str) -> bool:
        """Let a role of PostgreSQL's run the gate and no more, as the tables' owner; says whether the role was made.

        Raises: UsageError, RefusedError as ``geogate.ledger.roles.let_write``.
        """
        with translated(), writing(self._own_engine()) as connection:
            return let_write(connection, role)

    def _own_engine(self) -> Engine:
        # A connection must not be shared with the process that this one was forked from.
        if os.getpid() != self._process:
            self._engine.dispose(close=False)
            self._process = os.getpid()
        return self._engine

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with translated(), reading(self._own_engine()) as connection:
            yield connection


def _require_whole(connection: Connection, head: KnownHead) -> None:
    """Refuse rows that are no whole ledger, or not the one that a head is of.

    Raises: RefusedError.
    """
    report = audit.verify(connection, heads=[head])
    if report.problems or (report.entries, report.root) != (head.size, head.root):
        what = report.problems[0].what if report.problems else "it is not what was signed"
        raise RefusedError(f"the backup is no whole ledger: {what}", hint="take another backup")
