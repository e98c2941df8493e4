"""Ask systems in turn, each in a process of its own, and keep what they took."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from benchmarks.question import THREADS

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.question import Ints, Question

HERE: Final = Path(__file__).parent
ENOUGH_S: Final = 12.0
"""A system that has taken so long in all for a question is not asked in further rounds."""

_POOLS: Final = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "RAYON_NUM_THREADS",
    "POLARS_MAX_THREADS",
)


class SystemFailedError(RuntimeError):
    """A system did not answer."""


@dataclass(slots=True, kw_only=True)
class Samples:
    """What one system took for one question, a number for each round."""

    seconds: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)
    spent: float = 0.0

    @property
    def median(self) -> float:
        """Seconds, the process being warm."""
        return statistics.median(self.seconds)

    @property
    def median_first(self) -> float:
        """Seconds, the first time in a process."""
        return statistics.median(self.first)

    @property
    def memory(self) -> float:
        """Megabytes, the largest of all rounds."""
        return max(self.peak_mb)

    def add(self, said: dict[str, Any]) -> None:
        """Keep what a process said of itself."""
        self.seconds.append(said["seconds"])
        self.first.append(said["first"])
        self.peak_mb.append(said["peak_mb"])
        self.spent += said["spent"]


@dataclass(slots=True, kw_only=True)
class Answers:
    """The answers of the systems to one question: features of each zone, and keys of pairs where there are any."""

    counts: dict[str, Ints] = field(default_factory=dict)
    pairs: dict[str, Ints] = field(default_factory=dict)


def environment() -> dict[str, str]:
    """Return the surroundings of a task: no settings of another gate, and as many threads as are allowed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GEOGATE_")}
    return clean | dict.fromkeys(_POOLS, str(THREADS)) | {"GX_ANALYTICS_ENABLED": "false"}


def said_by(arguments: list[str], *, extra: dict[str, str] | None = None) -> dict[str, Any]:
    """Run a script of the benchmark and read the last line that it prints.

    Raises: SystemFailedError.
    """
    command = [sys.executable, *arguments]
    done = subprocess.run(command, check=False, env=environment() | (extra or {}), capture_output=True, text=True)
    if done.returncode != 0 or not done.stdout:
        raise SystemFailedError(f"{' '.join(arguments[:2])} ended with {done.returncode}:\n{done.stderr[-4000:]}")
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """Asks in rounds; ``scratch`` is a folder for the answers.

    ``until`` is when the last round may begin, by the monotonic clock. ``tell`` hears who is asked.
    """

    rounds: int
    scratch: Path
    until: float = float("inf")
    tell: Callable[[str], None] = lambda _: None

    def sample(
        self, question: Question, systems: tuple[str, ...], *, with_pairs: tuple[str, ...] = ()
    ) -> tuple[dict[str, Samples], Answers]:
        """Ask every system once a round; the first round also gives the answers."""
        samples = {name: Samples() for name in systems}
        answers = Answers()
        for number in range(self.rounds):
            for name in systems if number == 0 or time.monotonic() < self.until else ():
                if samples[name].spent < ENOUGH_S:
                    wanted = number == 0 and name in with_pairs
                    samples[name].add(self._ask(name, question, answers, wanted=wanted))
        return samples, answers

    def _ask(self, name: str, question: Question, answers: Answers, *, wanted: bool) -> dict[str, Any]:
        counts, pairs = self.scratch / f"{name}-counts.npy", self.scratch / f"{name}-pairs.npy"
        pairs.unlink(missing_ok=True)
        self.tell(name)
        arguments = [str(HERE / "task.py"), name, question.dumped(), "--counts", str(counts)]
        if wanted:
            arguments += ["--pairs", str(pairs)]
        said = said_by(arguments)
        answers.counts[name] = np.load(counts)
        if pairs.exists():
            answers.pairs[name] = np.load(pairs)
        return said
