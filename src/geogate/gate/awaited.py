"""What became of a held request, for those who wait for it: always as the ledger says, never as somebody tells."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from geogate.destinations.uri import normalise
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from datetime import datetime

    from geogate.gate.house import House, Wish
    from geogate.model.names import Nonce, RequestId
    from geogate.model.verdict import Verdict

UNDECIDED: Final = frozenset({State.HELD, State.APPROVED})
"""States in which people still have to decide, or the gate is about to carry out what they decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """A request that somebody waits for, as it stands now.

    ``clearance`` is there only while it can be used. ``ends`` is when the review of a held request is over, ``None``
    where its verdict does not say.
    """

    request: RequestId
    state: State
    verdict: Verdict
    clearance: Nonce | None
    ends: datetime | None
    now: datetime

    @property
    def undecided(self) -> bool:
        """Whether there is something to wait for."""
        return self.state in UNDECIDED

    @property
    def over(self) -> bool:
        """Whether the days of the review are over."""
        return self.ends is not None and self.now >= self.ends


def awaited(request_id: RequestId, wish: Wish, *, house: House) -> Awaited:
    """Read what became of a request that was asked for by this wish.

    Raises: UsageError for an unknown request; RefusedError for one that is about something else; ServiceError.
    """
    with house.ledger() as ledger:
        request = ledger.request(request_id)
        kept = ledger.clearance_of(request_id) if request.state is State.CLEARED else None
        now = ledger.now(house.clock())
    destination = normalise(wish.destination, home=house.settings.home.parent)
    asked = (wish.recipient, destination, wish.purpose)
    verdict = request.verdict
    if verdict is None or (verdict.recipient, verdict.destination, verdict.purpose) != asked:
        raise RefusedError(
            f"request {request_id} is not the one that is waited for",
            hint="it has another recipient, destination or purpose; submit the dataset again",
        )
    days = verdict.basis.review_days
    return Awaited(
        request=request_id,
        state=request.state,
        verdict=verdict,
        clearance=kept[0].nonce if kept is not None and now < kept[0].expires_at else None,
        ends=verdict.judged_at + timedelta(days=days) if days else None,
        now=now,
    )
