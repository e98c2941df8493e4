"""The rule about cells of a table that count too few."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from geogate.measures.small_cells import CellCounts, CellLimits, SmallCells
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import OPERATORS, Among, Limit, Ranked
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

NamePattern = Annotated[str, StringConstraints(min_length=1, max_length=255)]
NamePatterns = Annotated[tuple[NamePattern, ...], Field(min_length=1, max_length=200)]
Marks = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=40)], ...], Field(min_length=0, max_length=50)
]


class SmallCellsParams(Params):
    """Which columns count, and how much a cell must count."""

    columns: NamePatterns = Field(
        description="Names of the columns with counts, or patterns: `*` stands for any letters, `?` for one; "
        "upper and lower case are the same."
    )
    minimum: Annotated[int, Field(ge=1, le=1_000_000)] = Field(description="The least that a cell may count.")
    operator: Literal[">=", ">"] = Field(description="How a count must compare with minimum.")
    zero_allowed: bool = Field(description="Whether a cell may say zero.")
    rounding_base: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        description="Counts must be multiples of it; 0 if they need not."
    )
    suppressed: Marks = Field(description="Texts that stand for a suppressed cell, besides an empty one.")
    column_required: bool = Field(description="Whether a layer without such a column is a problem.")

    @model_validator(mode="after")
    def _not_contradictory(self) -> Self:
        if any(mark.strip() != mark or _is_number(mark) for mark in self.suppressed):
            raise ValueError("a number, or a text with blanks around it, cannot stand for a suppressed cell")
        return self


class NoSmallCells(Rule[SmallCellsParams]):
    """No cell of a table counts too few.

    Why: a count of few is a statement about them: who knows one of three persons in a cell learns of the others.
    Params: ``columns``, names or patterns; ``minimum`` and ``operator``, ``>=`` or ``>``, which must hold between a
    count and it; ``zero_allowed``; ``rounding_base``, 0 for none; ``suppressed``, texts that stand for a suppressed
    cell; ``column_required``.
    Finds: cells of all columns that are called so, fields within structures too, that count fewer; zeros where they are
    not allowed; counts that are not rounded. Cells that are neither numbers nor suppressed, and a layer without such a
    column where one is required, are problems.
    Misses: counts in columns that are called otherwise, which a policy that declares all columns does not let through;
    counts of the same table in another release from which these can be subtracted.
    Remedy: put categories together, or suppress the cells and others with them.
    Basis: statistical disclosure control: a threshold of 10 in UK trusted research environments (ACRO), 11 with CMS.
    """

    expectation = "expect_no_small_cells"
    params = SmallCellsParams
    bounds = (
        Limit("minimum", "operator"),
        Ranked("zero_allowed", (False, True)),
        Ranked("column_required", (True, False)),
        Among("suppressed"),
    )

    def sentence(self, params: SmallCellsParams) -> str:
        """Say how much a cell must count."""
        rounded = f" and a multiple of {params.rounding_base}" if params.rounding_base else ""
        return (
            f"Each count must be {OPERATORS[params.operator]} {params.minimum}{rounded}, or suppressed; zero is "
            f"{'' if params.zero_allowed else 'not '}allowed. Counts stand in columns called "
            f"{', '.join(params.columns)}, of which one {'must' if params.column_required else 'need not'} be there; a "
            f"suppressed cell is {' or '.join(['empty', *params.suppressed])}."
        )

    def zone_lists(self, params: SmallCellsParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(
        self, params: SmallCellsParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...]:
        """Need the counts of the cells."""
        del zone_lists
        return (_measure(params),)

    def settled(self, params: SmallCellsParams, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Say that a cell counts too few already."""
        found = measurements[_measure(params).id]
        return isinstance(found, CellCounts) and bool(list(_problems(params, found)))

    def judge(
        self, params: SmallCellsParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the counts with the limits."""
        del circumstances
        found = measurements[_measure(params).id]
        if not isinstance(found, CellCounts):
            raise TypeError("the measurement has no cells")
        observed = f"{found.numbers:,} counts in {found.columns or 0} columns, {found.suppressed:,} suppressed"
        return Judgement(observed=observed, problems=(*_missing(params, found), *_problems(params, found)))


def _measure(params: SmallCellsParams) -> SmallCells:
    return SmallCells(
        CellLimits(
            columns=params.columns,
            minimum=params.minimum,
            operator=params.operator,
            rounding_base=params.rounding_base,
            suppressed=params.suppressed,
        )
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _missing(params: SmallCellsParams, found: CellCounts) -> Iterator[Problem]:
    if params.column_required and not found.columns:
        yield Problem(
            summary="the layer has no column of counts, so that its cells cannot be judged",
            remedy="name the columns of counts as the policy does, or have the policy name them",
        )


def _problems(params: SmallCellsParams, found: CellCounts) -> Iterator[Problem]:
    limit = f"{params.operator} {params.minimum}"
    zeros = 0 if params.zero_allowed else found.zeros
    if found.small or zeros:
        small = Count(what=f"cells that are not {limit}", value=found.small)
        yield _problem(
            f"{found.small + zeros:,} cells count too few: not {limit}",
            f"suppress {found.small + zeros:,} cells and enough others that they do not follow from sums, or put "
            "categories together",
            *(each for each in (small, Count(what="cells of zero", value=zeros)) if each.value),
        )
    if found.unrounded:
        yield _problem(
            f"{found.unrounded:,} counts are not rounded to multiples of {params.rounding_base}",
            f"round all counts, totals too: `df[column] = (df[column] / {params.rounding_base}).round() "
            f"* {params.rounding_base}`",
            Count(what="counts that are not rounded", value=found.unrounded),
        )
    if found.unread:  # not judged: it has no limit, as nothing was compared
        yield Problem(
            summary=f"{found.unread:,} cells of counts are neither numbers nor suppressed",
            remedy="write plain numbers, and leave suppressed cells empty or have the policy name their mark",
            counts=(Count(what="cells that are not numbers", value=found.unread),),
        )


def _problem(summary: str, remedy: str, *counts: Count) -> Problem:
    measured = str(sum(count.value for count in counts))
    return Problem(
        summary=summary, remedy=remedy, measured=measured, operator="<=", limit="0", unit="cells", counts=counts
    )
