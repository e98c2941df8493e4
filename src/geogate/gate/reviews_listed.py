"""Some requests as a short list, for those who may see them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.gate.authority import own_roles
from geogate.model.authority import Action, why_not
from geogate.model.names import person

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from geogate.gate.house import House
    from geogate.model.lifecycle import State
    from geogate.model.names import RequestId


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A request as a list shows it to somebody who may see it."""

    request: RequestId
    state: State
    recipient: str
    destination: str
    opened_at: datetime


def listed(requests: Sequence[RequestId], *, house: House) -> tuple[Listed, ...]:
    """Give those of some requests that whoever acts may see, in this order; the others are left out without a word.

    Raises: PolicyError, ServiceError.
    """
    roles = own_roles(house)
    if why_not(Action.SEE_OWN, roles):
        return ()
    every = not why_not(Action.SEE_ALL, roles)
    with house.ledger() as ledger:
        known = ledger.states(requests)
        found = [ledger.request(each) for each in dict.fromkeys(requests) if each in known]
    return tuple(
        Listed(
            request=each.id,
            state=each.state,
            recipient=str(each.recipient),
            destination=each.destination,
            opened_at=each.created_at,
        )
        for each in found
        if every or person(each.requester) == person(house.actor)
    )
