"""Judging layers by a policy: each layer a run of the suite of its own, the results read strictly.

Results become outcomes and findings here; they become a decision in ``geogate.policy.decide`` only.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from geogate.measures.source import UnreadableError
from geogate.model.errors import PolicyError
from geogate.model.past import MeasuredLayer
from geogate.policy.decide import gate_finding, no_answer
from geogate.rules.registry import registered
from geogate.suites.ended import Ended
from geogate.suites.expectation import expectation_class
from geogate.suites.gx import great_expectations as gx
from geogate.suites.gx import new_context, quiet
from geogate.suites.strict import InconsistentError, read_result, require_consistent
from geogate.suites.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geogate.measures.measure import LayerFacts, Measure
    from geogate.model.dataset import LayerKind
    from geogate.model.finding import Finding, Outcome
    from geogate.model.names import LayerName, RuleId
    from geogate.model.parties import Circumstances
    from geogate.policy.policy import Policy, PolicyRule
    from geogate.rules.rule import Rule
    from geogate.suites.engine import ExportBatch, GeoExportAsset
    from geogate.suites.subject import LayerUnderTest, RuleUse
    from geogate.zones.zone import ZoneList


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerAnswer:
    """What the suite says of one layer.

    ``facts`` is ``None`` where the layer could not be measured. ``result`` is the library's own result, for documents.
    """

    layer: LayerName
    kind: LayerKind
    facts: LayerFacts | None
    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]
    result: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteAnswer:
    """What the suite says of all layers; outcomes of rules, and the findings of the gate where a rule did not speak."""

    policy: Policy
    layers: tuple[LayerAnswer, ...]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """All outcomes."""
        return tuple(outcome for layer in self.layers for outcome in layer.outcomes)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings of the gate."""
        return tuple(finding for layer in self.layers for finding in layer.findings)


def judge_layers(
    policy: Policy,
    layers: Sequence[LayerUnderTest],
    *,
    circumstances: Circumstances,
    zone_lists: Mapping[str, ZoneList],
    rules: Mapping[str, Rule[Any]] | None = None,
    hidden: bool = False,
) -> SuiteAnswer:
    """Run the policy's rules over each layer, one pass a layer, and read what they say.

    ``rules`` are those of the registry unless others are given. ``hidden`` layers have rows of others, read otherwise.
    A layer that cannot be read gets a finding.

    Raises: PolicyError when a zone list is missing; whatever else ended a pass, because then there is no verdict.
    """
    if len({layer.name for layer in layers}) != len(layers):
        raise ValueError("two layers have the same name")
    known = registered() if rules is None else rules
    measures = _measures(policy, known, zone_lists)
    once, twins = _asked_once(policy)
    with quiet():
        run = SuiteRun.of(once, known, twins=twins)
        answers: list[LayerAnswer] = []
        for number, layer in enumerate(layers, start=1):
            aware = replace(circumstances, beside=(*circumstances.beside, *measured(answers, again=hidden)))
            subject = Subject(layer=layer, circumstances=aware, measures=measures)
            answers.append(run.judge(f"layer-{number}", subject))
    return SuiteAnswer(policy=policy, layers=tuple(answers))


def measured(answers: Sequence[LayerAnswer], *, again: bool = False) -> tuple[MeasuredLayer, ...]:
    """Give what was found in layers, for rules that add up over all layers of a release."""
    return tuple(
        MeasuredLayer(kind=answer.kind, rows=answer.facts.rows, values=dict(answer.facts.values), again=again)  # type: ignore[arg-type]
        for answer in answers
        if answer.facts is not None
    )


def _measures(
    policy: Policy, rules: Mapping[str, Rule[Any]], zone_lists: Mapping[str, ZoneList]
) -> dict[RuleUse, tuple[Measure[Any], ...]]:
    measures: dict[RuleUse, tuple[Measure[Any], ...]] = {}
    for use in policy.rules:
        rule = rules[use.expectation]
        for name in rule.zone_lists(use.params):
            if name not in zone_lists:
                raise PolicyError(
                    f"rule {use.id} of policy {policy.name} needs the zone list {name!r}, which there is not",
                    hint="add its manifest beside the policies, or correct the name",
                )
        measures[use.expectation, use.params_json] = tuple(rule.measures(use.params, zone_lists))
    return measures


def _asked_once(policy: Policy) -> tuple[Policy, Mapping[RuleId, tuple[PolicyRule, ...]]]:
    """Leave of rules of several policies that ask for the same one, which answers for its twins.

    Great Expectations would keep only one, because it compares expectations without the meta that holds the id.
    """
    first: dict[RuleUse, PolicyRule] = {}
    twins: dict[RuleId, tuple[PolicyRule, ...]] = {}
    # One that decides answers for one in shadow: where it cannot, that is no answer and not only a note.
    for rule in sorted(policy.rules, key=lambda rule: rule.in_shadow):
        asked = first.setdefault((rule.expectation, rule.params_json), rule)
        if asked is not rule:
            twins[asked.id] = (*twins.get(asked.id, ()), rule)
    return replace(policy, rules=tuple(first.values())), twins


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """A fresh context with the suite and what finds its batches; each layer is run in it once.

    Batches are validated without a checkpoint: that would compare its copies of the suite, and copy and store every
    result, before and after each layer, which takes longer than all rules together and decides nothing.
    """

    suite: Any
    asked: Mapping[str, PolicyRule]
    rules: Mapping[str, Rule[Any]]
    asset: GeoExportAsset
    batches: Any
    twins: Mapping[RuleId, tuple[PolicyRule, ...]]

    @classmethod
    def of(
        cls,
        policy: Policy,
        rules: Mapping[str, Rule[Any]],
        *,
        twins: Mapping[RuleId, tuple[PolicyRule, ...]] | None = None,
    ) -> SuiteRun:
        """Build the suite from the policy, not from its file, and make sure that nothing was dropped.

        ``twins`` are rules that ask for the same as one of the policy, by its id.
        """
        context = new_context()
        datasource = context.data_sources.add_geogate_export(name="export")
        asset = datasource.add_geo_export_asset(name=str(policy.name))
        expectations = [_expectation(rule, rules[rule.expectation]) for rule in policy.rules]
        suite = gx.ExpectationSuite(name=str(policy.name), expectations=expectations)
        # The context's store would give the ids; it would also write the suite down and read it again.
        for each in suite.expectations:
            each.id = str(uuid.uuid4())
        require_whole(suite.expectations, policy)
        asked = {each.id: rule for each, rule in zip(suite.expectations, policy.rules, strict=True)}
        return cls(suite, asked, rules, asset, asset.add_batch_definition("layer"), twins or {})

    def judge(self, run_id: str, subject: Subject) -> LayerAnswer:
        """Run the suite over one layer under an id of its own, so that no result overwrites another."""
        self.asset.offer(run_id, subject)
        result = self.batches.get_batch({"run_id": run_id}).validate(self.suite, result_format="COMPLETE")
        layer = subject.layer.name
        try:
            require_consistent(result, suite=self.suite.name)
            outcomes, findings = read_result(result, layer=layer, asked=self.asked)
            batch = self._batch(result)
        except InconsistentError as error:
            silence = no_answer(layer, rules=[rule.id for rule in self.asked.values()], reason=str(error))
            return LayerAnswer(
                layer=layer, kind=subject.layer.kind, facts=None, outcomes=(), findings=(silence,), result=None
            )
        unreadable = _unreadable(batch, layer)
        if unreadable:
            return LayerAnswer(
                layer=layer, kind=subject.layer.kind, facts=None, outcomes=(), findings=unreadable, result=result
            )
        outcomes = self._with_twins(outcomes)
        findings += _odd(batch, layer)
        if batch.facts is not None:
            outcomes = self._heard(outcomes, batch.facts, subject)
        return LayerAnswer(
            layer=layer, kind=subject.layer.kind, facts=batch.facts, outcomes=outcomes, findings=findings, result=result
        )

    def _heard(self, outcomes: Sequence[Outcome], facts: LayerFacts, subject: Subject) -> tuple[Outcome, ...]:
        ended = Ended(facts=facts, rules=self.rules, measures=subject.measures)
        twins = (twin for each in self.twins.values() for twin in each)
        uses = {use.id: use for use in (*self.asked.values(), *twins)}
        heard = (ended.heard(outcome, uses[outcome.rule]) for outcome in outcomes)
        return tuple(outcome for outcome in heard if outcome is not None)

    def _with_twins(self, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
        twins = (replace(each, rule=twin.id) for each in outcomes for twin in self.twins.get(each.rule, ()))
        return (*outcomes, *twins)

    def _batch(self, result: Any) -> ExportBatch:
        batch: ExportBatch = self.asset.datasource.get_execution_engine().batch({"batch_id": result.batch_id})
        return batch


def require_whole(expectations: Sequence[Any], policy: Policy) -> None:
    """Make sure that the suite has the policy's rules, all of them and in their order.

    Raises: ValueError.
    """
    kept = [(each.expectation_type, (each.meta or {}).get("rule")) for each in expectations]
    if kept != [(rule.expectation, rule.id) for rule in policy.rules]:
        raise ValueError("Great Expectations changed the suite while it was built")


def _expectation(use: PolicyRule, rule: Rule[Any]) -> Any:
    return expectation_class(rule)(
        **use.params.model_dump(mode="json"),
        severity=use.severity.value,
        notes=use.notes or None,
        meta={
            "rule": use.id,
            "remedy": use.remedy,
            "legal_basis": [
                {"section": basis.section, "source": basis.source, "as_of": basis.as_of.isoformat()}
                for basis in use.legal_basis
            ],
        },
    )


def _unreadable(batch: ExportBatch, layer: LayerName) -> tuple[Finding, ...]:
    """Make the finding for a layer that could not be read; any other end of the pass is raised again."""
    if batch.failure is None:
        return ()
    if not isinstance(batch.failure, UnreadableError):
        raise batch.failure
    return (gate_finding("unreadable", layer=layer, summary=batch.failure.summary, remedy=batch.failure.remedy),)


def _odd(batch: ExportBatch, layer: LayerName) -> tuple[Finding, ...]:
    if batch.passes != 1 or batch.facts is None:
        return (
            gate_finding(
                "not-measured",
                layer=layer,
                summary=f"the layer was measured {batch.passes} times instead of once",
                remedy="this is a fault of geogate; report it",
            ),
        )
    return ()
