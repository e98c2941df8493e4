"""Each wall before the readers stands by itself, and not only because another one does."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pytest
import shapely

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.readers.dataset import open_source
from geogate.readers.geoparquet_metadata import strict_json
from geogate.readers.geoparquet_parts import groups_of
from geogate.readers.ogr import OgrSource
from geogate.readers.recognise import recognise

if TYPE_CHECKING:
    from pathlib import Path

TAR_MARK = 257


def test_a_file_that_begins_as_one_format_and_goes_on_as_another_is_not_read(tmp_path: Path) -> None:
    both = bytearray(1024)
    both[:4] = b"PAR1"
    both[TAR_MARK : TAR_MARK + 5] = b"ustar"
    (tmp_path / "a.parquet").write_bytes(both)
    with pytest.raises(UnreadableError, match="fits more than one format"):
        recognise(tmp_path / "a.parquet")


def test_text_with_a_zero_byte_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"lon,lat,name\n8.5,50.25,a\0b\n")
    with pytest.raises(UnreadableError, match="does not know"):
        recognise(tmp_path / "a.csv")


def test_a_file_beside_one_that_has_no_sidecars_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("lon,lat\n8.5,50.25\n", encoding="utf-8")
    (tmp_path / "a.prj").write_text("what nobody reads", encoding="utf-8")
    with pytest.raises(UnreadableError, match="1 files lie beside a file that has no sidecars"):
        open_source(tmp_path / "a.csv", [tmp_path / "a.prj"])


@pytest.mark.parametrize("claimed", [2, 4])
def test_rows_that_gdal_reads_are_as_many_as_the_layer_claims(tmp_path: Path, claimed: int) -> None:
    path = tmp_path / "a.gpkg"
    points = [shapely.Point(8, 50 + row) for row in range(3)]
    gpd.GeoDataFrame({"a": range(3)}, geometry=points, crs=4326).to_file(path)
    source = OgrSource(path, Format.GEOPACKAGE)
    (layer,) = source.layers
    assert layer.crs is not None
    assert sum(batch.rows for batch in source.batches(layer, crs=layer.crs)) == 3
    with pytest.raises(UnreadableError, match=f"3 rows were read where the file claims {claimed}"):
        list(source.batches(replace(layer, rows=claimed), crs=layer.crs))


@pytest.mark.parametrize("rows", [2, 4])
def test_row_groups_that_contradict_the_footer_are_not_read(rows: int) -> None:
    group = SimpleNamespace(num_rows=3, total_byte_size=100, num_columns=0)
    footer: Any = SimpleNamespace(num_row_groups=1, num_rows=rows, row_group=lambda _: group)
    with pytest.raises(UnreadableError, match=f"row groups claim 3 rows where the file claims {rows}"):
        groups_of(footer, geometry="geometry")


def test_a_key_that_stands_twice_is_no_json_anywhere() -> None:
    assert strict_json(b'{"a": {"b": 1}}') == {"a": {"b": 1}}
    for text in (b'{"a": 1, "a": 1}', b'{"a": {"b": 1, "b": 2}}'):
        with pytest.raises(ValueError, match="twice"):
            strict_json(text)
