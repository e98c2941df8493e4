from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas
import pyogrio
import pytest
import shapely
from formats.datasets import COUNTRIES, COUNTRY_ROWS, content, sealed

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate
from geogate.readers import open_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.measures.source import Source

URN = "urn:ogc:def:crs:EPSG::4326"
POINT = f"<gml:Point srsName='{URN}'><gml:pos>47.25 7.5</gml:pos></gml:Point>"


def gml(features: str, version: str = "/3.2") -> str:
    names = (
        f'xmlns:gml="http://www.opengis.net/gml{version}" xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:a="urn:a"'
    )
    return f"<gml:FeatureCollection {names}>{features}</gml:FeatureCollection>"


def place(inside: str) -> str:
    return gml(f"<gml:featureMember><a:place>{inside}</a:place></gml:featureMember>")


def geometry(inside: str) -> str:
    return place(f"<a:where>{inside}</a:where>")


def opened(text: str, folder: Path) -> Source:
    (folder / "a.gml").write_text(text, encoding="utf-8")
    (source,) = open_dataset((folder / "a.gml",))
    return source


def shape(source: Source) -> str:
    return str(shapely.from_wkb(content(source)[0][0]))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (URN, "POINT (7.5 47.25)"),
        ("urn:ogc:def:crs:EPSG:6.9:4326", "POINT (7.5 47.25)"),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", "POINT (7.5 47.25)"),
        ("EPSG:4326", "POINT (47.25 7.5)"),
        ("http://www.opengis.net/gml/srs/epsg.xml#4326", "POINT (47.25 7.5)"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "POINT (47.25 7.5)"),
        ("urn:ogc:def:crs:EPSG::2056", "POINT (47.25 7.5)"),
    ],
)
def test_the_order_of_axes_follows_from_how_the_reference_is_named(name: str, expected: str, tmp_path: Path) -> None:
    assert shape(opened(geometry(POINT.replace(URN, name)), tmp_path)) == expected


@pytest.mark.parametrize("version", ["", "/3.2"])
@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<gml:Point><gml:coordinates>1,2</gml:coordinates></gml:Point>", "POINT (1 2)"),
        ("<gml:LineString><gml:posList>1 2 3 4</gml:posList></gml:LineString>", "LINESTRING (1 2, 3 4)"),
        (
            "<gml:LineString srsDimension='3'><gml:posList>1 2 3 4 5 6</gml:posList></gml:LineString>",
            "LINESTRING Z (1 2 3, 4 5 6)",
        ),
        (
            (
                "<gml:Curve><gml:segments><gml:LineStringSegment><gml:posList>1 2 3 4</gml:posList>"
                "</gml:LineStringSegment>"
                "</gml:segments></gml:Curve>"
            ),
            "LINESTRING (1 2, 3 4)",
        ),
        (
            (
                "<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>0 0 1 0 1 1 0 0</gml:posList></gml:LinearRing>"
                "</gml:exterior></gml:Polygon>"
            ),
            "POLYGON ((0 0, 1 0, 1 1, 0 0))",
        ),
        (
            (
                "<gml:MultiPoint><gml:pointMember><gml:Point><gml:pos>1 2</gml:pos></gml:Point></gml:pointMember>"
                "</gml:MultiPoint>"
            ),
            "MULTIPOINT ((1 2))",
        ),
        (
            (
                "<gml:MultiSurface><gml:surfaceMember><gml:Surface><gml:patches><gml:PolygonPatch><gml:exterior>"
                "<gml:LinearRing><gml:posList>0 0 1 0 1 1 0 0</gml:posList></gml:LinearRing></gml:exterior>"
                "</gml:PolygonPatch></gml:patches></gml:Surface></gml:surfaceMember></gml:MultiSurface>"
            ),
            "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))",
        ),
    ],
)
def test_geometries_are_read_as_they_stand(inside: str, expected: str, version: str, tmp_path: Path) -> None:
    source = opened(geometry(inside).replace("/gml/3.2", f"/gml{version}"), tmp_path)
    assert shape(source) == expected
    assert source.layers[0].crs is None


@pytest.mark.parametrize(
    ("text", "what", "fate"),
    [
        (place(f"<a:other xlink:href='http://example.org'/><a:w>{POINT}</a:w>"), "links to other places", Fate.REFUSED),
        (place(f"<a:w>{POINT}</a:w><a:x><a:y><a:z>8.5</a:z></a:y></a:x>"), "nested properties", Fate.REFUSED),
        (place(f"<gml:boundedBy><gml:Envelope/></gml:boundedBy><a:w>{POINT}</a:w>"), "bounding boxes", Fate.REMOVED),
        (
            gml(
                f"<gml:metaDataProperty>8.5</gml:metaDataProperty><gml:member><a:b><a:w>{POINT}</a:w></a:b></gml:member>"
            ),
            "metadata",
            Fate.REMOVED,
        ),
        (
            gml(f"<a:stray>8.5</a:stray><gml:member><a:b><a:w>{POINT}</a:w></a:b></gml:member>"),
            "elements outside of features",
            Fate.REFUSED,
        ),
        (place(f"<!-- 8.5 --><a:w>{POINT}</a:w>"), "comments", Fate.REMOVED),
        (place(f"<a:w secret='8.5'>{POINT}</a:w>"), "other attributes of elements", Fate.REMOVED),
    ],
)
def test_what_is_no_row_is_named(text: str, what: str, fate: Fate, tmp_path: Path) -> None:
    parts = {part.what: part.fate for part in opened(text, tmp_path).contents}
    assert parts[what] is fate
    assert parts["features"] is Fate.JUDGED


def test_each_type_of_features_is_a_layer_with_its_properties(tmp_path: Path) -> None:
    text = gml(
        f"<gml:featureMember><a:road gml:id='r1'><a:name>A</a:name><a:w>{POINT}</a:w></a:road></gml:featureMember>"
        "<gml:featureMembers><a:site><a:code>7</a:code></a:site><a:site><a:code>8</a:code></a:site></gml:featureMembers>"
    )
    source = opened(text, tmp_path)
    assert [(layer.name, layer.rows) for layer in source.layers] == [("road", 1), ("site", 2)]
    assert content(source)[1] == {"gml_id": ["r1"], "name": ["A"]}
    assert content(source, 1) == ([None, None], {"code": ["7", "8"]})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (gml(""), "no features"),
        (geometry(POINT.replace(URN, "urn:other:1")), "does not know"),
        (geometry(POINT.replace("4326", "99999")), "does not know"),
        (geometry(POINT.replace("4326", "2048")), "not east and north"),
        (place(f"<a:v>{POINT}</a:v><a:w>{POINT}</a:w>"), "more than one geometry"),
        (place(f"<a:v>1</a:v><a:V>2</a:V><a:w>{POINT}</a:w>"), "two values"),
        (geometry("<gml:Point><gml:pos>1</gml:pos></gml:Point>"), "two or three"),
        (geometry("<gml:Point><gml:pos>1 x</gml:pos></gml:Point>"), "no decimal numbers"),
        (geometry("<gml:Point><gml:coordinates cs=';'>1;2</gml:coordinates></gml:Point>"), "uncommon separators"),
        (geometry("<gml:LineString><gml:posList>1 2 3</gml:posList></gml:LineString>"), "come out even"),
        (geometry("<gml:Curve><gml:segments><gml:Arc/></gml:segments></gml:Curve>"), "curved"),
        (geometry("<gml:Solid/>"), "curved, composed or solid"),
        (
            gml(
                f"<gml:member><a:b><a:w>{POINT}</a:w></a:b></gml:member>"
                f"<gml:member><a:b><a:w>{POINT.replace('4326', '4258')}</a:w></a:b></gml:member>"
            ),
            "more than one reference system",
        ),
    ],
)
def test_what_is_odd_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=message):
        opened(text, tmp_path).contents  # noqa: B018 - reading it is the point


@pytest.mark.parametrize("version", ["GML2", "GML3", "GML3.2"])
def test_gml_reads_as_gdal_reads_it_and_leaves_as_a_geopackage(version: str, tmp_path: Path) -> None:
    file = tmp_path / "countries.gml"
    frame = geopandas.read_file(COUNTRIES)
    pyogrio.write_dataframe(frame, file, driver="GML", dataset_options={"FORMAT": version})
    (source,) = open_dataset((file,))
    read = geopandas.read_file(file)
    assert source.layers[0].rows == COUNTRY_ROWS
    assert shapely.equals_exact(shapely.from_wkb(content(source)[0]), read.geometry.to_numpy()).all()
    (out,) = sealed((file,), tmp_path / "out")
    assert open_dataset((out,))[0].layers[0].rows == COUNTRY_ROWS
