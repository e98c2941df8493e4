"""The rule about codes of regions in which too few people live."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from geogate.measures.region_prefixes import PrefixLimits, RegionCodes, RegionPrefixes
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit
from geogate.rules.rule import Judgement, Params, Rule
from geogate.rules.small_cells import NamePatterns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

Prefix = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,10}$")]


class RegionParams(Params):
    """Which columns have codes of regions, and which regions are too small to be named."""

    columns: NamePatterns = Field(description="Names or patterns of the columns with codes, for example `zip*`.")
    digits: Annotated[int, Field(ge=1, le=10)] = Field(description="The digits of a code; one with more is a problem.")
    population: Annotated[int, Field(ge=1)] = Field(description="The population that a region is compared with.")
    operator: Literal[">", ">="] = Field(description="How a region's population must compare with it.")
    too_small: Annotated[tuple[Prefix, ...], Field(min_length=1, max_length=10_000)] = Field(
        description="The codes of all regions for which that does not hold."
    )
    instead: Prefix = Field(description="What stands for all of them.")
    column_required: bool = Field(description="Whether a layer without such a column is a problem.")

    @model_validator(mode="after")
    def _not_contradictory(self) -> Self:
        codes = (*self.too_small, self.instead)
        if any(len(code) != self.digits for code in codes):
            raise ValueError("a code does not have as many digits as digits says")
        if len(set(codes)) != len(codes):
            raise ValueError("a code stands twice")
        return self


class RegionPopulationAbove(Rule[RegionParams]):
    """Codes name regions in which more people live than the policy asks for.

    Why: few people share a rare postal code, an age and a diagnosis.
    Params: ``columns``, names or patterns; ``digits`` of a code; ``population`` and ``operator``, which must hold for a
    region; ``too_small``, the codes of all regions for which it does not, as somebody counted; ``instead``, the code
    that stands for all of them; ``column_required``.
    Finds: codes of regions that are too small; codes with more digits, such as whole postal codes; values that are no
    codes, such as those that lost a zero at their beginning. A layer without such a column is a problem if the column
    is required.
    Misses: columns that are called otherwise; regions that have become smaller since they were counted; codes that name
    no region.
    Remedy: cut codes, and write what stands instead for regions that are too small.
    Basis: de-identification by safe harbour, 45 CFR 164.514(b)(2)(i)(B): more than 20,000 people, else 000.
    """

    expectation = "expect_region_population_above"
    params = RegionParams
    bounds = (Limit("population", "operator"),)
    says = (
        "Codes of regions, cut to {digits}, must name regions of {operator} {population}; columns of codes: {columns}."
    )

    def zone_lists(self, params: RegionParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(self, params: RegionParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need the codes."""
        del zone_lists
        return (_measure(params),)

    def settled(self, params: RegionParams, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Say that a code is not allowed already."""
        found = measurements[_measure(params).id]
        return isinstance(found, RegionCodes) and bool(list(_problems(params, found)))

    def judge(
        self, params: RegionParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Report the codes that are not allowed."""
        del circumstances
        found = measurements[_measure(params).id]
        if not isinstance(found, RegionCodes):
            raise TypeError("the measurement has no codes")
        observed = f"{found.codes:,} codes in {found.columns or 0} columns"
        return Judgement(observed=observed, problems=(*_missing(params, found), *_problems(params, found)))


def _measure(params: RegionParams) -> RegionPrefixes:
    return RegionPrefixes(PrefixLimits(columns=params.columns, digits=params.digits, too_small=params.too_small))


def _missing(params: RegionParams, found: RegionCodes) -> Iterator[Problem]:
    if params.column_required and not found.columns:
        yield Problem(
            summary="the layer has no column with codes of regions, so that their population cannot be judged",
            remedy="name the column as the policy does, or have the policy name it",
        )


def _problems(params: RegionParams, found: RegionCodes) -> Iterator[Problem]:
    limit = f"{params.operator} {params.population:,}"
    said = (
        (found.small, f"codes name regions whose population is not {limit}", f"write {params.instead} for them"),
        (found.longer, f"codes have more than {params.digits} digits", f"keep the first {params.digits} digits"),
    )
    for count, summary, remedy in said:
        if count:
            yield Problem(
                summary=f"{count:,} {summary}",
                remedy=remedy,
                measured=str(count),
                operator="<=",
                limit="0",
                unit="values",
                counts=(Count(what=summary, value=count),),
            )
    if found.other:  # not judged: it has no limit, as nothing was compared
        summary = f"values are no codes of {params.digits} digits"
        yield Problem(
            summary=f"{found.other:,} {summary}",
            remedy="write codes as texts, with leading zeros",
            counts=(Count(what=summary, value=found.other),),
        )
