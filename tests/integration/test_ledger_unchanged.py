"""What guards a ledger is what the migrations made: verifying tells when somebody put something else in its place."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest

from geogate.ledger.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEEP = "CREATE OR REPLACE FUNCTION entries_keep() RETURNS trigger LANGUAGE plpgsql"
WITHOUT_LOCK = """DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('ledger_append'::regproc),
    'PERFORM pg_advisory_xact_lock', 'PERFORM abs'); END $do$"""
OTHER = "CREATE FUNCTION other() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
UPDATED = "DROP TRIGGER entries_keep_updated ON entries"
AGAIN = "CREATE TRIGGER entries_keep_updated BEFORE UPDATE"

POSTGRESQL = {
    "a function that takes no lock": (
        [
            WITHOUT_LOCK,
        ],
        "the function ledger_append is not the one that was made",
    ),
    "a trigger's function that keeps nothing": (
        [f"{KEEP} AS $$ BEGIN RETURN NEW; END $$"],
        "the function entries_keep is not the one that was made",
    ),
    "a trigger that calls another": (
        [OTHER, UPDATED, f"{AGAIN} ON entries FOR EACH ROW EXECUTE FUNCTION other()"],
        "the trigger entries_keep_updated was changed",
    ),
    "a trigger that never fires": (
        [UPDATED, f"{AGAIN} ON entries FOR EACH ROW WHEN (false) EXECUTE FUNCTION entries_keep()"],
        "the trigger entries_keep_updated was changed",
    ),
    "a trigger for one column": (
        [UPDATED, f"{AGAIN} OF seq ON entries FOR EACH ROW EXECUTE FUNCTION entries_keep()"],
        "the trigger entries_keep_updated was changed",
    ),
    "one trigger more": (
        [OTHER, "CREATE TRIGGER more AFTER INSERT ON votes FOR EACH ROW EXECUTE FUNCTION other()"],
        "votes has a trigger that is not the ledger's",
    ),
    "a rule": (["CREATE RULE swallow AS ON INSERT TO votes DO INSTEAD NOTHING"], "votes is no table, or has a rule"),
    "more that may be written": (
        ["INSERT INTO ledger_writes VALUES ('comment', 'votes', false, 'request', '{document}')"],
        "ledger_writes lets entries write something else than they should",
    ),
    "a writer who writes all": (
        [
            "CREATE ROLE {role}",
            "GRANT EXECUTE ON FUNCTION ledger_append TO {role}",
            "GRANT pg_write_all_data TO {role}",
        ],
        "{role} can change entries whatever is granted to it",
    ),
    "a writer who owns the tables": (
        ["CREATE ROLE {role}", "GRANT EXECUTE ON FUNCTION ledger_append TO {role}", "GRANT postgres TO {role}"],
        "{role} can change entries whatever is granted to it",
    ),
}


@pytest.mark.parametrize("what", POSTGRESQL)
def test_what_guards_the_ledger_in_postgresql_is_as_it_was_made(new_database: Callable[[str], str], what: str) -> None:
    url = new_database("template_ledger")
    role = f"strong_{url.partition('@/')[2].partition('?')[0]}"
    statements, said = POSTGRESQL[what]
    with Ledger.open(url) as ledger, psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        before = ledger.verify().problems
        for statement in statements:
            connection.execute(statement.replace("{role}", role))
        after = [problem.what for problem in ledger.verify().problems]

    assert not before
    assert after == [said.replace("{role}", role)]


SQLITE = {
    "a trigger that never fires": (
        [
            "DROP TRIGGER entries_keep_updated",
            "CREATE TRIGGER entries_keep_updated BEFORE UPDATE ON entries WHEN 0 BEGIN SELECT 1; END",
        ],
        "the trigger entries_keep_updated was changed",
    ),
    "one trigger more": (
        ["CREATE TRIGGER more AFTER INSERT ON votes BEGIN DELETE FROM votes; END"],
        "votes has a trigger that is not the ledger's",
    ),
    "a trigger that is gone": (["DROP TRIGGER entries_follow"], "the trigger entries_follow is gone or off"),
}


@pytest.mark.parametrize("what", SQLITE)
def test_what_guards_the_ledger_in_sqlite_is_as_it_was_made(tmp_path: Path, what: str) -> None:
    file = tmp_path / "ledger.db"
    statements, said = SQLITE[what]
    with Ledger.create(f"sqlite:///{file}") as ledger:
        before = ledger.verify().problems
        with closing(sqlite3.connect(file)) as connection, connection:
            for statement in statements:
                connection.execute(statement)
        after = [problem.what for problem in ledger.verify().problems]

    assert not before
    assert after == [said]
