"""The schema's version: brought to the newest by ``create``, and checked, never changed, by ``open``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import insert, inspect, literal, select, text

from geogate.ledger.failures import INIT, SchemaError
from geogate.ledger.roles import let_writers_read
from geogate.ledger.tables import ENTRIES, METADATA

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"
HEAD = "0004"
"""The newest revision; revisions are numbered, so that older and newer can be told apart."""

TRIGGERS = {
    "sqlite": frozenset({"entries_keep_updated", "entries_keep_deleted", "entries_follow"}),
    "postgresql": frozenset(
        {"entries_keep_updated", "entries_keep_deleted", "entries_keep_truncated", "entries_follow"}
    ),
}
_LIVE_TRIGGERS = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'entries'",
    "postgresql": "SELECT tgname FROM pg_trigger WHERE tgrelid = 'entries'::regclass AND tgenabled IN ('O', 'A')",
}


def migrate(connection: Connection) -> None:
    """Bring an empty or an older database to the newest revision, in the connection's transaction.

    Raises: SchemaError when the database is newer than this geogate.
    """
    from alembic import command
    from alembic.config import Config

    before = _version(connection)
    if before > HEAD:
        raise SchemaError("the ledger is newer than this geogate", hint="update geogate")
    if before == HEAD:
        return
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    let_writers_read(connection)


def require_current(connection: Connection) -> None:
    """Refuse a database that is not a ledger of just this version, or that cannot be written.

    Raises: SchemaError, or the database's own error where it cannot be written.
    """
    version = _version(connection)
    if version > HEAD:
        raise SchemaError("the ledger is newer than this geogate", hint="update geogate")
    if version == "":
        raise SchemaError("the database has no ledger", hint=INIT)
    if version < HEAD:
        raise SchemaError("the ledger is older than this geogate", hint=f"{INIT}, which brings it up to date")
    missing = set(METADATA.tables) - set(inspect(connection).get_table_names())
    if missing:
        raise SchemaError(f"the ledger lacks tables: {', '.join(sorted(missing))}", hint="restore it from a backup")
    # Writes nothing, and yet fails where nothing can be written.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT ledger_ready()"))
    else:
        connection.execute(insert(ENTRIES).from_select(list(ENTRIES.c), select(ENTRIES).where(literal(1) == 0)))


def missing_triggers(connection: Connection) -> tuple[str, ...]:
    """Name the triggers that should keep the entries as they are, and are gone or switched off."""
    dialect = connection.dialect.name
    live = set(connection.execute(text(_LIVE_TRIGGERS[dialect])).scalars())
    return tuple(sorted(TRIGGERS[dialect] - live))


def _version(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    versions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return max(versions, default="")
