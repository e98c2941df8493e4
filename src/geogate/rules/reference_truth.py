"""The rule about numbers that mean something else than the layer says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field

from geogate.measures.readings import FAMILIES, Family
from geogate.measures.zone_readings import ReadingCount, ZoneReadingCounts, ZoneReadings
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit, Never
from geogate.rules.restricted_zones import MOST_ZONES, BufferM, ListName, opaque
from geogate.rules.rule import Judgement, Params, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

Share = Annotated[float, Field(ge=0, le=1)]

_WORDS: Final = {
    "swapped-axes": "with x and y swapped",
    "degrees": "as longitude and latitude in degrees",
    "degrees-swapped": "as latitude and longitude in degrees",
    "degrees-from-own-meridian": "as longitude and latitude in degrees from the layer's own prime meridian",
    "degrees-from-own-meridian-swapped": "as latitude and longitude in degrees from the layer's own prime meridian",
    "no-shift-of-datum": "on WGS 84, with no shift of datum",
    "radians": "as radians",
    "west-called-east": "with eastern longitudes as western ones",
    "east-called-west": "with western longitudes as eastern ones",
    "south-called-north": "with northern latitudes as southern ones",
    "north-called-south": "with southern latitudes as northern ones",
    "south-west-called-north-east": "as the absolute values of southern latitudes and western longitudes",
    "half-turn-east": "with longitudes half a turn farther east",
    "half-turn-west": "with longitudes half a turn farther west",
    "gcj02-as-wgs84": "as GCJ-02 that is called WGS 84",
    "wgs84-as-gcj02": "as WGS 84 from which the offset of GCJ-02 was taken away",
    "bd09-as-wgs84": "as BD-09 that is called WGS 84",
    "wgs84-as-bd09": "as WGS 84 from which the offset of BD-09 was taken away",
    "bd09-as-gcj02": "as BD-09 from which only the offset of GCJ-02 was taken away",
    "gcj02-as-bd09": "as GCJ-02 from which the offset of BD-09 was taken away",
}

_UNITS: Final = {
    "arc-minutes": "minutes of arc",
    "arc-seconds": "seconds of arc",
    "degrees-e5": "degrees times 100,000",
    "degrees-e6": "degrees times 1,000,000",
    "degrees-e7": "degrees times 10,000,000",
    "minutes-e4": "minutes of arc times 10,000",
    "milliseconds": "seconds of arc times 1,000",
    "semicircles": "half turns times 2,147,483,648",
}

_REMEDY: Final = "have the layer's source confirm its reference system, and repair the layer if it is not what it says"
_REMEDY_CHINA: Final = (
    "have the layer's source confirm whether its positions carry the offset of a Chinese map; bring them to WGS 84 if"
    " they do, and leave these features out if nobody can say"
)


class ReferenceParams(Params):
    """Which zones, how near is too near, and which readings of the numbers count."""

    zone_list: ListName = Field(description="The name of the zone list.")
    buffer_m: BufferM = Field(
        description="Metres around each zone that count as inside; a zone's own buffer counts where it is larger."
    )
    max_features: Annotated[int, Field(ge=0)] = Field(
        description="Features that may be inside under a reading; more are a problem."
    )
    max_share: Share = Field(
        description="The share of the layer's features that may be inside under a reading; a problem has more than"
        " `max_features` and more than this share."
    )
    min_share_fitting: Share = Field(
        description="The share of the layer's vertices that a reading must fit to count, for readings that fit much"
        " honest data; those that fit only numbers which are hardly what the layer says always count."
    )
    readings: Annotated[list[Family], Field(min_length=1)] | Literal["all"] = Field(
        description="Which kinds of readings count, or `all`: "
        + "; ".join(f"`{family.value}` {words}" for family, words in FAMILIES.items())
        + "."
    )


class ReferenceTruth(Rule[ReferenceParams]):
    """No position lies in a restricted zone if the layer's numbers mean something else than the layer says.

    Why: swapped axes, degrees called metres, a wrong zone or an offset move positions out of every zone; the recipient
    moves them back.
    Params: ``zone_list`` and ``buffer_m`` as in expect_no_position_in_restricted_zones; ``max_features`` and
    ``max_share``, above both of which features inside are a problem; ``min_share_fitting``, the share of the vertices
    that a reading must fit; ``readings``, which kinds of readings count, or ``all``.
    Finds: for each reading that is possible for the layer's numbers, the features with a vertex, an edge or an inside
    in a zone or within its buffer; a finding for each reading, which says which. Of areas wider than two degrees only
    the vertices count, under readings that fit much honest data. What lies in zones as the layer says is for
    expect_no_position_in_restricted_zones.
    Misses: a shift or a projection that nobody else uses; a UTM layer in a zone that is neither beside its own nor of
    the other hemisphere, unless ``any-utm`` counts; the offsets of Chinese maps outside China; a few rows that mean
    something else among many that do not, where a reading is not possible for ``min_share_fitting`` of the vertices.
    Remedy: have the source of the layer confirm its reference system; repair it if it is wrong.
    Basis: acts on the protection of military areas; for China, GB 20263-2006, which demands offsets in public maps.
    """

    expectation = "expect_no_zone_under_another_reading"
    params = ReferenceParams
    bounds = (
        Limit("buffer_m", ">"),
        Limit("max_features", "<="),
        Limit("max_share", "<="),
        Limit("min_share_fitting", "<"),
        Never("readings", every="all"),
    )
    says = (
        "Were the numbers to mean something else, at most {max_features}, or {max_share} of all, may lie in "
        "zones of {zone_list} or within {buffer_m} of them; readings that count: {readings}, where they fit "
        "{min_share_fitting} of the vertices."
    )

    def zone_lists(self, params: ReferenceParams) -> tuple[str, ...]:
        """Need the one list."""
        return (params.zone_list,)

    def measures(self, params: ReferenceParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need the hits of the list's zones under the readings.

        Raises: KeyError when the list is missing; PolicyError when it cannot protect with this buffer.
        """
        families = tuple(Family) if params.readings == "all" else params.readings
        zones = zone_lists[params.zone_list]
        return (ZoneReadings.against(zones, buffer_m=params.buffer_m, families=families),)

    def judge(
        self, params: ReferenceParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the number and the share of features that hit a zone with the limits, for each possible reading."""
        del circumstances
        (found,) = measurements.values()
        if not isinstance(found, ZoneReadingCounts):
            raise TypeError("the measurement has no readings")
        possible = [count for count in found.readings if _possible(params, found, count)]
        touching = [count for count in possible if count.features]
        observed = f"{len(touching):,} of {len(possible):,} other readings would reach zones"
        return Judgement(observed=observed, problems=tuple(_problems(params, found, touching)))


def _possible(params: ReferenceParams, found: ZoneReadingCounts, count: ReadingCount) -> bool:
    return count.strange or count.fitting >= params.min_share_fitting * found.vertices


def _problems(params: ReferenceParams, found: ZoneReadingCounts, touching: list[ReadingCount]) -> Iterator[Problem]:
    for count in sorted(touching, key=lambda count: (-count.features, count.reading)):
        if count.features > params.max_features and count.features > params.max_share * found.features:
            yield _problem(params, found, count)


def _problem(params: ReferenceParams, found: ZoneReadingCounts, count: ReadingCount) -> Problem:
    worst = sorted(count.zones, key=lambda zone: (-zone.features, zone.zone))[:MOST_ZONES]
    totals = (
        Count(what="features in zones", value=count.features),
        Count(what="vertices in zones", value=count.vertices),
        Count(what="zones", value=len(count.zones)),
        Count(what="features of the layer", value=found.features),
        Count(what="vertices that fit the reading", value=count.fitting),
        Count(what="vertices of the layer", value=found.vertices),
    )
    return Problem(
        summary=f"read {words_of(count.reading)}, {count.features:,} features lie in zones of {params.zone_list}"
        f" or within {params.buffer_m:g} m",
        remedy=_REMEDY_CHINA if any(word in count.reading for word in ("gcj02", "bd09")) else _REMEDY,
        measured=str(count.features),
        operator="<=",
        limit=str(params.max_features),
        unit="features",
        counts=totals
        + tuple(Count(what=f"features in zone {opaque(zone.zone)}", value=zone.features) for zone in worst),
    )


def words_of(reading: str) -> str:
    """Say what a reading takes the numbers for."""
    unit, swapped = reading.removesuffix("-swapped"), reading.endswith("-swapped")
    if unit in _UNITS:
        return f"as {_UNITS[unit]}{', with x and y swapped' if swapped else ''}"
    return _WORDS.get(reading, f"as {reading}")
