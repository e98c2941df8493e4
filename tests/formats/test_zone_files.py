from __future__ import annotations

import hashlib
import json
import sqlite3
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
import shapely

from geogate.model.errors import PolicyError
from geogate.model.names import ZoneListName
from geogate.readers.zone_files import ZoneListError, ZoneListFacts, load_zone_list, pin_zone_list

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TODAY = date(2026, 11, 22)
FACTS = ZoneListFacts(
    name=ZoneListName("sites"),
    title="Sites",
    source="the ministry's gazette",
    licence="CC BY 4.0",
    as_of=date(2026, 1, 1),
    valid_until=date(2026, 12, 31),
    category="military",
    id_field="code",
)
SQUARE = shapely.Polygon([(10, 50), (10.5, 50), (10.5, 50.5), (10, 50.5)], [[(10.1, 50.1), (10.2, 50.1), (10.2, 50.2)]])
TWO = shapely.MultiPolygon([shapely.box(20, 40, 20.5, 40.5), shapely.box(21, 40, 21.5, 40.5)])
FRAME = gpd.GeoDataFrame({"code": ["A1", "B2"], "reach": [0.0, 250.5]}, geometry=[SQUARE, TWO], crs="EPSG:4326")


def ring(*positions: str) -> str:
    return f"<LinearRing><coordinates>{' '.join(positions)}</coordinates></LinearRing>"


def polygon(shell: str, hole: str = "") -> str:
    inner = f"<innerBoundaryIs>{hole}</innerBoundaryIs>" if hole else ""
    return f"<Polygon><outerBoundaryIs>{shell}</outerBoundaryIs>{inner}</Polygon>"


SHELL, HOLE = (
    ("10,50", "10.5,50,0", "10.5,50.5", "10,50.5", "10,50"),
    ("10.1,50.1", "10.2,50.1", "10.2,50.2", "10.1,50.1"),
)
KML = f"""<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><name>Sites</name><Folder>
<Placemark><name>first</name><ExtendedData><Data name="code"><value>A1</value></Data></ExtendedData>
{polygon(ring(*SHELL), ring(*HOLE))}</Placemark></Folder>
<Placemark id="x"><ExtendedData><SchemaData><SimpleData name="code">B2</SimpleData></SchemaData></ExtendedData>
<MultiGeometry>{polygon(ring("20,40", "20.5,40", "20.5,40.5", "20,40.5", "20,40"))}
{polygon(ring("21,40", "21.5,40", "21.5,40.5", "21,40.5", "21,40"))}</MultiGeometry></Placemark>
</Document></kml>
"""


def geojson(path: Path) -> Path:
    path.write_text(FRAME.to_json(drop_id=True), encoding="utf-8")
    return path


def geojson_of(path: Path, *, frame: gpd.GeoDataFrame) -> Path:
    path.write_text(frame.to_json(drop_id=True), encoding="utf-8")
    return path


def kml(path: Path) -> Path:
    path.write_text(KML, encoding="utf-8")
    return path


def through_gdal(path: Path, *, frame: gpd.GeoDataFrame = FRAME) -> Path:
    frame.to_file(path)
    return path


FORMATS: dict[str, Callable[[Path], Path]] = {
    "sites.geojson": geojson,
    "sites.gpkg": through_gdal,
    "sites.fgb": through_gdal,
    "sites.shp": through_gdal,
    "sites.kml": kml,
}


@pytest.fixture
def pinned(tmp_path: Path) -> Path:
    """A list that is in order, as GeoJSON."""
    return pin_zone_list(geojson(tmp_path / "data.geojson"), facts=FACTS)


def edit(manifest: Path, old: str, new: str) -> Path:
    text = manifest.read_text(encoding="utf-8")
    assert old in text
    manifest.write_text(text.replace(old, new), encoding="utf-8")
    return manifest


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_zones(name: str, tmp_path: Path) -> None:
    manifest = pin_zone_list(FORMATS[name](tmp_path / name), facts=FACTS)
    loaded = load_zone_list(manifest, today=TODAY)
    assert {zone.id: zone.category for zone in loaded.zones} == {"A1": "military", "B2": "military"}
    for zone, expected in zip(sorted(loaded.zones, key=lambda zone: zone.id), (SQUARE, TWO), strict=True):
        assert zone.geometry.equals(expected)


@pytest.mark.parametrize("name", ["sites.gpkg", "sites.fgb", "sites.shp"])
def test_a_projected_list_is_brought_to_wgs_84_with_its_edges(name: str, tmp_path: Path) -> None:
    data = through_gdal(tmp_path / name, frame=FRAME.to_crs(25832))
    loaded = load_zone_list(pin_zone_list(data, facts=FACTS), today=TODAY)
    by_id = {zone.id: zone.geometry for zone in loaded.zones}
    assert by_id["A1"].hausdorff_distance(SQUARE) < 0.0005
    assert len(shapely.get_coordinates(by_id["A1"])) > len(shapely.get_coordinates(SQUARE))


@pytest.mark.parametrize("name", FORMATS)
def test_a_changed_byte_of_the_data_is_found(name: str, tmp_path: Path) -> None:
    manifest = pin_zone_list(FORMATS[name](tmp_path / name), facts=FACTS)
    for data in sorted(set(tmp_path.iterdir()) - {manifest}):
        whole = data.read_bytes()
        data.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(ZoneListError, match=rf"^{name}: its digest is not the one in sites.yaml"):
            load_zone_list(manifest, today=TODAY)
        data.write_bytes(whole)
    load_zone_list(manifest, today=TODAY)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.97])
def test_a_truncated_file_is_never_a_list(name: str, share: float, tmp_path: Path) -> None:
    data = FORMATS[name](tmp_path / name)
    data.write_bytes(data.read_bytes()[: int(data.stat().st_size * share)])
    with pytest.raises(ZoneListError, match=f"^{name}"):
        pin_zone_list(data, facts=FACTS)
    assert not (tmp_path / "sites.yaml").exists()


def test_the_digest_covers_the_manifest_and_the_data(pinned: Path) -> None:
    before = load_zone_list(pinned, today=TODAY).digest
    assert load_zone_list(pinned, today=TODAY).digest == before
    edit(pinned, "title: Sites", "title: Other sites")
    after = load_zone_list(pinned, today=TODAY)
    assert after.digest != before
    assert after.title == "Other sites"


def test_pinning_twice_gives_the_same_manifest(pinned: Path) -> None:
    text = pinned.read_bytes()
    assert pin_zone_list(pinned.with_name("data.geojson"), facts=FACTS).read_bytes() == text


def test_fields_give_ids_categories_and_distances(tmp_path: Path) -> None:
    data = through_gdal(tmp_path / "data.gpkg")
    facts = replace(FACTS, id_field=None, category_field="code", buffer_field="reach")
    zones = load_zone_list(pin_zone_list(data, facts=facts), today=TODAY).zones
    assert [(zone.id, zone.category, zone.buffer_m) for zone in zones] == [("1", "A1", 0.0), ("2", "B2", 250.5)]


def test_a_country_code_is_a_text_and_no_boolean(pinned: Path) -> None:
    loaded = load_zone_list(edit(pinned, "category: military", "category: NO"), today=TODAY)
    assert loaded.zones[0].category == "NO"


@pytest.mark.parametrize("day", [date(2026, 1, 1), date(2026, 12, 31)])
def test_a_list_is_in_force_on_its_first_and_last_day(pinned: Path, day: date) -> None:
    assert len(load_zone_list(pinned, today=day).zones) == 2


@pytest.mark.parametrize(
    ("day", "reason"),
    [(date(2025, 12, 31), "the list begins on 2026-01-01"), (date(2027, 1, 1), "the list was valid until 2026-12-31")],
)
def test_a_list_is_not_in_force_a_day_before_or_after(pinned: Path, day: date, reason: str) -> None:
    with pytest.raises(ZoneListError, match=f"^sites.yaml: {reason}"):
        load_zone_list(pinned, today=day)


WRITERS: dict[str, Callable[..., Path]] = {
    "data.geojson": geojson_of,
    "data.gpkg": through_gdal,
    "data.fgb": through_gdal,
    "data.shp": through_gdal,
}
WIDE = shapely.box(-100, 10, 80, 20)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(
    ("shape", "reason"),
    [
        (shapely.Polygon([(179, 10), (-179, 10), (-179, 11), (179, 11)]), "can be read in two ways round the globe"),
        (WIDE, "can be read in two ways round the globe"),
        (shapely.Polygon([(10, 50), (11, 50), (10, 90.0001)]), "no place on the Earth|no longitude or no latitude"),
        (shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)]), "self-intersection"),
        (shapely.Polygon([(0, 0), (1, 1), (2, 2)]), "self-intersection|no area"),
    ],
    ids=["a jump", "half the globe", "beyond the pole", "a bow tie", "flat"],
)
def test_a_zone_that_could_be_misread_is_refused_by_its_number_in_every_format(
    name: str, shape: shapely.Polygon, reason: str, tmp_path: Path
) -> None:
    frame = gpd.GeoDataFrame({"code": ["A1", "B2"]}, geometry=[SQUARE, shape], crs="EPSG:4326")
    data = WRITERS[name](tmp_path / name, frame=frame)
    # FlatGeobuf keeps zones in an order of its own.
    with pytest.raises(ZoneListError, match=rf"^{name}, zone {'.' if name.endswith('fgb') else 2}\b.*({reason})"):
        pin_zone_list(data, facts=FACTS)
    assert not (tmp_path / "sites.yaml").exists()


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize(
    "shape",
    [
        shapely.MultiPolygon([shapely.box(179, 10, 180, 11), shapely.box(-180, 10, -179, 11)]),
        shapely.box(-100, 10, 79.999, 20),
        shapely.Polygon([(10, 50), (11, 50), (10, 90)]),
    ],
    ids=["cut", "less than half the globe", "to the pole"],
)
def test_a_zone_that_cannot_be_misread_is_taken_in_every_format(
    name: str, shape: shapely.Geometry, tmp_path: Path
) -> None:
    frame = gpd.GeoDataFrame({"code": ["A1"]}, geometry=[shape], crs="EPSG:4326")
    manifest = pin_zone_list(WRITERS[name](tmp_path / name, frame=frame), facts=FACTS)
    assert load_zone_list(manifest, today=TODAY).zones[0].geometry.equals(shape)


MANIFEST_FAULTS = {
    "unknown key": ("title: Sites", "title: Sites\ncolour: red", r"line 3, key 'colour': the key is not known"),
    "missing key": ("licence: CC BY 4.0\n", "", r"the key 'licence' is missing"),
    "key twice": (
        "title: Sites",
        "title: Sites\ntitle: Sights",
        r"line 3: the manifest is not YAML, or has a key twice",
    ),
    "no YAML": ("title: Sites", "title: [Sites", r"line \d+: the manifest is not YAML"),
    "a list": ("name: sites", "- name: sites", r"the manifest is not"),
    "date as text": ("as_of: 2026-01-01", "as_of: soon", r"line 5, key 'as_of': it is not a date"),
    "time": ("as_of: 2026-01-01", "as_of: 2026-01-01 10:00:00", r"key 'as_of': it is not a date"),
    "ends before it begins": ("as_of: 2026-01-01", "as_of: 2027-01-01", r"key 'valid_until': the list would expire"),
    "folder": ("data: data.geojson", "data: ../data.geojson", r"key 'data': it is not the name of a file beside"),
    "parent": ("data: data.geojson", "data: ..", r"key 'data': it is not the name of a file beside"),
    "short digest": ("sha256: ", "sha256: abc # ", r"key 'sha256': it is not 64 lower-case"),
    "digest as number": ("sha256: ", "sha256: 12 # ", r"key 'sha256': it is not 64 lower-case"),
    "other count": ("count: 2", "count: 3", r"data.geojson: it has 2 zones, and sites.yaml says 3"),
    "no count": ("count: 2", "count: 0", r"key 'count': it is not a whole number from 1 on"),
    "true count": ("count: 2", "count: true", r"key 'count': it is not a whole number"),
    "negative distance": ("buffer_m: 0.0", "buffer_m: -1", r"key 'buffer_m': it is not a number of metres"),
    "no distance": ("buffer_m: 0.0", "buffer_m: .nan", r"key 'buffer_m': it is not a number of metres"),
    "endless distance": ("buffer_m: 0.0", "buffer_m: .inf", r"key 'buffer_m': it is not a number of metres"),
    "blank": ("title: Sites", "title: ' '", r"key 'title': it is not a text that says something"),
    "number as text": ("title: Sites", "title: 1", r"key 'title': it is not a text that says something"),
    "no slug": ("name: sites", "name: Sites", r"line 1, key 'name': it is not a name"),
    "other name": ("name: sites", "name: sights", r"key 'name': the file is not named after the list"),
    "other id field": ("id_field: code", "id_field: iata", r"data.geojson, zone 1: it has no attribute 'iata'"),
    "distance in text": (
        "id_field: code",
        "buffer_field: code",
        r"zone 1: its attribute 'code' is no number of metres",
    ),
    "id is a share": ("id_field: code", "id_field: reach", r"zone 1: its attribute 'reach' is neither a text nor"),
    "missing data": ("data: data.geojson", "data: other.geojson", r"other.geojson: other.geojson cannot be read"),
}


@pytest.mark.parametrize("fault", MANIFEST_FAULTS)
def test_a_faulty_manifest_is_refused_by_file_line_and_key(fault: str, pinned: Path) -> None:
    old, new, reason = MANIFEST_FAULTS[fault]
    with pytest.raises(ZoneListError, match=reason) as caught:
        load_zone_list(edit(pinned, old, new), today=TODAY)
    assert isinstance(caught.value, PolicyError)
    assert str(pinned.parent) not in str(caught.value)


def test_a_missing_or_foreign_manifest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ZoneListError, match=r"sites\.yaml: the manifest cannot be read"):
        load_zone_list(tmp_path / "sites.yaml", today=TODAY)
    (tmp_path / "sites.yaml").write_bytes(b"name: \xff\xfe")
    with pytest.raises(ZoneListError, match=r"sites\.yaml: the manifest is not UTF-8"):
        load_zone_list(tmp_path / "sites.yaml", today=TODAY)


def collection(*geometries: object, **members: object) -> str:
    features = [
        {"type": "Feature", "properties": {"code": f"S{number}"}, "geometry": geometry}
        for number, geometry in enumerate(geometries)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features} | members)


RING = [[1, 1], [2, 1], [2, 2], [1, 1]]
GOOD = {"type": "Polygon", "coordinates": [RING]}
GEOJSON_FAULTS = {
    "empty": (collection(), "the list has no zones"),
    "no JSON": (collection(GOOD)[:-1], "line 1: the text is not JSON to its end"),
    "more than JSON": (collection(GOOD) + "}", "not JSON to its end"),
    "deep": ('{"a":' * 100_000, "nested too deeply|not JSON"),
    "no collection": (json.dumps({"type": "Feature"}), "not a GeoJSON FeatureCollection"),
    "no features": (json.dumps({"type": "FeatureCollection"}), "no list of features"),
    "no feature": (json.dumps({"type": "FeatureCollection", "features": [1]}), "zone 1: it is not a Feature"),
    "properties": (
        json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": 1}]}),
        "zone 1: its properties are no object",
    ),
    "no geometry": (collection(GOOD, None), "zone 2: it has no geometry"),
    "unknown": (collection({"type": "Circle", "coordinates": [1, 1]}), "zone 1: its geometry has an unknown type"),
    "no coordinates": (collection({"type": "Point"}), "zone 1: its geometry is empty or has no coordinates"),
    "empty part": (collection({"type": "MultiPolygon", "coordinates": [[RING], []]}), "zone 1: its geometry is empty"),
    "no members": (collection({"type": "GeometryCollection", "geometries": []}), "zone 1: its geometry collection"),
    "text": (collection({"type": "Point", "coordinates": ["1", 1]}), "zone 1: a position is not two or three finite"),
    "boolean": (collection({"type": "Point", "coordinates": [True, 1]}), "a position is not two or three finite"),
    "NaN": (collection(GOOD).replace("[2, 1]", "[NaN, 1]"), "a number is not finite"),
    "too large": (collection(GOOD).replace("[2, 1]", "[1e999, 1]"), "a position is not two or three finite"),
    "one ordinate": (collection({"type": "Point", "coordinates": [1]}), "a position is not two or three finite"),
    "too deep": (collection({"type": "Point", "coordinates": [[1, 1]]}), "a position is not two or three finite"),
    "open ring": (collection({"type": "Polygon", "coordinates": [[*RING[:3], [1, 1.1]]]}), "a ring is not closed"),
    "short ring": (collection({"type": "Polygon", "coordinates": [RING[:3]]}), "a ring has fewer than four positions"),
    "one vertex": (collection({"type": "LineString", "coordinates": [[1, 1]]}), "its coordinates make no geometry"),
    "bow tie": (
        collection({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}),
        "zone 1 .id 'S0'.: self-intersection",
    ),
    "metres": (collection({"type": "Point", "coordinates": [500000, 5400000]}), "no longitude or no latitude"),
    "other system": (
        collection(GOOD, crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::25832"}}),
        "its 'crs' is not WGS 84",
    ),
    "member twice": (collection(GOOD).replace('"code"', '"code": "x", "code"'), "an object has a member twice"),
    "id twice": (collection(GOOD, GOOD).replace("S1", "S0"), "zone 2: its id is that of another zone"),
    "blank id": (collection(GOOD).replace("S0", " "), "zone 1: its attribute 'code' is neither"),
}


@pytest.mark.parametrize("fault", GEOJSON_FAULTS)
def test_faulty_geojson_is_refused_by_zone_and_cause(fault: str, tmp_path: Path) -> None:
    text, reason = GEOJSON_FAULTS[fault]
    (tmp_path / "data.geojson").write_text(text, encoding="utf-8")
    with pytest.raises(ZoneListError, match=f"^data.geojson.*({reason})"):
        pin_zone_list(tmp_path / "data.geojson", facts=FACTS)
    assert not (tmp_path / "sites.yaml").exists()


def test_geojson_that_names_the_prescribed_system_is_accepted(tmp_path: Path) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    (tmp_path / "data.geojson").write_text("\ufeff" + collection(GOOD, crs=crs), encoding="utf-8")
    assert pin_zone_list(tmp_path / "data.geojson", facts=FACTS).exists()


POLYGON_END = "</Polygon></Placemark></Folder>"
KML_FAULTS = {
    "no XML": ("</kml>", "", r"line \d+: the text is not XML to its end"),
    "entities": ("<kml ", '<!DOCTYPE kml [<!ENTITY a "b">]><kml ', "declares a document type or entities"),
    "other XML": ("http://www.opengis.net/kml/2.2", "http://www.opengis.net/gml", "the XML is not KML"),
    "linked": ("<Folder>", "<NetworkLink/><Folder>", "it has a NetworkLink element, which is not read"),
    "overlay": ("<Folder>", "<GroundOverlay/><Folder>", "it has a GroundOverlay element, which is not read"),
    "track": ("<name>first</name>", '<Track xmlns="http://www.google.com/kml/ext/2.2"/>', "zone 1: it has a Track"),
    "no geometry": ("<name>Sites</name>", "<Placemark/>", "zone 1: the placemark has 0 geometries"),
    "two geometries": (
        POLYGON_END,
        "</Polygon><Point><coordinates>1,1</coordinates></Point></Placemark></Folder>",
        "zone 1: the placemark has 2 geometries",
    ),
    "open ring": ("10,50.5 10,50<", "10,50.5 10,50.1<", "zone 1: a ring is not closed"),
    "short ring": ("10.1,50.1 10.2,50.1 10.2,50.2 10.1,50.1", "10.1,50.1 10.2,50.1 10.1,50.1", "fewer than four"),
    "spaces": ("10.5,50,0 ", "10.5, 50 ", "zone 1: a position is not longitude,latitude"),
    "comma": ("10.5,50,0 ", "10.5.1,50 ", "zone 1: a position is not longitude,latitude"),
    "NaN": ("10.5,50,0 ", "nan,50 ", "zone 1: a position is not longitude,latitude"),
    "no coordinates": (
        "<coordinates>10,50 10.5,50,0 10.5,50.5 10,50.5 10,50</coordinates>",
        "",
        "not exactly one list",
    ),
    "empty coordinates": ("10,50 10.5,50,0 10.5,50.5 10,50.5 10,50", " ", "zone 1: a position is not"),
    "no shell": ("outerBoundaryIs", "innerBoundaryIs", "zone 1: a Polygon has 0 outer boundaries"),
    "empty boundary": (
        "<LinearRing><coordinates>10.1,50.1 10.2,50.1 10.2,50.2 10.1,50.1</coordinates></LinearRing>",
        "",
        "zone 1: a boundary of a Polygon is not made of LinearRings",
    ),
    "foreign part": ("<MultiGeometry>", "<MultiGeometry><Model/>", "zone 2: it has a Model element"),
}


@pytest.mark.parametrize("fault", KML_FAULTS)
def test_faulty_kml_is_refused_by_placemark_and_cause(fault: str, tmp_path: Path) -> None:
    old, new, reason = KML_FAULTS[fault]
    assert old in KML
    (tmp_path / "data.kml").write_text(KML.replace(old, new), encoding="utf-8")
    with pytest.raises(ZoneListError, match=rf"^data\.kml.*({reason})"):
        pin_zone_list(tmp_path / "data.kml", facts=FACTS)


def test_a_ring_without_its_polygon_is_no_zone(tmp_path: Path) -> None:
    ring = "<LinearRing><coordinates>1,1 2,1 2,2 1,1</coordinates></LinearRing>"
    (tmp_path / "data.kml").write_text(f"<kml><Placemark>{ring}</Placemark></kml>", encoding="utf-8")
    with pytest.raises(ZoneListError, match="would protect its outline only"):
        pin_zone_list(tmp_path / "data.kml", facts=replace(FACTS, id_field=None, buffer_m=10.0))


def test_kml_points_and_lines_are_zones(tmp_path: Path) -> None:
    marks = "".join(
        f"<Placemark><{tag}><extrude>1</extrude><coordinates>{places}</coordinates></{tag}></Placemark>"
        for tag, places in {"Point": "1,2", "LineString": "1,2 3,4"}.items()
    )
    (tmp_path / "data.kml").write_text(f"<kml>{marks}</kml>", encoding="utf-8")
    manifest = pin_zone_list(tmp_path / "data.kml", facts=replace(FACTS, id_field=None, buffer_m=10.0))
    kinds = [zone.geometry.geom_type for zone in load_zone_list(manifest, today=TODAY).zones]
    assert kinds == ["Point", "LineString"]
    text = (tmp_path / "data.kml").read_text(encoding="utf-8").replace("1,2 3,4", "1,2")
    (tmp_path / "data.kml").write_text(text, encoding="utf-8")
    with pytest.raises(ZoneListError, match="zone 2: a LineString has 1 positions"):
        pin_zone_list(tmp_path / "data.kml", facts=replace(FACTS, id_field=None, buffer_m=10.0))


@pytest.mark.parametrize("name", ["data.gpkg", "data.fgb", "data.shp"])
def test_a_list_without_a_reference_system_is_refused(name: str, tmp_path: Path) -> None:
    bare = gpd.GeoDataFrame({"code": ["A1"]}, geometry=[SQUARE])
    with pytest.warns(UserWarning, match="crs"):
        bare.to_file(tmp_path / name)
    (tmp_path / "data.prj").write_text("", encoding="utf-8")
    with pytest.raises(ZoneListError, match=f"^{name}.*(no coordinate reference system|cannot be transformed)"):
        pin_zone_list(tmp_path / name, facts=FACTS)


def test_a_reference_system_with_no_way_to_wgs_84_is_refused(tmp_path: Path) -> None:
    local = 'ENGCRS["plan",EDATUM["plan"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],LENGTHUNIT["metre",1]]'
    through_gdal(tmp_path / "data.gpkg", frame=FRAME.set_crs(local, allow_override=True))
    with pytest.raises(ZoneListError, match=r"^data.gpkg, zone 1: .*(transformed to WGS 84|reference system)"):
        pin_zone_list(tmp_path / "data.gpkg", facts=FACTS)


@pytest.mark.parametrize("name", ["data.gpkg", "data.shp"])
def test_a_zone_without_a_geometry_is_refused(name: str, tmp_path: Path) -> None:
    holed = gpd.GeoDataFrame({"code": ["A1", "B2"]}, geometry=[SQUARE, None], crs="EPSG:4326")
    through_gdal(tmp_path / name, frame=holed)
    with pytest.raises(ZoneListError, match=rf"^{name}, zone 2 \(id 'B2'\): it has no geometry"):
        pin_zone_list(tmp_path / name, facts=FACTS)


@pytest.mark.parametrize("suffix", [".shx", ".dbf", ".prj"])
def test_a_shapefile_needs_all_its_files(suffix: str, tmp_path: Path) -> None:
    data = through_gdal(tmp_path / "data.shp")
    data.with_suffix(suffix).unlink()
    with pytest.raises(ZoneListError, match=f"^data.shp: data{suffix} cannot be read"):
        pin_zone_list(data, facts=FACTS)


def test_a_geopackage_with_a_second_table_is_refused(tmp_path: Path) -> None:
    data = through_gdal(tmp_path / "data.gpkg")
    FRAME.to_file(data, layer="more")
    with pytest.raises(ZoneListError, match=r"^data\.gpkg: the file has 2 layers or tables instead of one"):
        pin_zone_list(data, facts=FACTS)


def test_a_warning_of_the_reader_is_a_refusal(tmp_path: Path) -> None:
    data = through_gdal(tmp_path / "data.gpkg")
    with sqlite3.connect(data) as database:
        database.execute("pragma user_version = 19900")
    database.close()
    with pytest.raises(ZoneListError, match=r"^data\.gpkg: GDAL's GPKG reader warns of something in the file"):
        pin_zone_list(data, facts=FACTS)


def test_a_database_that_is_no_geopackage_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "data.gpkg") as database:
        database.execute("create table zones (id integer, geom blob)")
    database.close()
    with pytest.raises(ZoneListError, match=r"^data\.gpkg: "):
        pin_zone_list(tmp_path / "data.gpkg", facts=FACTS)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the list has no zones"),
        (b"PK\x03\x04\xff", "the zip archive cannot be read to its end"),
        (b"lon,lat\n1,2\n", "line 1: a line stands before the first class"),
        (b"\n\n\xff", "line 3: the text is not UTF-8"),
    ],
)
def test_what_is_none_of_the_formats_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "data.bin").write_bytes(content)
    with pytest.raises(ZoneListError, match=f"^data.bin.*{reason}"):
        pin_zone_list(tmp_path / "data.bin", facts=FACTS)


def test_the_list_that_is_shipped_is_in_force_and_pinned(pytestconfig: pytest.Config) -> None:
    manifest = pytestconfig.rootpath / "expectations" / "zones" / "military-airfields.yaml"
    loaded = load_zone_list(manifest, today=TODAY)
    assert len(loaded.zones) > 500
    assert {zone.buffer_m for zone in loaded.zones} == {5000.0}
    data = manifest.with_name("military-airfields.geojson").read_bytes()
    assert hashlib.sha256(data).hexdigest() in manifest.read_text(encoding="utf-8")
