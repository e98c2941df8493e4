"""Exclusive locks by name across processes; each dies with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text

from geogate.ledger.chain import sha256
from geogate.ledger.failures import BusyError
from geogate.model.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine


def _busy() -> BusyError:
    return BusyError("another process is at work on the same", hint="wait until it has ended; then try again")


@contextmanager
def file_lock(database: Path, *, name: str) -> Iterator[None]:
    """Hold a lock on a file beside the database.

    Raises: BusyError when it is not free at once, ServiceError when the file cannot be made.
    """
    path = database.with_name(f"{database.name}.{sha256(name)[:32]}.lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ServiceError("the ledger's lock file cannot be made", hint="make its folder writable") from error
    try:
        _take(descriptor, path)
        try:
            yield
        finally:
            # Only the holder removes the file, and only while it holds the lock; see _take for those who wait.
            path.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The last holder may have removed the file between our opening and locking it: then the lock locks nothing.
        live = os.path.samestat(os.fstat(descriptor), path.stat())
    except (BlockingIOError, FileNotFoundError) as error:
        raise _busy() from error
    except OSError as error:
        raise ServiceError("the ledger's folder cannot lock files", hint="keep the ledger on a local disk") from error
    if not live:
        raise _busy()


@contextmanager
def session_lock(engine: Engine, *, name: str) -> Iterator[None]:
    """Hold PostgreSQL's advisory lock on a connection of its own; it needs a session, not a pool of transactions.

    Raises: BusyError when it is not free at once, ServiceError when it was lost while held.
    """
    key = {"key": int.from_bytes(bytes.fromhex(sha256(f"geogate {name}"))[:8], "big", signed=True)}
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar_one():
            raise _busy()
        try:
            yield
        except BaseException:
            connection.invalidate()  # ends the session, and the lock with it
            raise
        if not connection.execute(text("SELECT pg_advisory_unlock(:key)"), key).scalar_one():
            raise ServiceError("an exclusive lock was lost while it was held", hint="look at what was done meanwhile")
