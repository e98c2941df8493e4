"""What the ledger can be asked; nothing of it changes anything."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from geogate.ledger import audit, chain, sent
from geogate.ledger.disclosed import disclosed_to, ended_by_restore
from geogate.ledger.documents import read, read_request
from geogate.ledger.dump import rows_of
from geogate.ledger.failures import DamagedError, UnknownError
from geogate.ledger.lookups import says
from geogate.ledger.notes import latest_note, notes, notes_saying, whole
from geogate.ledger.queue import counted, queued, rounds
from geogate.ledger.rows import ballot_digest
from geogate.ledger.shut import is_shut
from geogate.ledger.tables import CLEARANCES, ENTRIES, MEASUREMENTS, RECEIPTS, REQUESTS, VOTES
from geogate.model.document import canonical_json
from geogate.model.lifecycle import State
from geogate.model.names import RequestId
from geogate.model.release import Ballot, Clearance, Receipt, Vote

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, RowMapping, Select

    from geogate.ledger.audit import KnownHead, LedgerReport
    from geogate.ledger.disclosed import Disclosed
    from geogate.ledger.queue import Filter, Page
    from geogate.ledger.sent import Left
    from geogate.model.dataset import Artefact
    from geogate.model.names import Nonce, RecipientId, Sha256
    from geogate.model.release import Delivery, Entry, ReleaseRequest

_PAGE = 64
_MOST_NAMES = 500
OPEN = (State.HELD, State.APPROVED, State.CLEARED, State.SENDING, State.SENT)
"""States of a request that make another one with the same ballot needless."""


class Reads(ABC):
    """The questions that a ledger answers; whoever has a connection can answer them."""

    @abstractmethod
    def _read(self) -> AbstractContextManager[Connection]:
        """Give a connection that sees the ledger as it is at one moment."""

    def now(self, at: datetime) -> datetime:
        """Give the time, but none before the last entry: a clock that was put back gives nobody more time."""
        with self._read() as connection:
            return max(at, latest_time(connection) or at)

    def request(self, request: RequestId) -> ReleaseRequest:
        """Give a request as it stands now.

        Raises: UnknownError.
        """
        found = self._requests(select(REQUESTS).where(REQUESTS.c.id == request))
        if not found:
            raise UnknownError(f"the ledger has no request {request}")
        return found[0]

    def requests(
        self, *, states: Collection[State] = tuple(State), since: datetime | None = None
    ) -> tuple[ReleaseRequest, ...]:
        """Give the requests in these states, the oldest first; with ``since``, those that came into them since then."""
        query = select(REQUESTS).where(REQUESTS.c.state.in_([state.value for state in states]))
        if since is not None:
            query = query.where(REQUESTS.c.changed_at >= chain.timestamp(since))
        return self._requests(query)

    def counted(self) -> dict[State, int]:
        """Count the requests in every state."""
        with self._read() as connection:
            return counted(connection)

    def queued(self, wanted: Filter) -> Page:
        """Give a page of requests as rows, without reading what was judged."""
        with self._read() as connection:
            return queued(connection, wanted)

    def rounds(self, request: RequestId) -> tuple[RequestId, ...]:
        """Name all rounds of a request, the first one first: those that it continues, and those that continue it."""
        with self._read() as connection:
            return rounds(connection, request)

    def find_open(self, ballot: Ballot, *, purpose: str) -> tuple[ReleaseRequest, ...]:
        """Give the requests for the very same release that are held, approved, cleared, being sent or sent."""
        query = select(REQUESTS).where(REQUESTS.c.ballot == ballot_digest(ballot), REQUESTS.c.purpose == purpose)
        return self._requests(query.where(REQUESTS.c.state.in_([state.value for state in OPEN])))

    def same(self, request: ReleaseRequest) -> tuple[ReleaseRequest, ...]:
        """Give the requests in any state for the same sealed bytes and recipient, whatever they were judged by."""
        if request.artefact is None:
            return ()
        with self._read() as connection:
            to = says(connection, "recipient", request.recipient)
        return self._requests(select(REQUESTS).where(to, REQUESTS.c.artefact == canonical_json(request.artefact)))

    def since(self, request: RequestId) -> datetime:
        """Say since when a request is in its state.

        Raises: UnknownError.
        """
        with self._read() as connection:
            found = connection.execute(select(REQUESTS.c.changed_at).where(REQUESTS.c.id == request)).scalar()
        if found is None:
            raise UnknownError(f"the ledger has no request {request}")
        return datetime.fromisoformat(found)

    def states(self, among: Collection[RequestId]) -> dict[RequestId, State]:
        """Give the states of requests, without reading what was judged; those that there are not are left out."""
        wanted = sorted(among)
        found: dict[RequestId, State] = {}
        with self._read() as connection:
            for first in range(0, len(wanted), _MOST_NAMES):
                names = wanted[first : first + _MOST_NAMES]
                rows = connection.execute(select(REQUESTS.c.id, REQUESTS.c.state).where(REQUESTS.c.id.in_(names)))
                found |= {RequestId(name): State(state) for name, state in rows}
        return found

    def of_artefact(self, artefact: Artefact, *, among: Collection[RequestId]) -> frozenset[RequestId]:
        """Name those requests ``among`` some whose sealed bytes are these."""
        document = canonical_json(artefact)
        query = select(REQUESTS.c.id).where(REQUESTS.c.id.in_(among), REQUESTS.c.artefact == document)
        return frozenset(RequestId(row["id"]) for row in self._rows(query))

    def votes(self, request: RequestId) -> tuple[Vote, ...]:
        """Give all votes on a request, the oldest first; who may see them before voting is the caller's affair."""
        rows = self._rows(select(VOTES).where(VOTES.c.request == request))
        votes = (read(Vote, row["document"]) for row in rows)
        return tuple(sorted(votes, key=lambda vote: (vote.at, vote.reviewer)))

    def clearance(self, nonce: Nonce) -> tuple[Clearance, str]:
        """Give a clearance and its signed envelope.

        Raises: UnknownError.
        """
        rows = self._rows(select(CLEARANCES).where(CLEARANCES.c.nonce == nonce))
        if not rows:
            raise UnknownError("the ledger has no clearance with this nonce")
        return read(Clearance, rows[0]["document"]), rows[0]["envelope"]

    def clearance_of(self, request: RequestId) -> tuple[Clearance, str] | None:
        """Give the clearance of a request and its signed envelope, ``None`` where it was never cleared."""
        rows = self._rows(select(CLEARANCES).where(CLEARANCES.c.request == request))
        return (read(Clearance, rows[0]["document"]), rows[0]["envelope"]) if rows else None

    def receipt(self, request: RequestId) -> Receipt | None:
        """Give the receipt of a request, ``None`` where it was never sent."""
        rows = self._rows(select(RECEIPTS).where(RECEIPTS.c.request == request))
        return read(Receipt, rows[0]["document"]) if rows else None

    def measurements(self, request: RequestId) -> str:
        """Give the measurements by which a request was judged, as they were kept.

        Raises: UnknownError where it was not screened, DamagedError where they are not those that were kept.
        """
        joined = select(MEASUREMENTS.c.document, REQUESTS.c.measurements).join(
            REQUESTS, REQUESTS.c.id == MEASUREMENTS.c.request
        )
        rows = self._rows(joined.where(REQUESTS.c.id == request))
        if not rows:
            raise UnknownError(f"the ledger has no measurements of a request {request}")
        text: str = rows[0]["document"]
        if chain.sha256(text) != rows[0]["measurements"]:
            raise DamagedError("the measurements are not those that were kept")
        return text

    def judged(self, *, since: datetime | None = None) -> Iterator[tuple[ReleaseRequest, str]]:
        """Read every request that was judged, with the measurements that were kept, the oldest first.

        With ``since``, those that came into their state since then; in bounded memory.

        Raises: DamagedError where measurements are not those that were kept.
        """
        query = select(REQUESTS, MEASUREMENTS.c.document.label("kept")).join(
            MEASUREMENTS, REQUESTS.c.id == MEASUREMENTS.c.request
        )
        if since is not None:
            query = query.where(REQUESTS.c.changed_at >= chain.timestamp(since))
        ordered = query.order_by(REQUESTS.c.opened_at, REQUESTS.c.id).execution_options(yield_per=_PAGE)
        with self._read() as connection:
            for row in connection.execute(ordered).mappings():
                if chain.sha256(row["kept"]) != row["measurements"]:
                    raise DamagedError("the measurements are not those that were kept")
                yield read_request(row), row["kept"]

    def last_sent(self, place: str) -> Delivery | None:
        """Give a file of the last release that was sent to somewhere below a place, and not taken back.

        Raises: DamagedError where its receipt cannot be read.
        """
        with self._read() as connection:
            return sent.last_sent(connection, place)

    def parts_sent(self) -> tuple[tuple[str, int], ...]:
        """Name the parts of what was sent, the oldest first, and count the releases in each."""
        with self._read() as connection:
            return sent.parts(connection)

    def left(self, *, part: str = "", kept: bool = False) -> Iterator[Left]:
        """Read every release whose clearance was claimed, of one part or of all, see ``geogate.ledger.sent``.

        Raises: DamagedError where measurements are not those that were kept.
        """
        with self._read() as connection:
            yield from sent.left(connection, part=part, kept=kept)

    def notes(self, *, kinds: Sequence[str]) -> tuple[Entry, ...]:
        """Read all notes of some kinds, in order.

        Raises: DamagedError when one was edited.
        """
        with self._read() as connection:
            return notes(connection, kinds)

    def notes_saying(self, kinds: Sequence[str], *, says: Mapping[str, str]) -> tuple[Entry, ...]:
        """Read the notes of some kinds whose bodies say something, in order.

        Raises: DamagedError when one was edited.
        """
        with self._read() as connection:
            return notes_saying(connection, kinds, says)

    def latest_note(self, kind: str, *, says: Mapping[str, str], before: int | None = None) -> Entry | None:
        """Read the last note of a kind whose body says something, or the last one ``before`` an entry.

        Raises: DamagedError when it was edited.
        """
        with self._read() as connection:
            return latest_note(connection, kind, says, before=before)

    def notes_of(self, request: RequestId, *, kinds: Sequence[str]) -> tuple[Entry, ...]:
        """Read the notes of some kinds about one request, in order.

        Raises: DamagedError when one was edited.
        """
        with self._read() as connection:
            return whole(entry for entry in chain.entries_of(connection, request) if entry.kind in kinds)

    def entries_of(self, request: RequestId, *, last: int | None = None) -> tuple[Entry, ...]:
        """Read all entries of one request in order, or only the ``last`` ones."""
        with self._read() as connection:
            return chain.entries_of(connection, request, last=last)

    def held_among(self, requests: Collection[str]) -> frozenset[str]:
        """Name those requests among some that are held, or that the ledger does not know."""
        held = set(requests)
        over = select(REQUESTS.c.id).where(REQUESTS.c.state != State.HELD.value)
        for some in _batched(sorted(held), _PAGE):
            held -= {str(row["id"]) for row in self._rows(over.where(REQUESTS.c.id.in_(some)))}
        return frozenset(held)

    def ended_by_restore(self) -> dict[RequestId, datetime]:
        """Name what was under way when the ledger was restored, and say when it was ended; it may have been sent."""
        with self._read() as connection:
            return ended_by_restore(connection)

    def disclosed_to(self, recipient: RecipientId, *, now: datetime) -> Iterator[Disclosed]:
        """Read everything that a recipient got through the gate or may still get.

        Raises: DamagedError where something is not as it was kept.
        """
        with self._read() as connection:
            yield from disclosed_to(connection, recipient, now=now)

    def entries(self, *, after: int = 0, limit: int | None = None) -> Iterator[Entry]:
        """Read the entries after a number, in order, in bounded memory."""
        with self._read() as connection:
            yield from chain.entries_after(connection, after=after, limit=limit)

    def head(self) -> tuple[int, Sha256]:
        """Give number and hash of the last entry; ``(0, 64 zeros)`` for an empty ledger."""
        with self._read() as connection:
            return chain.head(connection)

    def hashes(self, *, first: int = 1, last: int) -> tuple[Sha256, ...]:
        """Read the hashes of entries, in the order of their numbers."""
        with self._read() as connection:
            return chain.hashes(connection, first=first, last=last)

    def verify(self, *, anchor: tuple[int, Sha256] | None = None, heads: Sequence[KnownHead] = ()) -> LedgerReport:
        """Verify the whole ledger; ``anchor`` and ``heads`` were kept elsewhere, see ``geogate.ledger.audit``."""
        with self._read() as connection:
            return audit.verify(connection, anchor=anchor, heads=heads)

    def rows(self) -> Iterator[str]:
        """Read all rows as they are at one moment, as lines that ``fill`` takes, in bounded memory."""
        with self._read() as connection:
            yield from rows_of(connection)

    @property
    def shut(self) -> bool:
        """Whether it was restored, and nobody has settled yet what it lacks."""
        with self._read() as connection:
            return is_shut(connection)

    def _rows(self, query: Select[tuple[str, ...]]) -> list[RowMapping]:
        with self._read() as connection:
            return list(connection.execute(query).mappings())

    def _requests(self, query: Select[tuple[str, ...]]) -> tuple[ReleaseRequest, ...]:
        ordered = query.order_by(REQUESTS.c.opened_at, REQUESTS.c.id)
        return tuple(read_request(row) for row in self._rows(ordered))


def _batched(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Cut values into lists that a statement can hold."""
    return (values[start : start + size] for start in range(0, len(values), size))


def latest_time(connection: Connection) -> datetime | None:
    """Give the time of the last entry, which is the latest of all, because no entry is written with an earlier one."""
    last = connection.execute(select(ENTRIES.c.at).order_by(ENTRIES.c.seq.desc()).limit(1)).scalar_one_or_none()
    try:
        return None if last is None else datetime.fromisoformat(last)
    except ValueError as error:
        raise DamagedError("the time of the last entry cannot be read") from error
