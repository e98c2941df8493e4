"""Somebody stole the credentials that the gate runs with: PostgreSQL keeps what is written, and the order of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest
from integration.fixtures_postgres import WRITER, as_writer
from integration.ledger_cases import GATE, NOW, Path, clearance, nonce
from sqlalchemy import text

from geogate.ledger.failures import DamagedError
from geogate.ledger.ledger import Ledger
from geogate.ledger.roles import let_write, weaknesses
from geogate.model.errors import RefusedError, ServiceError, UsageError
from geogate.model.lifecycle import State
from geogate.model.names import RequestId

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

R1 = RequestId("r1")
AT = "2026-03-01T12:00:00.000000+00:00"


@pytest.fixture
def url(new_database: Callable[[str], str]) -> str:
    """The owner's URL of a ledger in which one release was sent and another one is held."""
    made = new_database("template_ledger")
    with Ledger.open(as_writer(made)) as ledger:
        Path(ledger).sent()
        Path(ledger, name="r2", number=2).held()
    return made


@pytest.fixture
def thief(url: str) -> Iterator[psycopg.Connection]:
    """A connection with the gate's own rights, each statement for itself."""
    with psycopg.connect(as_writer(url).replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


def whole(url: str) -> list[str]:
    with Ledger.open(url) as ledger:
        return [problem.what for problem in ledger.verify().problems]


def append(thief: psycopg.Connection, *changes: object, kind: str = "tick", request: str = "", at: str = AT) -> None:
    """Call the function as the gate does, with whatever one likes."""
    said = (at, kind, request, "mallory", "{}", json.dumps(changes))
    thief.execute("SELECT * FROM ledger_append(%s, %s, %s, %s, %s, %s::json)", said)


def test_the_gate_does_all_that_it_does_with_a_writers_rights(url: str) -> None:
    with Ledger.open(as_writer(url)) as ledger:
        Path(ledger, name="r3", number=3).approved()
        Path(ledger, name="r3", number=3).clear()
        with ledger.transaction(GATE, at=NOW) as steps:
            steps.claim(nonce(3))
        with ledger.transaction(GATE, at=NOW) as steps:
            steps.move(RequestId("r3"), State.FAILED, reason="the store is full")
            steps.note("refused-vote", {"what": "ü\u2028\x7f"})
        with ledger.exclusive("send:1"):
            pass
        assert ledger.verify().whole
        assert ledger.request(RequestId("r3")).state is State.FAILED


TABLES = ("entries", "requests", "measurements", "votes", "clearances", "receipts", "alembic_version", "ledger_writes")
FORBIDDEN = [
    *(f"DELETE FROM {table}" for table in TABLES),
    *(f"TRUNCATE {table}" for table in TABLES),
    *(f"DROP TABLE {table}" for table in TABLES),
    *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in TABLES),
    *(f"INSERT INTO {table} SELECT * FROM {table}" for table in TABLES),
    *(f"UPDATE {table} SET document = '{{}}'" for table in ("requests", "measurements", "votes", "clearances")),
    "UPDATE entries SET body = '{}'",
    "UPDATE requests SET state = 'approved'",
    "UPDATE clearances SET claimed_at = NULL",
    "UPDATE entries SET seq = -seq",
    "DROP FUNCTION ledger_append(text, text, text, text, text, json)",
    "CREATE OR REPLACE FUNCTION entries_keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "DROP TRIGGER entries_follow ON entries",
    "CREATE TABLE public.mine (x int)",
    "CREATE FUNCTION public.sha256(bytea) RETURNS bytea LANGUAGE sql AS 'SELECT $1'",
    "CREATE SCHEMA mine",
    "SET session_replication_role = replica",
    "SET ROLE postgres",
    "BEGIN; LOCK TABLE entries IN ROW EXCLUSIVE MODE",
    """SELECT ledger_change('move', 'r2', '{"table":"requests","new":false,"key":{},"values":{"state":"approved"}}')""",
]


def test_a_writer_cannot_edit_delete_reorder_or_truncate(url: str, thief: psycopg.Connection) -> None:
    for statement in FORBIDDEN:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            thief.execute(statement.encode())
        thief.execute("ROLLBACK")
    thief.execute(f"GRANT INSERT ON entries TO {WRITER}")  # a warning, and nothing else
    assert whole(url) == []


def test_what_a_writer_appends_follows_the_last_entry_whatever_is_said(url: str, thief: psycopg.Connection) -> None:
    thief.execute("CREATE TEMPORARY TABLE entries (seq bigint, at text, kind text, request text, hash text)")
    thief.execute("CREATE TEMPORARY TABLE ledger_writes AS SELECT 'tick' AS kind, 'entries' AS relation")
    thief.execute("SET search_path = pg_temp, public")
    thief.execute("SET standard_conforming_strings = off")
    said = (AT, "tick", "r'\\1", "mal'lory\\", '{"a":"\\""}', "[]")
    thief.execute("SELECT * FROM public.ledger_append(%s, %s, %s, %s, %s, %s::json)", said)
    with Ledger.open(url) as ledger:
        assert ledger.head()[0] == 11
    assert whole(url) == []


OUT_OF_PLACE: list[tuple[str, str, Sequence[object]]] = [
    ("tick", "r2", [{"table": "requests", "new": False, "key": {"id": "r2"}, "values": {"state": "approved"}}]),
    ("move", "r1", [{"table": "requests", "new": False, "key": {"id": "r2"}, "values": {"state": "approved"}}]),
    ("move", "r2", [{"table": "requests", "new": False, "key": {"id": "r2"}, "values": {"document": "{}"}}]),
    ("move", "r2", [{"table": "entries", "new": False, "key": {"seq": "1"}, "values": {"body": "{}"}}]),
    ("move", "r2", [{"table": "votes", "new": True, "key": {"request": "r2"}, "values": {"document": "{}"}}]),
    ("vote", "r1", [{"table": "votes", "new": True, "key": {"request": "r2"}, "values": {"document": "{}"}}]),
    ("vote", "r2", [{"table": "votes", "new": True, "key": {"request": "r2"}, "values": {"x": "{}"}}]),
    ("vote", "r2", [{"table": "pg_authid", "new": True, "key": {"rolname": "r2"}, "values": {}}]),
    ("open", "r3", [{"table": "entries", "new": True, "key": {"seq": "20"}, "values": {"body": "{}"}}]),
    ("claim", "r1", [{"table": "clearances", "new": False, "key": {"nonce": "0"}, "values": {"claimed_at": "x"}}]),
    ("move", "r2", [{"table": "requests", "new": False, "key": {}, "values": {"state) = ('x": "approved"}}]),
    ("move", "r9", [{"table": "requests", "new": False, "key": {}, "values": {"state": "approved"}}]),
    ("move", "r2", [{}]),
]


def test_an_entry_writes_only_what_entries_of_its_kind_write_and_about_its_own_request(
    url: str, thief: psycopg.Connection
) -> None:
    for kind, request, changes in OUT_OF_PLACE:
        with pytest.raises(psycopg.Error, match=r"does not write|a row is missing"):
            append(thief, *changes, kind=kind, request=request)
    assert whole(url) == []


def test_an_entry_has_time_and_kind_as_the_ledger_writes_them(thief: psycopg.Connection) -> None:
    for at in ("2026-03-01T12:00:00+00:00", "soon", "", f"{AT}\n", f"{AT}x"):
        with pytest.raises(psycopg.Error, match="this is not an entry"):
            append(thief, at=at)
    for kind in ("", "Tick", "a b", "x" * 65, "tick\n"):
        with pytest.raises(psycopg.Error, match="this is not an entry"):
            append(thief, kind=kind)


def test_a_state_that_a_writer_forges_leaves_an_entry_is_found_and_nothing_follows_from_it(
    url: str, thief: psycopg.Connection
) -> None:
    change = {"table": "requests", "new": False, "key": {"id": "r2"}, "values": {"state": "approved"}}
    append(thief, change, kind="move", request="r2")
    assert "is not a move that can be read" in whole(url)
    about = replace(clearance("r2", number=2))
    with Ledger.open(url) as ledger, pytest.raises(DamagedError), ledger.transaction(GATE, at=NOW) as steps:
        steps.clear(RequestId("r2"), clearance=about, envelope="{}")


def test_a_transaction_that_saw_an_older_ledger_cannot_fork_it(url: str, thief: psycopg.Connection) -> None:
    thief.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
    thief.execute("SELECT count(*) FROM entries")
    with Ledger.open(url) as ledger, ledger.transaction(GATE, at=NOW) as steps:
        steps.note("tick", 1)
    with pytest.raises(psycopg.errors.UniqueViolation):
        append(thief)
    thief.execute("ROLLBACK")
    assert whole(url) == []


def test_texts_are_hashed_by_the_database_as_python_hashes_them(url: str) -> None:
    letters = [chr(code) for code in range(1, 0x3000) if not 0xD800 <= code < 0xE000] + [
        "\U0001f600",
        "\uffff",
        "\ufeff",
    ]
    with Ledger.open(as_writer(url)) as ledger, ledger.transaction(GATE, at=NOW) as steps:
        steps.note("tick", "".join(letters))
    assert whole(url) == []


def test_a_name_that_is_no_plain_role_is_refused(url: str) -> None:
    with Ledger.open(url) as ledger:
        for role in ("Gate", "a b", 'x"y', "", "1a", "x" * 64):
            with pytest.raises(UsageError, match="lower-case letters"):
                ledger.let_write(role)


def test_owners_and_administrators_are_no_writers(url: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CREATE ROLE cousin LOGIN IN ROLE pg_write_all_data")
    with Ledger.open(url) as ledger:
        for role in ("postgres", "cousin"):
            with pytest.raises(RefusedError, match="whatever is granted"):
                ledger.let_write(role)


def test_a_writer_cannot_make_writers(url: str) -> None:
    with Ledger.open(as_writer(url)) as ledger, pytest.raises(ServiceError, match="lacks a privilege"):
        ledger.let_write("another_writer")


def test_sqlite_has_no_roles(sqlite_ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="only a ledger in PostgreSQL has roles"):
        sqlite_ledger.let_write("gate")


WEAK = [
    (f"GRANT INSERT ON entries TO {WRITER}", f"{WRITER} may write entries past the ledger's functions"),
    ("GRANT UPDATE (state) ON requests TO PUBLIC", "PUBLIC may write requests past the ledger's functions"),
    (f"GRANT TRUNCATE ON votes TO {WRITER}", f"{WRITER} may write votes past the ledger's functions"),
    ("GRANT EXECUTE ON FUNCTION ledger_change TO PUBLIC", "everybody may call ledger_change"),
    ("ALTER FUNCTION ledger_append RESET search_path", "the function ledger_append is gone or was changed"),
    ("ALTER FUNCTION ledger_append SECURITY INVOKER", "the function ledger_append is gone or was changed"),
    ("DROP FUNCTION ledger_change", "the function ledger_change is gone or was changed"),
    ("ALTER FUNCTION ledger_ready SET search_path = public", "the function ledger_ready is gone or was changed"),
]


def test_rights_that_let_somebody_write_past_the_functions_are_a_problem(url: str) -> None:
    for statement, said in WEAK:
        with Ledger.open(url) as ledger, ledger._engine.connect() as connection:
            connection.execute(text(statement))
            assert list(weaknesses(connection)) == [said]
            if statement.startswith("GRANT"):
                let_write(connection, WRITER)
                assert list(weaknesses(connection)) == []


def test_a_right_to_write_past_the_functions_is_found_by_verifying(url: str) -> None:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"GRANT INSERT ON entries TO {WRITER}")
    assert whole(url) == [f"{WRITER} may write entries past the ledger's functions"]
