"""Tar, opened to every member: regular files only, and zeros wherever no member is."""

from __future__ import annotations

import tarfile
from typing import IO, TYPE_CHECKING, Final

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart
from geogate.readers.containers_limits import CHUNK
from geogate.readers.containers_names import Names
from geogate.readers.containers_zip import empty_folders

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geogate.readers.containers_limits import Limits

_ORDINARY: Final = frozenset({"path", "size", "mtime", "atime", "ctime", "uid", "gid", "uname", "gname"})
_MOST_HEADERS: Final = 100
_BLOCK: Final = tarfile.BLOCKSIZE


def _odd(why: str, remedy: str = "pack the files again, as zip or with a common tar") -> UnreadableError:
    return UnreadableError(f"the tar {why}", remedy=remedy)


def unpack_tar(path: Path, into: Path, limits: Limits) -> tuple[tuple[tuple[Path, str], ...], tuple[FilePart, ...]]:
    """Unpack every member into a folder and return each with its name, and the parts that are no member.

    Raises: UnreadableError; ServiceError when the disk fails.
    """
    members: list[tuple[Path, str]] = []
    folders: list[str] = []
    names, odd_headers, end = Names(), 0, 0
    try:
        with path.open("rb") as file, tarfile.TarFile(fileobj=file, errorlevel=2) as archive:
            while (info := archive.next()) is not None:
                limits.one_more()
                odd_headers += _odd_headers(info)
                end = info.offset_data + -(-info.size // _BLOCK) * _BLOCK
                if info.isdir():
                    folders.append(f"{info.name.removeprefix('./').rstrip('/')}/")
                    continue
                name = info.name.removeprefix("./")
                _require_plain(info)
                names.add(name)
                limits.write(_data(file, info), into / name, compressed=info.size)
                members.append((into / name, name))
                # tarfile goes on from where the data end, whatever was read since.
            _require_zeros(file, end, path.stat().st_size)
    except (tarfile.TarError, ValueError, EOFError, OverflowError, RecursionError):
        raise _odd("is damaged, or was cut short") from None
    # "./" stands for the folder of all.
    empty = empty_folders(
        [*(name for _, name in members), *(folder for folder in folders if folder not in {"/", "./"})]
    )
    counted = (
        ("owners and spare bytes in headers of a tar", len(members)),
        ("extended headers of a tar", odd_headers),
        ("empty folders", empty),
    )
    parts = tuple(FilePart(what=what, fate=Fate.REMOVED, count=count) for what, count in counted if count)
    return tuple(members), parts


def _require_plain(info: tarfile.TarInfo) -> None:
    if info.type not in {tarfile.REGTYPE, tarfile.AREGTYPE} or info.issparse():
        raise _odd("has members that are links, devices or sparse", "pack regular files only")


def _odd_headers(info: tarfile.TarInfo) -> int:
    if len(info.pax_headers) > _MOST_HEADERS:
        raise _odd("has too many headers")
    return len(set(info.pax_headers) - _ORDINARY)


def _data(file: IO[bytes], info: tarfile.TarInfo) -> Iterator[bytes]:
    """Yield the bytes of a member, and look that nothing but zeros fills up its last block.

    Raises: UnreadableError.
    """
    left = info.size
    file.seek(info.offset_data)
    while left:
        chunk = file.read(min(CHUNK, left))
        if not chunk:
            raise _odd("is damaged, or was cut short")
        left -= len(chunk)
        yield chunk
    if file.read(-info.size % _BLOCK).strip(b"\0"):
        raise _odd("has bytes between its members")


def _require_zeros(file: IO[bytes], at: int, size: int) -> None:
    """Refuse an end without the block of zeros that marks it, and anything else after the last member.

    Raises: UnreadableError.
    """
    if size - at < _BLOCK:
        raise _odd("is damaged, or was cut short")
    file.seek(at)
    while chunk := file.read(CHUNK):
        if chunk.strip(b"\0"):
            raise _odd("goes on after its last member, or is damaged")
