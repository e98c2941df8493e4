"""From the outcomes of rules to the verdict: worst wins, silence denies; pure, and the only place where it happens."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from geogate.model.declaration import NOTHING
from geogate.model.finding import GATE, Effect, Finding, effect_of
from geogate.model.names import SLUG, LayerName, RuleId
from geogate.model.verdict import Check, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from geogate.model.dataset import FilePart
    from geogate.model.declaration import Declaration
    from geogate.model.finding import Count, Outcome, Problem
    from geogate.model.names import RecipientId, Sha256
    from geogate.model.verdict import Basis, LayerSummary
    from geogate.policy.policy import Policy, PolicyRule

WHOLE_DATASET = LayerName("")
"""The layer of a finding that is about the dataset as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What a verdict is about: the subject by digest and its parts, the recipient, and what it is reached with."""

    subject: Sha256
    subject_size: int
    recipient: RecipientId
    destination: str
    purpose: str
    basis: Basis
    judged_at: datetime
    parts: tuple[FilePart, ...] = ()
    isolation: tuple[str, ...] = ()
    declaration: Declaration = NOTHING


def gate_finding(
    name: str, *, summary: str, remedy: str, layer: LayerName = WHOLE_DATASET, counts: tuple[Count, ...] = ()
) -> Finding:
    """Make a finding of the gate itself, ``gate/<name>``, which always denies.

    Raises: ValueError for a name that is not a plain word.
    """
    if not SLUG.fullmatch(name):
        raise ValueError("the name of a finding of the gate is a plain word")
    return Finding(
        rule=RuleId(GATE + name), layer=layer, effect=Effect.DENY, summary=summary, remedy=remedy, counts=counts
    )


def decide(
    case: Case,
    *,
    policy: Policy,
    layers: Sequence[LayerSummary],
    outcomes: Iterable[Outcome],
    gate_findings: Iterable[Finding],
) -> Verdict:
    """Combine what the rules and the gate found; what did not speak, or spoke out of turn, becomes a denial.

    The verdict does not depend on the order of ``outcomes`` and ``gate_findings``.

    Raises: ValueError when the case was built for another policy.
    """
    if (case.basis.policy, case.basis.policy_digest) != (policy.name, policy.digest):
        raise ValueError("the case names another policy than the one it is decided by")
    rules = {rule.id: rule for rule in policy.rules}
    enforced = [rule.id for rule in policy.rules if not rule.in_shadow]
    wanted = [(rule, layer.name) for rule in enforced for layer in layers]
    named = {layer.name for layer in layers}
    heard = sorted(outcomes, key=lambda outcome: (outcome.layer, outcome.rule))
    answered = [outcome for outcome in heard if outcome.rule in rules and outcome.layer in named]
    findings = [replace(finding, effect=Effect.DENY) for finding in gate_findings]
    findings += _out_of_turn(outcome for outcome in heard if outcome.rule not in rules or outcome.layer not in named)
    findings += _missing(policy, layers, excused=bool(findings))
    findings += _empty(layers, spoken_for={finding.layer for finding in findings})
    findings += _silence(wanted, answered, spoken_for={finding.layer for finding in findings})
    for outcome in answered:
        findings += [finding_of(problem, outcome, rules[outcome.rule]) for problem in outcome.problems]
    return Verdict(
        subject=case.subject,
        subject_size=case.subject_size,
        recipient=case.recipient,
        destination=case.destination,
        purpose=case.purpose,
        basis=case.basis,
        judged_at=case.judged_at,
        rules=tuple(enforced),
        layers=tuple(layers),
        checks=tuple(_check(outcome) for outcome in answered),
        findings=tuple(sorted(findings, key=_gravity)),
        parts=case.parts,
        isolation=case.isolation,
        declaration=case.declaration,
    )


def finding_of(problem: Problem, outcome: Outcome, rule: PolicyRule) -> Finding:
    """Give a problem the effect, the legal basis and the remedy of its rule in the policy."""
    return Finding(
        rule=outcome.rule,
        layer=outcome.layer,
        effect=rule.effect,
        summary=f"{_shadow(rule)}{problem.summary}",
        remedy="; ".join(text for text in (problem.remedy, rule.remedy) if text),
        measured=problem.measured,
        operator=problem.operator,
        limit=problem.limit,
        unit=problem.unit,
        counts=problem.counts,
        legal_basis=rule.legal_basis,
    )


def _shadow(rule: PolicyRule) -> str:
    """Say what a rule in shadow would do, before what it found."""
    return f"in shadow until {rule.shadow_until}, would {effect_of(rule.severity)}: " if rule.in_shadow else ""


def _check(outcome: Outcome) -> Check:
    return Check(rule=outcome.rule, layer=outcome.layer, satisfied=not outcome.problems, observed=outcome.observed)


def _missing(policy: Policy, layers: Sequence[LayerSummary], *, excused: bool) -> Iterable[Finding]:
    """Deny what leaves nothing to judge; ``excused`` where the gate has said already why there are no layers."""
    if all(rule.in_shadow for rule in policy.rules):
        yield gate_finding("no-rules", summary="no rule decides on this release", remedy="write at least one rule")
    if not layers and not excused:
        yield gate_finding("no-layers", summary="the dataset has no layers", remedy="stage a file that has a layer")


def _empty(layers: Sequence[LayerSummary], *, spoken_for: set[LayerName]) -> Iterable[Finding]:
    for layer in layers:
        if layer.rows < 1 and layer.name not in spoken_for:
            yield gate_finding(
                "empty", layer=layer.name, summary="the layer has no rows", remedy="leave it out, or stage it with rows"
            )


def _out_of_turn(outcomes: Iterable[Outcome]) -> Iterable[Finding]:
    for outcome in outcomes:
        yield gate_finding(
            "unexpected-answer",
            layer=outcome.layer,
            summary=f"an answer came from {outcome.rule}, which was not asked about this layer",
            remedy="this is a fault of geogate; report it",
        )


def _silence(
    wanted: Iterable[tuple[RuleId, LayerName]], answered: Sequence[Outcome], *, spoken_for: set[LayerName]
) -> Iterable[Finding]:
    """Deny each layer on which a rule did not answer exactly once, unless the gate has its own reason already."""
    answers = Counter((outcome.rule, outcome.layer) for outcome in answered)
    silent: dict[LayerName, list[RuleId]] = {}
    for rule, layer in wanted:
        if answers[rule, layer] != 1 and layer not in spoken_for:
            silent.setdefault(layer, []).append(rule)
    for layer, rules in silent.items():
        yield no_answer(layer, rules=rules, reason="there is not exactly one answer")


def no_answer(layer: LayerName, *, rules: Sequence[RuleId], reason: str) -> Finding:
    """Make the finding for rules that did not answer on a layer; ``reason`` holds no coordinate and no value."""
    return gate_finding(
        "no-answer",
        layer=layer,
        summary=f"no answer from {', '.join(rules)}: {reason}",
        remedy="a layer that cannot be judged cannot leave; repair what the reason names and submit again",
    )


def _gravity(finding: Finding) -> tuple[int, str, str, str, str, str]:
    order = (Effect.DENY, Effect.HOLD, Effect.NOTE).index(finding.effect)
    return order, finding.layer, finding.rule, finding.summary, finding.measured, finding.remedy
