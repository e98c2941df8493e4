"""Reviewers who act at the same moment, so that what the last of them has to pass is passed by nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import pytest
from gating.files import MIDDLE, stage
from gating.place import RULES, destination

from geogate.gate.review import approve
from geogate.gate.reviews_release import release
from geogate.model.errors import RefusedError

if TYPE_CHECKING:
    from gating.command import Command
    from gating.gate import Gate

    from geogate.model.names import RequestId


def approve_while_another_does(gate: Gate, request: RequestId, *, at: datetime) -> None:
    """Let ada approve, and bob between her look at the votes and her own."""
    looks = iter(range(100))

    def clock() -> datetime:
        if next(looks) == LAST_LOOK:
            gate.approve(request, "bob")
        return at

    approve(request, comment="looked at it", house=replace(gate.house("ada"), clock=clock))


LAST_LOOK = 3
"""The clock is looked at for the date, the question and the days of the review, and then for the vote."""


def test_two_approvals_at_the_same_moment_do_not_spare_the_release_its_second_judgement(gate: Gate) -> None:
    gate.now = datetime(2026, 12, 20, 12, tzinfo=UTC)
    gate.policies.write_policy([*RULES[:3], destination(contract_min_days_left=0)], review_days=300)
    gate.policies.write_recipients(contract={"reference": "C-1", "ends": date(2026, 12, 24)})
    request = gate.hold(stage("CSV", gate.staged, MIDDLE))
    gate.now = datetime(2026, 12, 25, 12, tzinfo=UTC)
    with pytest.raises(RefusedError, match="at the same moment"):
        approve_while_another_does(gate, request, at=gate.now)
    assert gate.request(request).state == "held"
    with gate.ledger() as ledger:
        assert [vote.reviewer for vote in ledger.votes(request)] == ["bob"]
    with pytest.raises(RefusedError, match="would be denied today: destination"):
        gate.approve(request, "ada")


def test_two_approvals_at_the_same_moment_clear_what_is_still_allowed_at_the_second_try(gate: Gate) -> None:
    gate.now = datetime(2026, 12, 20, 12, tzinfo=UTC)
    request = gate.hold(stage("CSV", gate.staged, MIDDLE))
    with pytest.raises(RefusedError, match="at the same moment"):
        approve_while_another_does(gate, request, at=gate.now)
    assert gate.approve(request, "ada").clearance is not None


def test_reviewers_see_that_the_reference_is_only_what_the_requester_says(gate: Gate, geogate: Command) -> None:
    stated = gate.hold(stage("CSV with WKT", gate.staged, MIDDLE), assume_crs="EPSG:4326")
    found = gate.hold(stage("CSV", gate.staged, MIDDLE, stem="other"), assume_crs="EPSG:4326", purpose="another")
    assert release(stated, house=gate.house()).request.assume_crs == "EPSG:4326"
    assert "rita states EPSG:4326 for layers that have no reference system" in geogate("review", "show", stated).out
    assert '"assume_crs": "EPSG:4326"' in geogate("review", "show", found, "--format", "json").out
