"""KML, GPX, GML, GeoJSON and CSV: text that readers skip."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from smuggling.case import Case
from smuggling.classes.hidden_in_sqlite import TEXT, bytes_of_all
from smuggling.cover import cover
from smuggling.secret import COVER, SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

X, Y = SECRET[0]
NUMBER = re.compile(rb"\d+\.\d{6,}")


def _numbers(folder: Path) -> Iterator[Position]:
    """Find pairs of precise numbers that stand beside each other, in either order."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            numbers = [float(number) for number in NUMBER.findall(path.read_bytes())]
            yield from itertools.pairwise(numbers)
            yield from ((y, x) for x, y in itertools.pairwise(numbers))


def _kml(extra: str = "", *, within: str = "", head: str = "") -> str:
    placemarks = "".join(
        f"<Placemark><name>p{n}</name>{within if n == 0 else ''}<Point><coordinates>{x:.1f},{y:.1f}</coordinates></Point></Placemark>"
        for n, (x, y) in enumerate(COVER)
    )
    space = 'xmlns="http://www.opengis.net/kml/2.2" xmlns:gx="http://www.google.com/kml/ext/2.2"'
    return f'<?xml version="1.0" encoding="UTF-8"?>{head}<kml {space}><Document>{extra}{placemarks}</Document></kml>'


def _gpx(extra: str = "", *, within: str = "") -> str:
    points = "".join(
        f'<wpt lat="{y:.1f}" lon="{x:.1f}"><name>p{n}</name>{within if n == 0 else ""}</wpt>'
        for n, (x, y) in enumerate(COVER)
    )
    return f'<?xml version="1.0"?><gpx version="1.1" creator="t" xmlns="http://www.topografix.com/GPX/1/1">{extra}{points}</gpx>'


def _gml(extra: str = "") -> str:
    members = "".join(
        f'<gml:featureMember><t:place gml:id="p{n}"><t:geom><gml:Point srsName="EPSG:4326"><gml:pos>{y:.1f} {x:.1f}</gml:pos></gml:Point></t:geom></t:place></gml:featureMember>'
        for n, (x, y) in enumerate(COVER)
    )
    return f'<?xml version="1.0"?><gml:FeatureCollection xmlns:gml="http://www.opengis.net/gml" xmlns:t="http://t">{extra}{members}</gml:FeatureCollection>'


def _csv(
    head: str = "", tail: str = "", *, columns: str = "name,lon,lat", more: Callable[[int], str] = lambda _n: ""
) -> str:
    return head + columns + "\n" + "".join(f"p{n},{x:.1f},{y:.1f}{more(n)}\n" for n, (x, y) in enumerate(COVER)) + tail


def _plain_geojson() -> str:
    return str(cover().to_json())


def _text(name: str, content: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_text(content, newline="")

    return write


def _spaces(folder: Path) -> None:
    """Write the secret in white space: a blank for 0 and a tab for 1, between the members of the document."""
    bits = "".join(f"{byte:08b}" for byte in TEXT.encode())
    blanks = bits.replace("0", " ").replace("1", "\t")
    (folder / "places.geojson").write_text(_plain_geojson().replace("{", "{" + blanks, 1))


def _read_spaces(folder: Path) -> Iterator[Position]:
    for path in folder.rglob("*.geojson"):
        text = path.read_text()
        bits = re.match(r"\{([ \t]*)", text)
        if bits:
            run = bits[1].replace(" ", "0").replace("\t", "1")
            hidden = bytes(int(run[n : n + 8], 2) for n in range(0, len(run), 8)).decode()
            yield from ((float(x), float(y)) for x, y in re.findall(r"POINT \((\S+) (\S+)\)", hidden))


def _raw(name: str, why: str, file: str, content: str) -> Case:
    return Case(name=name, why=why, write=_text(file, content), recover=bytes_of_all)


def _pair(name: str, why: str, file: str, content: str) -> Case:
    return Case(name=name, why=why, write=_text(file, content), recover=_numbers)


CASES = (
    _raw("kml-comment", "comments stay in the file", "p.kml", _kml(f"<!-- {TEXT} -->")),
    _raw(
        "kml-description",
        "HTML in a balloon",
        "p.kml",
        _kml(within=f"<description><![CDATA[<b>{TEXT}</b>]]></description>"),
    ),
    _raw(
        "kml-extended-data",
        "values of anybody's own",
        "p.kml",
        _kml(within=f'<ExtendedData><Data name="a"><value>{TEXT}</value></Data></ExtendedData>'),
    ),
    _pair(
        "kml-look-at",
        "where the camera looks",
        "p.kml",
        _kml(f"<LookAt><longitude>{X}</longitude><latitude>{Y}</latitude><range>50</range></LookAt>"),
    ),
    _pair(
        "kml-region",
        "a box that says when to show",
        "p.kml",
        _kml(
            within=f"<Region><LatLonAltBox><north>{Y}</north><south>{Y}</south><east>{X}</east><west>{X}</west></LatLonAltBox></Region>"
        ),
    ),
    _pair(
        "kml-track",
        "an extension that readers may not know",
        "p.kml",
        _kml(
            f"<Placemark><gx:Track><when>2026-01-01T00:00:00Z</when><gx:coord>{X} {Y} 0</gx:coord></gx:Track></Placemark>"
        ),
    ),
    _raw(
        "kml-entity",
        "text that only an entity has",
        "p.kml",
        _kml(within="<description>&secret;</description>", head=f'<!DOCTYPE kml [<!ENTITY secret "{TEXT}">]>'),
    ),
    _pair(
        "kml-ground-overlay",
        "a picture's corners",
        "p.kml",
        _kml(
            f"<GroundOverlay><Icon><href>a.png</href></Icon><LatLonBox><north>{Y}</north><south>{Y}</south><east>{X}</east><west>{X}</west></LatLonBox></GroundOverlay>"
        ),
    ),
    _raw(
        "gpx-extensions", "anybody's own elements", "p.gpx", _gpx(within=f"<extensions><own>{TEXT}</own></extensions>")
    ),
    _raw("gpx-metadata", "a description of the file", "p.gpx", _gpx(f"<metadata><desc>{TEXT}</desc></metadata>")),
    _pair(
        "gpx-bounds",
        "a box in the metadata",
        "p.gpx",
        _gpx(f'<metadata><bounds minlat="{Y}" minlon="{X}" maxlat="{Y}" maxlon="{X}"/></metadata>'),
    ),
    _raw("gpx-comment", "of a way point", "p.gpx", _gpx(within=f"<cmt>{TEXT}</cmt>")),
    _pair(
        "gpx-track",
        "a second layer",
        "p.gpx",
        _gpx().replace(
            "</gpx>",
            "<trk><trkseg>" + "".join(f'<trkpt lon="{x}" lat="{y}"/>' for x, y in SECRET) + "</trkseg></trk></gpx>",
        ),
    ),
    _pair(
        "gml-bounds",
        "a box that no feature has",
        "p.gml",
        _gml(
            f"<gml:boundedBy><gml:Envelope><gml:lowerCorner>{X} {Y}</gml:lowerCorner><gml:upperCorner>{X} {Y}</gml:upperCorner></gml:Envelope></gml:boundedBy>"
        ),
    ),
    _raw("gml-comment", "comments stay in the file", "p.gml", _gml(f"<!-- {TEXT} -->")),
    _raw("gml-instruction", "an instruction for another program", "p.gml", _gml(f"<?own {TEXT}?>")),
    _raw(
        "geojson-duplicate-key",
        "readers take the last one",
        "p.geojson",
        _plain_geojson().replace('"type": "FeatureCollection"', f'"type": "{TEXT}", "type": "FeatureCollection"', 1),
    ),
    _raw(
        "geojson-title",
        "a foreign member of the collection",
        "p.geojson",
        _plain_geojson().replace("{", f'{{"title": "{TEXT}", ', 1),
    ),
    _raw("geojson-ids", "features have ids", "p.geojson", _plain_geojson().replace('"id": "0"', f'"id": "{TEXT}"', 1)),
    _raw(
        "geojson-crs-name",
        "the member that the standard dropped",
        "p.geojson",
        _plain_geojson().replace("{", f'{{"crs": {{"type": "name", "properties": {{"name": "{TEXT}"}}}}, ', 1),
    ),
    Case(name="geojson-white-space", why="blanks and tabs as bits", write=_spaces, recover=_read_spaces),
    _raw("csv-comment", "a line that some readers skip", "p.csv", _csv(f"# {TEXT}\n")),
    _raw(
        "csv-extra-cell",
        "a row that is longer than the header",
        "p.csv",
        _csv(more=lambda n: f",{TEXT}" if n == 0 else ""),
    ),
    _raw("csv-header", "the name of a column", "p.csv", _csv(columns=f'"{TEXT}",lon,lat')),
    _raw("csv-last-line", "something behind the table", "p.csv", _csv(tail=f"\n\n{TEXT}\n")),
    _pair(
        "csv-digits",
        "more positions in columns of their own",
        "p.csv",
        _csv(columns="name,lon,lat,e,n", more=lambda n: ",{},{}".format(*SECRET[n % 3])),
    ),
)
