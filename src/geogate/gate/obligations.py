"""Obligations in the ledger: entered with the step that starts them, listed, discharged by people, heard in audits."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from geogate.gate.authority import require
from geogate.gate.house import House
from geogate.ledger.failures import DamagedError
from geogate.model.authority import Action
from geogate.model.document import canonical_json, from_json
from geogate.model.errors import RefusedError, UsageError
from geogate.policy.obligations import Obligation, Trigger, arising

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from geogate.ledger.transaction import Transaction
    from geogate.model.names import RequestId
    from geogate.model.release import Entry
    from geogate.model.verdict import Verdict

ARISEN: Final = "obligation"
DONE: Final = "obligation-done"
FORESEEN: Final = "obligation-foreseen"
"""Kinds of entries; what sending will start is foreseen when it is cleared, because sending reads no policy."""

LONGEST_COMMENT: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Arisen:
    """An obligation as it stands in the ledger; ``due`` is the last day, in UTC, on which it can be discharged.

    Where it ``keeps``, something is to be kept until the end of that day. It is discharged by its ``key``: a yearly
    report has one for all requests of a year.
    """

    key: str
    policy: str
    id: str
    due: date
    keeps: bool
    what: str
    legal_basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """That somebody has discharged an obligation, and how."""

    key: str
    comment: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """Obligations that will arise when a cleared request is sent."""

    obligations: tuple[Obligation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An obligation as it stands today, with the requests that started it; ``done`` says by whom it was discharged."""

    arisen: Arisen
    since: str
    requests: tuple[str, ...]
    done: str = ""
    overdue: bool = field(default=False)

    @property
    def open(self) -> bool:
        """Whether somebody still has to do something."""
        return not self.done and not self.arisen.keeps

    @property
    def state(self) -> str:
        """Open, overdue, done, or to be kept."""
        if self.done:
            return "done"
        if self.arisen.keeps:
            return "keep"
        return "overdue" if self.overdue else "open"

    def document(self) -> dict[str, Any]:
        """Return it as a JSON document."""
        document: dict[str, Any] = json.loads(canonical_json(asdict(self.arisen)))
        return document | {
            "state": self.state,
            "since": self.since,
            "requests": list(self.requests),
            "done": self.done,
        }


def enter(
    obligations: Sequence[Obligation], verdict: Verdict, on: Trigger, *, request: RequestId, tx: Transaction
) -> None:
    """Enter what a step of a request starts, in the transaction of that step."""
    _enter(arising(obligations, verdict, on), request=request, tx=tx)
    if on is Trigger.CLEARED:
        later = arising(obligations, verdict, Trigger.SENT)
        if later:
            tx.note(FORESEEN, Foreseen(obligations=later), request=request)


def enter_sent(request: RequestId, *, tx: Transaction) -> None:
    """Enter what sending a request starts, as it was foreseen when it was cleared.

    Raises: DamagedError when it cannot be read.
    """
    _enter(foreseen(request, tx=tx), request=request, tx=tx)


def foreseen(request: RequestId, *, tx: Transaction) -> tuple[Obligation, ...]:
    """Read what sending a request will start.

    Raises: DamagedError when it cannot be read.
    """
    entries = tx.notes(request, kind=FORESEEN)
    return tuple(each for entry in entries for each in _read(Foreseen, entry).obligations)


def owed(*, everything: bool = False, house: House | None = None) -> tuple[Owed, ...]:
    """List what is open, the first that is due first; with ``everything`` also what is done or only to be kept.

    Raises: ServiceError when the ledger cannot be read.
    """
    house = house or House.from_environment()
    with house.ledger() as ledger:
        entries = ledger.notes(kinds=(ARISEN, DONE))
    found = _owed(entries, today=house.today())
    return tuple(each for each in found if everything or each.open)


def owed_of(entries: Iterable[Entry], *, request: RequestId, today: date) -> tuple[Owed, ...]:
    """Choose what a request has started, done or not, from entries of obligations in their order."""
    return tuple(each for each in _owed(entries, today=today) if request in each.requests)


def discharge(key: str, *, comment: str, house: House) -> Owed:
    """Say that an obligation was met, and how; that is an entry of its own.

    Raises: UsageError without a comment, or for a key that there is not; RefusedError where nothing is open;
        ForbiddenError.
    """
    if not comment.strip() or len(comment) > LONGEST_COMMENT:
        raise UsageError("say with --comment how it was met", hint=f"in up to {LONGEST_COMMENT} characters")
    require(Action.DISCHARGE, house=house)
    with house.ledger() as ledger, ledger.transaction(house.actor, at=house.clock()) as tx:
        every = {each.arisen.key: each for each in _owed(tx.all_notes(kinds=(ARISEN, DONE)), today=house.today())}
        found = every.get(key)
        if found is None:
            raise UsageError("there is no such obligation", hint="geogate obligations lists them")
        if not found.open:
            why = f"is {found.state} already" if found.done else "asks that something is kept, which nobody can do now"
            raise RefusedError(f"the obligation {why}")
        tx.note(DONE, Done(key=key, comment=comment))
        return replace(found, done=_by(house.today(), str(house.actor), comment))


def _enter(obligations: Iterable[Obligation], *, request: RequestId, tx: Transaction) -> None:
    arose = tx.act.at.date()
    for each in obligations:
        due = each.due.day(arose)
        about = f"{each.policy}/{each.id}"
        arisen = Arisen(
            key=f"{about}/{due}" if each.due.yearly is not None else f"{request}/{about}",
            policy=str(each.policy),
            id=each.id,
            due=due,
            keeps=each.due.keeps,
            what=each.what,
            legal_basis=each.legal_basis,
        )
        tx.note(ARISEN, arisen, request=request)


def _owed(entries: Iterable[Entry], *, today: date) -> tuple[Owed, ...]:
    """Play the entries: what arises again after it was discharged, as a report on the same year, is open again."""
    found: dict[str, Owed] = {}
    for entry in entries:
        if entry.kind == DONE:
            done = _read(Done, entry)
            if done.key in found:
                by = _by(date.fromisoformat(entry.at[:10]), entry.actor, done.comment)
                found[done.key] = replace(found[done.key], done=by, overdue=False)
            continue
        arisen = _read(Arisen, entry)
        before = found.get(arisen.key)
        requests = () if before is None else before.requests
        found[arisen.key] = Owed(
            arisen=arisen,
            since=entry.at[:10] if before is None else before.since,
            requests=tuple(dict.fromkeys((*requests, entry.request))),
            overdue=not arisen.keeps and today > arisen.due,
        )
    return tuple(sorted(found.values(), key=lambda each: (each.arisen.due, each.arisen.key)))


def _by(day: date, actor: str, comment: str) -> str:
    return f"{day} by {actor}: {comment}"


def _read(kind: Any, entry: Entry) -> Any:
    try:
        return from_json(kind, entry.body)
    except ValueError as error:
        raise DamagedError(f"entry {entry.seq}, an {entry.kind}, cannot be read") from error
