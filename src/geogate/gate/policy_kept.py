"""Judge a release from what the ledger kept of it: the same rules and the same decision, without the data.

Where what was kept does not suffice, there is no verdict: nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from geogate.gate.addressed import unregistered_place
from geogate.gate.opening import kinds_covered, kinds_not_covered, unlooked_ordinates
from geogate.measures.hidden.columns import Contents
from geogate.measures.hidden.columns_declared import ValuesBeyond
from geogate.measures.inventory import LayerInventory
from geogate.measures.measure import LayerFacts, Measure, MeasureId, Sparing, UnmeasurableError, Unmeasured
from geogate.model.finding import GATE, Effect, Outcome, Problem
from geogate.model.past import MeasuredLayer
from geogate.policy.decide import decide, no_answer
from geogate.rules.declared_columns import DeclaredColumns, DeclaredColumnsParams
from geogate.rules.recipient_total_history import remembered, totals_in
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pydantic import BaseModel

    from geogate.gate.facts import Kept, KeptLayer
    from geogate.measures.measure import Measurement
    from geogate.measures.subjects import SubjectCount
    from geogate.model.dataset import LayerKind
    from geogate.model.finding import Finding
    from geogate.model.names import LayerName
    from geogate.model.parties import Circumstances
    from geogate.model.verdict import Verdict
    from geogate.policy.decide import Case
    from geogate.policy.policy import Policy, PolicyRule
    from geogate.zones.zone import ZoneList

ANEW: Final = frozenset(
    GATE + name
    for name in (
        "kind-not-covered",
        "no-answer",
        "no-rules",
        "unexpected-answer",
        "unjudged-ordinates",
        "unregistered-place",
    )
)
"""Findings of the gate that depend on the policy, which are found anew; all others stay as they were."""


_Named: TypeAlias = "tuple[MeasureId, Measure[Any]]"


class NeedsDataError(Exception):
    """What was kept does not suffice; the message says what is missing and names no value."""


@dataclass(slots=True)
class KeptJudge:
    """Judges releases from what was kept of them; remembers what each use of a rule measures."""

    zone_lists: Mapping[str, ZoneList]
    _measures: dict[tuple[str, int], tuple[BaseModel, tuple[_Named, ...]]] = field(default_factory=dict, init=False)
    _kinds: tuple[Policy, tuple[LayerKind, ...]] | None = field(default=None, init=False)
    _totals: dict[int, tuple[BaseModel, tuple[SubjectCount, ...]]] = field(default_factory=dict, init=False)

    def verdict(self, case: Case, *, policy: Policy, kept: Kept, before: Verdict) -> Verdict:
        """Decide on a release as it was measured; ``before`` is the verdict that was reached then.

        Raises: NeedsDataError.
        """
        outcomes: list[Outcome] = []
        findings: list[Finding] = [finding for finding in before.findings if _stays(finding)]
        known = replace(kept.circumstances, zone_lists=self.zone_lists)
        layers = _in_order(kept, before)
        values: list[dict[str, Any]] = []
        for layer in layers:
            values.append({})
            said, strange = self._judge(layer, values[-1], policy=policy, known=known, alone=len(layers) == 1)
            outcomes += said
            findings += strange
            if len(layers) > 1:
                known = replace(known, beside=(*known.beside, self._beside(layer, policy)))
        findings += (*self._of_the_gate(layers, values, policy), *unregistered_place(known))
        return decide(case, policy=policy, layers=before.layers, outcomes=outcomes, gate_findings=findings)

    def _of_the_gate(
        self, layers: Sequence[KeptLayer], values: Sequence[dict[str, Any]], policy: Policy
    ) -> Sequence[Finding]:
        """Find anew what the gate itself finds under a policy; ``values`` are those of layers that were read."""
        seen = [_Seen.of(layer, read) for layer, read in zip(layers, values, strict=True)]
        kinds = self._covered(policy)
        deciding = [use.expectation for use in policy.rules if use.effect is not Effect.NOTE]
        return (*kinds_not_covered(seen, kinds), *unlooked_ordinates(seen, deciding))

    def _covered(self, policy: Policy) -> tuple[LayerKind, ...]:
        """Name the kinds of layers that a policy covers, found once where releases follow that have the same one."""
        if self._kinds is None or self._kinds[0] is not policy:
            rules = registered()
            kinds = kinds_covered(
                policy, lambda use: bool(rules[use.expectation].zone_lists(use.params) or self._of(use))
            )
            self._kinds = (policy, kinds)
        return self._kinds[1]

    def _judge(
        self, layer: KeptLayer, read: dict[str, Any], *, policy: Policy, known: Circumstances, alone: bool
    ) -> tuple[list[Outcome], list[Finding]]:
        if not layer.complete:
            raise NeedsDataError("a layer was not read to its end")
        outcomes: list[Outcome] = []
        silent: list[Finding] = []
        for use in policy.rules:
            try:
                outcomes.append(_beside_others(use, layer, self._ask(use, layer, known, read), alone=alone))
            except UnmeasurableError as error:
                if use.in_shadow:
                    problem = Problem(summary=f"no answer: {error}", remedy="repair what the reason names")
                    outcomes.append(Outcome(rule=use.id, layer=layer.name, observed="no answer", problems=(problem,)))
                else:
                    silent.append(no_answer(layer.name, rules=[use.id], reason=str(error)))
        return outcomes, silent

    def _ask(self, use: PolicyRule, layer: KeptLayer, known: Circumstances, read: dict[str, Any]) -> Outcome:
        rule = registered()[use.expectation]
        if layer.kind not in rule.kinds_of(use.params):
            return Outcome(rule=use.id, layer=layer.name, observed=f"does not concern a layer of kind {layer.kind}")
        if known.history is None and self._counted(use):
            raise NeedsDataError(f"{use.id} counts what the recipient got before")
        found = {name: _value(use, layer, name, measure, read) for name, measure in self._of(use)}
        try:
            judgement = rule.judge(use.params, found, known)
        except UnmeasurableError:
            if layer.spared and any(_is_spared(value) for value in found.values()):
                raise NeedsDataError(f"what {use.id} measures was not kept wholly") from None
            raise
        return Outcome(rule=use.id, layer=layer.name, observed=judgement.observed, problems=tuple(judgement.problems))

    def _of(self, use: PolicyRule) -> tuple[_Named, ...]:
        """Give what a use of a rule measures, by the ids, which some measures write out of many columns each time."""
        # Parameters are kept with what is remembered of them: no others can come to lie where they do.
        key = (use.expectation, id(use.params))
        if key not in self._measures:
            every = registered()[use.expectation].measures(use.params, self.zone_lists)
            found = tuple((measure.id, measure) for measure in every)
            self._measures[key] = (use.params, found)
        return self._measures[key][1]

    def _counted(self, use: PolicyRule) -> tuple[SubjectCount, ...]:
        """Name what a use of a rule counts over releases and layers."""
        key = id(use.params)
        if key not in self._totals:
            self._totals[key] = (use.params, remembered(list(totals_in(use.params))))
        return self._totals[key][1]

    def _beside(self, layer: KeptLayer, policy: Policy) -> MeasuredLayer:
        """Give what rules that add up over all layers of a release may know of one that was judged before."""
        counted: dict[MeasureId, Measure[Any]] = {}
        for use in policy.rules:
            counted |= {measure.id: measure for measure in self._counted(use)} | dict(self._of(use))
        values: dict[str, Any] = {
            name: layer.value(measure) for name, measure in counted.items() if name in layer.values
        }
        return MeasuredLayer(kind=layer.kind, rows=layer.rows, values=values, again="#" in layer.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    kind: LayerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A layer as the gate looks at it for what it finds itself."""

    name: LayerName
    schema: _Kind
    facts: LayerFacts

    @classmethod
    def of(cls, layer: KeptLayer, read: dict[str, Any]) -> _Seen:
        measure = LayerInventory()
        inventory = read[measure.id] if measure.id in read else layer.value(measure)
        values = {} if inventory is None else {measure.id: inventory}
        facts = LayerFacts(rows=layer.rows, values=values, complete=layer.complete)
        return cls(name=layer.name, schema=_Kind(kind=layer.kind), facts=facts)


def _in_order(kept: Kept, before: Verdict) -> list[KeptLayer]:
    """Give the layers in the order in which they were judged, for rules that add up over them."""
    order = {layer.name: place for place, layer in enumerate(before.layers)}
    return sorted(kept.layers, key=lambda layer: order.get(layer.name, len(order)))


def _beside_others(use: PolicyRule, layer: KeptLayer, outcome: Outcome, *, alone: bool) -> Outcome:
    """Add what the rule about columns says of those that tell something together with another layer's.

    Raises: NeedsDataError when an earlier version did not keep which these are.
    """
    if alone or not isinstance(use.params, DeclaredColumnsParams):
        return outcome
    names = layer.beside
    if names is None:
        if not outcome.problems and DeclaredColumns.beside_other_layers(use.params, [""]):
            raise NeedsDataError(f"{use.id} compares columns of several layers, which were not kept")
        return outcome
    return replace(outcome, problems=(*outcome.problems, *DeclaredColumns.beside_other_layers(use.params, names)))


def _is_spared(value: Measurement) -> bool:
    """Tell whether the ledger keeps less of a measurement than was measured; of columns it keeps what rules need."""
    return isinstance(value, Sparing) and not isinstance(value, Contents)


def _stays(finding: Finding) -> bool:
    return finding.rule.startswith(GATE) and finding.rule not in ANEW


def _value(
    use: PolicyRule, layer: KeptLayer, name: MeasureId, measure: Measure[Any], read: dict[str, Any]
) -> Measurement:
    """Give what a measure found then; ``read`` has what was read of the layer before, by the ids of measures.

    Raises: UnmeasurableError when it could not measure; NeedsDataError when it was not asked, or cannot be read.
    """
    try:
        if name not in read:
            read[name] = layer.value(measure)
        value: Measurement | Unmeasured | None = read[name]
    except (ValueError, TypeError):
        raise NeedsDataError(f"what {use.id} measures was kept by another version") from None
    if isinstance(value, Unmeasured):
        raise UnmeasurableError(value.reason)
    if value is not None:
        return value
    if isinstance(measure, ValuesBeyond) and not measure.limits:
        return measure.empty()
    raise NeedsDataError(f"what {use.id} measures was not measured then")
