"""Whether files are, byte for byte, what geogate itself would write of their rows; then nothing else is in them.

It is for formats whose readers cannot say of every byte what it means; the others name what they find by themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from geogate.measures.canonical import canonical_wkb
from geogate.measures.measure import UnmeasurableError
from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart, Format
from geogate.seal.canonical import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pyarrow as pa
    import pyproj

    from geogate.measures.source import Source

ACCOUNTED: Final = frozenset({Format.GEOPARQUET, Format.GEOJSON, Format.GEOJSONSEQ, Format.CSV})
"""Formats whose readers account for every byte in ``contents``."""

SAME = FilePart(what="files that are what geogate writes", fate=Fate.JUDGED)
OTHER = FilePart(what="bytes that the canonical encoding does not have", fate=Fate.REMOVED)

WKB = FilePart(what="geometries in other bytes than geogate would write", fate=Fate.REMOVED)

_CHUNK: Final = 1 << 20


@runtime_checkable
class WithWkb(Protocol):
    """A source that accounts for its bytes, but not for what geometries in them could be spelled like."""

    def written_wkb(self) -> Iterator[pa.Array]:
        """Read the WKB of all rows as it stands in the file."""
        ...


def account_for(
    sources: Sequence[tuple[Source, Mapping[str, pyproj.CRS]]], *, files: Iterable[Path], into: Path
) -> tuple[FilePart, ...]:
    """Write the sources anew into a folder of scratch, one after the other, and compare what comes of it.

    Each source comes with the CRS of each of its layers; ``files`` are all files of the dataset. What cannot be written
    is not what geogate writes.

    Raises: ServiceError when the disk fails.
    """
    staged = tuple(files)
    odd = tuple(WKB for source, _ in sources if isinstance(source, WithWkb) and not _has_canonical_wkb(source))
    return odd + tuple(
        SAME if _is_canonical(source, layers, staged, into / f"again-{number}") else OTHER
        for number, (source, layers) in enumerate(sources)
        if source.format not in ACCOUNTED
    )


def _has_canonical_wkb(source: WithWkb) -> bool:
    """Tell whether no byte order, type code or NaN of a geometry says more than the geometry."""
    try:
        return all(canonical_wkb(wkb) is wkb for wkb in source.written_wkb())
    except (UnmeasurableError, UnreadableError):
        return False


def _is_canonical(source: Source, layers: Mapping[str, pyproj.CRS], staged: Sequence[Path], folder: Path) -> bool:
    if layers.keys() != {layer.name for layer in source.layers}:
        return False
    folder.mkdir()
    try:
        written = encode([(source, layers)], into=folder, shapefile_as=Format.SHAPEFILE)
        return _same_files(source, written, staged)
    except UnreadableError:
        return False
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def _same_files(source: Source, written: Sequence[Path], staged: Sequence[Path]) -> bool:
    """Compare the files of a source, its sidecars by their endings."""
    main = source.path
    beside = {
        path.suffix.lower(): path
        for path in staged
        if source.format is Format.SHAPEFILE and path != main and (path.parent, path.stem) == (main.parent, main.stem)
    }
    pairs = [(main, written[0]), *((beside.pop(path.suffix, None), path) for path in written[1:])]
    return not beside and all(one is not None and _same_bytes(one, other) for one, other in pairs)


def _same_bytes(one: Path, other: Path) -> bool:
    if one.stat().st_size != other.stat().st_size:
        return False
    with one.open("rb") as a, other.open("rb") as b:
        while chunk := a.read(_CHUNK):
            if chunk != b.read(_CHUNK):
                return False
    return True
