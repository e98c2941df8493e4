"""What counts of a suite's answers where a pass ended before the last row: denials that no further row can change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from geogate.measures.measure import UnmeasurableError, Unmeasured
from geogate.model.finding import Effect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.measures.measure import LayerFacts, Measure
    from geogate.model.finding import Outcome
    from geogate.policy.policy import PolicyRule
    from geogate.rules.rule import Rule
    from geogate.suites.subject import RuleUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """The facts of a layer, the rules by their expectation types, and the measures that each use of a rule needs."""

    facts: LayerFacts
    rules: Mapping[str, Rule[Any]]
    measures: Mapping[RuleUse, tuple[Measure[Any], ...]]

    def heard(self, outcome: Outcome, use: PolicyRule) -> Outcome | None:
        """Return what an outcome is worth: of a pass that is not complete only a denial that is certain.

        A rule whose outcome is dropped has not spoken, which denies too.
        """
        if self.facts.complete:
            return outcome
        if use.effect is not Effect.DENY or not outcome.problems or not self._settled(use):
            return None
        problems = tuple(replace(problem, summary=f"at least: {problem.summary}") for problem in outcome.problems)
        return replace(outcome, observed=f"at least {outcome.observed}", problems=problems)

    def _settled(self, use: PolicyRule) -> bool:
        names = [measure.id for measure in self.measures[use.expectation, use.params_json]]
        values = {name: self.facts.values[name] for name in names}
        found = {name: value for name, value in values.items() if not isinstance(value, Unmeasured)}
        try:
            return len(found) == len(values) and self.rules[use.expectation].settled(use.params, found)
        except UnmeasurableError:
            return False
