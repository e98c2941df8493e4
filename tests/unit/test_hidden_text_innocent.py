"""Ordinary columns: no text of them is taken for a position."""

from __future__ import annotations

import base64
import json
import random
import string
import uuid
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from geogate.measures.hidden.text import text_positions

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = ["Anna", "Jürg", "Peter", "Zoë", "John", "Chloé", "Wei", "Олег", "伟"]
LAST = ["Müller", "Meier", "O'Neill", "García", "van der Berg", "Иванов", "王", "D’Arcy", "Point", "Long"]
WORDS = [
    "the",
    "quick",
    "fox",
    "jumps",
    "over",
    "a",
    "lazy",
    "dog",
    "near",
    "river",
    "point",
    "(see",
    "note",
    "5)",
    "about",
    "12.5",
    "by",
    "13.5",
    "metres",
    "and",
    "3,500",
    "kg",
    "of",
    "ore",
    "string",
    "theory",
    "section",
]
PLAIN = string.ascii_letters + string.digits
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Draw(random.Random):
    """Draws of ordinary values."""

    def of(self, letters: str, count: int) -> str:
        return "".join(self.choices(letters, k=count))

    def hex(self, count: int) -> str:
        return self.of("0123456789abcdef", count)

    def number(self, digits: int) -> int:
        return self.randrange(10 ** (digits - 1), 10**digits)


ORDINARY: dict[str, Callable[[Draw], str]] = {
    "name": lambda r: f"{r.choice(FIRST)} {r.choice(LAST)} {r.of(string.ascii_uppercase, 1)}.",
    "address": lambda r: f"{r.choice(LAST)}strasse {r.number(2)}, {r.number(4)} {r.choice(['Zürich', 'W Sussex'])}",
    "flat": lambda r: f"Flat {r.number(2)}, {r.number(2)} {r.choice(['Long Lane', 'E 5th Ave'])}, London SE1 7PB",
    "moment": lambda r: (
        f"2026-0{r.number(1)}-1{r.number(1)}T1{r.number(1)}:{r.number(2) // 2}:1{r.number(1)}.{r.number(3)}Z"
    ),
    "moment_2": lambda r: f"{r.number(1)}.{r.number(1)}.2024 1{r.number(1)}:1{r.number(1)} +0{r.number(1)}:00",
    "day": lambda r: f"{r.randint(1, 28):02}/{r.randint(1, 12):02}/{r.randint(1990, 2026)}",
    "phone": lambda r: f"+41 {r.number(2)} {r.number(3)} {r.number(2)} {r.number(2)}",
    "phone_2": lambda r: f"({r.number(3)}) {r.number(3)}-{r.number(4)}",
    "phone_3": lambda r: f"T {r.number(5)} {r.number(5)}",
    "number": lambda r: str(r.number(9)),
    "snowflake": lambda r: str(r.randrange(57 * 10**16, 64 * 10**16)),
    "decimal": lambda r: f"{r.uniform(0, 1000):.6f}",
    "uuid": lambda r: str(uuid.UUID(int=r.getrandbits(128))),
    "uuid_hex": lambda r: uuid.UUID(int=r.getrandbits(128)).hex,
    "sha256": lambda r: r.hex(64),
    "git": lambda r: r.hex(7),
    "hex_8": lambda r: r.hex(8),
    "hex_15": lambda r: r.hex(15),
    "hex_16": lambda r: r.hex(16),
    "base64": lambda r: base64.b64encode(r.randbytes(32)).decode(),
    "base64_id": lambda r: base64.urlsafe_b64encode(r.randbytes(16)).decode().rstrip("="),
    "ulid": lambda r: "01" + r.of(CROCKFORD, 24),
    "nanoid": lambda r: r.of(PLAIN + "_-", 21),
    "video": lambda r: r.of(PLAIN + "_-", 11),
    "version": lambda r: f"{r.number(1)}.{r.number(2)}.{r.number(2)}-rc1+build.{r.number(3)}",
    "ip": lambda r: ", ".join(".".join(str(r.randrange(256)) for _ in range(4)) for _ in range(2)),
    "ipv6": lambda r: ":".join(r.hex(4) for _ in range(8)),
    "mac": lambda r: ":".join(r.hex(2) for _ in range(6)),
    "price": lambda r: f"CHF {r.number(2)}.{r.number(2)} / {r.number(2)}.{r.number(2)}",
    "size": lambda r: f"{r.number(2)}.5, {r.number(2)}.5",
    "size_2": lambda r: f"{r.number(2)}.{r.number(1)} x {r.number(2)}.{r.number(1)} cm",
    "shoe": lambda r: f"EU {r.number(2)}.5 / US {r.number(1)}.5",
    "thousands": lambda r: f"{r.number(3)},{r.number(3)}, {r.number(2)},{r.number(3)}",
    "isbn": lambda r: f"978-{r.number(1)}-{r.number(2)}-{r.number(6)}-{r.number(1)}",
    "iban": lambda r: f"CH{r.number(2)} {r.number(4)} {r.number(4)} {r.number(4)} {r.number(4)} {r.number(1)}",
    "card": lambda r: f"{r.number(4)} {r.number(4)} {r.number(4)} {r.number(4)}",
    "vat": lambda r: f"{r.choice(['SK', 'SE', 'NO'])}{r.number(10)}",
    "tracking": lambda r: f"RR{r.number(9)}CH",
    "url": lambda r: (
        f"https://www.example.com/{r.number(4)}/{r.number(2)}/12/a-b-{r.number(6)}.html?id={r.number(6)}&to=1"
    ),
    "url_2": lambda r: f"https://cdn.example.org/img/12/{r.randint(1, 31)}/{r.randint(1990, 2026)}.jpg",
    "url_3": lambda r: f"https://ex.com/a%20b/{r.hex(32)}?q=red+shoes&page={r.number(2)}&ll=en",
    "email": lambda r: f"anna.smith{r.number(2)}@example.com",
    "domain": lambda r: f"www.{r.of(string.ascii_lowercase, 8)}.com",
    "callsign": lambda r: f"{r.choice(['SWR', 'DLH', 'EZY'])}{r.number(3)}{r.of(string.ascii_uppercase, 1)}",
    "icao24": lambda r: r.hex(6),
    "icao24_of_a_country": lambda r: "4b1" + r.of("0123456789bcdef", 3),
    "postcode": lambda r: f"{r.choice(['SE', 'SW', 'TQ', 'N'])}{r.number(1)} {r.number(1)}{r.of('ABDEF', 2)}",
    "postcode_2": lambda r: "".join(r.of("ABCEGHJK", 1) + str(r.number(1)) for _ in range(3)),
    "user": lambda r: f"u{r.number(6)}",
    "vin": lambda r: r.of("ABCDEFGHJKLMNPRSTUVWXYZ0123456789", 17),
    "part": lambda r: f"{r.number(2)}{r.of('CDEFGH', 3)}{r.number(4)}",
    "sku": lambda r: r.of(string.ascii_uppercase + string.digits, 8),
    "sku_lower": lambda r: r.of(string.ascii_lowercase + string.digits, 8),
    "bits": lambda r: r.of("01", 16),
    "words": lambda r: " ".join(r.choices(WORDS, k=r.randint(3, 30))),
    "word": lambda r: r.choice(["green", "red", "black", "kitchen", "ezs42", "berry"]),
    "colour": lambda r: f"rgb({r.randrange(256)}, {r.randrange(256)}, {r.randrange(256)}) #{r.hex(6)}",
    "vector": lambda r: "[" + ", ".join(f"{r.gauss(0, 0.3):.6f}" for _ in range(16)) + "]",
    "score": lambda r: f"p={r.random():.4f}, r={r.random():.4f}",
    "range": lambda r: f"{r.number(1)}.{r.number(1)}-{r.number(2)}.{r.number(1)}",
    "weather": lambda r: f"{r.number(2)}.{r.number(1)} °C, {r.number(2)}%, {r.number(2)} kt NE",
    "json": lambda r: json.dumps(
        {"id": r.number(6), "w": r.number(3) / 10, "x": r.number(2), "y": r.number(2), "t": ["a"]}
    ),
    "jwt": lambda r: "eyJhbGciOiJIUzI1NiJ9." + base64.urlsafe_b64encode(b'{"sub":"%d"}' % r.number(9)).decode(),
    "polygon": lambda r: f"polygon_{r.number(4)} ({r.number(1)})",
    "html": lambda r: f"Tom &amp; {r.choice(FIRST)} &lt;b&gt;{r.number(2)}&lt;/b&gt;",
    "chinese": lambda r: f"北京市朝阳区建国路{r.number(3)}号，{r.number(2)}层（{r.number(3)}室）",
    "russian": lambda r: f"ул. Ленина, д. {r.number(2)}{r.choice(['А', 'Б', ''])}, кв. {r.number(3)}",
    "hindi": lambda r: f"नमस्ते दुनिया {r.number(2)}",
    "imei": lambda r: str(r.number(15)),
    "system": lambda r: r.choice(["EPSG:4326", "EPSG:2056", "EPSG:32632"]),
    "inches": lambda r: f"{r.number(1)}'{r.number(1)}\" x {r.number(1)}'{r.number(1)}\"",
    "chapter": lambda r: f"{r.number(1)}.{r.number(2)} {r.number(1)}.{r.number(2)}",
    "file": lambda r: f"IMG_202412{r.number(2)}_{r.number(6)}.jpg",
    "path": lambda r: f"/srv/data/{r.hex(2)}/{r.hex(2)}/{r.hex(40)}.bin",
    "uri": lambda r: f"file:///home/anna/{r.number(2)}.tar.gz",
    "chemistry": lambda r: r.choice(["C6H12O6", "2-methyl-1,3,5-trinitrobenzene", "(2R,3S)-butane"]),
}


@pytest.mark.parametrize("kind", ORDINARY)
def test_an_ordinary_column_is_not_taken_for_positions(kind: str) -> None:
    draw = Draw(kind)
    texts = [ORDINARY[kind](draw) for _ in range(400)]
    (column,) = text_positions(pa.record_batch({kind: pa.array(texts)})).columns
    assert column.likely == ()
