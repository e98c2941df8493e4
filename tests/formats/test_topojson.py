from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geopandas
import pytest
import shapely
from formats.datasets import content, sealed

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate
from geogate.readers import open_dataset

if TYPE_CHECKING:
    from pathlib import Path

    from geogate.measures.source import Source

SQUARES: dict[str, Any] = {
    "type": "Topology",
    "transform": {"scale": [0.5, 0.5], "translate": [8, 47]},
    "objects": {
        "areas": {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Polygon", "arcs": [[0, 1]], "properties": {"name": "west", "n": 1}, "id": "a"},
                {"type": "Polygon", "arcs": [[2, -1]], "properties": {"name": "east", "n": 2}},
            ],
        },
        "place": {"type": "Point", "coordinates": [1, 1], "properties": {"kind": "x"}},
    },
    "arcs": [[[1, 0], [0, 1]], [[1, 1], [-1, 0], [0, -1], [1, 0]], [[1, 0], [1, 0], [0, 1], [-1, 0]]],
}


def opened(topology: Any, folder: Path) -> Source:
    (folder / "a.json").write_text(topology if isinstance(topology, str) else json.dumps(topology))
    (source,) = open_dataset((folder / "a.json",))
    return source


def test_arcs_are_put_together_as_gdal_does(tmp_path: Path) -> None:
    source = opened(SQUARES, tmp_path)
    assert [(layer.name, layer.rows) for layer in source.layers] == [("areas", 2), ("place", 1)]
    read = geopandas.read_file(tmp_path / "a.json", layer="areas")
    assert shapely.equals_exact(shapely.from_wkb(content(source)[0]), read.geometry.to_numpy()).all()
    assert content(source)[1] == {"name": ["west", "east"], "n": [1, 2], "id": ["a", None]}
    assert str(shapely.from_wkb(content(source, 1)[0][0])) == "POINT (8.5 47.5)"


def test_topojson_leaves_as_a_geopackage_with_all_its_layers(tmp_path: Path) -> None:
    opened(SQUARES, tmp_path)
    (out,) = sealed((tmp_path / "a.json",), tmp_path / "out")
    assert [layer.name for layer in open_dataset((out,))[0].layers] == ["areas", "place"]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"bbox": [1, 2, 3, 4]}, "bounding boxes"),
        ({"secret": [8.5, 47.3]}, "other members"),
        ({"arcs": [*SQUARES["arcs"], [[8, 47], [1, 1]]]}, "arcs that no geometry uses"),
    ],
)
def test_what_no_row_has_is_named_and_removed(change: dict[str, Any], what: str, tmp_path: Path) -> None:
    assert [part.what for part in opened(SQUARES, tmp_path).contents] == ["features", "white space and spellings"]
    parts = {part.what: part.fate for part in opened({**SQUARES, **change}, tmp_path).contents}
    assert parts[what] is Fate.REMOVED


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"objects": []}, "no topology"),
        ({"objects": {"a": 1}}, "no geometry"),
        ({"objects": {"a": {"type": "GeometryCollection", "geometries": 1}}}, "without geometries"),
        ({"objects": {"a": {"type": "Polygon", "arcs": [[9]]}}}, "it has not"),
        ({"objects": {"a": {"type": "Polygon", "arcs": [[True]]}}}, "it has not"),
        ({"objects": {"a": {"type": "Polygon", "arcs": [["x"]]}}}, "it has not"),
        ({"objects": {"a": {"type": "LineString", "arcs": [0, 2]}}}, "do not meet"),
        ({"objects": {"a": {"type": "Curve"}}}, "unknown type"),
        ({"objects": {"a": {"type": "Point", "coordinates": ["1", 2]}}}, "no numbers"),
        ({"objects": {"a": {"type": "Point", "coordinates": [10**400, 2]}}}, "too large"),
        ({"objects": {"a": {"type": "Point", "coordinates": [1, 1], "properties": 1}}}, "no object"),
        ({"arcs": 1}, "no arcs"),
        ({"transform": 1}, "transform"),
        ({"transform": {"scale": [1], "translate": [1, 2]}}, "no numbers|transform"),
    ],
)
def test_what_is_odd_is_refused(change: dict[str, Any], message: str, tmp_path: Path) -> None:
    source = opened({**SQUARES, **change}, tmp_path)
    with pytest.raises(UnreadableError, match=message):
        source.contents  # noqa: B018 - reading it is the point


def test_a_collection_without_end_is_refused(tmp_path: Path) -> None:
    deep: Any = {"type": "Point", "coordinates": [1, 1]}
    for _ in range(30):
        deep = {"type": "GeometryCollection", "geometries": [deep]}
    with pytest.raises(UnreadableError, match=r"no geometry|nested"):
        opened({**SQUARES, "objects": {"a": deep}}, tmp_path).contents  # noqa: B018 - reading it is the point


def test_one_arc_named_many_times_ends_within_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geogate.readers.topojson.MOST_POSITIONS", 1_000)
    there_and_back = [0, -1] * 2_000
    topology = {**SQUARES, "objects": {"a": {"type": "LineString", "arcs": there_and_back}}}
    with pytest.raises(UnreadableError, match="more positions"):
        opened(topology, tmp_path).contents  # noqa: B018 - reading it is the point


@pytest.mark.parametrize(
    "text", ['{"type":"Point","coordinates":[1,2],"secret":[8,47]}', '{"type":"Point","coordinates":[1,2]} x']
)
def test_a_bare_geometry_with_more_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"other members|goes on"):
        opened(text, tmp_path).layers  # noqa: B018 - reading it is the point


def test_a_bare_geometry_is_one_row_and_leaves_as_a_collection(tmp_path: Path) -> None:
    source = opened('{"type":"LineString","coordinates":[[1,2],[3,4]]}', tmp_path)
    assert str(shapely.from_wkb(content(source)[0][0])) == "LINESTRING (1 2, 3 4)"
    (out,) = sealed((tmp_path / "a.json",), tmp_path / "out")
    assert json.loads(out.read_text())["type"] == "FeatureCollection"
