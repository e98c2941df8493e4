"""Unmasking: exact positions are shown to somebody with the role and a reason, for a while, and the ledger says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from geogate.gate.authority import require
from geogate.gate.reviews_sight import require_may_see
from geogate.gate.views import View, note_view
from geogate.model.authority import Action
from geogate.model.errors import RefusedError, UsageError
from geogate.model.names import person

if TYPE_CHECKING:
    from geogate.gate.house import House
    from geogate.model.names import RequestId

LASTS: Final = timedelta(minutes=15)
SHORTEST: Final = 10


def unmask(request_id: RequestId, reason: str, *, house: House) -> datetime:
    """Enter that somebody wants to see exact positions, and why; give the time until which they may.

    Raises: ForbiddenError, UsageError without a reason or for an unknown request, ServiceError.
    """
    require(Action.UNMASK, house=house)
    if len(reason.strip()) < SHORTEST:
        raise UsageError(f"to unmask needs a reason of {SHORTEST} characters or more", hint="say what you look for")
    with house.ledger() as ledger:
        require_may_see(ledger.request(request_id), house=house)
    entry = note_view(View.UNMASKED, request_id, what="exact positions", reason=reason, house=house)
    return datetime.fromisoformat(entry.at) + LASTS


def unmasked_until(request_id: RequestId, *, house: House) -> datetime | None:
    """Say until when who acts sees exact positions; ``None`` where they are coarse.

    Raises: DamagedError when an entry was edited.
    """
    with house.ledger() as ledger:
        now = ledger.now(house.clock())
        own = [
            datetime.fromisoformat(entry.at) + LASTS
            for entry in ledger.notes_of(request_id, kinds=(View.UNMASKED,))
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
