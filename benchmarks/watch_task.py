"""Does the works of the watch: as processes of their own whose instructions Valgrind counts, or timed.

With ``instructions`` it prints, for each work, its rows and the numbers of two processes: one that does it and one that
does nothing. With ``time`` it prints processor time by that of a fixed loop. With ``prepare`` it makes data, indexes
and kernels ready.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # benchmarks has scripts and is not installed

if TYPE_CHECKING:
    from collections.abc import Callable

TIMES = 7


def main() -> None:
    """Do what is asked, and print one JSON document."""
    from benchmarks.store import Store

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("prepare", "instructions", "time"))
    parser.add_argument("data", type=Path)
    options = parser.parse_args()
    if options.what == "prepare":
        from geogate.kernels.state import clear, compile_all, ready

        if not ready():
            # What an older source has left in the folder of the watch is of no use.
            clear()
            compile_all()
    from benchmarks.watch_works import works

    said: dict[str, list[float]] = {}
    for work in works(Store(options.data)):
        work.prepare()()
        if options.what == "instructions":
            said[work.name] = [work.rows, _apart(work.prepare()), _apart(_nothing)]
        elif options.what == "time":
            said[work.name] = [min(_seconds(work.prepare()) / _calibration() for _ in range(TIMES))]
    print(json.dumps(said))


def _apart(work: Callable[[], None]) -> int:
    """Do a work in a copy of this process, which then ends at once; return the copy's number."""
    sys.stdout.flush()
    number = os.fork()
    if number == 0:
        work()
        os._exit(0)
    _, status = os.waitpid(number, 0)
    if status != 0:
        raise RuntimeError("a work failed")
    return number


def _nothing() -> None:
    """Do nothing: what the copy itself costs."""


def _seconds(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _calibration() -> float:
    import numpy as np

    numbers = np.random.default_rng(1).random(200_000)
    return _seconds(numbers.sort)


if __name__ == "__main__":
    main()
