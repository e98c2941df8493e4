"""A held gate waits for people without a worker, and goes on with what the ledger says they decided."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from dag_runs.gate_house import COARSE, MIDDLE, PARTNER, POLICY

from geogate.gate.house import Wish
from geogate.gate.review import reject, send_back, withdraw
from geogate.gate.submit import submit
from geogate.model.lifecycle import State
from geogate.model.names import LayerName

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from dag_runs.gate_house import GateHouse
    from dag_runs.runs import DagRuns, Ended

    from geogate.gate.submit import Submission
    from geogate.model.names import RequestId

TO = f"file:outbox/{PARTNER}/france/"
SOON_S = 10.0
QUIET = 4
"""Looks, half a second apart, without a task that asks, after which an answer has arrived."""


def let_go(house: GateHouse) -> None:
    """End whatever a run could still wait for, so that a test that went wrong ends too."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    for request in house.requests():
        if request.state is State.HELD:
            withdraw(request.id, comment="", house=house.as_actor(request.requester))
    with create_session() as session:
        for parked in session.query(TaskInstance).filter(TaskInstance.state == "awaiting_input"):
            parked.state = "failed"


@contextmanager
def meanwhile(house: GateHouse, work: Callable[[], object]) -> Iterator[None]:
    """Do something in a thread while a DAG runs in this process; what goes wrong in it is raised at the end."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again below
            failed.append(error)
            let_go(house)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    for error in failed:
        raise error


def when_held(house: GateHouse) -> RequestId:
    """Wait until a request is held."""
    patience = threading.Event()
    for _ in range(3000):
        held = [each for each in house.requests() if each.state is State.HELD]
        if held:
            return held[0].id
        patience.wait(0.1)
    raise AssertionError("nothing is held")


def wish(house: GateHouse, *, decimals: int = MIDDLE) -> Wish:
    folder = house.stage("france", decimals=decimals, country="FR")
    return Wish(
        dataset=(str(folder / "france.parquet"),),
        policy="baseline",
        recipient=PARTNER,
        destination=TO,
        purpose="maps",
    )


def held(house: GateHouse) -> Submission:
    found = submit(wish(house), house=house.as_actor("olga"))
    assert found.state is State.HELD
    return found


def operator(house: GateHouse, **more: Any) -> Any:
    from geogate.airflow.operators import GateOperator

    dataset = str(house.outgoing / "france" / "france.parquet")
    return GateOperator(
        task_id="gate", dataset=dataset, policy="baseline", recipient=PARTNER, destination=TO, purpose="maps", **more
    )


def context(request: str = "") -> Any:
    """Give as much of a task's context as a gate reads; ``request`` is what it kept before."""
    kept = SimpleNamespace(task_id="gate", map_index=-1, xcom_pull=lambda **_: request or None, try_number=1)
    return {"ti": kept, "dag_run": SimpleNamespace(triggering_user_name="olga", dag_id="d")}


def waits(operator: Any, **call: Any) -> Any:
    """Say how a task waits on."""
    from airflow.sdk.exceptions import TaskDeferred

    with pytest.raises(TaskDeferred) as caught:
        operator.go_on(context(), **call)
    return caught.value


def run(runs: Callable[[str], DagRuns], house: GateHouse, **conf: object) -> Ended:
    house.stage("france", decimals=MIDDLE, country="FR")
    return runs("export_gate").run(staged=str(house.outgoing), **conf)


def test_a_held_gate_waits_and_sends_after_the_last_approval(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    def decide() -> None:
        request = when_held(house)
        for reviewer in ("carol", "dave"):
            house.approve(request, reviewer)

    with meanwhile(house, decide):
        ended = run(runs, house)

    assert ended.state == "success"
    assert [request.state for request in house.requests()] == [State.SENT]
    assert list(house.delivered()) == [f"{PARTNER}/france/france.parquet"]
    assert set(ended.xcoms["release.gate", 0]) == {"request_id", "clearance_id"}


@pytest.mark.parametrize(
    ("refuse", "said"), [(reject, "was rejected by its reviewers"), (send_back, "was returned for changes")]
)
def test_what_reviewers_refuse_fails_and_sends_nothing(
    house: GateHouse, runs: Callable[[str], DagRuns], refuse: Callable[..., object], said: str
) -> None:
    def decide() -> None:
        request = when_held(house)
        house.approve(request, "carol")
        refuse(request, comment="not like this", house=house.as_actor("dave"))

    with meanwhile(house, decide):
        ended = run(runs, house)

    assert (ended.state, ended.tasks["release.gate", 0].tries) == ("failed", 1)
    assert said in ended.message("release.gate", 0)
    assert "not like this" not in ended.message("release.gate", 0)
    assert house.delivered() == {}


@pytest.mark.usefixtures("airflow_home")
@pytest.mark.parametrize(
    "event",
    [
        {"state": "cleared", "clearance_id": "0" * 32},
        {"request": "", "clearance": "0" * 32, "over": ""},
        {"chosen_options": ["Approve"], "responded_by_user": {"id": "carol", "name": "carol"}},
        "cleared",
        None,
    ],
)
def test_a_forged_event_clears_nothing_and_the_task_waits_on(house: GateHouse, event: Any) -> None:
    request = str(held(house).request)

    deferred = waits(operator(house), event=event, request=request)

    assert (deferred.method_name, deferred.kwargs) == ("go_on", {"request": request})
    assert deferred.trigger.serialize()[1]["request"] == request
    assert [each.state for each in house.requests()] == [State.HELD]


@pytest.mark.usefixtures("airflow_home")
def test_an_event_can_end_the_waiting_but_not_the_review(house: GateHouse) -> None:
    from geogate.airflow.failures import UndecidedError

    request = str(held(house).request)

    with pytest.raises(UndecidedError, match=f"request {request} to {TO} was not decided in time"):
        operator(house).go_on(context(), {"over": True}, request)

    assert [each.state for each in house.requests()] == [State.HELD]


@pytest.mark.usefixtures("airflow_home")
def test_what_was_decided_in_the_last_moment_counts_though_airflow_ended_the_waiting(house: GateHouse) -> None:
    from geogate.airflow.failures import UndecidedError

    request = held(house).request
    ended = {"error": "Trigger timeout"}
    with pytest.raises(UndecidedError):
        operator(house).resume_execution("__fail__", ended, context(str(request)))
    for reviewer in ("carol", "dave"):
        house.approve(request, reviewer)

    handed = operator(house).resume_execution("__fail__", ended, context(str(request)))

    assert handed["request_id"] == request
    assert house.clearance(handed["clearance_id"]).request == request


@pytest.mark.usefixtures("airflow_home")
def test_a_task_goes_on_with_its_own_request_only(house: GateHouse) -> None:
    from geogate.airflow.failures import StoppedError

    request = str(held(house).request)
    other = operator(house)
    other.purpose = "something else"

    with pytest.raises(StoppedError, match="is not the one that is waited for"):
        other.go_on(context(), None, request)
    with pytest.raises(StoppedError, match="the ledger has no request"):
        operator(house).go_on(context(), {"request": "20260101-000000000000"})


@pytest.mark.usefixtures("airflow_home")
def test_a_request_that_was_withdrawn_ends_the_waiting(house: GateHouse) -> None:
    from geogate.airflow.failures import StoppedError

    request = held(house).request
    withdraw(request, comment="", house=house.as_actor("olga"))

    with pytest.raises(StoppedError, match="was withdrawn by its requester"):
        operator(house).go_on(context(), None, str(request))


@pytest.mark.usefixtures("airflow_home")
def test_a_clearance_that_has_expired_is_not_handed_over(house: GateHouse) -> None:
    from geogate.airflow.failures import StoppedError
    from geogate.gate.awaited import awaited

    request = held(house).request
    for reviewer in ("carol", "dave"):
        house.approve(request, reviewer)
    asked = operator(house)
    late = replace(house.as_actor("olga"), clock=lambda: datetime.now(UTC) + timedelta(hours=25))

    found = awaited(request, asked.wish(), house=late)

    assert (found.state, found.clearance) == (State.CLEARED, None)
    with pytest.raises(StoppedError, match="has expired"):
        asked._decided(context(), found, over=False)


@pytest.mark.usefixtures("airflow_home")
def test_a_task_waits_as_long_as_the_review_lasts_or_as_it_says(house: GateHouse) -> None:
    request = str(held(house).request)
    days, hour = timedelta(days=14), timedelta(hours=1)

    whole, part = waits(operator(house), request=request), waits(operator(house, review_timeout=hour), request=request)

    for deferred, length in ((whole, days), (part, hour)):
        until = datetime.fromisoformat(deferred.trigger.serialize()[1]["until"])
        assert length - timedelta(minutes=1) < until - datetime.now(UTC) <= length
        assert timedelta() < deferred.timeout - (until - datetime.now(UTC)) < timedelta(minutes=6)


@pytest.mark.usefixtures("airflow_home")
def test_a_task_waits_in_one_of_the_known_ways(house: GateHouse) -> None:
    from geogate.airflow.failures import HeldError, StoppedError

    wish(house)
    with pytest.raises(StoppedError, match="when_held is 'approve', and must be wait, ask, fail"):
        operator(house, when_held="approve").execute(context())
    assert house.requests() == []

    kept = context()
    kept["ti"].xcom_push = lambda **_: None
    with pytest.raises(HeldError):
        operator(house, when_held="fail").execute(kept)


def woken(trigger: Any, meanwhile: Callable[[], object] | None = None) -> Mapping[str, Any]:
    """Run a trigger as a triggerer does, and give what it wakes its task with."""

    async def first() -> Any:
        event = asyncio.ensure_future(anext(trigger.run()))
        if meanwhile is not None:
            await asyncio.sleep(0.2)
            assert not event.done()
            await asyncio.to_thread(meanwhile)
        return await asyncio.wait_for(event, SOON_S)

    found: Mapping[str, Any] = asyncio.run(first()).payload
    return found


def made_again(request: object, **more: str) -> Any:
    """Give a trigger as a triggerer makes it from what Airflow kept."""
    from airflow.sdk._shared.module_loading import import_string

    from geogate.airflow.triggers import ReviewTrigger

    path, kept = ReviewTrigger(request=str(request), **more).serialize()
    return import_string(path)(**kept)


@pytest.mark.usefixtures("airflow_home")
def test_a_trigger_that_is_made_again_wakes_the_task_when_the_request_is_decided(house: GateHouse) -> None:
    request = held(house).request
    house.approve(request, "carol")

    payload = woken(made_again(request), lambda: house.approve(request, "dave"))

    assert payload == {"request": request}


@pytest.mark.usefixtures("airflow_home")
def test_a_ledger_that_is_away_wakes_nobody_until_it_is_back_and_the_request_decided(
    house: GateHouse, capfd: pytest.CaptureFixture[str]
) -> None:
    request = held(house).request
    house.approve(request, "carol")
    away = house.ledger_file.with_suffix(".away")

    def back() -> None:
        threading.Event().wait(1.5)
        away.rename(house.ledger_file)
        house.approve(request, "dave")

    house.ledger_file.rename(away)
    payload = woken(made_again(request), back)

    assert payload == {"request": request}
    told = "".join(capfd.readouterr())
    assert "there is no ledger at this place" in told
    assert "the ledger answers again" in told
    assert str(house.root) not in told


@pytest.mark.usefixtures("airflow_home")
def test_a_ledger_that_never_comes_back_ends_the_waiting_in_time(house: GateHouse) -> None:
    request = held(house).request
    house.ledger_file.unlink()

    payload = woken(made_again(request, until=(datetime.now(UTC) + timedelta(seconds=1)).isoformat()))

    assert payload == {"request": request, "over": True}


@pytest.mark.usefixtures("airflow_home")
def test_a_request_that_the_triggerer_does_not_know_wakes_nobody(house: GateHouse) -> None:
    held(house)

    payload = woken(made_again("20260101-000000000000", until=(datetime.now(UTC) + timedelta(seconds=1)).isoformat()))

    assert payload["over"] is True


@pytest.mark.usefixtures("airflow_home")
def test_many_tasks_are_watched_with_the_same_looks(house: GateHouse) -> None:
    from geogate.airflow.watch import watch

    request = held(house).request

    async def wait() -> int:
        until = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
        await asyncio.gather(*(anext(made_again(request, until=until).run()) for _ in range(200)))
        return watch().looks

    assert asyncio.run(wait()) <= 4


@pytest.mark.usefixtures("airflow_home")
def test_a_ledger_that_hangs_does_not_hold_up_other_triggers(house: GateHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    from geogate.airflow import watch

    request, released = held(house).request, threading.Event()
    monkeypatch.setattr(watch, "_ledger", lambda: released.wait(30))
    monkeypatch.setattr(watch, "PATIENCE_S", 0.5)

    async def wait() -> tuple[str, float]:
        loop = asyncio.get_running_loop()
        look = asyncio.ensure_future(watch.watch().look(request))
        longest, before = 0.0, loop.time()
        while not look.done():
            await asyncio.sleep(0.01)
            longest, before = max(longest, loop.time() - before), loop.time()
        released.set()
        return look.result().trouble, longest

    trouble, longest = asyncio.run(wait())

    assert trouble == "the ledger does not answer in time"
    assert longest < 0.4


ONE = POLICY.replace("reviewers: 2", "reviewers: 1")
ROLES = """
people:
  - {name: carol, roles: [reviewer]}
  - {name: "airflow:export", roles: [requester, reviewer]}
  - {name: dag_test, roles: [requester, reviewer]}
  - {name: olga, roles: [requester, reviewer]}
"""


def one_reviewer(house: GateHouse) -> Path:
    house.write_policy(ONE)
    roles = house.root / "policies" / "roles.yaml"
    roles.write_text(ROLES)
    return roles


def answered(house: GateHouse, name: str, option: str, comment: str) -> None:
    """Answer the form of the only task that asks, as Airflow's API server does, and again where the run lost it.

    What runs a DAG in this process writes the state of a task that has just begun to ask once more, over the answer.
    """
    when_held(house)
    patience = threading.Event()
    quiet = times = 0
    for _ in range(600):
        if submitted(name, option, comment):
            quiet, times = 0, times + 1
        elif times:
            quiet += 1
        if quiet == QUIET:
            return
        patience.wait(0.5)
    raise AssertionError("nothing asks" if not times else "it asks again and again")


def submitted(name: str, option: str, comment: str) -> bool:
    """Answer what asks now; whether something does."""
    from airflow.models.hitl import HITLDetail
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.trigger import handle_event_submit
    from airflow.triggers.base import TriggerEvent
    from airflow.utils.session import create_session

    with create_session() as session:
        parked = session.query(TaskInstance).filter(TaskInstance.state == "awaiting_input").all()
        for each in parked:
            detail = session.get(HITLDetail, each.id)
            detail.responded_by, detail.responded_at = {"id": "7", "name": name}, datetime.now(UTC)
            detail.chosen_options, detail.params_input = [option], {"comment": comment}
            handle_event_submit(TriggerEvent(detail.as_resume_event_payload()), task_instance=each, session=session)
        return bool(parked)


def test_the_answer_in_airflows_form_is_the_vote_of_who_answered(
    house: GateHouse, runs: Callable[[str], DagRuns]
) -> None:
    one_reviewer(house)

    with meanwhile(house, lambda: answered(house, "carol", "Approve", "looked at it")):
        ended = run(runs, house, when_held="ask")

    assert ended.state == "success"
    (request,) = house.requests()
    with house.as_actor("reader").ledger() as ledger:
        votes = [(vote.reviewer, vote.source, vote.choice, vote.comment) for vote in ledger.votes(request.id)]
    assert votes == [("carol", "airflow", "approve", "looked at it")]
    assert len(house.delivered()) == 1


def test_a_refusal_in_airflows_form_fails_the_task(house: GateHouse, runs: Callable[[str], DagRuns]) -> None:
    one_reviewer(house)

    with meanwhile(house, lambda: answered(house, "carol", "Reject", "too fine")):
        ended = run(runs, house, when_held="ask")

    assert ended.state == "failed"
    assert "was rejected by its reviewers" in ended.message("release.gate", 0)
    assert house.delivered() == {}


def answer(name: object, *options: str, comment: object = "said") -> dict[str, Any]:
    return {
        "chosen_options": list(options),
        "params_input": {"comment": comment},
        "responded_by_user": {"id": "7", "name": name},
        "timedout": False,
    }


@pytest.mark.usefixtures("airflow_home")
@pytest.mark.parametrize(
    ("event", "said"),
    [
        (answer("mallory", "Approve"), "needs the role reviewer"),
        (answer("olga", "Approve"), "requester"),
        (answer("carol", "Reject", comment=""), "needs a comment"),
        (answer("carol", "Approve", comment="x" * 2001), "up to 2000 characters"),
        (answer("carol", "Approve", "Reject"), "not one of the options"),
        (answer("carol"), "not one of the options"),
        (answer("carol", "approve"), "not one of the options"),
        (answer("airflow:export", "Approve"), "does not name you"),
        (answer("car\u200bol", "Approve"), "does not name you"),
        (answer("", "Approve"), "nobody answered"),
        (answer(None, "Approve"), "nobody answered"),
        (answer("carol", "Approve") | {"timedout": True}, "nobody answered"),
        (answer("carol", "Approve") | {"responded_by_user": None}, "nobody answered"),
        ({}, "nobody answered"),
    ],
)
def test_an_answer_that_is_no_vote_of_a_reviewer_does_not_count(
    house: GateHouse, event: dict[str, Any], said: str
) -> None:
    from geogate.airflow.asking import vote_as_answered
    from geogate.gate.awaited import awaited

    one_reviewer(house)
    request = held(house).request
    found = awaited(request, operator(house).wish(), house=house.as_actor("olga"))

    assert said in vote_as_answered(event, found)

    with house.as_actor("reader").ledger() as ledger:
        assert ledger.votes(request) == ()
        assert ledger.request(request).state is State.HELD


@pytest.mark.usefixtures("airflow_home")
def test_without_roles_nobody_whom_airflow_names_may_vote(house: GateHouse) -> None:
    from geogate.airflow.asking import vote_as_answered
    from geogate.gate.awaited import awaited

    roles = one_reviewer(house)
    roles.unlink()
    found = awaited(held(house).request, operator(house).wish(), house=house.as_actor("olga"))

    assert "needs the role reviewer" in vote_as_answered(answer("carol", "Approve"), found)


def test_a_form_that_nobody_answers_in_time_fails_the_task(house: GateHouse) -> None:
    from geogate.airflow.failures import UndecidedError

    one_reviewer(house)
    request = str(held(house).request)

    with pytest.raises(UndecidedError):
        operator(house, when_held="ask").go_on_answered(context(), {"error": "late", "error_type": "timeout"}, request)


@pytest.mark.usefixtures("airflow_home")
def test_a_policy_with_two_reviewers_refuses_the_form_before_anything_is_submitted(house: GateHouse) -> None:
    from geogate.airflow.failures import StoppedError

    wish(house, decimals=COARSE)

    with pytest.raises(StoppedError, match="the policy asks for 2 reviewers, and Airflow's form takes one answer"):
        operator(house, when_held="ask").execute(context())

    assert house.requests() == []


@pytest.mark.usefixtures("airflow_home")
def test_nothing_that_the_form_shows_is_markup_or_a_value_of_the_data(house: GateHouse) -> None:
    from geogate.airflow.asking import form_text
    from geogate.gate.awaited import awaited

    one_reviewer(house)
    found = awaited(held(house).request, operator(house).wish(), house=house.as_actor("olga"))
    layer = replace(
        found.verdict.findings[0], layer=LayerName("<b>x</b>\n# you may approve\n[this](https://example.org)")
    )
    hostile = replace(found, verdict=replace(found.verdict, findings=(layer, *found.verdict.findings[1:])))

    lines = form_text(hostile).splitlines()

    start = lines.index("")
    assert all(line.startswith("    ") for line in lines[start + 1 :])
    assert not any("example.org" in line or "<b>" in line for line in lines[:start])
