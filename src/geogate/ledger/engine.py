"""Connections to the two databases, each with the settings that the ledger depends on."""

from __future__ import annotations

import secrets
import sqlite3
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from sqlalchemy import QueuePool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError

from geogate.ledger.failures import INIT
from geogate.model.errors import ServiceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection, Engine
    from sqlalchemy.engine.interfaces import DBAPIConnection, ExceptionContext

WRITER = "geogate_writer"
_FAILED = "geogate_failed"
_APPEND_LOCK = 0x67656F67617465  # "geogate" in ASCII, as PostgreSQL's 64-bit key
_IDLE_LIMIT_MS = 60_000
_CONNECT_LIMIT_S = 10
_NO_LIMIT = -1
_TURN_MS = 10
"""Who waits to write asks again after 5 milliseconds on average, and never at the same time as all others."""


def parse(url: str) -> URL:
    """Parse the ledger's URL: ``sqlite:///path`` or ``postgresql+psycopg://...``.

    Raises: UsageError.
    """
    hint = "write sqlite:///path/of/ledger.db or postgresql+psycopg://user@host/database"
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UsageError("the ledger's URL cannot be read", hint=hint) from error
    if parsed.drivername == "postgresql+psycopg":
        return parsed
    if parsed.drivername != "sqlite" or "?" in url or parsed.query or parsed.host:
        raise UsageError("the ledger is kept in SQLite or in PostgreSQL through psycopg", hint=hint)
    if not parsed.database or parsed.database == ":memory:" or parsed.database.startswith("file:"):
        raise UsageError("a ledger in memory would forget", hint=hint)
    return parsed


def sqlite_path(url: URL) -> Path | None:
    """Give the database file of an SQLite URL, ``None`` for PostgreSQL."""
    return Path(url.database) if url.drivername == "sqlite" and url.database else None


def require_file(url: URL, *, create: bool) -> None:
    """Refuse a database file that is missing and is not to be made.

    Raises: ServiceError.
    """
    if not create and is_missing(url):
        raise ServiceError("there is no ledger at this place", hint=INIT)


def is_missing(url: URL) -> bool:
    """Tell whether there is no database file; a database that does not answer is not missing."""
    path = sqlite_path(url)
    return path is not None and not path.is_file()


def engine_for(url: URL, *, create: bool, busy_timeout_s: float) -> Engine:
    """Make the engine; a database file that is missing is made only when ``create`` says so.

    Units: ``busy_timeout_s`` is how long a writer waits for another one.
    Raises: ServiceError when the file is missing.
    """
    require_file(url, create=create)
    path = sqlite_path(url)
    if path is None:
        engine = _postgresql(url, busy_timeout_s=busy_timeout_s)
    else:
        engine = _sqlite(path, create=create, busy_timeout_s=busy_timeout_s)

    @event.listens_for(engine, "handle_error")
    def _remember(context: ExceptionContext) -> None:
        if context.connection is not None and not context.connection.invalidated:
            context.connection.info[_FAILED] = True

    return engine


def _make_private(path: Path) -> None:
    """Make a file that only its owner reads; SQLite gives its journals the same mode. One that exists keeps its own."""
    with suppress(OSError):  # SQLite says what is wrong with the place
        path.touch(mode=0o600, exist_ok=False)


def _sqlite(path: Path, *, create: bool, busy_timeout_s: float) -> Engine:
    name = f"file:{quote(str(path.absolute()))}?mode={'rwc' if create else 'rw'}"

    def connect() -> sqlite3.Connection:
        if create:
            _make_private(path)
        # Autocommit as far as Python is concerned: transactions begin where _begin says so.
        return sqlite3.connect(name, uri=True, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False)

    # A connection of its own for each transaction: who reads may write, or read something else, on the way.
    engine = create_engine(
        "sqlite://", creator=connect, hide_parameters=True, poolclass=QueuePool, max_overflow=_NO_LIMIT
    )

    @event.listens_for(engine, "connect")
    def _settings(connection: DBAPIConnection, _: Any) -> None:
        cursor = connection.cursor()
        # WAL lets readers read while somebody writes; FULL makes a commit survive a power cut.
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "trusted_schema = OFF"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A deferred transaction that writes later fails at once when another one has written: take the lock first.
        if connection.get_execution_options().get(WRITER, False):
            _take_turn(connection, busy_timeout_s=busy_timeout_s)
        else:
            connection.exec_driver_sql("BEGIN")

    return engine


def _take_turn(connection: Connection, *, busy_timeout_s: float) -> None:
    """Begin a writing transaction when nobody else writes.

    SQLite's own waiting sleeps the longer the more often it found the lock taken, so that newcomers pass by who waits:
    of eight busy writers one can wait for half a minute. Here everybody asks equally often.

    Raises: OperationalError when somebody else writes for too long.
    """
    database: Any = connection.connection.dbapi_connection
    database.execute("PRAGMA busy_timeout = 0")
    try:
        ends = time.monotonic() + busy_timeout_s
        while time.monotonic() < ends:
            try:
                database.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                    break
                time.sleep(secrets.randbelow(_TURN_MS) / 1000)
            else:
                return
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # so that what stands in the way is raised as all errors are
    finally:
        database.execute(f"PRAGMA busy_timeout = {int(busy_timeout_s * 1000)}")


def _postgresql(url: URL, *, busy_timeout_s: float) -> Engine:
    settings = (
        "SET synchronous_commit = on",
        f"SET lock_timeout = {int(busy_timeout_s * 1000)}",
        f"SET idle_in_transaction_session_timeout = {_IDLE_LIMIT_MS}",
    )
    engine = create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        max_overflow=_NO_LIMIT,
        connect_args={"connect_timeout": _CONNECT_LIMIT_S},
    )

    @event.listens_for(engine, "connect")
    def _settings(connection: DBAPIConnection, _: Any) -> None:
        connection.autocommit = True
        cursor = connection.cursor()
        for setting in settings:
            cursor.execute(setting)
        cursor.close()
        connection.autocommit = False

    return engine


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that is the only writing one from its start to its end."""
    with engine.connect() as plain:
        connection = plain.execution_options(**{WRITER: True})
        with connection.begin():
            connection.info.pop(_FAILED, None)
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _APPEND_LOCK})
            yield connection
            # After a failed statement PostgreSQL answers COMMIT by rolling back, and calls that a success.
            if connection.info.pop(_FAILED, False):
                raise ServiceError("a statement failed on the way", hint="nothing of the transaction was kept")


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that reads the ledger as it was at one moment."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection
