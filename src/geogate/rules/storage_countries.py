"""The rule about the countries in which data must stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from geogate.model.finding import Problem
from geogate.rules.bounds import Among
from geogate.rules.parameters import Countries
from geogate.rules.rule import CircumstanceRule, Judgement, Params

if TYPE_CHECKING:
    from geogate.model.parties import Circumstances


class StorageParams(Params):
    """Where bytes may land."""

    countries: Countries = Field(description="Countries (ISO 3166-1 alpha-2) in which the place must be.")


class StoredInCountries(CircumstanceRule[StorageParams]):
    """The place where bytes land is in a country in which the data must stay.

    Why: laws on maps and surveys demand that data, or the servers that show it, stay in the country.
    Params: ``countries``.
    Finds: a place in another country, and one that does not say where it is.
    Misses: copies that the place makes elsewhere; who may read there from abroad.
    Remedy: choose a place in one of the countries.
    Basis: for example China's Map Management Regulations art. 34; India's Guidelines of 2021, clause 8.
    """

    expectation = "expect_storage_in_countries"
    params = StorageParams
    bounds = (Among("countries", needed=True),)
    says = "The data must be kept in {countries}."

    def judge_circumstances(self, params: StorageParams, circumstances: Circumstances) -> Judgement:
        """Compare the country of the place."""
        country = circumstances.posture.country
        said = " by its registration" if "country" in circumstances.posture.attested else ""
        observed = f"place in {country or 'an unknown country'}{said}"
        if country is not None and country in params.countries:
            return Judgement(observed=observed)
        summary = f"the place is in {country}{said}" if country else "the place does not say in which country it is"
        problem = Problem(
            summary=summary,
            remedy="choose a place in one of them (GEOGATE_COUNTRY says it of directories, recipients.yaml of servers)",
            measured=country or "unknown",
            operator="in",
            limit=", ".join(params.countries),
        )
        return Judgement(observed=observed, problems=(problem,))
