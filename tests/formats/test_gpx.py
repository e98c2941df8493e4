from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import shapely
from formats.datasets import content, sealed

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate
from geogate.readers import open_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.measures.source import Source


def gpx(inside: str, version: str = "1") -> str:
    return f'<gpx xmlns="http://www.topografix.com/GPX/1/{version}">{inside}</gpx>'


def opened(text: str, folder: Path) -> Source:
    (folder / "a.gpx").write_text(text, encoding="utf-8")
    (source,) = open_dataset((folder / "a.gpx",))
    return source


TRACKS = (
    "<trk><name>first</name><trkseg><trkpt lat='47.1' lon='8.1'><ele>400.5</ele><time>2026-01-01T00:00:00Z</time>"
    "</trkpt><trkpt lat='47.2' lon='8.2'/></trkseg></trk>"
    "<trk><name>second</name><trkseg><trkpt lat='47.3' lon='8.3'/></trkseg><trkseg><trkpt lat='47.4' lon='8.4'/>"
    "</trkseg></trk>"
)


@pytest.mark.parametrize("version", ["0", "1"])
def test_points_of_every_kind_are_layers(version: str, tmp_path: Path) -> None:
    whole = f"<wpt lat='1' lon='2'><name>w</name></wpt><rte><desc>r</desc><rtept lat='3' lon='4'/></rte>{TRACKS}"
    source = opened(gpx(whole, version), tmp_path)
    assert [(layer.name, layer.rows) for layer in source.layers] == [
        ("waypoints", 1),
        ("route_points", 1),
        ("track_points", 4),
    ]
    wkb, rows = content(source, 2)
    assert str(shapely.from_wkb(wkb[0])) == "POINT (8.1 47.1)"
    assert rows["trk_name"] == ["first", "first", "second", "second"]
    assert rows["ele"] == [400.5, None, None, None]
    assert rows["time"][0] == "2026-01-01T00:00:00Z"
    assert len(set(zip(rows["track"], rows["segment"], strict=True))) == 3
    assert content(source, 1)[1]["rte_desc"] == ["r"]


@pytest.mark.parametrize(
    ("inside", "what"),
    [
        ("<wpt lat='1' lon='2'><extensions><a xmlns='urn:o'>8.5 47.3</a></extensions></wpt>", "extensions"),
        ("<trk><extensions/></trk>", "extensions"),
        ("<extensions/>", "extensions"),
        ("<metadata><bounds minlat='1'/></metadata>", "metadata"),
        ("<author>me</author>", "metadata"),
        ("<wpt lat='1' lon='2'><link href='http://example.org/8.5'/></wpt>", "links"),
        ("<!-- 8.5 -->", "comments"),
        ("8.5", "text between elements"),
    ],
)
def test_what_is_no_row_is_named_and_removed(inside: str, what: str, tmp_path: Path) -> None:
    parts = {part.what: part.fate for part in opened(gpx(TRACKS + inside), tmp_path).contents}
    assert parts[what] is Fate.REMOVED
    assert parts["points"] is Fate.JUDGED


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("", "no points"),
        ("<wpt lat='1'/>", "without its longitude"),
        ("<wpt lat='1' lon='2' other='3'/>", "or with more"),
        ("<wpt lat='1,5' lon='2'/>", "number that is none"),
        ("<wpt lat='nan' lon='2'/>", "number that is none"),
        ("<wpt lat='1e999' lon='2'/>", "number that is none"),
        ("<wpt lat='1' lon='2'><ele>high</ele></wpt>", "number that is none"),
        ("<wpt lat='1' lon='2'><name>a</name><name>b</name></wpt>", "two values"),
        ("<trk><name>a</name><name>b</name></trk>", "two texts"),
    ],
)
def test_what_is_odd_is_refused(inside: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=message):
        opened(gpx(inside), tmp_path).contents  # noqa: B018 - reading it is the point


def test_gpx_leaves_as_a_geopackage_without_its_extensions(tmp_path: Path) -> None:
    secret = "<wpt lat='1' lon='2'><extensions><a xmlns='urn:o'>secret</a></extensions></wpt>"
    (tmp_path / "a.gpx").write_text(gpx(TRACKS + secret))
    (out,) = sealed((tmp_path / "a.gpx",), tmp_path / "out")
    (after,) = open_dataset((out,))
    assert [(layer.name, layer.rows) for layer in after.layers] == [("waypoints", 1), ("track_points", 4)]
    assert b"secret" not in out.read_bytes()
