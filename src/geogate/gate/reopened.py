"""Which heads a gate left behind when it was reopened after a restore: signed, so that nobody else can excuse a cut."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from geogate.gate.signing import signed_payload
from geogate.ledger.shut import REOPENED
from geogate.model.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.gate.keyfile import PublicKey
    from geogate.ledger.ledger import Ledger

PAYLOAD_TYPE = "application/vnd.geogate.reopened+json"


def left_behind(ledger: Ledger, keys: Sequence[PublicKey]) -> frozenset[tuple[int, str]]:
    """Name size and root of each head that a signed reopening leaves behind; words that nobody signed leave none."""
    found: set[tuple[int, str]] = set()
    for note in ledger.notes(kinds=(REOPENED,)):
        try:
            payload = signed_payload(
                json.loads(note.body)["envelope"], keys=keys, payload_type=PAYLOAD_TYPE, what="reopening"
            )
            said = json.loads(payload)
            size = int(said["size"])
            found |= {(int(each["size"]), str(each["root"])) for each in said["lost"] if int(each["size"]) > size}
        except (RefusedError, ValueError, KeyError, TypeError):
            continue
    return frozenset(found)
