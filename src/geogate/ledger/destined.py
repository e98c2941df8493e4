"""Which releases were cleared for the very same destination, so that nothing of them arrives there twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from geogate.ledger.failures import DamagedError
from geogate.ledger.tables import CLEARANCES, REQUESTS
from geogate.model.document import canonical_json, from_json
from geogate.model.lifecycle import State
from geogate.model.names import RequestId
from geogate.model.release import Clearance

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Destined:
    """A request that was cleared at some time, as it stands, and its clearance."""

    request: RequestId
    state: State
    clearance: Clearance


def destined_for(connection: Connection, destination: str) -> tuple[Destined, ...]:
    """Read every clearance for a destination, in the order of the requests, whatever became of it.

    Raises: DamagedError where one cannot be read.
    """
    # A clearance is canonical JSON, so that its destination stands in it in one way only.
    named = CLEARANCES.c.document.contains(canonical_json({"destination": destination})[1:-1], autoescape=True)
    query = (
        select(CLEARANCES.c.request, CLEARANCES.c.document, REQUESTS.c.state)
        .join(REQUESTS, REQUESTS.c.id == CLEARANCES.c.request)
        .where(named)
        .order_by(CLEARANCES.c.request)
    )
    try:
        return tuple(
            Destined(
                request=RequestId(row["request"]),
                state=State(row["state"]),
                clearance=from_json(Clearance, row["document"]),
            )
            for row in connection.execute(query).mappings()
        )
    except ValueError as error:
        raise DamagedError("a clearance in the ledger cannot be read") from error
