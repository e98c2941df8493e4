"""Recalls: what was sent and must come back, from the night that found it until somebody confirms that it is gone.

Each step is an entry. A recall is open until it is confirmed, which makes the request recalled, or withdrawn; it is
overdue when nobody has confirmed it in time. That a recipient cannot or does not give it back is said, and stays open.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from geogate.gate.authority import asked_by, require
from geogate.ledger.failures import DamagedError
from geogate.model.authority import Action, why_not_own
from geogate.model.document import from_json
from geogate.model.errors import RefusedError, UsageError
from geogate.model.lifecycle import State
from geogate.model.names import RequestId

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geogate.gate.house import House
    from geogate.ledger.ledger import Ledger
    from geogate.ledger.transaction import Transaction
    from geogate.model.release import Entry

OPENED: Final = "recall-opened"
SAID: Final = "recall-said"
KINDS: Final = (OPENED, SAID)
DAYS: Final = 7
"""Days in which a recall has to be confirmed."""

LONGEST_COMMENT: Final = 2000


class Word(StrEnum):
    """What somebody says of a recall."""

    NOTIFIED = "notified"
    FAILED = "failed"
    CONFIRMED = "confirmed"
    WITHDRAWN = "withdrawn"


ENDING: Final = frozenset({Word.CONFIRMED, Word.WITHDRAWN})
"""Words after which nobody has to do anything any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The body of the entry that opens a recall; ``by_audit`` says that no person decided it."""

    reason: str
    by_audit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The body of an entry that says how a recall goes on."""

    word: Word
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """A recall as it stands; ``said`` are all steps in words, ``due`` is when it has to be confirmed."""

    request: RequestId
    reason: str
    opened_at: datetime
    word: Word | None = None
    said: tuple[str, ...] = ()

    @property
    def due(self) -> datetime:
        """When it has to be confirmed."""
        return self.opened_at + timedelta(days=DAYS)

    @property
    def open(self) -> bool:
        """Whether somebody still has to do something."""
        return self.word not in ENDING

    def overdue(self, now: datetime) -> bool:
        """Whether it should have been confirmed by now."""
        return self.open and now >= self.due

    def state(self, now: datetime) -> str:
        """Open, notified, failed, confirmed, withdrawn, or overdue."""
        if self.overdue(now):
            return "overdue" if self.word is not Word.FAILED else "failed and overdue"
        return "open" if self.word is None else str(self.word)


def recalls(*, house: House) -> tuple[Recall, ...]:
    """Read all recalls, the oldest first.

    Raises: ServiceError, DamagedError.
    """
    with house.ledger() as ledger:
        return tuple(_play(ledger.notes(kinds=KINDS)).values())


def open_recall(request: RequestId, *, reason: str, house: House, by_audit: bool = False) -> Recall:
    """Begin the recall of a release that was sent.

    Raises: UsageError without a reason or for an unknown request; RefusedError for one that was not sent, or whose
        recall is open; ForbiddenError.
    """
    require(Action.AUDIT if by_audit else Action.RECALL, house=house)
    _require_said(reason)
    with house.ledger() as ledger:
        ledger.request(request)
        with ledger.transaction(house.actor, at=house.clock()) as tx:
            standing = tx.standing(request)
            if standing is None or standing.state is not State.SENT:
                raise RefusedError("only what was sent can be recalled")
            before = _play(tx.all_notes(kinds=KINDS)).get(request)
            if before is not None and before.open:
                raise RefusedError(f"its recall is {before.state(tx.act.now)} already")
            tx.note(OPENED, Opened(reason=reason, by_audit=by_audit), request=request)
            return _play(tx.all_notes(kinds=KINDS))[request]


def say(request: RequestId, word: Word, *, comment: str, house: House) -> Recall:
    """Say how a recall goes on; with a confirmation the request is recalled for good.

    Raises: UsageError without a comment; RefusedError where no recall is open, or who asked for the release would end
        its recall, by a confirmation or by withdrawing it; ForbiddenError.
    """
    require(Action.END_RECALL if word in ENDING else Action.RECALL, house=house)
    _require_said(comment)
    with house.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as tx:
        before = _play(tx.all_notes(kinds=KINDS)).get(request)
        if before is None or not before.open:
            raise RefusedError("no recall of that request is open", hint="geogate recalls lists them")
        if word in ENDING:
            _require_not_asked(request, tx, ledger=ledger, house=house)
        _note(request, word, comment, tx)
        return _play(tx.all_notes(kinds=KINDS))[request]


def _require_not_asked(request: RequestId, tx: Transaction, *, ledger: Ledger, house: House) -> None:
    """Refuse the end of a recall by somebody who asked for the release, as a vote by them is refused.

    Raises: RefusedError.
    """
    standing, asked = tx.standing(request), asked_by(ledger.request(request), ledger=ledger)
    opened = () if standing is None else (standing.opened_by,)
    if why := why_not_own(Action.END_RECALL, who=house.actor, asked=(*asked, *opened)):
        raise RefusedError(why, hint="somebody who did not ask for it has to confirm or withdraw it")


def _note(request: RequestId, word: Word, comment: str, tx: Transaction) -> None:
    tx.note(SAID, Said(word=word, comment=comment), request=request)
    if word is Word.CONFIRMED:
        tx.move(request, State.RECALLED, reason=comment)


def _require_said(text: str) -> None:
    if not text.strip() or len(text) > LONGEST_COMMENT:
        raise UsageError("say why, or how, with --comment", hint=f"in up to {LONGEST_COMMENT} characters")


def _play(entries: Iterable[Entry]) -> dict[RequestId, Recall]:
    found: dict[RequestId, Recall] = {}
    for entry in entries:
        request = RequestId(entry.request)
        try:
            if entry.kind == OPENED:
                opened = from_json(Opened, entry.body)
                said = (*found[request].said,) if request in found else ()
                line = f"{entry.at[:10]} opened by {entry.actor}: {opened.reason}"
                at = datetime.fromisoformat(entry.at)
                found[request] = Recall(request=request, reason=opened.reason, opened_at=at, said=(*said, line))
            else:
                step = from_json(Said, entry.body)
                line = f"{entry.at[:10]} {step.word} by {entry.actor}: {step.comment}"
                found[request] = replace(found[request], word=step.word, said=(*found[request].said, line))
        except (ValueError, KeyError) as error:
            raise DamagedError(f"entry {entry.seq}, about a recall, cannot be read") from error
    return found
