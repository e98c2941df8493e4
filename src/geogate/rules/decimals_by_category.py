"""The rule about positions that may be the coarser the more sensitive what they show is."""

from __future__ import annotations

from dataclasses import replace
from math import isclose, radians
from operator import ge, gt, le, lt
from typing import TYPE_CHECKING, Annotated, Literal

import pyproj
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from geogate.measures.category_lattice import CategoryLattices, LatticeByCategory
from geogate.measures.decimals import FINEST
from geogate.measures.lattice_metres import finest_step
from geogate.measures.measure import UnmeasurableError
from geogate.measures.reference import axis_unit
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import OPERATORS
from geogate.rules.layer_inventory import ColumnName
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

    from geogate.measures.category_lattice import CategoryLattice
    from geogate.measures.lattice import Lattice
    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

SURE_DIGITS = 9
"""The digits to which a step in metres is compared."""

Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Category(BaseModel):
    """How fine positions of a category may be: ``withhold``, ``exact``, or ``decimals``, ``step_m`` or both."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 _-]{0,39}$")] = Field(
        description="What findings call the category."
    )
    labels: Annotated[tuple[Label, ...], Field(min_length=1, max_length=1000)] = Field(
        description="What stands in the column; upper and lower case are the same."
    )
    withhold: bool = Field(default=False, description="Whether no position of the category may leave.")
    exact: bool = Field(default=False, description="Whether positions of the category may be as fine as they are.")
    decimals: Annotated[int, Field(ge=-2, le=FINEST)] | None = Field(
        default=None, description="The most decimals of degrees."
    )
    step_m: Annotated[float, Field(gt=0, le=1e7)] | None = Field(
        default=None,
        description="The finest step in metres, where positions are not in degrees or no decimals are given.",
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if [self.withhold, self.exact, self.decimals is not None or self.step_m is not None].count(True) != 1:
            raise ValueError("a category is withheld, exact, or has decimals, a step in metres or both")
        return self


class DecimalsByCategoryParams(Params):
    """Which column has the category, and how fine each may be."""

    column: ColumnName = Field(description="The column with the category.")
    categories: Annotated[tuple[Category, ...], Field(min_length=1, max_length=100)] = Field(
        description="The categories; a row of any other is a problem."
    )
    decimals_operator: Literal["<=", "<"] = Field(description="How decimals must compare with those of the category.")
    step_operator: Literal[">=", ">"] = Field(description="How the finest step must compare with step_m.")

    @model_validator(mode="after")
    def _not_contradictory(self) -> Self:
        labels = [label.strip().lower() for category in self.categories for label in category.labels]
        if len(set(labels)) != len(labels):
            raise ValueError("a label stands for two categories")
        return self


class DecimalsByCategory(Rule[DecimalsByCategoryParams]):
    """Positions are as coarse as the category of their rows asks for.

    Why: who knows where the last orchids grow or eagles nest can dig or climb there; common species need no protection.
    Params: ``column``, with the category; ``categories``, each with its ``labels`` and ``withhold``, ``exact``, or the
    most ``decimals`` of degrees, the finest ``step_m`` in metres, or both; ``decimals_operator`` and ``step_operator``.
    Finds: rows of a category with a finer position, or with any where it is withheld; ``decimals`` are those of the
    finest ordinate in degrees, ``step_m`` holds for other units, or for all where no decimals are given. A row whose
    category is none of those, or missing, a layer without the column, and positions that are not finite, are problems.
    Misses: noise that was added before rounding; places that are named in texts; a wrong category.
    Remedy: round the positions of the category, or withhold them.
    Basis: generalisation by category of sensitivity, Chapman (2020), Current Best Practices for Generalizing Sensitive
    Species Occurrence Data, GBIF.
    """

    expectation = "expect_decimals_by_category"
    params = DecimalsByCategoryParams

    def sentence(self, params: DecimalsByCategoryParams) -> str:
        """Say how fine each category may be."""
        said = "; ".join(
            f"{category.name} ({', '.join(category.labels)}): {_allowed(params, category)}"
            for category in params.categories
        )
        return (
            f"Positions must be as coarse as the column {params.column} asks for. {said}; no other category may leave."
        )

    def zone_lists(self, params: DecimalsByCategoryParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(
        self, params: DecimalsByCategoryParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...]:
        """Need the lattice of each category."""
        del zone_lists
        return (_measure(params),)

    def judge(
        self,
        params: DecimalsByCategoryParams,
        measurements: Mapping[MeasureId, Measurement],
        circumstances: Circumstances,
    ) -> Judgement:
        """Compare the positions of each category with what it asks for.

        Raises: UnmeasurableError when the reference system does not say how long a step is.
        """
        del circumstances
        found = measurements[_measure(params).id]
        if not isinstance(found, CategoryLattices):
            raise TypeError("the measurement has no categories")
        pairs = list(zip(params.categories, found.categories, strict=True))
        problems = (
            *_unknown(params, found),
            *(problem for category, own in pairs for problem in _problems(params, category, own)),
        )
        some = [f"{own.rows:,} of {category.name}" for category, own in pairs if own.rows]
        return Judgement(observed=f"rows: {', '.join(some) or 'none'}; {found.unknown:,} unknown", problems=problems)


def _allowed(params: DecimalsByCategoryParams, category: Category) -> str:
    """Say how fine a category may be."""
    if category.withhold or category.exact:
        return "withheld" if category.withhold else "as fine as they are"
    said = []
    if category.decimals is not None:
        said.append(f"{OPERATORS[params.decimals_operator]} {category.decimals} decimals of degrees")
    if category.step_m is not None:
        said.append(f"a step of {OPERATORS[params.step_operator]} {category.step_m:,g} m")
    return " or, in other units, ".join(said)


def _measure(params: DecimalsByCategoryParams) -> LatticeByCategory:
    return LatticeByCategory(column=params.column, labels=tuple(category.labels for category in params.categories))


def _unknown(params: DecimalsByCategoryParams, found: CategoryLattices) -> Iterator[Problem]:
    if found.without_column or not any((found.unknown, *(own.rows for own in found.categories))):
        yield Problem(
            summary=f"the layer has no column {params.column!r} that says the category of its rows",
            remedy="add the column, or name it as the policy does",
        )
    elif found.unknown:
        yield Problem(
            summary=f"{found.unknown:,} rows have no category, or one that the policy does not know",
            remedy="give each row a category, or have the policy say how fine the others may be",
            counts=(Count(what="rows of no known category", value=found.unknown),),
        )


def _problems(params: DecimalsByCategoryParams, category: Category, own: CategoryLattice) -> Iterator[Problem]:
    if category.withhold:
        if own.placed:
            yield _problem(category, own.placed, "rows are to be withheld and have a position", "leave them out")
        return
    if own.lattice.non_finite:
        yield _open(category, own.lattice.non_finite, "positions are not finite numbers", "leave them out")
    if not own.placed or category.exact:
        return
    if category.decimals is not None and _in_degrees(own.lattice):
        yield from _too_many_decimals(params, category, category.decimals, own)
    elif category.step_m is not None:
        yield from _too_fine(params, category, category.step_m, own)
    else:
        yield _open(
            category, own.placed, "rows are not in degrees, whose decimals are limited", "transform them to degrees"
        )


def _in_degrees(lattice: Lattice) -> bool:
    crs = pyproj.CRS.from_wkt(lattice.crs)
    return bool(crs.is_geographic) and isclose(axis_unit(crs), radians(1), rel_tol=1e-9)


def _too_many_decimals(
    params: DecimalsByCategoryParams, category: Category, most: int, own: CategoryLattice
) -> Iterator[Problem]:
    compare = {"<=": le, "<": lt}[params.decimals_operator]
    # A multiple of ten degrees has no decimals, like a whole number of them.
    fine = [each for axis in (own.lattice.x, own.lattice.y) for each in axis if not compare(each.places, most)]
    if fine:
        places = max(each.places for each in fine)
        yield Problem(
            summary=f"positions of category {category.name} have more decimals than it allows",
            remedy=f"round the positions of category {category.name} to "
            f"{most if params.decimals_operator == '<=' else most - 1} decimals",
            measured=str(places) if places <= FINEST else f"more than {FINEST}",
            operator=params.decimals_operator,
            limit=str(most),
            unit="decimals",
            counts=(Count(what="ordinates with more decimals", value=sum(each.count for each in fine)),),
        )


def _too_fine(
    params: DecimalsByCategoryParams, category: Category, step_m: float, own: CategoryLattice
) -> Iterator[Problem]:
    finest = finest_step(own.lattice)
    if finest is None:
        raise UnmeasurableError("positions of a category have no step")
    # A projection there and back moves a step by a few units of the last of sixteen digits.
    metres = float(f"{finest.metres:.{SURE_DIGITS}g}")
    if not {">=": ge, ">": gt}[params.step_operator](metres, step_m):
        yield Problem(
            summary=f"positions of category {category.name} are finer than it allows",
            remedy=f"round the positions of category {category.name} to {step_m:g} m or coarser",
            measured=f"{metres:,.6g}",
            operator=params.step_operator,
            limit=f"{step_m:g}",
            unit="m",
            counts=(Count(what="rows of the category", value=own.rows),),
        )


def _problem(category: Category, count: int, summary: str, remedy: str) -> Problem:
    return Problem(
        summary=f"category {category.name}: {count:,} {summary}",
        remedy=remedy,
        measured=str(count),
        operator="<=",
        limit="0",
        counts=(Count(what=summary, value=count),),
    )


def _open(category: Category, count: int, summary: str, remedy: str) -> Problem:
    """Report what could not be judged: it has no limit, as nothing was compared."""
    return replace(_problem(category, count, summary, remedy), measured="", operator="", limit="")
