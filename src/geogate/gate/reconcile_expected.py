"""What should lie at the destinations by the ledger: what was sent, is being sent, failed, and was taken back."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from geogate.destinations.notes import is_noted, note_of
from geogate.ledger.failures import DamagedError
from geogate.model.document import canonical_json, from_json
from geogate.model.lifecycle import State
from geogate.model.parties import Posture
from geogate.model.release import Clearance

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.ledger.ledger import Ledger
    from geogate.ledger.sent import Left

UNDER_WAY: Final = timedelta(hours=1)
"""So long after its clearance has expired, a sending that did not end counts as failed: it may write no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """One object that the gate put somewhere, or may have put there."""

    request: str
    recipient: str
    sha256: str
    size: int
    version: str
    sent_at: datetime
    nonce: str = ""


@dataclass(slots=True)
class Expected:
    """Objects by their URIs; ``destinations`` have the accounts that must own them, ``postures`` the requests.

    ``notes`` are notes of deliveries, which may be there, and must not be anything else.

    ``destinations`` are all to which something was or may have been sent; what was sent to those in ``used`` has to be
    there.
    ``postures`` are what a destination was like when something was sent there, by destination and text.
    """

    sent: dict[str, Delivered] = field(default_factory=dict)
    recalled: dict[str, Delivered] = field(default_factory=dict)
    failed: dict[str, Delivered] = field(default_factory=dict)
    sending: dict[str, Delivered] = field(default_factory=dict)
    notes: dict[str, Delivered] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    destinations: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    postures: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def below(self, root: str) -> Iterator[str]:
        """Name what should lie below a place."""
        return (uri for uri in self.sent if uri.startswith(root))

    def in_flight(self, uri: str) -> bool:
        """Say whether something belongs to a sending that is under way: an object, or a file that is not whole yet."""
        last = uri.rpartition("/")[2]
        return uri in self.sending or (last.endswith(".part") and last.split(".")[-2] in self.nonces)


def expected_of(ledger: Ledger, *, now: datetime) -> Expected:
    """Read it, as of ``now``.

    Raises: DamagedError when a document cannot be read.
    """
    expected = Expected()
    for left in ledger.left():
        try:
            _add(left, expected, now)
        except (ValueError, KeyError, TypeError) as error:
            raise DamagedError(f"what the ledger keeps of request {left.request} cannot be read") from error
    return expected


def posture_of(text: str) -> Posture:
    """Read what a destination was like."""
    return from_json(Posture, text)


def _add(left: Left, expected: Expected, now: datetime) -> None:
    clearance: Any = json.loads(left.clearance)
    expected.destinations[clearance["destination"]] = clearance["destination_owner"]
    if is_noted(clearance["destination"]):
        note = note_of(from_json(Clearance, left.clearance))
        row = {"sha256": hashlib.sha256(note.content).hexdigest(), "size": len(note.content), "version": ""}
        at = datetime.fromisoformat(left.changed_at)
        expected.notes[clearance["destination"] + note.name] = _delivered(left, clearance, row, at)
    if left.receipt is None:
        ends = datetime.fromisoformat(clearance["expires_at"]) + UNDER_WAY
        under_way = left.state is State.SENDING and now < ends
        where = expected.sending if under_way else expected.failed
        if under_way:
            expected.nonces.add(clearance["nonce"])
        at = datetime.fromisoformat(left.changed_at)
        for file in clearance["files"]:
            row = {"sha256": file["sha256"], "size": file["size"], "version": ""}
            where[clearance["destination"] + file["name"]] = _delivered(left, clearance, row, at)
        return
    receipt: Any = json.loads(left.receipt)
    at = datetime.fromisoformat(receipt["sent_at"])
    where = expected.recalled if left.state is State.RECALLED else expected.sent
    for row in receipt["deliveries"]:
        where[row["uri"]] = _delivered(left, clearance, row, at)
    if left.state is State.SENT:
        expected.used.add(clearance["destination"])
    if left.state is State.SENT and receipt.get("posture"):
        key = (clearance["destination"], canonical_json(receipt["posture"]))
        expected.postures.setdefault(key, []).append(str(left.request))


def _delivered(left: Left, clearance: Any, row: Any, at: datetime) -> Delivered:
    return Delivered(
        request=str(left.request),
        recipient=clearance["recipient"],
        sha256=row["sha256"],
        size=row["size"],
        version=row["version"],
        sent_at=at,
        nonce=clearance["nonce"],
    )
