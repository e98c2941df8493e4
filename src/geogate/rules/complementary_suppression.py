"""The rule about suppressed cells that follow from the sums of their table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from geogate.measures.cells import is_called
from geogate.measures.small_cells import UNROUNDED, CellCounts, CellLimits, SmallCells
from geogate.measures.table_cells import UNREAD, TableCells, TableShape, WholeTable
from geogate.measures.table_recovery import MOST_UNKNOWNS, recovery
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit
from geogate.rules.layer_inventory import PLAIN_NAME, ColumnName
from geogate.rules.rule import Judgement, Params, Rule
from geogate.rules.small_cells import Marks, NamePattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.measures.table_recovery import Recovery
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

NO_COLUMN = ""


class SuppressionParams(Params):
    """How the table is laid out, and how many suppressed cells protect each other."""

    group_columns: Annotated[tuple[ColumnName, ...], Field(min_length=1, max_length=6)] = Field(
        description="Columns whose labels tell the rows of the table apart."
    )
    value_columns: Annotated[tuple[ColumnName, ...], Field(min_length=1, max_length=500)] = Field(
        description="Columns with values; the one that is the sum of the others, if there is one, among them."
    )
    total_column: Annotated[str, Field(max_length=255)] = Field(
        description="The value column that is the sum of the others; empty if there is none."
    )
    total_labels: Marks = Field(description="Labels that stand in a group column for the sum over all of its labels.")
    count_columns: Annotated[tuple[NamePattern, ...], Field(max_length=200)] = Field(
        description="Names or patterns of all columns with counts; where cells are suppressed, those that are none of "
        "the value_columns are a problem. Empty if no other columns are looked at."
    )
    suppressed: Marks = Field(description="Texts that stand for a suppressed cell, besides an empty one.")
    at_least: Annotated[int, Field(ge=2, le=100)] = Field(
        description="The fewest suppressed cells in each sum with a published total that has any."
    )

    @model_validator(mode="after")
    def _not_contradictory(self) -> Self:
        if len({*self.group_columns, *self.value_columns}) != len(self.group_columns) + len(self.value_columns):
            raise ValueError("a column stands twice")
        if self.total_column and self.total_column not in self.value_columns:
            raise ValueError("total_column is none of the value_columns")
        if self.total_column and len(self.value_columns) == 1:
            raise ValueError("total_column needs columns of which it is the sum")
        if not self.total_column and not self.total_labels:
            raise ValueError("neither a column nor a label of totals is named, and without sums nothing can follow")
        return self


class ComplementarySuppression(Rule[SuppressionParams]):
    """No suppressed cell of a table follows from its sums.

    Why: a single cell that is left out of a row with a total is the total less the others; several rows and columns
    together tell more than each of them does.
    Params: ``group_columns``, ``value_columns``, ``total_column`` and ``total_labels`` say how the table is laid out;
    ``count_columns``, names or patterns of all columns with counts; ``suppressed``, texts that stand for a suppressed
    cell; ``at_least``, how many suppressed cells a sum needs that has a published total and any.
    Finds: sums along each group column and across the value columns with fewer suppressed cells; suppressed cells that
    follow from one sum, from several together (linear algebra, exact), or because nothing is left for them to share;
    a row that was left out and follows. Where any cell is suppressed, columns with counts of whose sums the policy does
    not speak are a problem: what is suppressed may be the difference of two of them. Suppressed cells without any sum,
    cells that are no numbers, cells that stand twice and missing columns are problems; so are more than 250,000 cells,
    and more than 400 suppressed cells that hang together in sums of three kinds or more, which are not solved.
    Misses: narrow ranges that follow where cells do not follow exactly; sums of sums, such as districts, counties and
    states in one column; totals that are published elsewhere.
    Remedy: suppress a second cell in each row and column with a total, or leave totals out.
    Basis: complementary suppression: UK LLC wants two suppressed cells or more, CMS no derivation of a suppressed one.
    """

    expectation = "expect_suppression_to_be_complementary"
    params = SuppressionParams
    bounds = (Limit("at_least", ">="),)

    def sentence(self, params: SuppressionParams) -> str:
        """Say how many cells protect each other, and how the table is laid out."""
        across = f"; {params.total_column} is the sum of the other columns" if params.total_column else ""
        down = f"; {', '.join(params.total_labels)} stand for the sum of all rows" if params.total_labels else ""
        marks = " or ".join(["empty", *params.suppressed])
        groups, values = ", ".join(params.group_columns), ", ".join(params.value_columns)
        return (
            f"Each sum with a published total that has a suppressed cell must have at least {params.at_least} of them, "
            f"and none may follow from the sums of the table. Rows are told apart by {groups}, values are {values}"
            f"{across}{down}; a suppressed cell is {marks}."
        )

    def zone_lists(self, params: SuppressionParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(
        self, params: SuppressionParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...]:
        """Need all cells of the table, and which columns count."""
        del zone_lists
        return (_measure(params), *_counts(params))

    def judge(
        self, params: SuppressionParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Look through the sums of the table."""
        del circumstances
        found = measurements[_measure(params).id]
        if not isinstance(found, TableCells):
            raise TypeError("the measurement is no table")
        unread = int((found.table()["states"] == UNREAD).sum())
        total = params.value_columns.index(params.total_column) if params.total_column else None
        follows = recovery(found, total_value=total, at_least=params.at_least)
        problems = (*_unjudged(found, follows, unread), *_problems(params, follows))
        for measure in _counts(params):
            counted = measurements[measure.id]
            if not isinstance(counted, CellCounts):
                raise TypeError("the measurement has no counts")
            problems += tuple(_unspoken(params, found, counted, suppressed=follows.suppressed))
        observed = f"{follows.suppressed:,} of {follows.cells:,} cells suppressed, {follows.sums:,} sums"
        return Judgement(observed=observed, problems=problems)


def _measure(params: SuppressionParams) -> WholeTable:
    return WholeTable(
        TableShape(
            group_columns=params.group_columns,
            value_columns=params.value_columns,
            total_labels=params.total_labels,
            suppressed=params.suppressed,
        )
    )


def _counts(params: SuppressionParams) -> tuple[SmallCells, ...]:
    """Name the measure of all columns with counts, none where the policy names none."""
    limits = CellLimits(
        columns=params.count_columns,
        minimum=1,
        operator=">=",
        rounding_base=UNROUNDED,
        suppressed=params.suppressed,
    )
    return (SmallCells(limits),) if params.count_columns else ()


def _unspoken(
    params: SuppressionParams, found: TableCells, counted: CellCounts, *, suppressed: int
) -> Iterator[Problem]:
    """Report columns with counts whose sums nobody looked through, where anything is suppressed."""
    named = [name for name in params.value_columns if name not in found.missing]
    others = (counted.columns or 0) - sum(is_called(name, params.count_columns) for name in named)
    if others > 0 and suppressed + counted.suppressed:
        yield Problem(
            summary=f"cells are suppressed beside {others:,} columns of counts of whose sums the policy does not speak",
            remedy="leave these columns out, or have the policy name them as value_columns, with the one that is "
            "their sum",
            counts=(Count(what="columns of counts", value=counted.columns or 0),),
        )


def missing_columns(missing: tuple[str, ...]) -> Iterator[Problem]:
    """Report columns that a policy names and a layer does not have."""
    if missing:
        names = ", ".join(name for name in missing if PLAIN_NAME.fullmatch(name))
        yield Problem(
            summary=f"{len(missing)} columns are missing without which the table cannot be judged"
            + (f": {names}" if names else ""),
            remedy="name the columns as the policy does, or have the policy name them",
            counts=(Count(what="missing columns", value=len(missing)),),
        )


def _unjudged(found: TableCells, follows: Recovery, unread: int) -> Iterator[Problem]:
    yield from missing_columns(found.missing)
    if not (follows.cells or found.missing):
        yield Problem(summary="the layer has no cell that could be judged", remedy="leave the layer out if it is empty")
    if unread:
        yield _open(
            f"{unread:,} cells are neither numbers nor suppressed",
            "write plain numbers, and leave suppressed cells empty or have the policy name their mark",
            unread,
        )
    if follows.repeated:
        yield _open(
            f"{follows.repeated:,} cells stand more than once in the table",
            "have the policy name all columns that tell rows apart, or add the rows up",
            follows.repeated,
        )
    if follows.suppressed and not follows.sums:
        yield _open(
            f"{follows.suppressed:,} cells are suppressed, and there is no sum of which the policy speaks",
            "name totals as the policy does, or have it name them; where there are none, tell the owner of the policy",
            follows.suppressed,
        )
    if follows.unsolved:
        yield _open(
            f"{follows.unsolved:,} suppressed cells hang together by sums, more than {MOST_UNKNOWNS} that are solved",
            "send the table in parts, or leave out totals of one kind",
            follows.unsolved,
        )


def _problems(params: SuppressionParams, follows: Recovery) -> Iterator[Problem]:
    if follows.lone:
        yield Problem(
            summary=f"{follows.lone:,} sums with a published total have fewer than {params.at_least} suppressed cells",
            remedy=f"suppress another cell in each of these {follows.lone:,} sums, or leave their totals out",
            measured=str(follows.lone),
            operator="<=",
            limit="0",
            unit="sums",
            counts=(Count(what="sums with too few suppressed cells", value=follows.lone),),
        )
    if follows.recovered:
        yield _problem(
            f"{follows.recovered:,} suppressed cells follow from the sums of the table",
            f"suppress another cell in a sum of each of these {follows.recovered:,} cells, or leave totals out",
            follows.recovered,
        )
    if follows.left_out:
        yield _problem(
            f"{follows.left_out:,} cells that were left out follow from the sums of the table",
            "leave out another one with each of them, or leave totals out",
            follows.left_out,
        )


def _problem(summary: str, remedy: str, cells: int) -> Problem:
    return Problem(
        summary=summary,
        remedy=remedy,
        measured=str(cells),
        operator="<=",
        limit="0",
        unit="cells",
        counts=(Count(what="cells", value=cells),),
    )


def _open(summary: str, remedy: str, cells: int) -> Problem:
    """Report what could not be judged: it has no limit, as nothing was compared."""
    return Problem(summary=summary, remedy=remedy, counts=(Count(what="cells", value=cells),))
