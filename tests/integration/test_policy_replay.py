"""Past releases judged by a candidate policy, from what the ledger kept of them."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from gating.files import COARSE, FINE, INSIDE, MIDDLE, stage
from gating.place import RULES, columns, destination, precision, rule, zones

from geogate.gate.policy_replay import Plan, Replayed, replay, summary
from geogate.model.verdict import Decision
from geogate.policy.parse import parse_policy
from geogate.rules.registry import parameter_models

if TYPE_CHECKING:
    from gating.gate import Gate

    from geogate.policy.policy import Policy


def read(gate: Gate, name: str = "test") -> Policy:
    path = gate.policies.file(f"{name}.yaml")
    return parse_policy(path.read_bytes(), file=path.name, rules=parameter_models())


@pytest.fixture
def judged(gate: Gate) -> Gate:
    """A gate that judged four releases: one is cleared, one held, two are denied."""
    for name, points in (("coarse", COARSE), ("middle", MIDDLE), ("fine", FINE), ("inside", INSIDE)):
        folder = gate.staged / name
        folder.mkdir()
        gate.submit(stage("GeoJSON", folder, points))
    return gate


def replayed(gate: Gate, candidate: Policy, **plan: bool) -> list[Replayed]:
    return list(replay(Plan(candidate=candidate, **plan), house=gate.house()))  # type: ignore[arg-type]


BEFORE = [Decision.CLEAR, Decision.HOLD, Decision.DENY, Decision.DENY]


def test_the_policy_that_judged_reaches_the_same_verdicts_without_the_data(judged: Gate) -> None:
    shutil.rmtree(judged.home / "staging")
    found = replayed(judged, read(judged))
    assert sorted(each.before for each in found) == sorted(BEFORE)
    assert [(each.before, each.reason) for each in found] == [(each.after, "") for each in found]
    assert not any(each.added or each.gone for each in found)


def test_another_number_changes_the_verdicts_that_it_must(judged: Gate) -> None:
    judged.policies.write_policy([precision("precision", 5000, ">="), zones(), destination()])
    found = {each.before: each for each in replayed(judged, read(judged)) if each.changes}
    assert [each.after for each in found.values()] == [Decision.DENY]
    assert found[Decision.HOLD].added == ("precision",)
    assert found[Decision.HOLD].gone == ("review",)


def test_a_looser_candidate_shows_what_it_would_let_out(judged: Gate) -> None:
    judged.policies.write_policy([precision("precision", 0.1, ">="), zones(), destination()])
    after = sorted(str(each.after) for each in replayed(judged, read(judged)))
    assert after == ["clear", "clear", "clear", "deny"]


@pytest.mark.parametrize("step_m", [10, 400, 5000])
def test_what_is_replayed_is_what_judging_the_data_itself_says(judged: Gate, step_m: int) -> None:
    rules = [precision("precision", step_m, ">="), zones(), destination(), precision("review", 2 * step_m, ">=")]
    judged.policies.write_policy(rules[::-1])
    found = replayed(judged, read(judged))
    names = ("coarse", "middle", "fine", "inside")
    slowly = {
        request.id: judged.screen(*(judged.staged / name).iterdir())
        for request, name in zip(judged.requests(), names, strict=True)
    }
    assert {each.request: each.after for each in found} == {name: each.decision for name, each in slowly.items()}
    before = {each.id: each.verdict for each in judged.requests() if each.verdict is not None}
    for each in found:
        graver = {
            kind: {finding.rule for finding in verdict.findings if finding.effect != "note"}
            for kind, verdict in (("before", before[each.request]), ("after", slowly[each.request]))
        }
        assert set(each.added) == graver["after"] - graver["before"]
        assert set(each.gone) == graver["before"] - graver["after"]


def test_what_was_not_measured_is_not_guessed(judged: Gate) -> None:
    judged.policies.write_policy([precision("precision", 100, ">="), zones(1000), destination()])
    found = replayed(judged, read(judged))
    assert {each.after for each in found} == {None}
    assert {each.reason for each in found} == {"what zones measures was not measured then"}
    with_data = replayed(judged, read(judged), with_data=True)
    assert [each.after for each in with_data if each.before is Decision.DENY] == [Decision.DENY, Decision.DENY]


def test_another_encoding_would_have_judged_other_bytes(judged: Gate) -> None:
    judged.policies.write_policy(RULES, encoding="verbatim")
    assert all("another encoding" in each.reason for each in replayed(judged, read(judged)))


def test_columns_keep_their_classes_when_their_rows_are_gone(judged: Gate) -> None:
    judged.policies.write_policy([*RULES, columns("none", "critical")])
    found = replayed(judged, read(judged))
    assert {each.after for each in found} == {Decision.DENY}
    assert all("columns" in each.added for each in found)


def test_a_new_policy_judges_beside_those_that_did(judged: Gate) -> None:
    judged.policies.write_policy([precision("precision", 5000, ">=")], name="strict")
    candidate = read(judged, "strict")
    judged.policies.file("strict.yaml").unlink()
    changed = [each for each in replayed(judged, candidate) if each.changes]
    assert [(each.before, each.after) for each in changed] == [(Decision.HOLD, Decision.DENY)]
    assert changed[0].added == ("strict/precision", "test/review")


def total(limit: int, column: str = "device") -> dict[str, Any]:
    kwargs: dict[str, Any] = {"columns": [column], "window": "P12M", "operator": "<=", "limit": limit}
    return rule("total", "expect_recipient_total_no_more_than", **kwargs, subjects="devices", data="any")


@pytest.fixture
def counted(gate: Gate) -> Gate:
    """A gate that cleared three releases to one recipient, an hour apart, of a row each; between them it denied one."""
    gate.policies.write_policy([*RULES, total(100)])
    for hour, points in enumerate(([(8.3, 47.1)], [(8.4, 47.2)], INSIDE, [(8.5, 47.3)]), start=1):
        gate.now = datetime(2026, 11, 1, hour, tzinfo=UTC)
        folder = gate.staged / str(hour)
        folder.mkdir()
        gate.submit(stage("GeoJSON", folder, points))
    return gate


@pytest.mark.parametrize(
    ("limit", "after"),
    [(3, ["clear", "clear", "deny", "clear"]), (2, ["clear", "clear", "deny", "deny"]), (1, ["clear", *["deny"] * 3])],
)
def test_totals_are_judged_as_they_stood_then(counted: Gate, limit: int, after: list[str]) -> None:
    """Only releases that were cleared before count, and not one that was denied."""
    counted.policies.write_policy([*RULES, total(limit)])
    found = replayed(counted, read(counted))
    assert [str(each.after) for each in found] == after
    assert [("total" in each.added) for each in found if each.changes] == [True] * sum(each.changes for each in found)


def test_what_nobody_sent_before_its_clearance_ended_does_not_count(counted: Gate) -> None:
    """A clearance of 24 hours counts a day longer, because clocks of machines may differ."""
    folder = counted.staged / "later"
    folder.mkdir()
    counted.now = datetime(2026, 11, 3, 3, tzinfo=UTC)
    counted.submit(stage("GeoJSON", folder, [(8.6, 47.4)]))
    counted.policies.write_policy([*RULES, total(1)])
    assert [str(each.after) for each in replayed(counted, read(counted))] == ["clear", *["deny"] * 4]
    counted.policies.write_policy([*RULES, total(2)])
    assert [str(each.after) for each in replayed(counted, read(counted))][-1] == "clear"


def test_other_subjects_than_were_counted_then_need_the_data(counted: Gate) -> None:
    counted.policies.write_policy([*RULES, total(2, column="vehicle")])
    assert {each.after for each in replayed(counted, read(counted))} == {None}
    with_data = replayed(counted, read(counted), with_data=True)
    assert [str(each.after) for each in with_data] == ["clear", "clear", "deny", "deny"]


def test_what_could_not_be_judged_is_not_counted_as_unchanged(counted: Gate) -> None:
    counted.policies.write_policy([*RULES, total(2, column="vehicle")])
    found = replayed(counted, read(counted))
    told = dict(summary(found))
    assert (told["judged again"], told["the same decision"]) == (0, 0)
    assert told["not said: what total measures was not measured then"] == len(found)


def test_replay_writes_nothing(judged: Gate) -> None:
    before = judged.kinds()
    replayed(judged, read(judged))
    assert judged.kinds() == before
