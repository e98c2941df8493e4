"""Judge a release from what the ledger kept of it: the same rules and the same decision, without the data.

Where what was kept does not suffice, there is no verdict: nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from geogate.gate.opening import kinds_covered, kinds_not_covered
from geogate.measures.hidden.columns_declared import ValuesBeyond
from geogate.measures.measure import Measure, UnmeasurableError, Unmeasured
from geogate.model.finding import Outcome, Problem
from geogate.policy.decide import GATE, decide, no_answer
from geogate.rules.recipient_total_history import totals_in
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geogate.gate.facts import Kept, KeptLayer
    from geogate.measures.measure import Measurement
    from geogate.model.finding import Finding
    from geogate.model.verdict import Verdict
    from geogate.policy.decide import Case
    from geogate.policy.policy import Policy, PolicyRule
    from geogate.zones.zone import ZoneList

ANEW: Final = frozenset(GATE + name for name in ("kind-not-covered", "no-answer", "no-rules", "unexpected-answer"))
"""Findings of the gate that depend on the policy, which are found anew; all others stay as they were."""


class NeedsDataError(Exception):
    """What was kept does not suffice; the message says what is missing and names no value."""


@dataclass(slots=True)
class KeptJudge:
    """Judges releases from what was kept of them; remembers what each use of a rule measures."""

    zone_lists: Mapping[str, ZoneList]
    _measures: dict[tuple[str, str], tuple[Measure[Any], ...]] = field(default_factory=dict, init=False)

    def verdict(self, case: Case, *, policy: Policy, kept: Kept, before: Verdict) -> Verdict:
        """Decide on a release as it was measured; ``before`` is the verdict that was reached then.

        Raises: NeedsDataError.
        """
        outcomes: list[Outcome] = []
        findings: list[Finding] = [finding for finding in before.findings if _stays(finding)]
        kept = replace(kept, circumstances=replace(kept.circumstances, zone_lists=self.zone_lists))
        for layer in kept.layers:
            said, strange = self._judge(layer, policy=policy, kept=kept)
            outcomes += said
            findings += strange
        kinds = [SimpleNamespace(name=each.name, schema=SimpleNamespace(kind=each.kind)) for each in kept.layers]
        findings += kinds_not_covered(kinds, self._kinds(policy))
        return decide(case, policy=policy, layers=before.layers, outcomes=outcomes, gate_findings=findings)

    def _kinds(self, policy: Policy) -> Sequence[Any]:
        """Name the kinds that the policy covers and at which one of its rules looks, as ``Question.kinds``."""
        return kinds_covered(
            policy, lambda use: bool(registered()[use.expectation].zone_lists(use.params) or self._of(use))
        )

    def _judge(self, layer: KeptLayer, *, policy: Policy, kept: Kept) -> tuple[list[Outcome], list[Finding]]:
        if not layer.complete:
            raise NeedsDataError("a layer was not read to its end")
        outcomes: list[Outcome] = []
        silent: list[Finding] = []
        read: dict[str, Any] = {}
        for use in policy.rules:
            try:
                outcomes.append(self._ask(use, layer, kept, read))
            except UnmeasurableError as error:
                if use.in_shadow:
                    problem = Problem(summary=f"no answer: {error}", remedy="repair what the reason names")
                    outcomes.append(Outcome(rule=use.id, layer=layer.name, observed="no answer", problems=(problem,)))
                else:
                    silent.append(no_answer(layer.name, rules=[use.id], reason=str(error)))
        return outcomes, silent

    def _ask(self, use: PolicyRule, layer: KeptLayer, kept: Kept, read: dict[str, Any]) -> Outcome:
        rule = registered()[use.expectation]
        if layer.kind not in rule.kinds_of(use.params):
            return Outcome(rule=use.id, layer=layer.name, observed=f"does not concern a layer of kind {layer.kind}")
        if kept.circumstances.history is None and any(totals_in(use.params)):
            raise NeedsDataError(f"{use.id} counts what the recipient got before")
        found = {measure.id: _value(use, layer, measure, read) for measure in self._of(use)}
        judgement = rule.judge(use.params, found, kept.circumstances)
        return Outcome(rule=use.id, layer=layer.name, observed=judgement.observed, problems=tuple(judgement.problems))

    def _of(self, use: PolicyRule) -> tuple[Measure[Any], ...]:
        key = (use.expectation, use.params_json)
        if key not in self._measures:
            self._measures[key] = tuple(registered()[use.expectation].measures(use.params, self.zone_lists))
        return self._measures[key]


def _stays(finding: Finding) -> bool:
    return finding.rule.startswith(GATE) and finding.rule not in ANEW


def _value(use: PolicyRule, layer: KeptLayer, measure: Measure[Any], read: dict[str, Any]) -> Measurement:
    """Give what a measure found then; ``read`` has what was read of the layer before, by the ids of measures.

    Raises: UnmeasurableError when it could not measure; NeedsDataError when it was not asked, or cannot be read.
    """
    try:
        if measure.id not in read:
            read[measure.id] = layer.value(measure)
        value: Measurement | Unmeasured | None = read[measure.id]
    except (ValueError, TypeError):
        raise NeedsDataError(f"what {use.id} measures was kept by another version") from None
    if isinstance(value, Unmeasured):
        raise UnmeasurableError(value.reason)
    if value is not None:
        return value
    if isinstance(measure, ValuesBeyond) and not measure.limits:
        return measure.empty()
    raise NeedsDataError(f"what {use.id} measures was not measured then")


def measured_as_if(kept: Kept, changes: Mapping[str, Mapping[str, Any]]) -> Kept:
    """Change fields of measurements, to ask what would be decided had they been measured so."""
    layers = tuple(
        replace(
            layer,
            values={name: {**value, **changes.get(name, {})} for name, value in layer.values.items()},
        )
        for layer in kept.layers
    )
    return replace(kept, layers=layers)
