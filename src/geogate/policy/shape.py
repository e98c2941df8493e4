"""The shape of policy and recipient files as pydantic models: what keys there are, of what type, and what they mean.

The models are the source of the JSON Schemas for editors too. Every key without a default is required.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from geogate.model.dataset import Encoding, Format, LayerKind
from geogate.model.declaration import DataKind, Platform, ProcessingLevel, Sensor, Subjects, Transaction
from geogate.model.finding import Confidence, Severity
from geogate.model.isolation import IsolationLevel
from geogate.policy.countries import COUNTRIES, elsewhere, is_region
from geogate.policy.obligations import EFFECTS, Trigger


def _assigned(code: str) -> str:
    if code not in COUNTRIES | {"EU"}:
        raise ValueError(f"there is no country {code!r} in ISO 3166-1 alpha-2")
    return code


def _region(code: str) -> str:
    if not is_region(code):
        raise ValueError(f"there is no region {code!r} in ISO 3166-2")
    return code


def require_inside(regions: tuple[str, ...] | None, countries: tuple[str, ...] | None) -> None:
    """Refuse regions of countries that are not named beside them, which would make one of the two without effect.

    Raises: ValueError.
    """
    strange = elsewhere(regions, countries) if regions and countries else ()
    if strange:
        raise ValueError(f"{', '.join(strange)} is in none of the subject_countries {', '.join(countries or ())}")


def _day_of_year(text: str) -> str:
    try:
        date.fromisoformat(f"2024-{text}")
    except ValueError:
        raise ValueError(f"there is no day {text!r}; write it as MM-DD") from None
    return text


def _day(written: object) -> object:
    """Read a day as it is written, and nothing else: numbers would be taken for seconds since 1970."""
    if isinstance(written, date):
        return written
    if not isinstance(written, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", written):
        raise ValueError("a day is written as YYYY-MM-DD")
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise ValueError(f"there is no day {written!r}") from None


Day = Annotated[date, BeforeValidator(_day)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^\S(.|\n)*$")]
CountryOrAny = Annotated[str, StringConstraints(pattern=r"^([A-Z]{2}|EU|any)$")]
CountryOrEU = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), AfterValidator(_assigned)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Region = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}-[A-Z0-9]{1,3}$"), AfterValidator(_region)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^A-Z\n]+$")]


class RuleStatus(StrEnum):
    """Whether a rule decides, only notes what it would decide, or is not asked at all."""

    ENFORCED = "enforced"
    SHADOW = "shadow"
    DISABLED = "disabled"


class Shape(BaseModel):
    """A mapping with exactly these keys and exactly these types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ScopeShape(Shape):
    """To which releases a policy or rule applies: those that match every key that is given.

    What is not declared and not known matches: nobody escapes a law by silence.
    """

    origins: Annotated[tuple[CountryOrEU, ...], Field(min_length=1)] | None = Field(
        default=None, description="Countries, or EU, in which the data was collected."
    )
    subjects: Annotated[tuple[Subjects, ...], Field(min_length=1)] | None = Field(
        default=None, description="Whom or what the positions are of."
    )
    subject_countries: Annotated[tuple[CountryOrEU, ...], Field(min_length=1)] | None = Field(
        default=None, description="Countries, or EU, whose persons or devices the data is about."
    )
    subject_regions: Annotated[tuple[Region, ...], Field(min_length=1)] | None = Field(
        default=None, description="States or provinces (ISO 3166-2, such as US-VA) whose persons the data is about."
    )
    data: Annotated[tuple[DataKind, ...], Field(min_length=1)] | None = Field(
        default=None, description="Kinds of geodata, one of which the release has."
    )
    transactions: Annotated[tuple[Transaction, ...], Field(min_length=1)] | None = Field(
        default=None, description="Kinds of dealings by which data is given."
    )
    platforms: Annotated[tuple[Platform, ...], Field(min_length=1)] | None = Field(
        default=None, description="From where the data was recorded."
    )
    sensors: Annotated[tuple[Sensor, ...], Field(min_length=1)] | None = Field(
        default=None, description="By what images were recorded."
    )
    processing_levels: Annotated[tuple[ProcessingLevel, ...], Field(min_length=1)] | None = Field(
        default=None, description="How far images were processed."
    )
    licensed_in: Annotated[tuple[CountryOrEU, ...], Field(min_length=1)] | None = Field(
        default=None, description="Countries that licensed the satellite."
    )
    ground_segment: Annotated[tuple[CountryOrEU, ...], Field(min_length=1)] | None = Field(
        default=None, description="Countries with a receiving station to which the data goes."
    )
    purposes: Annotated[tuple[Pattern, ...], Field(min_length=1)] | None = Field(
        default=None, description="Patterns of purposes in lower case; * stands for any letters."
    )
    recipients: Annotated[tuple[Slug, ...], Field(min_length=1)] | None = Field(
        default=None, description="Ids of recipients in recipients.yaml."
    )
    recipient_countries: Annotated[tuple[CountryOrEU, ...], Field(min_length=1)] | None = Field(
        default=None, description="Countries, or EU, in which the recipient or the place is."
    )
    outside_countries: Annotated[tuple[CountryOrEU, ...], Field(min_length=1)] | None = Field(
        default=None, description="Countries, or EU, in which the recipient or the place is not."
    )
    unless_consent: bool = Field(default=False, description="Whether declared consent of the persons excuses.")

    @model_validator(mode="after")
    def _regions_inside(self) -> Self:
        require_inside(self.subject_regions, self.subject_countries)
        return self


class LegalBasisShape(Shape):
    """Where a rule comes from, as a lawyer would cite it."""

    section: Line = Field(description="The section, article or clause.")
    source: Line = Field(description="Where its text can be read: an address, or the name of a document.")
    as_of: Day = Field(description="When somebody last compared the rule with the text.")


class RuleMetaShape(Shape):
    """What Great Expectations carries along without looking at it."""

    rule: Slug = Field(description="The id of the rule within this policy; findings name it.")
    legal_basis: Annotated[tuple[LegalBasisShape, ...], Field(min_length=1)]
    remedy: Line = Field(description="What would have to change for the data to pass.")
    confidence: Confidence | None = Field(
        default=None, description="How sure the source is: F1 primary, F2 secondary, M-H, M-M, M-L unverified."
    )
    status: RuleStatus = Field(
        default=RuleStatus.ENFORCED, description="enforced; shadow only notes what it would do; disabled is not asked."
    )
    shadow_until: Day | None = Field(
        default=None, description="The last day on which a rule in shadow only notes; it is enforced from then on."
    )
    when: ScopeShape | None = Field(default=None, description="To which releases the rule applies; all if left out.")
    waivable: bool = Field(
        default=False, description="Whether a waiver may let a release leave in spite of it; never for a prohibition."
    )

    @model_validator(mode="after")
    def _shadows_end(self) -> Self:
        if (self.status is RuleStatus.SHADOW) != (self.shadow_until is not None):
            raise ValueError("a rule in shadow needs shadow_until, and no other rule has it")
        return self


class ExpectationShape(Shape):
    """One expectation of the suite; ``kwargs`` are checked against the rule's own parameters."""

    type: Annotated[str, StringConstraints(pattern=r"^expect_[a-z0-9_]+$")]
    kwargs: dict[str, Any]
    severity: Severity = Field(description="critical denies, warning holds for review, info is a note.")
    notes: str = ""
    meta: RuleMetaShape


class DueShape(Shape):
    """When an obligation is due: exactly one of these; days end in UTC."""

    days: Annotated[int, Field(ge=1, le=3650)] | None = Field(
        default=None, description="Days after the one on which it arose."
    )
    yearly: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}-[0-9]{2}$"), AfterValidator(_day_of_year)] | None = (
        Field(default=None, description="A day (MM-DD) of the year after the one in which it arose.")
    )
    keep_years: Annotated[int, Field(ge=1, le=100)] | None = Field(
        default=None, description="Years for which something is to be kept; nothing is due."
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(each is not None for each in (self.days, self.yearly, self.keep_years)) != 1:
            raise ValueError("an obligation has exactly one of days, yearly and keep_years")
        return self


class ObligationShape(Shape):
    """What a refusal or a release starts: a report, or the keeping of records."""

    id: Slug = Field(description="The id of the obligation within this policy.")
    on: Trigger = Field(description="The state of a request that starts it: denied, held, cleared or sent.")
    rules: Annotated[tuple[Slug, ...], Field(min_length=1)] | None = Field(
        default=None, description="Rules of this policy; it arises only where one of them denied, or held."
    )
    due: DueShape
    what: Line = Field(description="What is to be done, as a sentence.")
    legal_basis: LegalBasisShape

    @model_validator(mode="after")
    def _rules_found_something(self) -> Self:
        if self.rules is not None and self.on not in EFFECTS:
            raise ValueError("only an obligation on denied or held can name rules")
        return self


class PolicyMetaShape(Shape):
    """What the policy says about itself."""

    title: Line
    jurisdiction: Annotated[tuple[CountryOrAny, ...], Field(min_length=1)] = Field(
        description="ISO 3166-1 alpha-2 codes, EU, or any."
    )
    as_of: Day = Field(description="When somebody last reviewed the policy as a whole.")
    version: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    description: Line
    scope: ScopeShape | None = Field(
        default=None, description="To which releases the policy applies; to all if left out."
    )
    min_confidence: Confidence | None = Field(
        default=None, description="Rules whose sources are less sure are disabled; every rule then says its confidence."
    )
    encoding: Encoding = Field(
        description="canonical: geogate writes the artefact anew; verbatim: the bytes leave as they are."
    )
    shapefile_as: Literal[Format.GEOPACKAGE, Format.SHAPEFILE] = Field(description="What a Shapefile leaves as.")
    reviewers: Annotated[int, Field(ge=1, le=10)] = Field(
        description="People who must approve a held release, none of whom asked for it; two or more is wise."
    )
    review_days: Annotated[int, Field(ge=1, le=365)] = Field(description="Days until a held release expires.")
    waiver_days: Annotated[int, Field(ge=1, le=90)] = Field(
        default=90, description="Days for which a waiver of one of its rules holds at most."
    )
    clearance_hours: Annotated[int, Field(ge=1, le=720)] = Field(description="Hours for which a clearance is valid.")
    kinds: Annotated[tuple[LayerKind, ...], Field(min_length=1)] = Field(
        default=(LayerKind.VECTOR,),
        description="Kinds of layers that the rules were written for; a layer of another kind is denied.",
    )
    isolation: IsolationLevel = Field(
        default=IsolationLevel.FILTERED,
        description="How well readers must be isolated at least; where the machine cannot, nothing is read.",
    )
    obligations: tuple[ObligationShape, ...] = Field(
        default=(), description="What a refusal or a release starts, such as a report that is due in 14 days."
    )
    stop_early: bool = Field(
        default=False, description="Whether a layer may be left unread from where a denial is certain; false reads all."
    )


class PolicyShape(Shape):
    """A policy: a Great Expectations suite with its legal basis."""

    name: Slug = Field(description="The name of the policy, which is the name of the file without .yaml.")
    meta: PolicyMetaShape
    expectations: Annotated[tuple[ExpectationShape, ...], Field(min_length=1)]


class OwnerShape(Shape):
    """A holder of a share in the recipient, direct or ultimate."""

    country: Country
    share: Annotated[float, Field(ge=0, le=1)] = Field(description="From 0 to 1.")


class ContractShape(Shape):
    """The contract under which the recipient may get data."""

    reference: Line
    ends: Day = Field(description="The last day on which it holds.")


class AttestationShape(Shape):
    """What the recipient has attested, or was permitted."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")] = Field(
        description="The word by which policies ask for it, for example no-onward-transfer."
    )
    reference: Line = Field(description="The document: a contract, certificate or permit.")
    since: Day = Field(description="The first day on which it holds.")
    ends: Day = Field(description="The last day on which it holds.")

    @model_validator(mode="after")
    def _holds_some_day(self) -> Self:
        if self.ends < self.since:
            raise ValueError("it ends before it begins")
        return self


HostKey = Annotated[
    str,
    StringConstraints(
        max_length=1024, pattern=r"^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]+={0,2}$"
    ),
]


class PlaceShape(Shape):
    """A registered place of a recipient."""

    uri: Annotated[str, StringConstraints(min_length=1, max_length=1024)] = Field(
        description="For example s3://bucket/prefix/ or file:folder/, in normal form, with a slash at the end."
    )
    owner: Annotated[str, StringConstraints(pattern=r"^[0-9]{12}$")] | Literal[""] = Field(
        default="", description="The account that must own the bucket: twelve digits, required for S3."
    )
    country: Country | Literal[""] = Field(
        default="",
        description="ISO 3166-1 alpha-2 of where it is, as somebody attested: of a place that cannot say so itself.",
    )
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}[a-z0-9-]{0,62}$")] | Literal[""] = Field(
        default="", description="Its region, as the provider names it: of a place that cannot say so itself."
    )
    certificate_keys: tuple[Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")], ...] = Field(
        default=(),
        description="SHA-256 of the public keys (SPKI) of which the server's certificate must have one; HTTPS only.",
    )
    host_keys: tuple[HostKey, ...] = Field(
        default=(), description="The server's public keys, as ssh-keyscan prints them without the host; SFTP only."
    )


class RecipientShape(Shape):
    """A legal person that may get data."""

    id: Slug
    name: Line
    country: Country = Field(description="ISO 3166-1 alpha-2.")
    owners: tuple[OwnerShape, ...]
    contract: ContractShape | None = None
    destinations: Annotated[tuple[PlaceShape, ...], Field(min_length=1)]
    attestations: tuple[AttestationShape, ...] = Field(
        default=(), description="What the recipient has attested, or was permitted, and until when."
    )
    designations: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$")], ...] = (
        Field(default=(), description="Lists of authorities on which it stands, for example covered-person.")
    )
    policies: Annotated[tuple[Slug, ...], Field(min_length=1)] | None = Field(
        default=None, description="The policies under which it may get data; any policy where this is left out."
    )


class RecipientsShape(Shape):
    """The recipients of an organisation."""

    recipients: Annotated[tuple[RecipientShape, ...], Field(min_length=1)]
