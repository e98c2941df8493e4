"""The rule about countries to which data must not go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from geogate.model.finding import Problem
from geogate.rules.bounds import Never
from geogate.rules.parameters import Countries
from geogate.rules.rule import CircumstanceRule, Judgement, Params

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.model.parties import Circumstances


class OutsideParams(Params):
    """Where neither the recipient nor the data may be."""

    countries: Countries = Field(description="Countries (ISO 3166-1 alpha-2) in which neither of them may be.")


class RecipientOutside(CircumstanceRule[OutsideParams]):
    """Neither the recipient nor the place where bytes land is in a listed country.

    Why: laws name countries of concern; whoever is there can be made to hand over what he has.
    Params: ``countries``, those of concern.
    Finds: a recipient in one of them; a place in one of them, or one that does not say where it is.
    Misses: owners in such a country, which expect_recipient_not_to_be_controlled finds; onward transfers.
    Remedy: choose another recipient or place.
    Basis: 28 CFR 202.601, countries of concern; 15 U.S.C. 9901, foreign adversary countries.
    """

    expectation = "expect_recipient_outside_countries"
    params = OutsideParams
    bounds = (Never("countries"),)
    says = "Neither the recipient nor the place of the data may be in {countries}."

    def judge_circumstances(self, params: OutsideParams, circumstances: Circumstances) -> Judgement:
        """Report the recipient and the place as problems of their own."""
        country = circumstances.posture.country
        observed = f"recipient in {circumstances.recipient.country}, place in {country or 'an unknown country'}"
        return Judgement(observed=observed, problems=tuple(_problems(params, circumstances)))


def _problems(params: OutsideParams, circumstances: Circumstances) -> Iterator[Problem]:
    recipient, place = circumstances.recipient.country, circumstances.posture.country
    limit = ", ".join(params.countries)
    if recipient in params.countries:
        yield Problem(
            summary=f"the recipient is in {recipient}",
            remedy="choose a recipient in another country",
            measured=recipient,
            operator="not in",
            limit=limit,
        )
    if place is None or place in params.countries:
        yield Problem(
            summary=f"the place is in {place}" if place else "the place does not say in which country it is",
            remedy="choose another place (GEOGATE_COUNTRY says the country of directories, recipients.yaml of servers)",
            measured=place or "unknown",
            operator="not in",
            limit=limit,
        )
