"""Entries that change nothing and mean something to the gate, such as obligations; read back as they were hashed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from geogate.ledger.chain import entries_of_rows, entry_hash
from geogate.ledger.failures import DamagedError
from geogate.ledger.tables import ENTRIES
from geogate.model.document import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Connection, Select

    from geogate.model.release import Entry


def notes(connection: Connection, kinds: Sequence[str]) -> tuple[Entry, ...]:
    """Read all entries of some kinds, in order.

    Raises: DamagedError when one was edited.
    """
    query = select(ENTRIES).where(ENTRIES.c.kind.in_(kinds)).order_by(ENTRIES.c.seq)
    return whole(entries_of_rows(connection.execute(query)))


def notes_saying(connection: Connection, kinds: Sequence[str], says: Mapping[str, str]) -> tuple[Entry, ...]:
    """Read the entries of some kinds whose bodies say something, in order.

    Raises: DamagedError when one was edited.
    """
    query = _saying(kinds, says).order_by(ENTRIES.c.seq)
    return whole(entries_of_rows(connection.execute(query)))


def latest_note(
    connection: Connection, kind: str, says: Mapping[str, str], *, before: int | None = None
) -> Entry | None:
    """Read the last entry of a kind whose body says something, or the last one ``before`` an entry.

    Raises: DamagedError when it was edited.
    """
    query = _saying([kind], says).order_by(ENTRIES.c.seq.desc()).limit(1)
    if before is not None:
        query = query.where(ENTRIES.c.seq < before)
    return next(iter(whole(entries_of_rows(connection.execute(query)))), None)


def _saying(kinds: Sequence[str], says: Mapping[str, str]) -> Select[tuple[Any, ...]]:
    """Find entries by words in their bodies: they are canonical JSON, in which each is written in one way only."""
    words = [canonical_json({name: value})[1:-1] for name, value in says.items()]
    said = (ENTRIES.c.body.contains(word, autoescape=True) for word in words)
    return select(ENTRIES).where(ENTRIES.c.kind.in_(kinds), *said)


def whole(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Give entries on, each hashed again.

    Raises: DamagedError when one was edited.
    """
    found = tuple(entries)
    for entry in found:
        if entry_hash(entry) != entry.hash:
            raise DamagedError(f"entry {entry.seq} was edited")
    return found
