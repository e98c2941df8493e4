"""The rule about what a recipient must have attested, such as a certificate, a clause or a permit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from geogate.model.finding import Problem
from geogate.rules.bounds import Limit
from geogate.rules.parameters import Words
from geogate.rules.rule import CircumstanceRule, Judgement, Params

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from geogate.model.parties import Attestation, Circumstances


class AttestationParams(Params):
    """What must be attested, and for how long still."""

    kinds: Words = Field(description="Kinds of attestations, as recipients.yaml names them.")
    needed: Literal["all", "any"] = Field(description="Whether all of these kinds are needed, or any one of them.")
    min_days_left: Annotated[int, Field(ge=0, le=3650)] = Field(
        description="Days, today not counted, for which an attestation must still hold."
    )


class AttestationsHeld(CircumstanceRule[AttestationParams]):
    """The recipient holds the attestations that the policy asks for, and they still hold.

    Why: many transfers are lawful only with a permit, a certificate, security measures or a clause against onward
    transfer, each of which ends some day.
    Params: ``kinds``, ``needed`` (``all`` or ``any``), ``min_days_left``.
    Finds: an attestation that recipients.yaml does not list, that has not begun, has ended or ends too soon.
    Misses: whether what was attested is true; what it covers beyond its kind.
    Remedy: obtain it, and enter it with its reference and its last day in recipients.yaml.
    Basis: for example 28 CFR 202.248 and 202.401 (security requirements), 202.302 (onward transfer); GDPR art. 46.
    """

    expectation = "expect_attestations_to_be_held"
    params = AttestationParams
    says = "The recipient must hold {needed} of these attestations for at least {min_days_left} more: {kinds}."
    bounds = (Limit("min_days_left", ">="),)

    def holds_until(self, params: AttestationParams, circumstances: Circumstances) -> date | None:
        """Give the day on which the first of those that are needed ends, or the last where any of them will do."""
        ends = [_last_day(kind, params, circumstances) for kind in params.kinds]
        held = [each for each in ends if each is not None]
        return (max if params.needed == "any" else min)(held, default=None)

    def judge_circumstances(self, params: AttestationParams, circumstances: Circumstances) -> Judgement:
        """Report each kind that is missing, or all of them where one would be enough."""
        found = {kind: tuple(_problem(kind, params, circumstances)) for kind in params.kinds}
        held = [kind for kind, problems in found.items() if not problems]
        observed = f"attested: {', '.join(held) or 'none of ' + ', '.join(params.kinds)}"
        if params.needed == "any" and held:
            return Judgement(observed=observed)
        return Judgement(observed=observed, problems=tuple(each for problems in found.values() for each in problems))


def _last_day(kind: str, params: AttestationParams, circumstances: Circumstances) -> date | None:
    held = [each for each in circumstances.recipient.attestations if each.kind == kind]
    return max((each.ends for each in held if _holds(each, params, circumstances)), default=None)


def _problem(kind: str, params: AttestationParams, circumstances: Circumstances) -> Iterator[Problem]:
    """Say why no attestation of a kind holds; nothing if one does."""
    of_kind = [each for each in circumstances.recipient.attestations if each.kind == kind]
    if any(_holds(each, params, circumstances) for each in of_kind):
        return
    begun = [each for each in of_kind if each.since <= circumstances.today]
    if not begun:
        yield Problem(
            summary=f"the recipient has no attestation of {kind}" + (" that has begun" if of_kind else ""),
            remedy=f"obtain {kind}, and enter it with its reference and last day in recipients.yaml",
        )
        return
    left = max((each.ends - circumstances.today).days for each in begun)
    yield Problem(
        summary=f"the attestation of {kind} has ended" if left < 0 else f"the attestation of {kind} ends too soon",
        remedy=f"renew {kind}, and enter its new end in recipients.yaml",
        measured=str(left),
        operator=">=",
        limit=str(params.min_days_left),
        unit="days left",
    )


def _holds(each: Attestation, params: AttestationParams, circumstances: Circumstances) -> bool:
    today = circumstances.today
    return each.since <= today and (each.ends - today).days >= params.min_days_left
