"""Positions in texts, disguised by Unicode or by one or two layers of encoding."""

from __future__ import annotations

import base64
import codecs
import gzip
import html
import json
import quopri
import unicodedata
import urllib.parse
from typing import TYPE_CHECKING

from smuggling.classes.positions_in_text import floats, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from smuggling.case import Case
    from smuggling.secret import Position

PLAIN = "lat {y:.6f}, lon {x:.6f}"
FULL_WIDTH = {ord("0") + n: ord("\N{FULLWIDTH DIGIT ZERO}") + n for n in range(10)}
ARABIC = {ord("0") + n: ord("\N{ARABIC-INDIC DIGIT ZERO}") + n for n in range(10)}
BOLD = {ord("0") + n: ord("\N{MATHEMATICAL BOLD DIGIT ZERO}") + n for n in range(10)}


def _plain(text: str) -> Position:
    numbers = floats("".join(c for c in unicodedata.normalize("NFKC", text) if unicodedata.category(c) != "Cf"))
    return numbers[1], numbers[0]


def disguised(name: str, why: str, hide: Callable[[str], str], show: Callable[[str], str] = str) -> Case:
    """Describe a case: how a text with a position is hidden, and shown again."""
    return written(name, why, lambda x, y: hide(PLAIN.format(x=x, y=y)), lambda text: _plain(show(text)))


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _unb64(text: str) -> str:
    return base64.b64decode(text).decode()


def _unarabic(text: str) -> str:
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in text)


CASES = (
    disguised("full-width", "digits of another width", lambda t: t.translate(FULL_WIDTH)),
    disguised("arabic-digits", "digits of another script", lambda t: t.translate(ARABIC), _unarabic),
    disguised("mathematical-digits", "digits of formulas", lambda t: t.translate(BOLD)),
    disguised("zero-width", "with characters between that nobody sees", "\u200b".join),
    disguised("soft-hyphens", "with characters between that few see", "\u00ad".join),
    disguised("bidi", "with controls of direction", lambda t: f"\u202d{t}\u202c".replace(",", "\u2066,\u2069")),
    disguised("percent", "as in addresses", urllib.parse.quote, urllib.parse.unquote),
    disguised("percent-all", "every character", lambda t: "".join(f"%{ord(c):02x}" for c in t), urllib.parse.unquote),
    disguised("entities", "as in pages", lambda t: "".join(f"&#{ord(c)};" for c in t), html.unescape),
    disguised(
        "json-escapes",
        "as in documents",
        lambda t: json.dumps("".join(t)).replace("4", "\\u0034").replace("1", "\\u0031"),
        json.loads,
    ),
    disguised("base64", "as in mails", _b64, _unb64),
    disguised(
        "base64url",
        "as in tokens",
        lambda t: base64.urlsafe_b64encode(t.encode()).decode().rstrip("="),
        lambda t: base64.urlsafe_b64decode(t + "=" * (-len(t) % 4)).decode(),
    ),
    disguised(
        "base32", "as in keys", lambda t: base64.b32encode(t.encode()).decode(), lambda t: base64.b32decode(t).decode()
    ),
    disguised("hex", "as in dumps", lambda t: t.encode().hex(), lambda t: bytes.fromhex(t).decode()),
    disguised(
        "quoted-printable",
        "as in old mails",
        lambda t: quopri.encodestring("".join(t).encode(), quotetabs=True).decode().replace("4", "=34"),
        lambda t: quopri.decodestring(t).decode(),
    ),
    disguised("base64-twice", "two layers", lambda t: _b64(_b64(t)), lambda t: _unb64(_unb64(t))),
    disguised(
        "gzip-base64",
        "packed",
        lambda t: base64.b64encode(gzip.compress(t.encode(), mtime=0)).decode(),
        lambda t: gzip.decompress(base64.b64decode(t)).decode(),
    ),
    disguised(
        "percent-base64",
        "two different layers",
        lambda t: _b64(urllib.parse.quote(t)),
        lambda t: urllib.parse.unquote(_unb64(t)),
    ),
    disguised("reversed", "read from behind", lambda t: t[::-1], lambda t: t[::-1]),
    disguised(
        "rot13",
        "letters only, the digits are plain",
        lambda t: codecs.encode(t, "rot13"),
        lambda t: codecs.decode(t, "rot13"),
    ),
)
