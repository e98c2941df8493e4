"""Operators: GateOperator judges a dataset, SendOperator sends by clearance, AuditOperator judges again.

They call the gate and translate its answer; they decide nothing. Constructors only store, so that parsing a DAG is
cheap, and what the gate needs is imported when a task runs. Between tasks go ids and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk import BaseOperator
from airflow.sdk.bases.operator import TRIGGER_FAIL_REPR

from geogate.airflow import surroundings
from geogate.airflow.asking import ask_in_form, require_one_reviewer, vote_as_answered
from geogate.airflow.failures import ChangedError, DeniedError, HeldError, StoppedError, ending_the_task
from geogate.airflow.held import WhenHeld, end, keep_request, kept_request, left, until
from geogate.airflow.links import ReleaseLink
from geogate.airflow.report import denying_rules, holding_rules, plain, verdict_lines
from geogate.model.lifecycle import State
from geogate.telemetry.begin import begin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from airflow.sdk import Context

    from geogate.gate.awaited import Awaited
    from geogate.gate.house import House, Wish
    from geogate.gate.submit import Submission
    from geogate.model.names import Nonce


class GateOperator(BaseOperator):
    """Submit a dataset to the gate; succeed only with a clearance, and hand over its id.

    ``dataset`` names files, folders or ``s3://`` prefixes; ``export`` is its name for people. ``policy`` may be left
    out where policies are adopted; ``declaration`` says what the data does not, such as ``{"origins": ["DE"]}``.
    ``problem`` is what was wrong with the export before it could be submitted: the task fails with it. With
    ``engine="spark"`` Spark measures, under ``spark_master`` or, without one, under the master
    of Spark's own configuration.

    ``when_held`` says what the task does while people have to decide: ``wait`` leaves the worker and goes on when they
    have decided, ``ask`` asks one of them in Airflow's own form, and ``fail`` fails at once. ``review_timeout`` ends
    the waiting before the review's own days are over; the task fails then.

    Raises: DeniedError, HeldError, UndecidedError and StoppedError, which are not retried; ServiceDownError, which is.
    """

    template_fields: Sequence[str] = (
        "dataset",
        "policy",
        "recipient",
        "destination",
        "purpose",
        "assume_crs",
        "declaration",
        "export",
        "problem",
        "spark_master",
        "when_held",
    )
    operator_extra_links = (ReleaseLink(),)
    ui_color = "#f2c14e"

    def __init__(  # noqa: PLR0913 - one argument for each part of a wish
        self,
        *,
        dataset: str | Sequence[str],
        policy: str = "",
        recipient: str,
        destination: str,
        purpose: str = "",
        assume_crs: str = "",
        declaration: Mapping[str, Any] | None = None,
        export: str = "",
        problem: str = "",
        engine: str = "local",
        spark_master: str = "",
        when_held: str = "wait",
        review_timeout: timedelta | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.dataset = dataset
        self.policy = policy
        self.recipient = recipient
        self.destination = destination
        self.purpose = purpose
        self.assume_crs = assume_crs
        self.declaration = declaration
        self.export = export
        self.problem = problem
        self.engine = engine
        self.spark_master = spark_master
        self.when_held = when_held
        self.review_timeout = review_timeout

    def execute(self, context: Context) -> dict[str, str]:
        """Submit, log the verdict, and return the ids of the request and its clearance; or wait for people."""
        if self.problem:
            raise StoppedError(plain(self.problem))
        when_held = WhenHeld.named(self.when_held)
        with ending_the_task():
            wish, house = self.wish(), house_of(context)
            if when_held is WhenHeld.ASK:
                require_one_reviewer(wish, house=house)
            submission = self._submit(wish, house=house)
            keep_request(context, submission.request)
        for line in verdict_lines(submission.verdict):
            self.log.info("%s", line)
        self.log.info("request %s is %s", submission.request, submission.state)
        if submission.state is not State.HELD or when_held is WhenHeld.FAIL:
            return self.handed_over(submission)
        return self.go_on(context, request=str(submission.request))

    def go_on(self, context: Context, event: Mapping[str, Any] | None = None, request: str = "") -> dict[str, str]:
        """Read from the ledger what people decided, and return the ids, wait on, or fail.

        What woke the task is not believed: the event can end the waiting, and no more.
        """
        told = event if isinstance(event, Mapping) else {}
        with ending_the_task():
            found = self._awaited(context, request or kept_request(context) or str(told.get("request", "")))
        return self._decided(context, found, over=bool(told.get("over", False)))

    def go_on_answered(
        self, context: Context, event: Mapping[str, Any] | None = None, request: str = ""
    ) -> dict[str, str]:
        """Make a vote of what somebody answered in Airflow's form, then do as ``go_on``."""
        told = event if isinstance(event, Mapping) else {}
        with ending_the_task():
            found = self._awaited(context, request or kept_request(context))
            if found.undecided and "error" not in told and (said := vote_as_answered(told, found)):
                self.log.warning("%s", said)
            found = self._awaited(context, str(found.request))
        return self._decided(context, found, over="error" in told)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on; where Airflow ends the waiting, or the trigger fell over, the ledger is asked once more."""
        if next_method != TRIGGER_FAIL_REPR:
            return super().resume_execution(next_method, next_kwargs, context)
        self.log.warning("the waiting was ended by Airflow: %s", plain(str((next_kwargs or {}).get("error", ""))))
        return self.go_on(context, {"over": True})

    def _awaited(self, context: Context, request: str) -> Awaited:
        from geogate.gate.awaited import awaited
        from geogate.model.names import RequestId

        return awaited(RequestId(request), self.wish(), house=house_of(context))

    def _decided(self, context: Context, found: Awaited, *, over: bool) -> dict[str, str]:
        """Hand over a clearance that can be used, wait while people have to decide, and end everything else.

        Raises: TaskDeferred, TaskAwaitingInput, UndecidedError, StoppedError.
        """
        if found.undecided and not over and not found.over:
            self._wait(context, found, ends=until(found, self.review_timeout))
        if found.clearance is None:
            end(found, plain(self.destination))
        return {"request_id": str(found.request), "clearance_id": str(found.clearance)}

    def _wait(self, context: Context, found: Awaited, *, ends: datetime | None) -> NoReturn:
        """Leave the worker until there is something new, or the time is over.

        Raises: TaskDeferred, TaskAwaitingInput, StoppedError.
        """
        from airflow.sdk.exceptions import TaskDeferred

        from geogate.airflow.triggers import ReviewTrigger

        request, when = str(found.request), f" until {ends:%Y-%m-%d %H:%M} UTC" if ends else ""
        self.log.info("request %s waits for review%s", request, when)
        if self.when_held == WhenHeld.ASK:
            ask_in_form(context, found, within=left(ends))
        trigger = ReviewTrigger(request=request, until=ends.isoformat() if ends else "")
        raise TaskDeferred(trigger=trigger, method_name="go_on", kwargs={"request": request}, timeout=left(ends))

    def wish(self) -> Wish:
        """Say what is asked for."""
        from geogate.gate.house import Wish
        from geogate.policy.declaration import declaration_from

        return Wish(
            dataset=(self.dataset,) if isinstance(self.dataset, str) else tuple(self.dataset),
            policy=self.policy,
            recipient=self.recipient,
            destination=self.destination,
            purpose=self.purpose,
            assume_crs=self.assume_crs,
            declaration=declaration_from(self.declaration or {}),
        )

    def _submit(self, wish: Wish, *, house: House) -> Submission:
        from geogate.gate.engine import Engine
        from geogate.gate.submit import submit

        engine = Engine.named(self.engine, master=self.spark_master)
        return submit(wish, house=replace(house, engine=engine))

    def handed_over(self, submission: Submission) -> dict[str, str]:
        """Give the ids of a cleared request; everything else ends the task.

        Raises: DeniedError, HeldError, StoppedError.
        """
        request, to = submission.request, plain(self.destination)
        match submission.state:
            case State.CLEARED if submission.clearance:
                return {"request_id": str(request), "clearance_id": str(submission.clearance)}
            case State.HELD:
                rules = ", ".join(holding_rules(submission.verdict))
                raise HeldError(
                    f"request {request} to {to} waits for review because of {rules}: reviewers see it with 'geogate "
                    f"review show {request}'; clear this task once 'geogate review approve {request}' has cleared it"
                )
            case State.DENIED:
                rules = ", ".join(denying_rules(submission.verdict))
                raise DeniedError(f"request {request} to {to} is denied by {rules or 'a verdict without any answer'}")
            case state:
                raise StoppedError(f"request {request} to {to} is {state} and has no clearance")


class SendOperator(BaseOperator):
    """Send what a clearance permits, once; ``clearance`` is what a GateOperator returned, or the id in it.

    The id is all that is believed: files, recipient and destination come from the signed clearance in the ledger.

    Raises: StoppedError, which is not retried; ServiceDownError, which is.
    """

    template_fields: Sequence[str] = ("clearance",)
    ui_color = "#7fb685"

    def __init__(self, *, clearance: str | Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.clearance = clearance

    def execute(self, context: Context) -> dict[str, str]:
        """Send, and return the ids of the request and its clearance."""
        from geogate.gate.send import receipt_of, send_by_nonce

        with ending_the_task():
            nonce, house = clearance_id(self.clearance), house_of(context)
            # A worker may die after the receipt is written: an earlier try of this task has delivered then.
            earlier = receipt_of(nonce, house=house) if context["ti"].try_number > 1 else None
            receipt = earlier or send_by_nonce(nonce, house=house)
        for delivery in receipt.deliveries:
            self.log.info("sent a file of %d bytes, sha256 %s", delivery.size, delivery.sha256)
        return {"request_id": str(receipt.request), "clearance_id": str(receipt.nonce)}


class AuditOperator(BaseOperator):
    """Judge again what was sent in the last ``hours``; fail with a list of the releases that would not leave today.

    Raises: ChangedError and StoppedError, which are not retried; ServiceDownError, which is.
    """

    ui_color = "#6d9dc5"

    def __init__(self, *, hours: int = 24, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hours = hours

    def execute(self, context: Context) -> None:
        """Audit."""
        from geogate.gate.audit import audit

        with ending_the_task():
            report = audit(hours=self.hours, house=house_of(context))
        self.log.info("%d releases judged again, %d changed", report.audited, len(report.changes))
        for each in report.overdue:
            self.log.error("%s", plain(each.summary))
        if report.changes:
            changes = "; ".join(plain(f"{change.request}: {change.summary}") for change in report.changes)
            raise ChangedError(f"{len(report.changes)} of {report.audited} releases would not leave today: {changes}")
        if report.overdue:
            overdue = "; ".join(plain(each.summary) for each in report.overdue)
            raise ChangedError(f"{len(report.overdue)} obligations are overdue: {overdue}")


def house_of(context: Context) -> House:
    """Open the gate's house for a task; who triggered the run acts, or the DAG itself where nobody did.

    A person who triggers a run is the requester, and so cannot review what the run submits. The settings are those of
    the process when it started: a DAG file runs in the same one, and must not choose another gate.

    Raises: StoppedError where they are others now; UsageError for a setting that geogate does not know.
    """
    from geogate.gate.house import House

    if changed := surroundings.AT_START.changed("GEOGATE_", *surroundings.LEADING):
        raise StoppedError(
            f"{', '.join(changed)} changed after the process of this task had started; set it outside of DAGs"
        )
    begin(os.environ, whole=False)
    run = context["dag_run"]
    actor = run.triggering_user_name or f"airflow:{run.dag_id}"
    return House.from_environment(surroundings.AT_START.geogate(), actor=actor)


def clearance_id(handed: object) -> Nonce:
    """Take the id out of what a gate handed over.

    Raises: StoppedError when there is none, as when somebody marked a gate as success.
    """
    from geogate.model.names import Nonce

    found = handed.get("clearance_id") if isinstance(handed, Mapping) else handed
    if not isinstance(found, str) or not found:
        raise StoppedError("no clearance came from the gate, so nothing is sent; run the gate, do not mark it")
    return Nonce(found)
