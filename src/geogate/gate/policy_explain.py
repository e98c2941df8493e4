"""Say in sentences what a policy demands, and why a verdict was reached; the words are those of the rules."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Final

from geogate.gate.house import House
from geogate.gate.place import PolicyPlace, place_of
from geogate.model.dataset import Encoding
from geogate.model.errors import GeogateError
from geogate.model.finding import GATE, Effect, effect_of
from geogate.model.names import RequestId
from geogate.model.verdict import Decision
from geogate.policy.scope import Scope
from geogate.rules.bounds import OPERATORS
from geogate.rules.registry import registered
from geogate.rules.words import number_in_words, numbers_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from geogate.model.finding import Finding
    from geogate.model.release import ReleaseRequest
    from geogate.model.verdict import Verdict
    from geogate.policy.policy import Policy, PolicyRule

CONSEQUENCE: Final = {
    Effect.DENY: "What breaks it must not leave.",
    Effect.HOLD: "What breaks it waits for reviewers.",
    Effect.NOTE: "What breaks it leaves, with a note.",
}
SURE: Final = {
    "F1": "F1, the primary text",
    "F2": "F2, a secondary source",
    "M-H": "M-H, unverified but likely",
    "M-M": "M-M, unverified",
    "M-L": "M-L, unverified and doubtful",
}
SCOPES: Final = {
    "origins": "data collected in {}",
    "subjects": "data about {}",
    "subject_countries": "persons or devices of {}",
    "data": "data of the kinds {}",
    "transactions": "dealings of the kinds {}",
    "platforms": "data recorded from {}",
    "sensors": "images of the sensors {}",
    "processing_levels": "images of the processing levels {}",
    "licensed_in": "satellites licensed in {}",
    "purposes": "purposes like {}",
    "recipients": "the recipients {}",
    "recipient_countries": "recipients or places in {}",
    "outside_countries": "recipients or places outside {}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedRule:
    """A rule in words."""

    id: str
    consequence: str
    sentence: str
    applies: str
    bases: tuple[str, ...]
    notes: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A policy in words."""

    name: str
    title: str
    about: str
    description: str
    applies: str
    options: tuple[str, ...]
    rules: tuple[ExplainedRule, ...]


def explained(policy: Policy, *, only: str = "") -> Explained:
    """Say what a policy demands; ``only`` is the id of one rule."""
    encoding = "geogate writes the artefact anew" if policy.encoding is Encoding.CANONICAL else "the bytes leave as is"
    kinds = ", ".join(policy.kinds)
    return Explained(
        name=str(policy.name),
        title=policy.title,
        about=f"version {policy.version}, as of {policy.as_of}, {policy.digest[:12]}, {', '.join(policy.jurisdiction)}",
        description=policy.description,
        applies=f"It applies {scope_in_words(policy.scope)}.",
        options=(f"Layers of the kinds {kinds} are judged, others are denied; {encoding}.", _reviewed(policy)),
        rules=tuple(explained_rule(rule) for rule in policy.rules if only in {"", str(rule.id)}),
    )


def _reviewed(policy: Policy) -> str:
    review = f"What is held needs {policy.reviewers} reviewers within {policy.review_days} days"
    return f"{review}; a clearance is valid for {policy.clearance_hours} hours."


def explained_rule(rule: PolicyRule) -> ExplainedRule:
    """Say what one rule demands."""
    consequence = CONSEQUENCE[effect_of(rule.severity)]
    if rule.disabled:
        consequence = "Disabled: it is not asked."
    elif rule.shadow_until is not None:
        consequence = f"In shadow until {rule.shadow_until}, only noted. Then: {consequence.lower()}"
    sure = f"; {SURE[rule.confidence]}" if rule.confidence else ""
    return ExplainedRule(
        id=str(rule.id),
        consequence=consequence,
        sentence=registered()[rule.expectation].sentence(rule.params),
        applies="" if rule.when is None else scope_in_words(rule.when),
        bases=tuple(f"{basis.section} ({basis.source}, as of {basis.as_of}{sure})" for basis in rule.legal_basis),
        notes=rule.notes,
        remedy=rule.remedy,
    )


def scope_in_words(scope: Scope | None) -> str:
    """Say to which releases something applies; what is not declared applies too."""
    if scope is None:
        return "to every release"
    parts = [
        SCOPES[field.name].format(" or ".join(map(str, getattr(scope, field.name))))
        for field in fields(Scope)
        if field.name in SCOPES and getattr(scope, field.name)
    ]
    if scope.unless_consent:
        parts.append("where consent is not declared")
    return (
        ("to releases of " + "; and ".join(parts) + ", or where that is not declared") if parts else "to every release"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A finding in words: what was measured against what, and what follows."""

    effect: Effect
    head: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedVerdict:
    """A verdict in words; ``satisfied`` has a layer, what was observed and what was demanded for each check."""

    decision: Decision
    head: str
    lines: tuple[str, ...]
    reasons: tuple[Reason, ...]
    satisfied: tuple[tuple[str, str, str, str], ...]


FOLLOWS: Final = {
    Decision.DENY: "It must not leave, because {count} of its findings deny, and one is enough.",
    Decision.HOLD: "It waits for reviewers, because nothing denies and {count} of its findings hold.",
    Decision.CLEAR: "It may leave, because every rule spoke on every layer, and nothing stands against it.",
}


def verdict_explained(request: str, house: House | None = None) -> ExplainedVerdict:
    """Say why the verdict on a request in the ledger was reached.

    Raises: GeogateError when there is no such request, or no verdict on it.
    """
    house = house or House.from_environment()
    with house.ledger() as ledger:
        found = ledger.request(RequestId(request))
    if found.verdict is None:
        raise GeogateError(f"there is no verdict on request {request}", hint=f"it is {found.state}")
    place = place_of(house)
    return explain_verdict(found, found.verdict, rules=rules_then(found.verdict, place))


def rules_then(verdict: Verdict, place: PolicyPlace) -> dict[str, PolicyRule]:
    """Find the rules by which a verdict was reached, of those policies that are still as they were."""
    uses = [(use.name, use.digest, f"{use.name}/") for use in verdict.basis.policies]
    uses = uses or [(verdict.basis.policy, verdict.basis.policy_digest, "")]
    found: dict[str, PolicyRule] = {}
    for name, digest, prefix in uses:
        try:
            policy = place.policy(str(name))
        except GeogateError:
            continue
        if policy.digest == digest:
            found |= {f"{prefix}{rule.id}": rule for rule in policy.rules}
            found |= {str(rule.id): rule for rule in policy.rules if len(uses) == 1}
    return found


def explain_verdict(request: ReleaseRequest, verdict: Verdict, *, rules: dict[str, PolicyRule]) -> ExplainedVerdict:
    """Say why a verdict was reached; ``rules`` are those of its policies that are known."""
    decision = verdict.decision
    grave = {Decision.DENY: Effect.DENY, Decision.HOLD: Effect.HOLD}.get(decision)
    count = sum(finding.effect is grave and not finding.waived for finding in verdict.findings)
    basis = verdict.basis
    judged = f"It was judged on {verdict.judged_at:%Y-%m-%d %H:%M} UTC for {verdict.recipient} at {verdict.destination}"
    by = f"policy {basis.policy} {basis.policy_digest[:12]}"
    lines = [
        f"{judged}, by {by}: {len(verdict.rules)} rules on {len(verdict.layers)} layers.",
        *(f"Policy {use.name} {use.why}." for use in basis.policies),
        *(f"Not asked: {passed.rule}, {passed.why}." for passed in basis.passed_over),
    ]
    if not rules:
        lines.append("The policy has changed since; its sentences are not shown.")
    return ExplainedVerdict(
        decision=decision,
        head=f"Request {request.id}: {decision.value.upper()}. {FOLLOWS[decision].format(count=count)}",
        lines=tuple(lines),
        reasons=tuple(_reason(finding, rules.get(str(finding.rule))) for finding in verdict.findings),
        satisfied=tuple(
            (str(check.rule), str(check.layer), check.observed, _demanded(rules.get(str(check.rule))))
            for check in verdict.checks
            if check.satisfied
        ),
    )


def _demanded(rule: PolicyRule | None) -> str:
    return "" if rule is None else registered()[rule.expectation].sentence(rule.params)


def _reason(finding: Finding, rule: PolicyRule | None) -> Reason:
    lines = [f"{finding.summary[:1].upper()}{finding.summary[1:]}."]
    if rule is not None:
        lines.append(f"Demanded: {_demanded(rule)}")
    if finding.limit:
        unit = f" {finding.unit}" if finding.unit else ""
        comparison = OPERATORS.get(finding.operator, finding.operator)
        lines.append(f"Measured {finding.measured}{unit}; it would have to be {comparison} {finding.limit}{unit}.")
    elif finding.rule.startswith(GATE):
        lines.append("The gate itself demands this of every release; no policy can allow it.")
    lines += [f"Basis: {each.section} ({each.source}, as of {each.as_of})" for each in finding.legal_basis]
    lines.append(f"To fix: {finding.remedy}")
    where = f" on {finding.layer}" if finding.layer else ""
    head = f"{finding.rule}{where}: {CONSEQUENCE[finding.effect]}"
    if finding.waived:
        head = f"{finding.rule}{where}: waived by {finding.waived}. Without it: {CONSEQUENCE[finding.effect].lower()}"
    return Reason(effect=finding.effect, head=head, lines=tuple(lines))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A number of a policy with where it comes from."""

    policy: str
    rule: str
    expectation: str
    parameter: str
    operator: str
    value: float
    unit: str
    section: str
    source: str
    as_of: str
    confidence: str
    status: str
    effect: str

    @property
    def shown(self) -> str:
        """The number with its comparison and unit, for people."""
        return f"{self.operator} {number_in_words(self.value, self.unit)}".strip()

    def row(self) -> dict[str, object]:
        """Give the values by their names."""
        return asdict(self)


def sources_of(policies: Sequence[Policy]) -> tuple[Source, ...]:
    """List every number of policies, each with the sections that it comes from."""
    return tuple(source for policy in policies for rule in policy.rules for source in _sources(policy, rule))


def _sources(policy: Policy, rule: PolicyRule) -> Iterator[Source]:
    status = (
        "disabled" if rule.disabled else "enforced" if rule.shadow_until is None else f"shadow to {rule.shadow_until}"
    )
    for number in numbers_of(registered()[rule.expectation], rule.params):
        yield Source(
            policy=str(policy.name),
            rule=str(rule.id),
            expectation=rule.expectation,
            parameter=number.path,
            operator=number.operator,
            value=number.value,
            unit=number.unit,
            section="; ".join(basis.section for basis in rule.legal_basis),
            source=" ".join(dict.fromkeys(basis.source for basis in rule.legal_basis)),
            as_of=str(min(basis.as_of for basis in rule.legal_basis)),
            confidence=str(rule.confidence or ""),
            status=status,
            effect=effect_of(rule.severity).value,
        )
