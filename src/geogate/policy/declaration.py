"""Parsing declarations: a YAML mapping, or ``key=value`` words, with refusals that name the key."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from geogate.model.declaration import (
    DataKind,
    Declaration,
    Platform,
    ProcessingLevel,
    Sensor,
    Subjects,
    Transaction,
)
from geogate.model.errors import UsageError
from geogate.policy.countries import COUNTRIES
from geogate.policy.read import nearest, read_model
from geogate.policy.shape import Country, Day, Region, Shape, require_inside
from geogate.policy.yaml_text import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Countries = Annotated[tuple[Country, ...], Field(min_length=1)]
Metres = Annotated[float, Field(gt=0, le=1e7)]

LISTS = frozenset(
    {"origins", "subjects", "subject_countries", "subject_regions", "data", "licensed_in", "ground_segment"}
)
NUMBERS = tuple(each.name for each in fields(Declaration) if each.name.endswith(("_m", "_mgal", "_km2", "denominator")))
"""What is declared as a number."""


class DeclarationShape(Shape):
    """What the requester declares about a release; leave out what is not known, which then excuses from no rule."""

    origins: Countries | None = Field(default=None, description="Countries in which the data was collected.")
    subjects: Annotated[tuple[Subjects, ...], Field(min_length=1)] | None = Field(
        default=None, description="Whom or what the positions are of."
    )
    subject_countries: Countries | None = Field(
        default=None, description="Countries whose persons or devices the data is about."
    )
    subject_regions: Annotated[tuple[Region, ...], Field(min_length=1)] | None = Field(
        default=None, description="All states or provinces (ISO 3166-2, such as US-VA) whose persons the data is about."
    )
    data: Annotated[tuple[DataKind, ...], Field(min_length=1)] | None = Field(
        default=None, description="Kinds of geodata in the release, all of them."
    )
    transaction: Transaction | None = Field(default=None, description="By what kind of dealing the data is given.")
    platform: Platform | None = Field(default=None, description="From where the data was recorded.")
    sensor: Sensor | None = Field(default=None, description="By what images were recorded.")
    processing_level: ProcessingLevel | None = Field(default=None, description="How far images were processed.")
    licensed_in: Countries | None = Field(
        default=None, description="Countries that licensed the satellite that recorded the data."
    )
    ground_segment: Countries | None = Field(
        default=None, description="Countries with a receiving station to which the data goes."
    )
    acquired: Day | None = Field(default=None, description="The last day on which the data was recorded, in UTC.")
    consent: bool | None = Field(default=None, description="Whether every person consented to this transfer.")
    scale_denominator: Annotated[float, Field(gt=0, le=1e9)] | None = Field(
        default=None, description="25000 for a scale of 1:25,000."
    )
    horizontal_accuracy_m: Metres | None = Field(default=None, description="Accuracy of positions, in metres.")
    vertical_accuracy_m: Metres | None = Field(default=None, description="Accuracy of heights, in metres.")
    contour_interval_m: Metres | None = Field(default=None, description="Metres of height between contours.")
    elevation_posting_m: Metres | None = Field(default=None, description="Metres between posts of a height grid.")
    gravity_accuracy_mgal: Annotated[float, Field(gt=0, le=1e5)] | None = Field(
        default=None, description="Accuracy of gravity, in milligals."
    )
    contiguous_area_km2: Annotated[float, Field(gt=0, le=6e8)] | None = Field(
        default=None, description="The largest area that the data covers without a gap."
    )

    @field_validator("origins", "subject_countries", "licensed_in", "ground_segment")
    @classmethod
    def _assigned(cls, countries: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for country in countries or ():
            if country not in COUNTRIES:
                raise ValueError(f"there is no country {country!r} in ISO 3166-1 alpha-2")
        return countries

    @model_validator(mode="after")
    def _regions_inside(self) -> Self:
        require_inside(self.subject_regions, self.subject_countries)
        return self


def declared(shape: DeclarationShape | None) -> Declaration:
    """Turn what was read into the value that rules see; lists are sorted, so that equal declarations are equal."""
    if shape is None:
        return Declaration()
    found: dict[str, Any] = {}
    for name in DeclarationShape.model_fields:
        value = getattr(shape, name)
        if value is not None:
            found[name] = tuple(sorted(set(value))) if isinstance(value, tuple) else value
    return Declaration(**found)


def read_declaration(data: bytes, *, file: str) -> Declaration:
    """Read the bytes of a YAML file.

    Raises: PolicyError naming file, line and key.
    """
    return declared(read_model(read_yaml(data, file=file), DeclarationShape))


def declaration_of(words: Sequence[str]) -> Declaration:
    """Read ``key=value`` words; several values of a list are separated by commas.

    >>> declaration_of(["origins=DE,FR", "contour_interval_m=20"]).origins
    ('DE', 'FR')

    Raises: UsageError for a word that is none, PolicyError for a key or value that there is not.
    """
    lines = [_line(word) for word in words]
    if not lines:
        return Declaration()
    return read_declaration("\n".join(lines).encode(), file="--declare")


def _line(word: str) -> str:
    key, equals, value = word.partition("=")
    if not equals or not value.strip() or not key.strip().isidentifier() or not value.isprintable():
        raise UsageError(f"a declaration is written as key=value, not {word!r}")
    if key.strip() not in DeclarationShape.model_fields:
        raise UsageError(f"nothing is declared as {key!r}", hint=nearest(key, DeclarationShape.model_fields))
    if key in LISTS:
        return f"{key}: [{', '.join(map(_quoted, value.split(',')))}]"
    plain = value in {"true", "false"} or key in NUMBERS
    return f"{key}: {value if plain else _quoted(value)}"


def _quoted(value: str) -> str:
    return "'" + value.strip().replace("'", "''") + "'"


def declaration_from(values: Mapping[str, object]) -> Declaration:
    """Read a mapping of plain values, as an operator takes it.

    Raises: PolicyError for a key or value that there is not.
    """
    return read_declaration(json.dumps(dict(values), allow_nan=False).encode(), file="declaration")
