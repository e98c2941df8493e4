"""Zip, opened byte by byte: local headers, data and directory must tell the same story and leave no gap.

Source: PKWARE APPNOTE 6.3.10, sections 4.3 and 4.4.
"""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

from geogate.measures.source import UnreadableError
from geogate.model.dataset import Fate, FilePart
from geogate.readers.containers_limits import CHUNK
from geogate.readers.containers_names import Names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from geogate.readers.containers_limits import Limits

_LOCAL: Final = struct.Struct("<4s5H3I2H")
_DESCRIPTOR: Final = b"PK\x07\x08"
_ENCRYPTED: Final = 0x1 | 0x40 | 0x2000
_HAS_DESCRIPTOR: Final = 0x8
_UTF8: Final = 0x800
_UNIX: Final = 3
_END: Final = 22
_END_64: Final = 56 + 20
_TIMES: Final = frozenset({0x0001, 0x000A, 0x5455, 0x5855, 0x7855, 0x7875})
"""Extra fields of sizes, times and owners, of fixed lengths."""

_LONGEST_TIMES: Final = 40
_IN_ZIP64: Final = 0xFFFFFFFF
_ANOTHER_NAME: Final = 0x7075


def odd_zip(why: str, remedy: str = "pack the files again with a common program") -> UnreadableError:
    """Word what is wrong with a zip."""
    return UnreadableError(f"the zip {why}", remedy=remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One member as both headers describe it, and where its data lie.

    Units: ``start`` and ``end`` are offsets of the data in bytes; ``after`` that of what follows the member.
    """

    info: zipfile.ZipInfo
    start: int
    end: int
    after: int
    odd_extra: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipListing:
    """All members of a zip, and its parts that are no member."""

    entries: tuple[Entry, ...]
    parts: tuple[FilePart, ...]


def list_zip(path: Path, *, most: int = 10_000) -> ZipListing:
    """Read the directory of a zip and hold every local header against it.

    Raises: UnreadableError.
    """
    try:
        with path.open("rb") as file, zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            if len(infos) > most:
                raise odd_zip(f"has more than {most:,} members", "send fewer files at a time")
            for info in infos:
                _require_plain(info)
            entries = tuple(_entry(file, info) for info in sorted(infos, key=lambda one: one.header_offset))
            parts = _gaps(entries, archive.start_dir, path.stat().st_size, len(archive.comment), archive)
            return ZipListing(entries=entries, parts=tuple(parts))
    except (zipfile.BadZipFile, struct.error, EOFError, ValueError, NotImplementedError, OverflowError, OSError):
        raise odd_zip("is damaged, or was cut short") from None


def _require_plain(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise odd_zip("has encrypted members", "pack the files without a password")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise odd_zip("has members compressed in an uncommon way", "pack the files with deflate")
    mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
    if stat.S_IFMT(mode) not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise odd_zip("has members that are links or devices", "pack regular files only")
    if not info.filename:
        raise odd_zip("has a member without a name")
    if info.orig_filename != info.filename or (info.is_dir() and info.file_size):
        raise odd_zip("has a member whose name hides something")


def _entry(file: IO[bytes], info: zipfile.ZipInfo) -> Entry:
    file.seek(info.header_offset)
    fields = _LOCAL.unpack(file.read(_LOCAL.size))
    signature, _, flags, method, _, _, crc, packed, size, name_bytes, extra_bytes = fields
    name = file.read(name_bytes)
    extra = file.read(extra_bytes)
    encoded = info.orig_filename.encode("utf-8" if info.flag_bits & _UTF8 else "cp437")
    if signature != b"PK\x03\x04" or (flags, method, name) != (info.flag_bits, info.compress_type, encoded):
        raise odd_zip("has members that its directory describes otherwise")
    start = info.header_offset + _LOCAL.size + name_bytes + extra_bytes
    end = start + info.compress_size
    odd = {found for found in (_odd_extra(extra), _odd_extra(info.extra)) if found is not None}
    if _ANOTHER_NAME in odd:
        raise odd_zip("has members with two names")
    after = end
    if flags & _HAS_DESCRIPTOR:
        after += _descriptor(file, info, end)
    elif crc != info.CRC or not {packed, size} - {_IN_ZIP64} <= {info.compress_size, info.file_size}:
        raise odd_zip("has members that its directory describes otherwise")
    return Entry(info=info, start=start, end=end, after=after, odd_extra=bool(odd))


def _descriptor(file: IO[bytes], info: zipfile.ZipInfo, at: int) -> int:
    """Return the length of what repeats checksum and sizes after the data.

    Raises: UnreadableError when nothing does.
    """
    file.seek(at)
    found = file.read(24)
    for form in ("<III", "<IQQ"):
        plain = struct.pack(form, info.CRC, info.compress_size, info.file_size)
        for whole in (_DESCRIPTOR + plain, plain):
            if found.startswith(whole):
                return len(whole)
    raise odd_zip("has members that its directory describes otherwise")


def _odd_extra(extra: bytes) -> int | None:
    """Return the first extra field that holds more than sizes and times; ``None`` where there is none."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind not in _TIMES or length > _LONGEST_TIMES:
            return int(kind)
        at += 4 + length
    return None if at == len(extra) else -1


def _gaps(
    entries: tuple[Entry, ...], directory: int, size: int, comment: int, archive: zipfile.ZipFile
) -> Iterator[FilePart]:
    """Find what lies before, between and after the members.

    Raises: UnreadableError when members overlap.
    """
    at = unclaimed = 0
    for entry in entries:
        if entry.info.header_offset < at:
            raise odd_zip("has members that overlap")
        unclaimed += entry.info.header_offset - at
        at = entry.after
    if directory < at:
        raise odd_zip("has members that overlap")
    unclaimed += directory - at
    listed = sum(46 + len(e.info.orig_filename.encode()) + len(e.info.extra) + len(e.info.comment) for e in entries)
    rest = size - directory - listed - _END - comment
    if rest not in {0, _END_64}:
        unclaimed += max(rest, 1)
    if unclaimed:
        yield FilePart(what="bytes beside the members of a zip", fate=Fate.REMOVED, size=unclaimed)
    comments = sum(bool(entry.info.comment) for entry in entries) + bool(archive.comment)
    if comments:
        yield FilePart(what="comments of a zip", fate=Fate.REMOVED, count=comments)
    extras = sum(entry.odd_extra for entry in entries)
    if extras:
        yield FilePart(what="extra fields of a zip", fate=Fate.REMOVED, count=extras)
    empty = empty_folders([entry.info.filename for entry in entries])
    if empty:
        yield FilePart(what="empty folders", fate=Fate.REMOVED, count=empty)


def empty_folders(names: Sequence[str]) -> int:
    """Count the folders in which no file lies, so that nothing else names them; a folder's name ends with a slash."""
    files = [name for name in names if not name.endswith("/")]
    needed = {name[: at + 1] for name in files for at, letter in enumerate(name) if letter == "/"}
    return sum(name.endswith("/") and name not in needed for name in names)


def unpack_zip(path: Path, into: Path, limits: Limits) -> tuple[tuple[tuple[Path, str], ...], tuple[FilePart, ...]]:
    """Unpack every member into a folder and return each with its name, and the parts that are no member.

    Raises: UnreadableError; ServiceError when the disk fails.
    """
    listing, names = list_zip(path, most=limits.members), Names()
    members = []
    with path.open("rb") as file:
        for entry in listing.entries:
            if entry.info.is_dir():
                continue
            name = entry.info.filename
            names.add(name)
            limits.one_more()
            limits.write(member_bytes(file, entry), into / name, compressed=entry.info.compress_size)
            members.append((into / name, name))
    return tuple(members), listing.parts


def member_bytes(file: IO[bytes], entry: Entry) -> Iterator[bytes]:
    """Yield the bytes of a member as they are decompressed.

    Raises: UnreadableError when they are not as many as claimed, have another checksum, or end before their data do.
    """
    crc = size = 0
    for chunk in _decoded(file, entry):
        crc, size = zlib.crc32(chunk, crc), size + len(chunk)
        if size > entry.info.file_size:
            break
        yield chunk
    if (size, crc) != (entry.info.file_size, entry.info.CRC):
        raise odd_zip("has a member that is damaged, or larger than it claims")


def _decoded(file: IO[bytes], entry: Entry) -> Iterator[bytes]:
    at, inflate = entry.start, zlib.decompressobj(-zlib.MAX_WBITS)
    stored = entry.info.compress_type == zipfile.ZIP_STORED
    try:
        while at < entry.end:
            file.seek(at)
            data = file.read(min(CHUNK, entry.end - at))
            if not data:
                raise odd_zip("is damaged, or was cut short")
            at += len(data)
            if stored:
                yield data
                continue
            while data and not inflate.eof:
                yield inflate.decompress(data, CHUNK)
                data = inflate.unconsumed_tail
            if inflate.unused_data or (inflate.eof and at < entry.end):
                raise odd_zip("has bytes after the end of a member's data")
    except zlib.error:
        raise odd_zip("has a member that is damaged") from None
    if not stored and not inflate.eof:
        raise odd_zip("has a member that is damaged")
