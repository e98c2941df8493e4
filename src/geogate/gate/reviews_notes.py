"""Comments on a request without a vote: entries of the ledger that change nothing, open to everybody who sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from geogate.gate.authority import require
from geogate.gate.review import require_short
from geogate.gate.reviews_sight import require_may_see
from geogate.ledger.failures import DamagedError
from geogate.model.authority import Action
from geogate.model.document import from_json
from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geogate.gate.house import House
    from geogate.model.names import RequestId
    from geogate.model.release import Entry

COMMENT: Final = "comment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The body of a comment's entry."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What somebody said about a request, and when."""

    by: str
    at: datetime
    text: str


def comment(request: RequestId, text: str, *, house: House) -> Comment:
    """Say something about a request without voting.

    Raises: ForbiddenError, UsageError for an unknown request, or a comment that is empty or too long.
    """
    require(Action.COMMENT, house=house)
    require_short(text)
    if not text.strip():
        raise UsageError("the comment is empty")
    with house.ledger() as ledger:
        require_may_see(ledger.request(request), house=house)
        with ledger.transaction(house.actor, at=house.clock()) as tx:
            entry = tx.note(COMMENT, Said(text=text), request=request)
    return comments([entry])[0]


def comments(entries: Iterable[Entry]) -> tuple[Comment, ...]:
    """Read the comments among entries.

    Raises: DamagedError when one cannot be read.
    """
    found: list[Comment] = []
    for entry in entries:
        if entry.kind != COMMENT:
            continue
        try:
            said = from_json(Said, entry.body)
        except ValueError as error:
            raise DamagedError(f"entry {entry.seq}, a comment, cannot be read") from error
        found.append(Comment(by=entry.actor, at=datetime.fromisoformat(entry.at), text=said.text))
    return tuple(found)
