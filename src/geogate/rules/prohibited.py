"""The rule that a release is prohibited, whatever the data is like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from geogate.model.finding import Problem
from geogate.rules.rule import CircumstanceRule, Judgement, Params

if TYPE_CHECKING:
    from geogate.model.parties import Circumstances


class ProhibitedParams(Params):
    """Why the release is prohibited."""

    because: Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^\S[^\n]*$")] = Field(
        description="Why, as a finding says it: the sentence goes on after 'the release is prohibited:'."
    )


class Prohibited(CircumstanceRule[ProhibitedParams]):
    """The release is not one that is prohibited whatever the data is like.

    Why: some dealings are forbidden as such, as selling the positions of persons to a listed country.
    Params: ``because``, the reason in words.
    Finds: every release to which the rule applies; its ``meta.when`` says to which it does.
    Misses: a dealing that is declared as another one.
    Remedy: a release of another kind, or to another recipient.
    Basis: for example 28 CFR 202.301; Va. Code 59.1-578 as of 1 July 2026.
    """

    expectation = "expect_release_not_to_be_prohibited"
    params = ProhibitedParams

    def judge_circumstances(self, params: ProhibitedParams, circumstances: Circumstances) -> Judgement:
        """Find every release to which the rule applies."""
        del circumstances
        problem = Problem(
            summary=f"the release is prohibited: {params.because}",
            remedy="choose another recipient, or another kind of release",
        )
        return Judgement(observed="prohibited", problems=(problem,))
