"""What texts say after one layer of encoding is taken off: a general step that proposes other texts."""

from __future__ import annotations

import base64
import binascii
import bz2
import html
import lzma
import quopri
import re
import zlib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote_to_bytes

from geogate.measures.hidden.forms.form import compiled
from geogate.measures.hidden.text_fold import selected
from geogate.measures.hidden.text_numerals import TELLING as NUMERALS
from geogate.measures.hidden.text_numerals import spelt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOST: Final = 1 << 22
"""Bytes that a value may say after a layer of encoding is taken off; more is too much to judge."""

_SHORTEST: Final = 9
_HEAD: Final = 13
_FLAG: Final = 0x20
_LONGEST_GEOMETRY: Final = 1 << 18
_GROUP: Final = r"[I-Za-f][C-HS-Xi-ny-z0-3][AEIMQUYcgkosw048BFJNRVZdhlptx159][A-Za-z0-9+/_-]"
_DIGITS: Final = r"[I-PRTUV][C-FS-Vi-ly-z01][AEIMQUYcgkosw048BFJNRVZdhlptx159][A-Za-z0-9+/_-]"
_FIVE: Final = r"[E-P][ABEFIJMNQRUVYZ45][A-Z2-7][A-HQ-X][ACEGIKMOQSUWY246][A-Z2-7][A-DI-LQ-TYZ23][A-Z2-7]"
BASE64: Final = (
    rf"(?:{_GROUP}){{3}}|(?:{_DIGITS}){{2}}|A[Q-f][A-Za-z0-9+/_-][ADHL]A[ACEGIKMO][A-Za-z0-9+/_-]{{20}}"
    r"|A[ACEGIKMO]AA[A-C][A-Za-z0-9+/_-]{20}|H4sI[A-Za-z0-9+/_-]{10}|\beJ[A-Za-z0-9+/_-]{16}|\be[AFN][A-Za-z0-9+/_-]{20}"
    r"|\bQlpo|\b/Td6WFo"
    # Wide digits and characters without a width, wherever they fall in a group.
    r"|77y[Q-Z]|[Oeu+]\+8|vvJ|4oC[L-P]|[Oeu+]KA[ij]|igI[s-v]"
)
BASE32: Final = rf"(?i:(?:{_FIVE}){{2}})|\bD6FQ[A-Z2-7]{{12}}|\b[A-Z2-7]{{32}}|\b[a-z2-7]{{32}}"
HEX: Final = (
    r"(?i:E2808[B-F]|EFBC9[0-9]|(?:[2-7][0-9A-F]|C2B0|E280[0-9A-F]{2}){9}|(?:[2-7][0-9A-F][ :,]){8}[2-7][0-9A-F]"
    r"|1F8B08[0-9A-F]{20}"
    r"|\b78(?:01|5E|9C|DA)[0-9A-F]{16}|4750000[0-9A-F])"
)
_ESCAPE: Final = r"\\(?:u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|x[0-9A-Fa-f]{2}|[0-7]{3}|[\"/])"
_ENTITY: Final = r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[a-zA-Z]{2,12});"
_PERCENT: Final = r"%[0-9A-Fa-f]{2}"
_PRINTABLE: Final = r"=[0-9A-F]{2}[^=\x1e\x1f]{0,76}=[0-9A-F]{2}"
_MIRRORED: Final = (
    r"(?i:\b(?:tal|nol|gnol|edutital|edutignol)\b|\)[0-9. ,]+\(\s?(?:tniop|gnirtsenil|nogylop)|[0-9]:oeg\b)"
)
_SELECTORS: Final = r"[\x{FE00}-\x{FE0F}\x{E0100}-\x{E01EF}]{4}"

_CODES: Final = r"(?:\b(?:3[2-9]|4[0-9]|5[0-7])\b[ ,;|/_-]{1,3}){5}"
"""Numbers of letters in a row that are digits, points, blanks and signs."""

_APART: Final = r"[0-9][ _-](?:[0-9.,/;|][ _-]){6}"
"""Digits each by itself."""

_BASE: Final = r"\b0(?:[bB][01]{20,64}|[oO][0-7]{7,22}|[xX][0-9A-Fa-f]{6,16})\b"
"""Whole numbers in another base that say so."""

_UNDERSCORES: Final = r"[0-9]_[NSns]_-?[0-9]"
"""Two axes as names of files and links of encyclopaedias write them, where no blank can stand."""

ESCAPES: Final = (
    f"{_APART}|{_BASE}|{_UNDERSCORES}|{_CODES}|{NUMERALS}"
    f"|{_ESCAPE}|{_ENTITY}|{_PERCENT}|{_PRINTABLE}|{_MIRRORED}|{_SELECTORS}"
)
TELLING: Final = f"{BASE64}|{BASE32}|{HEX}|{ESCAPES}"
"""The pattern of texts that may say something else after decoding."""


class TooMuchError(Exception):
    """A text says more after decoding than can be judged, or breaks off."""


def decoded(text: bytes) -> list[bytes]:
    """Return what a text may say after one layer of encoding is taken off.

    Raises: TooMuchError.
    """
    found: dict[bytes, None] = {}
    size = 0
    for step in (
        _mirrored,
        _percent,
        _entities,
        _escapes,
        _quoted,
        _selectors,
        _base64,
        _base32,
        _hex,
        _codes,
        _apart,
        _bases,
        _underscores,
        _numerals,
    ):
        for proposed in step(text):
            if proposed != text and proposed not in found and len(proposed) > 2:  # noqa: PLR2004
                found[proposed] = None
                size += len(proposed)
                if size > MOST:
                    raise TooMuchError
    return list(found)


def _mirrored(text: bytes) -> Iterator[bytes]:
    if compiled(_MIRRORED).search(text):
        yield text.decode("utf-8", "replace")[::-1].encode("utf-8")


def _percent(text: bytes) -> Iterator[bytes]:
    if compiled(_PERCENT).search(text):
        plain = unquote_to_bytes(text)
        yield plain
        if b"+" in text:
            yield unquote_to_bytes(text.replace(b"+", b" "))


def _entities(text: bytes) -> Iterator[bytes]:
    if compiled(_ENTITY).search(text):
        yield html.unescape(text.decode("utf-8", "replace")).encode("utf-8", "replace")


@lru_cache(maxsize=1)
def _escaped() -> re.Pattern[str]:
    return re.compile(r"\\+(?:u([0-9A-Fa-f]{4})|u\{([0-9A-Fa-f]{1,6})\}|x([0-9A-Fa-f]{2})|([0-7]{3})|([\"'/])|([nrt]))")


def _unescape(match: re.Match[str]) -> str:
    for group, base in ((1, 16), (2, 16), (3, 16), (4, 8)):
        if match.group(group):
            return chr(min(int(match.group(group), base), 0x10FFFF))
    return match.group(5) or " "


def _escapes(text: bytes) -> Iterator[bytes]:
    if compiled(_ESCAPE).search(text):
        plain = _escaped().sub(_unescape, text.decode("utf-8", "replace"))
        # Halves of a pair that stand beside each other are one character.
        yield plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode("utf-8")


def _quoted(text: bytes) -> Iterator[bytes]:
    if compiled(_PRINTABLE).search(text):
        yield quopri.decodestring(text)


def _selectors(text: bytes) -> Iterator[bytes]:
    if compiled(_SELECTORS).search(text):
        raw = selected(text)
        if raw:
            yield from texts_in(raw)


def _base64(text: bytes) -> Iterator[bytes]:
    for run in _runs(text, BASE64, r"[A-Za-z0-9+/_-]+(?:\r?\n[A-Za-z0-9+/_-]+)*"):
        plain = run.translate(_URL_SAFE, b"\r\n")
        # Letters before it may belong to the run, so that it begins anywhere.
        for first in range(4):
            part = plain[first:]
            yield from _raw(part[: len(part) - (len(part) % 4 == 1)], base64.b64decode, 4)


def _base32(text: bytes) -> Iterator[bytes]:
    for run in _runs(text, BASE32, r"[A-Za-z2-7]+"):
        for first in range(8):
            part = run[first:].upper()
            yield from _raw(part[: len(part) - (len(part) % 8 in {1, 3, 6})], base64.b32decode, 8)


def _hex(text: bytes) -> Iterator[bytes]:
    for run in _runs(text, HEX, r"[0-9A-Fa-f]+"):
        for first in range(2):
            part = run[first:]
            yield from _raw(part[: len(part) // 2 * 2], binascii.unhexlify, 1)
    for match in compiled(r"(?:[0-9A-Fa-f]{2}[ :,]\s?){8,}[0-9A-Fa-f]{2}\b").finditer(text):
        yield from _raw(match.group().translate(None, b" :,\t\r\n"), binascii.unhexlify, 1)


def _codes(text: bytes) -> Iterator[bytes]:
    if compiled(_CODES).search(text):
        for match in compiled(r"(?:\b[0-9]{2,3}\b[ ,;|/_-]{1,3}){5,}[0-9]{2,3}\b").finditer(text):
            codes = [int(each) for each in compiled("[0-9]+").findall(match.group())]
            yield bytes(code for code in codes if code < 0x100)  # noqa: PLR2004 bytes


def _apart(text: bytes) -> Iterator[bytes]:
    if compiled(_APART).search(text):
        for match in compiled(r"[0-9](?:[ _-]{1,3}[0-9.,/;|]){8,}").finditer(text):
            # Of several signs between two digits all but the first part two numbers.
            yield re.sub(rb"[ _-]([ _-]{0,2})", rb"\1", match.group())


def _bases(text: bytes) -> Iterator[bytes]:
    if compiled(_BASE).search(text):
        yield compiled(_BASE).sub(lambda match: b"%d" % int(match.group(), 0), text)


def _underscores(text: bytes) -> Iterator[bytes]:
    if compiled(_UNDERSCORES).search(text):
        yield text.replace(b"_", b" ")


def _numerals(text: bytes) -> Iterator[bytes]:
    if compiled(NUMERALS).search(text):
        plain = spelt(text.decode("utf-8", "replace"))
        if plain is not None:
            # By itself a number is looked at among numbers, which a text of words is not.
            yield b"# " + plain.encode("utf-8")


_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")


def _runs(text: bytes, telling: str, alphabet: str) -> Iterator[bytes]:
    """Find the runs of an alphabet in which something tells."""
    tells = compiled(telling)
    if tells.search(text) is None:
        return
    for run in compiled(alphabet).finditer(text):
        if run.end() - run.start() >= _SHORTEST and tells.search(text, run.start(), run.end()) is not None:
            yield run.group()


def _raw(part: bytes, decode: Callable[[bytes], bytes], width: int) -> Iterator[bytes]:
    padded = part + b"=" * (-len(part) % width)
    try:
        yield from texts_in(decode(padded))
    except (binascii.Error, ValueError):
        return


def texts_in(raw: bytes) -> Iterator[bytes]:
    """Return what bytes say as text: plain, compressed, of two bytes a character; geometries as digits.

    Raises: TooMuchError.
    """
    if len(raw) > MOST:
        raise TooMuchError
    plain = _decompressed(raw)
    if plain is not None:
        raw = plain
    if raw[:3] == b"GP\x00" and len(raw) > 8:  # noqa: PLR2004
        raw = raw[8 + (0, 32, 48, 48, 64, 0, 0, 0)[raw[3] >> 1 & 7] :]
    if (
        raw[:1] in {b"\x00", b"\x01"}
        and len(raw) >= _HEAD
        and (raw[3:5] == b"\0\0" or raw[1:3] == b"\0\0" or raw[4] >= _FLAG)
    ):
        if len(raw) > _LONGEST_GEOMETRY:
            raise TooMuchError
        yield raw.hex().encode("ascii")
    if raw.count(b"\x00") * 3 > len(raw):
        yield raw.replace(b"\x00", b"")
    elif _is_text(raw):
        yield raw


def _is_text(raw: bytes) -> bool:
    """Say whether most bytes are text; some may have been lost at the ends of a run."""
    if raw.isascii():
        return sum(raw.count(bytes([code])) for code in (0, 1, 2, 3, 4, 5, 6, 7, 8, 127)) * 4 <= len(raw)
    seen = raw.decode("utf-8", "replace")
    return seen.count("\ufffd") * 8 <= len(seen) + 8


def _decompressed(raw: bytes) -> bytes | None:
    """Return what compressed bytes hold, ``None`` where they are not compressed.

    Raises: TooMuchError where it is more than can be judged, or breaks off.
    """
    if raw[:2] == b"\x1f\x8b":
        stream: Any = zlib.decompressobj(31)
    elif raw[:2] in {b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda"}:
        stream = zlib.decompressobj()
    elif raw[:3] == b"BZh":
        stream = bz2.BZ2Decompressor()
    elif raw[:6] == b"\xfd7zXZ\x00":
        stream = lzma.LZMADecompressor(memlimit=1 << 26)
    else:
        return None
    try:
        plain: bytes = stream.decompress(raw, MOST)
    except (zlib.error, OSError, lzma.LZMAError, EOFError):
        return None
    if not stream.eof and plain:
        raise TooMuchError
    return plain
