"""Mark the findings of a verdict that waivers cover; what they stand against then is nothing any more."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from geogate.gate.waivers_ledger import waivers_of
from geogate.model.errors import ServiceError
from geogate.model.names import PolicyName, RuleId, Sha256
from geogate.model.waiver import Exempted, WaiverStanding, digest_text, why_not
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from geogate.gate.house import House
    from geogate.model.finding import Finding
    from geogate.model.verdict import Verdict
    from geogate.policy.policy import Policy, PolicyRule
    from geogate.zones.zone import ZoneList


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiving:
    """The waivers there are, what time it is for them, and the release that they are asked about."""

    standings: tuple[WaiverStanding, ...] = ()
    now: datetime | None = None
    dataset: str = ""
    requester: str = ""


NO_WAIVERS: Final = Waiving()


def rule_digest(rule: PolicyRule) -> Sha256:
    """Digest what a rule asks and what breaking it does."""
    text = digest_text(bare(rule.id), rule.expectation, rule.params_json, rule.severity)
    return Sha256(hashlib.sha256(text.encode()).hexdigest())


def bare(rule: RuleId) -> RuleId:
    """Give the id of a rule in its own policy, which findings name before it where policies are put together."""
    return RuleId(rule.rsplit("/", 1)[-1])


def _policy_of(finding: Finding, verdict: Verdict) -> PolicyName:
    return PolicyName(finding.rule.rsplit("/", 1)[0]) if "/" in finding.rule else verdict.basis.policy


def waiving(policy: Policy, *, dataset: str, requester: str, house: House) -> Waiving:
    """Read the waivers of a policy that has rules that can be waived; none where the ledger cannot be read.

    Without a waiver less may leave, so that a ledger that is away opens nothing.
    """
    if not any(rule.waivable for rule in policy.rules):
        return NO_WAIVERS
    try:
        with house.ledger() as ledger:
            every = waivers_of(ledger)
            now = ledger.now(house.clock())
    except ServiceError:
        return NO_WAIVERS
    found = tuple(each.standing for each in every.values())
    return Waiving(standings=found, now=now, dataset=dataset, requester=requester)


def with_waivers(verdict: Verdict, waiving: Waiving, *, policy: Policy, zone_lists: Mapping[str, ZoneList]) -> Verdict:
    """Mark each finding that a waiver covers with the waiver's id; all findings stay where they are."""
    rules = {rule.id: rule for rule in policy.rules}
    if not waiving.standings or waiving.now is None:
        return verdict
    findings = []
    for finding in verdict.findings:
        rule = rules.get(finding.rule)
        by = "" if rule is None else _waiver_of(finding, rule, verdict, waiving, zone_lists=zone_lists)
        findings.append(replace(finding, waived=by))
    return replace(verdict, findings=tuple(findings))


def _waiver_of(
    finding: Finding, rule: PolicyRule, verdict: Verdict, waiving: Waiving, *, zone_lists: Mapping[str, ZoneList]
) -> str:
    if not rule.waivable or waiving.now is None:
        return ""
    about = Exempted(
        finding=finding,
        policy=_policy_of(finding, verdict),
        rule=bare(finding.rule),
        rule_digest=rule_digest(rule),
        waivable=rule.waivable,
        recipient=verdict.recipient,
        dataset=waiving.dataset,
        zone_classes=classes_of(rule, zone_lists),
        requester=waiving.requester,
    )
    now = waiving.now
    return next((each.waiver.id for each in waiving.standings if not why_not(each, about, now=now)), "")


def classes_of(rule: PolicyRule, zone_lists: Mapping[str, ZoneList]) -> frozenset[str] | None:
    """Name the classes of all zones of a rule's lists; ``None`` where it needs no list."""
    names = registered()[rule.expectation].zone_lists(rule.params)
    if not names:
        return None
    return frozenset(zone.category for name in names for zone in zone_lists[name].zones)
