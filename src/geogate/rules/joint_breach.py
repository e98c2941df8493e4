"""The rule that some things may be, but not together: a joint breach of other rules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints, ValidationInfo, field_validator, model_validator

from geogate.model.dataset import LayerKind
from geogate.model.finding import Problem
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from typing import Self

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

JOINT = "expect_no_joint_breach"


class PartParams(Params):
    """One of the rules that must not all be broken."""

    type: Annotated[str, StringConstraints(pattern=r"^expect_[a-z0-9_]+$")] = Field(description="The rule.")
    kwargs: dict[str, Any] = Field(description="Its parameters, as an expectation of its own would have them.")

    @field_validator("kwargs")
    @classmethod
    def _those_of_the_rule(cls, kwargs: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
        """Read them as strictly as the rule does, and write them in one way: Great Expectations sorts keys."""
        if "type" not in info.data:
            return kwargs
        return _params_of(info.data["type"], kwargs).model_dump(mode="json")


class JointParams(Params):
    """Rules that may be broken, but not all of them together."""

    breaches: Annotated[tuple[PartParams, ...], Field(min_length=2, max_length=8)] = Field(
        description="The rules; the layer breaks this one where it breaks every one of them."
    )
    because: Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^\S[^\n]*$")] = Field(
        description="What it means that all of them are broken, in words."
    )

    @model_validator(mode="after")
    def _rules_that_there_are(self) -> Self:
        kept = [part.model_dump_json() for part in self.breaches]
        if len(set(kept)) != len(kept):
            raise ValueError("a rule stands twice")
        if not _kinds(self):
            raise ValueError("no kind of layer is judged by all of these rules")
        return self


def rule_of(name: str) -> Rule[Any]:
    """Find a rule that can be part of a joint one.

    Raises: ValueError when there is none, or it is a joint rule itself.
    """
    # The registry imports this module.
    from geogate.rules.registry import registered

    if name == JOINT:
        raise ValueError("a joint rule cannot be part of another one")
    if name not in registered():
        raise ValueError(f"there is no rule {name!r}")
    return registered()[name]


class NoJointBreach(Rule[JointParams]):
    """A layer may break some of several rules, but not all of them together.

    Why: many laws forbid a combination: precise positions, of a listed zone, to a listed country, of so many people;
    each of them alone may leave.
    Params: ``breaches``, a list of rules with ``type`` and ``kwargs``; ``because``, what the combination means.
    Finds: a layer that breaks every one of the rules. Where one of them cannot be measured there is no
    answer, which denies. Layers are judged whose kind all of the rules judge.
    Misses: a combination whose parts are in different layers of a dataset.
    Remedy: change the data so that one of the rules is satisfied; the finding lists what each of them says.
    Basis: for example 28 CFR 202.222 (precise, and in a listed area); SatDSiV § 2 (2).
    """

    expectation = JOINT
    params = JointParams
    kinds = frozenset(LayerKind)

    def kinds_of(self, params: JointParams) -> frozenset[LayerKind]:
        """Judge only kinds of layers that all parts judge."""
        return _kinds(params)

    def parts(self, params: JointParams) -> tuple[tuple[str, Rule[Any], Params], ...]:
        """Name the rules that must not all be broken."""
        return tuple((f"breaches[{index}].kwargs", rule, own) for index, (rule, own) in enumerate(_parts(params)))

    def implies(self, stricter: JointParams, looser: JointParams) -> bool:
        """Say that each part that can be satisfied in the one satisfies a part of the other."""
        return all(
            any(rule is other and rule.implies(own, theirs) for other, theirs in _parts(looser))
            for rule, own in _parts(stricter)
        )

    def sentence(self, params: JointParams) -> str:
        """Say of which demands one must be satisfied."""
        demands = " or: ".join(rule.sentence(own).rstrip(".") for rule, own in _parts(params))
        return f"At least one of these must hold ({params.because}): {demands}."

    def holds_until(self, params: JointParams, circumstances: Circumstances) -> date | None:
        """Give the first last day of any part: which of them lets the layer pass may depend on it."""
        ends = [rule.holds_until(own, circumstances) for rule, own in _parts(params)]
        return min((each for each in ends if each is not None), default=None)

    def zone_lists(self, params: JointParams) -> tuple[str, ...]:
        """Need those of all parts."""
        return tuple(dict.fromkeys(name for rule, own in _parts(params) for name in rule.zone_lists(own)))

    def measures(self, params: JointParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need those of all parts."""
        every = (measure for rule, own in _parts(params) for measure in rule.measures(own, zone_lists))
        return tuple({measure.id: measure for measure in every}.values())

    def adds_up(
        self, params: JointParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...] | None:
        """Count on by what any part counts on by."""
        found = [rule.adds_up(own, zone_lists) for rule, own in _parts(params)]
        if all(each is None for each in found):
            return None
        return tuple({measure.id: measure for each in found for measure in each or ()}.values())

    def judge(
        self, params: JointParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Let each part judge; the layer passes where one of them finds nothing."""
        judgements: list[Judgement] = []
        for rule, own in _parts(params):
            needed = (measure.id for measure in rule.measures(own, circumstances.zone_lists))
            judgements.append(rule.judge(own, {name: measurements[name] for name in needed}, circumstances))
        observed = "; ".join(each.observed for each in judgements)
        if not all(each.problems for each in judgements):
            return Judgement(observed=observed)
        every = tuple(problem for each in judgements for problem in each.problems)
        problem = Problem(
            summary=f"{params.because}: " + "; ".join(each.summary for each in every),
            remedy="satisfy one of these: " + "; ".join(each.remedy for each in every),
            counts=tuple(count for each in every for count in each.counts),
        )
        return Judgement(observed=observed, problems=(problem,))


def _kinds(params: JointParams) -> frozenset[LayerKind]:
    return frozenset.intersection(*(rule.kinds_of(own) for rule, own in _parts(params)))


def _parts(params: JointParams) -> tuple[tuple[Rule[Any], Params], ...]:
    return tuple((rule_of(part.type), _params_of(part.type, part.kwargs)) for part in params.breaches)


def _params_of(name: str, kwargs: dict[str, Any]) -> Params:
    made: Params = rule_of(name).params.model_validate_json(json.dumps(kwargs, allow_nan=False))
    return made
