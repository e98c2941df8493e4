"""The rule about where data goes: the recipient's country, owners and contract, and the place where bytes land."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, ClassVar, Final

from pydantic import Field, StringConstraints, model_validator

from geogate.model.finding import Problem
from geogate.model.parties import LOCAL, SERVER
from geogate.rules.bounds import Among, Limit, Never, Ranked
from geogate.rules.parameters import Countries
from geogate.rules.rule import CircumstanceRule, Judgement, Params
from geogate.rules.shares import held_share, unknown_share

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from typing import Self

    from geogate.model.parties import Circumstances

MOST_SHOWN = 6
"""Countries that a remedy lists; the finding's limit has all of them."""

WITHOUT_REGION: Final[Mapping[str, str]] = {"file": LOCAL, "https": SERVER, "ogcapi": SERVER, "sftp": SERVER}
"""Schemes whose places are in no region, with what they give as one: their country decides."""


Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}[a-z0-9-]*\*?$")]


class OwnerLimit(Params):
    """From which share on owners of some countries, taken together, are too many."""

    countries: Countries = Field(description="Countries taken together.")
    share: Annotated[float, Field(gt=0, le=1)] = Field(description="Denied from this share on, from 0 to 1.")


def _covers(stricter: OwnerLimit, looser: OwnerLimit) -> bool:
    """Say that one limit denies all owners that another one does."""
    return set(looser.countries) <= set(stricter.countries) and stricter.share <= looser.share


class DestinationParams(Params):
    """Where data may go."""

    countries: Countries = Field(
        description="Countries (ISO 3166-1 alpha-2) in which the recipient may be, and its data may lie."
    )
    regions: tuple[Region, ...] = Field(
        description="Regions of object stores in which data may land, as the store names them; eu-* means all of eu."
    )
    owner_limits: tuple[OwnerLimit, ...] = Field(description="Shares of ownership that deny; none if empty.")
    contract_required: bool = Field(description="Whether the recipient must have a contract.")
    contract_min_days_left: Annotated[int, Field(ge=0, le=3650)] = Field(
        description="Days, today not counted, for which the contract must still hold."
    )

    @model_validator(mode="after")
    def _not_contradictory(self) -> Self:
        if len(set(self.countries)) != len(self.countries):
            raise ValueError("a country stands twice")
        if not self.contract_required and self.contract_min_days_left:
            raise ValueError("contract_min_days_left needs contract_required")
        for limit in self.owner_limits:
            if limit.share == 1 and set(limit.countries) >= set(self.countries):
                raise ValueError("an owner limit denies every country that is allowed")
        return self


class DestinationAllowed(CircumstanceRule[DestinationParams]):
    """Data goes only to recipients, owners, contracts and places that the policy allows.

    Why: the law of the country in which data lies, and of those who own the recipient, decides who can demand it.
    Params: ``countries``, ``regions``, ``owner_limits`` (``countries`` with a ``share``), ``contract_required``,
    ``contract_min_days_left``.
    Finds: a recipient in another country; owners of listed countries who together have the share or more, or could
    have it because so much of the ownership is not registered; no contract, or one that ends too soon; a bucket in
    another region; a directory or a server in another country; a place that does not say where it is. A destination
    outside the recipient's registered places is found by the gate itself, under every policy.
    Misses: owners behind the owners that the recipients' file lists; what the recipient does with the data afterwards.
    Remedy: renew the contract, or choose another recipient.
    Basis: transfers of personal data to third countries, for example GDPR art. 44 to 49; ownership rules such as
    28 CFR 202.211.
    """

    expectation = "expect_destination_to_be_allowed"
    params = DestinationParams
    bounds = (
        Among("countries", needed=True),
        Among("regions"),
        Never("owner_limits", covers=_covers),
        Ranked("contract_required", (True, False)),
        Limit("contract_min_days_left", ">="),
    )
    compared: ClassVar = {"share": "<"}
    says = (
        "The recipient and the place of the data must be in one of {countries}; a bucket must be in a region "
        "of {regions}; owners must hold less than each of these: {owner_limits}; a contract is "
        "{contract_required}, which must hold for at least {contract_min_days_left} more."
    )

    def holds_until(self, params: DestinationParams, circumstances: Circumstances) -> date | None:
        """Give the last day of the contract where one is required and there is one today."""
        contract = circumstances.recipient.contract
        if not params.contract_required or contract is None or contract.ends < circumstances.today:
            return None
        return contract.ends

    def judge_circumstances(self, params: DestinationParams, circumstances: Circumstances) -> Judgement:
        """Report each part that is not allowed as a problem of its own."""
        problems = (
            *_country(params, circumstances),
            *_owners(params, circumstances),
            *_contract(params, circumstances),
            *_posture(params, circumstances),
        )
        return Judgement(
            observed=f"recipient in {circumstances.recipient.country}, place in {_where(circumstances)}",
            problems=problems,
        )


def _where(circumstances: Circumstances) -> str:
    posture = circumstances.posture
    said = f"{posture.country or 'an unknown country'}, region {posture.region or 'unknown'}"
    return f"{said} ({' and '.join(posture.attested)} by its registration)" if posture.attested else said


def _scheme(circumstances: Circumstances) -> str:
    return circumstances.destination.partition(":")[0]


def _country(params: DestinationParams, circumstances: Circumstances) -> Iterator[Problem]:
    country = circumstances.recipient.country
    if country not in params.countries:
        yield Problem(
            summary=f"the recipient is in {country}, which the policy does not allow",
            remedy=f"use a recipient in an allowed country ({_some(params.countries)}), or have the policy changed",
            measured=country,
            operator="in",
            limit=", ".join(params.countries),
        )


def _owners(params: DestinationParams, circumstances: Circumstances) -> Iterator[Problem]:
    recipient = circumstances.recipient
    unknown = unknown_share(recipient)
    for limit in params.owner_limits:
        held = held_share(recipient, limit.countries)
        if held < limit.share <= round(held + unknown, 12):
            yield Problem(
                summary=f"who owns {unknown * 100:.6g}% of the recipient is not registered",
                remedy="find out who holds the rest, and enter it in recipients.yaml",
                measured=f"{held + unknown:g}",
                operator="<",
                limit=f"{limit.share:g}",
                unit=f"share in {', '.join(limit.countries)}, as far as is known",
            )
        if not held < limit.share:
            yield Problem(
                summary=f"owners in {', '.join(limit.countries)} hold {held * 100:.6g}% of the recipient",
                remedy="choose a recipient with other owners",
                measured=f"{held:g}",
                operator="<",
                limit=f"{limit.share:g}",
                unit="share",
            )


def _contract(params: DestinationParams, circumstances: Circumstances) -> Iterator[Problem]:
    if not params.contract_required:
        return
    contract = circumstances.recipient.contract
    if contract is None:
        yield Problem(
            summary="the recipient has no contract", remedy="agree on a contract and enter it in recipients.yaml"
        )
        return
    days_left = (contract.ends - circumstances.today).days
    if days_left < params.contract_min_days_left:
        yield Problem(
            summary="the contract has ended" if days_left < 0 else "the contract ends too soon",
            remedy=f"renew contract {contract.reference} and enter its new end in recipients.yaml",
            measured=str(days_left),
            operator=">=",
            limit=str(params.contract_min_days_left),
            unit="days left",
        )


def _some(countries: tuple[str, ...]) -> str:
    """List countries, the first of many."""
    shown = ", ".join(countries[:MOST_SHOWN])
    return shown if len(countries) <= MOST_SHOWN else f"{shown} and {len(countries) - MOST_SHOWN} more"


def _posture(params: DestinationParams, circumstances: Circumstances) -> Iterator[Problem]:
    posture = circumstances.posture
    if posture.country not in params.countries:
        yield Problem(
            summary="the place does not say in which country it is"
            if posture.country is None
            else f"the place is in {posture.country}, which the policy does not allow",
            remedy="choose another place (GEOGATE_COUNTRY says the country of directories, recipients.yaml of servers)",
            measured=posture.country or "unknown",
            operator="in",
            limit=", ".join(params.countries),
        )
    regionless = posture.region is not None and posture.region == WITHOUT_REGION.get(_scheme(circumstances))
    known = posture.region is not None and posture.region != ""
    if not regionless and not (known and any(fnmatchcase(str(posture.region), each) for each in params.regions)):
        yield Problem(
            summary=f"the region of the place is {posture.region or 'unknown'}, which the policy does not allow",
            remedy="choose a bucket in an allowed region",
            measured=posture.region or "unknown",
            operator="in",
            limit=", ".join(params.regions) or "none",
        )
