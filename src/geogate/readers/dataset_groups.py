"""Which files of a dataset belong together: parts of a Shapefile, of a folder that is one dataset, beside a raster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Format
from geogate.readers.recognise import recognise
from geogate.readers.shapefile import SIDECARS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

MAIN: Final = ".shp"
RASTERS: Final = frozenset(
    {
        Format.GEOTIFF,
        Format.TIFF,
        Format.JPEG,
        Format.PNG,
        Format.WEBP,
        Format.HEIC,
        Format.NETCDF,
        Format.GRIB,
    }
)
_AFTER_NAME: Final = (".aux.xml", ".ovr", ".msk", ".xmp")
"""What stands after the whole name of a raster that a file belongs to."""

_FOR_STEM: Final = (".tfw", ".tifw", ".tiffw", ".jgw", ".jpgw", ".pgw", ".pngw", ".wld", ".rpb", ".prj", ".aux", ".xmp")
"""The suffixes of files that belong to a raster with the same stem; `_rpc.txt` is one more."""

_GEODATABASE: Final = "a00000001.gdbtable"
_ZARR: Final = (".zgroup", ".zarray", "zarr.json")


def grouped(files: Sequence[Path]) -> dict[Path, list[Path]]:
    """Give the main file of each source with the files that belong to it.

    Raises: UnreadableError when a part of a Shapefile belongs to nothing.
    """
    groups: dict[Path, list[Path]] = {}
    rest = _folders(files, groups)
    rest = _shapefiles(rest, groups)
    groups |= _rasters(rest)
    order = {path: number for number, path in enumerate(files)}
    return {main: groups[main] for main in sorted(groups, key=lambda path: order[path])}


def _folders(files: Sequence[Path], groups: dict[Path, list[Path]]) -> list[Path]:
    """Take the folders that are one dataset, the outermost where one lies within another; return the other files."""
    roots: dict[Path, Path] = {}
    for path in files:
        if path.name.lower() == _GEODATABASE or path.name in _ZARR:
            before = roots.get(path.parent)
            roots[path.parent] = path if before is None else min(before, path, key=_rank)
    outermost = {folder: main for folder, main in roots.items() if not roots.keys() & set(folder.parents)}
    rest = []
    for path in files:
        folder = next((parent for parent in path.parents if parent in outermost), None)
        if folder is None:
            rest.append(path)
        elif path == outermost[folder]:
            groups.setdefault(path, [])
        else:
            groups.setdefault(outermost[folder], []).append(path)
    return rest


def _rank(path: Path) -> int:
    names = (_GEODATABASE, *reversed(_ZARR))
    return names.index(path.name.lower() if path.name.lower() == _GEODATABASE else path.name)


def _stem(path: Path) -> tuple[Path, str]:
    return path.parent, path.stem


def _shapefiles(files: Iterable[Path], groups: dict[Path, list[Path]]) -> list[Path]:
    files = list(files)
    mains = {_stem(path): path for path in files if path.suffix.lower() == MAIN}
    rest = []
    for path in files:
        suffix, main = path.suffix.lower(), mains.get(_stem(path))
        if suffix == MAIN:
            groups.setdefault(path, [])
        elif suffix in SIDECARS and main is not None:
            groups.setdefault(main, []).append(path)
        elif suffix in SIDECARS and suffix not in _FOR_STEM:
            raise UnreadableError(f"a {suffix} file has no Shapefile beside it", remedy="send all parts of it, or none")
        else:
            rest.append(path)
    return rest


def _rasters(files: Iterable[Path]) -> dict[Path, list[Path]]:
    """Put files that only say more about a raster beside it; a file that belongs to nothing stands for itself."""
    files = list(files)
    kinds: dict[Path, bool] = {}
    groups: dict[Path, list[Path]] = {path: [] for path in files}
    named: dict[tuple[Path, str], list[Path]] = {}
    for path in files:
        for key in {path.name.lower(), path.stem.lower()}:
            named.setdefault((path.parent, key), []).append(path)
    for path in files:
        near = (main for key in _bases(path) for main in named.get((path.parent, key), ()))
        mains = [main for main in dict.fromkeys(near) if main != path and _is_raster(main, kinds)]
        if len(mains) == 1:
            groups.pop(path)
            groups[mains[0]].append(path)
        elif path.suffix.lower() in SIDECARS:
            raise UnreadableError(
                f"a {path.suffix.lower()} file has no Shapefile beside it", remedy="send all parts of it, or none"
            )
    return groups


def _bases(path: Path) -> list[str]:
    """Name what a file would belong to by its own name: a whole name or a stem; nothing for an ordinary file."""
    name = path.name.lower()
    ends = (*_AFTER_NAME, *_FOR_STEM, "_rpc.txt")
    return [name.removesuffix(end) for end in ends if name.endswith(end)]


def _is_raster(path: Path, kinds: dict[Path, bool]) -> bool:
    if path not in kinds:
        try:
            kinds[path] = recognise(path) in RASTERS
        except (UnreadableError, OSError):
            kinds[path] = False
    return kinds[path]


def folder_format(path: Path) -> Format | None:
    """Name the format of which a file is the main one of a folder; ``None`` for a file that stands for itself."""
    if path.name.lower() == _GEODATABASE:
        return Format.FILE_GEODATABASE
    return Format.ZARR if path.name in _ZARR else None
