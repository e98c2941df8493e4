"""Views of releases in the console: each is an entry of the ledger, one for each person and part in a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from geogate.gate.reviews_sight import require_may_see
from geogate.gate.views import View, Viewed, note_view
from geogate.model.document import canonical_json
from geogate.model.names import person

if TYPE_CHECKING:
    from geogate.gate.house import House
    from geogate.model.names import RequestId

AGAIN_AFTER: Final = timedelta(minutes=15)


def note_look(request_id: RequestId, what: str, *, house: House) -> None:
    """Enter that who acts looks at a part of a release, before it is shown.

    Raises: ForbiddenError, UsageError for an unknown request; ServiceError, and then nothing is shown.
    """
    with house.ledger() as ledger:
        require_may_see(ledger.request(request_id), house=house)
        since = ledger.now(house.clock()) - AGAIN_AFTER
        seen = canonical_json(Viewed(what=what))
        lately = [
            each
            for each in ledger.notes_of(request_id, kinds=(View.VIEWED,))
            if person(each.actor) == person(house.actor) and datetime.fromisoformat(each.at) > since
        ]
    if all(each.body != seen for each in lately):
        note_view(View.VIEWED, request_id, what=what, house=house)
