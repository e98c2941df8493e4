"""The ledger's own errors, and the translation of what databases raise; no message holds SQL, a path or a value."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from geogate.model.errors import ServiceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

INIT = "run geogate init"


class BusyError(ServiceError):
    """Somebody else holds an exclusive lock; nothing was done."""


class DamagedError(ServiceError):
    """The ledger contradicts itself: somebody changed it past geogate, or the disk did."""

    retryable: ClassVar[bool] = False

    def __init__(self, summary: str) -> None:
        super().__init__(summary, hint="run geogate ledger verify, and restore the ledger before anything is sent")


class SchemaError(ServiceError):
    """The database is there, and is not a ledger of this version of geogate."""

    retryable: ClassVar[bool] = False


class UnknownError(UsageError):
    """The ledger has no such request or clearance."""


_SQLITE = {
    "SQLITE_BUSY": ("the ledger is locked", "another process writes to it; try again"),
    "SQLITE_LOCKED": ("the ledger is locked", "another process writes to it; try again"),
    "SQLITE_READONLY": ("the ledger cannot be written", "make the database file and its folder writable"),
    "SQLITE_FULL": ("the ledger's disk is full", "free some space"),
    "SQLITE_CANTOPEN": ("the ledger cannot be opened", INIT),
    "SQLITE_CORRUPT": ("the ledger's database file is corrupt", "restore it from a backup"),
    "SQLITE_NOTADB": ("the ledger's file is not a database", "restore it from a backup"),
}
_POSTGRESQL = {
    "55P03": ("the ledger is locked", "another process writes to it; try again"),
    "25006": ("the ledger cannot be written", "the server is read-only"),
    "53100": ("the ledger's disk is full", "free some space"),
    "42501": ("the ledger cannot be written", "the database role lacks a privilege"),
    "3D000": ("the ledger's database does not exist", f"create the database, then {INIT}"),
    "42P01": ("the database has no ledger", INIT),
    "GG001": ("the ledger's own functions refuse to write this", "run geogate init with the version that is installed"),
    "GG002": ("the ledger lacks a row that its entries speak of", "run geogate ledger verify"),
}
_OTHER = ("the ledger's database does not answer as it must", "see that it runs and can be reached; then try again")


def _words(error: SQLAlchemyError) -> tuple[str, str]:
    orig = error.orig if isinstance(error, DBAPIError) else None
    name = getattr(orig, "sqlite_errorname", None) or ""
    for prefix, words in _SQLITE.items():
        if name.startswith(prefix):
            return words
    if "no such table" in str(orig):
        return "the database has no ledger", INIT
    return _POSTGRESQL.get(getattr(orig, "sqlstate", None) or "", _OTHER)


@contextmanager
def translated() -> Iterator[None]:
    """Turn every error of the database into a ``ServiceError`` in words.

    Raises: ServiceError.
    """
    try:
        yield
    except SQLAlchemyError as error:
        summary, hint = _words(error)
        raise ServiceError(summary, hint=hint) from error
