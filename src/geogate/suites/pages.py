"""What a page of the Data Docs says: read from the library's results and from the verdict, no markup yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geogate.model.document import from_json
from geogate.model.finding import GATE, Effect, Finding, LegalBasis, Problem, Severity, effect_of
from geogate.model.verdict import Decision
from geogate.suites.expectation import Answer, sentence_of
from geogate.suites.strict import exceptions_of

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from geogate.model.verdict import Verdict
    from geogate.policy.policy import Policy

META = "geogate"
"""The key of a result's meta under which the page's own part is kept, as JSON."""

NO_ANSWER = "no answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """What the first page says about the whole: the decision, and what it was reached with."""

    decision: Decision
    policy: str
    policy_title: str
    policy_version: str
    policy_as_of: str
    policy_digest: str
    recipient: str
    destination: str
    subject: str
    judged_at: str
    gate_findings: tuple[Finding, ...]

    @classmethod
    def of(cls, verdict: Verdict, policy: Policy, *, paged: AbstractSet[str]) -> Cover:
        """Take from the verdict what is about the dataset as a whole, and about layers that have no page."""
        return cls(
            decision=verdict.decision,
            policy=policy.name,
            policy_title=policy.title,
            policy_version=policy.version,
            policy_as_of=policy.as_of.isoformat(),
            policy_digest=policy.digest,
            recipient=verdict.recipient,
            destination=verdict.destination,
            subject=verdict.subject,
            judged_at=verdict.judged_at.isoformat(),
            gate_findings=tuple(each for each in gate_findings(verdict) if each.layer not in paged),
        )


def gate_findings(verdict: Verdict) -> tuple[Finding, ...]:
    """Return the findings of the gate itself."""
    return tuple(finding for finding in verdict.findings if finding.rule.startswith(GATE))


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerNote:
    """What a result is told about its layer before it is stored, since it knows its run id only."""

    number: int
    layer: str
    gate_findings: tuple[Finding, ...]
    cover: Cover


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePart:
    """One rule on the page of a layer; ``word`` says how it went."""

    id: str
    effect: str
    word: str
    severity: Severity
    sentence: str
    notes: str
    observed: str
    remedy: str
    legal_basis: tuple[LegalBasis, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPage:
    """The page of one layer."""

    number: int
    policy_title: str
    layer: str
    gate_findings: tuple[Finding, ...]
    rules: tuple[RulePart, ...]

    @property
    def worst(self) -> str:
        """The gravest effect on the page: silence is as grave as a denial."""
        effects = {part.effect for part in self.rules}
        if self.gate_findings or not effects:
            return Effect.DENY
        return next(each for each in (Effect.DENY, Effect.HOLD, Effect.NOTE, Decision.CLEAR) if each in effects)


def note_of(result: Any) -> LayerNote:
    """Read what a stored result was told.

    Raises: KeyError or ValueError when it was told nothing.
    """
    return from_json(LayerNote, result.meta[META])


def page_of(result: Any) -> LayerPage:
    """Read the page of a layer from its stored result."""
    note = note_of(result)
    return LayerPage(
        number=note.number,
        policy_title=note.cover.policy_title,
        layer=note.layer,
        gate_findings=note.gate_findings,
        rules=tuple(_part(each) for each in result.results),
    )


def _part(each: Any) -> RulePart:
    config = each.expectation_config
    severity = Severity(config.severity.value)
    answer = _answer(each)
    spoke = answer is not None and not answer.unmeasured
    effect, word = (Decision.CLEAR, "satisfied")
    if not spoke:
        effect, word = (Effect.DENY, NO_ANSWER)  # type: ignore[assignment]
    elif each.success is not True:
        effect, word = (effect_of(severity), f"{effect_of(severity)}: not satisfied")  # type: ignore[assignment]
    return RulePart(
        id=config.meta["rule"],
        effect=effect,
        word=word,
        severity=severity,
        sentence=sentence_of(config),
        notes=config.notes or "",
        observed=answer.observed if answer else NO_ANSWER,
        remedy=config.meta["remedy"],
        legal_basis=tuple(LegalBasis(**basis) for basis in config.meta["legal_basis"]),
        problems=answer.problems if answer else (),
    )


def _answer(each: Any) -> Answer | None:
    if any(info.get("raised_exception") is not False for info in exceptions_of(each.exception_info)):
        return None
    return from_json(Answer, each.result["details"]["answer"])
