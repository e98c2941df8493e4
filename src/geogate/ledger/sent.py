"""What left: every clearance that somebody used, with what was judged, as texts, so that a reader reads what it needs.

An audit knows most releases by the digests of their texts, and reads those that changed: nothing is parsed for it here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import func, select

from geogate.ledger.chain import sha256
from geogate.ledger.documents import read
from geogate.ledger.failures import DamagedError
from geogate.ledger.tables import CLEARANCES, MEASUREMENTS, RECEIPTS, REQUESTS
from geogate.model.document import canonical_json
from geogate.model.lifecycle import State
from geogate.model.names import RequestId
from geogate.model.release import Receipt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from geogate.model.release import Delivery

MONTH: Final = 6
"""Letters of a request's id by which releases are put into parts: ids begin with the date."""

_PAGE: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A release whose clearance was claimed: its documents as texts; ``None`` for those that it does not have.

    ``kept`` is the text of its measurements where it was asked for, and ``measurements`` the digest of that text.
    """

    request: RequestId
    state: State
    changed_at: str
    draft: str
    dataset: str | None
    artefact: str | None
    verdict: str | None
    measurements: str | None
    clearance: str
    receipt: str | None
    kept: str | None = None


def parts(connection: Connection) -> tuple[tuple[str, int], ...]:
    """Name the parts of what was sent, the oldest first, and count the releases in each."""
    month = func.substr(REQUESTS.c.id, 1, MONTH).label("month")
    query = select(month, func.count()).where(REQUESTS.c.state == State.SENT.value).group_by(month).order_by(month)
    return tuple((str(name), int(count)) for name, count in connection.execute(query))


def last_sent(connection: Connection, place: str) -> Delivery | None:
    """Give a file of the last release that was sent to somewhere below a place, and not taken back.

    Raises: DamagedError where its receipt cannot be read.
    """
    # A receipt is canonical JSON, in which the beginning of an address stands in one way only.
    below = RECEIPTS.c.document.contains(canonical_json({"uri": place})[1:-2], autoescape=True)
    query = (
        select(RECEIPTS.c.document)
        .join(REQUESTS, REQUESTS.c.id == RECEIPTS.c.request)
        .where(REQUESTS.c.state == State.SENT.value, below)
        .order_by(REQUESTS.c.changed_at.desc())
        .limit(1)
    )
    text = connection.execute(query).scalar_one_or_none()
    if text is None:
        return None
    return next((each for each in read(Receipt, text).deliveries if each.uri.startswith(place)), None)


def left(connection: Connection, *, part: str = "", kept: bool = False) -> Iterator[Left]:
    """Read what left, the oldest first, in bounded memory; with ``kept``, with what was measured of it.

    Raises: DamagedError where measurements are not those that were kept.
    """
    columns: list[Any] = [REQUESTS, CLEARANCES.c.document.label("clearance"), RECEIPTS.c.document.label("receipt")]
    joined: Any = REQUESTS.join(CLEARANCES, CLEARANCES.c.request == REQUESTS.c.id).outerjoin(
        RECEIPTS, RECEIPTS.c.request == REQUESTS.c.id
    )
    if kept:
        columns.append(MEASUREMENTS.c.document.label("kept"))
        joined = joined.outerjoin(MEASUREMENTS, MEASUREMENTS.c.request == REQUESTS.c.id)
    query = select(*columns).select_from(joined).where(CLEARANCES.c.claimed_at.is_not(None))
    if part:
        query = query.where(func.substr(REQUESTS.c.id, 1, MONTH) == part)
    ordered = query.order_by(REQUESTS.c.opened_at, REQUESTS.c.id).execution_options(yield_per=_PAGE)
    for row in connection.execute(ordered).mappings():
        text = row["kept"] if kept else None
        if text is not None and sha256(text) != row["measurements"]:
            raise DamagedError("the measurements are not those that were kept")
        yield Left(
            request=RequestId(row["id"]),
            state=State(row["state"]),
            changed_at=row["changed_at"],
            draft=row["document"],
            dataset=row["dataset"],
            artefact=row["artefact"],
            verdict=row["verdict"],
            measurements=row["measurements"],
            clearance=row["clearance"],
            receipt=row["receipt"],
            kept=text,
        )
