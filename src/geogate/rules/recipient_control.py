"""The rule about who controls the recipient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from geogate.model.finding import Problem
from geogate.rules.bounds import Limit, Never, Ranked
from geogate.rules.parameters import Countries, Word
from geogate.rules.rule import CircumstanceRule, Judgement, Params
from geogate.rules.shares import held_share, unknown_share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geogate.model.parties import Circumstances, Recipient


class ControlParams(Params):
    """From when on a recipient counts as controlled from listed countries."""

    countries: Countries = Field(description="Countries (ISO 3166-1 alpha-2) whose owners are taken together.")
    share: Annotated[float, Field(gt=0, le=1)] = Field(description="Share of their owners, from 0 to 1.")
    operator: Literal["<", "<="] = Field(description="How the share of these owners must compare with share.")
    domicile: bool = Field(description="Whether a recipient in one of the countries counts as controlled, too.")
    designations: tuple[Word, ...] = Field(
        description="Designations in recipients.yaml that count as control, such as covered-person; none if empty."
    )


class RecipientNotControlled(CircumstanceRule[ControlParams]):
    """The recipient is not controlled from a listed country, by shares, by its seat or by designation.

    Why: whoever owns a company can have its data; laws draw the line at a share, and each at another one.
    Params: ``countries``, ``share`` and ``operator``, which owners in these countries must stay below; ``domicile``;
    ``designations``.
    Finds: owners of the listed countries who together reach the share, or could because so much of the ownership is
    not registered; a recipient that is in such a country; one that an authority designated.
    Misses: owners behind the owners that recipients.yaml lists; control without shares that nobody registered.
    Remedy: choose another recipient; register who owns the rest.
    Basis: 28 CFR 202.211 (50 percent or more); 15 U.S.C. 9901(c)(2) (20 percent or more).
    """

    expectation = "expect_recipient_not_to_be_controlled"
    params = ControlParams
    says = (
        "Owners in {countries} must together hold {operator} {share} of the recipient; its seat there breaks the rule: "
        "{domicile}; so do these designations: {designations}."
    )
    bounds = (
        Never("countries"),
        Limit("share", "operator"),
        Ranked("domicile", (True, False)),
        Never("designations"),
    )

    def judge_circumstances(self, params: ControlParams, circumstances: Circumstances) -> Judgement:
        """Report each kind of control as a problem of its own."""
        recipient = circumstances.recipient
        held = held_share(recipient, params.countries)
        problems = (*_shares(params, recipient), *_seat(params, recipient), *_designated(params, recipient))
        owned = f"owners in {', '.join(params.countries)} hold {held * 100:.6g}%"
        observed = f"{owned} of a recipient in {recipient.country}"
        return Judgement(observed=observed, problems=problems)


def _below(share: float, params: ControlParams) -> bool:
    return share < params.share if params.operator == "<" else share <= params.share


def _shares(params: ControlParams, recipient: Recipient) -> Iterator[Problem]:
    held = held_share(recipient, params.countries)
    unknown = unknown_share(recipient)
    countries = ", ".join(params.countries)
    if not _below(held, params):
        yield Problem(
            summary=f"owners in {countries} hold {held * 100:.6g}% of the recipient",
            remedy="choose a recipient with other owners",
            measured=f"{held:g}",
            operator=params.operator,
            limit=f"{params.share:g}",
            unit="share",
        )
    elif not _below(round(held + unknown, 12), params):
        yield Problem(
            summary=f"who owns {unknown * 100:.6g}% of the recipient is not registered",
            remedy="find out who holds the rest, and enter it in recipients.yaml",
            measured=f"{held + unknown:g}",
            operator=params.operator,
            limit=f"{params.share:g}",
            unit=f"share in {countries}, as far as is known",
        )


def _seat(params: ControlParams, recipient: Recipient) -> Iterator[Problem]:
    if params.domicile and recipient.country in params.countries:
        yield Problem(
            summary=f"the recipient is in {recipient.country}",
            remedy="choose a recipient in another country",
            measured=recipient.country,
            operator="not in",
            limit=", ".join(params.countries),
        )


def _designated(params: ControlParams, recipient: Recipient) -> Iterator[Problem]:
    found = sorted(set(params.designations) & set(recipient.designations))
    if found:
        yield Problem(summary=f"the recipient is designated as {', '.join(found)}", remedy="choose another recipient")
