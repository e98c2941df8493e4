"""Look at what the ledger says: requests, votes and entries; nothing is changed here."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from geogate.gate.house import House
from geogate.model.document import canonical_json
from geogate.model.errors import ServiceError
from geogate.model.lifecycle import State
from geogate.model.names import Nonce, RequestId
from geogate.model.release import Choice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.ledger.audit import LedgerReport
    from geogate.ledger.ledger import Ledger
    from geogate.model.names import Sha256
    from geogate.model.release import Entry, ReleaseRequest, Vote
    from geogate.model.verdict import Verdict


VOTE = "vote"
HIDDEN = '{"reason":"shown when the review is over"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueRow:
    """One request as the queue shows it."""

    request: str
    state: str
    since: str
    dataset: str
    recipient: str
    requester: str
    approvals: str

    def document(self) -> dict[str, str]:
        """Return the row as a JSON document."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request with all that a reviewer may see of it.

    ``assume_crs`` is the reference system that the requester stated for layers that have none, empty where nobody did:
    what was judged is where the requester says that it is.
    """

    state: State
    verdict: Verdict | None
    dataset: str
    requester: str
    assume_crs: str
    approvals: str
    votes: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document, with the decision that follows from the verdict."""
        document: dict[str, Any] = json.loads(canonical_json(self))
        if self.verdict is not None:
            document["verdict"]["decision"] = self.verdict.decision.value
        return document


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


def queue(*, everything: bool = False, house: House | None = None) -> tuple[list[QueueRow], str]:
    """List held requests, oldest first, or all; and say how many there are in every state, so that nothing hides.

    Raises: ServiceError.
    """
    ledger = (house or House.from_environment()).ledger()
    try:
        requests = sorted(ledger.requests(), key=lambda request: (request.created_at, request.id))
        shown = [request for request in requests if everything or request.state is State.HELD]
        rows = [_row(request, ledger) for request in shown]
    finally:
        ledger.close()
    counts = Counter(request.state for request in requests)
    return rows, ", ".join(f"{state}: {counts[state]}" for state in State if counts[state]) or "no requests yet"


def look(request_id: str, *, house: House | None = None) -> Seen:
    """Show one request; votes only when the review is over, because reviewers are blind to each other until then.

    Raises: UsageError when there is no such request, ServiceError.
    """
    ledger = (house or House.from_environment()).ledger()
    try:
        request = ledger.request(RequestId(request_id))
        votes = ledger.votes(request.id)
    finally:
        ledger.close()
    over = request.state is not State.HELD
    return Seen(
        state=request.state,
        verdict=request.verdict,
        dataset=request.dataset.name if request.dataset else "",
        requester=request.requester,
        assume_crs=request.assume_crs,
        approvals=f"{len(votes)} votes so far" if votes else "nobody has voted",
        votes=tuple(_vote_line(vote) for vote in votes) if over else (),
    )


def history(*, request: str = "", last: int = 50, house: House | None = None) -> list[EntryLine]:
    """Give the last entries, oldest first, of one request or of all; what votes say only when the review is over.

    Raises: ServiceError.
    """
    ledger = (house or House.from_environment()).ledger()
    try:
        seq, _ = ledger.head()
        after = 0 if request else max(0, seq - last)
        entries = [entry for entry in ledger.entries(after=after) if request in {"", entry.request}]
        held = {str(each.id) for each in ledger.requests(states=[State.HELD])}
    finally:
        ledger.close()
    return [_line(_blind(entry) if entry.request in held else entry) for entry in entries[-last:]]


def _blind(entry: Entry) -> Entry:
    """Hide what a vote says: reviewers are blind to each other until the review is over."""
    return replace(entry, body=HIDDEN) if entry.kind == VOTE else entry


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


def _row(request: ReleaseRequest, ledger: Ledger) -> QueueRow:
    votes = ledger.votes(request.id)
    return QueueRow(
        request=request.id,
        state=request.state,
        since=f"{request.created_at:%Y-%m-%d %H:%M}",
        dataset=request.dataset.name if request.dataset else "",
        recipient=request.recipient,
        requester=request.requester,
        approvals=str(sum(vote.choice is Choice.APPROVE for vote in votes)),
    )


def _vote_line(vote: Vote) -> str:
    comment = f": {vote.comment}" if vote.comment else ""
    return f"{vote.at:%Y-%m-%d %H:%M} {vote.reviewer} voted to {vote.choice}{comment}"


def _line(entry: Entry) -> EntryLine:
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
