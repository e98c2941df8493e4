"""The signed words by which a gate was reopened after a restore: nobody else can open it, or excuse a cut.

Whoever can append to the ledger's database could write that it was reopened. So the word counts only where a key signed
it that was trusted then, and only for the restore that it is about.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from geogate.gate.keyring import read_ring
from geogate.gate.signing import signed_payload
from geogate.ledger.shut import REOPENED, RESTORED, ShutError
from geogate.model.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.gate.keyfile import PublicKey
    from geogate.gate.settings import Settings
    from geogate.ledger.ledger import Ledger
    from geogate.model.release import Entry

PAYLOAD_TYPE = "application/vnd.geogate.reopened+json"


def require_settled(ledger: Ledger, settings: Settings) -> None:
    """Refuse a ledger that was restored, unless somebody whose key is trusted has settled what it lacks.

    Raises: ShutError; DamagedError when a word was edited.
    """
    if not is_settled(ledger, settings):
        raise ShutError(
            "the ledger was restored from a backup, and no key that is trusted here signed that it was reopened",
            hint="copy keys/ from the machine where it was reopened; if nobody has reopened it, geogate reopen does",
        )


def is_settled(ledger: Ledger, settings: Settings) -> bool:
    """Tell whether a ledger was never restored, or was reopened after the last restore in words that are signed.

    Raises: DamagedError when a word was edited.
    """
    notes = ledger.notes(kinds=(RESTORED, REOPENED))
    restored = [number for number, note in enumerate(notes) if note.kind == RESTORED]
    if not restored:
        return True
    last = notes[restored[-1]]
    return any(_settles(note, last, settings) for note in notes[restored[-1] + 1 :])


def left_behind(ledger: Ledger, keys: Sequence[PublicKey]) -> frozenset[tuple[int, str]]:
    """Name size and root of each head that a signed reopening leaves behind; words that nobody signed leave none."""
    found: set[tuple[int, str]] = set()
    for note in ledger.notes(kinds=(REOPENED,)):
        try:
            said = _said(note, keys)
            size = int(said["size"])
            found |= {(int(each["size"]), str(each["root"])) for each in said["lost"] if int(each["size"]) > size}
        except (RefusedError, ValueError, KeyError, TypeError):
            continue
    return frozenset(found)


def _settles(note: Entry, restored: Entry, settings: Settings) -> bool:
    try:
        # A key that was revoked later was good for what it signed before.
        at = datetime.fromisoformat(note.at)
        ring = read_ring(settings)
        keys = [key.public for key in ring.keys if key.revoked is None or at < key.revoked]
        said, was = _said(note, keys), json.loads(restored.body)
        return bool((said["size"], said["root"]) == (was["size"], was["root"]))
    except (RefusedError, UsageError, ValueError, KeyError, TypeError):
        return False


def _said(note: Entry, keys: Sequence[PublicKey]) -> Any:
    """Read what a note says, where one of the keys signed it.

    Raises: RefusedError, ValueError, KeyError, TypeError.
    """
    envelope = json.loads(note.body)["envelope"]
    return json.loads(signed_payload(envelope, keys=keys, payload_type=PAYLOAD_TYPE, what="reopening"))
