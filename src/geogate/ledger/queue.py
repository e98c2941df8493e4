"""Requests as rows of a queue: counted, filtered and paged by the database, so that no verdict has to be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB

from geogate.ledger.lookups import says
from geogate.ledger.tables import CLEARANCES, REQUESTS, VOTES
from geogate.model.document import canonical_json
from geogate.model.lifecycle import State
from geogate.model.names import RequestId, person

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, RowMapping, Select

MOST_ROUNDS: Final = 100
_DRAFT: Final = ("requester", "recipient", "destination", "policy", "continues")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which requests are wanted: in these states, of this recipient or requester, and with a text in what they ask for.

    ``viewer`` is who looks. Those that came into their state first come first, unless the ``newest`` are wanted.
    Without ``counting`` only the page is counted.
    """

    viewer: str
    states: tuple[State, ...] = tuple(State)
    recipient: str = ""
    requester: str = ""
    text: str = ""
    newest: bool = False
    offset: int = 0
    limit: int = 50
    counting: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedRequest:
    """One request of a queue; times are as the ledger writes them, what is not known yet is empty or 0.

    ``votes`` counts those that were cast, of which one may be the viewer's; ``expires_at`` is that of a clearance.
    """

    id: RequestId
    state: State
    opened_at: str
    changed_at: str
    requester: str
    recipient: str
    destination: str
    purpose: str
    policy: str
    continues: str
    dataset: str
    judged_at: str
    reviewers: int
    review_days: int
    votes: int
    voted: bool
    expires_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some requests of those that were wanted, of which there are ``total``."""

    rows: tuple[QueuedRequest, ...]
    total: int


def counted(connection: Connection) -> dict[State, int]:
    """Count the requests in every state; a state that has none counts none."""
    found = connection.execute(select(REQUESTS.c.state, func.count()).group_by(REQUESTS.c.state))
    return dict.fromkeys(State, 0) | {State(state): number for state, number in found}


def queued(connection: Connection, wanted: Filter) -> Page:
    """Give a page of the wanted requests."""
    query = _wanted(connection, wanted)
    since, name = REQUESTS.c.changed_at, REQUESTS.c.id
    ordered = query.order_by(*((since.desc(), name.desc()) if wanted.newest else (since, name)))
    total = _count(connection, query) if wanted.counting else -1
    found = connection.execute(ordered.offset(wanted.offset).limit(wanted.limit)) if total else ()
    page = [str(row.id) for row in found]
    return Page(rows=_rows(connection, page, viewer=wanted.viewer), total=total if wanted.counting else len(page))


def _count(connection: Connection, query: Select[tuple[str]]) -> int:
    return connection.execute(query.with_only_columns(func.count())).scalar_one()


def rounds(connection: Connection, request: RequestId) -> tuple[RequestId, ...]:
    """Name the rounds of a request in order."""
    before = _follow(connection, request, lambda name: (_field(connection, "continues"), REQUESTS.c.id == name))
    after = _follow(connection, request, lambda name: (REQUESTS.c.id, says(connection, "continues", name)))
    return (*reversed(before), request, *after)


def _follow(connection: Connection, start: RequestId, step: Any) -> list[RequestId]:
    found: list[RequestId] = []
    here = start
    while len(found) < MOST_ROUNDS:
        column, condition = step(here)
        there = connection.execute(select(column).where(condition)).scalars().first()
        if not there or there in {start, *found}:
            break
        here = RequestId(there)
        found.append(here)
    return found


def _wanted(connection: Connection, wanted: Filter) -> Select[tuple[str]]:
    query = select(REQUESTS.c.id).where(REQUESTS.c.state.in_([state.value for state in wanted.states]))
    if wanted.recipient:
        query = query.where(says(connection, "recipient", wanted.recipient))
    if wanted.requester:
        # Who asks also opens the request: the column is found without looking into documents.
        query = query.where(REQUESTS.c.opened_by.in_(_written(connection, wanted.requester)))
    if wanted.text:
        text = canonical_json(wanted.text)[1:-1]
        # LIKE of SQLite does not tell capital letters from small ones, and need not make all drafts small first.
        sqlite = connection.dialect.name == "sqlite"
        look = REQUESTS.c.document.contains if sqlite else REQUESTS.c.document.icontains
        query = query.where(look(text, autoescape=True))
    return query


def _written(connection: Connection, name: str) -> list[str]:
    """Find every way in which a person's name is written."""
    every = connection.execute(select(REQUESTS.c.opened_by).distinct())
    return [row.opened_by for row in every if person(row.opened_by) == person(name)]


def _rows(connection: Connection, page: Sequence[str], *, viewer: str) -> tuple[QueuedRequest, ...]:
    query = select(
        *(REQUESTS.c[name] for name in ("id", "state", "opened_at", "changed_at", "purpose")),
        *(_field(connection, name).label(name) for name in _DRAFT),
        _in(connection, REQUESTS.c.dataset, "name").label("dataset"),
        _in(connection, REQUESTS.c.verdict, "judged_at").label("judged_at"),
        _in(connection, REQUESTS.c.verdict, "basis", "reviewers").label("reviewers"),
        _in(connection, REQUESTS.c.verdict, "basis", "review_days").label("review_days"),
        _in(connection, CLEARANCES.c.document, "expires_at").label("expires_at"),
    ).outerjoin(CLEARANCES, CLEARANCES.c.request == REQUESTS.c.id)
    found = {row["id"]: row for row in connection.execute(query.where(REQUESTS.c.id.in_(page))).mappings()}
    voters: dict[str, list[str]] = {}
    for request, reviewer in connection.execute(
        select(VOTES.c.request, VOTES.c.reviewer).where(VOTES.c.request.in_(page))
    ):
        voters.setdefault(request, []).append(reviewer)
    return tuple(_row(found[name], voters.get(name, []), viewer=viewer) for name in page)


def _row(row: RowMapping, voters: Sequence[str], *, viewer: str) -> QueuedRequest:
    said: Mapping[str, Any] = {name: value if value is not None else "" for name, value in row.items()}
    return QueuedRequest(
        **{name: said[name] for name in ("opened_at", "changed_at", "purpose", "dataset", "judged_at", "expires_at")},
        **{name: said[name] for name in _DRAFT},
        id=RequestId(row["id"]),
        state=State(row["state"]),
        reviewers=int(said["reviewers"] or 0),
        review_days=int(said["review_days"] or 0),
        votes=len(voters),
        voted=person(viewer) in voters,
    )


def _field(connection: Connection, name: str) -> ColumnElement[str]:
    return _in(connection, REQUESTS.c.document, name)


def _in(connection: Connection, column: Column[str], *path: str) -> ColumnElement[str]:
    """Look a value up in a document; ``None`` where it has none."""
    if connection.dialect.name == "sqlite":
        return func.json_extract(column, "$." + ".".join(path))
    return func.jsonb_extract_path_text(cast(column, JSONB), *path)
