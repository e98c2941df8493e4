"""Kill store, database and processes at random while data are released, and see that each comes there exactly once.

``python tests/chaos/run.py [--releases 1000] [--kills 200] [--seed 7] [--minutes 120]``; the last line counts what went
wrong. The seed draws datasets, and when and where is killed; what a kill meets depends on the machine as well.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import signal
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

from chaos.check import check  # noqa: E402 - found by the line above
from chaos.field import opened  # noqa: E402
from chaos.plan import planned  # noqa: E402
from chaos.pool import Pool  # noqa: E402
from chaos.servers import descendants  # noqa: E402

from geogate.gate.screen import screen  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chaos.check import Found
    from chaos.field import Field
    from chaos.plan import Planned
    from chaos.pool import Outcome

_BECOME_PARENT_OF_ORPHANS: Final = 36
RELEASES: Final = 1000
KILLS: Final = 200
MINUTES: Final = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """How much is released and killed, drawn by which seed, within how many minutes."""

    releases: int = RELEASES
    kills: int = KILLS
    seed: int = 7
    minutes: float = MINUTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What was released, how it went, and what was found afterwards."""

    plan: tuple[Planned, ...]
    outcome: Outcome
    before: frozenset[int]
    found: Found


@contextmanager
def _orphans() -> Iterator[None]:
    """Become the parent of those whose own one is killed meanwhile, so that they are seen at the end."""
    ctypes.CDLL(None).prctl(_BECOME_PARENT_OF_ORPHANS, 1, 0, 0, 0)
    try:
        yield
    finally:
        ctypes.CDLL(None).prctl(_BECOME_PARENT_OF_ORPHANS, 0, 0, 0, 0)


def run(order: Order, field: Field) -> Ran:
    """Release, kill, and check what is left."""
    random = Random(order.seed)
    plan = planned(order.releases, folder=field.gate.staged, random=random)
    # What is loaded now need not be loaded by each worker that takes the place of a killed one.
    screen(field.wish(plan[0]), house=field.house())
    before = frozenset(descendants(os.getpid()))
    pool = Pool(
        plan, field.wish, environment=field.environment, servers=field.servers, kills=order.kills, random=random
    )
    with _orphans():
        outcome = pool.run(until=time.monotonic() + order.minutes * 60)
    plan = tuple(each for each in plan if each.name in outcome.begun)
    field.store.start()
    field.database.start()
    found = check(field.evidence(plan, before=before))
    return Ran(plan=plan, outcome=outcome, before=before, found=found)


def summary(ran: Ran) -> str:
    """Say in one line how it ended."""
    leaves, found = sum(each.fate.leaves for each in ran.plan), ran.found
    wrong = f"sent twice {len(found.twice)}, lost {len(found.lost)}, uncleared {len(found.uncleared)}"
    other = f", other {len(found.other)}" if found.other else ""
    late = "" if ran.outcome.in_time else " (not ended in time)"
    return f"{leaves:,} releases, {ran.outcome.killed:,} kills{late}: {wrong}{other}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as the command line says; 0 when nothing is wrong, and all that was ordered was released and killed."""
    order = _order(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="geogate-chaos-") as folder, opened(Path(folder)) as field:
        ran = run(order, field)
    outcome = ran.outcome
    for what, count in sorted(outcome.kills.items()):
        _say(f"killed {count:4}  {what}")
    for what, count in sorted(outcome.raised.items()):
        _say(f"raised {count:4}  {what}")
    for line in ran.found.lines():
        _say(f"! {line}")
    took = time.monotonic() - began
    _say(f"{outcome.tries:,} tries of {len(ran.plan):,} datasets in {took:.0f} s, seed {order.seed}")
    _say(summary(ran))
    return 0 if ran.found.nothing and outcome.in_time and outcome.killed == order.kills else 1


def _order(arguments: Sequence[str] | None) -> Order:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--releases", type=int, default=RELEASES)
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--minutes", type=float, default=MINUTES)
    chosen = parser.parse_args(arguments)
    return Order(releases=chosen.releases, kills=chosen.kills, seed=chosen.seed, minutes=chosen.minutes)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
