"""The entries played again: what every request has behind it, and what every row of the tables must therefore say."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select

from geogate.ledger.chain import timestamp
from geogate.ledger.laws import CONTINUABLE, Act, Standing, follow, goes_on_with
from geogate.ledger.rows import Change, changes_of
from geogate.ledger.steps import Opened, Screened, Step, step_of
from geogate.ledger.tables import CLEARANCES, MEASUREMENTS, RECEIPTS, REQUESTS, VOTES
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import TRANSITIONS, State
from geogate.model.names import Actor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Column, Connection, RowMapping, Table

    from geogate.model.release import Entry, ReleaseRequest

_TABLES: tuple[tuple[Table, Column[str]], ...] = (
    (REQUESTS, REQUESTS.c.id),
    (VOTES, VOTES.c.request),
    (CLEARANCES, CLEARANCES.c.request),
    (RECEIPTS, RECEIPTS.c.request),
)
_SETTLED = frozenset(state for state, after in TRANSITIONS.items() if set(after) <= {State.RECALLED})
_PAGE = 256
_Key = tuple[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerProblem:
    """One thing that is wrong with the ledger; ``seq`` is the entry that it concerns, 0 where it concerns none."""

    seq: int
    what: str


@dataclass(slots=True)
class _Row:
    seq: int
    digests: dict[str, bytes]


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def step_in(entry: Entry) -> Step | None:
    """Read the step of an entry, which must be about the request that the entry names.

    Raises: ValueError.
    """
    step = step_of(entry)
    if isinstance(step, Opened) and step.request.id != entry.request:
        raise ValueError("the entry opens another request than it names")
    return step


@dataclass(slots=True)
class Replay:
    """Entries played so far. Values are kept as digests, so that a long ledger fits in memory."""

    standings: dict[str, Standing] = field(default_factory=dict)
    rows: dict[_Key, _Row] = field(default_factory=dict)
    latest: datetime | None = None

    def play(self, entry: Entry) -> None:
        """Take one more entry in.

        Raises: ValueError or UsageError when it cannot be read, RefusedError when the laws do not allow it.
        """
        step = step_in(entry)
        if step is None:
            return
        at = datetime.fromisoformat(entry.at)
        if timestamp(at) != entry.at:
            raise ValueError("the time of the entry is not written as the ledger writes it")
        act = Act(actor=Actor(entry.actor), at=at, latest=self.latest)
        self.latest = act.now
        after = follow(self.standings.get(entry.request), step, act=act)
        if isinstance(step, Opened):
            self._require_returned(step.request)
        for change in changes_of(entry, step):
            self._change(entry, change)
        if isinstance(step, Screened):
            digests = {"document": bytes.fromhex(step.measurements)}
            self.rows[MEASUREMENTS.name, (entry.request,)] = _Row(entry.seq, digests)
        if after.state in _SETTLED:
            after = replace(after, artefact=None, ballot=None, votes=(), clearance=None)
        self.standings[entry.request] = after

    def _require_returned(self, request: ReleaseRequest) -> None:
        """Refuse a further round of what was not returned to the same requester, where that is played too.

        Raises: RefusedError.
        """
        before = self.standings.get(request.continues) if request.continues else None
        if before is not None and before.state not in {State.CONTINUED, *CONTINUABLE}:
            raise RefusedError("a request continues another that was not returned")
        if before is not None and not goes_on_with(request, before.request):
            raise RefusedError("a request continues that of somebody else, or for another recipient")

    def _change(self, entry: Entry, change: Change) -> None:
        key = (change.table.name, change.key)
        if change.new == (key in self.rows):
            raise RefusedError(f"the row in {change.table.name} is there twice or not at all")
        row = self.rows.setdefault(key, _Row(entry.seq, {}))
        row.seq = entry.seq
        row.digests |= {name: _digest(value) for name, value in change.values}

    def differences(self, connection: Connection, *, request: str | None = None) -> Iterator[LedgerProblem]:
        """Compare the tables with what the entries say: all of them, or what concerns one request.

        The measurements, which can be long, are compared only where all tables are.
        """
        tables = _TABLES if request is not None else (*_TABLES, (MEASUREMENTS, MEASUREMENTS.c.request))
        left = dict(self.rows)
        for table, owner in tables:
            query = select(table).execution_options(yield_per=_PAGE)
            if request is not None:
                query = select(table).where(owner == request)
            with connection.execute(query) as rows:
                for row in rows.mappings():
                    key = tuple(row[column.name] for column in table.primary_key)
                    yield from _compare(table, row, left.pop((table.name, key), None))
        names = {table.name for table, _ in tables}
        yield from (
            LedgerProblem(seq=row.seq, what=f"the row in {name} that this entry wrote is missing")
            for (name, _), row in left.items()
            if name in names
        )


def _compare(table: Table, row: RowMapping, expected: _Row | None) -> Iterator[LedgerProblem]:
    if expected is None:
        yield LedgerProblem(seq=0, what=f"{table.name} has a row that no entry speaks of")
        return
    keys = {column.name for column in table.primary_key}
    for name, value in row.items():
        said = None if value is None else _digest(str(value))
        if name not in keys and said != expected.digests.get(name):
            yield LedgerProblem(seq=expected.seq, what=f"{name} in {table.name} is not what the entries say")
