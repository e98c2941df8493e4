"""An index by which notes of a kind, such as waivers and obligations, are found among millions of entries."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index; nothing is written into the tables."""
    op.create_index("entries_by_kind", "entries", ["kind", "seq"])
