"""A file geodatabase by its files and catalogue: every table is a layer, of the system, or hides something."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from geogate.libraries.strict import strictly
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FILE: Final = re.compile(
    r"a([0-9a-f]{8})\.(gdbtable|gdbtablx|gdbindexes|freelist|horizon|spx|atx|[^/]{1,80}\.(atx|spx))", re.IGNORECASE
)
_HEADER: Final = 40
_MARKS: Final = frozenset({"gdb", "timestamps"})
_SYSTEM: Final = frozenset(
    {
        "GDB_SystemCatalog",
        "GDB_DBTune",
        "GDB_SpatialRefs",
        "GDB_Items",
        "GDB_ItemTypes",
        "GDB_ItemRelationships",
        "GDB_ItemRelationshipTypes",
        "GDB_ReplicaLog",
        "GDB_ReplicaChanges",
        "GDB_EditingTemplates",
        "GDB_EditingTemplateRelationships",
    }
)
"""The tables of the system itself; any other is a layer or hides something."""


def _odd(why: str, remedy: str = "copy its layers into a new geodatabase, or send GeoPackage") -> UnreadableError:
    return UnreadableError(f"the file geodatabase {why}", remedy=remedy)


def check_files(main: Path, beside: Sequence[Path]) -> frozenset[int]:
    """Return the numbers of the tables that lie in the folder.

    Raises: UnreadableError for a file that belongs to no table.
    """
    tables = set()
    for path in (main, *beside):
        found = _FILE.fullmatch(path.name)
        if path.parent != main.parent or not (found or path.name.lower() in _MARKS):
            raise _odd("has files that belong to none of its tables")
        if found and path.name.lower().endswith(".gdbtable"):
            tables.add(int(found.group(1), 16))
            _require_size(path)
    return frozenset(tables)


def _require_size(path: Path) -> None:
    """Hold the size that a table claims in its header against that of its file.

    Source: https://github.com/rouault/dump_gdbtable/wiki/FGDB-Spec
    """
    with path.open("rb") as file:
        header = file.read(_HEADER)
    if len(header) < _HEADER or int.from_bytes(header[24:32], "little") != path.stat().st_size:
        raise _odd("has a table that does not have the size that it claims", "send the whole folder again")


def check_catalogue(alias: Path, layers: Sequence[str], tables: frozenset[int]) -> None:
    """Hold the tables that lie in the folder against the catalogue, and that against the layers.

    Raises: UnreadableError.
    """
    from pyogrio.raw import read_arrow

    with strictly("opened"):
        meta, found = read_arrow(alias, layer="GDB_SystemCatalog", LIST_ALL_TABLES="YES", return_fids=True)
        numbers = found.column(meta["fid_column"]).to_pylist()
        names = found.column("Name").to_pylist()
    registered = dict(zip(names, numbers, strict=True))
    if len(registered) != len(names) or tables - set(numbers):
        raise _odd("has tables that its catalogue does not name")
    if registered.keys() - _SYSTEM - set(layers):
        raise _odd(
            "has tables that are no layers", "drop attachments, relationships, topologies and domains of their own"
        )
    if {registered.get(name) for name in layers} - tables:
        raise _odd("lacks files of its layers", "send the whole folder")


def parts_of(beside: Sequence[Path], rows: int) -> tuple[FilePart, ...]:
    """Name what a geodatabase holds; free space and deleted rows cannot be told from the rest without more."""
    indexes = sum(path.suffix.lower() in {".atx", ".spx", ".gdbindexes", ".horizon"} for path in beside)
    removed = [FilePart(what="system tables, metadata, free space and deleted rows", fate=Fate.REMOVED)]
    if indexes:
        removed.append(FilePart(what="indexes", fate=Fate.REMOVED, count=indexes))
    return (FilePart(what="rows of layers", fate=Fate.JUDGED, count=rows), *removed)
