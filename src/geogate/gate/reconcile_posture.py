"""Compare what destinations are like with what they were like when something was sent there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from geogate.destinations.place_posture import drift
from geogate.gate.audit_findings import AuditFinding, Kind
from geogate.gate.postures import place_posture
from geogate.gate.reconcile_expected import posture_of
from geogate.model.errors import ServiceError
from geogate.model.parties import Place
from geogate.policy.places import inside, is_described

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.destinations.place_posture import Drift, PlacePosture
    from geogate.gate.house import House
    from geogate.gate.reconcile_expected import Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifts:
    """What changed, and what nobody knows of each place."""

    findings: tuple[AuditFinding, ...]
    unknown: tuple[tuple[str, tuple[str, ...]], ...]


def drifts(expected: Expected, *, roots: Mapping[str, Place | None], house: House) -> Drifts:
    """Look at each place that has something, once; a trait that changed is one finding, however many it concerns."""
    before: dict[str, list[tuple[PlacePosture, list[str]]]] = defaultdict(list)
    asked: dict[str, Place | None] = {}
    for (destination, text), requests in sorted(expected.postures.items()):
        was = place_posture(destination, posture_of(text))
        before[was.place].append((was, requests))
        asked[was.place] = _registered(destination, roots, owner=expected.destinations.get(destination, ""))
    findings, unknown = list[AuditFinding](), list[tuple[str, tuple[str, ...]]]()
    for place, registered in sorted(asked.items()):
        try:
            now = house.lying_at(place, registered=registered).posture()
        except ServiceError as error:
            summary = f"nobody knows what it is like: {error.summary}"
            findings.append(AuditFinding(kind=Kind.UNREADABLE, about=place, summary=summary))
            continue
        if now.unknown:
            unknown.append((place, now.unknown))
        findings += _changed(place, before[place], now)
    return Drifts(findings=tuple(findings), unknown=tuple(unknown))


def _registered(destination: str, roots: Mapping[str, Place | None], *, owner: str) -> Place | None:
    """Find what is registered of a destination, with the account that the clearance named where it named one."""
    alone = Place(uri=destination, owner=owner) if is_described(destination) else None
    around = [place for place in roots.values() if place and inside(destination, place)]
    found = max(around, key=lambda place: len(place.uri)) if around else alone
    return replace(found, owner=owner or found.owner) if found else None


def _changed(place: str, before: list[tuple[PlacePosture, list[str]]], now: PlacePosture) -> list[AuditFinding]:
    """Put together what changed since any of the releases."""
    found: dict[Drift, list[str]] = defaultdict(list)
    for was, requests in before:
        for each in drift(was, now):
            found[each] += requests
    rows = sorted(found.items(), key=lambda pair: (pair[0].trait, str(pair[0].before)))
    return [
        AuditFinding(
            kind=Kind.DRIFT,
            about=place,
            summary=f"{each.trait} was {_said(each.before)} and is {_said(each.now)}",
            requests=tuple(requests),
        )
        for each, requests in rows
    ]


def _said(value: str | None) -> str:
    return "not known" if value is None else value
