"""The broker: the only way to become the releaser, and only for a clearance that is verified and claimed.

It is asked before each session of the releaser, and looks at the ledger each time: what was recalled, spent or ended
meanwhile gets no further session. A session is for one file of the clearance, and may not write when it has expired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.destinations.leave import Leave
from geogate.gate.keys import require_not_revoked, verify_to_send
from geogate.gate.waivers_ledger import require_waivers
from geogate.ledger.laws import PUT_BACK
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from geogate.gate.house import House
    from geogate.ledger.ledger import Ledger
    from geogate.model.release import Clearance


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Gives leave for sessions of the releaser under one signed clearance."""

    envelope: str
    ledger: Ledger
    house: House

    def leave(self, uri: str) -> Leave:
        """Allow a session for one object of the clearance.

        Raises: RefusedError unless the clearance is signed by a trusted key, is the one that the ledger keeps, is
            claimed and not spent, and is for this very object; ServiceError when the ledger does not answer.
        """
        clearance = known(self.envelope, ledger=self.ledger, house=self.house)
        if uri not in {clearance.destination + file.name for file in clearance.files}:
            raise RefusedError("the clearance is for other objects")
        over = why_over(clearance, ledger=self.ledger, house=self.house)
        return Leave(nonce=clearance.nonce, writes_until=None if over else clearance.expires_at)


def known(envelope: str, *, ledger: Ledger, house: House) -> Clearance:
    """Verify a signed clearance, which must be to the letter the one that the ledger keeps.

    Raises: RefusedError, also where the key that signed it was revoked or ended; UsageError when the ledger knows none
        with that nonce.
    """
    clearance = verify_to_send(envelope, settings=house.settings, at=house.clock())
    require_not_revoked(envelope, ledger=ledger, at=house.clock())
    kept, kept_envelope = ledger.clearance(clearance.nonce)
    if kept != clearance or kept_envelope.strip() != envelope.strip():
        raise RefusedError("the clearance is not the one that the ledger keeps", hint="submit the dataset again")
    return clearance


def why_over(clearance: Clearance, *, ledger: Ledger, house: House) -> str:
    """Say why nothing more may be sent under a clearance that was claimed; empty where it may go on.

    The entries are asked, not the rows that somebody may have edited, and what time it is for the ledger.

    Raises: DamagedError where rows and entries differ; RefusedError where the clearance is not claimed, or the clock of
        this machine was put back, so that nobody knows.
    """
    with ledger.transaction(house.actor, at=house.clock()) as tx:
        standing = tx.standing(clearance.request)
        if standing is None or standing.state is not State.SENDING or standing.clearance != clearance:
            raise RefusedError("the clearance is not claimed, or it is spent", hint="send with geogate send")
        if tx.act.put_back:
            raise RefusedError(PUT_BACK)
        if tx.act.now >= clearance.expires_at:
            return "the clearance expired"
        verdict = ledger.request(clearance.request).verdict
        if verdict is None:
            raise RefusedError("the ledger has no verdict on the request")
        try:
            require_waivers(verdict, tx)
        except RefusedError as error:
            return error.summary
    return ""
