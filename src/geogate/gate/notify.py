"""Tell people what waits for them, through the receivers that a file names; what was told is an entry of the ledger.

Each receiver is told each event once: it is told first and noted then, so that a crash between the two repeats one
notice and loses none. A receiver that fails changes nothing but is noted when it begins to fail, and tried again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final, TypeVar

from geogate.gate.authority import require
from geogate.gate.notify_matters import Event, Matter, matters
from geogate.gate.notify_words import digest_of, notice_of
from geogate.ledger.failures import BusyError, DamagedError
from geogate.model.authority import Action
from geogate.model.document import from_json
from geogate.model.errors import GeogateError, UsageError
from geogate.model.names import RequestId
from geogate.notifications.delivery import deliver
from geogate.notifications.notice import Notice
from geogate.notifications.receivers import Receiver, Receivers, read_receivers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from geogate.gate.house import House
    from geogate.ledger.ledger import Ledger
    from geogate.model.release import Entry

T = TypeVar("T")

NOTIFIED: Final = "notified"
NOTIFIED_DUE: Final = "notified-due"
"""Kinds of entries: that somebody was told of a request, and of a waiver or an obligation."""

RECEIVER: Final = "receiver"
"""The kind of entry that says that a receiver began to fail, or works again."""

MOST_SINGLE: Final = 5
"""Notices that a receiver gets one by one; where more wait, all go in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    """The body of the entry that says that a receiver was told of an event."""

    event: Event
    about: str
    receiver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """The body of the entry that says how a receiver is; ``why`` is empty where it works."""

    receiver: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """That a receiver has been told, or could not be; ``why`` says why not and names no address."""

    receiver: str
    event: Event
    about: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of notices; ``unheard`` are events and what they are about of which nobody is to be told."""

    told: tuple[Told, ...]
    failed: tuple[Told, ...]
    unheard: tuple[tuple[Event, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A receiver that cannot be told at present, since when and why."""

    receiver: str
    since: datetime
    why: str


def notify(*, house: House) -> Outcome:
    """Tell everybody what they were not told yet.

    Raises: ForbiddenError; UsageError without the file, PolicyError when it is invalid; BusyError while another process
        tells; ServiceError.
    """
    require(Action.KEEP_TIMES, house=house)
    return _notify(house=house)


def notify_after(*, only: frozenset[str] | None = None, house: House) -> str:
    """Tell what follows from a step that somebody has just taken, and give what went wrong, in words.

    It never raises what would change how the step ended; whatever was not told, the next run tells.
    """
    if house.settings.notifications is None:
        return ""
    try:
        failed = _notify(only=only, house=house).failed
    except BusyError:
        return ""
    except GeogateError as error:
        return f"nobody was notified: {error.summary}"
    return f"{failed[0].receiver} was not notified: {failed[0].why}" if failed else ""


def failing(*, house: House) -> tuple[Failing, ...]:
    """Say which receivers cannot be told at present.

    Raises: ServiceError.
    """
    with house.ledger() as ledger:
        return tuple(each for each in _health(ledger).values() if each.why)


def probe(name: str, *, house: House) -> str:
    """Send a notice that says nothing to one receiver; give why that failed, empty where it did not.

    Raises: ForbiddenError, UsageError for an unknown receiver, PolicyError.
    """
    require(Action.KEEP_TIMES, house=house)
    receiver = next((each for each in _receivers(house).every if each.name == name), None)
    if receiver is None:
        raise UsageError(f"there is no receiver {name[:60]!r}", hint="names are those in the file")
    title = "This is a test of geogate's notifications"
    return deliver(Notice(title=title, acts="Nothing waits for you because of it."), receiver)


def _receivers(house: House) -> Receivers:
    if house.settings.notifications is None:
        raise UsageError("GEOGATE_NOTIFICATIONS is not set", hint="it is the file that says who is told, and where")
    return read_receivers(house.settings.notifications)


def _notify(*, only: frozenset[str] | None = None, house: House) -> Outcome:
    receivers = _receivers(house)
    told, failed = list[Told](), list[Told]()
    with house.ledger() as ledger, ledger.exclusive("notify"):
        every = tuple(matters(ledger, receivers, only=only, house=house))
        waiting = _waiting(every, ledger)
        health = _health(ledger)
        for receiver in receivers.every:
            mine = waiting.get(receiver.name, [])
            done = tuple(_tell(receiver, mine, ledger, console=receivers.console, house=house))
            _note_health(receiver, done, health, ledger, house=house)
            told += [each for each in done if not each.why]
            failed += [each for each in done if each.why]
    unheard = tuple((each.events[0], each.about) for each in every if not each.receivers)
    return Outcome(told=tuple(told), failed=tuple(failed), unheard=unheard)


def _waiting(every: Iterable[Matter], ledger: Ledger) -> dict[str, list[Matter]]:
    """Say what each receiver was not told yet, by its name."""
    found: dict[str, list[Matter]] = {}
    others = _noted(ledger.notes(kinds=(NOTIFIED_DUE,)))
    for matter in every:
        about = matter.row
        known = others if about is None else _noted(ledger.notes_of(about.id, kinds=(NOTIFIED,)))
        for receiver in matter.receivers:
            new = tuple(
                event
                for event in matter.events
                if Notified(event=event, about=matter.about, receiver=receiver.name) not in known
            )
            if new:
                found.setdefault(receiver.name, []).append(replace(matter, events=new))
    return found


def _tell(
    receiver: Receiver, waiting: Sequence[Matter], ledger: Ledger, *, console: str, house: House
) -> Iterator[Told]:
    """Tell a receiver, each notice noted when it was taken; after one that was not, no other is tried."""
    batches = [[each] for each in waiting] if len(waiting) <= MOST_SINGLE else [list(waiting)]
    why = ""
    for batch in batches:
        if not why:
            single = len(batch) == 1
            notice = notice_of(batch[0], ledger, console=console) if single else digest_of(batch, console=console)
            why = deliver(notice, receiver)
        if not why:
            _note(batch, receiver, ledger, house=house)
        for matter in batch:
            yield Told(receiver=receiver.name, event=matter.events[0], about=matter.about, why=why)


def _note(batch: Sequence[Matter], receiver: Receiver, ledger: Ledger, *, house: House) -> None:
    with ledger.transaction(house.actor, at=house.clock()) as tx:
        for matter in batch:
            kind, about = (NOTIFIED, RequestId(matter.about)) if matter.row is not None else (NOTIFIED_DUE, None)
            for event in matter.events:
                tx.note(kind, Notified(event=event, about=matter.about, receiver=receiver.name), request=about)


def _noted(entries: Iterable[Entry]) -> frozenset[Notified]:
    return frozenset(_read(Notified, entry) for entry in entries)


def _health(ledger: Ledger) -> dict[str, Failing]:
    """Read how each receiver was when it was last told something."""
    found: dict[str, Failing] = {}
    for entry in ledger.notes(kinds=(RECEIVER,)):
        said = _read(Working, entry)
        found[said.receiver] = Failing(receiver=said.receiver, since=datetime.fromisoformat(entry.at), why=said.why)
    return found


def _note_health(
    receiver: Receiver, done: Sequence[Told], health: Mapping[str, Failing], ledger: Ledger, *, house: House
) -> None:
    """Note that a receiver begins to fail, or works again; what goes on is noted once."""
    if not done:
        return
    before = health.get(receiver.name)
    if done[-1].why != (before.why if before else ""):
        with ledger.transaction(house.actor, at=house.clock()) as tx:
            tx.note(RECEIVER, Working(receiver=receiver.name, why=done[-1].why))


def _read(kind: type[T], entry: Entry) -> T:
    try:
        return from_json(kind, entry.body)
    except ValueError as error:
        raise DamagedError(f"entry {entry.seq}, a {entry.kind}, cannot be read") from error
