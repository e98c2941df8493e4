"""Follow a feed: step after step until nothing waits, a time or a number is over, or the feed is stopped."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from geogate.gate.feed_run import Outcome
from geogate.ledger.failures import BusyError
from geogate.model.errors import InputError
from geogate.model.verdict import Decision

if TYPE_CHECKING:
    from collections.abc import Callable

    from geogate.gate.feed_run import Runner, Step

POLL_S: Final = 2.0
"""Seconds between two looks at a source in which nothing waits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """When a run ends: as soon as nothing waits, or with ``follow`` after a time without batches, a time or a count.

    Units: seconds.
    """

    follow: bool = False
    idle_s: float | None = None
    within_s: float | None = None
    batches: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """How a run ended: how many batches were sent, and its last step."""

    sent: int
    last: Step

    @property
    def decision(self) -> Decision:
        """The decision on the last batch that was judged; clear where all went that was there."""
        stopped = self.last.outcome is Outcome.STOPPED and self.last.verdict is not None
        if not stopped or self.last.verdict is None:
            return Decision.CLEAR
        return Decision.DENY if self.last.verdict.decision is Decision.CLEAR else self.last.verdict.decision


def run(
    runner: Runner,
    until: Until,
    *,
    told: Callable[[Step], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> Ran:
    """Take batches until the run ends, or the feed is stopped; ``told`` hears of each step that did something.

    Raises: StoppedError where it was stopped before; InputError where a number is missing for too long; BusyError
        where another runner is at work and this one does not follow; and whatever ``Runner.step`` raises.
    """
    begun = quiet = monotonic()
    missing: float | None = None
    sent = 0
    while True:
        step = runner.step()
        now = monotonic()
        if step.outcome in {Outcome.SENT, Outcome.STOPPED}:
            told(step)
            sent, missing = sent + (step.outcome is Outcome.SENT), None
        if step.outcome in {Outcome.SENT, Outcome.BUSY}:
            # While another runner is at work the feed is not quiet: this one stands by.
            quiet = now
        missing = None if step.outcome is not Outcome.GAP else missing if missing is not None else now
        if step.outcome is Outcome.GAP and (not until.follow or now - (missing or now) >= step.feed.patience_s):
            raise InputError(
                f"batch {step.number} of feed {step.feed.name} is missing, and batch {step.later} is there",
                hint="put the missing batch in the source; to go on without it, stop the feed and resume it with drop",
            )
        if step.outcome is Outcome.BUSY and not until.follow:
            raise BusyError("another runner is at work on the feed", hint="wait until it has ended")
        if step.outcome is Outcome.STOPPED or _over(until, step, sent, begun=begun, quiet=quiet, now=now):
            return Ran(sent=sent, last=step)
        if step.outcome is not Outcome.SENT:
            sleep(POLL_S)


def _over(until: Until, step: Step, sent: int, *, begun: float, quiet: float, now: float) -> bool:
    if until.batches is not None and sent >= until.batches:
        return True
    if until.within_s is not None and now - begun >= until.within_s:
        return True
    if step.outcome is Outcome.SENT:
        return False
    return not until.follow or (until.idle_s is not None and now - quiet >= until.idle_s)
