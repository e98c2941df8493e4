"""Who looked at a release, took something of it away, or saw it unmasked: each is an entry of the ledger of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from geogate.model.document import LATER
from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from geogate.gate.house import House
    from geogate.model.names import RequestId
    from geogate.model.release import Entry

LONGEST: Final = 2000


class View(StrEnum):
    """How somebody saw something; the words are kinds of entries."""

    VIEWED = "viewed"
    DOWNLOADED = "downloaded"
    UNMASKED = "unmasked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed:
    """The body of the entry: what was seen, and why somebody wanted to; never what it showed."""

    what: str
    reason: str = field(default="", metadata=LATER)


def note_view(view: View, request: RequestId, *, what: str, reason: str = "", house: House) -> Entry:
    """Enter that whoever acts sees something of a release; do this before it is shown.

    ``what`` names it in a few words, such as *the release* or *the evidence pack*, and holds no position and no value.

    Raises: UsageError for an unknown request, a text that is too long, or an unmasking without a reason; ServiceError.
    """
    if view is View.UNMASKED and not reason.strip():
        raise UsageError("to unmask needs a reason", hint="say what you look for")
    if len(reason) > LONGEST:
        raise UsageError(f"a reason has up to {LONGEST:,} characters")
    with house.ledger() as ledger:
        known = ledger.request(request).id
        with ledger.transaction(house.actor, at=house.clock()) as tx:
            return tx.note(view.value, Viewed(what=what, reason=reason.strip()), request=known)
