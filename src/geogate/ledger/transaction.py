"""One transaction of the ledger: every change of state goes with exactly one entry, or neither happens."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from geogate.ledger.chain import GENESIS, append, entries_of, entry_hash, sha256, timestamp
from geogate.ledger.destined import destined_for
from geogate.ledger.disclosed import disclosed_to
from geogate.ledger.failures import DamagedError
from geogate.ledger.laws import CONTINUABLE, Act, Standing, follow, goes_on_with
from geogate.ledger.notes import latest_note, notes, notes_saying, whole
from geogate.ledger.replay import Replay
from geogate.ledger.rows import Change, changes_of
from geogate.ledger.steps import (
    KINDS,
    Claimed,
    Cleared,
    Moved,
    Opened,
    Received,
    Screened,
    Sealed,
    Step,
    Voted,
    body_of,
    kind_of,
    step_of,
)
from geogate.ledger.tables import CLEARANCES, MEASUREMENTS
from geogate.model.document import canonical_json
from geogate.model.errors import GeogateError, RefusedError, UsageError
from geogate.model.lifecycle import State
from geogate.model.names import SLUG, RequestId
from geogate.model.release import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from geogate.ledger.destined import Destined
    from geogate.ledger.disclosed import Disclosed
    from geogate.model.dataset import Artefact, Dataset
    from geogate.model.names import Nonce, RecipientId
    from geogate.model.release import Clearance, Receipt, ReleaseRequest, Vote
    from geogate.model.verdict import Verdict

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_LINE = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,300}")


def _line(text: str, *, what: str) -> str:
    if _LINE.fullmatch(text) is None:
        raise UsageError(f"{what} must be one line of up to 300 characters")
    return text


def _text(text: str) -> str:
    if _UNSTORABLE.search(text):
        raise UsageError("a text has characters that the ledger cannot keep")
    return text


def _storable(draft: Entry, step: Step) -> tuple[Change, ...]:
    """Give the changes for an entry, when entry and changes will be read back as they are now.

    Raises: UsageError.
    """
    _text(draft.body)
    try:
        step_of(draft)
    except ValueError as error:
        raise UsageError(f"the ledger cannot keep this {draft.kind} as it is") from error
    changes = changes_of(draft, step)
    for change in changes:
        for text in (*change.key, *(value for _, value in change.values)):
            _text(text)
    return changes


@dataclass(slots=True, kw_only=True)
class Transaction:
    """What may be done to requests; made by ``Ledger.transaction`` only, under the writer's lock.

    A step that is refused has written nothing, so that the refusal can be noted in the same transaction.
    """

    connection: Connection
    act: Act
    half_done: bool = field(default=False, init=False)

    def open_request(self, request: ReleaseRequest) -> Entry:
        """Make a request, as a draft; one that continues what reviewers returned ends that one.

        Raises: RefusedError when the id is taken, the request is not a draft, or it cannot continue what it says.
        """
        _line(request.id, what="the id of a request")
        timestamp(request.created_at)
        if request.continues:
            follow(self.standing(request.id), Opened(request=request), act=self.act)
            before = self.standing(request.continues)
            if before is None or before.state not in {State.RETURNED, *CONTINUABLE}:
                raise RefusedError("only a request that was returned, or ended without leaving, can be continued")
            if not goes_on_with(request, before.request):
                raise RefusedError("only its requester can continue a request, for the same recipient")
            if before.state is State.RETURNED:
                self.move(request.continues, State.CONTINUED, reason=f"request {request.id} goes on with it")
        return self._take(request.id, Opened(request=request))

    def seal(self, request: RequestId, *, dataset: Dataset, artefact: Artefact | None) -> Entry:
        """Keep what was staged and what would be sent; without an artefact the request can only be denied or failed.

        Raises: RefusedError.
        """
        return self._take(request, Sealed(dataset=dataset, artefact=artefact))

    def screen(self, request: RequestId, *, verdict: Verdict, measurements: str) -> Entry:
        """Keep the verdict, and the measurements as the text by which it can be reached again.

        Raises: RefusedError when the verdict is not about the sealed artefact, or about another recipient,
        destination, purpose or policy than the request.
        """
        step = Screened(verdict=verdict, measurements=sha256(_text(measurements)))
        return self._take(request, step, measurements=measurements)

    def move(self, request: RequestId, state: State, *, reason: str) -> Entry:
        """Go to held, approved, returned, continued, denied, rejected, withdrawn, expired, failed or recalled.

        Raises: RefusedError when the life cycle, the verdict or the votes do not allow it.
        """
        return self._take(request, Moved(state=state, reason=reason))

    def vote(self, vote: Vote) -> Entry:
        """Cast the vote of the reviewer who acts.

        Raises: RefusedError when the request is not held, the reviewer is the requester or has voted, or the ballot
        is not about what would be sent now.
        """
        return self._take(vote.request, Voted(vote=vote))

    def clear(self, request: RequestId, *, clearance: Clearance, envelope: str) -> Entry:
        """Keep the signed permission to send.

        Raises: RefusedError when the verdict or the votes do not allow it, the clearance binds anything else than what
        was judged, or its nonce was used before.
        """
        self._refuse_known_nonce(clearance.nonce)
        return self._take(request, Cleared(clearance=clearance, envelope=envelope))

    def claim(self, nonce: Nonce) -> Entry:
        """Take the clearance to send with it; this works once.

        Raises: RefusedError when it is unknown, was claimed before, has expired or is not valid yet.
        """
        query = select(CLEARANCES.c.request).where(CLEARANCES.c.nonce == nonce)
        request = self.connection.execute(query).scalar_one_or_none()
        if request is None:
            raise RefusedError("the ledger knows no clearance with this nonce")
        return self._take(RequestId(request), Claimed(nonce=nonce))

    def receive(self, receipt: Receipt) -> Entry:
        """Keep the proof of delivery, which spends the clearance.

        Raises: RefusedError when the receipt is not for the claimed clearance, its files and its destination.
        """
        return self._take(receipt.request, Received(receipt=receipt))

    def note(self, kind: str, body: Any, *, request: RequestId | None = None) -> Entry:
        """Write an entry that changes nothing: a refused attempt, a run of an audit.

        Raises: UsageError when the kind is one of the steps'.
        """
        if kind in KINDS or not SLUG.fullmatch(kind):
            raise UsageError(f"{kind!r} is not a kind of note")
        about = _line(request, what="the id of a request") if request is not None else ""
        return append(self.connection, self._draft(kind, about, _text(canonical_json(body))))

    def standing(self, request: RequestId) -> Standing | None:
        """Play the request's own entries again, and compare the tables with them.

        A state that somebody edited in the tables alone is found here, before anything follows from it.

        Raises: DamagedError.
        """
        replay = Replay()
        for entry in entries_of(self.connection, request):
            try:
                replay.play(entry)
            except (ValueError, GeogateError) as error:
                raise DamagedError(f"entry {entry.seq} cannot stand in the ledger") from error
            if entry_hash(entry) != entry.hash:
                raise DamagedError(f"entry {entry.seq} was edited")
        problems = list(replay.differences(self.connection, request=request))
        if problems:
            raise DamagedError(problems[0].what)
        return replay.standings.get(request)

    def notes(self, request: RequestId, *, kind: str) -> tuple[Entry, ...]:
        """Read the notes of one kind about a request, in order.

        Raises: DamagedError when one was edited.
        """
        return whole(entry for entry in entries_of(self.connection, request) if entry.kind == kind)

    def all_notes(self, *, kinds: Sequence[str]) -> tuple[Entry, ...]:
        """Read all notes of some kinds, in order.

        Raises: DamagedError when one was edited.
        """
        return notes(self.connection, kinds)

    def notes_saying(self, kinds: Sequence[str], *, says: Mapping[str, str]) -> tuple[Entry, ...]:
        """Read the notes of some kinds whose bodies say something, in order.

        Raises: DamagedError when one was edited.
        """
        return notes_saying(self.connection, kinds, says)

    def latest_note(self, kind: str, *, says: Mapping[str, str]) -> Entry | None:
        """Read the last note of a kind whose body says something.

        Raises: DamagedError when it was edited.
        """
        return latest_note(self.connection, kind, says)

    def disclosed_to(self, recipient: RecipientId) -> Iterator[Disclosed]:
        """Read everything that a recipient got or may still get, when nobody else can clear or send.

        Raises: DamagedError where something is not as it was kept.
        """
        return disclosed_to(self.connection, recipient, now=self.act.at)

    def destined_for(self, destination: str) -> tuple[Destined, ...]:
        """Read every clearance for a destination, when nobody else can clear or claim.

        Raises: DamagedError where one cannot be read.
        """
        return destined_for(self.connection, destination)

    def _take(self, request: RequestId, step: Step, *, measurements: str | None = None) -> Entry:
        follow(self.standing(request), step, act=self.act)
        draft = self._draft(kind_of(step), request, body_of(step))
        changes = _storable(draft, step)
        if measurements is not None:
            kept = Change(table=MEASUREMENTS, key=(request,), values=(("document", measurements),), new=True)
            changes = (*changes, kept)
        self.half_done = True
        entry = append(self.connection, draft, changes)
        self.half_done = False
        return entry

    def _draft(self, kind: str, request: str, body: str) -> Entry:
        actor = _line(self.act.actor, what="the name of an actor")
        at = timestamp(self.act.now)
        return Entry(seq=0, at=at, kind=kind, request=request, actor=actor, body=body, prev=GENESIS, hash=GENESIS)

    def _refuse_known_nonce(self, nonce: Nonce) -> None:
        if self.connection.execute(select(CLEARANCES.c.nonce).where(CLEARANCES.c.nonce == nonce)).first():
            raise RefusedError("a clearance with this nonce exists already")
