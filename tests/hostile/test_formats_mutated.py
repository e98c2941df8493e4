"""Files of every format that geogate does not write itself, with bytes changed: refused or read, and never a crash."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas
import pandas as pd
import pyogrio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geogate.measures.source import UnreadableError
from geogate.model.errors import GeogateError
from geogate.readers import open_named

if TYPE_CHECKING:
    from collections.abc import Callable

POINTS = geopandas.GeoDataFrame(
    {"name": ["a", "b"], "n": [1, 2]}, geometry=geopandas.points_from_xy([7.5, 8.25], [47.25, 46.5]), crs=4326
)


def written(driver: str, suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"a{suffix}"
        pyogrio.write_dataframe(POINTS[["name", "geometry"]], file, driver=driver)
        return file.read_bytes()


def workbook() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.xlsx"
        pyogrio.write_dataframe(pd.DataFrame({"lon": [7.5], "lat": [47.25], "n": ["x"]}), file, driver="XLSX")
        return file.read_bytes()


def zipped() -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/a.csv", "lon,lat\n7.5,47.25\n" * 3)
        archive.writestr("b.geojson", POINTS.to_json())
    return whole.getvalue()


def tarred() -> bytes:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = 18
        archive.addfile(info, io.BytesIO(b"lon,lat\n7.5,47.25\n"))
    return whole.getvalue()


def topology() -> bytes:
    line = {"type": "LineString", "arcs": [0], "properties": {"a": 1}}
    return json.dumps({"type": "Topology", "objects": {"a": line}, "arcs": [[[1, 2], [3, 4]]]}).encode()


WHOLE: dict[str, Callable[[], bytes]] = {
    "kml": lambda: written("KML", ".kml"),
    "kmz": lambda: written("LIBKML", ".kmz"),
    "gpx": lambda: written("GPX", ".gpx"),
    "gml": lambda: written("GML", ".gml"),
    "topojson": topology,
    "mbtiles": lambda: written("MBTiles", ".mbtiles"),
    "pmtiles": lambda: written("PMTiles", ".pmtiles"),
    "xlsx": workbook,
    "zip": zipped,
    "tar": tarred,
    "gzip": lambda: gzip.compress(tarred(), mtime=0),
}
STRINGS = (
    b"<",
    b"&",
    b'"',
    b"\0",
    b"PK\x05\x06",
    b"PK\x01\x02",
    b"<!DOCTYPE a>",
    b"]]>",
    b"\xff\xff\xff\xff",
    b"nan",
    b"1e999",
)


@pytest.mark.parametrize("kind", list(WHOLE))
def test_changed_bytes_are_refused_or_read_and_leave_nothing_behind(kind: str) -> None:
    whole = WHOLE[kind]()
    change = st.tuples(st.integers(0, len(whole)), st.integers(0, 8), st.sampled_from(STRINGS) | st.binary(max_size=6))

    @settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(change, min_size=1, max_size=4))
    def each(changes: list[tuple[int, int, bytes]]) -> None:
        data = bytearray(whole)
        for at, gone, new in changes:
            data[at : at + gone] = new
        with tempfile.TemporaryDirectory() as folder:
            file, scratch = Path(folder) / "staged", Path(folder) / "scratch"
            scratch.mkdir()
            file.write_bytes(data)
            try:
                for source in open_named({file: f"a.{kind}"}, scratch=scratch).sources:
                    assert all(part.what and part.count > 0 for part in source.contents)
                    for layer in source.layers:
                        if layer.crs is not None:
                            list(source.batches(layer, crs=layer.crs))
            except (UnreadableError, GeogateError) as error:
                said = str(error)
            else:
                said = ""
            assert folder not in said
            assert sorted(path.name for path in Path(folder).iterdir()) == ["scratch", "staged"]

    each()
