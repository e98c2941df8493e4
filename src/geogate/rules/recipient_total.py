"""The rule about how many subjects a recipient gets in all, over releases and over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from geogate.measures.subjects import SubjectCount, Subjects, nameless, together
from geogate.model.dataset import LayerKind
from geogate.model.declaration import DataKind
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit
from geogate.rules.recipient_total_window import Window, first_day
from geogate.rules.rule import Judgement, Params, Rule, SoFar
from geogate.rules.small_cells import NamePatterns

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.declaration import Declaration
    from geogate.model.parties import Circumstances
    from geogate.model.past import MeasuredLayer, PastRelease
    from geogate.zones.zone import ZoneList

KINDS = frozenset({LayerKind.VECTOR, LayerKind.PHOTO})
"""Kinds of layers whose rows are of subjects."""


class RecipientTotalParams(Params):
    """Who is counted, over which time, and the limit."""

    columns: NamePatterns = Field(
        description="Names or patterns of the columns with ids of subjects, for example `device_id` or `*maid`."
    )
    window: Window = Field(
        description="P12M counts the preceding 12 months, calendar-year what was sent since 1 January (UTC)."
    )
    operator: Literal["<", "<="] = Field(description="How the number of subjects must compare with limit.")
    limit: Annotated[int, Field(ge=1, le=10_000_000_000)] = Field(description="The number of subjects.")
    subjects: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^\S[^\n]*$")] = Field(
        description="What is counted, in words, for example `U.S. devices`."
    )
    data: Literal["any"] | Annotated[tuple[DataKind, ...], Field(min_length=1)] = Field(
        description="Kinds of data that count, or any; a release of which no kind was declared counts always."
    )


class RecipientTotal(Rule[RecipientTotalParams]):
    """What a recipient gets is about few enough subjects, over all releases of a time.

    Why: laws count what one recipient got in twelve months or in a year; data that is sent in small portions adds up.
    Params: ``columns`` with ids; ``window``, ``P12M`` or ``calendar-year``; ``operator`` and ``limit``; ``subjects``,
    what is counted, in words; ``data``, the declared kinds that count, or ``any``.
    Finds: a total beyond the limit, of this release with all its layers, those that were sent to the same recipient in
    the window, and those that are cleared or being sent. The same id counts once, however often it was sent. Up to
    16,384 distinct ids are counted exactly; above, the upper end of an estimate (3 sigma) counts, about 2 % more. Each
    row without an id counts as a subject of its own, or as many as its geometry has parts, and so do all rows of a
    release by which these columns were not measured, for example under another policy. Two columns that are named count
    both. Where it is not known what was sent, nobody can say the total, which is a problem.
    Misses: subjects with one id in common; a row with one id or place that stands for many subjects; what went to the
    recipient by another way than this gate, or under another name in recipients.yaml.
    Remedy: send fewer subjects, or wait until earlier releases have left the window.
    Basis: for example 28 CFR 202.205 (more than 1,000 devices in the preceding 12 months), China's Provisions of March
    2024 (since 1 January).
    """

    expectation = "expect_recipient_total_no_more_than"
    params = RecipientTotalParams
    kinds = KINDS
    bounds = (Limit("limit", "operator"),)
    says = (
        "Over all releases in {window}, a recipient must get {operator} {limit}; what is counted: {subjects}, told "
        "apart by {columns}; data that counts: {data}."
    )

    def zone_lists(self, params: RecipientTotalParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(
        self, params: RecipientTotalParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...]:
        """Need the subjects."""
        del zone_lists
        return (measure_of(params),)

    def so_far(
        self, params: RecipientTotalParams, measure_ids: Sequence[MeasureId], circumstances: Circumstances
    ) -> SoFar | None:
        """Count the subjects."""
        del measure_ids
        since = first_day(params.window, circumstances.today)
        past = [each for each in circumstances.history or () if _within(each, since)]
        layers = [layer for each in past if counts(params, each.declaration) for layer in each.layers or ()]
        total = together(subjects_of(layer, params) for layer in layers)
        return SoFar(measured=total.most, operator=params.operator, limit=params.limit, unit=params.subjects)

    def judge(
        self, params: RecipientTotalParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Add up what the recipient got and would get, and compare it with the limit."""
        own = measurements[measure_of(params).id]
        if not isinstance(own, Subjects):
            raise TypeError("the measurement has no subjects")
        if not counts(params, circumstances.declaration):
            return Judgement(observed="no data of a kind that counts is declared")
        since = first_day(params.window, circumstances.today)
        if circumstances.history is None:
            return Judgement(observed="not known what was sent before", problems=(_unknown(),))
        past = [each for each in circumstances.history if _within(each, since) and counts(params, each.declaration)]
        layers = [*circumstances.beside, *(layer for each in past for layer in each.layers or ())]
        total = together([own, *(subjects_of(layer, params) for layer in layers)])
        problems = (*_unmeasured(past), *_too_many(params, total, own, since))
        about = "" if total.exact else "at most "
        return Judgement(observed=f"{about}{total.most:,} {params.subjects} since {since}", problems=problems)


def measure_of(params: RecipientTotalParams) -> SubjectCount:
    """Give the measure of subjects with these parameters."""
    return SubjectCount(columns=params.columns)


def counts(params: RecipientTotalParams, declaration: Declaration) -> bool:
    """Say whether a release counts by what was declared of it; nobody escapes by silence."""
    return params.data == "any" or not declaration.data or bool(set(params.data) & set(declaration.data))


def subjects_of(layer: MeasuredLayer, params: RecipientTotalParams) -> Subjects:
    """Give the subjects of a layer that was measured before: all its rows where nobody counted them."""
    if layer.kind not in KINDS:
        return Subjects()
    found: Any = layer.values.get(measure_of(params).id)
    return found if isinstance(found, Subjects) else nameless(layer.rows)


def _within(release: PastRelease, since: date) -> bool:
    return release.on is None or release.on >= since


def _unknown() -> Problem:
    return Problem(
        summary="it is not known what was sent to the recipient before",
        remedy="ask where the ledger is; without it nobody can say the total",
        measured="unknown",
    )


def _unmeasured(past: list[PastRelease]) -> Iterator[Problem]:
    unmeasured = sum(each.layers is None for each in past)
    if unmeasured:
        yield Problem(
            summary=f"of {unmeasured:,} releases to the recipient it is not known what was in them",
            remedy="wait until they have left the window, or have the policy changed",
            counts=(Count(what="releases without measurements", value=unmeasured),),
        )


def _too_many(params: RecipientTotalParams, total: Subjects, own: Subjects, since: date) -> Iterator[Problem]:
    most = total.most
    if most < params.limit or (most == params.limit and params.operator == "<="):
        return
    about = "" if total.exact else "up to "
    yield Problem(
        summary=f"since {since} the recipient would have got {about}{most:,} {params.subjects}",
        remedy="send fewer of them, or wait until earlier releases have left the window",
        measured=str(most),
        operator=params.operator,
        limit=str(params.limit),
        unit=params.subjects,
        counts=(
            Count(what="subjects in this layer", value=own.most),
            Count(what="rows without an id, in all", value=total.unnamed),
        ),
    )
