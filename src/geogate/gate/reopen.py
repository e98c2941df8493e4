"""Reopen a restored gate: find out what its ledger lacks, end all that was on its way, and say so in signed words.

Nothing that was cleared before is ever sent: every clearance that is not spent is ended, so that what was sent after
the backup cannot be sent again by it. Waivers are revoked and feeds stopped, because that may have been done and lost.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime  # noqa: TC003 - documents are read by the annotations
from typing import TYPE_CHECKING, Final

from securesystemslib.dsse import Envelope

from geogate.gate.anchors import heads_at
from geogate.gate.audit_findings import Kind
from geogate.gate.authority import require
from geogate.gate.feed_ledger import InTransaction, standing_of
from geogate.gate.feed_notes import BATCH, RESUMED, STOPPED, Stopped
from geogate.gate.keys import signing_key
from geogate.gate.place import place_of
from geogate.gate.reconcile import ELSE, reconcile
from geogate.gate.reopened import PAYLOAD_TYPE, is_settled
from geogate.gate.waivers_ledger import REVOKED, Revoked, waivers_in
from geogate.ledger.shut import REOPENED, RESTORED
from geogate.model.authority import Action
from geogate.model.document import canonical_json
from geogate.model.errors import InputError, RefusedError, UsageError
from geogate.model.lifecycle import TRANSITIONS, State
from geogate.model.names import Sha256
from geogate.model.waiver import WaiverState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.gate.heads import SignedHead
    from geogate.gate.house import House
    from geogate.ledger.ledger import Ledger
    from geogate.ledger.transaction import Transaction

WHY: Final = "the ledger was restored from a backup"
LONGEST: Final = 1000

_OPEN: Final = tuple(state for state in State if TRANSITIONS[state] and state is not State.SENT)
_TELLING: Final = frozenset({Kind.UNCLEARED, Kind.ALTERED, Kind.MISSING, Kind.LEFT_OVER, Kind.UNREADABLE})
"""Findings at destinations by which a ledger may lack what was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A head that was kept elsewhere over entries that the restored ledger does not have."""

    size: int
    root: Sha256
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopening:
    """What is signed when a gate is reopened: the ledger as it was restored, and which heads it leaves behind."""

    size: int
    root: Sha256
    at: datetime
    by: str
    comment: str
    lost: tuple[Lost, ...]
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened:
    """What was found out; ``opened`` says whether the gate is open now, ``ended`` how many requests were ended."""

    opened: bool
    doubts: tuple[str, ...]
    ended: int = 0
    revoked: int = 0
    stopped: int = 0


def reopen(*, comment: str = "", anchors: Sequence[str] = (), house: House) -> Reopened:
    """Compare a restored ledger with the heads and objects that are elsewhere, and open the gate where nothing is lost.

    Where something is lost, or nobody can know, it is opened only with the ``comment`` of an administrator, who has
    seen what.

    Raises: ForbiddenError; RefusedError when the ledger is not shut, or is not what a head says that is older than the
        backup; UsageError for a comment that is too long; InputError, ServiceError when something does not answer.
    """
    require(Action.ADMINISTER, house=house)
    if len(comment) > LONGEST:
        raise UsageError(f"the comment is longer than {LONGEST} characters")
    knowing = replace(house, even_shut=True)
    with knowing.ledger() as ledger:
        if is_settled(ledger, house.settings):
            raise RefusedError("the gate is not shut", hint="only a ledger that geogate restore has made is")
        restored = json.loads(ledger.notes(kinds=(RESTORED,))[-1].body)
        lost, doubts = _beyond(ledger, restored["size"], anchors, knowing)
        doubts += _at_destinations(knowing)
        if doubts and not comment.strip():
            return Reopened(opened=False, doubts=tuple(doubts))
        said = Reopening(
            size=restored["size"],
            root=Sha256(restored["root"]),
            at=house.clock(),
            by=str(house.actor),
            comment=comment.strip(),
            lost=tuple(lost),
            doubts=tuple(doubts),
        )
        return _open(said, ledger, knowing)


def _beyond(ledger: Ledger, size: int, anchors: Sequence[str], house: House) -> tuple[list[Lost], list[str]]:
    """Find the heads over entries that were lost; the ledger has to be what all others say.

    Raises: RefusedError when it is not.
    """
    places = [*anchors] or [place for place in (house.settings.ledger_anchor,) if place]
    found: list[SignedHead] = []
    for place in places:
        heads, unread = heads_at(place, house=house)
        if unread:
            raise RefusedError(f"among the heads that are kept elsewhere is one that is none: {unread[0].what}")
        found += heads
    report = ledger.verify(heads=[each.known for each in found if each.head.size <= size])
    if report.problems:
        raise RefusedError(
            f"the restored ledger is not whole: {report.problems[0].what}", hint="restore another backup"
        )
    lost = [Lost(size=each.head.size, root=each.head.root, at=each.head.at) for each in found if each.head.size > size]
    if lost:
        most = max(each.size for each in lost)
        return lost, [f"{most - size} entries are lost at least: a head of {most} entries was kept elsewhere"]
    if not found:
        return [], ["no head is kept elsewhere, so that nobody knows how many entries are lost"]
    newest = max(each.head.size for each in found)
    if newest < size:
        return [], [f"the newest head that is kept elsewhere is of {newest} entries, before the backup"]
    return [], []


def _at_destinations(house: House) -> list[str]:
    """Look for what left, or may have left, of which the ledger does not know; without names of objects."""
    try:
        found = reconcile(house=house, everything=True)
    except InputError as error:
        return [f"the destinations cannot be compared: {error.summary}"]
    counts: dict[str, int] = {}
    for finding in found.findings:
        if finding.kind in _TELLING:
            counts[finding.kind.value] = counts.get(finding.kind.value, 0) + 1
    doubts = [f"at the destinations: {number} x {what}" for what, number in sorted(counts.items())]
    if any(ELSE in traits for _, traits in found.unknown):
        doubts.append("a destination does not list what lies there")
    return doubts


def _open(said: Reopening, ledger: Ledger, house: House) -> Reopened:
    envelope = Envelope(canonical_json(said).encode(), PAYLOAD_TYPE, {})
    envelope.sign(signing_key(house.settings).signer)
    waiting = [request.id for request in ledger.requests(states=_OPEN)]
    with ledger.transaction(house.actor, at=house.clock()) as tx:
        for request in waiting:
            standing = tx.standing(request)
            ends = TRANSITIONS[standing.state] if standing is not None else ()
            tx.move(request, State.WITHDRAWN if State.WITHDRAWN in ends else State.FAILED, reason=WHY)
        revoked, stopped = _revoke(tx), _stop(tx, house)
        tx.note(REOPENED, {"envelope": canonical_json(envelope.to_dict())})
    return Reopened(opened=True, doubts=said.doubts, ended=len(waiting), revoked=revoked, stopped=stopped)


def _revoke(tx: Transaction) -> int:
    over = {WaiverState.REVOKED, WaiverState.EXPIRED}
    live = [name for name, played in waivers_in(tx).items() if played.standing.state(tx.act.now) not in over]
    for name in live:
        tx.note(REVOKED, Revoked(id=name, reason=WHY))
    return len(live)


def _stop(tx: Transaction, house: House) -> int:
    """Stop every feed that goes on: somebody who knows what the recipient has says with which batch.

    One whose declaration is not there now is stopped as well: it may be there again tomorrow.
    """
    stopped = 0
    place = place_of(house)
    firsts = {name: place.feed(name).first for name in place.feeds()}
    for note in tx.notes_saying((BATCH, STOPPED, RESUMED), says={}):
        said = json.loads(note.body)
        firsts.setdefault(said["feed"], said["number"])
    for name, first in sorted(firsts.items()):
        standing = standing_of(name, first=first, reads=InTransaction(tx))
        if not standing.stopped:
            tx.note(STOPPED, Stopped(feed=name, number=standing.number, why=WHY), request=standing.request)
            stopped += 1
    return stopped
