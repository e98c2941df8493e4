"""The ledger a page at a time, the newest entries first, without reading all that came before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.gate.authority import require
from geogate.gate.history import blind, held_votes, line_of
from geogate.ledger.failures import UnknownError
from geogate.model.authority import Action
from geogate.model.names import RequestId

if TYPE_CHECKING:
    from geogate.gate.history import EntryLine
    from geogate.gate.house import House
    from geogate.model.names import Sha256

MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerPage:
    """Some entries, the newest first; ``head`` is the number and hash of the last entry of all."""

    lines: tuple[EntryLine, ...]
    head_seq: int
    head_hash: Sha256
    page: int
    pages: int


def ledger_page(*, page: int, per_page: int = 50, request: str = "", house: House) -> LedgerPage:
    """Give a page of entries of one request or of all; what votes say only when the review is over.

    Raises: ForbiddenError, ServiceError.
    """
    require(Action.READ_LEDGER, house=house)
    per_page, page = max(1, min(per_page, MOST)), max(1, page)
    with house.ledger() as ledger:
        seq, digest = ledger.head()
        if request:
            every = ledger.entries_of(RequestId(request))[::-1]
            count = len(every)
            found = every[(page - 1) * per_page : page * per_page]
        else:
            count, last = seq, max(0, seq - (page - 1) * per_page)
            after = max(0, last - per_page)
            found = tuple(ledger.entries(after=after, limit=last - after))[::-1]
        held = held_votes(found, ledger)
    lines = tuple(line_of(blind(entry) if entry.request in held else entry) for entry in found)
    return LedgerPage(lines=lines, head_seq=seq, head_hash=digest, page=page, pages=max(1, -(-count // per_page)))


def ledger_entry(seq: int, *, house: House) -> EntryLine:
    """Give one entry by its number.

    Raises: ForbiddenError, UnknownError, ServiceError.
    """
    require(Action.READ_LEDGER, house=house)
    with house.ledger() as ledger:
        found = tuple(ledger.entries(after=seq - 1, limit=1))
        if not found or found[0].seq != seq:
            raise UnknownError(f"the ledger has no entry {seq}")
        held = held_votes(found, ledger)
    return line_of(blind(found[0]) if found[0].request in held else found[0])
