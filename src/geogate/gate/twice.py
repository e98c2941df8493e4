"""Nothing arrives twice where files arrive in pieces: their names follow from the clearance, so that others are free.

Elsewhere the name of a file is taken, and the place refuses a second sending of it. In a collection of features the
same file would arrive once more under each clearance. So the place is asked for the pieces of earlier ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.destinations.channel import Piecemeal
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State

if TYPE_CHECKING:
    from geogate.destinations.channel import Channel
    from geogate.gate.house import House
    from geogate.ledger.ledger import Ledger
    from geogate.ledger.transaction import Transaction
    from geogate.model.dataset import FileDigest
    from geogate.model.names import Nonce, RequestId
    from geogate.model.release import Clearance

UNUSED: Final = frozenset({State.CLEARED, State.EXPIRED})
"""States of a request whose clearance nobody has used; one that was withdrawn may have been used before a restore."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Another release of some of the same files to the same place, which was or may have been begun."""

    request: RequestId
    state: State
    nonce: Nonce
    files: tuple[FileDigest, ...]


def require_none_there(
    clearance: Clearance, channel: Channel, *, ledger: Ledger, house: House
) -> tuple[Earlier, ...] | None:
    """Ask the place for pieces of the same files from other sendings; give these, ``None`` where there are no pieces.

    Raises: RefusedError where a piece lies there, or is on its way; ServiceError when the place does not answer.
    """
    if not isinstance(channel, Piecemeal):
        return None
    with ledger.transaction(house.actor, at=house.clock()) as tx:
        earlier = _earlier(clearance, tx)
    for each in earlier:
        if each.state is State.SENDING:
            raise RefusedError(
                f"request {each.request} is sending some of the same files there",
                hint=f"wait until it has ended, or end it with geogate send {each.nonce}",
            )
        found = channel.pieces(each.files, nonce=each.nonce)
        if found.there:
            raise RefusedError(
                f"some of the same files were sent there by request {each.request}: {found}",
                hint=f"have those whose ids begin with geogate-{each.nonce}- removed, then send again",
            )
    return earlier


def require_still_none(clearance: Clearance, earlier: tuple[Earlier, ...] | None, tx: Transaction) -> None:
    """Refuse in the transaction that claims when another sending of the same files was begun or ended meanwhile.

    Raises: RefusedError.
    """
    if earlier is not None and _earlier(clearance, tx) != earlier:
        raise RefusedError("some of the same files are being sent there by another request", hint="send again later")


def _earlier(clearance: Clearance, tx: Transaction) -> tuple[Earlier, ...]:
    ours = {file.sha256 for file in clearance.files}
    found = []
    for each in tx.destined_for(clearance.destination):
        files = tuple(file for file in each.clearance.files if file.sha256 in ours)
        if files and each.request != clearance.request and each.state not in UNUSED:
            nonce = each.clearance.nonce
            found.append(Earlier(request=each.request, state=each.state, nonce=nonce, files=files))
    return tuple(found)
