"""Types of parameters that several rules have."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from geogate.policy.countries import COUNTRIES


def _assigned(code: str) -> str:
    if code not in COUNTRIES:
        raise ValueError(f"there is no country {code!r} in ISO 3166-1 alpha-2")
    return code


def _once(codes: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(codes)) != len(codes):
        raise ValueError("a value stands twice")
    return codes


Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_assigned)]
"""A country by its code in ISO 3166-1 alpha-2."""

Countries = Annotated[tuple[Country, ...], Field(min_length=1)]

Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")]
"""A word that policies and recipients.yaml agree on, such as a kind of attestation."""

Words = Annotated[tuple[Word, ...], Field(min_length=1), AfterValidator(_once)]
