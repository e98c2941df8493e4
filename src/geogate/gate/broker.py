"""The broker: the only way to become the releaser, and only for a clearance that is verified and claimed.

It is asked before each session of the releaser, and looks at the ledger each time: what was recalled, spent or ended
meanwhile gets no further session. A session is for one file of the clearance, and may not write when it has expired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.destinations.leave import Leave
from geogate.gate.keys import trusted_keys
from geogate.gate.signing import verify
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
        if self.ledger.request(clearance.request).state is not State.SENDING:
            raise RefusedError("the clearance is not claimed, or it is spent", hint="send with geogate send")
        if uri not in {clearance.destination + file.name for file in clearance.files}:
            raise RefusedError("the clearance is for other objects")
        over = self.house.clock() >= clearance.expires_at
        return Leave(nonce=clearance.nonce, writes_until=None if over else clearance.expires_at)


def known(envelope: str, *, ledger: Ledger, house: House) -> Clearance:
    """Verify a signed clearance, which must be to the letter the one that the ledger keeps.

    Raises: RefusedError; UsageError when the ledger knows none with that nonce.
    """
    clearance = verify(envelope, trusted_keys(house.settings), at=None)
    kept, kept_envelope = ledger.clearance(clearance.nonce)
    if kept != clearance or kept_envelope.strip() != envelope.strip():
        raise RefusedError("the clearance is not the one that the ledger keeps", hint="submit the dataset again")
    return clearance
