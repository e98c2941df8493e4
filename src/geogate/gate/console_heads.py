"""What proves the ledger: its last signed head, the heads that are kept elsewhere, and proofs to take away."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.gate.anchors import compare
from geogate.gate.authority import require
from geogate.gate.heads import current_head, read_head
from geogate.gate.keys import trusted_keys
from geogate.gate.proofs import document, prove
from geogate.gate.views import View, note_view
from geogate.model.authority import Action
from geogate.model.errors import RefusedError

if TYPE_CHECKING:
    from geogate.gate.anchors import Compared
    from geogate.gate.heads import SignedHead, TreeHead
    from geogate.gate.house import House
    from geogate.model.names import RequestId, Sha256

_LONGEST: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Heads:
    """The ledger's last entry, the last head that this gate signed, if any, and whether heads are kept elsewhere.

    ``behind`` is how many entries came after that head; ``anchored`` is the kind of place, empty where there is none.
    """

    entries: int
    last: Sha256
    signed: TreeHead | None
    key: str
    behind: int
    anchored: str


def heads(*, house: House) -> Heads:
    """Look at the heads without making one.

    Raises: ForbiddenError, ServiceError.
    """
    require(Action.READ_LEDGER, house=house)
    with house.ledger() as ledger:
        entries, last = ledger.head()
    signed = _last(house)
    place = house.settings.ledger_anchor
    anchored = "an S3 bucket" if place.startswith("s3://") else "a folder" if place else ""
    size = signed.head.size if signed else 0
    return Heads(
        entries=entries,
        last=last,
        signed=signed.head if signed else None,
        key=signed.key if signed else "",
        behind=max(0, entries - size),
        anchored=anchored,
    )


def compare_heads(*, house: House) -> Compared:
    """Verify the whole ledger, and compare it with all heads that are kept elsewhere.

    Raises: ForbiddenError, InputError, RefusedError, ServiceError as ``compare``.
    """
    require(Action.READ_LEDGER, house=house)
    return compare(house=house)


def new_head(*, house: House) -> SignedHead:
    """Sign the head of the ledger as it is now, to be kept elsewhere.

    Raises: ForbiddenError, DamagedError, UsageError without a signing key; ServiceError.
    """
    require(Action.EVIDENCE, house=house)
    return current_head(house=house)


def proof_of_release(request: RequestId, *, house: House) -> str:
    """Prove that the entries of a release are in the ledger; that somebody took the proof is an entry, made before.

    Raises: ForbiddenError, UsageError for an unknown request; DamagedError, ServiceError.
    """
    require(Action.EVIDENCE, house=house)
    note_view(View.DOWNLOADED, request, what="the proof that it is in the ledger", house=house)
    return document(prove(request, house=house))


def _last(house: House) -> SignedHead | None:
    """Read the last head that this gate signed; what cannot be read is none, and made anew when one is needed."""
    try:
        text = (house.settings.home / "heads" / "latest.json").read_text(encoding="utf-8")[:_LONGEST]
        return read_head(json.loads(text)["envelope"], keys=trusted_keys(house.settings))
    except (OSError, ValueError, KeyError, TypeError, RefusedError):
        return None
