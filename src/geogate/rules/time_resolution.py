"""The rule about how finely a layer's times tell moments apart."""

from __future__ import annotations

from operator import ge, gt
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from geogate.measures.clocks import STEPS
from geogate.measures.time_steps import TimeResolution, TimeSteps
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit
from geogate.rules.layer_inventory import PLAIN_NAME, ColumnName
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Self

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.measures.time_steps import ColumnTimes
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

DAY_S = 86_400.0
_NS = 1e9


class TimeParams(Params):
    """How coarse the finest time must be, and where."""

    columns: Literal["any"] | Annotated[tuple[ColumnName, ...], Field(min_length=1)] = Field(
        description="The columns that have times; or any: every column of times, and every text with a time of day."
    )
    step_seconds: Annotated[float, Field(gt=0, le=DAY_S)] = Field(
        description="The finest step that is allowed, in seconds; a day is the coarsest that can be told."
    )
    operator: Literal[">=", ">"] = Field(description="How the measured step must compare with step_seconds.")

    @model_validator(mode="after")
    def _not_contradictory(self) -> Self:
        if self.operator == ">" and self.step_seconds == DAY_S:
            raise ValueError("no step is coarser than a day")
        if self.columns != "any" and len(set(self.columns)) != len(self.columns):
            raise ValueError("a column stands twice")
        return self


class TimeResolutionAllowed(Rule[TimeParams]):
    """Times tell moments apart no finer than the policy allows.

    Why: times to the second link rows of one device with each other and with what others saw; hours do not.
    Params: ``columns``, a list or ``any``; ``step_seconds``, the finest step; ``operator``, ``>=`` or ``>``, which must
    hold between the measured step and ``step_seconds``.
    Finds: the coarsest of the steps 1 ns, 1 µs, 1, 10 and 100 ms, 1 and 10 s, 1 and 10 min, 1 h and 1 d on which the
    finest moment lies, in UTC where a column has a time zone, also within structures and lists; times of day that are
    written in texts as hours, minutes and more with colons. A listed column without times, or with texts that are none,
    is a problem.
    Misses: with ``any``, moments written as numbers, or in texts without a colon; texts in columns that are not listed;
    noise that was added before rounding; the order of rows.
    Remedy: round times down; leave out columns that are not needed.
    Basis: data minimisation, GDPR art. 5(1)(c); mobility traces stay unique at an hour, de Montjoye et al. (2013).
    """

    expectation = "expect_timestamps_no_finer_than"
    params = TimeParams
    bounds = (Limit("step_seconds", "operator"),)
    says = "The finest step of times must be {operator} {step_seconds}; columns of times: {columns}."

    def zone_lists(self, params: TimeParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(self, params: TimeParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need the steps of the times."""
        del params, zone_lists
        return (TimeSteps(),)

    def settled(self, params: TimeParams, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Say that a moment is too fine already."""
        found = measurements[TimeSteps().id]
        return isinstance(found, TimeResolution) and bool(_too_fine(params, _judged(params, found)))

    def judge(
        self, params: TimeParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the finest step with the limit, and look for the listed columns."""
        del circumstances
        found = measurements[TimeSteps().id]
        if not isinstance(found, TimeResolution):
            raise TypeError("the measurement has no times")
        judged = _judged(params, found)
        problems = [*_missing(params, found), *_unread(params, judged)]
        fine = _too_fine(params, judged)
        if fine:
            problems.append(_problem(params, fine))
        finest = min((column.finest for column in judged if column.finest is not None), default=None)
        observed = "no times" if finest is None else f"finest step {STEPS[finest][0]}"
        return Judgement(observed=observed, problems=tuple(problems))


def _judged(params: TimeParams, found: TimeResolution) -> tuple[ColumnTimes, ...]:
    columns = found.columns or ()
    if params.columns == "any":
        return columns
    return tuple(column for column in columns if any(_is_of(column, name) for name in params.columns))


def _is_of(column: ColumnTimes, name: str) -> bool:
    """Tell whether times are those of a column, or within it."""
    return column.name == name or column.name.startswith((f"{name}.", f"{name}[]"))


def _too_fine(params: TimeParams, judged: Sequence[ColumnTimes]) -> tuple[ColumnTimes, ...]:
    return tuple(column for column in judged if column.finest is not None and not _allowed(params, column.finest))


def _allowed(params: TimeParams, place: int) -> bool:
    return bool({">=": ge, ">": gt}[params.operator](STEPS[place][1] / _NS, params.step_seconds))


def _missing(params: TimeParams, found: TimeResolution) -> Iterator[Problem]:
    if params.columns == "any":
        return
    for name in params.columns:
        if not any(_is_of(column, name) for column in found.columns or ()):
            yield Problem(
                summary=f"column {name!r} is missing, or has neither times nor texts",
                remedy="give the column times, or take it out of the policy",
            )


def _unread(params: TimeParams, judged: Sequence[ColumnTimes]) -> Iterator[Problem]:
    unread = sum(column.unread for column in judged)
    if params.columns != "any" and unread:
        yield Problem(
            summary="some texts in columns of times are not times",
            remedy="write them as 2026-01-31T12:00:00, or give the column the type of a timestamp",
            counts=(Count(what="texts without a time", value=unread),),
        )


def _problem(params: TimeParams, fine: Sequence[ColumnTimes]) -> Problem:
    finest = min(column.finest for column in fine if column.finest is not None)
    names = ", ".join(dict.fromkeys(column.name for column in fine if PLAIN_NAME.fullmatch(column.name)))
    counts = [sum(column.counts[place] for column in fine) for place in range(len(STEPS))]
    return Problem(
        summary=f"times are as fine as {STEPS[finest][0]}" + (f" in {names}" if names else ""),
        remedy=f"round times down, for example: `df[column].dt.floor('{params.step_seconds:g}s')`",
        measured=f"{STEPS[finest][1] / _NS:.9g}",
        operator=params.operator,
        limit=f"{params.step_seconds:g}",
        unit="s",
        counts=(
            Count(what="columns with finer times", value=len(fine)),
            *(
                Count(what=f"times on {label}", value=count)
                for place, ((label, _), count) in enumerate(zip(STEPS, counts, strict=True))
                if count and not _allowed(params, place)
            ),
        ),
    )
