"""Who may do what in PostgreSQL: a writer gets what the gate needs at run time, and posture tells who has more."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlalchemy import text

from geogate.ledger.tables import METADATA
from geogate.model.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

CALLED = ("ledger_append(text, text, text, text, text, json)", "ledger_ready()")
"""What the gate calls at run time, and nobody but owner and writers may."""

_INNER = ("ledger_change(text, text, json)",)
_ROLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_ABOUT = text(
    """
    SELECT r.rolsuper OR r.rolcreaterole OR r.rolreplication OR r.rolbypassrls
        OR pg_has_role(r.oid, c.relowner, 'MEMBER')
        OR pg_has_role(r.oid, 'pg_write_all_data', 'MEMBER')
        OR pg_has_role(r.oid, 'pg_execute_server_program', 'MEMBER')
        OR pg_has_role(r.oid, 'pg_write_server_files', 'MEMBER')
    FROM pg_roles r, pg_class c WHERE r.rolname = :name AND c.oid = 'entries'::regclass
    """
)
_GRANTED = text(
    """
    SELECT DISTINCT c.relname, coalesce(r.rolname, 'PUBLIC')
    FROM pg_class c CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(:tables)
        AND a.grantee <> c.relowner AND a.privilege_type NOT IN ('SELECT', 'MAINTAIN')
    UNION
    SELECT DISTINCT c.relname, coalesce(r.rolname, 'PUBLIC')
    FROM pg_class c JOIN pg_attribute t ON t.attrelid = c.oid CROSS JOIN aclexplode(t.attacl) a
        LEFT JOIN pg_roles r ON r.oid = a.grantee
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = ANY(:tables)
        AND a.grantee <> c.relowner AND a.privilege_type <> 'SELECT'
    ORDER BY 1, 2
    """
)
_FUNCTIONS = text(
    """
    SELECT p.proname FROM pg_proc p JOIN pg_class c ON c.oid = 'entries'::regclass
    WHERE p.pronamespace = c.relnamespace AND p.proname = ANY(:names) AND p.proowner = c.relowner
        AND 'search_path=pg_catalog, pg_temp' = ANY(p.proconfig) AND (p.prosecdef OR p.proname = 'ledger_change')
    """
)
_CALLABLE = text(
    """
    SELECT EXISTS (
        SELECT FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        WHERE p.oid = to_regprocedure(:name) AND a.grantee = 0
    )
    """
)


def tables() -> tuple[str, ...]:
    """Name all tables of a ledger in PostgreSQL."""
    return (*METADATA.tables, "alembic_version", "ledger_writes")


def let_write(connection: Connection, name: str) -> bool:
    """Let a role run the gate: read all, and write through the ledger's functions only; make it where it is missing.

    It has no password until somebody gives it one. Says whether the role was made.

    Raises: UsageError for a database or a name that cannot be; RefusedError for a role that can do more whatever is
    granted: the owner of the tables, and who is a member of it, a superuser or the like.
    """
    if connection.dialect.name != "postgresql":
        raise UsageError("only a ledger in PostgreSQL has roles", hint="keep a SQLite file in a folder of the gate's")
    if not _ROLE.fullmatch(name):
        raise UsageError("a role has up to 63 lower-case letters, digits and underscores, and no digit first")
    stronger = connection.execute(_ABOUT, {"name": name}).scalar_one_or_none()
    if stronger:
        hint = "name another role, which is not the tables' owner, a member of it, or an administrator"
        raise RefusedError("this role can change entries whatever is granted to it", hint=hint)
    if stronger is None:
        connection.exec_driver_sql(f'CREATE ROLE "{name}" LOGIN')
    _grant(connection, name)
    return stronger is None


def _grant(connection: Connection, name: str) -> None:
    schema = connection.execute(text("SELECT quote_ident(current_schema())")).scalar_one()
    every, called = ", ".join(tables()), ", ".join(CALLED)
    for statement in (
        f'REVOKE ALL ON {every} FROM PUBLIC, "{name}"',
        f'REVOKE CREATE ON SCHEMA {schema} FROM PUBLIC, "{name}"',
        f'REVOKE ALL ON FUNCTION {called}, {", ".join(_INNER)} FROM PUBLIC, "{name}"',
        f'GRANT USAGE ON SCHEMA {schema} TO "{name}"',
        f'GRANT SELECT ON {every} TO "{name}"',
        f'GRANT EXECUTE ON FUNCTION {called} TO "{name}"',
    ):
        connection.exec_driver_sql(statement)


def let_writers_read(connection: Connection) -> None:
    """Let those who write read the tables that a newer revision brought."""
    if connection.dialect.name != "postgresql":
        return
    query = "SELECT r.rolname FROM pg_proc p, aclexplode(p.proacl) a, pg_roles r WHERE p.oid = to_regprocedure(:called)"
    found = connection.execute(text(f"{query} AND a.grantee = r.oid AND r.oid <> p.proowner"), {"called": CALLED[0]})
    quote = connection.dialect.identifier_preparer.quote
    for name in found.scalars().all():
        connection.exec_driver_sql(f"GRANT SELECT ON {', '.join(tables())} TO {quote(name)}")


def weaknesses(connection: Connection) -> Iterator[str]:
    """Say what lets somebody besides the owner write past the ledger's functions; nothing for SQLite."""
    if connection.dialect.name != "postgresql":
        return
    for table, role in connection.execute(_GRANTED, {"tables": list(tables())}):
        yield f"{role} may write {table} past the ledger's functions"
    names = [name.partition("(")[0] for name in (*CALLED, *_INNER)]
    sound = set(connection.execute(_FUNCTIONS, {"names": names}).scalars())
    yield from (f"the function {name} is gone or was changed" for name in names if name not in sound)
    for name in (*CALLED, *_INNER):
        if connection.execute(_CALLABLE, {"name": name}).scalar_one():
            yield f"everybody may call {name.partition('(')[0]}"


def more_than_writers(connection: Connection) -> Iterator[str]:
    """Say which roles that run the gate can change entries by what they are, whatever was granted."""
    query = "SELECT r.rolname FROM pg_proc p, aclexplode(p.proacl) a, pg_roles r WHERE p.oid = to_regprocedure(:called)"
    found = connection.execute(text(f"{query} AND a.grantee = r.oid AND r.oid <> p.proowner"), {"called": CALLED[0]})
    for name in sorted(found.scalars()):
        if connection.execute(_ABOUT, {"name": name}).scalar_one():
            yield f"{name} can change entries whatever is granted to it"
