"""The keys of a house: the one that signs, those that it trusts for what was signed, and those that may still send."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Final

from geogate.gate.keyfile import PublicKey, SigningKey
from geogate.gate.keyring import read_ring
from geogate.gate.signing import verify
from geogate.model.errors import RefusedError

if TYPE_CHECKING:
    from geogate.gate.keyring import RingKey
    from geogate.gate.settings import Settings
    from geogate.ledger.ledger import Ledger
    from geogate.model.release import Clearance

KEY_REVOKED: Final = "key-revoked"
KEY_RETIRED: Final = "key-retired"
KEY_ROTATED: Final = "key-rotated"
"""Kinds of the notes by which every machine hears what became of a key."""


def signing_key(settings: Settings) -> SigningKey:
    """Read the private key that signs clearances.

    Raises: UsageError.
    """
    return SigningKey.load(settings.signing_key)


def trusted_keys(settings: Settings) -> tuple[PublicKey, ...]:
    """Read the public keys by which documents of the past are verified: all that were not revoked.

    Raises: UsageError.
    """
    return tuple(key.public for key in read_ring(settings).keys if key.revoked is None)


def verify_to_send(envelope: str, *, settings: Settings, at: datetime) -> Clearance:
    """Verify a clearance that somebody wants to send: its key signs now, or its time is not over.

    Whether the clearance itself is over, the ledger says.

    Raises: RefusedError, also where the key was revoked or its time is over; UsageError when there is no key.
    """
    ring = read_ring(settings)
    good = [key.public for key in ring.keys if _why_not(key, at) == ""]
    if (named := ring.find(_signer(envelope))) is not None and (why := _why_not(named, at)):
        raise RefusedError(f"the key that signed the clearance {why}", hint="submit the dataset again")
    return verify(envelope, good, at=None)


def require_not_revoked(envelope: str, *, ledger: Ledger, at: datetime) -> None:
    """Refuse a clearance whose key the ledger knows to be revoked, or at its end, whatever this machine's ring says.

    Raises: RefusedError; DamagedError when such a note was edited.
    """
    signer, until = _signer(envelope), ""
    for note in ledger.notes(kinds=(KEY_REVOKED, KEY_ROTATED, KEY_RETIRED)):
        said = json.loads(note.body)
        if note.kind == KEY_REVOKED and said.get("key") == signer:
            raise RefusedError("the key that signed the clearance was revoked", hint="submit the dataset again")
        if note.kind != KEY_REVOKED and said.get("key", said.get("old")) == signer:
            until = said["until"]
    if until and at >= datetime.fromisoformat(until):
        raise RefusedError(
            "the key that signed the clearance is not trusted any more for what is sent",
            hint="copy keys/ from the machine where it was rotated, then submit the dataset again",
        )


def _why_not(key: RingKey, at: datetime) -> str:
    if key.revoked is not None:
        return "was revoked"
    return "is not trusted any more for what is sent" if key.until is not None and at >= key.until else ""


def _signer(envelope: str) -> str:
    """Name the key by which an envelope says that it was signed; nothing is believed because of it."""
    try:
        (signature,) = json.loads(envelope)["signatures"]
        return str(signature["keyid"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
