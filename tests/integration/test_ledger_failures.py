"""Databases that are missing, foreign, locked, full, read-only or gone: each stops the gate with words, not a trace."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from integration.forks import become_nobody, in_a_fork
from integration.ledger_cases import GATE, NOW, draft
from integration.ledger_cases import Path as Way
from sqlalchemy import event, text
from sqlalchemy.exc import SQLAlchemyError

from geogate.ledger.failures import SchemaError
from geogate.ledger.ledger import Ledger
from geogate.model.errors import ServiceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.postgres import PostgresServer

    from geogate.ledger.transaction import Transaction

BREAK = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction'"


def run(url: str, *statements: str) -> None:
    """Change a database behind the ledger's back."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            for statement in statements:
                connection.execute(statement)
            connection.commit()
        return
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ledger.db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=ro",
        "sqlite:///x.db?mode=ro",
        "sqlite://host/x.db",
        "sqlite+pysqlite:///x.db",
        "postgresql://u@h/d",
        "postgresql+asyncpg://u@h/d",
        "mysql://u@h/d",
    ],
)
@pytest.mark.parametrize("start", [Ledger.open, Ledger.create])
def test_a_url_that_is_no_ledgers_is_a_usage_error(start: Callable[[str], Ledger], url: str) -> None:
    with pytest.raises(UsageError, match="sqlite:///path"):
        start(url)


def test_opening_never_creates(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"there is no ledger at this place .run geogate init"):
        Ledger.open(f"sqlite:///{tmp_path}/ledger.db")
    assert list(tmp_path.iterdir()) == []


def test_creating_in_a_folder_that_is_not_there_is_a_service_error(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="cannot be opened") as error:
        Ledger.create(f"sqlite:///{tmp_path}/no/ledger.db")
    assert str(tmp_path) not in str(error.value)


def test_an_empty_database_is_no_ledger(empty_url: str) -> None:
    if empty_url.startswith("sqlite"):
        run(empty_url, "CREATE TABLE other (x)")
    with pytest.raises(SchemaError, match=r"has no ledger .run geogate init"):
        Ledger.open(empty_url)


def test_a_database_that_does_not_exist_is_a_service_error(postgres_server: PostgresServer) -> None:
    with pytest.raises(ServiceError):
        Ledger.open(postgres_server.url("nowhere"))


def test_a_server_that_does_not_answer_is_a_retryable_service_error(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="does not answer") as error:
        Ledger.open(f"postgresql+psycopg://secret-user:secret-word@/ledger?host={tmp_path}")
    assert error.value.retryable
    assert "secret" not in str(error.value)


def test_a_file_that_is_no_database_is_a_service_error(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(b"this is a letter to my aunt" * 100)
    for start in (Ledger.open, Ledger.create):
        with pytest.raises(ServiceError, match="not a database"):
            start(f"sqlite:///{path}")


@pytest.mark.parametrize("table", ["entries", "votes", "receipts"])
def test_a_ledger_that_lacks_a_table_is_refused(ledger_url: str, table: str) -> None:
    run(ledger_url, f"DROP TABLE {table}")
    with pytest.raises(SchemaError, match=rf"lacks tables: {table}") as error:
        Ledger.open(ledger_url)
    assert not error.value.retryable


@pytest.mark.parametrize("start", [Ledger.open, Ledger.create])
def test_a_ledger_of_a_newer_geogate_is_refused(ledger_url: str, start: Callable[[str], Ledger]) -> None:
    run(ledger_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaError, match=r"newer than this geogate .update geogate"):
        start(ledger_url)


def test_a_ledger_of_an_older_geogate_is_refused_until_it_is_brought_up_to_date(ledger_url: str) -> None:
    run(ledger_url, "UPDATE alembic_version SET version_num = '0000'")
    with pytest.raises(SchemaError, match=r"older than this geogate .run geogate init, which brings it up to date"):
        Ledger.open(ledger_url)


def test_a_version_that_is_not_there_is_no_ledger(ledger_url: str) -> None:
    run(ledger_url, "DELETE FROM alembic_version")
    with pytest.raises(SchemaError, match="has no ledger"):
        Ledger.open(ledger_url)


def test_a_locked_database_is_a_retryable_service_error(sqlite_ledger: Ledger, sqlite_file: Path) -> None:
    with closing(sqlite3.connect(sqlite_file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ServiceError, match="the ledger is locked") as error:
            Way(sqlite_ledger).screened()
        with pytest.raises(ServiceError, match="the ledger is locked"):
            Ledger.open(f"sqlite:///{sqlite_file}", busy_timeout_s=0.01)
        other.execute("ROLLBACK")
    assert error.value.retryable
    assert error.value.exit_code == 5
    Way(sqlite_ledger).screened()


def test_a_lock_in_postgresql_is_waited_for_as_long_as_was_said(new_database: Callable[[str], str]) -> None:
    url = new_database("template_ledger")
    with Ledger.open(url, busy_timeout_s=0.05) as impatient, Ledger.open(url) as holder:
        with holder.transaction(GATE, at=NOW) as steps:
            steps.note("tick", {})
            with pytest.raises(ServiceError, match="the ledger is locked"):
                Way(impatient).screened()
        Way(impatient).screened()
        assert impatient.verify().whole


def test_a_full_disk_keeps_nothing_of_the_transaction(sqlite_ledger: Ledger) -> None:
    Way(sqlite_ledger).screened()
    head = sqlite_ledger.head()

    @event.listens_for(sqlite_ledger._engine, "checkout")
    def _full(connection: sqlite3.Connection, *_: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")

    with pytest.raises(ServiceError, match="disk is full"), sqlite_ledger.transaction(GATE, at=NOW) as steps:
        steps.note("tick", "x" * 50_000)
    assert sqlite_ledger.head() == head
    assert sqlite_ledger.verify().whole


@pytest.mark.parametrize("folder_mode", [0o755, 0o777])
def test_a_file_that_cannot_be_written_is_refused_when_it_is_opened(sqlite_file: Path, folder_mode: int) -> None:
    def attempt() -> None:
        become_nobody()
        with pytest.raises(ServiceError, match=r"the ledger cannot be (opened|written)"):
            Ledger.open(f"sqlite:///{path}")

    # Not pytest's folder, which is closed to other users.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.db"
        shutil.copy(sqlite_file, path)
        path.chmod(0o444)
        Path(folder).chmod(folder_mode)
        assert in_a_fork(attempt) == 0


def test_a_database_that_turns_read_only_stops_the_next_step(ledger: Ledger) -> None:
    if ledger._engine.dialect.name == "sqlite":
        statement = "PRAGMA query_only = ON"
    else:
        statement = "SET default_transaction_read_only = on"

    @event.listens_for(ledger._engine, "checkout")
    def _read_only(connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(statement)
        connection.commit()

    with pytest.raises(ServiceError, match="cannot be written"):
        Way(ledger).screened()


def test_a_role_that_may_not_append_is_refused_when_the_ledger_is_opened(new_database: Callable[[str], str]) -> None:
    url = new_database("template_ledger")
    run(
        url,
        "DROP ROLE IF EXISTS reader",
        "CREATE ROLE reader LOGIN",
        "GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO reader",
    )
    with pytest.raises(ServiceError, match=r"cannot be written .the database role lacks a privilege"):
        Ledger.open(url.replace("postgres@", "reader@"))


def test_a_connection_that_breaks_inside_a_transaction_keeps_nothing(new_database: Callable[[str], str]) -> None:
    url = new_database("template_ledger")

    def note_twice(steps: Transaction) -> None:
        steps.note("tick", 1)
        run(url, BREAK)
        steps.note("tick", 2)

    with Ledger.open(url) as ledger:
        with pytest.raises(ServiceError, match="does not answer"), ledger.transaction(GATE, at=NOW) as steps:
            note_twice(steps)
        assert ledger.head()[0] == 0
        Way(ledger).sent()
        assert ledger.verify().whole


def test_a_connection_that_breaks_before_the_commit_keeps_nothing(new_database: Callable[[str], str]) -> None:
    url = new_database("template_ledger")

    def note_once(steps: Transaction) -> None:
        steps.note("tick", 1)
        run(url, BREAK)

    with Ledger.open(url) as ledger:
        with pytest.raises(ServiceError, match="does not answer"), ledger.transaction(GATE, at=NOW) as steps:
            note_once(steps)
        assert ledger.head()[0] == 0


def test_an_exclusive_lock_that_is_lost_is_told(new_database: Callable[[str], str]) -> None:
    url = new_database("template_ledger")
    with Ledger.open(url) as ledger, pytest.raises(ServiceError), ledger.exclusive("send:1"):
        run(url, "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")


def test_a_database_file_that_vanishes_stops_the_next_step(sqlite_ledger: Ledger, sqlite_file: Path) -> None:
    Way(sqlite_ledger).screened()
    sqlite_ledger.close()
    for path in sqlite_file.parent.glob("ledger.db*"):
        path.unlink()
    with pytest.raises(ServiceError, match="cannot be opened"), sqlite_ledger.transaction(GATE, at=NOW):
        pass
    assert not sqlite_file.exists()


def test_a_corrupt_file_stops_the_gate(sqlite_ledger: Ledger, sqlite_file: Path) -> None:
    Way(sqlite_ledger).screened()
    sqlite_ledger.close()
    sqlite_file.write_bytes(sqlite_file.read_bytes()[:8192] + b"\xff" * 60_000)
    with pytest.raises(ServiceError, match=r"corrupt|not a database|does not answer"):
        Way(sqlite_ledger, name="r2").screened()


def test_an_error_of_the_database_cannot_be_swallowed(ledger: Ledger) -> None:
    with pytest.raises(ServiceError, match="a statement failed on the way"), ledger.transaction(GATE, at=NOW) as steps:
        careless(steps)
    assert ledger.head()[0] == 0
    Way(ledger).screened()
    assert ledger.verify().whole


def careless(steps: Transaction) -> None:
    steps.open_request(draft())
    with suppress(SQLAlchemyError):
        steps.connection.execute(text("SELECT * FROM nowhere"))


def test_a_step_that_is_half_done_is_not_kept(ledger: Ledger) -> None:
    def break_off(steps: Transaction) -> None:
        steps.open_request(draft())
        steps.half_done = True

    with pytest.raises(ServiceError, match="half done"), ledger.transaction(GATE, at=NOW) as steps:
        break_off(steps)
    assert ledger.head()[0] == 0
