"""An audit reports every release that would not leave in the same way today, and a ledger that is not whole."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from gating.files import stage
from gating.place import RULES, destination

from geogate.gate.audit import audit

if TYPE_CHECKING:
    from gating.gate import Gate

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def test_a_release_that_people_would_have_to_look_at_today_is_a_change(gate: Gate) -> None:
    contract = destination(contract_min_days_left=10) | {"severity": "warning"}
    gate.policies.write_policy([*RULES[:3], contract])
    gate.policies.write_recipients(contract={"reference": "C-1", "ends": date(2026, 12, 12)})
    gate.now = NOW
    gate.send(gate.clear(stage("CSV", gate.staged)))
    assert audit(hours=24, house=gate.house()).changes == ()
    gate.now = NOW + timedelta(days=4)
    (change,) = audit(hours=200, house=gate.house()).changes
    assert change.summary == "left on clear, would be hold today: destination"


def test_a_ledger_that_is_not_whole_is_a_change(gate: Gate) -> None:
    with closing(sqlite3.connect(gate.ledger_file)) as database:
        (name,) = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' LIMIT 1").fetchone()
        database.execute(f'DROP TRIGGER "{name}"')
        database.commit()
    (change,) = audit(hours=24, house=gate.house()).changes
    assert change.summary == f"the ledger is damaged: the trigger {name} is gone or off"
