"""What the console remembers between requests: sessions, spent forms, tokens of services, attempts; never a decision.

It is a small SQLite file of its own in the gate's home. Secrets are kept as digests only. Whoever loses it signs in
again.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, Final

from geogate.model.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime, timedelta
    from pathlib import Path

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS secret (id INTEGER PRIMARY KEY CHECK (id = 1), value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS old_secrets (value TEXT PRIMARY KEY, ends REAL NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
    digest TEXT PRIMARY KEY, name TEXT NOT NULL, groups TEXT NOT NULL, source TEXT NOT NULL,
    began REAL NOT NULL, seen REAL NOT NULL);
CREATE TABLE IF NOT EXISTS pending (
    digest TEXT PRIMARY KEY, nonce TEXT NOT NULL, verifier TEXT NOT NULL, next TEXT NOT NULL, began REAL NOT NULL);
CREATE TABLE IF NOT EXISTS spent (digest TEXT PRIMARY KEY, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, name TEXT NOT NULL, roles TEXT NOT NULL,
    began REAL NOT NULL, ends REAL NOT NULL, revoked REAL);
CREATE TABLE IF NOT EXISTS attempts (what TEXT NOT NULL, at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS attempts_what ON attempts (what, at);
"""
_BUSY_S: Final = 10.0


def digest(secret: str) -> str:
    """Give what is kept of a random secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


class Store:
    """The file; every call opens it, does one transaction and closes it, so that threads and processes may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            # Only its owner reads it, as the ledger beside it.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        except OSError as error:
            raise ServiceError("the console's store cannot be made", hint="run geogate init first") from error
        with self.transaction() as rows:
            rows.executescript(_TABLES)
        with self.transaction() as rows:
            rows.execute("INSERT OR IGNORE INTO secret VALUES (1, ?)", (secrets.token_hex(32),))

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction that writes.

        Raises: ServiceError when the store is locked, gone or cannot be written.
        """
        try:
            with closing(sqlite3.connect(self._path, timeout=_BUSY_S, isolation_level=None)) as rows:
                rows.execute("PRAGMA synchronous = NORMAL")
                rows.execute("BEGIN IMMEDIATE")
                yield rows
                if rows.in_transaction:
                    rows.execute("COMMIT")
        except sqlite3.Error as error:
            raise ServiceError("the console's store does not answer", hint="try again") from error

    def one(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        """Read one row.

        Raises: ServiceError.
        """
        try:
            with closing(sqlite3.connect(self._path, timeout=_BUSY_S)) as rows:
                found: tuple[Any, ...] | None = rows.execute(query, values).fetchone()
                return found
        except sqlite3.Error as error:
            raise ServiceError("the console's store does not answer", hint="try again") from error

    def secret(self) -> str:
        """Give the key that signs forms."""
        row = self.one("SELECT value FROM secret")
        if row is None:
            raise ServiceError("the console's store has lost its key", hint="start the console again")
        return str(row[0])

    def secrets(self, *, at: datetime) -> list[str]:
        """Give the keys by which forms are taken: those whose time is not over, and the one that signs as the last."""
        query = "SELECT group_concat(value) FROM (SELECT value FROM old_secrets WHERE ends > ? ORDER BY ends)"
        (old,) = self.one(query, at.timestamp()) or ("",)
        return [*filter(None, str(old or "").split(",")), self.secret()]

    def rotate_secret(self, *, at: datetime, overlap: timedelta) -> None:
        """Sign forms with a new key; those that the old one signed are taken until the overlap is over."""
        with self.transaction() as rows:
            (old,) = rows.execute("SELECT value FROM secret").fetchone()
            rows.execute("DELETE FROM old_secrets WHERE ends <= ?", (at.timestamp(),))
            if overlap:
                rows.execute("INSERT INTO old_secrets VALUES (?, ?)", (old, (at + overlap).timestamp()))
            else:
                rows.execute("DELETE FROM old_secrets")
            rows.execute("UPDATE secret SET value = ?", (secrets.token_hex(32),))

    def spend(self, token: str, *, at: datetime, keeps: timedelta) -> bool:
        """Take a form's token, which works once; and forget those that are too old to be taken anyway."""
        with self.transaction() as rows:
            rows.execute("DELETE FROM spent WHERE at < ?", ((at - keeps).timestamp(),))
            done = rows.execute("INSERT OR IGNORE INTO spent VALUES (?, ?)", (digest(token), at.timestamp()))
            return done.rowcount == 1

    def attempt(self, what: str, *, at: datetime, within: timedelta, most: int) -> bool:
        """Count an attempt, and say whether it is still one of the ``most`` that are allowed within a time."""
        since = (at - within).timestamp()
        with self.transaction() as rows:
            rows.execute("DELETE FROM attempts WHERE what = ? AND at < ?", (what, since))
            (count,) = rows.execute("SELECT count(*) FROM attempts WHERE what = ?", (what,)).fetchone()
            if count >= most:
                return False
            rows.execute("INSERT INTO attempts VALUES (?, ?)", (what, at.timestamp()))
        return True
