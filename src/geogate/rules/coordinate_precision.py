"""The rule about how finely a layer's positions tell places apart."""

from __future__ import annotations

from operator import ge, gt
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from geogate.measures.lattice import CoordinateLattice, Lattice
from geogate.measures.lattice_metres import finest_step, steps
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit
from geogate.rules.rounding import rounding_remedy
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from geogate.measures.lattice_metres import Step
    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

MOST_CLASSES = 8
"""Classes of the histogram that a finding lists; the finest come first."""

SETTLED = 0.1
"""The share of the limit below which a step stays too fine.

With more rows a step of one unit can turn out to be one of five, and the nodes at which it is looked up move with the
extent.
"""


class PrecisionParams(Params):
    """How coarse the finest step must be."""

    step_m: Annotated[float, Field(gt=0, le=1e7)] = Field(description="The finest step that is allowed, in metres.")
    operator: Literal[">=", ">"] = Field(description="How the measured step must compare with step_m.")


class CoordinatePrecision(Rule[PrecisionParams]):
    """Positions tell places apart no finer than the policy allows.

    Why: a fine position tells which building, vehicle or person is meant; a coarse one only the district.
    Params: ``step_m``, the finest step in metres; ``operator``, ``>=`` or ``>``, which must hold between the measured
    step and ``step_m``.
    Finds: the finest decimal step of any ordinate of any vertex, in metres where it is shortest on the ground. One
    fine ordinate in millions is found. Positions that are not finite, and layers without a position, are problems.
    Misses: noise that was added before rounding; fine positions that end in zeros by chance; steps that are no
    decimal fractions, such as multiples of a third, which count as fine.
    Remedy: round the positions; the finding says to how many decimals.
    Basis: data minimisation, GDPR art. 5(1)(c); precise geolocation, 28 CFR 202.242; data at a fixed resolution,
    GBIF's practice for sensitive species.
    """

    expectation = "expect_coordinates_no_finer_than"
    params = PrecisionParams
    kinds = frozenset({LayerKind.VECTOR, LayerKind.PHOTO})
    bounds = (Limit("step_m", "operator"),)
    says = (
        "The finest step of any ordinate of any position, where it is shortest on the ground, must be "
        "{operator} {step_m}."
    )

    def zone_lists(self, params: PrecisionParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(self, params: PrecisionParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need the lattice of the coordinates."""
        del params, zone_lists
        return (CoordinateLattice(),)

    def settled(self, params: PrecisionParams, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Say that a step is too fine already, by more than more rows could move where it is shortest on the ground.

        Raises: UnmeasurableError when the reference system does not say how long a step is.
        """
        lattice = measurements[CoordinateLattice().id]
        finest = finest_step(lattice) if isinstance(lattice, Lattice) else None
        return finest is not None and finest.metres < SETTLED * params.step_m

    def judge(
        self, params: PrecisionParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the finest step with the limit.

        Raises: UnmeasurableError when the reference system does not say how long a step is.
        """
        del circumstances
        lattice = measurements[CoordinateLattice().id]
        if not isinstance(lattice, Lattice):
            raise TypeError("the measurement is no lattice")
        finest = finest_step(lattice)
        problems = [*_strange(lattice, finest)]
        allowed = _allowed(params)
        if finest is not None and not allowed(finest.metres):
            problems.append(_too_fine(lattice, finest, params))
        observed = f"finest step {_metres(finest.metres)} m" if finest else "no position"
        return Judgement(observed=observed, problems=tuple(problems))


def _allowed(params: PrecisionParams) -> Callable[[float], bool]:
    compare = {">=": ge, ">": gt}[params.operator]
    # A step that is not a number compares as false, which is a problem.
    return lambda metres: bool(compare(metres, params.step_m))


def _strange(lattice: Lattice, finest: Step | None) -> Iterator[Problem]:
    if lattice.non_finite:
        yield Problem(
            summary="some positions are not finite numbers",
            remedy="remove them, or export the layer again from its source",
            counts=(Count(what="vertices that are not finite", value=lattice.non_finite),),
        )
    if finest is None:
        yield Problem(
            summary="the layer has no position whose precision could be judged",
            remedy="leave the layer out if it has no geometry",
        )


def _too_fine(lattice: Lattice, finest: Step, params: PrecisionParams) -> Problem:
    allowed = _allowed(params)
    fine = sorted((step for step in steps(lattice) if not allowed(step.metres)), key=lambda step: step.metres)
    return Problem(
        summary=f"positions are as fine as {_metres(finest.metres)} m ({finest.label})",
        remedy=_remedy(lattice, allowed),
        measured=_metres(finest.metres),
        operator=params.operator,
        limit=f"{params.step_m:g}",
        unit="m",
        counts=_counts(fine),
    )


def _counts(fine: Sequence[Step]) -> tuple[Count, ...]:
    totals = [
        Count(
            what=f"{axis} ordinates finer than the limit", value=sum(step.count for step in fine if step.axis == axis)
        )
        for axis in ("x", "y")
    ]
    classes = [Count(what=f"{step.axis} ordinates with {step.label}", value=step.count) for step in fine[:MOST_CLASSES]]
    return (*totals, *classes)


def _remedy(lattice: Lattice, allowed: Callable[[float], bool]) -> str:
    def passes(rounded: Lattice) -> bool:
        finest = finest_step(rounded)
        return finest is not None and allowed(finest.metres)

    return rounding_remedy(lattice, passes)


def _metres(metres: float) -> str:
    return f"{metres:,.6g}"
