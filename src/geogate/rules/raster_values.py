"""The rule about how small and how large the numbers in the pixels of images are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from geogate.measures.hidden.columns import ColumnContents, Contents
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count, Problem
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList


class ValueRangeParams(Params):
    """Between which numbers values lie."""

    least: float = Field(description="The smallest number that a pixel may have, in the unit of the values.")
    largest: float = Field(description="The largest number that a pixel may have.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.least <= self.largest:
            raise ValueError("the least number is larger than the largest one")
        return self


class ValuesInRange(Rule[ValueRangeParams]):
    """Numbers in the pixels of images lie between two numbers.

    Why: a band of wide numbers can hold anything; heights in metres, or temperatures in kelvins, lie in a range that is
    known before, and what does not lie there is something else.
    Params: ``least`` and ``largest``, both of which may be met.
    Finds: pixels of the base image and of its overviews, other than nodata, that are less, more or infinite.
    Misses: what lies within the range; pictures of up to four bands of eight bits, whose range is that of their type.
    Remedy: look at the values; leave the band out, or correct the range after having looked.
    Basis: for example GDPR art. 5(1)(c) and (f); what leaves must be what it says that it is.
    """

    expectation = "expect_raster_values_to_be_between"
    params = ValueRangeParams
    kinds = frozenset({LayerKind.RASTER_VALUES})

    def zone_lists(self, params: ValueRangeParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(
        self, params: ValueRangeParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...]:
        """Need what the bands hold, as columns."""
        del params, zone_lists
        return (ColumnContents(),)

    def judge(
        self, params: ValueRangeParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the least and the largest number of each band with the limits."""
        del circumstances
        (found,) = measurements.values()
        if not isinstance(found, Contents):
            raise TypeError("the measurement is not of the columns")
        return Judgement(observed=f"numbers of {len(found.columns or ())} bands", problems=(*_problems(params, found),))


def _problems(params: ValueRangeParams, found: Contents) -> Iterator[Problem]:
    bands = found.columns or ()
    if not bands:
        yield Problem(summary="the image has no bands", remedy="leave it out, or export it again", counts=())
    known = [band for band in bands if band.values]
    read = [band for band in known if band.kind == "number" and not band.non_finite]
    compared = [(band.least, band.largest) for band in read if band.least is not None and band.largest is not None]
    if len(compared) < len(known):  # not judged: it has no limit, as nothing was compared
        unread = len(known) - len(compared)
        yield Problem(
            summary="bands have numbers that are not in the range: they are not finite, or none",
            remedy="look at the values; leave the bands out, or export them again",
            counts=(Count(what="bands", value=unread),),
        )
    beyond = [pair for pair in compared if not (params.least <= pair[0] and pair[1] <= params.largest)]
    if beyond:
        yield Problem(
            summary="bands have numbers that are not in the range",
            remedy="look at the values; leave the bands out, or correct the range",
            measured=str(len(beyond)),
            operator="<=",
            limit="0",
            unit="bands",
            counts=(Count(what="bands", value=len(beyond)),),
        )
