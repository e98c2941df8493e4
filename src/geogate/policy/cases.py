"""Parsing the cases of a policy: what is sent to whom, and what the policy must decide on it; nothing is run here."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from geogate.model.dataset import LayerKind
from geogate.model.finding import Effect
from geogate.model.past import MeasuredLayer, PastRelease
from geogate.model.verdict import Decision  # noqa: TC001 - read at run time
from geogate.policy.declaration import DeclarationShape, declared
from geogate.policy.read import read_model, read_part
from geogate.policy.shape import Country, Line, OwnerShape, PlaceShape, Shape, Slug
from geogate.policy.yaml_text import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

    from geogate.model.declaration import Declaration

Position = Annotated[tuple[float, ...], Field(min_length=2, max_length=4)]
Side = Literal["under", "at", "over"]

MOST_ROWS = 5_000_000


class GridShape(Shape):
    """Points on a grid, in the units of the reference system."""

    origin: Annotated[tuple[float, float], Field(description="The first point, x and y.")]
    step: Annotated[float, Field(gt=0)]
    columns: Annotated[int, Field(ge=1, le=10_000)]
    rows: Annotated[int, Field(ge=1, le=10_000)]


class RasterShape(Shape):
    """An image of one value, or of values that rise from pixel to pixel."""

    origin: Annotated[tuple[float, float], Field(description="The upper left corner, x and y.")]
    pixel: Annotated[float, Field(gt=0)] = Field(description="The size of a pixel in the units of the system.")
    width: Annotated[int, Field(ge=1, le=4096)]
    height: Annotated[int, Field(ge=1, le=4096)]
    bands: Annotated[int, Field(ge=1, le=64)] = 1
    dtype: Literal["uint8", "uint16", "int16", "uint32", "int32", "float32", "float64"] = "uint8"
    rises: bool = Field(default=False, description="Whether values rise from pixel to pixel, as heights may.")
    values: Annotated[tuple[float, ...], Field(min_length=1)] | None = Field(
        default=None, description="Values of the pixels, row by row; they begin again where there are fewer."
    )


class DataShape(Shape):
    """A dataset: one of the forms, which the runner writes, or a file beside the case."""

    file: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]*$")] | None = None
    points: Annotated[tuple[Position, ...], Field(min_length=1)] | None = None
    grid: GridShape | None = None
    wkt: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    features: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)] | None = None
    table: Annotated[tuple[dict[str, Any], ...], Field(min_length=1)] | None = None
    raster: RasterShape | None = None
    crs: str = Field(default="EPSG:4326", description="Of points, grid, wkt and raster.")
    columns: dict[str, tuple[str | int | float | bool, ...]] = Field(
        default={}, description="Attributes of points, grid and wkt; values begin again where there are fewer."
    )
    binary: tuple[str, ...] = Field(default=(), description="Those of the columns that are written as binaries.")
    rows: Annotated[int, Field(ge=1, le=MOST_ROWS)] | None = Field(
        default=None, description="Rows of points, grid and wkt, which begin again until there are so many."
    )
    without_geometry: Annotated[int, Field(ge=0, le=MOST_ROWS)] = Field(
        default=0, description="Further rows that have no geometry."
    )

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        forms = ("file", "points", "grid", "wkt", "features", "table", "raster")
        if sum(getattr(self, form) is not None for form in forms) != 1:
            raise ValueError(f"a dataset has exactly one of {', '.join(forms)}")
        if self.file is not None and ".." in self.file.split("/"):
            raise ValueError("a file lies beside the case")
        return self


class ContractShape(Shape):
    """The contract of a recipient; by default it never ends."""

    reference: Line = "a contract"
    ends: date = date(2999, 12, 31)


class AttestationsShape(Shape):
    """What an attestation says."""

    kind: Line
    reference: Line = "an attestation"
    since: date = date(2000, 1, 1)
    ends: date = date(2999, 12, 31)


class CaseRecipientShape(Shape):
    """A recipient of the case's own; what is left out is harmless: one owner, of the same country, and a contract."""

    country: Country = "DE"
    owners: tuple[OwnerShape, ...] | None = None
    contract: ContractShape | Literal["none"] = ContractShape()
    destinations: tuple[PlaceShape, ...] | None = None
    attestations: tuple[AttestationsShape, ...] = ()
    designations: tuple[Slug, ...] = ()


class CasePlaceShape(Shape):
    """Where the bytes would land, and what the place says of itself; ``unknown`` where it does not."""

    uri: str = "file:outbox/"
    region: str = "local"
    country: Country | Literal["unknown"] | None = Field(default=None, description="That of the recipient by default.")
    traits: dict[Line, Line] = Field(
        default={}, description="What it says of itself besides; what is left out is as safe as a place can be."
    )


class BeforeShape(Shape):
    """A release that the recipient got before: so many rows, each about somebody else."""

    on: date = Field(description="The day on which it was sent.")
    subjects: Annotated[int, Field(ge=1, le=10_000_000_000)]
    declaration: DeclarationShape | None = Field(default=None, description="That of the case by default.")


class ZonesShape(Shape):
    """A zone list of the case's own under the name of one that the policy needs."""

    polygons: Annotated[tuple[tuple[tuple[float, float], ...], ...], Field(min_length=1)]
    buffer_m: Annotated[float, Field(ge=0)] = 0.0
    category: Line = "test"


class ExpectShape(Shape):
    """What the policy must decide, and exactly the rules that must have found something, by effect."""

    decision: Decision
    deny: tuple[Line, ...] = ()
    hold: tuple[Line, ...] = ()
    note: tuple[Line, ...] = ()


class GivenShape(Shape):
    """What a case is about; a key that a case does not have is that of the file's ``given``.

    Of ``declaration``, ``recipient`` and ``place`` that holds for each key within them.
    """

    data: DataShape | Annotated[tuple[DataShape, ...], Field(min_length=1)] | None = None
    recipient: Slug | CaseRecipientShape | None = Field(
        default=None, description="The id of one in recipients.yaml beside the policy, or one of the case's own."
    )
    place: CasePlaceShape | None = None
    purpose: str | None = None
    on: date | None = Field(default=None, description="The day; by default that of the policy's as_of.")
    declaration: DeclarationShape | None = None
    assume_crs: str | None = None
    zones: dict[Slug, ZonesShape] | None = None
    before: tuple[BeforeShape, ...] | None = Field(
        default=None, description="What the recipient got before, for rules that count over releases; else nothing."
    )
    measured: dict[str, dict[str, Any]] | None = Field(
        default=None, description="Fields of measurements that are taken as if they had been measured so."
    )


class CaseShape(GivenShape):
    """One case."""

    name: Slug
    expect: ExpectShape
    undeclared: tuple[Line, ...] = Field(
        default=(), description="Keys of the declaration that is given which nobody declares in this case."
    )
    limits: dict[Line, Side] = Field(
        default={}, description="Numbers, as rule.parameter, at which, just under or just over which the case is."
    )


class CasesShape(Shape):
    """A file of cases of one policy."""

    about: Line
    given: GivenShape = GivenShape()
    cases: Annotated[tuple[CaseShape, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCase:
    """One case of a policy; ``found`` are the rules that must have found something, by effect."""

    file: str
    line: int
    name: str
    data: tuple[DataShape, ...]
    recipient: str | CaseRecipientShape
    place: CasePlaceShape
    purpose: str
    on: date | None
    declaration: Declaration
    assume_crs: str
    zones: Mapping[str, ZonesShape]
    before: tuple[PastRelease, ...]
    measured: Mapping[str, Mapping[str, Any]]
    decision: Decision
    found: Mapping[Effect, frozenset[str]]
    limits: Mapping[str, Side]


def parse_cases(data: bytes, *, file: str) -> tuple[PolicyCase, ...]:
    """Parse the bytes of a file of cases.

    Raises: PolicyError naming file, line and key.
    """
    text = read_yaml(data, file=file)
    shape = read_model(text, CasesShape)
    raw = json.loads(text.json)
    cases: list[PolicyCase] = []
    for index, each in enumerate(shape.cases):
        path = ("cases", index)
        if each.name in {case.name for case in cases}:
            text.refuse((*path, "name"), f"case {each.name} stands twice")
        merged = _merged(raw.get("given", {}), raw["cases"][index])
        for number, key in enumerate(each.undeclared):
            if merged.get("declaration", {}).pop(key, None) is None:
                text.refuse((*path, "undeclared", number), f"nothing is declared as {key!r}")
        whole = read_part(text, CaseShape, merged, path=path)
        if whole.data is None:
            text.refuse((*path, "data"), "the case has no data", hint="write it here, or under given")
        cases.append(_case(whole, file=file, line=text.line(path)))
    return tuple(cases)


MERGED: Final = frozenset({"declaration", "recipient", "place"})
"""Keys whose own keys are put together with those that are given."""


def _merged(given: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Take from ``given`` what a case does not have."""
    merged = {**given, **own}
    for key in MERGED & set(given) & set(own):
        if isinstance(given[key], dict) and isinstance(own[key], dict):
            merged[key] = {**given[key], **own[key]}
    return merged


def _past(shape: BeforeShape, declaration: Declaration) -> PastRelease:
    layer = MeasuredLayer(kind=LayerKind.VECTOR, rows=shape.subjects, values={})
    said = declaration if shape.declaration is None else declared(shape.declaration)
    return PastRelease(on=shape.on, declaration=said, layers=(layer,))


def _case(shape: CaseShape, *, file: str, line: int) -> PolicyCase:
    data = shape.data if isinstance(shape.data, tuple) else (shape.data,)
    expect, declaration = shape.expect, declared(shape.declaration)
    return PolicyCase(
        file=file,
        line=line,
        name=shape.name,
        data=tuple(each for each in data if each is not None),
        recipient=shape.recipient or CaseRecipientShape(),
        place=shape.place or CasePlaceShape(),
        purpose=shape.purpose or "",
        on=shape.on,
        declaration=declaration,
        assume_crs=shape.assume_crs or "",
        zones=shape.zones or {},
        before=tuple(_past(each, declaration) for each in shape.before or ()),
        measured=shape.measured or {},
        decision=expect.decision,
        found={
            Effect.DENY: frozenset(expect.deny),
            Effect.HOLD: frozenset(expect.hold),
            Effect.NOTE: frozenset(expect.note),
        },
        limits=shape.limits,
    )
