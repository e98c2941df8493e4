"""Whether the database still guards the ledger as its migrations made it: triggers, functions, and who may do more."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import text

from geogate.ledger.roles import CALLED, more_than_writers, tables
from geogate.ledger.tables import METADATA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

_VERSIONS: Final = "geogate.ledger.migrations.versions"
_ROW, _BEFORE, _INSERT, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 4, 8, 16, 32
_TRIGGERS: Final = {
    "entries_keep_updated": ("entries_keep", _ROW | _BEFORE | _UPDATE),
    "entries_keep_deleted": ("entries_keep", _ROW | _BEFORE | _DELETE),
    "entries_keep_truncated": ("entries_keep", _BEFORE | _TRUNCATE),
    "entries_follow": ("entries_follow", _ROW | _BEFORE | _INSERT),
}
"""Trigger of PostgreSQL's to the function that it calls, and when, in the bits of ``pg_trigger.tgtype``."""

_SQLITE: Final = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'"
_LIVE: Final = text(
    """
    SELECT t.tgname, c.relname, p.proname, t.tgtype, t.tgqual IS NULL AND t.tgattr = ''::int2vector
        AND p.pronamespace = c.relnamespace AS plain
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(:tables) AND NOT t.tgisinternal
    ORDER BY t.tgname
    """
)
_BODIES: Final = text(
    """
    SELECT p.proname, p.prosrc FROM pg_proc p
    WHERE p.pronamespace = current_schema()::regnamespace AND p.proname = ANY(:names) ORDER BY p.proname
    """
)
_RULES: Final = text(
    """
    SELECT DISTINCT c.relname FROM pg_class c LEFT JOIN pg_rewrite r ON r.ev_class = c.oid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(:tables)
        AND (c.relkind <> 'r' OR r.oid IS NOT NULL)
    ORDER BY c.relname
    """
)
_ALLOWED: Final = text("SELECT kind, relation, fresh, owner, array_to_string(names, ',') FROM ledger_writes")


def changes(connection: Connection) -> Iterator[str]:
    """Say what guards the ledger otherwise than it was made to."""
    if connection.dialect.name == "postgresql":
        yield from _changed_functions(connection)
        yield from _changed_triggers(connection)
        yield from more_than_writers(connection)
    else:
        yield from _changed_in_sqlite(connection)


def _changed_in_sqlite(connection: Connection) -> Iterator[str]:
    expected = {_words(each).split(" ")[2]: _words(each) for each in _module("0001_ledger").SQLITE}
    for name, table, written in connection.exec_driver_sql(_SQLITE):
        if name in expected and _words(written) != expected[name]:
            yield f"the trigger {name} was changed"
        elif name not in expected and table in METADATA.tables:
            yield f"{table} has a trigger that is not the ledger's"


def _changed_functions(connection: Connection) -> Iterator[str]:
    expected = _bodies(connection)
    found = connection.execute(_BODIES, {"names": list(expected)}).all()
    for name, body in found:
        if body != expected[name]:
            yield f"the function {name} is not the one that was made"
    allowed = {(*write[:4], write[4].strip("{}")) for write in _module("0002_append_only_by_function").WRITES}
    if {tuple(row) for row in connection.execute(_ALLOWED)} != allowed:
        yield "ledger_writes lets entries write something else than they should"


def _changed_triggers(connection: Connection) -> Iterator[str]:
    every = {"tables": list(tables())}
    for name, table, function, kind, plain in connection.execute(_LIVE, every):
        if name not in _TRIGGERS or table != "entries":
            yield f"{table} has a trigger that is not the ledger's"
        elif not plain or (function, kind) != _TRIGGERS[name]:
            yield f"the trigger {name} was changed"
    for table in connection.execute(_RULES, every).scalars():
        yield f"{table} is no table, or has a rule"


def _bodies(connection: Connection) -> dict[str, str]:
    """Give the bodies of all functions as the migrations write them."""
    first, second = _module("0001_ledger"), _module("0002_append_only_by_function")
    schema = connection.execute(text("SELECT quote_ident(current_schema())")).scalar_one()
    words = {"schema": schema, "format_schema": schema.replace("'", "''").replace("%", "%%"), "lock": second.LOCK}
    later = [each.format(**words, genesis=second.GENESIS) for each in (second.CHANGE, second.APPEND, second.READY)]
    names = ["entries_keep", "ledger_change", *(name.partition("(")[0] for name in CALLED), "entries_follow"]
    made = [each for each in (*first.POSTGRESQL, *later) if "CREATE FUNCTION" in each]
    return {name: each.split("$$")[1] for name in names for each in made if f"{name}(" in each.split("$$")[0]}


def _module(name: str) -> Any:
    return import_module(f"{_VERSIONS}.{name}")


def _words(statement: str) -> str:
    return " ".join(str(statement).split())
