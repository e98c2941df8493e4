"""Change the keys of a house: a new one signs, the old one is trusted for a while, and a revoked one at once no more.

Each change is written so that a process which dies on the way leaves keys with which nothing can be sent that could not
be before; doing it again finishes it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from geogate.gate.authority import require
from geogate.gate.keyfile import SigningKey
from geogate.gate.keyring import Ring, RingKey, read_ring, write_private, write_ring
from geogate.gate.keys import KEY_RETIRED, KEY_REVOKED, KEY_ROTATED, signing_key
from geogate.model.authority import Action
from geogate.model.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from geogate.gate.house import House

MOST_OVERLAP: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRow:
    """A key as it is listed; ``state`` is ``signs``, ``verifies``, ``ended`` or ``revoked``."""

    id: str
    state: str
    until: datetime | None


def keys(*, house: House) -> tuple[KeyRow, ...]:
    """List all keys that there ever were, the oldest first.

    Raises: UsageError when there are none.
    """
    own = signing_key(house.settings).public.id
    return tuple(_row(key, own, house.clock()) for key in read_ring(house.settings).keys)


def _row(key: RingKey, own: str, now: datetime) -> KeyRow:
    if key.revoked is not None:
        state = "revoked"
    elif key.id == own:
        state = "signs"
    else:
        state = "verifies" if key.until is None or now < key.until else "ended"
    return KeyRow(id=key.id, state=state, until=key.revoked or key.until)


def rotate(*, overlap: timedelta, house: House) -> KeyRow:
    """Make a new key, which signs from now on; clearances of the old one are sent until the overlap is over.

    What the old key signed stays verified: heads, evidence packs and clearances of the past.

    Raises: ForbiddenError; UsageError for an overlap of more than 90 days; ServiceError.
    """
    require(Action.ADMINISTER, house=house)
    if not timedelta() <= overlap <= MOST_OVERLAP:
        raise UsageError(f"the overlap is from 0 to {MOST_OVERLAP.days} days")
    now = house.clock()
    old, new = signing_key(house.settings), SigningKey.generate()
    ring = _peppered(read_ring(house.settings), old)
    before = ring.find(old.public.id) or RingKey(id=old.public.id, pem=old.public.pem())
    until = now + overlap if before.until is None else min(before.until, now + overlap)
    ring = ring.changed(replace(before, until=until))
    ring = ring.changed(RingKey(id=new.public.id, pem=new.public.pem()))
    with house.ledger() as ledger, ledger.transaction(house.actor, at=now) as tx:
        tx.note(KEY_ROTATED, {"old": old.public.id, "new": new.public.id, "until": until.isoformat()})
    # 1. Both keys are trusted. 2. The new one signs. 3. Those who verify find it where it always lies.
    write_ring(ring, house.settings)
    write_private(house.settings.signing_key, new.signer.private_bytes.decode())
    _publish(new, house)
    return _row(ring.keys[-1], new.public.id, now)


def retire(key_id: str, *, at: datetime, house: House) -> KeyRow:
    """Let a key's clearances end at another time than it was said; never later.

    Raises: ForbiddenError; UsageError for an unknown key; RefusedError for the one that signs, or a later end;
        ServiceError: then nothing was done.
    """
    require(Action.ADMINISTER, house=house)
    ring, key = _found(key_id, house)
    if key.id == signing_key(house.settings).public.id:
        raise RefusedError("the key that signs cannot be retired", hint="geogate keys rotate makes another one")
    if key.until is not None and at > key.until:
        raise RefusedError("a key's time is never made longer", hint=f"it ends at {key.until:%Y-%m-%d %H:%M} UTC")
    with house.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as tx:
        tx.note(KEY_RETIRED, {"key": key.id, "until": at.isoformat()})
    write_ring(ring.changed(replace(key, until=at)), house.settings)
    return _row(replace(key, until=at), "", house.clock())


def revoke(key_id: str, *, reason: str, house: House) -> KeyRow:
    """Trust a key no more, at once and on every machine: somebody else may have it.

    Nothing that it signed is sent, and heads that it signed are not believed without naming the key. The key that signs
    is replaced first.

    Raises: ForbiddenError; UsageError for an unknown key or without a reason; ServiceError: then nothing was done.
    """
    require(Action.ADMINISTER, house=house)
    if not reason.strip():
        raise UsageError("say with --reason why the key is revoked")
    _, key = _found(key_id, house)
    now = house.clock()
    with house.ledger() as ledger, ledger.transaction(house.actor, at=now) as tx:
        # The ledger first: every machine asks it before each sending.
        tx.note(KEY_REVOKED, {"key": key.id, "reason": reason.strip()})
    if key.id == signing_key(house.settings).public.id:
        rotate(overlap=timedelta(), house=house)
    ring, key = _found(key.id, house)
    done = replace(key, until=min(now, key.until or now), revoked=key.revoked or now)
    write_ring(ring.changed(done), house.settings)
    return _row(done, "", now)


def _found(key_id: str, house: House) -> tuple[Ring, RingKey]:
    ring = read_ring(house.settings)
    key = ring.find(key_id)
    if key is None:
        raise UsageError(
            "there is no such key", hint="geogate keys list shows them; a beginning that no other has will do"
        )
    return ring, key


def _peppered(ring: Ring, first: SigningKey) -> Ring:
    if ring.pepper:
        return ring
    return replace(ring, pepper=hashlib.sha256(first.signer.private_bytes).hexdigest())


def _publish(key: SigningKey, house: House) -> None:
    write_private(house.settings.public_key, key.public.pem())
    house.settings.public_key.chmod(0o644)
