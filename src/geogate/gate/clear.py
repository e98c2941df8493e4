"""Clear: the signed, expiring, single-use permission to send exactly what was judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from geogate.gate.keys import signing_key
from geogate.gate.obligations import enter
from geogate.gate.place import owner_of
from geogate.gate.signing import sign
from geogate.gate.waivers_ledger import require_waivers
from geogate.model.errors import RefusedError
from geogate.model.release import Ballot, Clearance
from geogate.policy.obligations import Trigger
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from geogate.gate.examine import Question
    from geogate.gate.house import House
    from geogate.ledger.transaction import Transaction
    from geogate.model.names import Nonce
    from geogate.model.parties import Recipient
    from geogate.model.release import ReleaseRequest
    from geogate.model.verdict import Verdict
    from geogate.policy.obligations import Obligation


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a clearance takes from today's policy and recipient: its hours, who owns the place, and what it starts.

    ``last_day`` is that of the first contract, attestation or zone list to end on which the verdict rests.
    """

    hours: int
    recipient: Recipient
    obligations: tuple[Obligation, ...] = ()
    last_day: date | None = None

    @classmethod
    def of(cls, question: Question) -> Terms:
        """Take them from what the verdict depends on."""
        policy, known = question.policy, question.circumstances(0)
        asked = (registered()[use.expectation].holds_until(use.params, known) for use in policy.asked)
        ends = [*asked, *(each.valid_until for each in question.zone_lists.values())]
        return cls(
            hours=policy.clearance_hours,
            recipient=question.recipient,
            obligations=policy.obligations,
            last_day=min((each for each in ends if each is not None), default=None),
        )

    def expires(self, issued_at: datetime) -> datetime:
        """Say when a clearance ends that is issued now."""
        expires = issued_at + timedelta(hours=self.hours)
        if self.last_day is None or self.last_day == date.max:
            return expires
        return min(expires, datetime.combine(self.last_day + timedelta(days=1), time.min, UTC))


def ballot_of(verdict: Verdict) -> Ballot:
    """Say what a vote on the verdict is about."""
    return Ballot(
        artefact=verdict.subject,
        destination=verdict.destination,
        recipient=verdict.recipient,
        policy_digest=verdict.basis.policy_digest,
        zones=verdict.basis.zones,
    )


def clear(request: ReleaseRequest, *, tx: Transaction, terms: Terms, house: House) -> Nonce:
    """Sign a clearance for the request and keep it, in the caller's transaction.

    It is valid for no longer than the waivers that the verdict rests on, and than what the terms say.

    Raises: RefusedError when the request has no artefact or verdict, one of those waivers does not hold any more, or
        the ledger's laws do not allow it.
    """
    verdict, artefact = request.verdict, request.artefact
    if verdict is None or artefact is None:
        raise RefusedError(f"request {request.id} has nothing that could be cleared")
    at = house.clock()
    waived_until = require_waivers(verdict, tx)
    expires = terms.expires(at)
    clearance = Clearance(
        nonce=house.new_nonce(),
        request=request.id,
        files=artefact.files,
        artefact=artefact.digest,
        recipient=verdict.recipient,
        destination=verdict.destination,
        destination_owner=owner_of(verdict.destination, terms.recipient),
        policy=verdict.basis.policy,
        policy_digest=verdict.basis.policy_digest,
        recipients_digest=verdict.basis.recipients_digest,
        zones=verdict.basis.zones,
        issued_at=at,
        expires_at=expires if waived_until is None else min(expires, waived_until),
    )
    tx.clear(request.id, clearance=clearance, envelope=sign(clearance, signing_key(house.settings)))
    enter(terms.obligations, verdict, Trigger.CLEARED, request=request.id, tx=tx)
    return clearance.nonce
