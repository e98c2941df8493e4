"""The rule about places that must not be shown."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from geogate.measures.zone_hits import ZoneHitCounts, ZoneHits
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Limit
from geogate.rules.rule import Judgement, Params, Rule, SoFar
from geogate.rules.together import found_beside, rows_unmeasured

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

MOST_ZONES = 10
"""Zones that a finding lists; those with the most features come first."""

OPAQUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,39}")


ListName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$")]
BufferM = Annotated[float, Field(ge=0, le=500_000)]


class ZonesParams(Params):
    """Which zones, and how near is too near."""

    zone_list: ListName = Field(description="The name of the zone list.")
    buffer_m: BufferM = Field(
        description="Metres around each zone that count as inside; a zone's own buffer counts where it is larger."
    )
    max_features: Annotated[int, Field(ge=0)] = Field(
        description="Features, of all layers of a release, that may be inside; more are a problem."
    )


class RestrictedZones(Rule[ZonesParams]):
    """No position lies in a restricted zone or within its buffer.

    Why: data about some places endangers people or breaks the law, whatever else it says.
    Params: ``zone_list``, the name of a list beside the policies; ``buffer_m``, metres around each zone, where a
    zone's own buffer counts if it is larger; ``max_features``, the number of features, of all layers of a release, that
    may be inside.
    Finds: features with a vertex, an edge or an inside in a zone or within its buffer, counted for each zone. Where
    some may be inside, those count with a batch of a feed that the recipient got before.
    Misses: places that the list does not have; what attributes say about a zone in words.
    Remedy: leave the features out, or have the owner of the list change it.
    Basis: acts on the protection of military areas and critical infrastructure; the list names its own source.
    """

    expectation = "expect_no_position_in_restricted_zones"
    params = ZonesParams
    kinds = frozenset(LayerKind) - {LayerKind.RASTER_VALUES}
    bounds = (
        Limit("buffer_m", ">"),
        Limit("max_features", "<="),
    )
    says = (
        "At most {max_features}, of all layers together, may lie in zones of {zone_list} or within {buffer_m} of them."
    )

    def zone_lists(self, params: ZonesParams) -> tuple[str, ...]:
        """Need the one list."""
        return (params.zone_list,)

    def measures(self, params: ZonesParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need the hits of the list's zones within the buffer.

        Raises: KeyError when the list is missing; PolicyError when it cannot protect with this buffer.
        """
        return (ZoneHits.against(zone_lists[params.zone_list], buffer_m=params.buffer_m),)

    def adds_up(
        self, params: ZonesParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...] | None:
        """Count on by the hits, where some are let pass."""
        return self.measures(params, zone_lists) if params.max_features else None

    def settled(self, params: ZonesParams, measurements: Mapping[MeasureId, Measurement]) -> bool:
        """Say that too many features hit a zone already: counts only grow."""
        (hits,) = measurements.values()
        return isinstance(hits, ZoneHitCounts) and _features(hits) > params.max_features

    def so_far(
        self, params: ZonesParams, measure_ids: Sequence[MeasureId], circumstances: Circumstances
    ) -> SoFar | None:
        """Count the features in zones, where some are let pass."""
        if not params.max_features:
            return None
        (measure,) = measure_ids
        hit = sum(map(_features, found_beside(circumstances, measure, ZoneHitCounts)))
        hit += rows_unmeasured(circumstances, measure, self.kinds)
        return SoFar(measured=hit, operator="<=", limit=params.max_features, unit="features in zones")

    def judge(
        self, params: ZonesParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Compare the number of features that hit a zone with the limit."""
        ((measure, hits),) = measurements.items()
        if not isinstance(hits, ZoneHitCounts):
            raise TypeError("the measurement has no hits")
        hit = _features(hits)
        observed = f"{hit:,} of {hits.features:,} features in {len(hits.zones):,} zones"
        # Where none may be inside each layer speaks for itself.
        if params.max_features and hit:
            hit += sum(map(_features, found_beside(circumstances, measure, ZoneHitCounts)))
            # What was not measured against these zones may lie in them, all of it.
            hit += rows_unmeasured(circumstances, measure, self.kinds)
        if hit <= params.max_features:
            return Judgement(observed=observed)
        return Judgement(observed=observed, problems=(_problem(params, hits, hit),))


def _features(hits: ZoneHitCounts) -> int:
    """Count the features that hit a zone; those that hit several count once, but never fewer than hit one."""
    return max([hits.features_hit, *(zone.features for zone in hits.zones)])


def _problem(params: ZonesParams, hits: ZoneHitCounts, hit: int) -> Problem:
    worst = sorted(hits.zones, key=lambda zone: (-zone.features, zone.zone))[:MOST_ZONES]
    totals = (
        Count(what="features in zones", value=hit),
        Count(what="vertices in zones", value=hits.vertices_hit),
        Count(what="zones", value=len(hits.zones)),
    )
    return Problem(
        summary=f"{hit:,} features lie in zones of {params.zone_list} or within {params.buffer_m:g} m",
        remedy=f"drop {hit - params.max_features:,} features or more, or ask the owner of the zone list",
        measured=str(hit),
        operator="<=",
        limit=str(params.max_features),
        unit="features",
        counts=totals
        + tuple(Count(what=f"features in zone {opaque(zone.zone)}", value=zone.features) for zone in worst),
    )


def opaque(zone: str) -> str:
    """Name a zone by its id where that is a plain word, otherwise by a digest of it."""
    return zone if OPAQUE.fullmatch(zone) else hashlib.sha256(zone.encode()).hexdigest()[:12]
