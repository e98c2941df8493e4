"""The hash chain: how an entry is hashed, appended and read back in order."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime, timedelta
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, text, update

from geogate.ledger.failures import DamagedError
from geogate.ledger.tables import ENTRIES
from geogate.model.document import canonical_json
from geogate.model.errors import UsageError
from geogate.model.names import Sha256
from geogate.model.release import Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Row

    from geogate.ledger.rows import Change

GENESIS = Sha256("0" * 64)
"""What stands for the hash before the first entry."""

_PAGE = 256
_COLUMNS = tuple(column.name for column in ENTRIES.columns)
_APPEND = text("SELECT seq, prev, hash FROM ledger_append(:at, :kind, :request, :actor, :body, CAST(:changes AS json))")


def sha256(text: str) -> Sha256:
    """Digest text as UTF-8."""
    return Sha256(hashlib.sha256(text.encode()).hexdigest())


def timestamp(at: datetime) -> str:
    """Write a time in UTC as text of fixed width, so that texts sort as times do.

    Raises: UsageError when the time has no zone or one that is not UTC.
    """
    if at.utcoffset() != timedelta(0):
        raise UsageError("a time for the ledger must be in UTC", hint="pass datetime.now(UTC)")
    return at.isoformat(timespec="microseconds")


def entry_hash(entry: Entry) -> Sha256:
    """Hash all fields of an entry except ``hash`` itself.

    Source: SHA-256 over the canonical JSON array ``[seq, at, kind, request, actor, body, prev]``.
    """
    texts = (entry.at, entry.kind, entry.request, entry.actor, entry.body, entry.prev)
    return sha256(f"[{int(entry.seq)},{','.join(map(encode_basestring, texts))}]")


def head(connection: Connection) -> tuple[int, Sha256]:
    """Give number and hash of the last entry; ``(0, GENESIS)`` where there is none."""
    last = connection.execute(select(ENTRIES.c.seq, ENTRIES.c.hash).order_by(ENTRIES.c.seq.desc()).limit(1)).first()
    return (last.seq, Sha256(last.hash)) if last else (0, GENESIS)


def append(connection: Connection, entry: Entry, changes: Sequence[Change] = ()) -> Entry:
    """Append an entry as the next one, with what it writes into other tables, all of it or nothing.

    Its ``seq``, ``prev`` and ``hash`` are set under the writer's lock: here for SQLite, and for PostgreSQL by the
    function of the ledger's owner, without which nobody who runs the gate can write.

    Raises: DamagedError.
    """
    if connection.dialect.name == "postgresql":
        return _append_by_function(connection, entry, changes)
    seq, prev = head(connection)
    linked = replace(entry, seq=seq + 1, prev=prev)
    whole = replace(linked, hash=entry_hash(linked))
    connection.execute(insert(ENTRIES).values({name: getattr(whole, name) for name in _COLUMNS}))
    for change in changes:
        _write(connection, change)
    return whole


def _append_by_function(connection: Connection, entry: Entry, changes: Sequence[Change]) -> Entry:
    said = {name: getattr(entry, name) for name in ("at", "kind", "request", "actor", "body")}
    asked = canonical_json([_asked(change) for change in changes])
    row = connection.execute(_APPEND, {**said, "changes": asked}).one()
    whole = replace(entry, seq=row.seq, prev=Sha256(row.prev), hash=Sha256(row.hash))
    if entry_hash(whole) != whole.hash:
        raise DamagedError("the database hashes entries in another way")
    return whole


def _key(change: Change) -> dict[str, str]:
    return dict(zip(change.table.primary_key.columns.keys(), change.key, strict=True))


def _asked(change: Change) -> dict[str, object]:
    return {"table": change.table.name, "new": change.new, "key": _key(change), "values": dict(change.values)}


def _write(connection: Connection, change: Change) -> None:
    key, values = _key(change), dict(change.values)
    if change.new:
        connection.execute(insert(change.table).values(**key, **values))
        return
    where = [change.table.c[name] == value for name, value in key.items()]
    if connection.execute(update(change.table).where(*where).values(**values)).rowcount != 1:
        raise DamagedError(f"a row in {change.table.name} is missing")


def _entry(row: Row[tuple[Any, ...]]) -> Entry:
    # A column that somebody filled with something else than text must not stop the reader: its hash will not fit.
    seq: int = row.seq
    at, kind, request, actor, body, prev, own = map(str, row[1:])
    return Entry(
        seq=seq, at=at, kind=kind, request=request, actor=actor, body=body, prev=Sha256(prev), hash=Sha256(own)
    )


def entries_of_rows(rows: Iterable[Row[tuple[Any, ...]]]) -> Iterator[Entry]:
    """Read entries from rows that a query gave."""
    return map(_entry, rows)


def entries_after(connection: Connection, *, after: int = 0, limit: int | None = None) -> Iterator[Entry]:
    """Read entries in the order of their numbers, a page at a time, so that any length fits in memory."""
    left = limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        query = select(ENTRIES).where(ENTRIES.c.seq > after).order_by(ENTRIES.c.seq).limit(size)
        page = [_entry(row) for row in connection.execute(query)]
        yield from page
        if len(page) < size:
            return
        after = page[-1].seq
        left = None if left is None else left - size


def entries_of(connection: Connection, request: str, *, last: int | None = None) -> tuple[Entry, ...]:
    """Read all entries of one request in order, or only the ``last`` ones."""
    query = select(ENTRIES).where(ENTRIES.c.request == request)
    if last is None:
        found = connection.execute(query.order_by(ENTRIES.c.seq)).all()
    else:
        found = connection.execute(query.order_by(ENTRIES.c.seq.desc()).limit(last)).all()[::-1]
    return tuple(map(_entry, found))


def hashes(connection: Connection, *, first: int, last: int) -> tuple[Sha256, ...]:
    """Read the hashes of the entries from one number to another, both included, in order."""
    query = select(ENTRIES.c.hash).where(ENTRIES.c.seq.between(first, last)).order_by(ENTRIES.c.seq)
    return tuple(connection.execute(query).scalars())
