from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import shapely
from formats.datasets import COUNTRIES, COUNTRY_ROWS, content, sealed

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate
from geogate.readers import open_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.measures.source import Source

POINT = "<Point><coordinates>7.5,47.25</coordinates></Point>"


def kml(inside: str, before: str = "") -> str:
    return f'<?xml version="1.0"?>{before}<kml xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"><Document>{inside}</Document></kml>'


def opened(text: str, folder: Path) -> Source:
    file = folder / "a.kml"
    file.write_text(text, encoding="utf-8")
    (source,) = open_dataset((file,))
    return source


def placemark(inside: str) -> str:
    return kml(f"<Placemark>{inside}</Placemark>")


def parts(source: Source) -> dict[str, Fate]:
    return {part.what: part.fate for part in source.contents if part.what != "other attributes of elements"}


def test_everything_that_a_placemark_says_is_a_column(tmp_path: Path) -> None:
    source = opened(
        kml(
            "<Folder><Placemark id='p1'><name>N</name><description><![CDATA[<b>D</b>]]></description>"
            "<address>A</address><TimeSpan><begin>2026-01-01</begin><end>2026-02-01</end></TimeSpan>"
            "<ExtendedData><Data name='speed'><value>3</value></Data>"
            "<SchemaData schemaUrl='#s'><SimpleData name='code'>X</SimpleData></SchemaData></ExtendedData>"
            f"{POINT}</Placemark></Folder>"
        ),
        tmp_path,
    )
    wkb, rows = content(source)
    assert str(shapely.from_wkb(wkb[0])) == "POINT (7.5 47.25)"
    assert {name: values[0] for name, values in rows.items() if name != "folder"} == {
        "id": "p1",
        "name": "N",
        "description": "<b>D</b>",
        "address": "A",
        "begin": "2026-01-01",
        "end": "2026-02-01",
        "speed": "3",
        "code": "X",
    }
    assert str(source.layers[0].crs) == "OGC:CRS84"


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        ("<Point><coordinates> 1,2,3 </coordinates></Point>", "POINT Z (1 2 3)"),
        ("<LineString><coordinates>1,2 3,4</coordinates></LineString>", "LINESTRING (1 2, 3 4)"),
        (
            (
                "<Polygon><outerBoundaryIs><LinearRing><coordinates>0,0 1,0 1,1 0,0</coordinates></LinearRing>"
                "</outerBoundaryIs></Polygon>"
            ),
            "POLYGON ((0 0, 1 0, 1 1, 0 0))",
        ),
        (f"<MultiGeometry>{POINT}{POINT}</MultiGeometry>", "MULTIPOINT ((7.5 47.25), (7.5 47.25))"),
        (
            f"<MultiGeometry>{POINT}<LineString><coordinates>1,2 3,4</coordinates></LineString></MultiGeometry>",
            "GEOMETRYCOLLECTION (POINT (7.5 47.25), LINESTRING (1 2, 3 4))",
        ),
        (
            "<gx:Track><when>t</when><gx:coord>1 2 3</gx:coord><gx:coord>4 5 6</gx:coord></gx:Track>",
            "LINESTRING Z (1 2 3, 4 5 6)",
        ),
    ],
)
def test_geometries_are_read_as_they_stand(geometry: str, expected: str, tmp_path: Path) -> None:
    wkb, _ = content(opened(placemark(geometry), tmp_path))
    assert str(shapely.from_wkb(wkb[0])) == expected


@pytest.mark.parametrize(
    ("inside", "what", "fate"),
    [
        (
            "<NetworkLink><Link><href>http://example.org</href></Link></NetworkLink>",
            "links to other places",
            Fate.REFUSED,
        ),
        (f"<Placemark>{POINT}<Model><Link/></Model></Placemark>", "links to other places", Fate.REFUSED),
        ("<GroundOverlay><LatLonBox><north>1</north></LatLonBox></GroundOverlay>", "overlays", Fate.REMOVED),
        ("<PhotoOverlay><Camera/></PhotoOverlay>", "overlays", Fate.REMOVED),
        ("<LookAt><longitude>8.1</longitude></LookAt>", "views", Fate.REMOVED),
        (f"<Placemark><Region/>{POINT}</Placemark>", "regions", Fate.REMOVED),
        ("<Style><IconStyle/></Style>", "styles", Fate.REMOVED),
        ("<name>a place</name>", "texts and settings of folders", Fate.REMOVED),
        ("<!-- 8.5 47.3 -->", "comments", Fate.REMOVED),
        ("<?php 8.5 47.3 ?>", "processing instructions", Fate.REMOVED),
        ("8.5 47.3", "text between elements", Fate.REMOVED),
        (f"<Placemark>8.5 47.3 {POINT}</Placemark>", "text between elements", Fate.REMOVED),
        ("<x xmlns='urn:other'>8.5</x>", "elements of other namespaces", Fate.REMOVED),
        (
            f"<Placemark>{POINT}<ExtendedData><x xmlns='urn:o'/></ExtendedData></Placemark>",
            "elements of other namespaces",
            Fate.REMOVED,
        ),
    ],
)
def test_what_is_no_row_is_named(inside: str, what: str, fate: Fate, tmp_path: Path) -> None:
    source = opened(kml(f"<Placemark>{POINT}</Placemark>{inside}"), tmp_path)
    assert parts(source)[what] is fate
    assert parts(source)["placemarks"] is Fate.JUDGED


def test_attributes_that_nobody_reads_are_a_part(tmp_path: Path) -> None:
    plain = opened(placemark(POINT), tmp_path).contents
    assert [part.what for part in plain] == ["placemarks", "white space and spellings"]
    (part, *_) = opened(placemark(POINT.replace("<Point>", "<Point secret='8.5 47.3'>")), tmp_path).contents
    assert (part.what, part.fate) == ("other attributes of elements", Fate.REMOVED)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (kml(""), "no placemarks"),
        (placemark(POINT + POINT), "more than one geometry"),
        (placemark("<name>a</name><name>b</name>" + POINT), "two values of the same name"),
        (placemark("<Point><coordinates>1,2 3,4</coordinates></Point>"), "without one position"),
        (placemark("<Point><coordinates>1</coordinates></Point>"), "two or three decimal numbers"),
        (placemark("<Point><coordinates>1,nan</coordinates></Point>"), "two or three decimal numbers"),
        (placemark("<Point><coordinates>1,0x10</coordinates></Point>"), "two or three decimal numbers"),
        (placemark("<Point><coordinates>1,1e999</coordinates></Point>"), "too large"),
        (placemark("<Point><coordinates>1,2</coordinates><coordinates>3,4</coordinates></Point>"), "has them twice"),
        (placemark("<Point><LookAt/><coordinates>1,2</coordinates></Point>"), "no geometry"),
        (placemark("<LineString><coordinates>1,2 3,4,5</coordinates></LineString>"), "mixes them"),
        (placemark("<MultiGeometry>" * 70 + POINT + "</MultiGeometry>" * 70), "nested too deeply"),
        (placemark("<MultiGeometry>" * 30 + POINT + "</MultiGeometry>" * 30), "nested too deeply"),
        (placemark(POINT)[:-4], "not well-formed"),
        (placemark(POINT) + "more", "not well-formed"),
        (kml("", '<!DOCTYPE kml [<!ENTITY a "b">]>'), "document type"),
        (kml("&a;"), "not well-formed|document type"),
        (
            placemark(POINT)
            .replace("1.0", "1.0' encoding='utf-7")
            .replace("\"1.0'", "'1.0'")
            .replace('utf-7"', "utf-7'"),
            ".",
        ),
    ],
)
def test_what_is_odd_is_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=message):
        opened(text, tmp_path).contents  # noqa: B018 - reading it is the point


def test_a_billion_laughs_end_at_once(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    with pytest.raises(UnreadableError, match="document type"):
        opened(kml("&a11;", f'<!DOCTYPE kml [<!ENTITY a0 "ha">{entities}]>'), tmp_path)


def test_an_entity_that_names_a_file_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    text = kml("&x;", f'<!DOCTYPE kml [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>')
    with pytest.raises(UnreadableError, match="document type"):
        opened(text, tmp_path)


def test_a_tag_without_end_is_refused_before_the_file_ends(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="too long"):
        opened(kml("").removesuffix("</Document></kml>") + "<a" + "x" * (12 << 20), tmp_path).contents  # noqa: B018 - reading it is the point


def test_kml_leaves_as_a_geopackage_with_the_same_rows(tmp_path: Path) -> None:
    import geopandas

    geopandas.read_file(COUNTRIES).to_file(tmp_path / "countries.kml", driver="KML")
    (out,) = sealed((tmp_path / "countries.kml",), tmp_path / "out")
    (before,), (after,) = open_dataset((tmp_path / "countries.kml",)), open_dataset((out,))
    assert out.suffix == ".gpkg"
    assert after.layers[0].rows == COUNTRY_ROWS
    assert content(before)[0] == content(after)[0]
    assert content(before)[1]["name"] == content(after)[1]["name"]


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "iso-8859-7"])
def test_an_encoding_that_programs_read_differently_is_refused(encoding: str, tmp_path: Path) -> None:
    body = placemark(POINT).partition("?>")[2] or placemark(POINT)
    with pytest.raises(UnreadableError, match="encoding that is not read"):
        opened(f"<?xml version='1.0' encoding='{encoding}'?>{body}", tmp_path).contents  # noqa: B018
    (tmp_path / "read").mkdir()
    assert opened(f"<?xml version='1.0' encoding='utf-8'?>{body}", tmp_path / "read").contents
