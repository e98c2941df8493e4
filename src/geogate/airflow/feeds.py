"""The operator of a feed, and the trigger that watches its source: no worker is held while nothing waits.

The operator judges and sends; the trigger looks, wakes it, and decides nothing. Constructors only store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import BaseOperator
from airflow.sdk.bases.operator import TRIGGER_FAIL_REPR
from airflow.triggers.base import BaseTrigger, TriggerEvent

from geogate.airflow import surroundings
from geogate.airflow.failures import DeniedError, HeldError, ending_the_task
from geogate.airflow.operators import house_of
from geogate.airflow.report import plain, verdict_lines
from geogate.model.errors import GeogateError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from airflow.sdk import Context

    from geogate.gate.feed_follow import Ran
    from geogate.gate.feed_run import Step

WAITS: Final = "waits"
MISSING: Final = "missing"

KEPT: Final = "geogate_feed"
"""The key of the XCom with what a task that waits has done, which counts nothing but its own end."""

LOOK_S: Final = 2.0
"""Seconds between two looks at a source."""

PATIENCE_S: Final = 60.0
"""Seconds that a look may take."""

GRACE: Final = timedelta(minutes=5)
"""After the trigger should have woken the task, Airflow's own timeout does; no triggerer may be running."""


class FeedOperator(BaseOperator):
    """Judge and send the batches of a feed in their order, each as a release of its own, until one may not leave.

    ``feed`` is declared in feeds/ beside the policies, which says from where to whom. Without ``idle`` the task ends
    when nothing waits; with it, it waits for further batches without a worker, and ends when none came for so long.
    ``within`` ends it after so long, ``batches`` after so many.

    Raises: DeniedError and HeldError at the batch that stops the feed, StoppedError where it is stopped, which are not
        retried; ServiceDownError, which is.
    """

    template_fields: Sequence[str] = ("feed",)
    ui_color = "#f2a65a"

    def __init__(
        self,
        *,
        feed: str,
        idle: timedelta | None = None,
        within: timedelta | None = None,
        batches: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.feed = feed
        self.idle = idle
        self.within = within
        self.batches = batches

    def execute(self, context: Context) -> dict[str, int]:
        """Take what waits, and wait for more; return how many batches were sent."""
        ends = datetime.now(UTC) + self.within if self.within is not None else None
        return self._take(context, sent=0, ends=ends, late=False)

    def go_on(self, context: Context, event: Mapping[str, Any] | None = None) -> dict[str, int]:
        """Take what came, or end; what woke the task is not believed, it can end the waiting and no more."""
        told = event if isinstance(event, Mapping) else {}
        sent, ends = _kept(context)
        over = bool(told.get("over", False))
        return self._take(context, sent=sent, ends=datetime.now(UTC) if over else ends, late=bool(told.get("late")))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on; where Airflow ends the waiting, or the trigger fell over, the source is looked at once more."""
        if next_method != TRIGGER_FAIL_REPR:
            return super().resume_execution(next_method, next_kwargs, context)
        self.log.warning("the waiting was ended by Airflow: %s", plain(str((next_kwargs or {}).get("error", ""))))
        return self.go_on(context, {"over": True})

    def _take(self, context: Context, *, sent: int, ends: datetime | None, late: bool) -> dict[str, int]:
        from geogate.gate.feed_follow import Until, run
        from geogate.gate.feed_run import Outcome, Runner

        waits = self.idle is not None and not late
        left = None if self.batches is None else self.batches - sent
        until = Until(follow=waits, idle_s=0.0 if waits else None, batches=left)
        with ending_the_task():
            ran = run(Runner(name=self.feed, house=house_of(context)), until, told=self._say)
        sent += ran.sent
        if ran.last.outcome is Outcome.STOPPED:
            self._stopped(ran)
        enough = self.batches is not None and sent >= self.batches
        if self.idle is None or enough or (ends is not None and datetime.now(UTC) >= ends):
            return {"batches": sent}
        return self._wait(context, sent, ends=ends)

    def _say(self, step: Step) -> None:
        self.log.info("batch %d %s, request %s, %.2f s", step.number, step.outcome, step.request, step.seconds)

    def _stopped(self, ran: Ran) -> None:
        """End the task at the batch that stopped the feed.

        Raises: HeldError, DeniedError.
        """
        from geogate.model.verdict import Decision

        for line in verdict_lines(ran.last.verdict) if ran.last.verdict else ():
            self.log.info("%s", line)
        about = f"feed {plain(self.feed)} is stopped at batch {ran.last.number}, request {ran.last.request}"
        if ran.decision is Decision.HOLD:
            raise HeldError(f"{about}, which is held: reviewers decide, then somebody resumes the feed")
        raise DeniedError(
            f"{about}, which is denied: somebody resumes it with 'geogate feed resume {plain(self.feed)}'"
        )

    def _wait(self, context: Context, sent: int, *, ends: datetime | None) -> dict[str, int]:
        """Leave the worker until a batch waits, or the time is over.

        Raises: TaskDeferred.
        """
        from airflow.sdk.exceptions import TaskDeferred

        quiet = datetime.now(UTC) + (self.idle or timedelta())
        until = quiet if ends is None else min(quiet, ends)
        kept = {"sent": sent, "ends": ends.isoformat() if ends else ""}
        context["ti"].xcom_push(key=KEPT, value=kept)
        raise TaskDeferred(
            trigger=FeedTrigger(feed=self.feed, until=until.isoformat()),
            method_name="go_on",
            timeout=max(timedelta(), until - datetime.now(UTC)) + GRACE,
        )


def _kept(context: Context) -> tuple[int, datetime | None]:
    """Give how many batches a task had sent when it left its worker, and when it has to end."""
    ti = context["ti"]
    found = ti.xcom_pull(task_ids=ti.task_id, key=KEPT, map_indexes=ti.map_index)
    if not isinstance(found, Mapping):
        return 0, None
    ends = found.get("ends")
    return int(found.get("sent", 0)), datetime.fromisoformat(ends) if ends else None


class FeedTrigger(BaseTrigger):
    """Wakes a task when a batch of its feed waits, the feed is stopped or odd, or at the moment ``until`` (ISO 8601).

    The source is listed with the triggerer's own environment; nothing of it goes through Airflow's database.
    """

    def __init__(self, *, feed: str, until: str) -> None:
        super().__init__()
        self.feed = feed
        self.until = until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Say how the trigger is made again."""
        return "geogate.airflow.feeds.FeedTrigger", {"feed": self.feed, "until": self.until}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look until there is something that the task has to look at itself."""
        ends, missing, told = datetime.fromisoformat(self.until), None, ""
        while datetime.now(UTC) < ends:
            try:
                found, patience_s = await asyncio.wait_for(asyncio.to_thread(_looked, self.feed), PATIENCE_S)
            except TimeoutError:
                found, patience_s = "the source does not answer in time", 0.0
            if found == WAITS:
                yield TriggerEvent({"feed": self.feed})
                return
            missing = (missing or datetime.now(UTC)) if found == MISSING else None
            if missing is not None and datetime.now(UTC) - missing >= timedelta(seconds=patience_s):
                yield TriggerEvent({"feed": self.feed, "late": True})
                return
            if found not in {"", MISSING, told}:
                self.log.warning("feed %s: %s", self.feed, found)
            told = found
            await asyncio.sleep(LOOK_S)
        yield TriggerEvent({"feed": self.feed, "over": True})


def _looked(name: str) -> tuple[str, float]:
    """Look at a source once: whether a batch waits or is missing, or what is in the way of looking for a while."""
    from geogate.gate.feed_run import seen
    from geogate.gate.house import House
    from geogate.model.errors import ServiceError

    try:
        house = House.from_environment(surroundings.AT_START.geogate(), actor="airflow:triggerer")
        listing, feed = seen(name, house=house)
    except ServiceError as error:
        return plain(str(error)), 0.0
    except GeogateError:
        return WAITS, 0.0  # the task meets it itself, and says so
    if listing is None or listing.waiting is not None:
        return WAITS, 0.0
    return (MISSING if listing.gap else ""), feed.patience_s
