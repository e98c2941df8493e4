"""What the gate itself finds odd about files, layers and parts denies, whatever lies beside it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import geopandas as gpd
import pytest
import shapely
from gating.files import COARSE, frame

from geogate.gate.opening import Opened, odd_layers, odd_parts, open_files, unlooked_ordinates
from geogate.gate.passes import Means, local_passes
from geogate.measures.tools import PLAIN
from geogate.model.dataset import Fate, FilePart

if TYPE_CHECKING:
    from pathlib import Path

OWN = "+proj=tmerc +lat_0=50.654321 +lon_0=8.123456 +ellps=GRS80 +units=m"
"""A reference system with its origin on a secret."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Files that are opened together; one of them is as it should be."""

    path: Path

    def good(self) -> None:
        frame(COARSE, ["x"]).to_file(self.path / "good.gpkg")

    def opened(self) -> Opened:
        files = {path: path.name for path in sorted(self.path.iterdir())}
        scratch = self.path.parent / "scratch"
        scratch.mkdir()
        return open_files(files, assume_crs="", scratch=scratch)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "data")
    made.path.mkdir()
    made.good()
    return made


def rules(opened: Opened) -> list[tuple[str, str]]:
    return [(finding.rule, finding.layer) for finding in opened.findings]


def test_a_file_without_layers_is_a_finding_beside_others_that_have_some(folder: Folder) -> None:
    path = folder.path / "none.gpkg"
    frame(COARSE, ["x"]).to_file(path, layer="gone")
    with closing(sqlite3.connect(path)) as database:
        for trigger, _ in database.execute("SELECT name, 1 FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        for table in ("gpkg_contents", "gpkg_geometry_columns", "gpkg_extensions", "gpkg_ogr_contents"):
            database.execute(f"DELETE FROM {table}")
        database.execute("DROP TABLE rtree_gone_geom")
        database.execute("DROP TABLE gone")
        database.commit()
    opened = folder.opened()
    assert len(opened.layers) == 1
    assert rules(opened) == [("gate/empty", "none.gpkg")]


@pytest.mark.parametrize(("crs", "rule"), [(None, "gate/no-reference"), (OWN, "gate/unpublished-reference")])
def test_a_layer_without_a_published_reference_is_a_finding_and_not_left_out(
    folder: Folder, crs: str | None, rule: str
) -> None:
    point = gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(0, 0)], crs=crs)
    point.to_parquet(folder.path / "own.parquet")
    opened = folder.opened()
    assert [layer.name for layer in opened.layers] == ["good.gpkg"]
    assert rules(opened) == [(rule, "own.parquet")]


@pytest.mark.parametrize(
    ("point", "rule"),
    [
        (shapely.Point(8, 50), []),
        (shapely.Point(8, 95), ["gate/impossible-position"]),
        (shapely.Point(float("nan"), 50), ["gate/impossible-position"]),
        (shapely.Point(), ["gate/empty"]),
    ],
)
def test_positions_that_cannot_be_and_layers_without_any_are_findings(
    folder: Folder, point: shapely.Point, rule: list[str]
) -> None:
    gpd.GeoDataFrame({"a": [1]}, geometry=[point], crs=4326).to_parquet(folder.path / "odd.parquet")
    opened = folder.opened()
    for layer in opened.layers:
        layer.run((), passes=local_passes(Means(), tools=PLAIN))
    assert [finding.rule for finding in odd_layers(opened.layers)] == rule


@pytest.mark.parametrize(
    ("wkt", "looking", "rule"),
    [
        ("POINT Z (8 50 1)", ["expect_no_restricted_zone"], ["gate/unjudged-ordinates"]),
        ("POINT Z (8 50 1)", ["expect_layer_inventory"], []),
        ("POINT Z (8 50 1)", ["expect_columns_to_be_declared"], []),
        ("POINT (8 50)", [], []),
    ],
)
def test_heights_that_no_rule_looks_at_are_a_finding(
    folder: Folder, wkt: str, looking: list[str], rule: list[str]
) -> None:
    gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.from_wkt(wkt)], crs=4326).to_parquet(folder.path / "deep.parquet")
    opened = folder.opened()
    for layer in opened.layers:
        layer.run((), passes=local_passes(Means(), tools=PLAIN))
    assert [finding.rule for finding in unlooked_ordinates(opened.layers, looking)] == rule


@pytest.mark.parametrize("as_is", [True, False])
@pytest.mark.parametrize("fate", Fate)
def test_a_part_that_nothing_judges_is_a_finding_where_it_would_leave(fate: Fate, as_is: bool) -> None:  # noqa: FBT001
    leaves = fate is Fate.REFUSED or (fate is Fate.REMOVED and as_is)
    found = odd_parts([FilePart(what="free pages", fate=fate)], as_is=as_is)
    assert [finding.rule for finding in found] == ["gate/unjudged-part"] * leaves
