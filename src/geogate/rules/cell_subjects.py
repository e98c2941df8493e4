"""The rule about cells of ground in which too few subjects are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from geogate.measures.cell_subjects import LONGEST_GEOHASH, CellSubjects, SubjectsInCells
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit
from geogate.rules.layer_inventory import ColumnName
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList


class _Cell(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class SquareCell(_Cell):
    """Squares along parallels and meridians."""

    size_m: Annotated[float, Field(ge=1, le=1_000_000)] = Field(description="The side of a cell in metres.")


class GeohashCell(_Cell):
    """The cells of geohashes."""

    geohash: Annotated[int, Field(ge=1, le=LONGEST_GEOHASH)] = Field(description="The letters of a geohash.")


class CellSubjectsParams(Params):
    """Which cells, which column says whose a row is, and how many subjects are enough."""

    cell: SquareCell | GeohashCell = Field(description="The cells: size_m in metres, or geohash with so many letters.")
    subject_column: ColumnName = Field(description="The column whose values tell subjects apart.")
    subjects: Annotated[int, Field(ge=2, le=1000)] = Field(
        description="The number that the distinct subjects of each cell are compared with."
    )
    operator: Literal[">=", ">"] = Field(description="How they must compare.")


class CellsHaveSubjects(Rule[CellSubjectsParams]):
    """Each cell of ground that has a position has enough distinct subjects.

    Why: where one subject alone was seen, its cell is as good as its name; four such cells tell nearly everybody apart.
    Params: ``cell``, squares of ``size_m`` metres to within one percent, or ``geohash`` letters; ``subject_column``,
    whose values tell subjects apart; ``subjects`` and ``operator``, ``>=`` or ``>``, which must hold for each cell.
    Finds: cells with a position of fewer distinct values of the column, counted exactly. Rows without a value are one
    subject together. Lines and polygons, which pass through cells without a vertex, positions that are not finite, and
    a layer without the column, are problems. More than four million subjects in cells are not kept apart, and cannot be
    judged.
    Misses: one subject with several ids; several cells together, by which subjects that share each of them are told
    apart; when subjects were there.
    Remedy: use larger cells, leave out what lies in cells with few subjects, or send counts by cell.
    Basis: k-anonymity, Sweeney (2002); four points tell 95 % of people apart, de Montjoye et al. (2013).
    """

    expectation = "expect_each_cell_to_have_subjects"
    params = CellSubjectsParams
    bounds = (Limit("subjects", "operator"),)
    says = (
        "Each cell of ground with a position (cells: {cell}) must have {operator} {subjects}, told apart by the column "
        "{subject_column}."
    )

    def zone_lists(self, params: CellSubjectsParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(
        self, params: CellSubjectsParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...]:
        """Need the subjects by cell."""
        del zone_lists
        return (_measure(params),)

    def judge(
        self, params: CellSubjectsParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the number of subjects in each cell with the limit."""
        del circumstances
        found = measurements[_measure(params).id]
        if not isinstance(found, CellSubjects) or found.enough != _enough(params):
            raise TypeError("the measurement has no subjects, or they were counted up to another number")
        cells, few = sum(found.counts), sum(found.counts[: found.enough])
        return Judgement(
            observed=f"{few:,} of {cells:,} cells do not have {params.operator} {params.subjects} subjects",
            problems=(*_unjudged(params, found), *_few(params, few)),
        )


def _enough(params: CellSubjectsParams) -> int:
    return params.subjects + (params.operator == ">")


def _measure(params: CellSubjectsParams) -> SubjectsInCells:
    cell = params.cell
    return SubjectsInCells(
        column=params.subject_column,
        size_m=cell.size_m if isinstance(cell, SquareCell) else None,
        geohash=cell.geohash if isinstance(cell, GeohashCell) else None,
        enough=_enough(params),
    )


def _unjudged(params: CellSubjectsParams, found: CellSubjects) -> Iterator[Problem]:
    if found.without_column:
        yield Problem(
            summary=f"the layer has no column {params.subject_column!r} that tells subjects apart",
            remedy="give it the column, or have the policy changed for data that are counts already",
        )
    if not sum(found.counts):
        yield Problem(
            summary="the layer has no position whose cell could be judged",
            remedy="leave the layer out if it has no geometry",
        )
    said = (
        (found.not_points, "rows have lines or polygons, which pass through cells without a vertex", "send points"),
        (found.nowhere, "positions are not finite numbers", "remove them, or export the layer again from its source"),
    )
    for count, summary, remedy in said:
        if count:
            yield Problem(
                summary=f"{count:,} {summary}", remedy=remedy, counts=(Count(what=summary.split(",")[0], value=count),)
            )


def _few(params: CellSubjectsParams, few: int) -> Iterator[Problem]:
    if few:
        yield Problem(
            summary=f"{few:,} cells do not have {params.operator} {params.subjects} distinct subjects",
            remedy=f"use larger cells, leave out the rows in these {few:,} cells, or send counts by cell instead",
            measured=str(few),
            operator="<=",
            limit="0",
            unit="cells",
            counts=(Count(what="cells with too few subjects", value=few),),
        )
