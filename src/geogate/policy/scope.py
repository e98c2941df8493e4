"""When a policy or a rule applies: to what is declared and to the recipient; what is not known excuses from nothing."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from geogate.policy.countries import EU_TERRITORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.model.declaration import (
        DataKind,
        Declaration,
        Platform,
        ProcessingLevel,
        Sensor,
        Subjects,
        Transaction,
    )
    from geogate.model.parties import Posture, Recipient

ANY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """To what a policy or rule applies: to releases that match every part that is given; an empty part is not given.

    Countries are ISO 3166-1 alpha-2 codes or EU. ``recipient_countries`` are matched by the recipient and by the
    place; ``outside_countries`` by a recipient or a place that is in none of them. ``purposes`` are patterns of
    ``fnmatch`` in lower case.
    """

    origins: tuple[str, ...] = ()
    subjects: tuple[Subjects, ...] = ()
    subject_countries: tuple[str, ...] = ()
    subject_regions: tuple[str, ...] = ()
    data: tuple[DataKind, ...] = ()
    transactions: tuple[Transaction, ...] = ()
    platforms: tuple[Platform, ...] = ()
    sensors: tuple[Sensor, ...] = ()
    processing_levels: tuple[ProcessingLevel, ...] = ()
    licensed_in: tuple[str, ...] = ()
    ground_segment: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    recipient_countries: tuple[str, ...] = ()
    outside_countries: tuple[str, ...] = ()
    unless_consent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of a release before its bytes are read."""

    declaration: Declaration
    recipient: Recipient
    posture: Posture
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Whether something applies, and why, in words for people."""

    applies: bool
    why: str


@dataclass(frozen=True, slots=True)
class _Part:
    """One part of a scope compared with what is known; ``fits`` is ``None`` where that is not known."""

    fits: bool | None
    said: str


def match(scope: Scope | None, facts: Facts) -> Match:
    """Say whether a scope applies; it does not only where some part is known not to fit."""
    if scope is None:
        return Match(applies=True, why="applies to every release")
    parts = tuple(_parts(scope, facts))
    against = [part.said for part in parts if part.fits is False]
    if against:
        return Match(applies=False, why="does not apply: " + "; ".join(against))
    return Match(applies=True, why="applies: " + ("; ".join(part.said for part in parts) or "to every release"))


def _parts(scope: Scope, facts: Facts) -> Iterator[_Part]:
    said = facts.declaration
    yield from _listed("origin", scope.origins, said.origins)
    yield from _listed("subjects", scope.subjects, said.subjects)
    yield from _listed("country of the subjects", scope.subject_countries, said.subject_countries)
    yield from _listed("region of the subjects", scope.subject_regions, said.subject_regions)
    yield from _listed("kind of data", scope.data, said.data)
    yield from _listed("transaction", scope.transactions, (said.transaction,) if said.transaction else ())
    yield from _listed("platform", scope.platforms, (said.platform,) if said.platform else ())
    yield from _listed("sensor", scope.sensors, (said.sensor,) if said.sensor else ())
    yield from _listed("processing level", scope.processing_levels, _one(said.processing_level))
    yield from _listed("licence of the satellite", scope.licensed_in, said.licensed_in)
    yield from _listed("ground segment", scope.ground_segment, said.ground_segment)
    if scope.purposes:
        yield _purpose(scope.purposes, facts.purpose)
    if scope.recipients:
        yield _Part(facts.recipient.id in scope.recipients, f"the recipient is {facts.recipient.id}")
    if scope.recipient_countries:
        yield _within(expanded(scope.recipient_countries), facts)
    if scope.outside_countries:
        yield _beyond(expanded(scope.outside_countries), facts)
    if scope.unless_consent:
        consent = said.consent
        yield _Part(consent is not True, "consent is declared" if consent else "consent is not declared")


def expanded(countries: tuple[str, ...]) -> frozenset[str]:
    """Write the EU out as its members and their outermost regions; ``any`` stays what it is."""
    return frozenset(countries) | (EU_TERRITORY if "EU" in countries else frozenset())


def _one(value: object) -> tuple[object, ...]:
    return () if value is None else (value,)


def _listed(what: str, wanted: tuple[object, ...], declared: tuple[object, ...]) -> Iterator[_Part]:
    if not wanted:
        return
    if not declared:
        yield _Part(None, f"{what} is not declared")
        return
    known = expanded(tuple(map(str, wanted)))
    both = [str(each) for each in declared if str(each) in known]
    named = ", ".join(both or map(str, declared))
    yield _Part(bool(both), f"{what} {named}" if both else f"{what} is {named}")


def plain(text: str) -> str:
    """Write a purpose as it is compared: composed, without case, and without letters that nobody sees.

    >>> plain("Karte der STRA\u00adSSE") == plain("karte der straße")
    True
    """
    seen = "".join(letter for letter in unicodedata.normalize("NFKC", text) if unicodedata.category(letter) != "Cf")
    return unicodedata.normalize("NFKC", seen.casefold())


def _purpose(patterns: tuple[str, ...], purpose: str) -> _Part:
    said = plain(purpose)
    if not any(letter.isalnum() for letter in said):
        return _Part(None, "purpose is not declared")
    fits = any(fnmatchcase(said, plain(pattern)) for pattern in patterns)
    return _Part(fits, "the purpose is one of those listed" if fits else "the purpose is another")


def _within(countries: frozenset[str], facts: Facts) -> _Part:
    recipient, place = facts.recipient.country, facts.posture.country
    if recipient in countries:
        return _Part(fits=True, said=f"the recipient is in {recipient}")
    if place is None:
        return _Part(fits=None, said="the country of the place is not known")
    return _Part(place in countries, f"the place is in {place}" if place in countries else _where(facts))


def _beyond(countries: frozenset[str], facts: Facts) -> _Part:
    recipient, place = facts.recipient.country, facts.posture.country
    if recipient not in countries:
        return _Part(fits=True, said=f"the recipient is in {recipient}")
    if place is None:
        return _Part(fits=None, said="the country of the place is not known")
    return _Part(place not in countries, f"the place is in {place}" if place not in countries else _where(facts))


def _where(facts: Facts) -> str:
    return f"the recipient is in {facts.recipient.country}, the place in {facts.posture.country}"
