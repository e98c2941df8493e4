"""Unmasking: exact positions are shown to somebody with the role and a reason, for a while, and the ledger says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from geogate.gate.authority import require
from geogate.gate.review import require_short
from geogate.gate.reviews_sight import require_may_see
from geogate.ledger.failures import DamagedError
from geogate.model.authority import Action
from geogate.model.document import from_json
from geogate.model.errors import RefusedError, UsageError
from geogate.model.names import person

if TYPE_CHECKING:
    from geogate.gate.house import House
    from geogate.model.names import RequestId
    from geogate.model.release import Entry

UNMASKED: Final = "unmask"
LASTS: Final = timedelta(minutes=15)
SHORTEST: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmasked:
    """The body of the entry; ``until`` is when positions are coarse again."""

    reason: str
    until: datetime


def unmask(request_id: RequestId, reason: str, *, house: House) -> datetime:
    """Enter that somebody wants to see exact positions, and why; give the time until which they may.

    Raises: ForbiddenError, UsageError without a reason or for an unknown request, ServiceError.
    """
    require(Action.UNMASK, house=house)
    require_short(reason)
    if len(reason.strip()) < SHORTEST:
        raise UsageError(f"to unmask needs a reason of {SHORTEST} characters or more", hint="say what you look for")
    with house.ledger() as ledger:
        require_may_see(ledger.request(request_id), house=house)
        until = ledger.now(house.clock()) + LASTS
        with ledger.transaction(house.actor, at=house.clock()) as tx:
            tx.note(UNMASKED, Unmasked(reason=reason.strip(), until=until), request=request_id)
    return until


def unmasked_until(request_id: RequestId, *, house: House) -> datetime | None:
    """Say until when who acts sees exact positions; ``None`` where they are coarse.

    Raises: DamagedError when an entry cannot be read.
    """
    with house.ledger() as ledger:
        now = ledger.now(house.clock())
        own = [
            _until(entry)
            for entry in ledger.notes_of(request_id, kinds=(UNMASKED,))
            if person(entry.actor) == person(house.actor)
        ]
    latest = max(own, default=datetime.min.replace(tzinfo=UTC))
    # A clock that was put back makes nothing last longer than it was given.
    return latest if now < latest <= now + LASTS else None


def require_unmasked(request_id: RequestId, *, house: House) -> None:
    """Refuse exact positions to whom has not unmasked them, or whose time is over.

    Raises: ForbiddenError, RefusedError.
    """
    require(Action.UNMASK, house=house)
    if unmasked_until(request_id, house=house) is None:
        raise RefusedError("exact positions are masked", hint="unmask them with a reason, which the ledger keeps")


def _until(entry: Entry) -> datetime:
    try:
        return from_json(Unmasked, entry.body).until
    except ValueError as error:
        raise DamagedError(f"entry {entry.seq}, an unmasking, cannot be read") from error
