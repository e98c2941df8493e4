"""Waivers: reviewed exceptions from one rule for one scope, and the one function that says whether one holds; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from geogate.model.document import canonical_json
from geogate.model.finding import GATE, Effect
from geogate.model.names import Actor, PolicyName, RecipientId, RuleId, Sha256, person

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.model.finding import Finding

APPROVALS: Final = 2
"""How many people must approve a waiver; neither who asked for it nor who owns it is one of them."""

LONGEST: Final = timedelta(days=90)
"""The longest time for which a waiver can hold, whatever a policy says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A wish that one rule of a policy does not stand against some releases.

    ``rule_digest`` is of the rule as it was; a rule that changed is another one. ``dataset`` is a pattern of names of
    datasets, in which ``*`` stands for any letters. ``zone_class`` narrows a rule about zones to those of a class,
    empty for other rules. ``owner`` answers for it; ``ticket`` is where it was discussed.
    """

    id: str
    policy: PolicyName
    rule: RuleId
    rule_digest: Sha256
    recipient: RecipientId
    dataset: str
    zone_class: str
    reason: str
    owner: Actor
    ticket: str
    asked_by: Actor
    asked_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """That somebody approved a waiver, and when."""

    by: Actor
    at: datetime


class WaiverState(StrEnum):
    """Where a waiver stands at some time."""

    ASKED = "asked"
    HOLDS = "holds"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverStanding:
    """A waiver with what became of it; ``revoked`` says by whom, when and why, and is empty where nobody did."""

    waiver: Waiver
    approvals: tuple[Approval, ...] = ()
    revoked: str = ""

    @property
    def approvers(self) -> frozenset[str]:
        """Who approved it, folded, but for who asked for it and who owns it, who cannot."""
        own = {person(self.waiver.asked_by), person(self.waiver.owner)}
        return frozenset(person(each.by) for each in self.approvals) - own

    def state(self, now: datetime) -> WaiverState:
        """Say where it stands."""
        if self.revoked:
            return WaiverState.REVOKED
        waiver = self.waiver
        if not waiver.asked_at <= now < min(waiver.expires_at, waiver.asked_at + LONGEST):
            return WaiverState.EXPIRED
        return WaiverState.HOLDS if len(self.approvers) >= APPROVALS else WaiverState.ASKED

    def approved(self, approval: Approval) -> WaiverStanding:
        """Give it with one more approval."""
        return replace(self, approvals=(*self.approvals, approval))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exempted:
    """What a waiver is asked about: a finding, the rule as it is today, and the release.

    ``policy`` is the one in whose file the rule stands, ``rule`` its id there.
    ``zone_classes`` are those of all zones of the rule's lists, ``None`` where the rule needs no list.
    """

    finding: Finding
    policy: PolicyName
    rule: RuleId
    rule_digest: Sha256
    waivable: bool
    recipient: RecipientId
    dataset: str
    zone_classes: frozenset[str] | None
    requester: str


def why_not(standing: WaiverStanding, about: Exempted, *, now: datetime) -> str:
    """Say why a waiver does not cover a finding now; empty where it does. Everybody who wants to know asks this."""
    waiver, finding = standing.waiver, about.finding
    state = standing.state(now)
    scope = (waiver.policy, waiver.rule, waiver.recipient)
    reasons = (
        (state is not WaiverState.HOLDS, f"the waiver is {state}"),
        (finding.rule.startswith(GATE), "nothing waives what the gate itself found"),
        (finding.effect not in {Effect.DENY, Effect.HOLD}, "the finding stands against nothing"),
        (not _compared(finding), "nothing waives what was not measured against a limit"),
        (not about.waivable, "the policy does not let the rule be waived"),
        (scope != (about.policy, about.rule, about.recipient), "it is for another policy, rule or recipient"),
        (waiver.rule_digest != about.rule_digest, "the rule has changed since"),
        (not _named(about.dataset, waiver.dataset), "it is for datasets of another name"),
        (not _in_class(waiver.zone_class, about.zone_classes), "it is for zones of another class"),
        (person(about.requester) in standing.approvers, "who asks for the release has approved the waiver"),
    )
    return next((why for against, why in reasons if against is not False), "")


def ended(standings: Sequence[WaiverStanding], waived: frozenset[str], *, now: datetime) -> tuple[str, ...]:
    """Name those of the waivers by which findings were ``waived`` that do not hold any more, or are not known."""
    holding = {each.waiver.id for each in standings if each.state(now) is WaiverState.HOLDS}
    return tuple(sorted(waived - holding))


def digest_text(rule: RuleId, expectation: str, params_json: str, severity: str) -> str:
    """Write what a rule asks, for its digest."""
    return canonical_json([rule, expectation, params_json, severity])


def _compared(finding: Finding) -> bool:
    """Tell whether a number was measured and compared with a limit, so that the finding is no missing measurement."""
    return bool(finding.limit) and finding.measured.lstrip("-")[:1].isdigit()


def _named(dataset: str, pattern: str) -> bool:
    return bool(dataset) and bool(pattern) and fnmatchcase(dataset, pattern)


def _in_class(zone_class: str, classes: frozenset[str] | None) -> bool:
    """Require a class for a rule about zones, and none for any other."""
    return zone_class == "" if classes is None else bool(zone_class) and classes == {zone_class}
