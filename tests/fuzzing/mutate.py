"""Ways to damage a file, so small and plain that a list of them says how an input was made."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from fuzzing.seeds import Seed


class How(StrEnum):
    """What is done at a place."""

    FLIP = auto()
    """One bit."""
    PUT = auto()
    """Bytes over others."""
    INSERT = auto()
    REMOVE = auto()
    CUT = auto()
    """Everything from there on."""
    SWAP = auto()
    """Two runs of bytes, the second as far from the end as the first from the start."""
    REPEAT = auto()
    NUMBER = auto()
    """A number of 2, 4 or 8 bytes, as lengths and counts are written, by an odd one."""
    SPLICE = auto()
    """Everything from there on by the end of another file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change; ``at`` counts from the start of the file and goes round, so that every change fits every file."""

    how: How
    at: int
    length: int = 1
    value: bytes = b""


WORDS: Final = (
    *(b"<", b">", b"&", b'"', b"'", b"\0", b"\n", b",", b"{", b"[", b"}", b"]", b"null", b"nan", b"-", b"1e999"),
    *(b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04", b"<!DOCTYPE a>", b"]]>", b"&#0;", b"\xff\xfe", b"\xef\xbb\xbf"),
    *(b"PAR1", b"fgb\x03", b"SQLite format 3\0", b"LASF", b"Exif\0\0", b"IEND", b"\xff\xd9", b"II*\0", b"MM\0*"),
    *(b"POINT EMPTY", b"\\u0000", b"\xed\xa0\x80", b"\xf0\x9f\x92\xa3", b"99999999999999999999"),
)
"""What some parser looks for."""

NUMBERS: Final = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1 << 63, -1)
MOST_BYTES: Final = 4 << 20
_MOST_CHANGES: Final = 6
_FEW: Final = 64
_ZIP: Final = b"PK\x03\x04"
_GZIP: Final = b"\x1f\x8b"
_PNG: Final = b"\x89PNG\r\n\x1a\n"


def changes(chance: Random) -> tuple[Change, ...]:
    """Draw some changes; few are likelier than many, and the start of a file, where headers are, than the rest."""
    count = min(chance.randint(1, _MOST_CHANGES), chance.randint(1, _MOST_CHANGES))
    return tuple(_change(chance) for _ in range(count))


def _change(chance: Random) -> Change:
    how = chance.choice(list(How))
    if how in {How.CUT, How.SPLICE} and chance.random() < 0.5:
        how = How.PUT
    at = chance.choice((chance.randrange(_FEW * 8), -chance.randrange(1, _FEW * 8), chance.randrange(MOST_BYTES)))
    length = chance.choice((1, 2, 4, 8, chance.randint(1, _FEW)))
    if how is How.NUMBER:
        return Change(how=how, at=at, length=chance.choice((2, 4, 8)), value=number(chance))
    value = chance.choice(WORDS) if chance.random() < 0.5 else chance.randbytes(chance.randint(1, 8))
    return Change(how=how, at=at, length=length, value=value)


def number(chance: Random) -> bytes:
    """Draw eight bytes of an odd number, in one of the orders."""
    value = (chance.choice(NUMBERS) + chance.choice((0, 0, 1, -1))) % (1 << 64)
    return struct.pack(chance.choice("<>") + "Q", value)


def changed(data: bytes, done: Sequence[Change], *, other: bytes = b"") -> bytes:
    """Apply changes, one after the other; ``other`` is what is spliced in."""
    new = bytearray(data)
    for change in done:
        _apply(new, change, other)
    return bytes(new[:MOST_BYTES])


def _apply(new: bytearray, change: Change, other: bytes) -> None:
    size = len(new)
    at = change.at % (size + 1)
    end = min(at + change.length, size)
    match change.how:
        case How.FLIP if at < size:
            new[at] ^= 1 << change.length % 8
        case How.PUT:
            new[at : at + len(change.value)] = change.value
        case How.INSERT:
            new[at:at] = change.value
        case How.REMOVE:
            del new[at:end]
        case How.CUT:
            del new[at:]
        case How.SWAP:
            start = max(size - end, end)
            new[at:end], new[start : start + end - at] = new[start : start + end - at], new[at:end]
        case How.REPEAT:
            new[at:at] = new[at:end] * (1 + change.length)
        case How.NUMBER:
            width = change.length if change.length in {2, 4, 8} else 4
            small = change.value[:1] not in {b"", b"\0"}
            new[at:end] = change.value[:width] if small else change.value[-width:]
        case How.SPLICE:
            new[at:] = other[at % (len(other) + 1) :]
        case _:
            return


def mutated(seed: Seed, other: Seed, chance: Random) -> dict[str, bytes]:
    """Damage one file of a dataset; what is packed is sometimes damaged inside, and packed again as it should be."""
    name = chance.choice((seed.main, seed.main, *seed.files))
    done = changes(chance)
    data, spliced = seed.files[name], other.files[other.main]
    inside = chance.random() < 0.5
    new = repacked(data, done, chance, spliced) if inside else changed(data, done, other=spliced)
    return dict(seed.files) | {name: new}


def repacked(data: bytes, done: Sequence[Change], chance: Random, other: bytes = b"") -> bytes:
    """Apply changes to what is within a container, with checksums that are right."""
    if data.startswith(_ZIP):
        return _zip_again(data, done, chance, other)
    if data.startswith(_GZIP):
        return gzip.compress(changed(gzip.decompress(data), done, other=other), mtime=0)
    if data.startswith(_PNG):
        return _png_again(changed(data, done, other=other))
    return changed(data, done, other=other)


def _zip_again(data: bytes, done: Sequence[Change], chance: Random, other: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info: archive.read(info) for info in archive.infolist()}
    which = chance.choice(list(members))
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, member in members.items():
            part = repacked(member, done, chance, other) if info is which else member
            archive.writestr(zipfile.ZipInfo(info.filename), part, zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def _png_again(data: bytes) -> bytes:
    """Write the checksums of all chunks anew, as far as there are chunks."""
    new, at = bytearray(data[:8]), 8
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        chunk = data[at + 4 : at + 8 + size]
        if len(chunk) != 4 + size:
            break
        new += size.to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
        at += 12 + size
    return bytes(new + data[at:])
