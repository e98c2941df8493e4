"""The verdict: findings for one artefact, policy and recipient; its decision follows from them and cannot be set."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from geogate.model.dataset import FilePart
from geogate.model.declaration import NOTHING, Declaration
from geogate.model.document import LATER
from geogate.model.finding import GATE, Effect, Finding
from geogate.model.names import LayerName, PolicyName, RecipientId, RuleId, Sha256, ZoneListName


class Decision(StrEnum):
    """What the machine decides; people approve and reject."""

    CLEAR = "clear"
    HOLD = "hold"
    DENY = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The answer of one rule on one layer; what is not ``satisfied`` has findings."""

    rule: RuleId
    layer: LayerName
    satisfied: bool
    observed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSummary:
    """What the gate saw of a layer: its size and its reference, without a coordinate."""

    name: LayerName
    rows: int
    crs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyUse:
    """A policy that was considered, whether it applied, and why, in words for people."""

    name: PolicyName
    digest: Sha256
    applied: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassedOver:
    """A rule that was not asked, and why: it is disabled, or does not apply to this release."""

    rule: RuleId
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What the verdict was reached with, each pinned by digest.

    ``policies`` are all that were considered, where it was more than the one that ``policy`` names; ``policy_digest``
    is then of all of them. ``passed_over`` are rules that were not asked. ``reviewers`` must approve what is held
    within ``review_days``; both are 0 in verdicts from before they were kept.
    """

    policy: PolicyName
    policy_digest: Sha256
    recipients_digest: Sha256
    zones: tuple[tuple[ZoneListName, Sha256], ...]
    versions: tuple[tuple[str, str], ...]
    policies: tuple[PolicyUse, ...] = field(default=(), metadata=LATER)
    passed_over: tuple[PassedOver, ...] = field(default=(), metadata=LATER)
    reviewers: int = field(default=0, metadata=LATER)
    review_days: int = field(default=0, metadata=LATER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The findings for one artefact, policy and recipient, and the checks that prove that each rule spoke.

    ``rules`` and ``layers`` are what had to be checked: a pair without a check denies. ``parts`` are what the files are
    made of; ``removed`` are the parts of what was staged that the canonical encoding leaves out. ``isolation`` says
    what confined the readers: the level first, then the mechanisms. ``declaration`` is what the requester declared.
    """

    subject: Sha256
    subject_size: int
    recipient: RecipientId
    destination: str
    purpose: str
    basis: Basis
    judged_at: datetime
    rules: tuple[RuleId, ...]
    layers: tuple[LayerSummary, ...]
    checks: tuple[Check, ...]
    findings: tuple[Finding, ...]
    parts: tuple[FilePart, ...] = field(default=(), metadata=LATER)
    isolation: tuple[str, ...] = field(default=(), metadata=LATER)
    removed: tuple[FilePart, ...] = field(default=(), metadata=LATER)
    declaration: Declaration = field(default=NOTHING, metadata=LATER)

    @property
    def unanswered(self) -> tuple[tuple[RuleId, LayerName], ...]:
        """The pairs of rule and layer that did not get exactly one check."""
        answers = Counter((check.rule, check.layer) for check in self.checks)
        wanted = [(rule, layer.name) for rule in self.rules for layer in self.layers]
        return tuple(pair for pair in wanted if answers[pair] != 1)

    @property
    def contradictions(self) -> tuple[tuple[RuleId, LayerName], ...]:
        """The checks that are not satisfied and yet have no finding."""
        found = {(finding.rule, finding.layer) for finding in self.findings}
        return tuple(
            (c.rule, c.layer) for c in self.checks if c.satisfied is not True and (c.rule, c.layer) not in found
        )

    @property
    def decision(self) -> Decision:
        """The decision: deny overrides hold, hold overrides clear, and silence denies; what is waived does neither."""
        whole = self.rules and self.layers and self.checks and not self.unanswered and not self.contradictions
        # No waiver covers what the gate itself found, whatever a document says.
        standing = (f for f in self.findings if not f.waived or f.rule.startswith(GATE))
        effects = {finding.effect for finding in standing}
        if not whole or not effects <= set(Effect) or Effect.DENY in effects:
            return Decision.DENY
        if Effect.HOLD in effects:
            return Decision.HOLD
        return Decision.CLEAR
