"""ArcGIS JSON: the direction of rings decides between areas and holes, and a cut-off export is no list."""

from __future__ import annotations

import json
from typing import Any

import pytest
import shapely

from geogate.readers.zone_files.contents import Contents
from geogate.readers.zone_files.raw import RawZone, UnreadableZonesError

CLOCKWISE = [[0, 0], [0, 10], [10, 10], [10, 0], [0, 0]]
HOLE = [[2, 2], [4, 2], [4, 4], [2, 4], [2, 2]]
FAR = [[20, 20], [20, 24], [24, 24], [24, 20], [20, 20]]


def read(document: Any) -> list[RawZone]:
    text = document if isinstance(document, str) else json.dumps(document)
    return Contents(name="list.json", data=text.encode()).zones()


def feature_set(*rings: Any, **members: Any) -> dict[str, Any]:
    feature = {"attributes": {"siteName": "A"}, "geometry": {"rings": list(rings)}}
    return {
        "displayFieldName": "siteName",
        "geometryType": "esriGeometryPolygon",
        "spatialReference": {"wkid": 4326, "latestWkid": 4326},
        "features": [feature],
    } | members


def test_the_direction_of_a_ring_makes_it_a_hole() -> None:
    (zone,) = read(feature_set(CLOCKWISE, HOLE, FAR))
    assert zone.geometry is not None
    assert (zone.geometry.area, zone.attributes) == (100 - 4 + 16, {"siteName": "A"})
    (filled,) = read(feature_set(CLOCKWISE, HOLE[::-1]))
    assert filled.geometry is not None
    assert shapely.union_all(shapely.get_parts(filled.geometry)).area == 100


def test_a_single_ring_is_an_area_whichever_way_it_runs() -> None:
    for ring in (HOLE, HOLE[::-1]):
        (zone,) = read(feature_set(ring))
        assert zone.geometry is not None
        assert zone.geometry.area == 4


@pytest.mark.parametrize("reference", [{"wkid": 102100, "latestWkid": 3857}, {"wkid": 102100}, {"wkid": 3857}])
def test_web_mercator_is_brought_to_degrees(reference: dict[str, int]) -> None:
    ring = [[x * 100_000, y * 100_000] for x, y in CLOCKWISE]
    (zone,) = read(feature_set(ring, spatialReference=reference))
    assert zone.geometry is not None
    assert zone.geometry.bounds == pytest.approx((0, 0, 8.98315, 8.94657), abs=1e-4)


@pytest.mark.parametrize("reference", [{"wkid": 4326, "latestWkid": 3857}, {"wkid": 3857, "latestWkid": 4326}])
def test_two_systems_that_contradict_each_other_are_refused(reference: dict[str, int]) -> None:
    with pytest.raises(UnreadableZonesError, match="wkid and latestWkid are two systems"):
        read(feature_set(CLOCKWISE, spatialReference=reference))


def test_points_lines_and_boxes_are_read() -> None:
    shapes = {
        "esriGeometryPoint": ({"x": 1, "y": 2}, "Point"),
        "esriGeometryMultipoint": ({"points": [[1, 2], [3, 4]]}, "MultiPoint"),
        "esriGeometryPolyline": ({"paths": [[[1, 2], [3, 4]]]}, "MultiLineString"),
        "esriGeometryEnvelope": ({"xmin": 1, "ymin": 2, "xmax": 3, "ymax": 4}, "Polygon"),
    }
    for kind, (geometry, expected) in shapes.items():
        features = [{"attributes": {}, "geometry": geometry}]
        (zone,) = read(feature_set(geometryType=kind, features=features))
        assert zone.geometry is not None
        assert zone.geometry.geom_type == expected


FAULTS: dict[str, tuple[Any, str, str]] = {
    "cut off": (feature_set(CLOCKWISE, exceededTransferLimit=True), "", "cut it off"),
    "an error": ({"error": {"code": 400, "message": "x"}}, "key 'error'", "the error that a server answered"),
    "layers": ({"layers": []}, "key 'layers'", "it has layers"),
    "unknown key": (feature_set(CLOCKWISE, transform={}), "key 'transform'", "the key is not known"),
    "no reference": (
        {k: v for k, v in feature_set(CLOCKWISE).items() if k != "spatialReference"},
        "key 'spatialReference'",
        "no reference system",
    ),
    "unknown reference": (
        feature_set(CLOCKWISE, spatialReference={"wkid": 999999}),
        "key 'spatialReference'",
        "not known",
    ),
    "other type": (feature_set(CLOCKWISE, geometryType="esriGeometryAny"), "key 'geometryType'", "unknown type"),
    "a lone hole": (feature_set(CLOCKWISE, [[x + 20, y] for x, y in HOLE]), "zone 1", "lies in no area"),
    "open ring": (feature_set(CLOCKWISE[:-1]), "zone 1", "a ring is not closed"),
    "short ring": (feature_set(CLOCKWISE[:2]), "zone 1", "fewer than four"),
    "no rings": (feature_set(), "zone 1", "its geometry is empty"),
    "curves": (feature_set(features=[{"geometry": {"curveRings": []}}]), "zone 1", "'curveRings', which is not read"),
    "text": (feature_set([["0", 0], *CLOCKWISE[1:]]), "zone 1", "not a finite number"),
    "no geometry": (feature_set(features=[{"attributes": {}}]), "zone 1", "no geometry"),
    "feature key": (feature_set(features=[{"shape": 1}]), "zone 1", "'shape' is not known"),
    "NaN": (json.dumps(feature_set(CLOCKWISE)).replace("10, 10", "NaN, 10"), "", "a number is not finite"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_wholly_understood_is_refused(fault: str) -> None:
    document, place, reason = FAULTS[fault]
    with pytest.raises(UnreadableZonesError, match=reason) as caught:
        read(document)
    assert caught.value.place == place


@pytest.mark.parametrize("member", [{"exceededTransferLimit": True}, {"properties": {"exceededTransferLimit": True}}])
def test_geojson_that_a_server_cut_off_is_refused(member: dict[str, Any]) -> None:
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [1, 2]}}
    with pytest.raises(UnreadableZonesError, match="cut it off"):
        read({"type": "FeatureCollection", "features": [feature]} | member)
