"""What would help where few are counted: suppress cells, and leave out rows where too few subjects are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from geogate.measures.cell_subjects import CellSubjects, SubjectsInCells
from geogate.measures.small_cells import CellCounts, SmallCells
from geogate.measures.table_cells import WholeTable
from geogate.model.finding import Count
from geogate.remedies.changes import KeepCrowded, SuppressCells, TableRule
from geogate.remedies.proposal import Kind, Proposal, by_people
from geogate.rules.cell_subjects import CellsHaveSubjects, CellSubjectsParams
from geogate.rules.complementary_suppression import ComplementarySuppression, SuppressionParams
from geogate.rules.small_cells import NoSmallCells, SmallCellsParams

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from geogate.remedies.proposal import View


def _small(params: SmallCellsParams, view: View) -> Iterator[Proposal]:
    (measure,) = NoSmallCells().measures(params, view.zone_lists)
    found = view.values.get(measure.id)
    if not isinstance(measure, SmallCells) or not isinstance(found, CellCounts) or not found.columns:
        return
    zeros = 0 if params.zero_allowed else found.zeros
    if found.small or zeros:
        yield Proposal(
            kind=Kind.SUPPRESS_CELLS,
            does=f"suppress {found.small + zeros:,} cells that are not {params.operator} {params.minimum}, and others "
            "with them until none follows from the sums that the policy names",
            counts=(Count(what="cells that count too few", value=found.small + zeros),),
            changes=(SuppressCells(small=((measure.limits, params.zero_allowed),), tables=()),),
        )
    if found.unrounded:
        yield by_people(f"round {found.unrounded:,} counts to multiples of {params.rounding_base}, totals too")
    if found.unread:
        yield by_people(f"write {found.unread:,} cells as numbers, or leave them empty")


def _complementary(params: SuppressionParams, view: View) -> Iterator[Proposal]:
    measure, *_ = ComplementarySuppression().measures(params, view.zone_lists)
    # What suppressing did not mend before needs people: a column of which the policy does not speak, for example.
    if isinstance(measure, WholeTable) and not view.again:
        total = params.value_columns.index(params.total_column) if params.total_column else None
        rule = TableRule(shape=measure.shape, total_value=total, at_least=params.at_least)
        yield Proposal(
            kind=Kind.SUPPRESS_CELLS,
            does=f"suppress further cells until each sum with a published total has {params.at_least} suppressed ones, "
            "and none follows",
            changes=(SuppressCells(small=(), tables=(rule,)),),
        )


def _crowds(params: CellSubjectsParams, view: View) -> Iterator[Proposal]:
    (measure,) = CellsHaveSubjects().measures(params, view.zone_lists)
    found = view.values.get(measure.id)
    if not isinstance(measure, SubjectsInCells) or not isinstance(found, CellSubjects) or found.without_column:
        return
    few = sum(found.counts[: found.enough])
    if few and not found.not_points and not found.nowhere:
        yield Proposal(
            kind=Kind.KEEP_CROWDED,
            does=f"drop the rows in {few:,} cells of ground that have fewer than {found.enough} subjects",
            counts=(Count(what="cells with too few subjects", value=few),),
            changes=(
                KeepCrowded(
                    column=measure.column, size_m=measure.size_m, geohash=measure.geohash, enough=measure.enough
                ),
            ),
        )


TABLES: Final[Mapping[str, Callable[[Any, View], Iterator[Proposal]]]] = {
    NoSmallCells.expectation: _small,
    ComplementarySuppression.expectation: _complementary,
    CellsHaveSubjects.expectation: _crowds,
}
