"""Writes to places outside without a clearance, as others saw them: kept in the ledger, and read by the audit.

What is kept says which task wrote to which store, how often, and the SHA-256 of each address: a name of a file may be a
position. Who lists the store can find the address by its digest.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from geogate.gate.place import place_of
from geogate.gate.transfers import TAKEN, Taken
from geogate.ledger.failures import DamagedError
from geogate.model.document import canonical_json, from_json
from geogate.model.errors import PolicyError, ServiceError
from geogate.model.names import Sha256

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    from geogate.gate.house import House
    from geogate.ledger.ledger import Ledger

UNGATED: Final = "ungated-write"
"""The kind of the entry."""

WAITING: Final = "ungated-writes.jsonl"
"""Beside the ledger, where it did not answer: what it could not be told, until the next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """An address to which a task wrote, and how often; ``store`` is what of it may be shown."""

    store: str
    address_sha256: Sha256
    times: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UngatedWrites:
    """What a task wrote outside without a clearance; where ``more`` there were further ones that nobody counted."""

    by: str
    at: str
    writes: tuple[Write, ...]
    more: bool = False


def note_ungated(addresses: Sequence[tuple[str, int]], *, by: str, more: bool, house: House) -> UngatedWrites | None:
    """Keep those of a task's writes that it had no clearance for; ``None`` where there are none.

    A file on this machine counts where a recipient gets what lies there.

    Raises: ServiceError when neither the ledger nor its place can be written.
    """
    outside = _outside(addresses, house=house)
    if not outside and not more:
        return None
    try:
        with house.ledger() as ledger:
            cleared = _cleared(by, ledger)
            found = _ungated([each for each in outside if each[0] not in cleared], by=by, more=more, house=house)
            if found.writes or found.more:
                with ledger.transaction(house.actor, at=house.clock()) as tx:
                    tx.note(UNGATED, found)
    except ServiceError:
        found = _ungated(outside, by=by, more=more, house=house)
        _keep(found, house=house)
    return found if found.writes or found.more else None


def ungated_writes(*, since: datetime | None = None, house: House) -> tuple[UngatedWrites, ...]:
    """Read what was written outside without a clearance, in the order of time.

    Raises: ServiceError, DamagedError.
    """
    with house.ledger() as ledger:
        bodies = [entry.body for entry in ledger.notes(kinds=(UNGATED,))]
    path = _waiting(house)
    if path.exists():
        bodies += path.read_text(encoding="utf-8").splitlines()
    try:
        found = [from_json(UngatedWrites, body) for body in bodies]
    except ValueError as error:
        raise DamagedError("a note on ungated writes cannot be read") from error
    return tuple(sorted((each for each in found if since is None or each.at >= since.isoformat()), key=_time))


def _time(each: UngatedWrites) -> str:
    return each.at


def _ungated(outside: Sequence[tuple[str, str, int]], *, by: str, more: bool, house: House) -> UngatedWrites:
    writes = [
        Write(store=store, address_sha256=Sha256(hashlib.sha256(address.encode()).hexdigest()), times=times)
        for address, store, times in outside
    ]
    return UngatedWrites(by=by, at=house.clock().isoformat(), writes=tuple(writes), more=more)


def _outside(addresses: Sequence[tuple[str, int]], *, house: House) -> list[tuple[str, str, int]]:
    """Give address, store and count of what lies outside."""
    local = any(address.startswith("file:") for address, _ in addresses)
    places = _recipients_folders(house) if local else ()
    found = []
    for address, times in addresses:
        scheme, _, rest = address.partition("://")
        store = f"{scheme}://{rest.partition('/')[0]}"
        if scheme == "file" and places is not None:
            store = next((place for place in places if address.startswith(place)), "")
        if store:
            found.append((address, store, times))
    return found


def _recipients_folders(house: House) -> tuple[str, ...] | None:
    """Name the folders that recipients read; ``None`` where nobody knows, so that each file counts."""
    try:
        book = place_of(house).recipients()
    except (PolicyError, ServiceError):
        return None
    return tuple(place.uri for recipient in book.recipients for place in recipient.destinations)


def _cleared(by: str, ledger: Ledger) -> frozenset[str]:
    """Name the addresses for which a task has taken a clearance."""
    found: set[str] = set()
    for entry in ledger.notes(kinds=(TAKEN,)):
        taken = from_json(Taken, entry.body)
        if taken.by == by:
            clearance, _ = ledger.clearance(taken.nonce)
            found |= {clearance.destination + file.name for file in clearance.files}
    return frozenset(found)


def _waiting(house: House) -> Path:
    return house.settings.home / WAITING


def _keep(found: UngatedWrites, *, house: House) -> None:
    try:
        handle = os.open(_waiting(house), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, (canonical_json(replace(found)) + "\n").encode())
        finally:
            os.close(handle)
    except OSError as error:
        raise ServiceError(f"ungated writes cannot be kept ({error.strerror})") from None
