"""Positions in encodings that are not taken off: what nobody can read does not leave undeclared; and in lists of bytes."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

import numpy as np
from smuggling.case import Case
from smuggling.classes.innocent_numbers import columns
from smuggling.cover import cover, spread
from smuggling.secret import SECRET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from smuggling.secret import Position

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
FILL = "nothing to report"


def in_digits(raw: bytes, letters: str) -> str:
    """Write bytes as a number."""
    number, found = int.from_bytes(raw, "big"), ""
    while number:
        number, rest = divmod(number, len(letters))
        found = letters[rest] + found
    return found


def from_digits(text: str, letters: str) -> bytes:
    """Read such a number."""
    number = 0
    for letter in text:
        number = number * len(letters) + letters.index(letter)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _pair(raw: bytes) -> Position:
    lat, lon = raw.decode().split(",")
    return float(lon), float(lat)


def hidden(name: str, why: str, write: Callable[[bytes], Any], read: Callable[[Any], bytes], fill: Any = FILL) -> Case:
    """Write three positions into the first rows."""

    def store(folder: Path) -> None:
        texts = [write(f"{y:.6f},{x:.6f}".encode()) for x, y in SECRET]
        cover(remark=spread(texts, fill)).to_parquet(folder / "places.parquet")

    def recover(folder: Path) -> Iterator[Position]:
        for text in columns(folder)["remark"]:
            try:
                yield _pair(read(text))
            except Exception:  # noqa: BLE001 - other texts are none
                continue

    return Case(name=name, why=why, write=store, recover=recover)


CASES = (
    hidden("base85", "as git encodes", lambda raw: base64.b85encode(raw).decode(), base64.b85decode),
    hidden("ascii85", "as PDF encodes", lambda raw: base64.a85encode(raw).decode(), base64.a85decode),
    hidden("base58", "as wallets write", lambda r: in_digits(r, BASE58), lambda t: from_digits(t, BASE58)),
    hidden("base36", "as short links write", lambda r: in_digits(r, BASE36), lambda t: from_digits(t, BASE36)),
    hidden(
        "xor", "every byte changed, in base64", lambda raw: base64.b64encode(bytes(b ^ 0xA5 for b in raw)).decode(),
        lambda text: bytes(b ^ 0xA5 for b in base64.b64decode(text, validate=True)),
    ),
    hidden(
        "codes", "the numbers of the letters", lambda raw: " ".join(map(str, raw)),
        lambda text: bytes(map(int, re.findall("[0-9]+", text))),
    ),
    hidden("list", "the numbers of the letters in a list", list, lambda codes: bytes(np.asarray(codes, int).tolist()), fill=[]),
    hidden(
        "list-changed", "the same, every one changed", lambda raw: [b ^ 0xA5 for b in raw],
        lambda codes: bytes(b ^ 0xA5 for b in np.asarray(codes, int).tolist()), fill=[],
    ),
)  # fmt: skip
