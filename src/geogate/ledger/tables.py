"""The ledger's tables: entries, which are the truth, and what they say as rows that can be looked up quickly.

All JSON is text, byte for byte as it was hashed; all times are text of fixed width in UTC, so that they sort.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, MetaData, Table, Text

METADATA = MetaData()


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _later(name: str) -> Column[str]:
    return Column(name, Text, nullable=True)


def _key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


ENTRIES = Table(
    "entries",
    METADATA,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    *(_text(name) for name in ("at", "kind", "request", "actor", "body", "prev", "hash")),
)

REQUESTS = Table(
    "requests",
    METADATA,
    _key("id"),
    *(_text(name) for name in ("state", "opened_at", "opened_by", "changed_at", "purpose", "document")),
    *(_later(name) for name in ("dataset", "artefact", "verdict", "ballot", "measurements")),
)
"""``document`` is the draft; ``ballot`` and ``measurements`` are SHA-256 digests."""

MEASUREMENTS = Table("measurements", METADATA, _key("request"), _text("document"))

VOTES = Table("votes", METADATA, _key("request"), _key("reviewer"), _text("document"))
"""``reviewer`` is the person's name folded, see ``geogate.ledger.laws.person``."""

CLEARANCES = Table(
    "clearances",
    METADATA,
    _key("nonce"),
    *(_text(name) for name in ("request", "document", "envelope")),
    _later("claimed_at"),
)

RECEIPTS = Table("receipts", METADATA, _key("nonce"), _text("request"), _text("document"))
