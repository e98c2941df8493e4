"""Files that are two things at once, or other things than they are called."""

from __future__ import annotations

import io
import pickle
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.feather
from smuggling.case import Case
from smuggling.classes.containers import _geojson, _secret_csv, _zip, in_archives
from smuggling.classes.hidden_in_sqlite import TEXT, bytes_of_all
from smuggling.classes.photos import picture
from smuggling.cover import cover

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _bytes(name: str, make: Callable[[], bytes]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).write_bytes(make())

    return write


def _jpeg() -> bytes:
    into = io.BytesIO()
    picture().save(into, "JPEG")
    return into.getvalue()


def _parquet_zip(folder: Path) -> None:
    path = folder / "places.parquet"
    cover().to_parquet(path)
    data = path.read_bytes()
    path.write_bytes(data + _zip({"b.csv": _secret_csv()}))


def _sqlite(folder: Path) -> None:
    with closing(sqlite3.connect(folder / "places.gpkg")) as database, database:
        database.execute("CREATE TABLE notes (t TEXT)")
        database.execute("INSERT INTO notes VALUES (?)", (TEXT,))


def _feather(folder: Path) -> None:
    pyarrow.feather.write_feather(pa.table({"t": [TEXT]}), folder / "places.parquet", compression="uncompressed")


def _vrt(folder: Path) -> None:
    (folder / "places.geojson").write_text(
        f'<OGRVRTDataSource><!-- {TEXT} --><OGRVRTLayer name="a"><SrcDataSource>/tmp/x.csv</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'
    )


def _case(name: str, why: str, write: Callable[[Path], None]) -> Case:
    return Case(name=name, why=why, write=write, recover=bytes_of_all)


CASES = (
    Case(
        name="jpeg-and-zip",
        why="a picture with an archive behind it",
        write=_bytes("photo.jpg", lambda: _jpeg() + _zip({"b.csv": _secret_csv()})),
        recover=in_archives,
    ),
    Case(name="parquet-and-zip", why="a table with an archive behind it", write=_parquet_zip, recover=in_archives),
    _case(
        "geojson-and-html",
        "a page that is a document too",
        _bytes("places.geojson", lambda: _geojson() + f"<html>{TEXT}</html>".encode()),
    ),
    _case("plain-database", "a database that is no GeoPackage", _sqlite),
    _case("feather-as-parquet", "a table of another kind", _feather),
    _case("pickle-as-csv", "objects of a program", _bytes("places.csv", lambda: pickle.dumps([TEXT], protocol=0))),
    _case("virtual-file", "a file that points elsewhere", _vrt),
    _case("pdf", "a document", _bytes("places.pdf", lambda: b"%PDF-1.4\n%" + TEXT.encode() + b"\n%%EOF\n")),
)
