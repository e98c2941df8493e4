"""The rule about totals of which one or two contributors give nearly all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from geogate.measures.contributions import ContributionColumns, Contributions, Shares
from geogate.measures.largest_contributors import Dominated, LargestColumns, LargestContributors, RestLimit, ShareLimit
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import OPERATORS
from geogate.rules.complementary_suppression import missing_columns
from geogate.rules.layer_inventory import ColumnName
from geogate.rules.rule import Judgement, Params, Rule
from geogate.rules.small_cells import Marks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

T = TypeVar("T")

MOST_DECLARED = 2


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _require_different(part: T, columns: tuple[str, ...]) -> T:
    if len(set(columns)) != len(columns):
        raise ValueError("a column stands twice")
    return part


class ContributionRows(_Part):
    """Rows are contributions: who gives what to which total."""

    value: ColumnName = Field(description="The column with the values that are added up.")
    contributor: ColumnName = Field(description="The column whose values tell contributors apart.")
    groups: Annotated[tuple[ColumnName, ...], Field(max_length=6)] = Field(
        description="The columns whose labels make a total; none for one total of all rows."
    )

    @model_validator(mode="after")
    def _different(self) -> Self:
        return _require_different(self, (self.value, self.contributor, *self.groups))


class DeclaredLargest(_Part):
    """Rows are totals, and say what the largest contributors give."""

    largest: ColumnName = Field(description="The column with the largest contribution.")
    second: ColumnName = Field(description="The column with the second largest contribution.")
    total: ColumnName = Field(description="The column with the total.")
    suppressed: Marks = Field(description="Texts that stand for a suppressed cell, besides an empty one.")

    @model_validator(mode="after")
    def _different(self) -> Self:
        return _require_different(self, (self.largest, self.second, self.total))


class LargestShare(_Part):
    """The (n,k) rule: the n largest give no more than a share k of the total."""

    n: Annotated[int, Field(ge=1, le=100)] = Field(description="How many of the largest contributors.")
    share: Annotated[float, Field(gt=0, lt=1)] = Field(description="The share of the total, from 0 to 1.")
    operator: Literal["<=", "<"] = Field(description="How what they give must compare with share of the total.")


class RemainingShare(_Part):
    """The p% rule: what all but the two largest give leaves the largest in doubt by a share p of it."""

    share: Annotated[float, Field(gt=0, lt=1)] = Field(description="The share of the largest, from 0 to 1.")
    operator: Literal[">=", ">"] = Field(description="How what the others give must compare with it.")


class DominanceParams(Params):
    """From what it is judged, and by which rules."""

    figures: ContributionRows | DeclaredLargest = Field(description="The columns that tell who gives what.")
    largest_share: LargestShare | Literal["any"] = Field(description="The (n,k) rule, or any share.")
    remaining_share: RemainingShare | Literal["any"] = Field(description="The p% rule, or any remainder.")

    @model_validator(mode="after")
    def _not_contradictory(self) -> Self:
        if self.largest_share == "any" and self.remaining_share == "any":
            raise ValueError("neither the (n,k) rule nor the p% rule is asked for")
        declared = isinstance(self.figures, DeclaredLargest)
        if declared and self.largest_share != "any" and self.largest_share.n > MOST_DECLARED:
            raise ValueError("with declared columns n is 1 or 2")
        return self


class NoDominantContributors(Rule[DominanceParams]):
    """No total is dominated by one contributor or a few.

    Why: of a total that one firm gives nearly alone everybody can tell what it gives, its closest rival best of all.
    Params: ``figures``, the columns with contributions, or those with the largest, the second largest and the total;
    ``largest_share``, the (n,k) rule, and ``remaining_share``, the p% rule, each with its operator, or ``any``.
    Finds: totals of which the n largest give more than the share; totals of which all but the two largest give less
    than the share of the largest. Sums and comparisons are exact to a millionth. A total of zero, a group of which
    everything was left out, negative contributions, values that are no numbers, and missing columns are problems. More
    than a million contributors to groups are not kept apart, and cannot be judged.
    Misses: contributors with several ids that belong together; weights; who else knows what.
    Remedy: put groups together, or suppress the totals and others with them.
    Basis: dominance and p% rules: n=2, k=90 %, p=10 % in UK trusted research environments (ACRO).
    """

    expectation = "expect_no_dominant_contributors"
    params = DominanceParams

    def sentence(self, params: DominanceParams) -> str:
        """Say which shares are too large."""
        share, rest = params.largest_share, params.remaining_share
        said = []
        if share != "any":
            said.append(f"the {share.n} largest must give {OPERATORS[share.operator]} {share.share * 100:g} % of it")
        if rest != "any":
            largest = f"{OPERATORS[rest.operator]} {rest.share * 100:g} % of what the largest gives"
            said.append(f"all but the two largest must give {largest}")
        return f"Of the contributors to each total, {', and '.join(said)}; {_columns(params.figures)}."

    def zone_lists(self, params: DominanceParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(self, params: DominanceParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need what contributors give."""
        del zone_lists
        return (_measure(params),)

    def judge(
        self, params: DominanceParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare what the largest give with the limits."""
        del circumstances
        measured = measurements[_measure(params).id]
        found = _dominated(params, measured) if isinstance(measured, Shares) else measured
        if not isinstance(found, Dominated):
            raise TypeError("the measurement has no contributions")
        negative = measured.negative if isinstance(measured, Shares) else 0
        broken = max(found.beyond_share, found.beyond_rest)
        observed = f"at least {broken:,} of {found.cells:,} totals dominated" if broken else f"{found.cells:,} totals"
        problems = (*missing_columns(found.missing), *_problems(params, found), *_unjudged(found, negative))
        return Judgement(observed=observed, problems=problems)


def _columns(figures: ContributionRows | DeclaredLargest) -> str:
    if isinstance(figures, ContributionRows):
        groups = f", by {', '.join(figures.groups)}" if figures.groups else ""
        return f"{figures.contributor} gives {figures.value}{groups}"
    return f"the columns are {figures.largest}, {figures.second} and {figures.total}"


def _limits(params: DominanceParams) -> tuple[ShareLimit | None, RestLimit | None]:
    share, rest = params.largest_share, params.remaining_share
    return (
        None if share == "any" else ShareLimit(n=share.n, share=share.share, operator=share.operator),
        None if rest == "any" else RestLimit(share=rest.share, operator=rest.operator),
    )


def _measure(params: DominanceParams) -> Contributions | LargestContributors:
    figures = params.figures
    if isinstance(figures, ContributionRows):
        return Contributions(
            ContributionColumns(value=figures.value, contributor=figures.contributor, groups=figures.groups)
        )
    share, rest = _limits(params)
    return LargestContributors(
        LargestColumns(
            largest=figures.largest,
            second=figures.second,
            total=figures.total,
            suppressed=figures.suppressed,
            share=share,
            rest=rest,
        )
    )


def _dominated(params: DominanceParams, shares: Shares) -> Dominated:
    """Count the dominated totals of what contributors give."""
    share, rest = _limits(params)
    cells = beyond_share = beyond_rest = empty = 0
    for largest in shares.groups():
        cells += 1
        total = sum(largest)
        if total:
            beyond_share += share is not None and not share.holds(largest, total)
            beyond_rest += rest is not None and not rest.holds(largest, total)
        else:
            empty += 1
    return Dominated(
        missing=shares.missing,
        cells=cells,
        beyond_share=beyond_share,
        beyond_rest=beyond_rest,
        empty=empty,
        unread=shares.unread,
    )


def _problems(params: DominanceParams, found: Dominated) -> Iterator[Problem]:
    share, rest = params.largest_share, params.remaining_share
    if found.beyond_share and share != "any":
        yield _problem(
            f"of {found.beyond_share:,} totals the {share.n} largest contributors give too much",
            found.beyond_share,
            f"{share.operator} {share.share:.12g} of the total",
        )
    if found.beyond_rest and rest != "any":
        yield _problem(
            f"of {found.beyond_rest:,} totals all but the two largest contributors give too little",
            found.beyond_rest,
            f"{rest.operator} {rest.share:.12g} of the largest",
        )


def _problem(summary: str, totals: int, rule: str) -> Problem:
    return Problem(
        summary=f"{summary}: not {rule}",
        remedy="put groups together, or suppress the totals and enough others that they do not follow from sums",
        measured=str(totals),
        operator="<=",
        limit="0",
        unit="totals",
        counts=(Count(what="dominated totals", value=totals),),
    )


def _unjudged(found: Dominated, negative: int) -> Iterator[Problem]:
    said = (
        (found.empty, "totals are zero, so that no share can be told", "leave out groups without a contribution"),
        (found.contradictory, "totals contradict what their largest contributors give", "correct the columns"),
        (found.unread, "contributions are no numbers", "write plain numbers"),
        (negative, "contributions are negative, and shares of them mean nothing", "judge gains and losses apart"),
    )
    for count, summary, remedy in said:
        if count:
            yield Problem(
                summary=f"{count:,} {summary}", remedy=remedy, counts=(Count(what=summary.split(",")[0], value=count),)
            )
    if not (found.cells or found.suppressed or found.missing):
        yield Problem(
            summary="the layer has no total whose contributors could be judged",
            remedy="leave the layer out if it is empty",
        )
