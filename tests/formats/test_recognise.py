from __future__ import annotations

import io
import pickle
import sqlite3
import struct
import tarfile
import zipfile
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.orc
import pytest
from formats.datasets import SUFFIXES, countries
from PIL import Image

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.readers import open_dataset
from geogate.readers.recognise import recognise
from geogate.readers.recognise_glimpse import Container

DATA = Path(__file__).parents[3] / "shared" / "data"


def put(folder: Path, data: bytes) -> Path:
    file = folder / "data"
    file.write_bytes(data)
    return file


def zipped(**members: bytes) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_DOT_", "."), data)
    return whole.getvalue()


def picture(kind: str) -> bytes:
    whole = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(whole, kind)
    return whole.getvalue()


def table(write: str) -> bytes:
    whole = io.BytesIO()
    rows = pa.table({"lon": [1.0], "lat": [2.0]})
    pa.feather.write_feather(rows, whole) if write == "feather" else pa.orc.write_table(rows, whole)
    return whole.getvalue()


def array() -> bytes:
    whole = io.BytesIO()
    np.save(whole, np.zeros((2, 2)))
    return whole.getvalue()


@pytest.mark.parametrize("kind", list(SUFFIXES))
def test_every_format_of_tables_is_recognised(kind: Format, tmp_path: Path) -> None:
    assert recognise(countries(tmp_path, kind)[0]) is kind


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"/>', Format.KML),
        (b'\xef\xbb\xbf <!-- first --><kml xmlns="http://earth.google.com/kml/2.1"/>', Format.KML),
        (b'<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"/>', Format.GPX),
        (b'<a:b xmlns:a="urn:x" xmlns:gml="http://www.opengis.net/gml/3.2"/>', Format.GML),
        (b'{"type":"Topology","objects":{},"arcs":[]}', Format.TOPOJSON),
        (b'{"type":"Point","coordinates":[1,2]}', Format.GEOJSON),
        (b'{"type":"GeometryCollection","geometries":[]}', Format.GEOJSON),
        (b'{"type":"Feature","geometry":null}\n{"type":"Feature","geometry":null}\n', Format.GEOJSONSEQ),
        (b"\x1e{}\n", Format.GEOJSONSEQ),
        (b"lon;lat\n1;2\n", Format.CSV),
        (b"ORCID,lon,lat\nx,1,2\n", Format.CSV),
        (b"BMI\tlon\tlat\n", Format.CSV),
        (b"lon|lat\n1|2\n", Format.CSV),
        (picture("JPEG"), Format.JPEG),
        (picture("PNG"), Format.PNG),
        (picture("TIFF"), Format.TIFF),
        (picture("WEBP"), Format.WEBP),
        (b"\0\0\0\x18ftypheic\0\0\0\0", Format.HEIC),
        (b"PMTiles\x03" + b"\0" * 200, Format.PMTILES),
        (b"\x1a\x10\x0a\x04name", Format.VECTOR_TILE),
        (b"GRIB\0\0\0\x02" + b"\0" * 20, Format.GRIB),
        (b"CDF\x01" + b"\0" * 40, Format.NETCDF),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 40 + b"_NCProperties", Format.NETCDF),
        (b"LASF" + b"\0" * 300, Format.LAS),
        (zipped(a_DOT_csv=b"x"), Container.ZIP),
        (b"\x1f\x8b\x08" + b"\0" * 20, Container.GZIP),
        (b"BZh91AY&SY" + b"\0" * 20, Container.BZIP2),
        (b"\xfd7zXZ\0" + b"\0" * 20, Container.XZ),
    ],
)
def test_a_format_is_recognised_by_its_bytes(data: bytes, kind: Format | Container, tmp_path: Path) -> None:
    assert recognise(put(tmp_path, data)) is kind


@pytest.mark.parametrize(
    ("data", "what", "advice"),
    [
        (b"%PDF-1.7\n\0", "a PDF", "leave it out"),
        (b"\n\n%PDF-1.7\n", "a PDF", "leave it out"),
        (b"7z\xbc\xaf\x27\x1c\0\x04", "7z", "pack the files as zip"),
        (b"Rar!\x1a\x07\x01\0", "RAR", "pack the files as zip"),
        (b"\x28\xb5\x2f\xfd\x04\0", "Zstandard", "pack the files as zip"),
        (b"AC1032\0\0\0", "a DWG drawing", "GeoPackage"),
        (b"  0\r\nSECTION\r\n  2\r\nHEADER\r\n", "a DXF drawing", "GeoPackage"),
        (b"EXP  0 /HOME/A.E00\n", "E00", "GeoPackage"),
        (b'Version 300\nCharset "Neutral"\n', "MapInfo", "GeoPackage"),
        (b"\0\0\0\x0d\x0a\x09OSMHeader\x18\x7c", "OpenStreetMap", "GeoPackage"),
        (b'<?xml version="1.0"?><osm version="0.6"/>', "OpenStreetMap", "GeoPackage"),
        (b"<VRTDataset/>", "points to other files", "send those files"),
        (b"<OGRVRTDataSource/>", "points to other files", "send those files"),
        (b"<GDAL_WMS/>", "a service", "send the data"),
        (b"<!DOCTYPE html><p>", "a web page", "leave it out"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG", "GeoPackage"),
        (b"<other/>", "XML of another kind", "GeoPackage"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 40, "HDF5", "GeoTIFF"),
        (b"NITF02.10" + b"\0" * 40, "NITF", "GeoTIFF"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000", "GeoTIFF"),
        (table("feather"), "Arrow", "GeoParquet"),
        (table("orc"), "ORC", "GeoParquet"),
        (pickle.dumps({"a": [1, 2, 3]}, protocol=4), "a Python pickle", "GeoParquet"),
        (array(), "NumPy", "GeoParquet"),
        (b"MATLAB 5.0 MAT-file, Platform" + b"\0" * 99, "MATLAB", "GeoParquet"),
        (b"ISO-10303-21;\nHEADER;", "a building model", "GeoPackage"),
        (b'{"type":"CityJSON","version":"2.0"}', "CityJSON", "GeoPackage"),
        (b'{"displayFieldName":"","geometryType":"esriGeometryPoint"}', "ESRI JSON", "f=geojson"),
        (b'[{"lon":1,"lat":2}]', "JSON of another kind", "CSV"),
        (b"Received: from a by b\n", "e-mail", "leave it out"),
        (b"-----BEGIN PGP MESSAGE-----\n", "encrypted", "leave it out"),
        (b"\x7fELF\x02\x01\x01\0", "a program", "leave it out"),
        (b"MZ\x90\0\x03\0", "a program", "leave it out"),
        (b"#!/bin/sh\n", "a program", "leave it out"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio or video", "leave it out"),
        (b"\0\0\0\x18ftypisom\0\0", "video", "leave it out"),
        (b"\0\0\0\x18ftypavif\0\0", "AVIF", "JPEG"),
        (b"GIF89a\x01\0\x01\0", "GIF", "JPEG"),
        (b"\xff\xfel\0o\0n\0", "text in UTF-16", "UTF-8"),
        (zipped(**{"[Content_Types]_DOT_xml": b"", "word__document_DOT_xml": b""}), "an office document", "CSV"),
        (zipped(**{"[Content_Types]_DOT_xml": b"", "xl__workbook_DOT_bin": b""}), "a binary workbook", "xlsx"),
        (zipped(mimetype=b"application/epub+zip"), "a book", "CSV"),
        (zipped(**{"META-INF__MANIFEST_DOT_MF": b""}), "a program", "leave it out"),
    ],
)
def test_what_is_not_read_is_named_with_advice(data: bytes, what: str, advice: str, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=what) as caught:
        open_dataset((put(tmp_path, data),))[0].layers  # noqa: B018 - a table without positions is refused when read
    assert advice in caught.value.remedy


def tar_of(name: bytes) -> bytes:
    info = tarfile.TarInfo("x")
    header = bytearray(info.tobuf(tarfile.USTAR_FORMAT))
    header[: len(name)] = name
    return bytes(header) + b"\0" * 1024


@pytest.mark.parametrize(
    "data",
    [
        picture("JPEG") + zipped(secret_DOT_csv=b"lon,lat\n1,2\n"),
        picture("PNG") + zipped(secret_DOT_csv=b"lon,lat\n1,2\n"),
        b'{"type":"FeatureCollection","features":[]}\n' + zipped(secret_DOT_csv=b"lon,lat\n1,2\n"),
        b"lon,lat\n1,2\n" + zipped(secret_DOT_csv=b"lon,lat\n1,2\n"),
        b"GIF89a" + zipped(secret_DOT_csv=b"lon,lat\n1,2\n"),
        picture("JPEG")[:2] + b"\xff\xe0\0\x10%PDF-1.4\n" + picture("JPEG")[20:],
        tar_of(b"%PDF-1.4\0"),
        tar_of(b"GIF89a\0"),
        tar_of(b"\xff\xd8\xff\xe0"),
        tar_of(b"PK\x03\x04"),
    ],
)
def test_a_file_that_fits_two_formats_is_not_read(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match=r"more than one format|is damaged|goes on after|zip"):
        open_dataset((put(tmp_path, data),))


def test_a_tiff_with_a_place_in_any_of_its_directories_is_a_raster(tmp_path: Path) -> None:
    keys = struct.pack("<2sHI", b"II", 42, 8)
    empty = struct.pack("<HHHIII", 1, 256, 3, 1, 8, 26)
    placed = struct.pack("<HHHIII", 1, 33922, 12, 6, 0, 0)
    assert recognise(put(tmp_path, keys + empty + placed)) is Format.GEOTIFF
    assert recognise(put(tmp_path, keys + empty[:-4] + b"\0" * 4 + placed)) is Format.TIFF


@pytest.mark.parametrize(
    "data", [b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff", b"II+\0\x08\0\0\0" + b"\xff" * 8]
)
def test_a_tiff_that_points_outside_of_itself_is_left_to_the_reader_of_rasters(data: bytes, tmp_path: Path) -> None:
    assert recognise(put(tmp_path, data)) is Format.GEOTIFF


def test_a_chain_of_directories_that_comes_round_again_ends(tmp_path: Path) -> None:
    ring = struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<HHHIII", 1, 256, 3, 1, 8, 8)
    assert recognise(put(tmp_path, ring)) is Format.TIFF


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        (("CREATE TABLE tiles (a)", "CREATE TABLE metadata (a)"), Format.MBTILES),
        (("CREATE TABLE geometry_columns (a)", "CREATE TABLE spatial_ref_sys (a)"), "SpatiaLite"),
        (("CREATE TABLE other (a)",), "a SQLite database"),
    ],
)
def test_databases_are_told_apart(statements: tuple[str, ...], found: Format | str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "data")) as database, database:
        for statement in statements:
            database.execute(statement)
    if isinstance(found, Format):
        assert recognise(tmp_path / "data") is found
    else:
        with pytest.raises(UnreadableError, match=found):
            recognise(tmp_path / "data")


@pytest.mark.skipif(not DATA.exists(), reason="the shared data are not here")
def test_real_files_are_recognised() -> None:
    expected = {
        "raster/RGB.byte.tif": Format.GEOTIFF,
        "raster/cogeo.tif": Format.GEOTIFF,
        "lidar/autzen_trim.laz": Format.LAS,
        "lidar/simple1_4.las": Format.LAS,
        "movement/demodata_geolife.gpkg": Format.GEOPACKAGE,
        "movement/demodata_geolife.parquet": Format.GEOPARQUET,
        "movement/geolife_sample.txt.gz": Container.GZIP,
        "vector/ne_10m_airports.json": Format.GEOJSON,
    }
    assert {name: recognise(DATA / name) for name in expected} == expected
