"""A big release must not pass as many small batches: what the recipient got counts on, on both sides of each limit."""

from __future__ import annotations

import inspect
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from gating.feed import Feeding, points, vehicles
from gating.gate import at
from gating.place import DENY_M, SQUARE, columns, destination, inventory, precision, rule, zones

from geogate.gate.exposure import LATELY, ExceededError
from geogate.gate.feed_run import wish_of
from geogate.gate.feed_series import BatchSeries
from geogate.gate.feeds import status
from geogate.gate.place import place_of
from geogate.gate.submit import submit
from geogate.model.names import Sha256
from geogate.model.verdict import Decision
from geogate.rules.registry import registered

if TYPE_CHECKING:
    from gating.gate import Gate

    from geogate.gate.examine import Examined
    from geogate.model.finding import Finding

BASE = (precision("precision", DENY_M, ">="), destination())
IDS = columns(declared=[{"name": "device", "holds": "identity"}])
TOTAL = rule(
    "total",
    "expect_recipient_total_no_more_than",
    columns=["device"],
    window="P12M",
    operator="<=",
    limit=10,
    subjects="devices",
    data="any",
)
INSIDE = {"lon": 20.5, "lat": 20.5}


@pytest.fixture
def feeding(gate: Gate) -> Feeding:
    return Feeding(gate).declare()


def policy(feeding: Feeding, *rules: dict[str, Any]) -> None:
    feeding.gate.policies.write_policy([*BASE, *rules])


def rules_of(feeding: Feeding) -> set[str]:
    """Name the rules that refuse the last batch."""
    verdict = feeding.gate.requests()[-1].verdict
    assert verdict is not None
    return {finding.rule for finding in verdict.findings}


def test_rows_add_up_over_batches_until_one_row_is_too_many(feeding: Feeding) -> None:
    policy(feeding, inventory(max_rows=10))
    for number, rows in ((1, 4), (2, 4), (3, 2)):
        feeding.put(number, points(rows, start=number * 10))
    assert feeding.run().sent == 3
    assert [total.measured for total in status("fleet", house=feeding.gate.house()).totals] == [10]
    feeding.put(4, points(1, start=90))
    # A process that has just begun counts what another one sent.
    assert feeding.anew().decision is Decision.DENY
    assert rules_of(feeding) == {"inventory"}
    assert feeding.sent() == ["fleet-1.csv", "fleet-2.csv", "fleet-3.csv"]


def test_devices_add_up_over_batches_and_one_that_was_seen_before_counts_once(feeding: Feeding) -> None:
    policy(feeding, IDS, TOTAL)
    feeding.put(1, vehicles(range(8)))
    feeding.put(2, vehicles(range(4, 10), start=20))
    assert feeding.run().sent == 2
    feeding.put(3, vehicles([10], start=40))
    assert feeding.run().decision is Decision.DENY
    assert rules_of(feeding) == {"total"}


def test_features_in_zones_that_are_let_pass_add_up_too(feeding: Feeding) -> None:
    policy(feeding, zones(max_features=2))
    for number in (1, 2, 3):
        feeding.put(number, [INSIDE, *points(2, start=number * 10)])
    ran = feeding.run()
    assert (ran.sent, ran.decision) == (2, Decision.DENY)
    assert rules_of(feeding) == {"zones"}


def test_what_was_measured_against_other_zones_may_lie_in_these(feeding: Feeding) -> None:
    policy(feeding, zones(max_features=3))
    feeding.put(1, [INSIDE, *points(2)])
    assert feeding.run().sent == 1
    feeding.gate.policies.write_zones(SQUARE, [[[30.0, 30.0], [31.0, 30.0], [31.0, 31.0], [30.0, 30.0]]])
    # Nothing inside adds to nothing; one inside adds to three rows of which nobody knows.
    feeding.put(2, points(2, start=10))
    feeding.put(3, [INSIDE, *points(2, start=20)])
    ran = feeding.run()
    assert (ran.sent, ran.last.number, ran.decision) == (1, 3, Decision.DENY)
    assert rules_of(feeding) == {"zones"}


def test_what_left_outside_of_the_feed_and_by_another_feed_counts_as_well(feeding: Feeding) -> None:
    gate = feeding.gate
    policy(feeding, inventory(max_rows=10))
    other = Feeding(gate, name="other").declare()
    done = gate.submit(feeding.put(99, points(4), mark=False))
    assert done.clearance is not None
    gate.send(done.clearance)
    (feeding.folder / "fleet-99.csv").unlink()
    other.put(1, points(4, start=10))
    assert other.run().sent == 1
    feeding.put(1, points(2, start=20))
    feeding.put(2, points(1, start=30))
    ran = feeding.run()
    assert (ran.sent, ran.last.number, ran.decision) == (1, 2, Decision.DENY)


def test_what_left_before_the_window_counts_no_more(feeding: Feeding) -> None:
    gate = feeding.gate
    gate.now = at("2026-03-01T12:00:00")
    feeding.declare(window="P1M")
    policy(feeding, inventory(max_rows=5))
    for number in (1, 2, 3):
        stamp = datetime(2026, 2, 1, tzinfo=UTC).timestamp()
        path = feeding.put(number, points(4, start=number * 10))
        os.utime(path, (stamp, stamp))
    ran = feeding.run(batches=1)
    assert ran.sent == 1
    gate.now = at("2026-04-01T12:00:00")
    assert feeding.anew().decision is Decision.DENY
    feeding.resume(2)
    gate.now = at("2026-04-02T12:00:00")
    assert feeding.anew().sent == 1
    assert feeding.sent() == ["fleet-1.csv", "fleet-3.csv"]


def test_a_batch_has_no_more_rows_than_the_feed_says(feeding: Feeding) -> None:
    feeding.declare(batch={"rows": 4, "megabytes": 1})
    feeding.put(1, points(4))
    feeding.put(2, points(5, start=10))
    ran = feeding.run()
    assert (ran.sent, ran.decision) == (1, Decision.DENY)
    assert rules_of(feeding) == {"gate/feed-batch-too-long"}


def test_what_was_cleared_elsewhere_while_a_batch_was_judged_is_counted_before_it_is_cleared(feeding: Feeding) -> None:
    gate = feeding.gate
    policy(feeding, inventory(max_rows=5))

    class Meanwhile(BatchSeries):
        def judged(self, examined: Examined, /) -> tuple[Finding, ...]:
            assert gate.submit(feeding.put(99, points(2, start=40), mark=False)).clearance is not None
            return super().judged(examined)

    feeding.put(1, points(4))
    declared = place_of(gate.house()).feed("fleet")
    series = Meanwhile(feed=declared, number=1, sha256=Sha256("0" * 64), house=gate.house(), before=())
    with pytest.raises(ExceededError, match=LATELY):
        submit(wish_of(declared, str(feeding.folder / "fleet-1.csv")), house=gate.house(), series=series)
    (feeding.folder / "fleet-99.csv").unlink()
    with pytest.raises(Exception, match="is stopped at batch 1"):
        feeding.run()
    assert not feeding.sent()


def test_an_axis_in_one_batch_and_the_other_axis_in_the_next_are_seen_together(feeding: Feeding) -> None:
    """Also by a process that did not judge the first of them."""
    policy(feeding, columns("harmless", "critical"))
    lons = [{**row, "reading": f"{8.5 + each * 0.00137:.5f}"} for each, row in enumerate(points(40))]
    lats = [{**row, "reading": f"{47.3 + each * 0.00193:.5f}"} for each, row in enumerate(points(40, start=50))]
    same = [{**row, "reading": f"{8.5 + each * 0.00131:.5f}"} for each, row in enumerate(points(40, start=100))]
    feeding.put(1, lons)
    feeding.put(2, same)
    assert feeding.run().sent == 2
    feeding.put(3, lats)
    assert feeding.anew().decision is Decision.DENY
    assert rules_of(feeding) == {"columns"}


def test_every_rule_that_looks_at_other_layers_says_what_it_counts_on_by() -> None:
    looks = {
        name
        for name, each in registered().items()
        if "found_beside(" in (source := inspect.getsource(type(each))) or "rows_beside(" in source
    }
    assert looks
    assert looks <= {name for name, each in registered().items() if "adds_up" in vars(type(each))}
