"""Find the files of a dataset: local files, everything in a folder, or every object below an ``s3://`` prefix."""

from __future__ import annotations

import stat
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from geogate.model.errors import InputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

MOST_FILES = 10_000
"""A dataset with more files is refused: a prefix that was meant to be longer is the likelier reason."""


@contextmanager
def dataset_files(dataset: Sequence[str], *, scratch: Path) -> Iterator[Mapping[Path, str]]:
    """Give every file of a dataset with its name within it; objects are fetched into ``scratch`` for as long.

    Raises: InputError when something is missing, no regular file, or there is nothing; UsageError when two files
        have the same name; ServiceError when the store does not answer.
    """
    with TemporaryDirectory(dir=scratch, prefix="intake-") as folder:
        files: dict[Path, str] = {}
        names: set[str] = set()
        for number, each in enumerate(dataset):
            found = _objects(each, Path(folder) / str(number)) if each.startswith("s3://") else _local(Path(each))
            for path, name in found.items():
                if name in names:
                    raise UsageError("two files of the dataset have the same name", hint="submit their folder instead")
                files[path] = name
                names.add(name)
        if not files:
            raise InputError("the dataset has no files", hint="name files, a folder with files, or an s3:// prefix")
        if len(files) > MOST_FILES:
            raise InputError(f"the dataset has more than {MOST_FILES:,} files", hint="name a narrower folder or prefix")
        yield files


def dataset_name(dataset: Sequence[str]) -> str:
    """Name a dataset by its last path component; several files by the stem they share, or by how many they are."""
    names = [each.rstrip("/").rsplit("/", 1)[-1] for each in dataset]
    main = next((name for name in names if name.lower().endswith(".shp")), names[0])
    if len({PurePosixPath(name).stem for name in names}) == 1:
        return main
    return f"{main} and {len(names) - 1} more"


def _local(path: Path) -> dict[Path, str]:
    from geogate.readers.dataset_groups import folder_format

    try:
        mode = path.lstat().st_mode
        if stat.S_ISDIR(mode):
            found = sorted(_inside(path))
            # A folder that is one dataset by itself, such as a file geodatabase, is called by its name.
            named = path.parent if any(folder_format(p) and p.parent == path for p in found) else path
            return {_regular(p): p.relative_to(named).as_posix() for p in found}
    except OSError as error:
        raise InputError(f"{path.name!r} cannot be opened: {error.strerror}") from error
    return {_regular(path): path.name}


def _inside(folder: Path) -> Iterator[Path]:
    """Give everything below a folder that is no folder; one that cannot be listed is an error, not an empty one."""
    for path in folder.iterdir():
        if stat.S_ISDIR(path.lstat().st_mode):
            yield from _inside(path)
        else:
            yield path


def _regular(path: Path) -> Path:
    if not stat.S_ISREG(path.lstat().st_mode):
        raise InputError(f"{path.name!r} is no regular file", hint="links, devices and pipes are not followed")
    return path


def _objects(uri: str, into: Path) -> dict[Path, str]:
    from geogate.destinations.objects import fetch

    return {path: path.relative_to(into).as_posix() for path in fetch(uri, into=into)}
