"""What is in files besides their rows, as the gate sees it where bytes leave as they are."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from formats.datasets import SUFFIXES, WGS84, content, sealed, wkb_of, write

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, Format
from geogate.readers import open_dataset
from geogate.seal.accounting import account_for
from geogate.seal.csv import Delimited

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geogate.model.dataset import FilePart

WRITTEN = (
    Format.GEOPARQUET,
    Format.GEOPACKAGE,
    Format.FLATGEOBUF,
    Format.GEOJSON,
    Format.GEOJSONSEQ,
    Format.SHAPEFILE,
    Format.CSV,
)


def parts_of(files: Sequence[Path]) -> tuple[FilePart, ...]:
    """Name every part of the files."""
    sources = [(s, {layer.name: layer.crs or WGS84 for layer in s.layers}) for s in open_dataset(files)]
    named = [part for source, _ in sources for part in source.contents]
    with TemporaryDirectory() as folder:
        return (*named, *account_for(sources, files=files, into=Path(folder)))


def odd(files: Sequence[Path]) -> set[str]:
    """Name the parts that are not judged."""
    return {part.what for part in parts_of(files) if part.fate is not Fate.JUDGED}


def shown(files: Sequence[Path]) -> Any:
    """Read everything that rules see of the files; ``None`` where they cannot be read."""
    try:
        return [
            (
                *(str(layer.crs), layer.name, layer.attributes, layer.geometry_type, repr(content(source, number))),
                # How the columns of positions of a CSV are called is one of a few names, and no attribute.
                source.columns if isinstance(source, Delimited) else (),
            )
            for source in open_dataset(files)
            for number, layer in enumerate(source.layers)
        ]
    except UnreadableError:
        return None


def is_noticed(files: Sequence[Path], *, before: Any) -> bool:
    """Tell whether files are not what they were: unreadable, with other rows, or with a part that is not judged."""
    try:
        return shown(files) != before or bool(odd(files))
    except UnreadableError:
        return True


def canonical(kind: Format, folder: Path) -> tuple[Path, ...]:
    """Write a few rows of every sort in geogate's own encoding."""
    start = folder / "start"
    start.mkdir(parents=True)
    table = pa.table(
        {
            "name": ["a", "Zürich \U0001f5fa", None, "", 'quo"te, and, commas', "b"],
            "count": pa.array([1, -2, None, 4, 2**40, 0], pa.int64()),
            "share": pa.array([0.5, None, 1e-7, 8.0, 1 / 3, -0.25], pa.float64()),
            "geom": wkb_of(
                ["POINT (8.25 47.5)", "POINT (-0.5 51.25)", "POINT (1 2)", "POINT (8 47.1)", "POINT (0 0)", None]
            ),
        }
    )
    source = start / f"data{SUFFIXES[kind]}"
    if kind is Format.CSV:
        rows = ["8.25,47.5,x\n", '-0.5,51.25,"a, ""b"""\n', "8,47.1,\n", ",,nowhere\n"]
        source.write_text("lon,lat,note\n" + "".join(rows))
        files: tuple[Path, ...] = (source,)
    elif kind is Format.SHAPEFILE:
        write(table.slice(0, 5), source, kind, "Point")
        files = tuple(sorted(start.iterdir(), key=lambda path: path.suffix != ".shp"))
    else:
        files = (write(table, source, kind, "Point"),)
    return sealed(files, folder / "out", Format.SHAPEFILE)
