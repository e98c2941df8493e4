"""Transfers that are not geogate's own: they may take a clearance for exactly the bytes and places that it names.

Somebody else's tool sends here, so that nothing but what it was going to send can be looked at: before, and again
afterwards. The clearance is claimed by one transfer, which may try again, and spent by it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.gate.broker import known, why_over
from geogate.gate.feed_ledger import require_goes_on
from geogate.gate.obligations import enter_sent, foreseen
from geogate.gate.place import place_cleared
from geogate.gate.postures import require_as_judged
from geogate.gate.waivers_ledger import require_waivers
from geogate.ledger.failures import DamagedError
from geogate.model.document import from_json
from geogate.model.errors import InputError, RefusedError
from geogate.model.lifecycle import State
from geogate.model.names import Nonce, Sha256
from geogate.model.release import Delivery, Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from geogate.gate.house import House
    from geogate.ledger.ledger import Ledger
    from geogate.model.names import RequestId
    from geogate.model.parties import Posture
    from geogate.model.release import Clearance, Entry

TAKEN: Final = "transfer-taken"
"""The kind of the entry that says which transfer claimed a clearance."""

CREATED_ONCE: Final = frozenset({"file", "s3"})
"""The schemes of places where other tools may send: Airflow's operators overwrite nothing there unless told to."""

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One local file of a transfer, and the whole address at which it would lie."""

    uri: str
    file: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Which transfer claimed a clearance: for a task of Airflow, its DAG, run, id and index."""

    nonce: Nonce
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """What a transfer may send now, to a place that is like this; it is worth nothing without the ledger."""

    request: RequestId
    nonce: Nonce
    deliveries: tuple[Delivery, ...]
    posture: Posture


def permit(parts: Sequence[Part], *, by: str, house: House) -> Permit:
    """Find and claim the clearance for exactly these files at exactly these places.

    Raises: RefusedError when the ledger has none that is valid, unspent and not claimed by another transfer, or the
        place is not as it was judged; InputError for a file that cannot be read; ServiceError.
    """
    if any(part.uri.partition(":")[0] not in CREATED_ONCE for part in parts):
        raise RefusedError(
            "nobody knows that this transfer overwrites nothing there", hint="let geogate send to such a place itself"
        )
    deliveries = tuple(_delivery(part) for part in parts)
    with house.ledger() as ledger:
        clearance, envelope = _found(deliveries, ledger=ledger)
        with ledger.exclusive(f"send:{clearance.nonce}"):
            posture = _take(known(envelope, ledger=ledger, house=house), by=by, ledger=ledger, house=house)
    return Permit(request=clearance.request, nonce=clearance.nonce, deliveries=deliveries, posture=posture)


def settle(permitted: Permit, parts: Sequence[Part], *, house: House) -> Receipt:
    """Say in the ledger that a transfer has sent what it was permitted to.

    Raises: RefusedError when the files are others now: then nobody knows what has left, and the request has failed.
    """
    with house.ledger() as ledger, ledger.exclusive(f"send:{permitted.nonce}"):
        changed = _changed(permitted, parts)
        at = house.clock()
        with ledger.transaction(house.actor, at=at) as tx:
            if changed:
                tx.move(permitted.request, State.FAILED, reason=changed)
            else:
                receipt = Receipt(
                    nonce=permitted.nonce,
                    request=permitted.request,
                    deliveries=permitted.deliveries,
                    sent_at=at,
                    posture=permitted.posture,
                )
                tx.receive(receipt)
                enter_sent(permitted.request, tx=tx)
        if changed:
            raise RefusedError(changed, hint="recall what lies at the destination")
        return receipt


def _changed(permitted: Permit, parts: Sequence[Part]) -> str:
    try:
        same = tuple(_delivery(part) for part in parts) == permitted.deliveries
    except InputError:
        same = False
    return "" if same else "the files changed while another tool sent them"


def _found(deliveries: Sequence[Delivery], *, ledger: Ledger) -> tuple[Clearance, str]:
    """Find the clearance that names these files at these places, an unclaimed one first.

    Raises: RefusedError.
    """
    wanted = {(each.uri, each.size, each.sha256) for each in deliveries}
    requests = ledger.requests(states=(State.CLEARED, State.SENDING))
    for request in sorted(requests, key=lambda request: request.state is State.SENDING):
        kept = (
            ledger.clearance_of(request.id) if all(uri.startswith(request.destination) for uri, *_ in wanted) else None
        )
        if kept is not None and wanted == {(kept[0].destination + f.name, f.size, f.sha256) for f in kept[0].files}:
            return kept
    raise RefusedError(
        "the ledger has no open clearance for exactly these bytes at this place",
        hint="run the gate for this destination, and send the sealed file, not the one from which it was made",
    )


def _take(clearance: Clearance, *, by: str, ledger: Ledger, house: House) -> Posture:
    """Claim a clearance, or go on with one that the same transfer has claimed; say what the place is like.

    Raises: RefusedError, also where the place is not as it was judged; ServiceError.
    """
    channel = house.channel(clearance.destination, registered=place_cleared(clearance, house=house))
    request = ledger.request(clearance.request)
    if request.verdict is None:
        raise RefusedError("the ledger has no verdict on the request")
    if request.state is State.SENDING:
        if over := why_over(clearance, ledger=ledger, house=house):
            raise RefusedError(f"{over} while sending", hint="submit the dataset again")
        taken = [_taken(entry) for entry in ledger.notes_of(clearance.request, kinds=(TAKEN,))]
        if taken != [Taken(nonce=clearance.nonce, by=by)]:
            raise RefusedError("the clearance is claimed by another transfer", hint="it works once")
        with ledger.transaction(house.actor, at=house.clock()) as tx:
            require_goes_on(clearance.request, tx=tx)
        return require_as_judged(clearance, channel, ledger=ledger)
    posture = require_as_judged(clearance, channel, ledger=ledger)
    with ledger.transaction(house.actor, at=house.clock()) as tx:
        foreseen(clearance.request, tx=tx)
        require_waivers(request.verdict, tx)
        require_goes_on(clearance.request, tx=tx)
        tx.claim(clearance.nonce)
        tx.note(TAKEN, Taken(nonce=clearance.nonce, by=by), request=clearance.request)
    return posture


def _taken(entry: Entry) -> Taken:
    try:
        return from_json(Taken, entry.body)
    except ValueError as error:
        raise DamagedError(f"entry {entry.seq}, a {entry.kind}, cannot be read") from error


def _delivery(part: Part) -> Delivery:
    """Look at a file.

    Raises: InputError.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with part.file.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise InputError(f"the file that would be sent cannot be read: {error.strerror}") from None
    return Delivery(uri=part.uri, sha256=Sha256(digest.hexdigest()), size=size, version="")
