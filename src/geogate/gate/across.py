"""Positions that are spread over layers: one axis in the numbers of one layer, the other axis in those of another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from geogate.measures.hidden.columns import ColumnContents, Contents
from geogate.measures.hidden.numbers import numbers_in
from geogate.measures.hidden.numbers_possible import over_layers
from geogate.rules.declared_columns import DeclaredColumns, DeclaredColumnsParams

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geogate.measures.hidden.numbers_possible import Lone
    from geogate.measures.measure import MeasureId
    from geogate.policy.policy import Policy
    from geogate.suites.judge import LayerAnswer


def with_other_layers(
    answers: Sequence[LayerAnswer], *, policy: Policy, before: tuple[Lone, ...] = ()
) -> tuple[LayerAnswer, ...]:
    """Add to what the rule about columns says of each layer what it says of columns beside those of other layers.

    ``before`` are such columns of what left just before, as the batch before this one in a feed.
    """
    facts = [None if answer.facts is None else answer.facts.values for answer in answers]
    beside = columns_beside(facts)
    if before:
        earlier = (over_layers(lone_in(values), before) for values in facts)
        beside = tuple((*dict.fromkeys((*own, *more)),) for own, more in zip(beside, earlier, strict=True))
    return tuple(_with(answer, names, policy=policy) for answer, names in zip(answers, beside, strict=True))


def columns_beside(layers: Sequence[Mapping[MeasureId, Any] | None]) -> tuple[tuple[str, ...], ...]:
    """Name for each layer the columns that could tell positions together with those of another layer.

    ``layers`` are what was measured of each, ``None`` for one that could not be.
    """
    return beside_others([lone_in(values) for values in layers])


def beside_others(alone: Sequence[tuple[Lone, ...]]) -> tuple[tuple[str, ...], ...]:
    """Name them by the columns that are alone in each layer."""
    found = []
    for place, own in enumerate(alone):
        others = [each for other, several in enumerate(alone) if other != place for each in several]
        found.append(over_layers(own, others))
    return tuple(found)


def lone_in(values: Mapping[MeasureId, Any] | None) -> tuple[Lone, ...]:
    """Give the columns that could be one axis of positions and are alone in their layer."""
    contents = None if values is None else values.get(ColumnContents().id)
    return numbers_in(contents).lone if isinstance(contents, Contents) else ()


def _with(answer: LayerAnswer, names: tuple[str, ...], *, policy: Policy) -> LayerAnswer:
    params = {rule.id: rule.params for rule in policy.rules if rule.expectation == DeclaredColumns.expectation}
    outcomes = []
    for outcome in answer.outcomes:
        own = params.get(outcome.rule)
        more = DeclaredColumns.beside_other_layers(own, names) if isinstance(own, DeclaredColumnsParams) else ()
        outcomes.append(replace(outcome, problems=(*outcome.problems, *more)))
    return replace(answer, outcomes=tuple(outcomes))
