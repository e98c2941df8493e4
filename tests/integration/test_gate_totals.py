"""Counts over what one recipient got: in windows of time, over portions, under races and across layers."""

from __future__ import annotations

import json
import os
import traceback
import warnings
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import shapely
from gating.files import frame
from gating.gate import at
from gating.place import DENY_M, columns, destination, precision, rule
from judging import batch_of
from sqlalchemy import Engine, event

from geogate.gate.exposure import LATELY
from geogate.gate.obligations import owed
from geogate.ledger.disclosed import GRACE
from geogate.measures.subjects import SubjectCount
from geogate.model.declaration import DataKind, Declaration
from geogate.model.errors import RefusedError
from geogate.model.lifecycle import State
from geogate.model.verdict import Decision
from geogate.rules.recipient_total_window import first_day

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from gating.gate import Gate

    from geogate.gate.submit import Submission

IDS = columns(declared=[{"name": name, "holds": "identity"} for name in ("device", "other")])
RULES = (precision("precision", DENY_M, ">="), destination(), IDS)

LIMIT = 10
TOTAL = "total"


def total(severity: str = "critical", **changes: Any) -> dict[str, Any]:
    kwargs: dict[str, Any] = {
        "columns": ["device*"],
        "window": "P12M",
        "operator": "<=",
        "limit": LIMIT,
        "subjects": "devices",
        "data": "any",
    }
    return rule(TOTAL, "expect_recipient_total_no_more_than", severity, **(kwargs | changes))


@pytest.fixture
def counting(gate: Gate) -> Gate:
    """A gate at which a recipient gets ten devices in twelve months."""
    gate.policies.write_policy([*RULES, total()])
    gate.now = at("2026-06-15T12:00:00")
    return gate


def devices(gate: Gate, ids: Iterable[object], *, stem: str = "", column: str = "device") -> Path:
    """Stage points with ids of devices; no two files have the same bytes."""
    every = list(ids)
    number = len(list(gate.staged.iterdir()))
    points = [(8.0 + place % 50 / 10, 47.0 + number % 30 / 10) for place in range(len(every))]
    data = frame(points, ["x"]).drop(columns="name")
    data[column] = [None if each is None else f"d-{each}" for each in every]
    path = gate.staged / f"{stem or f'd{number}'}.gpkg"
    data.to_file(path, layer="points")
    return path


def leave(gate: Gate, ids: Iterable[object], **changes: Any) -> Submission:
    """Submit, and send what was cleared."""
    done = gate.submit(devices(gate, ids), **changes)
    if done.clearance is not None:
        gate.send(done.clearance)
    return done


def denied_by(done: Submission) -> set[str]:
    return {str(finding.rule) for finding in done.verdict.findings}


@pytest.mark.parametrize(("count", "operator", "decision"), [
    (9, "<=", Decision.CLEAR), (10, "<=", Decision.CLEAR), (11, "<=", Decision.DENY),
    (9, "<", Decision.CLEAR), (10, "<", Decision.DENY),
])  # fmt: skip
def test_the_limit_is_as_the_operator_says(gate: Gate, count: int, operator: str, decision: Decision) -> None:
    gate.policies.write_policy([*RULES, total(operator=operator)])
    assert gate.submit(devices(gate, range(count))).decision is decision


def test_what_is_sent_in_small_portions_adds_up(counting: Gate) -> None:
    for portion in range(5):
        assert leave(counting, range(2 * portion, 2 * portion + 2)).decision is Decision.CLEAR
    over = leave(counting, [10])
    assert over.decision is Decision.DENY
    assert denied_by(over) == {TOTAL}
    (finding,) = over.verdict.findings
    assert (finding.measured, finding.operator, finding.limit, finding.unit) == ("11", "<=", "10", "devices")
    assert finding.summary == "since 2025-06-15 the recipient would have got 11 devices"


def test_the_same_devices_count_once_however_often_they_are_sent(counting: Gate) -> None:
    for day in range(1, 8):
        counting.now = at(f"2026-06-{day:02}T12:00:00")
        assert leave(counting, range(10)).decision is Decision.CLEAR
    assert leave(counting, range(1, 11)).decision is Decision.DENY


def test_what_was_cleared_and_not_sent_yet_counts(counting: Gate) -> None:
    assert counting.submit(devices(counting, range(6))).state is State.CLEARED
    assert counting.submit(devices(counting, range(6, 11))).decision is Decision.DENY


def test_a_clearance_that_nobody_used_counts_no_longer_than_it_may_be_used(counting: Gate) -> None:
    done = counting.submit(devices(counting, range(6)))
    assert done.clearance is not None
    expires = counting.clearance(done.clearance)[0].expires_at
    last = expires + GRACE
    counting.now = last.replace(microsecond=0)
    assert counting.submit(devices(counting, range(6, 11))).decision is Decision.CLEAR


def test_the_very_same_bytes_tell_nothing_new(counting: Gate) -> None:
    data = devices(counting, [None] * 6)
    counting.send(counting.clear(data))
    assert counting.submit(data).decision is Decision.CLEAR
    assert leave(counting, [None] * 5).decision is Decision.DENY


@pytest.mark.parametrize(("sent", "now", "decision"), [
    ("2025-06-15T00:00:00", "2026-06-15T23:59:59", Decision.DENY),
    ("2025-06-14T23:59:59", "2026-06-15T00:00:00", Decision.CLEAR),
    ("2024-02-28T12:00:00", "2025-02-28T12:00:00", Decision.DENY),
    ("2024-02-29T12:00:00", "2025-02-28T12:00:00", Decision.DENY),
    ("2027-02-28T00:00:00", "2028-02-29T23:59:59", Decision.DENY),
    ("2027-02-27T23:59:59", "2028-02-29T00:00:00", Decision.CLEAR),
])  # fmt: skip
def test_twelve_months_end_on_the_same_day_of_the_year_before(
    counting: Gate, sent: str, now: str, decision: Decision
) -> None:
    counting.now = at(sent)
    assert leave(counting, range(6)).decision is Decision.CLEAR
    counting.now = at(now)
    assert leave(counting, range(6, 12)).decision is decision


@pytest.mark.parametrize(("sent", "now", "decision"), [
    ("2026-12-31T23:59:59", "2027-01-01T00:00:00", Decision.CLEAR),
    ("2026-01-01T00:00:00", "2026-12-31T23:59:59", Decision.DENY),
    ("2025-12-31T23:59:59", "2026-01-01T00:00:00", Decision.CLEAR),
])  # fmt: skip
def test_a_calendar_year_begins_on_1_january_in_utc(gate: Gate, sent: str, now: str, decision: Decision) -> None:
    gate.policies.write_policy([*RULES, total(window="calendar-year")])
    gate.now = at(sent)
    assert leave(gate, range(6)).decision is Decision.CLEAR
    gate.now = at(now)
    assert leave(gate, range(6, 12)).decision is decision


def test_layers_of_one_release_add_up(counting: Gate) -> None:
    one, other = devices(counting, range(6)), devices(counting, range(6, 12))
    assert counting.submit(one, other).decision is Decision.DENY


def test_rows_without_an_id_are_somebody_each(counting: Gate) -> None:
    assert leave(counting, [1, 1, 1, *[None] * 9]).decision is Decision.CLEAR
    assert leave(counting, [None]).decision is Decision.DENY


def test_a_layer_without_the_column_counts_all_its_rows(counting: Gate) -> None:
    assert counting.submit(devices(counting, [1] * 10, column="other")).decision is Decision.CLEAR
    assert counting.submit(devices(counting, [1] * 11, column="other")).decision is Decision.DENY


def test_what_left_under_another_policy_counts_with_all_its_rows(gate: Gate) -> None:
    gate.policies.write_policy(RULES)
    assert leave(gate, [1] * 8).decision is Decision.CLEAR
    gate.policies.write_policy([*RULES, total()])
    assert gate.submit(devices(gate, [2, 3])).decision is Decision.CLEAR
    assert gate.submit(devices(gate, [2, 3, 4])).decision is Decision.DENY


def test_only_kinds_of_data_that_the_rule_names_count(gate: Gate) -> None:
    gate.policies.write_policy([*RULES, total(data=["trajectories"])])
    other, same = Declaration(data=(DataKind.HEALTH,)), Declaration(data=(DataKind.TRAJECTORIES,))
    assert leave(gate, range(20), declaration=other).decision is Decision.CLEAR
    assert leave(gate, range(10), declaration=same).decision is Decision.CLEAR
    assert leave(gate, [10]).decision is Decision.DENY


def test_the_ledger_does_not_tell_who_was_sent(counting: Gate) -> None:
    data = devices(counting, range(5))
    kept = counting.submit(data).request
    with counting.ledger() as ledger:
        text = ledger.measurements(kept)
    assert "d-0" not in text
    layer = next(iter(json.loads(text)["layers"].values()))
    hashed = layer["values"]["subjects:device*"]["hashes"]
    plain = SubjectCount(columns=("device*",)).of(_batch(range(5))).hashes
    assert len(hashed) == len(plain)
    assert hashed != plain


def _batch(ids: Iterable[int]) -> Any:
    names = [f"d-{each}" for each in ids]
    return batch_of([shapely.Point(1, 2)] * len(names), columns={"device": names})


def test_two_submissions_at_the_same_moment_do_not_both_pass(counting: Gate) -> None:
    """Each is within the limit alone, and both are judged before either is cleared; the refusal starts its clock."""
    basis = {"section": "28 CFR 202.1104", "source": "the code", "as_of": date(2026, 1, 1)}
    report = {"id": "report", "on": "denied", "rules": ["total"], "due": {"days": 14}, "what": "Report it."}
    counting.policies.write_policy([*RULES, total()], obligations=[report | {"legal_basis": basis}])
    files = [devices(counting, range(6)), devices(counting, range(6, 12))]
    ready, go = os.pipe(), os.pipe()
    children = [_race(counting, file, ready[1], go[0]) for file in files]
    os.close(ready[1])
    judged = [os.read(ready[0], 1) for _ in files]
    os.write(go[1], b"..")
    assert judged == [b".", b"."]
    codes = sorted(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children)
    assert codes == [0, 11]
    assert sorted(counting.states()) == [State.CLEARED, State.FAILED]
    (owes,) = owed(house=counting.house())
    failed = next(each.id for each in counting.requests() if each.state is State.FAILED)
    assert (owes.arisen.id, owes.requests, owes.arisen.due) == ("report", (failed,), date(2026, 6, 29))
    assert counting.kinds()[-2:] == ["move", "obligation"]
    counting.require_whole_ledger()


def _race(gate: Gate, file: Path, ready: int, go: int) -> int:
    """Submit in a process of its own, which waits between the verdict and the clearance until all are judged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        _wait_when_judged(ready, go)
        gate.submit(file)
        code = 0
    except RefusedError as error:
        code = 11 if LATELY in error.summary else 2
    except BaseException:  # noqa: BLE001 - whatever it is, the parent must hear of it
        traceback.print_exc()
    finally:
        os._exit(code)


def _wait_when_judged(ready: int, go: int) -> None:
    """Say when the verdict is in the ledger, and wait for the word to go on."""
    judged: list[bool] = []

    def written(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        values = parameters.values() if isinstance(parameters, dict) else parameters
        if statement.startswith("INSERT INTO entries") and "screen" in values:
            judged.append(True)

    def kept(*_: Any) -> None:
        if judged:
            judged.clear()
            os.write(ready, b".")
            os.read(go, 1)

    event.listen(Engine, "before_cursor_execute", written)
    event.listen(Engine, "checkin", kept)


def test_a_held_release_is_counted_again_at_the_last_approval(counting: Gate) -> None:
    counting.policies.write_policy([total(), IDS, precision("review", 100_000, ">", "warning")])
    request = counting.hold(devices(counting, range(6)))
    counting.approve(request, "anna")
    counting.policies.write_policy([total(), IDS, precision("review", 100_000, ">", "warning")])
    other = counting.hold(devices(counting, range(6, 12)))
    counting.approve(other, "anna")
    assert counting.approve(other, "ben").state is State.CLEARED
    with pytest.raises(RefusedError, match="denied today: total"):
        counting.approve(request, "ben")


def test_a_window_is_a_number_of_months_or_a_year() -> None:
    assert first_day("P1M", date(2027, 3, 31)) == date(2027, 2, 28)
    assert first_day("P1M", date(2028, 3, 31)) == date(2028, 2, 29)
    assert first_day("P12M", date(2028, 2, 29)) == date(2027, 2, 28)
    assert first_day("P14M", date(2028, 1, 1)) == date(2026, 11, 1)
    assert first_day("calendar-year", date(2028, 2, 29)) == date(2028, 1, 1)
