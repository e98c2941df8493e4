"""Gates whose ledger is in SQLite and in PostgreSQL, with heads that are kept elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from backup.lasting import Lasting
from integration.fixtures_postgres import new_database, postgres_server

if TYPE_CHECKING:
    from gating.gate import Gate

__all__ = ["new_database", "postgres_server"]


@pytest.fixture
def on_sqlite(gate: Gate) -> Lasting:
    """A gate with heads elsewhere, whose ledger can be destroyed, on SQLite."""
    (gate.root / "heads").mkdir()
    gate.settings["GEOGATE_LEDGER_ANCHOR"] = str(gate.root / "heads")
    return Lasting(gate=gate)


@pytest.fixture(params=["sqlite", "postgresql"])
def lasting(request: pytest.FixtureRequest, on_sqlite: Lasting) -> Lasting:
    """The same on both databases."""
    if request.param == "postgresql":
        on_sqlite.new_database = request.getfixturevalue("new_database")
        on_sqlite.begin()
    return on_sqlite
