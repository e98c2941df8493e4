"""What a run of the suite is about: one layer, the way to measure it, and the circumstances of the release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from geogate.model.dataset import LayerKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.measures.measure import LayerPass, Measure, MeasureId
    from geogate.model.names import LayerName
    from geogate.model.parties import Circumstances


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerUnderTest:
    """A layer by its name within the dataset, and the pass that measures it."""

    name: LayerName
    run: LayerPass
    kind: LayerKind = LayerKind.VECTOR


RuleUse = tuple[str, str]
"""A rule as a policy uses it: its expectation type and its parameters as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A layer with everything that the rules of the policy may ask about it; built once, shared by all rules."""

    layer: LayerUnderTest
    circumstances: Circumstances
    measures: Mapping[RuleUse, tuple[Measure[Any], ...]]

    def measure(self, name: MeasureId) -> Measure[Any]:
        """Return the measure with that id.

        Raises: KeyError.
        """
        return {measure.id: measure for group in self.measures.values() for measure in group}[name]
