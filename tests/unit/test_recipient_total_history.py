"""What of past releases is read: for totals of their own and for those within joint rules, and nothing without them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from judging import CIRCUMSTANCES, DIGEST, RECIPIENT, policy_of, registered_rule

from geogate.gate.exposure import Memory, NothingBefore
from geogate.ledger.disclosed import Disclosed
from geogate.measures.subjects import SubjectCount
from geogate.model.document import canonical_json
from geogate.model.lifecycle import State
from geogate.model.names import Actor, PolicyName, RequestId
from geogate.model.release import ReleaseRequest

TODAY = date(2026, 11, 22)
TOTAL: dict[str, Any] = {
    "columns": ["device"],
    "window": "P12M",
    "operator": "<=",
    "limit": 10,
    "subjects": "devices",
    "data": "any",
}
KIND = "expect_recipient_total_no_more_than"
DRAFT = ReleaseRequest(
    id=RequestId("r-1"),
    requester=Actor("rita"),
    recipient=RECIPIENT.id,
    destination=CIRCUMSTANCES.destination,
    purpose="test",
    policy=PolicyName("a-policy"),
    assume_crs="",
    created_at=datetime(2026, 11, 1, tzinfo=UTC),
    state=State.DRAFT,
)


def memory(**changes: Any) -> Memory:
    return Memory.of(policy_of(registered_rule(KIND, **(TOTAL | changes))), TODAY)


def kept(measurements: str | None, on: date | None = None) -> Disclosed:
    return Disclosed(on=on, request=canonical_json(DRAFT), artefact=None, measurements=measurements)


def layer(**changes: Any) -> str:
    said = {"kind": "vector", "rows": 3, "complete": True, "values": {}} | changes
    return canonical_json({"schema": 2, "layers": {"points": said}})


def test_a_total_within_a_joint_rule_is_remembered_too() -> None:
    parts = [
        {"type": KIND, "kwargs": TOTAL | {"window": "P24M"}},
        {"type": "expect_recipient_outside_countries", "kwargs": {"countries": ["CN"]}},
    ]
    joint = registered_rule("expect_no_joint_breach", breaches=parts, because="bulk data abroad")
    found = Memory.of(policy_of(joint, registered_rule(KIND, "own", **TOTAL)), TODAY)
    assert found.measures == (SubjectCount(columns=("device",)),)
    assert found.since == date(2024, 11, 22)


def test_without_a_total_nothing_is_remembered() -> None:
    other = registered_rule("expect_recipient_outside_countries", countries=["CN"])
    assert Memory.of(policy_of(other), TODAY).measures == ()
    assert NothingBefore()(lambda: DIGEST) == ()


def test_what_left_before_the_longest_window_is_not_read() -> None:
    before, within = kept(layer(), date(2025, 11, 21)), kept(layer(), date(2025, 11, 22))
    assert [each.on for each in memory().history([before, within], besides=DIGEST)] == [date(2025, 11, 22)]


def test_releases_of_one_day_are_put_together() -> None:
    (past,) = memory().history([kept(layer(), TODAY), kept(layer(), TODAY)], besides=DIGEST)
    assert past.layers is not None
    assert [each.rows for each in past.layers] == [6]


@pytest.mark.parametrize("text", [
    None, "", "{}", "[]", layer(complete=False), layer(rows="3"), layer(kind="cloud"),
    layer(values={"subjects:device": {"rows": 3, "unnamed": 0, "hashes": "AAA"}}),
    layer(values={"subjects:device": {"rows": 3}}),
    '{"layers":{"points":null},"schema":2}', '{"layers":{},"schema":2}',
])  # fmt: skip
def test_what_cannot_be_read_is_not_known_and_not_nothing(text: str | None) -> None:
    (past,) = memory().history([kept(text)], besides=DIGEST)
    assert past.layers is None
    (both,) = memory().history([kept(layer()), kept(text)], besides=DIGEST)
    assert both.layers is None
