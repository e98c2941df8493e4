"""A feed from end to end: batches leave in order, the first that may not stops it, and somebody else lets it go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from gating.feed import OWNER, STEWARD, Feeding, points
from gating.files import FINE, INSIDE

from geogate.gate.audit_findings import Kind
from geogate.gate.audit_watch import watch
from geogate.gate.feed_ledger import StoppedError
from geogate.gate.feed_notes import BATCH
from geogate.gate.feed_run import Outcome, wish_of
from geogate.gate.feed_series import BatchSeries
from geogate.gate.feeds import feeds, stop
from geogate.gate.place import place_of
from geogate.gate.submit import submit
from geogate.model.errors import RefusedError
from geogate.model.feed import Choice
from geogate.model.names import Sha256
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from gating.gate import Gate

DENIED = [{"lon": lon, "lat": lat} for lon, lat in INSIDE]
HELD = [{"lon": 8.31, "lat": 47.12}, {"lon": 8.44, "lat": 47.23}]


@pytest.fixture
def feeding(gate: Gate) -> Feeding:
    return Feeding(gate).declare()


def test_batches_leave_in_the_order_of_their_numbers_each_as_a_release_of_its_own(feeding: Feeding) -> None:
    for number in (3, 1, 2):
        feeding.put(number, points(4, start=number * 10))
    ran = feeding.run()
    assert (ran.sent, ran.last.outcome, ran.decision) == (3, Outcome.NOTHING, Decision.CLEAR)
    assert feeding.sent() == ["fleet-1.csv", "fleet-2.csv", "fleet-3.csv"]
    assert [request.state for request in feeding.gate.requests()] == ["sent"] * 3
    kinds = [kind for kind in feeding.gate.kinds() if kind in {BATCH, "receive"}]
    assert kinds == [BATCH, "receive"] * 3
    feeding.gate.require_whole_ledger()


def test_the_first_denial_stops_the_feed_for_every_process(feeding: Feeding) -> None:
    feeding.put(1, points(4))
    feeding.put(2, DENIED)
    feeding.put(3, points(4, start=10))
    ran = feeding.run()
    assert (ran.sent, ran.last.number, ran.decision) == (1, 2, Decision.DENY)
    assert feeding.sent() == ["fleet-1.csv"]
    for again in (feeding.run, feeding.anew):
        with pytest.raises(StoppedError, match="stopped at batch 2"):
            again()
    with pytest.raises(StoppedError, match="stopped at batch 2"):
        feeding.anew("somebody-else")
    assert len(feeding.gate.requests()) == 2
    assert feeding.sent() == ["fleet-1.csv"]


def test_what_is_held_stops_the_feed_and_what_reviewers_approve_goes_when_it_is_resumed(feeding: Feeding) -> None:
    gate = feeding.gate
    feeding.put(1, HELD)
    feeding.put(2, points(4))
    assert feeding.run().decision is Decision.HOLD
    request = gate.requests()[0].id
    with pytest.raises(RefusedError, match="reviewers decide on it first"):
        feeding.resume(1, Choice.GO_ON)
    for reviewer in ("rolf", "rosa"):
        gate.approve(request, reviewer)
    with gate.ledger() as ledger:
        kept = ledger.clearance_of(request)
    assert kept is not None
    # Approved is not sent: the clearance is of no use while the feed is stopped.
    with pytest.raises(StoppedError, match="stopped at batch 1"):
        gate.send(kept[0].nonce)
    with pytest.raises(StoppedError):
        feeding.run()
    assert not feeding.sent()
    assert feeding.resume(1, Choice.GO_ON).number == 1
    assert feeding.run().sent == 2
    assert feeding.sent() == ["fleet-1.csv", "fleet-2.csv"]


def test_what_is_dropped_is_never_sent_whatever_reviewers_say_later(feeding: Feeding) -> None:
    gate = feeding.gate
    feeding.put(1, HELD)
    feeding.put(2, points(4))
    feeding.run()
    request = gate.requests()[0].id
    feeding.resume(1, Choice.DROP)
    assert feeding.run().sent == 1
    for reviewer in ("rolf", "rosa"):
        gate.approve(request, reviewer)
    with gate.ledger() as ledger:
        kept = ledger.clearance_of(request)
    assert kept is not None
    with pytest.raises(RefusedError, match="went on without batch 1"):
        gate.send(kept[0].nonce)
    # Nor do the same bytes leave under another number.
    feeding.put(3, HELD)
    with pytest.raises(RefusedError, match="bytes that were refused before"):
        feeding.run()
    assert feeding.sent() == ["fleet-2.csv"]
    assert len(gate.requests()) == 2


def test_a_corrected_batch_is_judged_by_its_new_bytes(feeding: Feeding) -> None:
    feeding.put(1, DENIED)
    feeding.put(2, points(4))
    feeding.run()
    with pytest.raises(RefusedError, match="drop it, or have it corrected"):
        feeding.resume(1, Choice.GO_ON)
    feeding.resume(1, Choice.CORRECT)
    with pytest.raises(RefusedError, match="bytes that were refused before"):
        feeding.run()
    assert not feeding.sent()
    feeding.put(1, [{"lon": lon, "lat": lat} for lon, lat in FINE])
    assert feeding.anew().decision is Decision.DENY
    feeding.resume(1, Choice.CORRECT)
    feeding.put(1, points(5))
    assert feeding.run().sent == 2
    assert feeding.sent() == ["fleet-1.csv", "fleet-2.csv"]


def test_who_owns_a_feed_or_requested_the_batch_does_not_resume_it_nor_does_who_has_no_role(feeding: Feeding) -> None:
    feeding.put(1, DENIED)
    feeding.run()
    for actor, why in ((OWNER, "owns a feed"), (OWNER.upper(), "owns a feed"), ("RITA", "requested a batch")):
        with pytest.raises(RefusedError, match=why):
            feeding.resume(1, actor=actor)
    with pytest.raises(RefusedError, match="stopped at batch 1, not at 2"):
        feeding.resume(2)
    roles = f"people:\n  - {{name: {STEWARD}, roles: [auditor, administrator, requester]}}\n"
    (feeding.gate.policies.root / "roles.yaml").write_text(roles)
    with pytest.raises(RefusedError, match="policy-owner or reviewer"):
        feeding.resume(1)
    (feeding.gate.policies.root / "roles.yaml").write_text(roles.replace("auditor", "reviewer"))
    assert feeding.resume(1).number == 2
    with pytest.raises(RefusedError, match="is not stopped"):
        feeding.resume(2)


def test_a_feed_that_was_stopped_by_hand_sends_nothing_that_was_cleared_before(feeding: Feeding) -> None:
    gate = feeding.gate
    feeding.put(1, points(4))
    declared = place_of(gate.house()).feed("fleet")
    series = BatchSeries(feed=declared, number=1, sha256=Sha256("0" * 64), house=gate.house(), before=())
    done = submit(wish_of(declared, str(feeding.folder / "fleet-1.csv")), house=gate.house(), series=series)
    stop("fleet", reason="a rumour", house=gate.house("anybody"))
    with pytest.raises(StoppedError, match="a rumour"):
        feeding.run()
    assert [row.standing.why for row in feeds(house=gate.house()) if row.standing] == ["a rumour"]
    assert done.clearance is not None
    with pytest.raises(StoppedError, match="a rumour"):
        gate.send(done.clearance)
    assert not feeding.sent()
    feeding.resume(1, Choice.GO_ON)
    assert feeding.run().sent == 1
    assert len(gate.requests()) == 1


def test_another_recipient_needs_a_feed_of_another_name(feeding: Feeding) -> None:
    feeding.put(1, points(4))
    feeding.run()
    feeding.gate.policies.write_recipients(other_place="file:elsewhere/")
    (feeding.gate.root / "elsewhere").mkdir()
    feeding.declare(recipient="other", destination="file:elsewhere/")
    feeding.put(2, points(4, start=10))
    with pytest.raises(RefusedError, match="had another recipient before"):
        feeding.run()
    assert len(feeding.gate.requests()) == 1


def test_the_audit_tells_of_a_feed_that_nobody_resumed_for_a_day_and_of_none_before(feeding: Feeding) -> None:
    gate = feeding.gate
    feeding.put(1, DENIED)
    feeding.run()

    def told(**later: float) -> list[str]:
        gate.now = datetime.now(UTC) + timedelta(**later)
        found = watch(since=gate.now - timedelta(days=1), house=gate.house())
        return [each.summary for each in found if each.kind is Kind.FEED]

    assert told(hours=23) == []
    (said,) = told(hours=25)
    assert said.startswith("feed fleet is stopped at batch 1 since")
    feeding.resume(1)
    assert told(hours=25) == []
    feeding.declare(window="for ever")
    (said,) = told()
    assert said.startswith("feed fleet cannot run: fleet.yaml")
