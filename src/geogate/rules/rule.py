"""The contract of a rule: parameters, the measures that it needs, and how it judges what they found.

A rule is pure: it reads no file, no clock and no network. ``geogate.suites`` wraps it as a Great Expectations
expectation, so that importing the rules does not import Great Expectations.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from geogate.model.dataset import LayerKind
from geogate.rules.bounds import excluded, implied
from geogate.rules.words import sentence_of, unit_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.finding import Problem
    from geogate.model.parties import Circumstances
    from geogate.rules.bounds import Bound
    from geogate.zones.zone import ZoneList


class Params(BaseModel):
    """Parameters of a rule: every one is required, because a default that changes in code would change policies."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


P = TypeVar("P", bound=Params)


@dataclass(frozen=True, slots=True, kw_only=True)
class SoFar:
    """How far a recipient is from a limit that holds over several releases."""

    measured: int
    operator: str
    limit: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a rule says of one layer: the observation in words, and the problems; none means that it passed."""

    observed: str
    problems: tuple[Problem, ...] = ()


class Rule(ABC, Generic[P]):
    """A rule; the docstring of each has Why, Params, Finds, Misses, Remedy and Basis."""

    expectation: ClassVar[str]
    """The expectation's type as policies write it: ``expect_...`` in snake case."""

    params: ClassVar[type[Params]]

    kinds: ClassVar[frozenset[LayerKind]] = frozenset({LayerKind.VECTOR})
    """The kinds of layers that the rule judges; it has nothing to say about others, which another rule must judge."""

    def kinds_of(self, params: P) -> frozenset[LayerKind]:
        """Name the kinds of layers that the rule judges with these parameters."""
        del params
        return self.kinds

    bounds: ClassVar[tuple[Bound, ...]] = ()
    """How parameters make the rule stricter; one without a bound must be equal for one use to imply another."""

    compared: ClassVar[Mapping[str, str]] = {}
    """The comparisons with numbers that stand within lists of limits, by the names of their parameters."""

    says: ClassVar[str] = ""
    """What the rule demands, as a sentence with ``{parameter}`` where each stands; empty: as the docstring begins."""

    def parts(self, params: P) -> tuple[tuple[str, Rule[Any], Params], ...]:
        """Name the rules of which the rule is made, with the paths of their parameters; most are made of none."""
        del params
        return ()

    def implies(self, stricter: P, looser: P) -> bool:
        """Say that whatever passes with the one passes with the other; false where that is not sure."""
        return implied(self.bounds, stricter, looser)

    def excludes(self, one: P, other: P) -> bool:
        """Say that nothing passes with both; false where that is not sure."""
        return excluded(self.bounds, one, other)

    def unit(self, path: str, params: P) -> str:
        """Give the unit of a number by its path among the parameters."""
        del params
        return unit_of(path)

    def sentence(self, params: P) -> str:
        """Say what the rule demands with these parameters, for people."""
        return sentence_of(self, params)

    def holds_until(self, params: P, circumstances: Circumstances) -> date | None:
        """Give the last day of what the rule asks for, such as a contract; none where it asks for nothing that ends."""
        del params, circumstances
        return None

    @abstractmethod
    def zone_lists(self, params: P) -> tuple[str, ...]:
        """Name the zone lists that the rule needs."""

    @abstractmethod
    def measures(self, params: P, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Name the measures that the rule needs; none for a rule about circumstances only."""

    def settled(self, params: P, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Tell from some of a layer's rows that the rule is broken, and that no further row can change that.

        ``measurements`` has exactly those of ``measures``. A rule that does not say is never settled.
        """
        del params, measurements
        return False

    def adds_up(self, params: P, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...] | None:
        """Name the measures of ``circumstances.earlier`` that count on; ``None`` where nothing does.

        None are needed where only rows count.
        """
        del params, zone_lists
        return None

    def so_far(self, params: P, measure_ids: Sequence[MeasureId], circumstances: Circumstances) -> SoFar | None:
        """Say what ``circumstances`` have of what counts on; ``measure_ids`` are those of ``measures``."""
        del params, measure_ids, circumstances
        return None

    @abstractmethod
    def judge(
        self, params: P, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Judge one layer; ``measurements`` has exactly those of ``measures``."""


class CircumstanceRule(Rule[P]):
    """A rule about the circumstances of a release alone: it looks at no row, and concerns layers of every kind."""

    kinds = frozenset(LayerKind)

    def zone_lists(self, params: P) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(self, params: P, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need none."""
        del params, zone_lists
        return ()

    def judge(
        self, params: P, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Judge the circumstances."""
        del measurements
        return self.judge_circumstances(params, circumstances)

    @abstractmethod
    def judge_circumstances(self, params: P, circumstances: Circumstances) -> Judgement:
        """Judge the circumstances."""
