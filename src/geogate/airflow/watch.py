"""Watching the ledger for every task of a triggerer that waits: one look for all of them, away from the event loop.

A look says what woke a task and nothing else: the task reads the decision from the ledger itself. A ledger that is away
is asked again at most every ``LONGEST_S``, so that a decision is still seen in time when it is back.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from geogate.airflow.report import plain
from geogate.model.errors import GeogateError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from geogate.ledger.ledger import Ledger
    from geogate.model.lifecycle import State
    from geogate.model.names import RequestId

PAUSE_S: Final = 1.0
LONGEST_S: Final = 8.0
"""The longest pause between two looks, and how long one connection is used: a ledger may be put in another's place."""

PATIENCE_S: Final = 20.0
"""How long a look may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look at the ledger showed: states by request, or what was in the way of looking."""

    states: Mapping[RequestId, State] = field(default_factory=dict)
    trouble: str = ""


class Watch:
    """The looks of one event loop; a thread of its own does them, so that a ledger that hangs holds up nothing else."""

    def __init__(self) -> None:
        self._asked: Counter[RequestId] = Counter()
        self._lock = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="geogate-watch")
        self._last = Look()
        self._seen: frozenset[RequestId] = frozenset()
        self._next = 0.0
        self._pause = PAUSE_S
        self._open = _Open()
        self.looks = 0

    @contextmanager
    def waiting(self, request: RequestId) -> Iterator[None]:
        """Look for a request too, as long as the block lasts."""
        self._asked[request] += 1
        try:
            yield
        finally:
            self._asked[request] -= 1
            self._asked += Counter()

    async def look(self, request: RequestId) -> Look:
        """Give what the ledger shows; the look of somebody else will do, if it is young and was for the request too."""
        loop = asyncio.get_running_loop()
        async with self._lock:
            due = loop.time() >= self._next
            if due or not (self._last.trouble or request in self._seen):
                await self._look(loop)
        return self._last

    async def rest(self) -> None:
        """Wait until there may be something new to see."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.01, self._next - loop.time()))

    async def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        asked = frozenset(self._asked)
        self.looks += 1
        try:
            states = await asyncio.wait_for(
                loop.run_in_executor(self._thread, self._open.states, asked, loop.time()), PATIENCE_S
            )
        except TimeoutError:
            self._last = Look(trouble="the ledger does not answer in time")
        except GeogateError as error:
            self._last = Look(trouble=plain(str(error)))
        else:
            self._last, self._seen = Look(states=states), asked
        self._pause = min(self._pause * 2, LONGEST_S) if self._last.trouble else PAUSE_S
        self._next = loop.time() + self._pause


class _Open:
    """The ledger as the watching thread keeps it open, for a while."""

    def __init__(self) -> None:
        self._ledger: Ledger | None = None
        self._since = 0.0

    def states(self, asked: frozenset[RequestId], now: float) -> dict[RequestId, State]:
        """Read the states of requests.

        Raises: GeogateError.
        """
        try:
            if self._ledger is None or now >= self._since + LONGEST_S:
                self._close()
                self._ledger, self._since = _ledger(), now
            return self._ledger.states(asked)
        except GeogateError:
            self._close()
            raise

    def _close(self) -> None:
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            ledger.close()


def _ledger() -> Ledger:
    from geogate.gate.settings import Settings
    from geogate.ledger.ledger import Ledger

    return Ledger.open(Settings.from_environment(os.environ).ledger_url, busy_timeout_s=LONGEST_S)


_WATCHES: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, Watch]] = WeakKeyDictionary()


def watch() -> Watch:
    """Give the watch of the event loop that runs."""
    loop = asyncio.get_running_loop()
    if loop not in _WATCHES:
        _WATCHES[loop] = Watch()
    return _WATCHES[loop]
