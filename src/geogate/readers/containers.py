"""Containers opened to every member, and those again, within limits; what no container is stays as it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from geogate.measures.source import UnreadableError
from geogate.readers.containers_limits import Limits
from geogate.readers.containers_names import is_safe
from geogate.readers.containers_streams import gzip_parts, inside, plain_name
from geogate.readers.containers_tar import unpack_tar
from geogate.readers.containers_zip import unpack_zip
from geogate.readers.recognise import container_of
from geogate.readers.recognise_glimpse import Container

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from geogate.model.dataset import FilePart


@dataclass(slots=True)
class _Unpacking:
    scratch: Path
    limits: Limits
    files: dict[Path, str] = field(default_factory=dict)
    parts: list[FilePart] = field(default_factory=list)
    folders: int = 0

    def add(self, path: Path, name: str, depth: int) -> None:
        """Take a file, or everything in it where it is a container."""
        kind = _container(path)
        if kind is None:
            self.files[path] = name
            return
        if depth >= self.limits.depth:
            raise UnreadableError(
                f"containers lie within containers more than {self.limits.depth} deep",
                remedy="unpack them and send the files themselves",
            )
        self.folders += 1
        into = self.scratch / str(self.folders)
        members, parts = self._unpack(path, name, kind, into)
        if not members:
            raise UnreadableError(f"the {kind} has no files", remedy="leave it out, or pack the files again")
        self.parts += parts
        for member, inner in members:
            whole = f"{name}/{inner}"
            if not is_safe(whole):
                raise UnreadableError("a container has members with too long a name", remedy="use shorter names")
            self.add(member, whole, depth + 1)

    def _unpack(
        self, path: Path, name: str, kind: Container, into: Path
    ) -> tuple[tuple[tuple[Path, str], ...], tuple[FilePart, ...]]:
        match kind:
            case Container.ZIP:
                return unpack_zip(path, into, self.limits)
            case Container.TAR:
                return unpack_tar(path, into, self.limits)
            case _:
                inner = plain_name(name, kind)
                self.limits.one_more()
                self.limits.write(inside(path, kind), into / inner, compressed=path.stat().st_size)
                parts = gzip_parts(path, inner) if kind is Container.GZIP else ()
                return ((into / inner, inner),), parts


def _container(path: Path) -> Container | None:
    try:
        return container_of(path) if path.is_file() else None
    except OSError:
        raise UnreadableError("the file cannot be opened", remedy="stage readable regular files") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """All files of a dataset outside and inside of containers by their names, and the parts of containers besides."""

    files: Mapping[Path, str]
    parts: tuple[FilePart, ...]


def unpack(files: Mapping[Path, str], *, scratch: Path, limits: Limits | None = None) -> Unpacked:
    """Open every container into ``scratch``; a member is named after its container, as ``a.zip/folder/b.gpkg``.

    Raises: UnreadableError for whatever is odd or too much; ServiceError when the disk fails.
    """
    work = _Unpacking(scratch, limits or Limits())
    for path, name in files.items():
        work.add(path, name, 0)
    return Unpacked(files=work.files, parts=tuple(work.parts))
