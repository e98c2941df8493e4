"""Look at what the ledger says: requests, votes and entries; nothing is changed here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from geogate.gate.authority import own_roles, require
from geogate.gate.house import House
from geogate.gate.reviews_sight import require_may_see
from geogate.ledger.failures import UnknownError
from geogate.model.authority import Action, why_not
from geogate.model.errors import ServiceError
from geogate.model.names import Nonce, RequestId, Sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from geogate.ledger.audit import LedgerReport
    from geogate.ledger.ledger import Ledger
    from geogate.model.release import Entry


VOTE = "vote"
HIDDEN = '{"reason":"shown when the review is over"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """One entry of the ledger with a line about its body."""

    seq: int
    at: str
    kind: str
    request: str
    actor: str
    what: str
    body: str
    hash: str

    def document(self) -> dict[str, Any]:
        """Return the entry as a JSON document, its body included."""
        document = asdict(self)
        document["body"] = json.loads(self.body)
        return document


def history(*, request: str = "", last: int = 50, house: House | None = None) -> list[EntryLine]:
    """Give the last entries, oldest first, of one request or of all; what votes say only when the review is over.

    Who may not read the ledger may still read of the releases that they may see.

    Raises: ForbiddenError; PolicyError when the roles cannot be read; ServiceError.
    """
    house = house or House.from_environment()
    if not request:
        require(Action.READ_LEDGER, house=house)
    with house.ledger() as ledger:
        if request:
            _require_may_read(request, ledger, house=house)
            entries = ledger.entries_of(RequestId(request), last=last)
        else:
            entries = tuple(ledger.entries(after=max(0, ledger.head()[0] - last)))[-last:]
        held = held_votes(entries, ledger)
    return [line_of(blind(entry) if entry.request in held else entry) for entry in entries]


def _require_may_read(request: str, ledger: Ledger, *, house: House) -> None:
    if not why_not(Action.READ_LEDGER, own_roles(house)):
        return
    try:
        require_may_see(ledger.request(RequestId(request)), house=house)
    except UnknownError:
        # There is nothing to hide, and whoever may see all learns that there is nothing.
        require(Action.READ_LEDGER, house=house)


def held_votes(entries: Iterable[Entry], ledger: Ledger) -> frozenset[str]:
    """Name the requests whose votes nobody may see yet, or of which the ledger knows no end."""
    return ledger.held_among({entry.request for entry in entries if entry.kind == VOTE})


def blind(entry: Entry) -> Entry:
    """Hide what a vote says: reviewers are blind to each other until the review is over.

    Its hash is hidden too: with it somebody could try out what the vote says.
    """
    return replace(entry, body=HIDDEN, hash=Sha256("")) if entry.kind == VOTE else entry


def envelope_of(nonce: str, *, house: House | None = None) -> str:
    """Give the signed document of a clearance.

    Raises: UsageError when the ledger knows none with that id, ServiceError.
    """
    ledger = (house or House.from_environment()).ledger()
    try:
        return ledger.clearance(Nonce(nonce))[1]
    finally:
        ledger.close()


def verify_ledger(*, anchor: tuple[int, Sha256] | None = None, house: House | None = None) -> LedgerReport:
    """Check the whole ledger, and that it has the entry that ``anchor`` names by number and hash.

    Raises: ServiceError when it cannot be opened at all.
    """
    ledger = (house or House.from_environment()).ledger()
    try:
        return ledger.verify(anchor=anchor)
    finally:
        ledger.close()


def line_of(entry: Entry) -> EntryLine:
    """Say in a line what an entry is about.

    Raises: ServiceError when its body cannot be read.
    """
    try:
        what = _what(json.loads(entry.body))
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        summary = f"entry {entry.seq} of the ledger cannot be read"
        raise ServiceError(summary, hint="run geogate ledger verify") from error
    return EntryLine(
        seq=entry.seq,
        at=entry.at,
        kind=entry.kind,
        request=entry.request,
        actor=entry.actor,
        what=what,
        body=entry.body,
        hash=entry.hash,
    )


def _what(body: dict[str, Any]) -> str:
    """Say the one thing about a step that people look for; digests are cut."""
    for path in (
        ("reason",),
        ("what",),
        ("comment",),
        ("text",),
        ("waiver", "rule"),
        ("event",),
        ("receiver",),
        ("request", "destination"),
        ("vote", "choice"),
        ("nonce",),
        ("clearance", "nonce"),
    ):
        value: Any = body
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str):
            return value
    findings: Sequence[Any] = body.get("verdict", {}).get("findings", ()) if "verdict" in body else ()
    if "verdict" in body:
        return ", ".join(sorted({f"{f['rule']} {f['effect']}" for f in findings})) or "nothing found"
    if "receipt" in body:
        return ", ".join(delivery["uri"] for delivery in body["receipt"]["deliveries"])[:120]
    artefact = body.get("artefact") or body.get("dataset") or {}
    return ", ".join(f["name"] for f in artefact.get("files", ()))[:80]
