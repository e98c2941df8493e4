"""The pool: gives work to a few processes, tries again what died or may be tried again, and kills as the plan says.

It has one thread and asks geogate nothing: what it knows is what its workers told it before they died.
"""

from __future__ import annotations

import heapq
import itertools
import multiprocessing
import os
import time
from collections import Counter, deque
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Final

from chaos.moments import BEGUN, Act, Moment, Target
from chaos.plan import Fate
from chaos.worker import Done, Struck, Task, work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess
    from random import Random

    from chaos.plan import Planned
    from chaos.servers import Server

    from geogate.gate.house import Wish

WORKERS: Final = 4
AIMED_SHARE: Final = 0.6
SPREAD: Final = 0.94
"""All kills are due when so much is done, so that the last ones meet work that is under way."""

RETRY_S: Final = (0.2, 1.2)
DOWN_S: Final = (0.0, 0.8)
IDLE_S: Final = 0.02
DRAIN_S: Final = 300.0
"""Time for what was begun, when the time is over."""

ANCHOR_EVERY: Final = 20
REVIEWERS: Final = ("anna", "bob")
CLEARED_BY_HAND: Final = "ForbiddenError"
"""Not tried again by itself; a person does so after the store has come back without the sessions of its roles."""


@dataclass(slots=True)
class _Worker:
    process: ForkProcess
    channel: Connection
    task: Task | None = None


@dataclass(slots=True)
class Outcome:
    """How it went: what each dataset came to, where was killed, and what was raised how often."""

    begun: set[str] = field(default_factory=set)
    ended: dict[str, str] = field(default_factory=dict)
    kills: Counter[str] = field(default_factory=Counter)
    raised: Counter[str] = field(default_factory=Counter)
    tries: int = 0
    in_time: bool = True

    @property
    def killed(self) -> int:
        """How often something was killed."""
        return self.kills.total()


class Pool:
    """Does a plan with ``kills`` on the way, each drawn by ``random``; it has to be over ``until`` a time."""

    def __init__(
        self,
        plan: Sequence[Planned],
        wish: Callable[[Planned], Wish],
        *,
        environment: Mapping[str, str],
        servers: Mapping[Target, Server],
        kills: int,
        random: Random,
    ) -> None:
        self._plan = {each.name: each for each in plan}
        self._wish = wish
        self._environment = environment
        self._servers = servers
        self._random = random
        self._kills = [*self._drawn(kills)]
        self._all = kills
        self._order = itertools.count()
        self._queue: list[tuple[float, int, Task]] = []
        self._fresh: deque[Task] = deque()
        self._aimed: list[Moment] = []
        self._blind: list[tuple[float, Target]] = []
        self._down: dict[Target, float] = {}
        self._pending: Counter[str] = Counter()
        self._workers: list[_Worker] = []
        self.outcome = Outcome()

    def run(self, *, until: float) -> Outcome:
        """Do everything, then let the workers go."""
        for name, each in self._plan.items():
            self._pending[name] += 1
            self._fresh.append(Task(dataset=name, act=Act.SUBMIT, attempt=1, wish=self._wish(each)))
        try:
            self._workers = [self._hired() for _ in range(WORKERS)]
            while self._pending:
                if time.monotonic() > until and self.outcome.in_time:
                    self._begin_no_more()
                if time.monotonic() > until + DRAIN_S:
                    break
                self._tend()
                self._give()
                self._hear()
        finally:
            self._dismiss()
        return self.outcome

    def _begin_no_more(self) -> None:
        """End what was begun, and leave out the rest."""
        self.outcome.in_time = False
        for task in self._fresh:
            del self._pending[task.dataset]
        self._fresh.clear()

    def _drawn(self, kills: int) -> Iterator[Moment | Target]:
        targets = [target for target, _ in zip(itertools.cycle(Target), range(kills), strict=False)]
        self._random.shuffle(targets)
        for target in targets:
            aimed = self._random.random() < AIMED_SHARE
            yield Moment.drawn(target, self._random) if aimed else target

    # What happens between two looks at the workers.

    def _tend(self) -> None:
        """Bring back what is down, and let come what is due."""
        now = time.monotonic()
        for target, server in self._servers.items():
            if not server.alive and now >= self._down.get(target, 0.0):
                server.revive()
        share = len(self.outcome.ended) / len(self._plan)
        while self._kills and share >= SPREAD * (1 - len(self._kills) / self._all):
            self._due(self._kills.pop(), now)
        if share >= (1 + SPREAD) / 2:  # moments that nobody will come to any more
            self._blind += [(now, moment.target) for moment in self._aimed]
            self._aimed.clear()
        for each in [each for each in self._blind if each[0] <= now]:
            if self._strike_blindly(each[1]):
                self._blind.remove(each)

    def _due(self, kill: Moment | Target, now: float) -> None:
        if isinstance(kill, Moment):
            self._aimed.append(kill)
        else:
            self._blind.append((now + self._random.uniform(0, 0.5), kill))

    def _strike_blindly(self, target: Target) -> bool:
        busy = [worker for worker in self._workers if worker.task is not None and worker.process.is_alive()]
        if not busy:
            return False
        if target is Target.PROCESS:
            self._random.choice(busy).process.kill()
        elif not self._kill_server(target):
            return False
        self.outcome.kills[f"{target} at any time"] += 1
        return True

    def _kill_server(self, target: Target) -> bool:
        server = self._servers[target]
        if not server.alive:
            return False
        server.kill()
        self._down[target] = time.monotonic() + self._random.uniform(*DOWN_S)
        return True

    # Work.

    def _later(self, task: Task, *, after: float | None = None) -> None:
        self._pending[task.dataset] += 1
        wait_s = self._random.uniform(*RETRY_S) if after is None else after
        heapq.heappush(self._queue, (time.monotonic() + wait_s, next(self._order), task))

    def _give(self) -> None:
        for worker in self._workers:
            if worker.task is None and (task := self._next_task()) is not None:
                moment = self._moment_for(task)
                worker.task = replace(task, moment=moment)
                self.outcome.tries += 1
                self.outcome.begun.add(task.dataset)
                with suppress(OSError):  # it died just now, which is heard next
                    worker.channel.send(worker.task)

    def _moment_for(self, task: Task) -> Moment | None:
        """Take a moment that is due in such an act; when as many kills are left as datasets, any, and at once."""
        if self._left() >= len(self._plan) - len(self.outcome.ended) and (target := self._any_target()) is not None:
            return Moment(target=target, act=task.act, phase=BEGUN, skip=0)
        moment = next((each for each in self._aimed if each.act is task.act), None)
        if moment is not None:
            self._aimed.remove(moment)
        return moment

    def _left(self) -> int:
        return len(self._kills) + len(self._aimed) + len(self._blind)

    def _any_target(self) -> Target | None:
        if self._kills:
            kill = self._kills.pop()
            return kill.target if isinstance(kill, Moment) else kill
        if self._aimed:
            return self._aimed.pop().target
        return self._blind.pop()[1] if self._blind else None

    def _next_task(self) -> Task | None:
        """Take what goes on with something before what begins something, so that all acts are under way at a time."""
        if self._queue and self._queue[0][0] <= time.monotonic():
            return heapq.heappop(self._queue)[2]
        return self._fresh.popleft() if self._fresh else None

    def _hear(self) -> None:
        by_channel = {worker.channel: worker for worker in self._workers}
        for channel in wait([*by_channel], timeout=IDLE_S):
            worker = by_channel[channel]  # type: ignore[index]  # only connections were given
            try:
                said = worker.channel.recv()
            except (EOFError, OSError):
                self._died(worker)
                continue
            if isinstance(said, Struck):
                self._struck(worker, said)
            else:
                self._done(worker, said)

    def _struck(self, worker: _Worker, said: Struck) -> None:
        moment = said.moment
        if worker.task is not None:
            worker.task = replace(worker.task, moment=None)
        if moment.target is not Target.PROCESS:
            time.sleep(moment.delay_ms / 1000)
            if not self._kill_server(moment.target):
                self._aimed.append(moment)  # it is down already
                moment = None  # type: ignore[assignment]
            if not said.moment.delay_ms:
                with suppress(OSError):
                    worker.channel.send("go on")
        if moment is not None:
            self.outcome.kills[f"{moment.target} while {moment.act} is {said.phase}"] += 1

    def _died(self, worker: _Worker) -> None:
        worker.process.join()
        worker.channel.close()
        task = worker.task
        self._workers[self._workers.index(worker)] = self._hired()
        if task is not None:
            if task.moment is not None:
                self._aimed.append(task.moment)
            self._pending[task.dataset] -= 1
            self._later(replace(task, attempt=task.attempt + 1, moment=None))

    def _done(self, worker: _Worker, done: Done) -> None:
        task, worker.task = worker.task, None
        if task is None:
            return
        if task.moment is not None and not done.came:
            self._aimed.append(task.moment)
        self._pending[task.dataset] -= 1
        if done.error:
            self._raised(task, done)
        else:
            self._next(task, done)
        if not self._pending[task.dataset]:
            del self._pending[task.dataset]

    def _raised(self, task: Task, done: Done) -> None:
        self.outcome.raised[f"{task.act}: {done.error}"] += 1
        if done.retryable or done.error.startswith(CLEARED_BY_HAND):
            self._later(replace(task, attempt=task.attempt + 1, moment=None))
        else:
            self._ended(task, done.error)

    def _next(self, task: Task, done: Done) -> None:
        """Go on with what follows from the answer; the gate's answer decides, not what was planned."""
        if task.act is Act.ANCHOR:
            return
        each = self._plan[task.dataset]
        again = replace(task, attempt=1, moment=None, request=done.request, nonce=done.nonce)
        if done.nonce and task.act is not Act.SEND:
            self._later(replace(again, act=Act.SEND), after=0.0)
            if each.twice_at_once:
                self._later(replace(again, act=Act.SEND), after=0.0)
        elif done.state == "held" and each.fate is Fate.APPROVED and task.reviewer != REVIEWERS[-1]:
            reviewer = REVIEWERS[0] if not task.reviewer else REVIEWERS[-1]
            self._later(replace(again, act=Act.APPROVE, reviewer=reviewer), after=0.0)
        else:
            self._ended(task, done.state)

    def _ended(self, task: Task, how: str) -> None:
        if task.act is Act.ANCHOR or task.dataset in self.outcome.ended:
            return
        self.outcome.ended[task.dataset] = how
        if len(self.outcome.ended) % ANCHOR_EVERY == 0:
            self._later(Task(dataset=f"head {len(self.outcome.ended)}", act=Act.ANCHOR, attempt=1), after=0.0)

    # Workers.

    def _hired(self) -> _Worker:
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, ours, self._environment))
        process.start()
        theirs.close()
        return _Worker(process=process, channel=ours)

    def _dismiss(self) -> None:
        for worker in self._workers:
            worker.channel.close()
        for worker in self._workers:
            worker.process.join(timeout=20)
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()


def _work(theirs: Connection, ours: Connection, environment: Mapping[str, str]) -> None:
    ours.close()
    try:
        work(theirs, environment)
    finally:
        os._exit(0)
