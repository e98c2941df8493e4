"""The rule about how uncertain positions leave the place that they are about."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Final, Literal

import pyproj
from pydantic import Field, model_validator

from geogate.measures.lattice import CoordinateLattice, Lattice
from geogate.measures.lattice_metres import steps
from geogate.measures.reference import axis_unit
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import OPERATORS, Limit
from geogate.rules.rounding import rounding_remedy
from geogate.rules.rule import Judgement, Params, Rule
from geogate.rules.words import number_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

DEGREE_M: Final = 111_694.0
"""The longest degree of latitude on the WGS 84 ellipsoid, at a pole, in metres, rounded up."""

UNIT_ROUNDING: Final = 1e-12
"""How far the unit of an axis may be from a degree and is one: databases round it. Units: radians."""

AXES: Final = ("x", "y")


class UncertaintyParams(Params):
    """By which measure of uncertainty positions are judged, and against which limit."""

    metric: Literal["radius", "equal_area_radius", "decimals"] = Field(
        description="radius: half the diagonal of the cell that a position stands for; equal_area_radius: that of the "
        "circle with the cell's area; decimals: decimal digits of a degree."
    )
    limit: Annotated[float, Field(ge=0, le=1e7)] = Field(description="Metres for the radii, digits for decimals.")
    operator: Literal[">", ">=", "<", "<="] = Field(
        description="How the measured value must compare with limit: > or >= for radii, < or <= for decimals."
    )

    @model_validator(mode="after")
    def _the_right_way_round(self) -> Self:
        """Refuse what would let only precise positions pass."""
        if (self.metric == "decimals") != (self.operator in {"<", "<="}):
            raise ValueError("radii must be > or >= the limit, decimals < or <= it")
        if self.metric == "decimals" and self.limit != int(self.limit):
            raise ValueError("a limit of decimals is a whole number")
        return self


class LocationUncertainty(Rule[UncertaintyParams]):
    """Positions leave the place that they are about uncertain enough.

    Why: laws call a position precise by the circle within which it places somebody, by an area, or by its decimals;
    two decimals of a degree are within 1,000 m at every latitude, and by area it depends on the latitude.
    Params: ``metric``, ``limit`` and ``operator``.
    Finds: the cell of the finest steps of both axes, each where it is shortest on the ground, as half its diagonal, as
    the radius of the circle of the same area, or as decimals of a degree. Positions that are not finite, and layers
    without a position, are problems.
    Misses: noise and inaccuracy, which make positions less certain than their digits say: who adds them should round.
    Remedy: round the positions; the finding says to how many decimals.
    Basis: 28 CFR 202.242 (1,000 m); Cal. Civ. Code 1798.140(w) (the area of a circle of 1,850 feet); Minn. Stat.
    325M.11 (three decimals).
    """

    expectation = "expect_location_uncertainty"
    params = UncertaintyParams
    kinds = frozenset({LayerKind.VECTOR, LayerKind.PHOTO})
    bounds = (Limit("limit", "operator"),)

    def unit(self, path: str, params: UncertaintyParams) -> str:
        """Give the unit of the limit by the metric."""
        del path
        return "decimals" if params.metric == "decimals" else "m"

    def sentence(self, params: UncertaintyParams) -> str:
        """Say how uncertain positions must be."""
        limit = number_in_words(params.limit, self.unit("limit", params))
        return f"The {params.metric.replace('_', ' ')} of each position must be {OPERATORS[params.operator]} {limit}."

    def zone_lists(self, params: UncertaintyParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(
        self, params: UncertaintyParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...]:
        """Need the lattice of the coordinates."""
        del params, zone_lists
        return (CoordinateLattice(),)

    def judge(
        self, params: UncertaintyParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the least uncertainty with the limit.

        Raises: UnmeasurableError when the reference system does not say how long a step is.
        """
        del circumstances
        lattice = measurements[CoordinateLattice().id]
        if not isinstance(lattice, Lattice):
            raise TypeError("the measurement is no lattice")
        value = uncertainty(lattice, params.metric)
        observed = "no position" if value is None else f"{params.metric.replace('_', ' ')} {_said(value, params)}"
        return Judgement(observed=observed, problems=tuple(_problems(lattice, value, params)))


def uncertainty(lattice: Lattice, metric: str) -> float | None:
    """Give the least uncertainty of any position, or the most decimals; ``None`` without a position.

    The finest step of one axis and that of the other need not be of the same position: the cell is at most too small.
    Units: metres, or decimal digits.

    Raises: UnmeasurableError when the reference system does not say how long a step is.
    """
    found = steps(lattice)
    width, height = (min((step.metres for step in found if step.axis == axis), default=math.nan) for axis in AXES)
    if math.isnan(width) or math.isnan(height):
        return None
    if metric == "radius":
        return math.hypot(width, height) / 2
    if metric == "equal_area_radius":
        return math.sqrt(width * height / math.pi)
    return _decimals(min(width, height), lattice)


def _decimals(finest_m: float, lattice: Lattice) -> float:
    """Count decimals of degrees; of numbers in other units those whose step is as short on the ground."""
    crs = _geographic_in_degrees(lattice)
    if crs:
        return float(max(each.places for each in (*lattice.x, *lattice.y)))
    return math.inf if finest_m == 0 else max(0.0, math.ceil(-math.log10(finest_m / DEGREE_M) - 1e-9))


def _geographic_in_degrees(lattice: Lattice) -> bool:
    crs = pyproj.CRS.from_wkt(lattice.crs)
    return crs.is_geographic and abs(axis_unit(crs) - math.pi / 180) < UNIT_ROUNDING


def _passes(value: float, params: UncertaintyParams) -> bool:
    """Compare; what is not a number passes nowhere."""
    match params.operator:
        case ">":
            return value > params.limit
        case ">=":
            return value >= params.limit
        case "<":
            return value < params.limit
        case _:
            return value <= params.limit


def _problems(lattice: Lattice, value: float | None, params: UncertaintyParams) -> Iterator[Problem]:
    if lattice.non_finite:
        yield Problem(
            summary="some positions are not finite numbers",
            remedy="remove them, or export the layer again from its source",
            counts=(Count(what="vertices that are not finite", value=lattice.non_finite),),
        )
    if value is None:
        yield Problem(
            summary="the layer has no position whose uncertainty could be judged",
            remedy="leave the layer out if it has no geometry",
        )
    elif not _passes(value, params):
        radius = params.metric != "decimals"
        yield Problem(
            summary=f"positions are certain to {_said(value, params)}",
            remedy=rounding_remedy(lattice, lambda rounded: _lattice_passes(rounded, params)),
            measured=f"{value:,.6g}",
            operator=params.operator,
            limit=f"{params.limit:g}",
            unit="m" if radius else "decimals",
        )


def _lattice_passes(lattice: Lattice, params: UncertaintyParams) -> bool:
    value = uncertainty(lattice, params.metric)
    return value is not None and _passes(value, params)


def _said(value: float, params: UncertaintyParams) -> str:
    return f"{value:g} decimals" if params.metric == "decimals" else f"{value:,.6g} m"
