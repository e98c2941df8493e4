"""What would help where positions are in the wrong places, too close together, or of a kind that must not leave."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pyproj

from geogate.measures.category_lattice import CategoryLattices
from geogate.measures.decimals import FINEST
from geogate.measures.inventory import KINDS, Inventory, LayerInventory
from geogate.measures.vertex_spacing import Spacing, VertexSpacing
from geogate.measures.zone_devices import DevicesInZones
from geogate.measures.zone_hits import ZoneHitCounts
from geogate.model.finding import Count
from geogate.remedies.changes import DropHeights, DropRows, KeepOut, SnapByCategory, SnapCategory, SpreadVertices
from geogate.remedies.lattices import lattice_change
from geogate.remedies.planning_columns import without_columns
from geogate.remedies.proposal import OWNER, Kind, Proposal, by_people
from geogate.rules.decimals_by_category import DecimalsByCategory, DecimalsByCategoryParams
from geogate.rules.devices_in_zones import DevicesParams, EnoughDevicesInZones
from geogate.rules.layer_inventory import InventoryParams, LayerContents
from geogate.rules.restricted_zones import RestrictedZones, ZonesParams
from geogate.rules.vertex_spacing import SpacingParams, VerticesFarApart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from geogate.measures.category_lattice import CategoryLattice
    from geogate.remedies.proposal import View
    from geogate.rules.decimals_by_category import Category

METRES_A_DEGREE: Final = 111_320.0
SURELY: Final = 1.001


def _zones(params: ZonesParams, view: View) -> Iterator[Proposal]:
    measure = RestrictedZones().measures(params, view.zone_lists)[0]
    found = view.values.get(measure.id)
    if isinstance(found, ZoneHitCounts):
        what = f"the {found.features_hit:,} features in zones of {params.zone_list} or within {params.buffer_m:g} m"
        count = Count(what="features in zones", value=found.features_hit)
        yield _keep_out(view, view.zone_lists[params.zone_list], params.buffer_m, what=what, count=count)


def _devices(params: DevicesParams, view: View) -> Iterator[Proposal]:
    measure = EnoughDevicesInZones().measures(params, view.zone_lists)[0]
    found = view.values.get(measure.id)
    if not isinstance(found, DevicesInZones) or found.without_column:
        return
    few = {zone.zone for zone in found.zones if not zone.devices >= params.devices}
    zone_list = view.zone_lists[params.zone_list]
    own = replace(zone_list, zones=tuple(zone for zone in zone_list.zones if zone.id in few))
    what = f"the rows in {len(few):,} zones of {params.zone_list} that fewer than {params.devices} devices hit"
    count = Count(what="zones with too few devices", value=len(few))
    yield _keep_out(view, own, params.buffer_m, what=what, count=count)


def _keep_out(view: View, zone_list: Any, buffer_m: float, *, what: str, count: Count) -> Proposal:
    cell_deg = round(view.wishes.cell_m / METRES_A_DEGREE, 6)
    verb = "cut lines and polygons, and drop points:" if view.wishes.clip else "drop"
    return Proposal(
        kind=Kind.KEEP_OUT,
        does=f"{verb} {what}, and what else touches cells of {view.wishes.cell_m:,.6g} m that come so near",
        counts=(count,),
        changes=(
            KeepOut(zone_list=zone_list, buffer_m=buffer_m, margin_m=0.0, cell_deg=cell_deg, clip=view.wishes.clip),
        ),
    )


def _spacing(params: SpacingParams, view: View) -> Iterator[Proposal]:
    found = view.values.get(VertexSpacing().id)
    if not isinstance(found, Spacing) or found.unmeasured:
        return
    closer = found.closer_than(params.distance_m)
    yield Proposal(
        kind=Kind.GENERALISE,
        does=f"drop vertices of lines and outlines that are closer than {params.distance_m:g} m: "
        f"{closer:,} of {found.edges:,} edges are shorter",
        counts=(Count(what="edges that are shorter", value=closer),),
        changes=(SpreadVertices(distance_m=params.distance_m),),
    )


def _inventory(params: InventoryParams, view: View) -> Iterator[Proposal]:
    found = view.values.get(LayerInventory().id)
    if not isinstance(found, Inventory):
        return
    if params.columns != "any":
        undeclared = [each.name for each in found.columns or () if each.name not in params.columns]
        yield from without_columns(undeclared, view, why="that are not declared")
    yield from _heights(params, found)
    yield from _rows(params, found)
    if found.rows < params.min_rows or found.rows > params.max_rows:
        limits = f"{params.min_rows:,} to {params.max_rows:,}"
        yield by_people(f"split or complete the layer: {found.rows:,} rows, {limits} may leave")
    if params.crs != "any" and found.crs not in params.crs:
        yield by_people(f"transform the layer to {' or '.join(params.crs)}")
    if found.non_finite or found.outside:
        wrong = found.non_finite + found.outside
        yield by_people(f"correct {wrong:,} vertices that are not on the Earth, or their reference system")


def _heights(params: InventoryParams, found: Inventory) -> Iterator[Proposal]:
    heights = found.has_z and not params.z_allowed
    measures = found.has_m and not params.m_allowed
    if heights or measures:
        named = " and ".join(name for name, some in (("heights", heights), ("measures", measures)) if some)
        yield Proposal(
            kind=Kind.DROP_HEIGHTS,
            does=f"drop the {named} of all positions",
            changes=(DropHeights(heights=heights, measures=measures),),
        )


def _rows(params: InventoryParams, found: Inventory) -> Iterator[Proposal]:
    without = found.null_geometries + found.empty_geometries
    if without > params.max_share_without_geometry * found.rows:
        yield Proposal(
            kind=Kind.DROP_ROWS,
            does=f"drop {without:,} rows without a geometry",
            counts=(Count(what="rows without a geometry", value=without),),
            changes=(DropRows(),),
        )
    if params.geometry_kinds != "any":
        others = {
            kind: count
            for kind, count in zip(KINDS, found.kinds, strict=True)
            if count and kind not in params.geometry_kinds
        }
        if others:
            yield Proposal(
                kind=Kind.DROP_ROWS,
                does=f"drop {sum(others.values()):,} features of kinds that must not leave: {', '.join(others)}",
                counts=tuple(Count(what=kind, value=count) for kind, count in others.items()),
                changes=(DropRows(kinds=tuple(params.geometry_kinds)),),
            )


def _categories(params: DecimalsByCategoryParams, view: View) -> Iterator[Proposal]:
    measure = DecimalsByCategory().measures(params, view.zone_lists)[0]
    found = view.values.get(measure.id)
    if not isinstance(found, CategoryLattices) or found.without_column:
        return
    own = zip(params.categories, found.categories, strict=True)
    changes = tuple(_category(params, category, lattice, view) for category, lattice in own)
    said = "; ".join(f"{category.name}: {_said(params, category)}" for category in params.categories)
    yield Proposal(
        kind=Kind.COARSEN,
        does=f"round positions as their category asks for ({said})",
        counts=tuple(
            Count(what=f"rows of category {category.name}", value=lattice.rows)
            for category, lattice in zip(params.categories, found.categories, strict=True)
        ),
        changes=(SnapByCategory(column=params.column, categories=changes),),
    )
    if found.unknown:
        yield by_people(
            f"give {found.unknown:,} rows a category, or have the policy name theirs", by=f"{OWNER} or of the data"
        )


def _category(params: DecimalsByCategoryParams, category: Category, own: CategoryLattice, view: View) -> SnapCategory:
    snap = None
    if not category.withhold and not category.exact and own.placed:
        strict = params.decimals_operator == "<"
        step_m = (category.step_m or 0.0) * (SURELY if params.step_operator == ">" else 1.0)
        if category.decimals is not None and pyproj.CRS.from_wkt(own.lattice.crs).is_geographic:
            snap, _ = lattice_change(own.lattice, step_m=0.0, places=category.decimals - strict, again=view.again)
        else:
            snap, _ = lattice_change(own.lattice, step_m=step_m, places=FINEST, again=view.again)
    return SnapCategory(labels=tuple(category.labels), snap=snap, withhold=category.withhold)


def _said(params: DecimalsByCategoryParams, category: Category) -> str:
    if category.withhold:
        return "drop"
    if category.exact:
        return "as it is"
    if category.decimals is not None:
        return f"{category.decimals - (params.decimals_operator == '<')} decimals"
    return f"{category.step_m:g} m"


PLACES: Final[Mapping[str, Callable[[Any, View], Iterator[Proposal]]]] = {
    RestrictedZones.expectation: _zones,
    EnoughDevicesInZones.expectation: _devices,
    VerticesFarApart.expectation: _spacing,
    LayerContents.expectation: _inventory,
    DecimalsByCategory.expectation: _categories,
}
