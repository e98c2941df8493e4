"""Waivers as the ledger has them: asked for, approved and revoked in entries, which are played and never edited."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from geogate.ledger.failures import DamagedError
from geogate.model.document import from_json
from geogate.model.errors import RefusedError
from geogate.model.names import Actor, Sha256, person
from geogate.model.waiver import Approval, Waiver, WaiverStanding, ended

if TYPE_CHECKING:
    from collections.abc import Iterable

    from geogate.ledger.ledger import Ledger
    from geogate.ledger.transaction import Transaction
    from geogate.model.release import Entry
    from geogate.model.verdict import Verdict

ASKED: Final = "waiver"
APPROVED: Final = "waiver-approved"
REVOKED: Final = "waiver-revoked"
KINDS: Final = (ASKED, APPROVED, REVOKED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The body of the entry that asks for a waiver."""

    waiver: Waiver


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """The body of the entry that approves one; ``asked`` is the hash of the entry that asked for it."""

    id: str
    asked: Sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """The body of the entry that ends one."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A waiver with the hash of the entry that asked for it, which approvals name."""

    standing: WaiverStanding
    asked: Sha256


def waivers_of(ledger: Ledger) -> dict[str, Played]:
    """Read every waiver that there ever was.

    Raises: DamagedError.
    """
    return play(ledger.notes(kinds=KINDS))


def waivers_in(tx: Transaction) -> dict[str, Played]:
    """Read every waiver, when nobody else can approve or revoke one.

    Raises: DamagedError.
    """
    return play(tx.all_notes(kinds=KINDS))


def play(entries: Iterable[Entry]) -> dict[str, Played]:
    """Play entries of waivers in their order; an approval that is not of what was asked for counts for nothing.

    Raises: DamagedError when one cannot be read.
    """
    found: dict[str, Played] = {}
    for entry in entries:
        if entry.kind == ASKED:
            waiver = _read(Asked, entry).waiver
            # Who asks and when is what the ledger says, and an id is given once.
            fits = person(waiver.asked_by) == person(entry.actor) and waiver.id not in found
            if fits:
                found[waiver.id] = Played(standing=WaiverStanding(waiver=waiver), asked=entry.hash)
        elif entry.kind == APPROVED:
            _approve(_read(Approved, entry), entry, found)
        elif entry.kind == REVOKED:
            revoked = _read(Revoked, entry)
            if revoked.id in found:
                played = found[revoked.id]
                text = f"{entry.at[:10]} by {entry.actor}: {revoked.reason}"
                found[revoked.id] = replace(played, standing=replace(played.standing, revoked=text))
    return found


def _approve(approved: Approved, entry: Entry, found: dict[str, Played]) -> None:
    played = found.get(approved.id)
    if played is not None and played.asked == approved.asked:
        approval = Approval(by=Actor(entry.actor), at=datetime.fromisoformat(entry.at))
        found[approved.id] = replace(played, standing=played.standing.approved(approval))


def waived_in(verdict: Verdict) -> frozenset[str]:
    """Name the waivers by which findings of a verdict are waived."""
    return frozenset(finding.waived for finding in verdict.findings if finding.waived)


def require_waivers(verdict: Verdict, tx: Transaction) -> datetime | None:
    """Refuse what rests on a waiver that was revoked or has expired; say when the first of them ends.

    Raises: RefusedError, DamagedError.
    """
    waived = waived_in(verdict)
    if not waived:
        return None
    found = waivers_in(tx)
    over = ended([each.standing for each in found.values()], waived, now=tx.act.now)
    if over:
        raise RefusedError(
            f"a waiver does not hold any more: {', '.join(over)}", hint="ask for another, and submit the dataset again"
        )
    return min(found[name].standing.waiver.expires_at for name in waived)


def _read(kind: Any, entry: Entry) -> Any:
    try:
        return from_json(kind, entry.body)
    except ValueError as error:
        raise DamagedError(f"entry {entry.seq}, a {entry.kind}, cannot be read") from error
