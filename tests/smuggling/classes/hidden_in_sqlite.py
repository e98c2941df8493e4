"""What a GeoPackage holds besides its layers: a database has many corners."""

from __future__ import annotations

import re
import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import geopandas
from smuggling.case import Case
from smuggling.cover import cover
from smuggling.secret import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

TEXT = "; ".join(f"POINT ({x} {y})" for x, y in SECRET)
FOUND = re.compile(rb"POINT \((\d+\.\d+) (\d+\.\d+)\)")


def bytes_of_all(folder: Path) -> Iterator[Position]:
    """Find the secret where it stands in plain bytes, in any file of a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            for x, y in FOUND.findall(path.read_bytes()):
                yield float(x), float(y)


def _with(*statements: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        path = folder / "places.gpkg"
        cover().to_file(path, driver="GPKG", layer="places")
        with closing(sqlite3.connect(path)) as database, database:
            for statement in statements:
                database.execute(statement)

    return write


def _drop_triggers(database: sqlite3.Connection) -> None:
    """Drop those that need functions of GDAL."""
    for name in [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='trigger'")]:
        database.execute(f'DROP TRIGGER "{name}"')


def _deleted_rows(folder: Path) -> None:
    path = folder / "places.gpkg"
    frame = cover()
    frame.loc[len(frame)] = {"name": TEXT, "geometry": frame.geometry.iloc[0]}
    frame.set_crs(4326, inplace=True)
    frame.to_file(path, driver="GPKG", layer="places")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("PRAGMA secure_delete=OFF")
        _drop_triggers(database)
        database.execute("DELETE FROM places WHERE name LIKE 'POINT%'")
        database.execute("UPDATE gpkg_ogr_contents SET feature_count = feature_count - 1")


def _free_pages(folder: Path) -> None:
    path = folder / "places.gpkg"
    cover().to_file(path, driver="GPKG", layer="places")
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA secure_delete=OFF")
        database.execute("CREATE TABLE gone (t TEXT)")
        database.execute("INSERT INTO gone VALUES (?)", (TEXT + " " * 20_000,))
        database.commit()
        database.execute("DROP TABLE gone")
        database.commit()


def _beside(folder: Path) -> None:
    path = folder / "places.gpkg"
    cover().to_file(path, driver="GPKG", layer="places")
    shutil.copy(path, folder / "base.gpkg")
    with closing(sqlite3.connect(path)) as database:
        _drop_triggers(database)
        database.commit()
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("UPDATE places SET name = ?", (TEXT,))
        database.commit()
        shutil.copy(folder / "places.gpkg-wal", folder / "kept")
    (folder / "base.gpkg").replace(path)
    (folder / "kept").replace(folder / "places.gpkg-wal")


def _after_the_end(folder: Path) -> None:
    cover().to_file(folder / "places.gpkg", driver="GPKG", layer="places")
    with (folder / "places.gpkg").open("ab") as file:
        file.write(TEXT.encode())


def _layer_description(folder: Path) -> None:
    cover().to_file(folder / "places.gpkg", driver="GPKG", layer="places", layer_metadata={"DESCRIPTION": TEXT})


def _style_table(folder: Path) -> None:
    path = folder / "places.gpkg"
    cover().to_file(path, driver="GPKG", layer="places")
    styles = geopandas.GeoDataFrame({"styleQML": [TEXT]}, geometry=[None], crs=4326)
    styles.to_file(path, driver="GPKG", layer="layer_styles")


def _case(name: str, why: str, write: Callable[[Path], None]) -> Case:
    return Case(name=name, why=why, write=write, recover=bytes_of_all)


CASES = (
    _case(
        "unregistered-table",
        "the layer list does not show it",
        _with("CREATE TABLE notes (t TEXT)", f"INSERT INTO notes VALUES ('{TEXT}')"),
    ),
    _case(
        "attributes-table",
        "registered, but without a geometry",
        _with(
            "CREATE TABLE notes (fid INTEGER PRIMARY KEY, t TEXT)",
            f"INSERT INTO notes (t) VALUES ('{TEXT}')",
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('notes', 'attributes', 'notes')",
        ),
    ),
    _case("view", "a query with a constant", _with(f"CREATE VIEW notes AS SELECT '{TEXT}' AS t")),
    _case(
        "trigger",
        "code that is never run",
        _with(f"CREATE TRIGGER notes AFTER DELETE ON places BEGIN SELECT '{TEXT}'; END"),
    ),
    _case("default-value", "of a column", _with(f"ALTER TABLE places ADD COLUMN extra TEXT DEFAULT '{TEXT}'")),
    _case("comment-in-the-schema", "SQL keeps comments", _with(f"CREATE TABLE notes (t TEXT /* {TEXT} */)")),
    _case(
        "index-condition",
        "a partial index has a text",
        _with(f"CREATE INDEX notes ON places (name) WHERE name <> '{TEXT}'"),
    ),
    _case("contents-description", "a field that few read", _with(f"UPDATE gpkg_contents SET description = '{TEXT}'")),
    _case(
        "reference-description",
        "of a reference system",
        _with(f"UPDATE gpkg_spatial_ref_sys SET description = '{TEXT}'"),
    ),
    _case(
        "metadata-tables",
        "the standard has some",
        _with(
            "CREATE TABLE gpkg_metadata (id INTEGER PRIMARY KEY, md_scope TEXT, md_standard_uri TEXT, "
            "mime_type TEXT, metadata TEXT)",
            f"INSERT INTO gpkg_metadata VALUES (1, 'dataset', 'u', 'text/plain', '{TEXT}')",
        ),
    ),
    _case(
        "extension-definition",
        "a link to a definition",
        _with(
            f"INSERT INTO gpkg_extensions (table_name, extension_name, definition, scope) "
            f"VALUES ('places', 'own_x', '{TEXT}', 'read-write')"
        ),
    ),
    _case("deleted-rows", "their bytes stay", _deleted_rows),
    _case("free-pages", "a dropped table's bytes stay", _free_pages),
    _case("journal", "rows that are not in the file yet", _beside),
    _case("after-the-end", "bytes behind the last page", _after_the_end),
    _case("layer-description", "metadata of a layer", _layer_description),
    _case("style-layer", "a table of styles, which programs take for granted", _style_table),
)
