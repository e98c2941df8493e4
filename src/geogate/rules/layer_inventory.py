"""The rule about what a layer may be made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from geogate.measures.inventory import Inventory, LayerInventory
from geogate.model.dataset import LayerKind
from geogate.model.finding import Count, Problem
from geogate.rules.bounds import Among, Limit, Ranked
from geogate.rules.rule import Judgement, Params, Rule, SoFar
from geogate.rules.together import rows_beside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Self

    from geogate.measures.measure import Measure, MeasureId, Measurement
    from geogate.model.parties import Circumstances
    from geogate.zones.zone import ZoneList

MOST_NAMES = 10

WGS84_NAMES = frozenset({"EPSG:4326", "OGC:CRS84"})

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
"""Names of columns that a finding may repeat: in a CSV file without a header, names are values."""

Kind = Literal["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"]
Crs = Annotated[str, StringConstraints(pattern=r"^[A-Z]+:[A-Za-z0-9]+$")]
ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class InventoryParams(Params):
    """What a layer may be made of."""

    columns: Literal["any"] | tuple[ColumnName, ...] = Field(
        description="Columns that may leave besides the geometry, or any."
    )
    min_rows: Annotated[int, Field(ge=1)] = Field(description="The fewest rows of a layer.")
    max_rows: Annotated[int, Field(ge=1)] = Field(description="The most rows of all layers of a release.")
    crs: Literal["any"] | Annotated[tuple[Crs, ...], Field(min_length=1)] = Field(
        description="Reference systems that are allowed, for example EPSG:4326, or any."
    )
    max_share_without_geometry: Annotated[float, Field(ge=0, lt=1)] = Field(
        description="The largest share, from 0 to 1, of rows whose geometry is missing or empty."
    )
    geometry_kinds: Literal["any"] | Annotated[tuple[Kind, ...], Field(min_length=1)] = Field(
        description="Kinds of geometry that are allowed, or any."
    )
    z_allowed: bool = Field(description="Whether positions may have a height.")
    m_allowed: bool = Field(description="Whether positions may have a measure.")

    @model_validator(mode="after")
    def _not_contradictory(self) -> Self:
        if self.min_rows > self.max_rows:
            raise ValueError("min_rows is more than max_rows")
        return self


class LayerContents(Rule[InventoryParams]):
    """A layer has the columns, rows, reference system and geometries that the policy allows, and nothing else.

    Why: a column, an ordinate or a layer's size that nobody expected is how data leaves unnoticed.
    Params: ``columns``, ``crs``, ``geometry_kinds``, each a list or ``any``; ``min_rows``, ``max_rows``;
    ``max_share_without_geometry``; ``z_allowed``, ``m_allowed``.
    Finds: undeclared columns, too few or too many rows, another reference system, too many rows without a geometry,
    other kinds of geometry, heights and measures, positions that are not finite or not on the Earth. Rows of all layers
    of a release count together; with a batch of a feed also those that the recipient got before.
    Misses: what the values of a declared column say; a declared column that is missing.
    Remedy: drop what is not declared, split or complete the layer, transform it, or declare what belongs to it.
    Basis: security of processing, GDPR art. 32; data minimisation, GDPR art. 5(1)(c).
    """

    expectation = "expect_layer_inventory"
    params = InventoryParams
    kinds = frozenset({LayerKind.VECTOR, LayerKind.POINT_CLOUD})
    bounds = (
        Limit("min_rows", ">=", of="rows"),
        Limit("max_rows", "<=", of="rows"),
        Limit("max_share_without_geometry", "<="),
        Among("columns", every="any"),
        Among("crs", every="any", needed=True),
        Among("geometry_kinds", every="any", needed=True),
        Ranked("z_allowed", (False, True)),
        Ranked("m_allowed", (False, True)),
    )
    says = (
        "A layer must have {min_rows} or more and all layers together at most {max_rows}; at most "
        "{max_share_without_geometry} of them may be without a geometry; columns: {columns}; reference systems: {crs}; "
        "kinds of geometry: {geometry_kinds}; heights are {z_allowed}, measures are {m_allowed}."
    )

    def zone_lists(self, params: InventoryParams) -> tuple[str, ...]:
        """Need none."""
        del params
        return ()

    def measures(self, params: InventoryParams, zone_lists: Mapping[str, ZoneList]) -> tuple[Measure[Measurement], ...]:
        """Need the inventory."""
        del params, zone_lists
        return (LayerInventory(),)

    def adds_up(
        self, params: InventoryParams, zone_lists: Mapping[str, ZoneList]
    ) -> tuple[Measure[Measurement], ...] | None:
        """Count on by the rows alone."""
        del params, zone_lists
        return ()

    def so_far(
        self, params: InventoryParams, measure_ids: Sequence[MeasureId], circumstances: Circumstances
    ) -> SoFar | None:
        """Count the rows."""
        del measure_ids
        rows = rows_beside(circumstances, self.kinds)
        return SoFar(measured=rows, operator="<=", limit=params.max_rows, unit="rows")

    def judge(
        self, params: InventoryParams, measurements: Mapping[MeasureId, Measurement], circumstances: Circumstances
    ) -> Judgement:
        """Report each part that is not allowed as a problem of its own."""
        found = measurements[LayerInventory().id]
        if not isinstance(found, Inventory):
            raise TypeError("the measurement is no inventory")
        problems = (
            *_columns(params, found),
            *_rows(params, found, rows_beside(circumstances, self.kinds)),
            *_reference(params, found),
            *_without_geometry(params, found),
            *_kinds(params, found),
            *_ordinates(params, found),
            *_positions(found),
        )
        return Judgement(
            observed=f"{found.rows:,} rows, {len(found.columns or ()):,} columns, {found.crs or 'no reference system'}",
            problems=problems,
        )


def _columns(params: InventoryParams, found: Inventory) -> Iterator[Problem]:
    if params.columns == "any":
        return
    undeclared = [column.name for column in found.columns or () if column.name not in params.columns]
    if undeclared:
        shown = ", ".join([name for name in undeclared if PLAIN_NAME.fullmatch(name)][:MOST_NAMES])
        yield Problem(
            summary=f"{len(undeclared)} columns are not declared" + (f": {shown}" if shown else ""),
            remedy=f"drop {len(undeclared)} columns and keep the declared ones, for example: "
            "`gdf = gdf[[...]]`; or declare these in the policy",
            measured=str(len(undeclared)),
            operator="<=",
            limit="0",
            unit="undeclared columns",
            counts=(Count(what="columns", value=len(found.columns or ())),),
        )


def _rows(params: InventoryParams, found: Inventory, others: int) -> Iterator[Problem]:
    if found.rows < params.min_rows:
        yield _limit(
            "the layer has too few rows",
            found.rows,
            ">=",
            params.min_rows,
            remedy="complete the layer, or leave it out",
        )
    if found.rows > params.max_rows:
        yield _limit("the layer has too many rows", found.rows, "<=", params.max_rows, remedy=_fewer(params))
    elif found.rows and found.rows + others > params.max_rows:
        summary = "the layers have too many rows together"
        yield _limit(summary, found.rows + others, "<=", params.max_rows, remedy=_fewer(params))


def _fewer(params: InventoryParams) -> str:
    return f"send at most {params.max_rows:,} rows in one release"


def _limit(summary: str, measured: int, operator: str, limit: int, *, remedy: str) -> Problem:
    return Problem(
        summary=summary, remedy=remedy, measured=str(measured), operator=operator, limit=str(limit), unit="rows"
    )


def _reference(params: InventoryParams, found: Inventory) -> Iterator[Problem]:
    if params.crs != "any" and not _allowed(found.crs, params.crs):
        yield Problem(
            summary="the reference system of the layer is not allowed",
            remedy=f"transform the layer, for example: `gdf = gdf.to_crs({params.crs[0]!r})`",
            measured=found.crs or "none",
            operator="in",
            limit=", ".join(params.crs),
        )


def _without_geometry(params: InventoryParams, found: Inventory) -> Iterator[Problem]:
    without = found.null_geometries + found.empty_geometries
    if without > params.max_share_without_geometry * found.rows:
        yield Problem(
            summary="too many rows have no geometry",
            remedy=f"drop {without:,} rows, for example: `gdf = gdf[gdf.geometry.notna() & ~gdf.geometry.is_empty]`",
            measured=f"{without / max(found.rows, 1):.6g}",
            operator="<=",
            limit=f"{params.max_share_without_geometry:g}",
            unit="share",
            counts=(
                Count(what="rows", value=found.rows),
                Count(what="rows without a geometry", value=found.null_geometries),
                Count(what="rows with an empty geometry", value=found.empty_geometries),
            ),
        )


def _kinds(params: InventoryParams, found: Inventory) -> Iterator[Problem]:
    if params.geometry_kinds == "any":
        return
    others = [(kind, count) for kind, count in found.kind_counts if kind not in params.geometry_kinds]
    if others:
        yield Problem(
            summary=f"the layer has geometries of kinds that are not allowed: {', '.join(kind for kind, _ in others)}",
            remedy=f"drop {sum(count for _, count in others):,} features, or split collections into their parts",
            operator="in",
            measured=", ".join(kind for kind, _ in others),
            limit=", ".join(params.geometry_kinds),
            counts=tuple(Count(what=kind, value=count) for kind, count in others),
        )


def _ordinates(params: InventoryParams, found: Inventory) -> Iterator[Problem]:
    strange = [
        name
        for name, has, allowed in (
            ("heights", found.has_z, params.z_allowed),
            ("measures", found.has_m, params.m_allowed),
        )
        if has and not allowed
    ]
    if strange:
        yield Problem(
            summary=f"positions have {' and '.join(strange)}, which the policy does not allow",
            remedy="drop them, for example: `gdf.geometry = shapely.force_2d(gdf.geometry.values)`",
        )


def _positions(found: Inventory) -> Iterator[Problem]:
    if found.non_finite or found.outside:
        yield Problem(
            summary="some positions are not on the Earth, or have no longitude from -180 to 180",
            remedy="check the reference system and the order of the axes, and export the layer again",
            counts=(
                Count(what="vertices that are not finite", value=found.non_finite),
                Count(what="vertices that are elsewhere", value=found.outside),
            ),
        )


def _allowed(crs: str | None, allowed: tuple[str, ...]) -> bool:
    """Tell whether a reference system is listed; WGS 84 is one system under its two names, as x is always longitude."""
    return crs in allowed or (crs in WGS84_NAMES and not WGS84_NAMES.isdisjoint(allowed))
