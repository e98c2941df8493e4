"""The ledger: append-only entries and the rows that follow from them."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, Text

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

GENESIS = "0" * 64

SQLITE = (
    """
    CREATE TRIGGER entries_keep_updated BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END
    """,
    """
    CREATE TRIGGER entries_keep_deleted BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END
    """,
    f"""
    CREATE TRIGGER entries_follow BEFORE INSERT ON entries
    WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM entries)
      OR NEW.prev <> coalesce((SELECT hash FROM entries ORDER BY seq DESC LIMIT 1), '{GENESIS}')
    BEGIN SELECT RAISE(ABORT, 'an entry must follow the last one'); END
    """,  # noqa: S608
)

POSTGRESQL = (
    """
    CREATE FUNCTION entries_keep() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
    $$ BEGIN RAISE EXCEPTION 'entries are append-only'; END $$
    """,
    """
    CREATE TRIGGER entries_keep_updated BEFORE UPDATE ON entries FOR EACH ROW EXECUTE FUNCTION entries_keep()
    """,
    """
    CREATE TRIGGER entries_keep_deleted BEFORE DELETE ON entries FOR EACH ROW EXECUTE FUNCTION entries_keep()
    """,
    """
    CREATE TRIGGER entries_keep_truncated BEFORE TRUNCATE ON entries
    FOR EACH STATEMENT EXECUTE FUNCTION entries_keep()
    """,
    f"""
    CREATE FUNCTION entries_follow() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS
    $$
    DECLARE
        last_seq bigint := 0;
        last_hash text := '{GENESIS}';
    BEGIN
        EXECUTE format('SELECT seq, hash FROM %I.%I ORDER BY seq DESC LIMIT 1', TG_TABLE_SCHEMA, TG_TABLE_NAME)
            INTO last_seq, last_hash;
        IF NEW.seq <> coalesce(last_seq, 0) + 1 OR NEW.prev <> coalesce(last_hash, '{GENESIS}') THEN
            RAISE EXCEPTION 'an entry must follow the last one';
        END IF;
        RETURN NEW;
    END $$
    """,  # noqa: S608
    """
    CREATE TRIGGER entries_follow BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION entries_follow()
    """,
)


def _texts(*names: str, nullable: bool = False) -> list[Column[str]]:
    return [Column(name, Text, nullable=nullable) for name in names]


def _keys(*names: str) -> list[Column[str]]:
    return [Column(name, Text, primary_key=True) for name in names]


def upgrade() -> None:
    """Create the tables, then the triggers that keep the entries as they are."""
    op.create_table(
        "entries",
        Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
        *_texts("at", "kind", "request", "actor", "body"),
        Column("prev", Text, nullable=False, unique=True),
        Column("hash", Text, nullable=False, unique=True),
    )
    op.create_index("entries_of_a_request", "entries", ["request", "seq"])
    op.create_table(
        "requests",
        *_keys("id"),
        *_texts("state", "opened_at", "opened_by", "changed_at", "purpose", "document"),
        *_texts("dataset", "artefact", "verdict", "ballot", "measurements", nullable=True),
    )
    op.create_index("requests_by_state", "requests", ["state", "changed_at"])
    op.create_index("requests_by_ballot", "requests", ["ballot"])
    op.create_table("measurements", *_keys("request"), *_texts("document"))
    op.create_table("votes", *_keys("request", "reviewer"), *_texts("document"))
    op.create_table(
        "clearances",
        *_keys("nonce"),
        Column("request", Text, nullable=False, unique=True),
        *_texts("document", "envelope"),
        *_texts("claimed_at", nullable=True),
    )
    op.create_table(
        "receipts", *_keys("nonce"), Column("request", Text, nullable=False, unique=True), *_texts("document")
    )
    for statement in SQLITE if op.get_context().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)
