"""Point clouds as laspy opens them, and LAS by its header and records: every warning an error.

Source: LAS 1.4 R15 (ASPRS); LAZ 1.4; COPC 1.0.
"""

from __future__ import annotations

import logging
import struct
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from geogate.libraries.strict import REMEDY, strictly
from geogate.measures.source import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK: Final = 65_536
"""Points that are read at once, where they are not too large."""

_CHUNK_BYTES: Final = 32 * 1024 * 1024

_HEADER: Final = 375
_SIZES: Final = {0: 227, 1: 227, 2: 227, 3: 235, 4: 375}
_RECORD: Final = struct.Struct("<H16sHH32s")
_LATE_RECORD: Final = struct.Struct("<H16sHQ32s")
_MOST_RECORDS: Final = 10_000
_COMPRESSED: Final = 0xC0
_MOST_POINTS: Final = 20_000_000_000


def damaged() -> UnreadableError:
    """Say that header and records do not hold together."""
    return UnreadableError("the point cloud's header does not fit what follows", remedy=REMEDY)


class _Kept(logging.Handler):
    """Keeps what laspy logs."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one message."""
        self.messages.append(record.getMessage())


@contextmanager
def strict_points(what: str) -> Iterator[None]:
    """Run calls into laspy; ``what`` continues the sentence ``the file cannot be ...``.

    Never spans a ``yield`` of the caller.

    Raises: UnreadableError for every exception, warning and log line, and for a panic of the decompressor.
    """
    logger, kept = logging.getLogger("laspy"), _Kept()
    logger.addHandler(kept)
    before, logger.propagate = logger.propagate, False
    try:
        with strictly(what):
            yield
    except (UnreadableError, KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:
        # A panic in Rust is no Exception.
        if type(error).__name__ != "PanicException":
            raise
        raise UnreadableError(f"the file cannot be {what}", remedy=REMEDY) from None
    finally:
        logger.propagate = before
        logger.removeHandler(kept)
    if kept.messages:
        raise UnreadableError(f"the file cannot be {what} without a warning", remedy=REMEDY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record of the header, or one behind the points.

    Units: ``size`` in bytes, with its own head.
    """

    user: bytes
    number: int
    reserved: int
    description: bytes
    content: bytes
    late: bool
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a LAS says of itself, as its bytes have it.

    Units: ``at``, ``point_bytes`` and the ``gap`` before the points in bytes; ``behind`` are the bytes that belong to
    nothing behind points that are not compressed.
    """

    source_id: int
    encoding: int
    project: bytes
    texts: bytes
    created: bytes
    own: bytes
    point_format: int
    compressed: bool
    point_bytes: int
    points: int
    at: int
    gap: int
    behind: int
    records: tuple[Record, ...]


def header_of(path: Path) -> Header:
    """Read the header and all records.

    Raises: UnreadableError when something points outside the file, or points are more than it can hold.
    """
    try:
        with path.open("rb") as file:
            return _header(file, path.stat().st_size)
    except (struct.error, IndexError):
        raise damaged() from None


def _header(file: Any, file_bytes: int) -> Header:
    head = file.read(_HEADER)
    (source_id, encoding) = struct.unpack_from("<HH", head, 4)
    major, minor = head[24], head[25]
    if head[:4] != b"LASF" or major != 1 or minor not in _SIZES:
        raise damaged()
    size, at, count, kind, point_bytes, points = struct.unpack_from("<HIIBHI", head, 94)
    late_at = late = 0
    if minor >= 4:  # noqa: PLR2004 the version that counts in 64 bits
        late_at, late, points = struct.unpack_from("<QIQ", head, 235)
    if size < _SIZES[minor] or at < size or at > file_bytes or count + late > _MOST_RECORDS or points > _MOST_POINTS:
        raise damaged()
    file.seek(size)
    records = [_record(file, at, late=False) for _ in range(count)]
    gap = at - file.tell()
    compressed = bool(kind & _COMPRESSED)
    end = at if compressed else at + points * point_bytes
    if gap < 0 or end > file_bytes or (late and not end <= late_at <= file_bytes):
        raise damaged()
    if late:
        file.seek(late_at)
        records += [_record(file, file_bytes, late=True) for _ in range(late)]
        last = file.tell()
        behind = file_bytes - last + (0 if compressed else late_at - end)
    else:
        behind = 0 if compressed else file_bytes - end
    if compressed:
        _require_table(file, at, file_bytes)
    file.seek(_SIZES[minor])
    return Header(
        source_id=source_id,
        encoding=encoding,
        project=head[8:24],
        texts=head[26:90],
        created=head[90:94],
        own=file.read(size - _SIZES[minor]),
        point_format=kind & ~_COMPRESSED & 0xFF,
        compressed=compressed,
        point_bytes=point_bytes,
        points=points,
        at=at,
        gap=gap,
        behind=behind,
        records=tuple(records),
    )


def _require_table(file: Any, at: int, file_bytes: int) -> None:
    """Refuse a table of compressed runs that has more of them than there are bytes: the decompressor believes it.

    Raises: UnreadableError.
    """
    file.seek(at)
    (table,) = struct.unpack("<q", file.read(8))
    if table == -1:
        file.seek(file_bytes - 8)
        (table,) = struct.unpack("<q", file.read(8))
    if not at + 8 <= table <= file_bytes - 8:
        raise damaged()
    file.seek(table)
    _, runs = struct.unpack("<II", file.read(8))
    if runs > table - at:
        raise damaged()


def _record(file: Any, end: int, *, late: bool) -> Record:
    form = _LATE_RECORD if late else _RECORD
    reserved, user, number, size, description = form.unpack(file.read(form.size))
    if file.tell() + size > end:
        raise damaged()
    content = file.read(size)
    return Record(
        user=user.split(b"\0")[0],
        number=number,
        reserved=reserved,
        description=description,
        content=content,
        late=late,
        size=form.size + size,
    )


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a LAS or LAZ with laspy.

    Raises: UnreadableError.
    """
    import laspy

    # laspy leaves a file open that it does not like.
    with path.open("rb") as file:
        with strict_points("opened"):
            reader = laspy.open(file, laz_backend=laspy.LazBackend.Lazrs, closefd=False)
        try:
            yield reader
        finally:
            with strict_points("closed"):
                reader.close()


def chunks(reader: Any, points: int) -> Iterator[Any]:
    """Read all points in runs of at most ``CHUNK``.

    Raises: UnreadableError when there are fewer than the header claims.
    """
    read, most = 0, max(1, min(CHUNK, _CHUNK_BYTES // max(1, reader.header.point_format.size)))
    while read < points:
        with strict_points("read"):
            several = reader.read_points(min(most, points - read))
        if not len(several):
            raise damaged()
        read += len(several)
        yield several
