"""Policies as frozen values: what a policy file says once it was found to be wholly valid; no file is read here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from geogate.model.dataset import LayerKind
from geogate.model.finding import Effect, effect_of
from geogate.model.isolation import IsolationLevel

if TYPE_CHECKING:
    from datetime import date

    from pydantic import BaseModel

    from geogate.model.dataset import Encoding, Format
    from geogate.model.finding import Confidence, LegalBasis, Severity
    from geogate.model.names import PolicyName, RuleId, Sha256
    from geogate.policy.obligations import Obligation
    from geogate.policy.scope import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRule:
    """A rule as a policy uses it: the expectation, its validated parameters, and what follows when it is broken.

    ``params`` is an instance of the rule's own parameter model, never a bare mapping. ``when`` says to which releases
    the rule applies. A rule with ``shadow_until`` only notes what it would do, up to and including that day; one that
    is ``disabled`` is shown and never asked. ``in_shadow`` is set when a release is judged. Only a
    ``waivable`` rule can be waived.
    """

    id: RuleId
    expectation: str
    params: BaseModel
    severity: Severity
    legal_basis: tuple[LegalBasis, ...]
    remedy: str
    notes: str
    confidence: Confidence | None = None
    when: Scope | None = None
    disabled: bool = False
    shadow_until: date | None = None
    in_shadow: bool = False
    waivable: bool = False

    @property
    def effect(self) -> Effect:
        """What a finding of this rule does to the release."""
        return Effect.NOTE if self.in_shadow else effect_of(self.severity)

    @property
    def params_json(self) -> str:
        """The parameters as JSON text; equal parameters give equal text."""
        return self.params.model_dump_json()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A versioned suite of rules with its jurisdiction and legal basis, identified by the digest of its file.

    ``scope`` says to which releases it applies, all if ``None``; ``kinds`` are those of layers that it covers.
    ``encoding`` says how the artefact comes from the staged bytes, ``shapefile_as`` what a Shapefile leaves as.
    ``reviewers`` people must approve a held release within ``review_days``; a clearance is valid for
    ``clearance_hours``, a waiver for up to ``waiver_days``. ``isolation`` is the least that readers need.
    ``stop_early`` says that a layer need not be read further once a denial is certain. ``min_confidence`` is what a
    source needs for its rule to be asked. ``obligations`` are what a refusal or a release starts. ``rules`` is never
    empty, but for a policy put together of none that applies.
    """

    name: PolicyName
    title: str
    jurisdiction: tuple[str, ...]
    as_of: date
    version: str
    description: str
    encoding: Encoding
    shapefile_as: Format
    reviewers: int
    review_days: int
    clearance_hours: int
    rules: tuple[PolicyRule, ...]
    digest: Sha256
    stop_early: bool = False
    kinds: tuple[LayerKind, ...] = (LayerKind.VECTOR,)
    isolation: IsolationLevel = IsolationLevel.FILTERED
    scope: Scope | None = None
    min_confidence: Confidence | None = None
    obligations: tuple[Obligation, ...] = ()
    waiver_days: int = 90

    @property
    def asked(self) -> tuple[PolicyRule, ...]:
        """The rules that are not disabled."""
        return tuple(rule for rule in self.rules if not rule.disabled)
