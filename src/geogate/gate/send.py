"""Send: take a clearance and nothing else, put the sealed bytes at the destination once, keep the receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from geogate.destinations.channel import Piecemeal
from geogate.destinations.errors import UnavailableError
from geogate.gate.broker import Broker, known, why_over
from geogate.gate.feed_ledger import require_goes_on
from geogate.gate.keys import verify_to_send
from geogate.gate.obligations import enter_sent, foreseen
from geogate.gate.place import place_cleared
from geogate.gate.postures import require_as_judged
from geogate.gate.transfers import TAKEN
from geogate.gate.twice import require_none_there, require_still_none
from geogate.gate.waivers_ledger import require_waivers
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State
from geogate.model.release import Receipt
from geogate.telemetry.fields import Event, Stage
from geogate.telemetry.work import event, timed, working

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.destinations.channel import Channel
    from geogate.gate.house import House
    from geogate.ledger.ledger import Ledger
    from geogate.model.dataset import FileDigest
    from geogate.model.names import Nonce
    from geogate.model.parties import Posture
    from geogate.model.release import Clearance, Delivery


def send_by_nonce(nonce: Nonce, *, house: House) -> Receipt:
    """Send by the id of a clearance, whose signed document the ledger keeps.

    Raises: UsageError when the ledger knows no such clearance, and whatever ``send`` raises.
    """
    ledger = house.ledger()
    try:
        _, envelope = ledger.clearance(nonce)
    finally:
        ledger.close()
    return send(envelope, house=house)


def receipt_of(nonce: Nonce, *, house: House) -> Receipt | None:
    """Return the receipt of a clearance that was used, ``None`` where it was not.

    Raises: UsageError when the ledger knows no such clearance, ServiceError.
    """
    ledger = house.ledger()
    try:
        clearance, _ = ledger.clearance(nonce)
        return ledger.receipt(clearance.request)
    finally:
        ledger.close()


def send(envelope: str, *, house: House) -> Receipt:
    """Send what a clearance permits to where it says, and spend it.

    A sending that died on the way is taken up where it stopped: what lies at the destination already is not sent
    again. After the clearance has expired, or a waiver that it rests on is over, nothing more is put there; what was
    delivered whole gets its receipt.

    Raises: RefusedError when the clearance is edited, expired, spent, unknown to the ledger or under way elsewhere,
        or the sealed bytes have changed; ServiceError when the ledger, the staging or the destination does not
        answer: then the same clearance may be sent again.
    """
    clearance = verify_to_send(envelope, settings=house.settings, at=house.clock())
    with working(Stage.SEND, nonce=clearance.nonce, request=clearance.request, policy=clearance.policy):
        return _send(envelope, clearance, house=house)


def _send(envelope: str, clearance: Clearance, *, house: House) -> Receipt:
    ledger = house.ledger()
    try:
        with ledger.exclusive(f"send:{clearance.nonce}"):
            broker = Broker(envelope=envelope, ledger=ledger, house=house)
            deliveries, posture = _deliver(known(envelope, ledger=ledger, house=house), broker=broker)
            at = house.clock()
            receipt = Receipt(
                nonce=clearance.nonce,
                request=clearance.request,
                deliveries=deliveries,
                sent_at=at,
                posture=posture,
            )
            with ledger.transaction(house.actor, at=at) as tx:
                tx.receive(receipt)
                enter_sent(clearance.request, tx=tx)
            event(Event.SENT, bytes=sum(each.size for each in deliveries), files=len(deliveries))
            return receipt
    finally:
        ledger.close()


def _deliver(clearance: Clearance, *, broker: Broker) -> tuple[tuple[Delivery, ...], Posture | None]:
    """Claim the clearance, or take up the sending that died after its claim, and deliver; say what the place is like.

    Raises: RefusedError, also where the destination is not as it was judged.
    """
    ledger, house = broker.ledger, broker.house
    channel = house.channel(clearance.destination, registered=place_cleared(clearance, house=house), broker=broker)
    state = ledger.request(clearance.request).state
    staging = house.staging()
    if state is State.SENDING and (over := why_over(clearance, ledger=ledger, house=house)):
        return _settle(clearance, channel, over=over, ledger=ledger, house=house), None
    if state in {State.SENT, State.RECALLED}:
        raise RefusedError("the clearance was used before", hint="it works once; submit the dataset to send it again")
    if state is State.CLEARED and house.clock() >= clearance.expires_at:
        _end_expired(clearance, ledger=ledger, house=house)
    files = [(file, staging.open(file.sha256)) for file in clearance.files]
    verdict = ledger.request(clearance.request).verdict
    if verdict is None:
        raise RefusedError("the ledger has no verdict on the request")
    posture = require_as_judged(clearance, channel, ledger=ledger)
    if begun := state is State.SENDING:
        _require_ours(clearance, ledger=ledger)
    earlier = None if begun else require_none_there(clearance, channel, ledger=ledger, house=house)
    with ledger.transaction(house.actor, at=house.clock()) as tx:
        # A feed may have been stopped since it was claimed, too.
        require_goes_on(clearance.request, tx=tx)
        if not begun:
            # What sending starts must be readable before anything is sent.
            foreseen(clearance.request, tx=tx)
            require_waivers(verdict, tx)
            require_still_none(clearance, earlier, tx)
            tx.claim(clearance.nonce)
    return _put(files, clearance, channel, ledger=ledger, house=house), posture


def _require_ours(clearance: Clearance, *, ledger: Ledger) -> None:
    """Refuse to go on with what another tool has begun to send: it may be sending still.

    Raises: RefusedError.
    """
    if ledger.notes_of(clearance.request, kinds=(TAKEN,)):
        raise RefusedError(
            "another tool has claimed the clearance, and may be sending still",
            hint="run that transfer again; when the clearance has expired, geogate send says what was delivered",
        )


def _end_expired(clearance: Clearance, *, ledger: Ledger, house: House) -> Never:
    """Say in the ledger that a clearance was not used in time.

    Raises: RefusedError.
    """
    with ledger.transaction(house.actor, at=house.clock()) as tx:
        tx.move(clearance.request, State.EXPIRED, reason="the clearance was not used in time")
    raise RefusedError("the clearance has expired", hint="submit the dataset again")


def _put(
    files: list[tuple[FileDigest, Path]], clearance: Clearance, channel: Channel, *, ledger: Ledger, house: House
) -> tuple[Delivery, ...]:
    """Put the files; when the place itself refuses them for good, the request has failed."""
    try:
        with timed(Stage.SENDING, files=len(files)):
            return channel.put(files, clearance=clearance)
    except UnavailableError:
        # Where it is over there is no next attempt: what arrived is counted now.
        if over := why_over(clearance, ledger=ledger, house=house):
            return _settle(clearance, channel, over=over, ledger=ledger, house=house)
        raise
    except RefusedError as error:
        with ledger.transaction(house.actor, at=house.clock()) as tx:
            tx.move(clearance.request, State.FAILED, reason=error.summary)
        raise


def _settle(clearance: Clearance, channel: Channel, *, over: str, ledger: Ledger, house: House) -> tuple[Delivery, ...]:
    """Find out what a sending that died left behind, when nothing may be sent any more; ``over`` says why.

    Raises: RefusedError unless everything had been delivered.
    """
    found = channel.delivered(clearance=clearance)
    deliveries = tuple(delivery for delivery in found if delivery is not None)
    if len(deliveries) == len(clearance.files):
        return deliveries
    said = f"{len(deliveries)} of {len(clearance.files)} files were delivered"
    if isinstance(channel, Piecemeal):
        said = str(channel.pieces(clearance.files, nonce=clearance.nonce))
    reason = f"{over} while sending; {said}"
    with ledger.transaction(house.actor, at=house.clock()) as tx:
        tx.move(clearance.request, State.FAILED, reason=reason)
    raise RefusedError(reason, hint="submit the dataset again; recall what was delivered if it must not stay alone")
