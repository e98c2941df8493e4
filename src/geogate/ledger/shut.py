"""Whether a ledger is shut: after it was restored from a backup, until somebody has settled what may be lost.

The word for it stands in the ledger itself, so that every process that opens it hears it, wherever its home is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from geogate.ledger.tables import ENTRIES
from geogate.model.errors import RefusedError

if TYPE_CHECKING:
    from sqlalchemy import Connection

RESTORED: Final = "restored"
REOPENED: Final = "reopened"


class ShutError(RefusedError):
    """The ledger was restored, and may not know what was sent afterwards."""


def is_shut(connection: Connection) -> bool:
    """Say whether the last word on it is that it was restored."""
    kinds = (RESTORED, REOPENED)
    query = select(ENTRIES.c.kind).where(ENTRIES.c.kind.in_(kinds)).order_by(ENTRIES.c.seq.desc()).limit(1)
    return connection.execute(query).scalar_one_or_none() == RESTORED


def require_open(connection: Connection) -> None:
    """Refuse a ledger that is shut.

    Raises: ShutError.
    """
    if is_shut(connection):
        raise ShutError(
            "the ledger was restored from a backup, and what was sent since then may be missing in it",
            hint="geogate reopen compares it with what lies at the destinations, and opens the gate",
        )
