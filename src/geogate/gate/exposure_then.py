"""What a recipient had got, or could get, at a moment in the past, as the ledger tells it today.

A release counts from the moment at which it was cleared; one that nobody sent until its clearance had ended for good.
Of one that was taken back before, it is not told when, and it counts as long. One that failed on its way counts always,
and one that was under way in a ledger that was restored counts from its end on: it may have been sent.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Final

from geogate.ledger.disclosed import GRACE, Disclosed
from geogate.model.document import canonical_json
from geogate.model.lifecycle import State
from geogate.model.names import Sha256

if TYPE_CHECKING:
    from datetime import datetime

    from geogate.gate.exposure import Memory
    from geogate.gate.house import House
    from geogate.ledger.ledger import Ledger
    from geogate.measures.measure import MeasureId
    from geogate.model.names import RecipientId, RequestId
    from geogate.model.past import PastRelease
    from geogate.model.release import Clearance, Receipt, ReleaseRequest

CLAIMED: Final = frozenset({State.SENDING, State.SENT, State.RECALLED, State.FAILED})
"""States of a request whose clearance somebody used, so that something may have arrived."""

_NO_BYTES: Final = Sha256("")


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A request that was cleared at some time, or of which a restore leaves that open; then it was ended at a time."""

    request: ReleaseRequest
    clearance: Clearance | None
    receipt: Receipt | None
    ended_at: datetime | None = None

    def counted(self, at: datetime) -> bool:
        """Tell whether it counted at a moment."""
        if self.ended_at is not None and at >= self.ended_at:
            return True
        if self.clearance is None:
            return False
        ended = self.request.state not in CLAIMED and at >= self.clearance.expires_at + GRACE
        return self.clearance.issued_at <= at and not ended

    def sent_on(self, at: datetime) -> date | None:
        """Give the last day on which it can have been sent, ``None`` where it was under way at that moment."""
        if self.ended_at is not None and at >= self.ended_at:
            return self.ended_at.date()
        sent = self.receipt is not None and self.receipt.sent_at <= at
        return self.receipt.sent_at.date() if sent and self.receipt else None


@dataclass(slots=True)
class Releases:
    """The releases of a ledger by their recipients; each is read once."""

    house: House
    _by_recipient: dict[RecipientId, list[Release]] | None = field(default=None, init=False)
    _past: dict[tuple[RequestId, tuple[MeasureId, ...]], PastRelease] = field(default_factory=dict, init=False)

    def before(self, request: ReleaseRequest, at: datetime, *, memory: Memory) -> tuple[PastRelease, ...]:
        """Give what the recipient of a request had got by then, without it and without the very same bytes.

        Raises: ServiceError when the ledger cannot be read.
        """
        if not memory.measures:
            return ()
        seen = {request.artefact.digest} if request.artefact else set[Sha256]()
        found = []
        for release in self._of(request.recipient):
            artefact = release.request.artefact
            digest = artefact.digest if artefact else None
            if release.request.id == request.id or digest in seen or not release.counted(at):
                continue
            found.append(replace(self._read(release, memory), on=release.sent_on(at)))
        return tuple(found)

    def _of(self, recipient: RecipientId) -> list[Release]:
        if self._by_recipient is None:
            # A connection of its own: that of the caller may be in the middle of reading.
            with self.house.ledger() as ledger:
                self._by_recipient = _releases(ledger)
        return self._by_recipient.get(recipient, [])

    def _read(self, release: Release, memory: Memory) -> PastRelease:
        """Read what was measured of a release, as far as it is counted now."""
        key = (release.request.id, tuple(measure.id for measure in memory.measures))
        if key not in self._past:
            draft = replace(release.request, state=State.DRAFT, dataset=None, artefact=None, verdict=None)
            with self.house.ledger() as ledger:
                text = ledger.measurements(release.request.id)
            disclosed = Disclosed(on=None, request=canonical_json(draft), artefact=None, measurements=text)
            (self._past[key],) = replace(memory, since=date.min).history([disclosed], besides=_NO_BYTES)
        return self._past[key]


def _releases(ledger: Ledger) -> dict[RecipientId, list[Release]]:
    found: dict[RecipientId, list[Release]] = {}
    ended = ledger.ended_by_restore()
    for request in ledger.requests():
        kept, ended_at = ledger.clearance_of(request.id), ended.get(request.id)
        if kept is not None or ended_at is not None:
            clearance = None if kept is None else kept[0]
            receipt = ledger.receipt(request.id)
            release = Release(request=request, clearance=clearance, receipt=receipt, ended_at=ended_at)
            found.setdefault(request.recipient, []).append(release)
    return found
