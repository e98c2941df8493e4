"""Gzip, bzip2 and xz: one file each, decompressed to its last byte."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from typing import IO, TYPE_CHECKING, Any, Final

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart
from geogate.readers.containers_limits import CHUNK
from geogate.readers.recognise_glimpse import Container

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_MEMORY: Final = 256 << 20
_SUFFIXES: Final = {Container.GZIP: (".gz", ".tgz"), Container.BZIP2: (".bz2", ".tbz2"), Container.XZ: (".xz", ".txz")}
_HEADER: Final = 10
_FHCRC, _FEXTRA, _FNAME, _FCOMMENT = 2, 4, 8, 16
_LONGEST_FIELD: Final = 65_536


def _odd(kind: Container, why: str) -> UnreadableError:
    return UnreadableError(f"the {kind} stream {why}", remedy="compress the file again, or send it as it is")


def plain_name(name: str, kind: Container) -> str:
    """Name what is inside by the name of the compressed file."""
    base = name.rsplit("/", 1)[-1]
    for suffix in _SUFFIXES[kind]:
        if base.lower().endswith(suffix) and len(base) > len(suffix):
            return base[: -len(suffix)] + (".tar" if suffix.startswith(".t") else "")
    return f"{base}.content"


def inside(path: Path, kind: Container) -> Iterator[bytes]:
    """Yield the bytes of a compressed file, of all streams that it is made of.

    Raises: UnreadableError when it is damaged, cut short, or followed by something else.
    """
    with path.open("rb") as file:
        if kind is Container.GZIP:
            yield from _gunzip(file)
            return
        start: Callable[[], Any] = bz2.BZ2Decompressor if kind is Container.BZIP2 else _xz
        try:
            yield from _streams(file, start, kind)
        except (OSError, lzma.LZMAError, EOFError, ValueError, MemoryError):
            raise _odd(kind, "is damaged, cut short, or followed by something else") from None


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)


def _streams(file: IO[bytes], start: Callable[[], Any], kind: Container) -> Iterator[bytes]:
    decoder, data = start(), file.read(CHUNK)
    while data:
        while data or not (decoder.needs_input or decoder.eof):
            found = decoder.decompress(data, CHUNK)
            data = b""
            yield found
            if decoder.eof:
                break
        if decoder.eof:
            data = decoder.unused_data or file.read(CHUNK)
            if not data:
                return
            decoder = start()
        else:
            data = file.read(CHUNK)
    raise _odd(kind, "is cut short")


class _Header:
    """What the header of a gzip member says."""

    def __init__(self, file: IO[bytes]) -> None:
        head = file.read(_HEADER)
        if len(head) < _HEADER or head[:3] != b"\x1f\x8b\x08" or head[3] >= 2 * _FCOMMENT:
            raise _odd(Container.GZIP, "is damaged, cut short, or followed by something else")
        flags = head[3]
        self.extra = 0
        if flags & _FEXTRA:
            self.extra = int.from_bytes(file.read(2), "little")
            file.seek(self.extra, 1)
        self.name = _terminated(file) if flags & _FNAME else b""
        self.comment = _terminated(file) if flags & _FCOMMENT else b""
        if flags & _FHCRC:
            file.seek(2, 1)


def _terminated(file: IO[bytes]) -> bytes:
    at = file.tell()
    found = file.read(_LONGEST_FIELD)
    end = found.find(b"\0")
    if end < 0:
        raise _odd(Container.GZIP, "is damaged")
    file.seek(at + end + 1)
    return found[:end]


def gzip_parts(path: Path, name: str) -> tuple[FilePart, ...]:
    """Name what the header of the first gzip member has besides the data; its name counts where it is another."""
    with path.open("rb") as file:
        header = _Header(file)
    parts = []
    if header.name and header.name != name.encode():
        parts.append(FilePart(what="another name in a gzip header", fate=Fate.REMOVED, size=len(header.name)))
    if header.comment:
        parts.append(FilePart(what="comments in a gzip header", fate=Fate.REMOVED, size=len(header.comment)))
    if header.extra:
        parts.append(FilePart(what="extra fields in a gzip header", fate=Fate.REMOVED, size=header.extra))
    return tuple(parts)


def _gunzip(file: IO[bytes]) -> Iterator[bytes]:
    first = True
    while first or _goes_on(file):
        header = _Header(file)
        if not first and (header.name or header.comment or header.extra):
            raise _odd(Container.GZIP, "has more than one file")
        yield from _gzip_member(file)
        first = False


def _goes_on(file: IO[bytes]) -> bool:
    more = file.read(1)
    file.seek(-len(more), 1)
    return bool(more)


def _gzip_member(file: IO[bytes]) -> Iterator[bytes]:
    inflate, crc, size = zlib.decompressobj(-zlib.MAX_WBITS), 0, 0
    try:
        while not inflate.eof:
            data = file.read(CHUNK)
            if not data:
                raise _odd(Container.GZIP, "is cut short")
            while data and not inflate.eof:
                found = inflate.decompress(data, CHUNK)
                crc, size = zlib.crc32(found, crc), size + len(found)
                yield found
                data = inflate.unconsumed_tail
    except zlib.error:
        raise _odd(Container.GZIP, "is damaged") from None
    file.seek(-len(inflate.unused_data), 1)
    if file.read(8) != struct.pack("<II", crc, size & 0xFFFFFFFF):
        raise _odd(Container.GZIP, "is damaged, or was cut short")
