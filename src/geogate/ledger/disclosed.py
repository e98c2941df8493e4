"""What was sent to a recipient, or can be sent at any moment; whoever counts over releases counts these."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from sqlalchemy import and_, exists, or_, select

from geogate.ledger.chain import sha256
from geogate.ledger.documents import read
from geogate.ledger.failures import DamagedError
from geogate.ledger.shut import RESTORED
from geogate.ledger.tables import CLEARANCES, ENTRIES, MEASUREMENTS, RECEIPTS, REQUESTS
from geogate.model.document import canonical_json
from geogate.model.lifecycle import State
from geogate.model.names import RequestId
from geogate.model.release import Clearance, Receipt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, Connection, RowMapping

    from geogate.model.names import RecipientId


GRACE: Final = timedelta(days=1)
"""A clearance counts so much longer than it is valid: clocks of machines may differ."""

_STATES: Final = (State.APPROVED, State.CLEARED, State.SENDING, State.SENT, State.RECALLED, State.FAILED)
_PAGE: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """The documents of one release: the draft, the artefact and the measurements as they are kept.

    ``on`` is the last day in UTC on which it can have been sent, ``None`` while it is under way. ``measurements`` is
    ``None`` where there are none.
    """

    on: date | None
    request: str
    artefact: str | None
    measurements: str | None


def disclosed_to(connection: Connection, recipient: RecipientId, *, now: datetime) -> Iterator[Disclosed]:
    """Read everything that a recipient got through the gate or may still get: sent, being sent, cleared.

    A release that failed on its way counts, because part of it may have arrived. One that was recalled counts: it was
    read. A clearance that nobody used in time does not. What was under way in a ledger that was restored counts: it may
    have been sent in the time that was lost.

    Raises: DamagedError where something is not as it was kept.
    """
    # The draft is canonical JSON, so that its recipient stands in it in one way only; other hits are sorted out below.
    named = REQUESTS.c.document.contains(canonical_json({"recipient": recipient})[1:-1], autoescape=True)
    query = (
        select(
            REQUESTS,
            MEASUREMENTS.c.document.label("kept"),
            CLEARANCES.c.document.label("clearance"),
            CLEARANCES.c.claimed_at,
            RECEIPTS.c.document.label("receipt"),
        )
        .outerjoin(MEASUREMENTS, MEASUREMENTS.c.request == REQUESTS.c.id)
        .outerjoin(CLEARANCES, CLEARANCES.c.request == REQUESTS.c.id)
        .outerjoin(RECEIPTS, RECEIPTS.c.request == REQUESTS.c.id)
        .where(or_(REQUESTS.c.state.in_([state.value for state in _STATES]), _ended_by_restore()), named)
        .execution_options(yield_per=_PAGE)
    )
    for row in connection.execute(query).mappings():
        if _counts(row, now):
            yield _disclosed(row)


def ended_by_restore(connection: Connection) -> dict[RequestId, datetime]:
    """Name the requests that were judged and under way in a ledger that was restored, and say when they were ended."""
    query = select(REQUESTS.c.id, REQUESTS.c.changed_at).where(_ended_by_restore())
    return {RequestId(name): datetime.fromisoformat(at) for name, at in connection.execute(query)}


def _ended_by_restore() -> ColumnElement[bool]:
    """Find what was opened before a restore and withdrawn after it, as reopening does with all that is under way."""
    between = and_(
        ENTRIES.c.kind == RESTORED,
        REQUESTS.c.opened_at <= ENTRIES.c.at,
        ENTRIES.c.at <= REQUESTS.c.changed_at,
    )
    judged = REQUESTS.c.measurements.is_not(None)
    return and_(REQUESTS.c.state == State.WITHDRAWN.value, judged, exists().where(between))


def _counts(row: RowMapping, now: datetime) -> bool:
    state = State(row["state"])
    if state is State.FAILED:
        return row["claimed_at"] is not None
    if state is State.CLEARED and row["clearance"] is not None:
        return now < read(Clearance, row["clearance"]).expires_at + GRACE
    return True


def _disclosed(row: RowMapping) -> Disclosed:
    if row["kept"] is not None and sha256(row["kept"]) != row["measurements"]:
        raise DamagedError("the measurements are not those that were kept")
    return Disclosed(on=_day(row), request=row["document"], artefact=row["artefact"], measurements=row["kept"])


def _day(row: RowMapping) -> date | None:
    if row["receipt"] is not None:
        return read(Receipt, row["receipt"]).sent_at.date()
    if State(row["state"]) in {State.FAILED, State.WITHDRAWN}:
        return datetime.fromisoformat(row["changed_at"]).date()
    return None
