"""One system in a process of its own, asked a few times: it prints seconds and peak memory, and keeps its answer."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # benchmarks has scripts and is not installed

MOST = 5
ENOUGH_S = 4.0
"""After so long it is not asked again."""

SLOW_S = 8.0
"""What takes longer the first time is asked once: imports, caches and pools do not matter then."""


def main() -> None:
    """Answer one question."""
    from benchmarks.memory import peak_mb
    from benchmarks.question import Question
    from benchmarks.systems.registry import SYSTEMS

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system")
    parser.add_argument("question")
    parser.add_argument("--counts", type=Path, required=True, help="where the features of each zone are kept")
    parser.add_argument("--pairs", type=Path, help="where the pairs are kept")
    options = parser.parse_args()
    question = Question.loaded(options.question)
    _hold_cores(question.threads)
    system = SYSTEMS[options.system].made(question)
    seconds: list[float] = []
    while not _enough(seconds):
        began = time.perf_counter()
        counts = system.counts()
        seconds.append(time.perf_counter() - began)
    peak = peak_mb()
    np.save(options.counts, counts)
    if options.pairs is not None:
        pairs = system.pairs()
        if pairs is not None:
            np.save(options.pairs, pairs.keys())
    print(
        json.dumps(
            {
                "first": seconds[0],
                "seconds": statistics.median(seconds[1:] or seconds),
                "spent": sum(seconds),
                "peak_mb": peak,
            }
        )
    )


def _enough(seconds: list[float]) -> bool:
    if len(seconds) == 1:
        return seconds[0] > SLOW_S
    return len(seconds) == MOST or sum(seconds) > ENOUGH_S


def _hold_cores(threads: int) -> None:
    """Stay on as many cores as there may be threads, whatever pools a library makes."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


if __name__ == "__main__":
    main()
