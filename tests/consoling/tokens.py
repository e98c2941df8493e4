"""Tokens of services for a test's gate."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from geogate.console.people import make_token
from geogate.console.store import Store
from geogate.model.authority import Role

if TYPE_CHECKING:
    from gating.gate import Gate

ALL = frozenset({Role.REQUESTER, Role.REVIEWER, Role.AUDITOR})


def token_for(gate: Gate, *roles: Role, name: str = "pipeline", days: int = 1) -> str:
    """Make a token."""
    store = Store(gate.home / "console.db")
    now = gate.house().clock()
    return make_token(store, name, roles=frozenset(roles) or ALL, lasts=timedelta(days=days), at=now)
