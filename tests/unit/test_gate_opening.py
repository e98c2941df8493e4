"""Opened layers by themselves: read once, measured with their inventory, named after their file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyogrio
import pytest
from gating.files import COARSE, frame, stage

from geogate.gate.opening import open_files, parse_crs
from geogate.gate.passes import Means, local_passes
from geogate.gate.progress import Progress
from geogate.measures.source import UnreadableError
from geogate.measures.tools import PLAIN
from geogate.model.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

HERE = local_passes(Means(), tools=PLAIN)


def test_a_layer_is_read_once(tmp_path: Path) -> None:
    path = stage("CSV", tmp_path)
    (layer,) = open_files({path: "data.csv"}, assume_crs="", scratch=tmp_path).layers
    assert layer.run((), passes=HERE).rows == 3
    with pytest.raises(UnreadableError, match="read twice"):
        layer.run((), passes=HERE)


def test_a_layer_is_named_after_its_file_and_after_itself_where_there_are_several(tmp_path: Path) -> None:
    path = tmp_path / "data.gpkg"
    for name in ("north", "south"):
        pyogrio.write_dataframe(frame(COARSE, ["x"]), path, layer=name, driver="GPKG")
    both = open_files({path: "2026/data.gpkg"}, assume_crs="", scratch=tmp_path).layers
    assert [layer.name for layer in both] == ["2026/data.gpkg:north", "2026/data.gpkg:south"]
    single = stage("CSV", tmp_path)
    assert [layer.name for layer in open_files({single: "a.csv"}, assume_crs="", scratch=tmp_path).layers] == ["a.csv"]


def test_rows_are_reported_while_they_are_read(tmp_path: Path) -> None:
    seen: list[int] = []
    path = stage("CSV", tmp_path)
    (layer,) = open_files({path: "data.csv"}, assume_crs="", scratch=tmp_path).layers
    layer.run((), passes=local_passes(Means(progress=Progress(on_rows=seen.append)), tools=PLAIN))
    assert sum(seen) == 3


def test_no_reference_is_stated_by_default() -> None:
    assert parse_crs("") is None
    assert parse_crs("EPSG:4326") is not None
    with pytest.raises(UsageError, match="no coordinate reference system"):
        parse_crs("EPSG:1")
