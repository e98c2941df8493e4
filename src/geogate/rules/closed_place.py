"""The rule about the place where bytes land: closed to others, without copies elsewhere, encrypted, kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator

from geogate.model.finding import Problem
from geogate.model.openings import NONE, OPENING, Opening, asked_of
from geogate.rules.bounds import Among, Ranked
from geogate.rules.parameters import Country
from geogate.rules.rule import CircumstanceRule, Judgement, Params

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Self

    from geogate.model.parties import Circumstances

Encryption = Literal["AES256", "aws:kms", "aws:kms:dsse"]
"""Source: Amazon S3 API, ServerSideEncryptionByDefault."""

REPLICATION: Final = "replication"
BLOCKS: Final = frozenset(
    f"{name} on" for name in ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
)
"""The trait ``public access block`` with all of it on. Source: Amazon S3 API, PublicAccessBlockConfiguration."""

_COUNTRY: Final = re.compile(r"\(([A-Z]{2})\)$")


def _once(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("a value stands twice")
    return values


class ClosedPlaceParams(Params):
    """What the place must be like."""

    openings_allowed: Annotated[tuple[Opening, ...], AfterValidator(_once)] = Field(
        description="Ways by which others may get at what lies there; all that are not listed must be closed."
    )
    copy_countries: Annotated[tuple[Country, ...], AfterValidator(_once)] = Field(
        description="Countries (ISO 3166-1 alpha-2) into which the place may copy what it gets; none if empty."
    )
    encryption: Annotated[tuple[Encryption, ...], AfterValidator(_once)] = Field(
        description="Default encryptions of a bucket that will do; not asked if empty."
    )
    public_access_block_required: bool = Field(description="Whether all of the bucket's public access block is on.")
    versioning_required: bool = Field(description="Whether the bucket must keep versions.")
    object_lock_required: bool = Field(description="Whether the bucket must have Object Lock.")

    @model_validator(mode="after")
    def _not_contradictory(self) -> Self:
        if REPLICATION in self.openings_allowed and self.copy_countries:
            raise ValueError("copy_countries would not be asked, because openings_allowed has replication to anywhere")
        return self


class PlaceClosed(CircumstanceRule[ClosedPlaceParams]):
    """The place where bytes land is closed to others, and makes no copies where the policy allows none.

    Why: what lies in a bucket that a website, a policy or a replication opens has been sent to everybody who comes.
    Params: ``openings_allowed``, ``copy_countries``, ``encryption``, ``public_access_block_required``,
    ``versioning_required``, ``object_lock_required``.
    Finds: a place with an opening that the policy does not list; a replication to a country that it does not list, or
    to an unknown one; a default encryption, a public access block, versions or an Object Lock other than demanded; and
    each of these that the place does not tell. A bucket tells of all but ``open to others``, of ``access points`` only
    where its owner is registered; a directory tells whether it is ``open to others``.
    Misses: what the place becomes after the sending, which the nightly audit watches; who may read there by a right of
    their own; a policy of the bucket that opens it to some accounts by name, which does not count as public.
    Remedy: have the place closed by whoever keeps it, or choose another one.
    Basis: for example GDPR art. 32(1) and 5(1)(f); CISA's security requirements under 28 CFR 202.248.
    """

    expectation = "expect_place_to_be_closed"
    params = ClosedPlaceParams
    bounds = (
        Among("openings_allowed"),
        Among("copy_countries"),
        Ranked("public_access_block_required", (True, False)),
        Ranked("versioning_required", (True, False)),
        Ranked("object_lock_required", (True, False)),
    )
    says = (
        "Nobody else may get at the place where bytes land, except by: {openings_allowed}. It may copy them into these "
        "countries: {copy_countries}. Its default encryption must be one of: {encryption}. A whole public access "
        "block is {public_access_block_required}, versions are {versioning_required}, Object Lock is "
        "{object_lock_required}."
    )

    def judge_circumstances(self, params: ClosedPlaceParams, circumstances: Circumstances) -> Judgement:
        """Compare each trait that the policy asks for; one that is not known is a problem."""
        traits = dict(circumstances.posture.traits)
        problems = (*_openings(params, circumstances, traits), *_kept(params, traits))
        asked = len(asked_of(circumstances.destination) - set(params.openings_allowed))
        return Judgement(observed=f"{asked} openings looked for, {len(problems)} problems", problems=problems)


def _openings(
    params: ClosedPlaceParams, circumstances: Circumstances, traits: Mapping[str, str | None]
) -> Iterator[Problem]:
    """Look at what the place must tell of, and at any other opening that it does tell of."""
    told = {name for name in OPENING & traits.keys() if traits[name] != NONE}
    for name in sorted((asked_of(circumstances.destination) | told) - set(params.openings_allowed)):
        value = traits.get(name)
        if value is None:
            yield _problem(f"the place does not tell of this opening: {name}", "unknown", NONE)
        elif value != NONE and name == REPLICATION and params.copy_countries:
            yield from _copies(params, value)
        elif value != NONE:
            yield _problem(f"others can get at the place, or what lies there, by: {name}", value, NONE)


def _copies(params: ClosedPlaceParams, value: str) -> Iterator[Problem]:
    """Look where each target of a replication is."""
    for target in value.split(", "):
        country = _COUNTRY.search(target)
        if country is None or country[1] not in params.copy_countries:
            yield _problem(
                f"the place makes copies in {country[1] if country else 'an unknown country'}",
                target,
                ", ".join(params.copy_countries),
                operator="in",
            )


def _kept(params: ClosedPlaceParams, traits: Mapping[str, str | None]) -> Iterator[Problem]:
    """Look at what must be switched on."""
    if params.encryption:
        value = traits.get("default encryption")
        used = {each.split(" ")[0] for each in value.split(", ")} if value else set[str]()
        if not used or not used <= set(params.encryption):
            yield _problem("the place is not encrypted as it must be", value, ", ".join(params.encryption), "in")
    if params.public_access_block_required:
        value = traits.get("public access block")
        if set((value or "").split(", ")) != BLOCKS:
            yield _problem("the public access block is not whole", value, "all four on")
    if params.versioning_required:
        value = traits.get("versioning")
        if value != "Enabled":
            yield _problem("the place keeps no versions", value, "Enabled")
    if params.object_lock_required:
        value = traits.get("object lock")
        if (value or "").split(", ")[0] != "Enabled":
            yield _problem("the place has no Object Lock", value, "Enabled")


def _problem(summary: str, measured: str | None, limit: str, operator: str = "==") -> Problem:
    return Problem(
        summary=summary,
        remedy="have it closed, or switched on, by whoever keeps the place, or choose another place",
        measured=measured or "unknown",
        operator=operator,
        limit=limit,
    )
