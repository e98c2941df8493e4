"""A policy that lets a pass end early: it denies with what was found, and nothing unread is ever cleared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from gating.place import RULES

from geogate.model.lifecycle import State
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from pathlib import Path

    from gating.gate import Gate

ROWS = 3_000_000
GEO = {
    "version": "1.1.0",
    "primary_column": "geometry",
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": []}},
}


def staged(gate: Gate, *, inside: int) -> Path:
    """Write rows of one coarse position, the first of them in the only zone."""
    places = pa.array([point(8.3, 47.1), point(20.5, 20.5)], pa.binary())
    column = places.take(pa.array(np.arange(ROWS) < inside).cast(pa.int64()))
    schema = pa.schema([("geometry", pa.binary())], metadata={"geo": json.dumps(GEO)})
    pq.write_table(pa.table([column], schema=schema), gate.staged / "data.parquet", row_group_size=200_000)
    return gate.staged / "data.parquet"


def point(x: float, y: float) -> bytes:
    return b"\x01\x01\0\0\0" + np.array([x, y]).tobytes()


def features(verdict: Any) -> int:
    (finding,) = [each for each in verdict.findings if each.rule == "zones"]
    found = {count.what: count.value for count in finding.counts}
    return int(found["features in zones"])


def test_all_rows_are_read_unless_the_policy_says_otherwise(gate: Gate) -> None:
    verdict = gate.screen(staged(gate, inside=3))
    assert (verdict.decision, verdict.layers[0].rows, features(verdict)) == (Decision.DENY, ROWS, 3)
    assert {finding.rule for finding in verdict.findings} == {"zones"}


def test_a_certain_denial_ends_the_pass_and_says_what_was_read(gate: Gate) -> None:
    gate.policies.write_policy(RULES, stop_early=True)
    path = staged(gate, inside=3)
    verdict = gate.screen(path)
    assert verdict.decision is Decision.DENY
    read = verdict.layers[0].rows
    assert 0 < read < ROWS
    found = {str(finding.rule): finding.summary for finding in verdict.findings}
    assert set(found) == {"zones", "gate/ended-early"}
    assert found["zones"].startswith("at least: 3 features")
    assert f"{read:,} of {ROWS:,} rows" in found["gate/ended-early"]
    assert {str(check.rule) for check in verdict.checks} == {"zones"}
    done = gate.submit(path)
    assert (done.state, done.clearance) == (State.DENIED, None)


def test_a_policy_that_allows_it_clears_what_has_nothing_to_deny_only_when_all_is_read(gate: Gate) -> None:
    gate.policies.write_policy(RULES, stop_early=True)
    verdict = gate.screen(staged(gate, inside=0))
    assert (verdict.decision, verdict.layers[0].rows) == (Decision.CLEAR, ROWS)
    assert {str(check.rule) for check in verdict.checks} == {"precision", "review", "zones", "destination", "columns"}
