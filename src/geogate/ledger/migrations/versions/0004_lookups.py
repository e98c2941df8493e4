"""Indexes by which the console finds requests: by state in order of time, by recipient, by requester, by round.

The database itself keeps them with the rows, also what it looks up inside of drafts; there is nothing that could be
written into them, or be forgotten there.
"""

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SAID = {
    "sqlite": """CASE WHEN instr(document, '"{name}":"') THEN substr(document, instr(document, '"{name}":"') + {skip},
        instr(substr(document, instr(document, '"{name}":"') + {skip}), '"') - 1) END""",
    "postgresql": """substring(document from '"{name}":"([^"]*)"')""",
}
"""What a draft says up to the next quote, as ``geogate.ledger.lookups`` writes it; nothing where it does not say it."""


def upgrade() -> None:
    """Create the indexes; nothing is written into the tables."""
    said = SAID[op.get_context().dialect.name]
    op.drop_index("requests_by_state", "requests")
    op.create_index("requests_by_state", "requests", ["state", "changed_at", "id"])
    op.create_index("requests_by_opener", "requests", ["opened_by", "changed_at", "id", "state"])
    for name in ("recipient", "continues"):
        expression = text(f"({said.format(name=name, skip=len(name) + 4)})")
        op.create_index(f"requests_by_{name}", "requests", [expression, "changed_at", "id", "state"])
