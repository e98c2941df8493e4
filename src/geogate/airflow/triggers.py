"""The trigger of a task that waits for reviewers: it watches the ledger, wakes the task, and decides nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from geogate.airflow.watch import watch
from geogate.gate.awaited import UNDECIDED
from geogate.model.names import RequestId

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class ReviewTrigger(BaseTrigger):
    """Wakes a task when its request is decided, or at the moment ``until`` (ISO 8601, empty for never).

    It is kept as the name of its class and these two values, so that a triggerer that starts again goes on with it.
    The place of the ledger comes from the triggerer's own environment, and never goes through Airflow's database.
    """

    def __init__(self, *, request: str, until: str = "") -> None:
        super().__init__()
        self.request = request
        self.until = until

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Say how the trigger is made again."""
        return "geogate.airflow.triggers.ReviewTrigger", {"request": self.request, "until": self.until}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Watch until there is something that the task has to look at itself."""
        request, watching, told = RequestId(self.request), watch(), ""
        with watching.waiting(request):
            while not self._over():
                look = await watching.look(request)
                state = look.states.get(request)
                trouble = look.trouble or ("" if state else "the ledger of the triggerer does not know the request")
                if trouble != told:
                    self.log.warning("request %s: %s", self.request, trouble or "the ledger answers again")
                    told = trouble
                if state is not None and state not in UNDECIDED:
                    yield TriggerEvent({"request": self.request})
                    return
                await watching.rest()
        yield TriggerEvent({"request": self.request, "over": True})

    def _over(self) -> bool:
        return bool(self.until) and datetime.now(UTC) >= datetime.fromisoformat(self.until)
