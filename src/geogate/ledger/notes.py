"""Entries that change nothing and mean something to the gate, such as obligations; read back as they were hashed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from geogate.ledger.chain import entries_of_rows, entry_hash
from geogate.ledger.failures import DamagedError
from geogate.ledger.tables import ENTRIES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection

    from geogate.model.release import Entry


def notes(connection: Connection, kinds: Sequence[str]) -> tuple[Entry, ...]:
    """Read all entries of some kinds, in order.

    Raises: DamagedError when one was edited.
    """
    query = select(ENTRIES).where(ENTRIES.c.kind.in_(kinds)).order_by(ENTRIES.c.seq)
    return whole(entries_of_rows(connection.execute(query)))


def whole(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Give entries on, each hashed again.

    Raises: DamagedError when one was edited.
    """
    found = tuple(entries)
    for entry in found:
        if entry_hash(entry) != entry.hash:
            raise DamagedError(f"entry {entry.seq} was edited")
    return found
