from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from property.zone_reference import GEOD, at_distance, zone_distance_m, zone_list

from geogate.zones.index import ZoneIndex
from geogate.zones.normalise import ZoneGeometryError, normalise

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

centres = st.one_of(
    st.tuples(st.floats(-170, 170), st.floats(-75, 75)),
    st.tuples(st.sampled_from([179.999, 180.0, -180.0, -179.99]), st.floats(-80, 80)),
    st.tuples(st.floats(-180, 180), st.sampled_from([89.9, 89.9999, 88.0, -89.5, -89.99999])),
)
shares = st.floats(0, 1, exclude_max=True)
azimuths = st.floats(0, 360)


@st.composite
def zones(draw: st.DrawFn) -> BaseGeometry:
    """Stars round a centre, from metres to a thousand kilometres wide, some with a hole, and lines and points."""
    lon, lat = draw(centres)
    radius = draw(st.sampled_from([30.0, 2_000.0, 60_000.0, 1_000_000.0]))
    if abs(lat) > 80 and radius > 100_000:
        radius = 60_000.0
    count = draw(st.integers(3, 9))
    arms = draw(st.lists(st.floats(0.4, 1.0), min_size=count, max_size=count))
    bearing = np.linspace(0, 360, count, endpoint=False)
    at_lon, at_lat, _ = GEOD.fwd(np.full(count, lon), np.full(count, lat), bearing, np.array(arms) * radius)
    ring = np.column_stack([at_lon, at_lat])
    kind = draw(st.sampled_from(["polygon", "hole", "line", "point"]))
    if kind == "point":
        return shapely.Point(lon, lat)
    if kind == "line":
        return shapely.LineString(ring)
    hole_lon, hole_lat, _ = GEOD.fwd(np.full(3, lon), np.full(3, lat), [10.0, 130.0, 250.0], np.full(3, radius / 20))
    return shapely.Polygon(ring, [np.column_stack([hole_lon, hole_lat])] if kind == "hole" else None)


def usable(geometry: BaseGeometry) -> BaseGeometry:
    try:
        return normalise(geometry, zone="z", short_edges=True)
    except ZoneGeometryError:
        assume(False)  # noqa: FBT003 - hypothesis' way to pass on
        raise


def hit(geometry: BaseGeometry, lon: float, lat: float, *, buffer_m: float) -> bool:
    index = ZoneIndex.build(zone_list([geometry]), buffer_m=buffer_m)
    return len(index.points_within(np.array([[lon, lat]])).owner) == 1


@settings(max_examples=50, deadline=None)
@given(zones(), st.sampled_from([1.0, 500.0, 5_000.0, 100_000.0, 500_000.0]), shares, azimuths)
def test_two_centimetres_decide_on_both_sides_of_the_limit(
    raw: BaseGeometry, buffer_m: float, share: float, azimuth: float
) -> None:
    geometry = usable(raw)
    position = at_distance(geometry, buffer_m - 0.02, share=share, azimuth=azimuth)
    if position is not None:
        assert hit(geometry, *position, buffer_m=buffer_m)
    position = at_distance(geometry, buffer_m + 0.022, share=share, azimuth=azimuth)
    if position is not None:
        assert not hit(geometry, *position, buffer_m=buffer_m)


@settings(max_examples=50, deadline=None)
@given(zones(), st.lists(st.tuples(shares, st.floats(-3.0, 1.0), azimuths), min_size=20, max_size=20))
def test_positions_are_judged_as_the_slow_reference_judges_them(
    raw: BaseGeometry, rays: list[tuple[float, float, float]]
) -> None:
    geometry = usable(raw)
    index = ZoneIndex.build(zone_list([geometry]), buffer_m=1_000.0)
    vertices = shapely.get_coordinates(geometry)
    start = vertices[[int(share * len(vertices)) for share, _, _ in rays]]
    bearing, away = [ray[2] for ray in rays], [10 ** (ray[1] + 3.5) for ray in rays]
    around = np.column_stack(GEOD.fwd(start[:, 0], start[:, 1], bearing, away)[:2])
    found = np.zeros(len(around), dtype=bool)
    found[index.points_within(around).owner] = True
    for (lon, lat), is_hit in zip(around, found, strict=True):
        distance = zone_distance_m(lon, lat, geometry)
        if not 1_000.0 <= distance <= 1_000.02:
            assert is_hit == (distance < 1_000.0)
