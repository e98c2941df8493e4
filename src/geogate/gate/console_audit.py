"""What the audits found, and what would make the next one fail: overdue obligations, and receivers that fail."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from geogate.gate.authority import require
from geogate.gate.notify import failing
from geogate.gate.obligations import owed
from geogate.gate.waivers_ledger import waivers_of
from geogate.ledger.failures import DamagedError
from geogate.model.authority import Action
from geogate.model.waiver import APPROVALS, WaiverState

if TYPE_CHECKING:
    from geogate.gate.house import House
    from geogate.gate.notify import Failing
    from geogate.gate.obligations import Owed
    from geogate.model.release import Entry
    from geogate.model.waiver import WaiverStanding

AUDITED: Final = "audited"
MOST_RUNS: Final = 30
LATE: Final = timedelta(hours=36)
"""After that long without an audit somebody should look why there was none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditChange:
    """What an audit found; ``request`` is empty where it is about none."""

    request: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRun:
    """One audit: over how many hours, how many releases were judged again, and what was found in words."""

    at: datetime
    by: str
    hours: int
    audited: int
    changes: tuple[AuditChange, ...]
    overdue: tuple[AuditChange, ...]
    waivers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPage:
    """The latest audits, the newest first, of ``count``; and how things stand now.

    ``late`` says that there was no audit for too long. ``ended`` are waivers that held and are over.
    """

    runs: tuple[AuditRun, ...]
    count: int
    late: bool
    overdue: tuple[Owed, ...]
    ended: tuple[WaiverStanding, ...]
    failing: tuple[Failing, ...]


def audits(*, house: House) -> AuditPage:
    """Look at audits and at what they would find today but for judging again.

    Raises: ForbiddenError, ServiceError.
    """
    require(Action.AUDIT, house=house)
    with house.ledger() as ledger:
        entries = ledger.notes(kinds=(AUDITED,))
        now = ledger.now(house.clock())
        standings = [each.standing for each in waivers_of(ledger).values()]
    runs = tuple(_run(entry) for entry in entries[-MOST_RUNS:][::-1])
    over = {WaiverState.EXPIRED, WaiverState.REVOKED}
    ended = [each for each in standings if each.state(now) in over and len(each.approvers) >= APPROVALS]
    return AuditPage(
        runs=runs,
        count=len(entries),
        late=not runs or now - runs[0].at > LATE,
        overdue=tuple(each for each in owed(house=house) if each.overdue),
        ended=tuple(sorted(ended, key=lambda each: each.waiver.expires_at, reverse=True)),
        failing=failing(house=house),
    )


def _run(entry: Entry) -> AuditRun:
    try:
        said = json.loads(entry.body)
        return AuditRun(
            at=datetime.fromisoformat(entry.at),
            by=entry.actor,
            hours=int(said["hours"]),
            audited=int(said["audited"]),
            changes=tuple(map(_change, said["changes"])),
            overdue=tuple(map(_change, said.get("overdue", ()))),
            waivers=tuple(map(str, said.get("waivers", ()))),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError(f"entry {entry.seq}, an audit, cannot be read") from error


def _change(said: Any) -> AuditChange:
    return AuditChange(request=str(said.get("request", "")), summary=str(said["summary"]))
