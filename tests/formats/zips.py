"""Zips made by hand for tests, byte by byte, so that headers, data and directory can differ."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

STORED, DEFLATED = 0, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """One member: its name, its data as they lie in the file, and what its headers say; ``None`` stands for the truth.

    ``local_size`` is what the header before the data says alone; ``at`` the place of a header that lies elsewhere.
    """

    name: str
    data: bytes
    method: int = STORED
    size: int | None = None
    crc: int | None = None
    local_size: int | None = None
    extra: bytes = b""
    comment: bytes = b""
    at: int | None = None


def deflated(data: bytes) -> bytes:
    """Compress as zips do."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


def local(made: Made) -> bytes:
    """Write a member with the header before it."""
    size = made.size if made.local_size is None else made.local_size
    head = struct.pack("<4s5H", b"PK\x03\x04", 20, 0, made.method, 0, 33)
    return head + _sizes(made, size) + struct.pack("<HH", len(made.name), len(made.extra)) + _rest(made) + made.data


def by_hand(*members: Made) -> bytes:
    """Write members one after the other, and their directory."""
    body, directory = b"", b""
    for made in members:
        at = len(body) if made.at is None else made.at
        body += local(made) if made.at is None else b""
        directory += struct.pack("<4s6H", b"PK\x01\x02", 20, 20, 0, made.method, 0, 33) + _sizes(made, made.size)
        lengths = (len(made.name), len(made.extra), len(made.comment))
        directory += struct.pack("<3HHHII", *lengths, 0, 0, 0, at) + _rest(made) + made.comment
    end = struct.pack("<4s4HIIH", b"PK\x05\x06", 0, 0, len(members), len(members), len(directory), len(body), 0)
    return body + directory + end


def _sizes(made: Made, size: int | None) -> bytes:
    crc = zlib.crc32(made.data) if made.crc is None else made.crc
    return struct.pack("<3I", crc, len(made.data), len(made.data) if size is None else size)


def _rest(made: Made) -> bytes:
    return made.name.encode() + made.extra
